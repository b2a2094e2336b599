/* A run: questions, the private network, the experiment, captures, findings. */
#include "wirelab.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "wirelab/json.h"
#include "wirelab/tcp_words.h"

/* ---- the network ---------------------------------------------------------------------------- */

bool leave_the_machine(void)
{
	char why[256];

	if (netspace_enter_private(NETSPACE_SAME_USER, why) == 0)
		return true;
	complain("%s", why);
	complain("\"wirelab doctor\" says what is missing, and how to get it");
	return false;
}

int choose_carrier(const struct options *opt, enum carrier_kind *out)
{
	char err[256], why[2][256];
	struct netspace s = NETSPACE_NONE;
	int home = netspace_open_own(), rc = -1;

	*out = opt->carrier;
	if (opt->carrier_named)
		rc = 0;
	else if (home < 0 || netspace_new(&s, home, err) < 0)
		complain("a network namespace: %s", home < 0 ? "no /proc" : err);
	else if (carrier_usable(CARRIER_TAP, &s, why[0]))
		*out = CARRIER_TAP, rc = 0;
	else if (carrier_usable(CARRIER_VETH, &s, why[1]))
		*out = CARRIER_VETH, rc = 0;
	else
		complain("no carrier works here: tap: %s; veth: %s", why[0], why[1]);
	netspace_close(&s);
	if (home >= 0)
		(void)close(home);
	return rc;
}

/* ---- the watchdog --------------------------------------------------------------------------- */

#define LIMIT_S 60u			/* of real time; the slowest lab waits for some seconds */

static struct stage *watched;
static unsigned watched_nr;

/* Only what a signal handler may call; the text that it reads may be half new, and ends all the same. */
static void stuck(int sig)
{
	char text[256] = "wirelab: lab ";
	struct txt t = { text, sizeof(text), strlen(text), false };

	(void)sig;
	if (watched_nr < 10)
		txt_char(&t, '0');
	txt_u64(&t, watched_nr);
	txt_str(&t, " is stuck, and is ended");
	if (watched) {
		txt_str(&t, "; its last call was ");
		txt_str(&t, stage_now(watched));
	}
	txt_char(&t, '\n');
	(void)!write(STDERR_FILENO, t.buf, t.len);
	_exit(EXIT_FAILED);
}

static void watch(const struct options *opt, const struct lab *lab)
{
	struct sigaction act = { .sa_handler = stuck };

	watched_nr = lab->nr;
	(void)sigaction(SIGALRM, &act, NULL);
	(void)alarm(opt->limit_s ? opt->limit_s : LIMIT_S);
}


/* ---- --live --------------------------------------------------------------------------------- */

struct live {
	const struct options *opt;
};

static void begun(void *arg, struct stage *st)
{
	const struct live *live = arg;

	if (!st && live->opt->live)
		say_folded("", 0, in_words(live->opt, "(The machine was too busy for this; once more.)",
					   "（机器太忙，未能按时进行；重新开始。）"));
	watched = st;
}

#define ARROW 34u			/* columns between the two life lines */

static void put_arrow(struct txt *t, const char *words, size_t len, bool right)
{
	size_t dashes = len + 4 < ARROW ? ARROW - 4 - len : 0;

	txt_str(t, right ? "|-- " : "|<");
	if (!right)
		for (size_t i = 0; i < dashes; i++)
			txt_char(t, '-');
	txt_str(t, right ? "" : " ");
	txt_bytes(t, words, len);
	txt_char(t, ' ');
	if (right)
		for (size_t i = 0; i < dashes; i++)
			txt_char(t, '-');
	txt_str(t, right ? ">|" : "--|");
}

/* What stands on an arrow, where there is no place for sentences. */
static void name_frame(struct txt *t, const struct pkt *p)
{
	if (pkt_has(p, PKT_ARP) && p->stopped == V_OK) {
		txt_str(t, p->arp.op == ARP_REPLY ? "ARP reply " : "ARP who has ");
		txt_ip(t, p->arp.op == ARP_REPLY ? p->arp.sender_ip : p->arp.target_ip);
	} else {
		/* The innermost header that there is. */
		txt_str(t, p->n_layers ? pkt_kind_name(p->layer[p->n_layers - 1].kind) : "?");
		txt_char(t, ' ');
		txt_grouped(t, p->payload_wire);
	}
}

/* A line a frame: "  2.010 ms  alice |<------- SYN ACK 0 ack 1 --| bob". */
static void draw(void *arg, const struct capture *c, const struct seen *s)
{
	const struct live *live = arg;
	char line[512], words[256], time[32];
	struct txt t = txt_over(line, sizeof(line)), w = txt_over(words, sizeof(words));
	bool out = s->direction == CAPW_OUTBOUND;

	(void)c;
	if (s->has_moment)
		tcp_words_arrow(&w, &s->moment);
	else
		name_frame(&w, &s->pkt);
	(void)snprintf(time, sizeof(time), "%9.3f ms  ",
		       (double)(s->unix_ns - STAGE_UNIX_NS) / 1e6);
	txt_str(&t, time);
	txt_str(&t, c->vantage);
	txt_char(&t, ' ');
	put_arrow(&t, w.buf, w.len, out);
	if (!out && s->host) {
		txt_char(&t, ' ');
		txt_str(&t, s->host);
	}
	if (s->did & WIRE_DROPPED)
		txt_str(&t, in_words(live->opt, " lost", " 丢失"));
	say_line(&t);
	(void)fflush(stdout);
}

/* ---- a run ---------------------------------------------------------------------------------- */

static void say_title(const struct options *opt, const struct lesson *l)
{
	char text[512];
	const char *title = in_lang(&l->lab->title, opt->lang);

	(void)snprintf(text, sizeof(text), in_words(opt, "Lab %02u: %s (seed %s)\n\n",
						    "实验 %02u：%s（种子 %s）\n\n"),
		       l->lab->nr, title, l->plan.seed);
	say(text);
}

static void say_files(const struct options *opt, const struct lesson *l, struct stage *st)
{
	char path[4096], text[8192];
	struct evidence e;

	lab_evidence(&e, l, st);
	for (unsigned i = 0; i < NETWORK_HOSTS; i++) {
		if (!e.at[i])
			continue;
		(void)capture_path(opt, l, i, path, sizeof(path));
		(void)snprintf(text, sizeof(text),
			       in_words(opt, e.at[i]->n == 1 ? "%s: %zu frame, taken at %s\n" :
							       "%s: %zu frames, taken at %s\n",
					"%s：%zu 帧，在 %s 处抓取\n"), path, e.at[i]->n, e.at[i]->vantage);
		say(text);
	}
	(void)capture_path(opt, l, l->lab->vantage, path, sizeof(path));
	(void)snprintf(text, sizeof(text), in_words(opt,
		       "Look at it:  wireshark %s   or   tcpq %s --explain\n",
		       "查看：wireshark %s   或   tcpq %s --explain\n"), path, path);
	say(text);
}

static void say_run_json(const struct lesson *l, struct stage *st, enum carrier_kind carrier,
			 const struct options *opt)
{
	char buf[8192], name[LAB_NAME_MAX], path[4096];
	struct txt t = txt_over(buf, sizeof(buf));
	struct evidence e;

	lab_evidence(&e, l, st);
	txt_char(&t, '{');
	json_word(&t, "type", "run");
	json_string(&t, "lab", lab_name(l->lab, name));
	json_string(&t, "seed", l->plan.seed);
	json_word(&t, "carrier", carrier_name(carrier));
	json_number(&t, "frames", e.at[l->lab->vantage]->n);
	json_string(&t, "capture", capture_path(opt, l, l->lab->vantage, path, sizeof(path)));
	txt_char(&t, '}');
	say_line(&t);
}

/* What was captured is written, judged, and compared with what was predicted. */
static int show_run(const struct options *opt, const struct lesson *l, struct stage *st,
		    const struct memory *m, enum carrier_kind carrier)
{
	struct findings f;
	struct evidence e;
	int status = write_captures(opt, l, st);

	if (status != EXIT_DONE)
		return status;
	lab_evidence(&e, l, st);
	findings_init(&f, opt->lang);
	l->lab->check(&f, l, &e);
	if (opt->json)
		say_run_json(l, st, carrier, opt);
	show_findings(opt, l, &f);
	if (!opt->json) {
		if (opt->predict)
			quiz_reconcile(opt, l, m, &e);
		say_files(opt, l, st);
	}
	if (findings_state(&f) != CLAIM_HOLDS)
		return EXIT_FAILED;
	if (!memory_passed(m))
		memory_store(m, "passed", "-", 1);
	return EXIT_DONE;
}

int run_lab(const struct options *opt, const struct lesson *l)
{
	struct live live = { .opt = opt };
	struct lab_run run = { .heard = opt->live && !opt->json ? draw : NULL, .heard_arg = &live,
			       .begun = begun };
	struct memory m;
	char err[256];

	memory_open(&m, l);
	if (!opt->json)
		say_title(opt, l);
	if (opt->predict && !quiz_ask(opt, l, &m))
		return EXIT_FAILED;
	if (!leave_the_machine())
		return EXIT_NOT_PERMITTED;
	if (choose_carrier(opt, &run.carrier) < 0)
		return EXIT_NOT_PERMITTED;
	watch(opt, l->lab);
	struct stage *st = lab_play(l, &run, err);
	watched = NULL;
	(void)alarm(0);
	if (!st) {
		complain("lab %02u: %s", l->lab->nr, err);
		return EXIT_FAILED;
	}
	if (run.heard)
		say("\n");
	int status = show_run(opt, l, st, &m, run.carrier);
	stage_end(st);
	return status;
}
