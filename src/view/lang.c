#include "wirelab/lang.h"

#include <string.h>

static const char *const names[LANG_COUNT] = { [LANG_EN] = "en", [LANG_ZH] = "zh" };

const char *lang_name(enum lang lang)
{
	return names[lang];
}

bool lang_parse(const char *name, enum lang *out)
{
	for (unsigned i = 0; i < LANG_COUNT; i++) {
		if (strcmp(name, names[i]) == 0) {
			*out = (enum lang)i;
			return true;
		}
	}
	return false;
}

enum lang lang_of_locale(const char *locale)
{
	/* "zh", "zh_CN", "zh.UTF-8", but not a language whose code is three letters. */
	if (!locale || strncmp(locale, "zh", 2) != 0)
		return LANG_EN;
	return locale[2] == '\0' || strchr("_.@", locale[2]) ? LANG_ZH : LANG_EN;
}
