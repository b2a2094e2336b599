#include "wirelab/fold.h"

#include "wirelab/width.h"

static void new_line(struct txt *t, size_t indent)
{
	txt_char(t, '\n');
	for (size_t i = 0; i < indent; i++)
		txt_char(t, ' ');
}

static size_t without_blanks(const char *s, size_t len)
{
	while (len > 0 && s[len - 1] == ' ')
		len--;
	return len;
}

/* How many bytes of s come in a line with so much room, of which the word in front may need more. */
static size_t some_line(const char *s, size_t len, size_t room)
{
	size_t n = txt_line(s, len, room);

	while (n == 0)
		n = txt_line(s, len, ++room);
	return n;
}

/* One paragraph, without blanks at either end.  at, in a line that is not empty: may be indent. */
static void fold(struct txt *t, const char *s, size_t len, size_t at, size_t indent, size_t columns)
{
	/* Behind what somebody else has put there, a word that does not fit goes below. */
	if (at > indent && len > 0 && txt_line(s, len, columns > at ? columns - at : 0) == 0) {
		new_line(t, indent);
		at = indent;
	}
	while (len > 0) {
		size_t n = some_line(s, len, columns > at ? columns - at : 0);
		txt_bytes(t, s, without_blanks(s, n));
		while (n < len && s[n] == ' ')
			n++;
		s += n;
		len -= n;
		if (len > 0)
			new_line(t, indent);
		at = indent;
	}
}

void txt_fold(struct txt *t, const char *text, size_t at, size_t indent, size_t columns)
{
	for (;;) {
		size_t len = strcspn(text, "\n"), blanks = strspn(text, " ");
		blanks = blanks < len ? blanks : len;
		fold(t, text + blanks, without_blanks(text + blanks, len - blanks), at, indent,
		     columns);
		text += len;
		if (!*text++)
			return;
		/* An empty line has no blanks in it, nor has the end. */
		new_line(t, *text && *text != '\n' ? indent : 0);
		at = indent;
	}
}
