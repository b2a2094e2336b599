/* Predict first: questions before a run, and what became of the answers after it. */
#include "wirelab.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static void say_text(const struct options *opt, const struct lesson *l, const char *lead,
		     const struct both *text)
{
	char buf[4096];
	struct txt t = txt_over(buf, sizeof(buf));

	lesson_text(&t, l, in_lang(text, opt->lang));
	say_folded(lead, strlen(lead), buf);
}

static unsigned choices(const struct question *q)
{
	unsigned n = 0;

	while (q->choice && q->choice[n].text[LANG_EN])
		n++;
	return n;
}

static void put_question(const struct options *opt, const struct lesson *l, unsigned nr,
			 const struct question *q)
{
	char lead[16];

	(void)snprintf(lead, sizeof(lead), "%u. ", nr);
	say_text(opt, l, lead, &q->ask);
	for (unsigned i = 0; i < choices(q); i++) {
		(void)snprintf(lead, sizeof(lead), "   %u) ", i + 1);
		say_text(opt, l, lead, &q->choice[i]);
	}
}

/* False: end of input. */
static bool read_answer(const struct options *opt, const struct question *q, int64_t *answer)
{
	char line[128], *end;
	unsigned n = choices(q);

	for (;;) {
		say(in_words(opt, "   your answer: ", "   你的答案："));
		(void)fflush(stdout);
		if (!fgets(line, sizeof(line), stdin)) {
			say("\n");
			return false;
		}
		errno = 0;
		*answer = strtoll(line, &end, 10);
		bool number = end != line && end[strspn(end, " \t\n")] == '\0' && errno == 0;
		if (number && *answer >= 0 && (n == 0 || (*answer >= 1 && *answer <= (int64_t)n)))
			return true;
		say(n ? in_words(opt, "   the number of one of these, please\n", "   请输入其中一项的编号\n") :
			in_words(opt, "   a number, please\n", "   请输入一个数字\n"));
	}
}

bool quiz_ask(const struct options *opt, const struct lesson *l, const struct memory *m)
{
	unsigned nr = 0;
	int64_t answer;

	for (const struct question *q = l->lab->questions; q && q->id; q++) {
		nr++;
		if (memory_answer(m, q->id, &answer))
			continue;
		put_question(opt, l, nr, q);
		if (!read_answer(opt, q, &answer))
			return false;
		memory_store(m, "answer", q->id, answer);
		say("\n");
	}
	return true;
}

/* ---- after the run -------------------------------------------------------------------------- */

static void put_answer(struct txt *t, const struct options *opt, const struct question *q,
		       int64_t answer)
{
	if (q->choice && answer >= 1 && answer <= (int64_t)choices(q)) {
		txt_str(t, in_lang(&q->choice[answer - 1], opt->lang));
		return;
	}
	txt_u64(t, (uint64_t)answer);
}

static const struct wrong *belief_behind(const struct lesson *l, const struct question *q,
					 int64_t answer)
{
	for (const struct wrong *w = q->wrong; w && w->believes.text[LANG_EN]; w++)
		if ((w->answer ? w->answer(l) : w->fixed) == answer)
			return w;
	return NULL;
}

static void reconcile(const struct options *opt, const struct lesson *l, unsigned nr,
		      const struct question *q, int64_t answer, int64_t right)
{
	char buf[2048], lead[16];
	struct txt t = txt_over(buf, sizeof(buf));
	bool is_right = answer == right;

	txt_str(&t, in_words(opt, "you said: ", "你的预测："));
	put_answer(&t, opt, q, answer);
	txt_str(&t, is_right ? in_words(opt, ". Right.", "。正确。") :
			       in_words(opt, "; the wire says: ", "；线路上的事实："));
	if (!is_right) {
		put_answer(&t, opt, q, right);
		txt_str(&t, in_words(opt, ".", "。"));
	}
	(void)snprintf(lead, sizeof(lead), "%u. ", nr);
	say_folded(lead, strlen(lead), buf);
	const struct wrong *w = is_right ? NULL : belief_behind(l, q, answer);
	if (w)
		say_text(opt, l, "   ", &w->believes);
	say_text(opt, l, "   ", &q->because);
}

void quiz_reconcile(const struct options *opt, const struct lesson *l, const struct memory *m,
		    const struct evidence *e)
{
	unsigned nr = 0;
	int64_t answer;

	for (const struct question *q = l->lab->questions; q && q->id; q++) {
		nr++;
		if (!memory_answer(m, q->id, &answer))
			continue;
		reconcile(opt, l, nr, q, answer, q->right(l, e));
	}
	if (nr > 0)
		say("\n");
}
