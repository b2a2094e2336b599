/* Findings: on a run, and on files that somebody else took. */
#include "wirelab.h"

#include <unistd.h>

#include "wirelab/json.h"

/* ---- showing -------------------------------------------------------------------------------- */

static const char *state_name(enum claim_state s)
{
	return s == CLAIM_HOLDS ? "holds" : s == CLAIM_FAILS ? "fails" : "aside";
}

static void show_json(const struct lesson *l, const struct findings *f)
{
	char buf[4096], name[LAB_NAME_MAX];

	for (unsigned i = 0; i < f->n; i++) {
		const struct claim *c = &f->claim[i];
		struct txt t = txt_over(buf, sizeof(buf));
		txt_char(&t, '{');
		json_word(&t, "type", "claim");
		json_string(&t, "lab", lab_name(l->lab, name));
		json_string(&t, "seed", l->plan.seed);
		json_number(&t, "claim", i + 1);
		json_word(&t, "state", state_name(claim_state(c)));
		json_string(&t, "what", in_lang(&c->what, f->lang));
		json_frame(&t, "frame", c->frame);
		json_string(&t, "reason", c->says);
		txt_char(&t, '}');
		say_line(&t);
	}
}

static void show_claim(const struct options *opt, const struct claim *c)
{
	enum claim_state state = claim_state(c);
	char buf[1024];
	struct txt t = txt_over(buf, sizeof(buf));

	say_folded(state == CLAIM_HOLDS ? "  ok    " : state == CLAIM_FAILS ? "  FAIL  " : "  -     ",
		   8, in_lang(&c->what, opt->lang));
	if (state == CLAIM_HOLDS)
		return;
	if (c->frame) {
		txt_str(&t, in_words(opt, "frame ", "第 "));
		txt_u64(&t, c->frame);
		txt_str(&t, in_words(opt, ": ", " 帧："));
	}
	txt_str(&t, *c->says ? c->says :
			in_words(opt, "nothing of it is in the capture", "抓包中没有相关内容"));
	say_folded("        ", 8, buf);
}

void show_findings(const struct options *opt, const struct lesson *l, const struct findings *f)
{
	if (opt->json) {
		show_json(l, f);
		return;
	}
	for (unsigned i = 0; i < f->n; i++)
		show_claim(opt, &f->claim[i]);
	say("\n");
}

/* ---- files ---------------------------------------------------------------------------------- */

/* "bob.pcap", "mine-bob.pcap": named after that host. */
static bool is_named_after(const char *path, const char *host)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');
	size_t len = dot ? (size_t)(dot - name) : strlen(name), its = strlen(host);

	return len >= its && memcmp(name + len - its, host, its) == 0 &&
	       (len == its || name[len - its - 1] == '-');
}

/* Whose capture it is: the interface's name is a host's in those that a run writes.  In one of
 * tcpdump's it is "eth0" or nothing, and then the file's name may tell. */
static unsigned vantage_of(const struct lab *lab, const struct capture *c, const char *path)
{
	for (unsigned i = 0; i < NETWORK_HOSTS; i++)
		if (strcmp(c->vantage, network_names[i]) == 0)
			return i;
	for (unsigned i = 0; i < NETWORK_HOSTS; i++)
		if (is_named_after(path, network_names[i]))
			return i;
	return lab->vantage;
}

/* Reads path into cap, and where it belongs into e.  The worst status so far. */
static int take_file(const char *path, const struct lab *lab, struct capture *cap,
		     struct evidence *e, int status)
{
	char err[256];
	int rc = capture_read(cap, path, err);

	if (rc != 0) {
		complain("%s", err);
		status = EXIT_DAMAGED;
	}
	if (rc < 0)
		return status;
	unsigned host = vantage_of(lab, cap, path);
	if (e->at[host]) {
		complain("%s: there is a capture at %s already, and one file is one vantage point",
			 path, network_names[host]);
		return EXIT_USAGE;
	}
	e->at[host] = cap;
	return status;
}

/* The seed that was named, else the one that the file names, else the public one. */
static bool choose_seed(const struct options *opt, struct lesson *l, const struct capture *c)
{
	char seed[PLAN_SEED_MAX + 1];

	if (opt->seed)
		return plan_init(&l->plan, opt->seed);
	if (c && seed_of_comment(c->comment, l->lab, seed, sizeof(seed)))
		return plan_init(&l->plan, seed);
	return plan_init(&l->plan, PLAN_SEED_PUBLIC);
}

static int judge(const struct options *opt, struct lesson *l, const struct evidence *e, int status)
{
	const struct capture *main_one = e->at[l->lab->vantage];
	struct findings f;
	struct memory m;

	if (!main_one || main_one->n == 0) {
		complain("lab %02u is judged by what passed at %s, and there is %s", l->lab->nr,
			 network_names[l->lab->vantage], main_one ? "no frame in that capture" :
							    "no capture from there");
		return status ? status : EXIT_FAILED;
	}
	if (!choose_seed(opt, l, main_one)) {
		complain("the capture names a seed that is none");
		return EXIT_DAMAGED;
	}
	findings_init(&f, opt->lang);
	l->lab->check(&f, l, e);
	show_findings(opt, l, &f);
	if (findings_state(&f) == CLAIM_ASIDE) {
		complain("nothing in this capture belongs to lab %02u with the seed \"%s\"",
			 l->lab->nr, l->plan.seed);
		return status ? status : EXIT_FAILED;
	}
	if (findings_state(&f) == CLAIM_FAILS)
		return status ? status : EXIT_FAILED;
	if (status == EXIT_DONE) {
		memory_open(&m, l);
		if (!memory_passed(&m))
			memory_store(&m, "passed", "-", 1);
	}
	return status;
}

/* The files of a run in this directory, those that are there. */
static int own_files(const struct options *opt, const struct lesson *l,
		     char path[NETWORK_HOSTS][4096], char **list)
{
	int n = 0;

	for (unsigned i = 0; i < NETWORK_HOSTS; i++) {
		if (i != l->lab->vantage && !(l->lab->more_vantages & LAB_VANTAGE(i)))
			continue;
		(void)capture_path(opt, l, i, path[n], 4096);
		/* The main one is looked for by reading it, so that its absence is told. */
		if (i == l->lab->vantage || access(path[n], R_OK) == 0) {
			list[n] = path[n];
			n++;
		}
	}
	return n;
}

int check_files(const struct options *opt, const struct lab *lab, char **path, int n)
{
	struct lesson l = { .lab = lab };
	struct capture cap[NETWORK_HOSTS] = { 0 };
	struct evidence e = { { 0 } };
	char own[NETWORK_HOSTS][4096], *list[NETWORK_HOSTS];
	int status = EXIT_DONE;

	(void)plan_init(&l.plan, PLAN_SEED_PUBLIC);
	if (n == 0) {
		n = own_files(opt, &l, own, list);
		path = list;
	}
	for (int i = 0; i < n && i < (int)NETWORK_HOSTS && status != EXIT_USAGE; i++)
		status = take_file(path[i], lab, &cap[i], &e, status);
	if (status != EXIT_USAGE && (status == EXIT_DONE || e.at[lab->vantage]))
		status = judge(opt, &l, &e, status);
	for (unsigned i = 0; i < NETWORK_HOSTS; i++)
		if (cap[i].work)
			capture_end(&cap[i]);
	return status;
}
