#include "wirelab/utf8.h"

size_t utf8_decode(const uint8_t *bytes, size_t len, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = bytes[0] < 0x80 ? 1 : bytes[0] < 0xc2 ? 0 : bytes[0] < 0xe0 ? 2
		   : bytes[0] < 0xf0 ? 3 : bytes[0] < 0xf5 ? 4 : 0;
	uint32_t c;

	if (n == 0 || n > len)
		return 0;
	c = n == 1 ? bytes[0] : bytes[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (bytes[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return n;
}

/* Could bytes behind these n (1..3) make a character of them?  If any can, the least or the
 * greatest there are do: only the second byte of a character is held in tighter bounds. */
static bool is_cut(const uint8_t *bytes, size_t n)
{
	uint8_t least[4] = { 0x80, 0x80, 0x80, 0x80 }, most[4] = { 0xbf, 0xbf, 0xbf, 0xbf };
	uint32_t code;

	for (size_t i = 0; i < n; i++)
		least[i] = most[i] = bytes[i];
	return utf8_decode(least, sizeof(least), &code) > n ||
	       utf8_decode(most, sizeof(most), &code) > n;
}

size_t utf8_unfinished(const uint8_t *bytes, size_t len)
{
	for (size_t n = 1; n <= 3 && n <= len; n++) {
		const uint8_t *at = bytes + len - n;
		if ((*at & 0xc0) != 0x80)	/* the first of its character */
			return is_cut(at, n) ? n : 0;
	}
	return 0;
}
