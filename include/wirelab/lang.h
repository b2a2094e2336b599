/*
 * lang.h - the two languages of lessons: English and Simplified Chinese
 *
 * Every text for learners stands in both, side by side in the source, so that neither can be
 * changed and the other forgotten.  Numbers, field names and RFC words are the same in both.
 */
#ifndef WIRELAB_LANG_H
#define WIRELAB_LANG_H

#include <stdbool.h>

enum lang { LANG_EN, LANG_ZH, LANG_COUNT };

/* One text in both.  UTF-8; our own words, so that nothing needs escaping. */
struct both { const char *text[LANG_COUNT]; };

#define BOTH(en, zh) ((struct both){ { (en), (zh) } })

static inline const char *in_lang(const struct both *b, enum lang lang)
{
	return b->text[lang];
}

/* "en", "zh" */
const char *lang_name(enum lang lang);

/* "en" or "zh"; false, and *out as it was, for anything else. */
bool lang_parse(const char *name, enum lang *out);

/* Of a locale's name as in LC_MESSAGES: zh_CN.UTF-8 and its like are Chinese, all others
 * English; NULL and "" too. */
enum lang lang_of_locale(const char *locale);

#endif
