/* Captures as files: the same bytes for the same lab, seed and kernel series. */
#include "wirelab.h"

#include <errno.h>
#include <sys/utsname.h>

#include "wirelab/outfile.h"

#define FORMAT "1"			/* of what a lab writes; another number, other bytes */

const char *capture_path(const struct options *opt, const struct lesson *l, unsigned host,
			 char *buf, size_t size)
{
	char name[LAB_NAME_MAX + 8];

	(void)lab_name(l->lab, name);
	(void)strcat(name, ".pcapng");
	const char *out = opt->out ? opt->out : name;
	const char *slash = strrchr(out, '/'), *dot = strrchr(slash ? slash : out, '.');
	size_t stem = dot ? (size_t)(dot - out) : strlen(out);

	if (host == l->lab->vantage)
		(void)snprintf(buf, size, "%s", out);
	else
		(void)snprintf(buf, size, "%.*s-%s%s", (int)stem, out, network_names[host], out + stem);
	return buf;
}

/* "Linux 6.18": captures of one series can be compared byte by byte. */
static const char *kernel_series(char buf[static 64])
{
	struct utsname u;
	unsigned major = 0, minor = 0;

	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &major, &minor) != 2)
		(void)snprintf(buf, 64, "Linux");
	else
		(void)snprintf(buf, 64, "Linux %u.%u", major, minor);
	return buf;
}

static void write_head(struct capw *w, const struct lesson *l, const struct capture *c)
{
	char os[64], comment[512], name[LAB_NAME_MAX];

	(void)snprintf(comment, sizeof(comment),
		       "lab %s, seed %s, taken at %s. Each frame has a remark: what it does, why it "
		       "was sent, and what to notice. Times are virtual.",
		       lab_name(l->lab, name), l->plan.seed, c->vantage);
	capw_begin(w, w->f, &(struct capw_section){ .os = kernel_series(os),
						    .application = "wirelab " FORMAT,
						    .comment = comment });
}

static void write_names(struct capw *w, const struct lesson *l)
{
	for (unsigned net = 0; net < NETWORK_WIRES; net++)
		for (unsigned i = 0; i < NETWORK_HOSTS; i++)
			if (topology_has(l->lab->topology, net, i))
				capw_name(w, plan_ip(&l->plan, net, i), network_names[i]);
}

static void write_frames(const struct options *opt, struct capw *w, const struct lesson *l,
			 const struct capture *c, unsigned host)
{
	char text[REMARK_MAX];
	struct mac mac = plan_mac(&l->plan, host == BOB && l->lab->topology == TOPOLOGY_R, host);
	unsigned iface = capw_interface(w, &(struct capw_if){
		.name = c->vantage, .mac = &mac, .linktype = LINKTYPE_ETHERNET });

	for (size_t i = 0; i < c->n; i++) {
		const struct seen *s = &c->frame[i];
		struct txt t = txt_over(text, sizeof(text));
		remark(&t, l, opt->lang, c, s);
		capw_frame(w, iface, &(struct capw_frame){
			.data = s->data, .caplen = s->caplen, .wirelen = s->wirelen,
			.unix_ns = s->unix_ns, .direction = s->direction, .remark = text });
	}
}

static int write_one(const struct options *opt, const struct lesson *l, const struct capture *c,
		     unsigned host)
{
	char path[4096], err[256];
	struct outfile o;
	struct capw w = { 0 };

	(void)capture_path(opt, l, host, path, sizeof(path));
	w.f = outfile_open(&o, path, err);
	if (!w.f) {
		complain("%s", err);
		return EXIT_OUTPUT_LOST;
	}
	write_head(&w, l, c);
	write_names(&w, l);
	write_frames(opt, &w, l, c, host);
	bool whole = capw_end(&w);
	int e = errno;
	if (outfile_close(&o, whole) == 0 && whole)
		return EXIT_DONE;
	complain("cannot write %s: %s", path, strerror(whole ? errno : e));
	return EXIT_OUTPUT_LOST;
}

int write_captures(const struct options *opt, const struct lesson *l, struct stage *st)
{
	struct evidence e;
	int status = EXIT_DONE;

	lab_evidence(&e, l, st);
	for (unsigned i = 0; i < NETWORK_HOSTS && status == EXIT_DONE; i++)
		if (e.at[i])
			status = write_one(opt, l, e.at[i], i);
	return status;
}

bool seed_of_comment(const char *comment, const struct lab *lab, char *seed, size_t size)
{
	char head[LAB_NAME_MAX + 32], name[LAB_NAME_MAX];
	int n = snprintf(head, sizeof(head), "lab %s, seed ", lab_name(lab, name));

	if (strncmp(comment, head, (size_t)n) != 0)
		return false;
	size_t len = strcspn(comment + n, ",");
	if (len == 0 || len >= size)
		return false;
	memcpy(seed, comment + n, len);
	seed[len] = '\0';
	return true;
}
