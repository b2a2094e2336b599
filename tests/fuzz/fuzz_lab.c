/*
 * Any bytes as the capture that a learner hands in: every lab judges it, answers its own questions
 * from it and remarks on each frame, in both languages.
 *
 * What must hold: no more claims than there are places, every reason a string of our own words; a
 * remark on every frame, whole within REMARK_MAX, as UTF-8 without a control character but
 * newlines; and frames that are asked for are those that were asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "wirelab/lab.h"
#include "wirelab/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void harmless(const char *text)
{
	size_t len = strlen(text), n;
	uint32_t code;

	for (size_t at = 0; at < len; at += n) {
		n = utf8_decode((const uint8_t *)text + at, len - at, &code);
		require(n > 0 && (!utf8_is_control(code) || code == '\n'));
	}
}

static void judge(const struct lesson *l, const struct evidence *e, enum lang lang, uint64_t frames)
{
	struct findings f;

	findings_init(&f, lang);
	l->lab->check(&f, l, e);
	require(f.n > 0 && f.n <= FINDINGS_CLAIMS);
	require(findings_count(&f, CLAIM_HOLDS) + findings_count(&f, CLAIM_FAILS) +
		findings_count(&f, CLAIM_ASIDE) == f.n);
	for (unsigned i = 0; i < f.n; i++) {
		require(f.claim[i].frame <= frames);
		require(memchr(f.claim[i].says, '\0', sizeof(f.claim[i].says)) != NULL);
		harmless(f.claim[i].says);
	}
}

static void answer(const struct lesson *l, const struct evidence *e)
{
	for (const struct question *q = l->lab->questions; q && q->id; q++) {
		(void)q->right(l, e);
		for (const struct wrong *w = q->wrong; w && w->believes.text[LANG_EN]; w++)
			if (w->answer)
				(void)w->answer(l);
	}
}

static void remark_on_all(const struct lesson *l, const struct capture *c, enum lang lang)
{
	char text[REMARK_MAX];

	for (size_t i = 0; i < c->n; i++) {
		struct txt t = txt_over(text, sizeof(text));
		remark(&t, l, lang, c, &c->frame[i]);
		require(t.len > 0 && !t.cut);
		harmless(text);
	}
}

static void use(const struct capture *c, const struct lab *lab, const char *seed)
{
	struct lesson l = { .lab = lab };
	struct evidence e = { { NULL } };

	require(plan_init(&l.plan, seed));
	e.at[lab->vantage] = c;
	for (enum lang lang = 0; lang < LANG_COUNT; lang++) {
		judge(&l, &e, lang, c->n);
		remark_on_all(&l, c, lang);
	}
	answer(&l, &e);
	/* A learner may hand in one file under every name. */
	for (unsigned i = 0; i < NETWORK_HOSTS; i++)
		e.at[i] = c;
	judge(&l, &e, LANG_EN, c->n);
	answer(&l, &e);
}

static void look_up(const struct capture *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct seen *s = &c->frame[i];
		require(s->number == i + 1 && capture_frame(c, s->number) == s);
		require(!s->has_moment || s->stream < c->n_streams);
		require(!s->has_moment || s->moment.cause_frame <= s->number);
		struct wanted w = { .stream = s->stream, .from = FROM_EITHER, .after = i };
		const struct seen *next = capture_next(c, &w);
		bool counts = s->has_moment && s->moment.why != TCP_WHY_ICMP;
		require(counts ? next == s : !next || next->number > s->number);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct capture c;
	char err[256] = "";
	int rc = capture_over(&c, data, size, err);

	require(rc == 0 || err[0]);
	require(memchr(err, '\0', sizeof(err)) != NULL);
	if (rc < 0)
		return 0;
	look_up(&c);
	for (const struct lab *const *lab = all_labs; *lab; lab++) {
		use(&c, *lab, PLAN_SEED_PUBLIC);
		/* Another plan knows none of the addresses and ports of the seeds. */
		use(&c, *lab, "another");
	}
	capture_end(&c);
	return 0;
}
