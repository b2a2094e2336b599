#include "wirelab/findings.h"

#include <string.h>

#include "wirelab/text.h"

void findings_init(struct findings *f, enum lang lang)
{
	memset(f, 0, sizeof(*f));
	f->lang = lang;
}

enum claim_state claim_state(const struct claim *c)
{
	return c->state == CLAIM_HOLDS && c->expected == 0 ? CLAIM_FAILS : c->state;
}

unsigned findings_count(const struct findings *f, enum claim_state state)
{
	unsigned n = 0;

	for (unsigned i = 0; i < f->n; i++)
		n += claim_state(&f->claim[i]) == state;
	return n;
}

enum claim_state findings_state(const struct findings *f)
{
	if (findings_count(f, CLAIM_FAILS))
		return CLAIM_FAILS;
	return findings_count(f, CLAIM_HOLDS) ? CLAIM_HOLDS : CLAIM_ASIDE;
}

/* ---- claims --------------------------------------------------------------------------------- */

void claim(struct findings *f, struct both what)
{
	if (f->n < FINDINGS_CLAIMS) {
		f->claim[f->n++] = (struct claim){ .what = what };
		return;
	}
	/* The last place is used again: a check with so many claims is no lesson.  But what has
	 * failed stays, or the learner would pass. */
	struct claim *last = &f->claim[f->n - 1];
	if (claim_state(last) == CLAIM_FAILS)
		last->state = CLAIM_FAILS;
	else
		*last = (struct claim){ .what = what };
}

static struct claim *at_hand(struct findings *f)
{
	if (f->n == 0)
		claim(f, BOTH("The capture is as expected.", "抓包符合预期。"));
	return &f->claim[f->n - 1];
}

void claim_aside(struct findings *f, struct both why)
{
	struct claim *c = at_hand(f);

	/* What this evidence has shown, it can show. */
	if (c->state != CLAIM_HOLDS)
		return;
	struct txt t = txt_over(c->says, sizeof(c->says));
	c->state = CLAIM_ASIDE;
	txt_str(&t, in_lang(&why, f->lang));
}

/* True: this is the first reason, and is to be written. */
static bool fails(struct findings *f, const struct seen *where, struct txt *t)
{
	struct claim *c = at_hand(f);

	if (c->state != CLAIM_HOLDS)
		return false;
	c->state = CLAIM_FAILS;
	c->frame = where ? where->number : 0;
	*t = txt_over(c->says, sizeof(c->says));
	return true;
}

static const char *pick(const struct findings *f, const char *en, const char *zh)
{
	return f->lang == LANG_ZH ? zh : en;
}

static void say_wanted(struct findings *f, struct txt *t, const struct both *what)
{
	txt_str(t, pick(f, "expected: ", "应当是："));
	txt_str(t, in_lang(what, f->lang));
}

bool expect(struct findings *f, const struct seen *where, bool holds, struct both wanted)
{
	struct txt t;

	at_hand(f)->expected++;
	if (!holds && fails(f, where, &t))
		say_wanted(f, &t, &wanted);
	return holds;
}

bool expect_number(struct findings *f, const struct seen *where, struct both what, uint64_t wanted,
		   uint64_t got)
{
	struct txt t;

	at_hand(f)->expected++;
	if (wanted == got || !fails(f, where, &t))
		return wanted == got;
	txt_str(&t, in_lang(&what, f->lang));
	txt_str(&t, pick(f, ": expected ", "：应为 "));
	txt_grouped(&t, wanted);
	txt_str(&t, pick(f, ", seen ", "，实为 "));
	txt_grouped(&t, got);
	return false;
}

static void say_sizes(struct txt *t, size_t n, const uint32_t *size, const struct seen *const *segment)
{
	if (n == 0)
		txt_str(t, "-");
	for (size_t i = 0; i < n && i < 16; i++) {
		txt_str(t, i ? ", " : "");
		txt_u64(t, size ? size[i] : segment[i]->moment.payload);
	}
	txt_str(t, n > 16 ? ", ..." : "");
}

bool expect_sizes(struct findings *f, const struct seen *const *segment, size_t n,
		  const uint32_t *wanted, size_t n_wanted)
{
	size_t same = 0;
	struct txt t;

	at_hand(f)->expected++;
	while (same < n && same < n_wanted && segment[same]->moment.payload == wanted[same])
		same++;
	if (same == n && same == n_wanted)
		return true;
	if (!fails(f, n == 0 ? NULL : segment[same < n ? same : n - 1], &t))
		return false;
	txt_str(&t, pick(f, "bytes of data, segment by segment: expected ", "各报文段的数据字节数：应为 "));
	say_sizes(&t, n_wanted, wanted, NULL);
	txt_str(&t, pick(f, "; seen ", "；实为 "));
	say_sizes(&t, n, NULL, segment);
	return false;
}

bool expect_there(struct findings *f, const struct seen *it, struct both what)
{
	struct txt t;

	at_hand(f)->expected++;
	if (it || !fails(f, NULL, &t))
		return it != NULL;
	txt_str(&t, pick(f, "not in the capture: ", "抓包中没有："));
	txt_str(&t, in_lang(&what, f->lang));
	return false;
}

static void say_frame(struct findings *f, struct txt *t, const struct seen *s)
{
	txt_str(t, pick(f, "frame ", "第 "));
	txt_u64(t, s->number);
	txt_str(t, pick(f, "", " 帧"));
}

bool expect_cause(struct findings *f, const struct seen *effect, const struct seen *cause)
{
	bool holds = effect && cause && effect->number > cause->number &&
		     effect->moment.cause_frame == cause->number;
	struct txt t;

	at_hand(f)->expected++;
	if (holds || !fails(f, effect, &t))
		return holds;
	if (!effect || !cause) {
		txt_str(&t, pick(f, "there is no such pair of frames: a cause and what it causes",
				 "没有这样一对帧：起因与其结果"));
		return false;
	}
	txt_str(&t, pick(f, "this should be caused by ", "它应由"));
	say_frame(f, &t, cause);
	txt_str(&t, pick(f, "", "引起"));
	if (effect->moment.cause_frame) {
		txt_str(&t, pick(f, "; seen is frame ", "；实为第 "));
		txt_u64(&t, effect->moment.cause_frame);
		txt_str(&t, pick(f, "", " 帧"));
	}
	return false;
}

bool expect_order(struct findings *f, const struct seen *earlier, const struct seen *later,
		  struct both what)
{
	bool holds = earlier && later && earlier->number < later->number;
	struct txt t;

	at_hand(f)->expected++;
	if (!holds && fails(f, later ? later : earlier, &t))
		say_wanted(f, &t, &what);
	return holds;
}
