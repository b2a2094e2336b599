#include "wirelab/fold.h"

#include "wirelab/width.h"

/* Marks that belong to what is before them. */
static bool is_closing(const char *s)
{
	static const char *const marks[] = { "，", "。", "；", "：", "、", "？", "！", "）", "”", "》" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strncmp(s, marks[i], strlen(marks[i])) == 0)
			return true;
	return false;
}

static size_t character(const char *s)
{
	size_t n = 1;

	while ((s[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* What must not be broken: a Latin word, or one wide character with the marks behind it. */
static size_t piece(const char *s)
{
	size_t n = character(s);

	if ((unsigned char)*s < 0x80)
		while (s[n] && s[n] != ' ' && s[n] != '\n' && (unsigned char)s[n] < 0x80)
			n++;
	while (s[n] && is_closing(s + n))
		n += character(s + n);
	return n;
}

static void new_line(struct txt *t, size_t indent)
{
	txt_char(t, '\n');
	for (size_t i = 0; i < indent; i++)
		txt_char(t, ' ');
}

void txt_fold(struct txt *t, const char *text, size_t at, size_t indent, size_t columns)
{
	bool fresh = true;	/* nothing but the indent is in this line */

	while (*text) {
		size_t blanks = strspn(text, " ");
		const char *word = text + blanks;
		if (*word == '\n') {
			/* An empty line has no blanks in it. */
			txt_char(t, '\n');
			if (word[1] != '\n' && word[1])
				for (size_t i = 0; i < indent; i++)
					txt_char(t, ' ');
			at = indent;
			fresh = true;
			text = word + 1;
			continue;
		}
		size_t len = *word ? piece(word) : 0, width = txt_width(word, len);
		if (!fresh && at + blanks + width > columns) {
			new_line(t, indent);
			at = indent;
			blanks = 0;
		} else if (fresh) {
			blanks = 0;
		}
		for (size_t i = 0; len && i < blanks; i++)
			txt_char(t, ' ');
		txt_bytes(t, word, len);
		at += blanks + width;
		fresh = false;
		text = word + len;
	}
}
