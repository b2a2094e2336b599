/* file_header.c - what is said of a file before it is sent, and what a name may be */
#include "wirelab/file_header.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "wirelab/utf8.h"

/* ---- the name --------------------------------------------------------------------------- */

/* NULL when the name may stay. */
static const char *objection(const char *name, size_t len)
{
	const uint8_t *at = (const uint8_t *)name;

	if (len == 0)
		return "it is empty";
	if (len > FILE_NAME_MAX)
		return "it is over 255 bytes";
	if ((len == 1 && name[0] == '.') || (len == 2 && memcmp(name, "..", 2) == 0))
		return "it is a folder";
	while (len > 0) {
		uint32_t code;
		size_t n = utf8_decode(at, len, &code);
		if (n == 0)
			return "it is not UTF-8";
		if (utf8_is_control(code))
			return "it has a control character";
		at += n;
		len -= n;
	}
	return NULL;
}

const char *file_name(const char *sent, size_t len, char out[static FILE_NAME_MAX + 1],
		      const char **why)
{
	/* A \ is a letter of a name to us, but Windows, where this may come from, divides by it. */
	size_t begin = len;
	while (begin > 0 && sent[begin - 1] != '/' && sent[begin - 1] != '\\')
		begin--;

	const char *wrong = objection(sent + begin, len - begin);
	if (wrong) {
		*why = wrong;
		return NULL;
	}
	memcpy(out, sent + begin, len - begin);
	out[len - begin] = '\0';
	return out;
}

/* ---- reading ------------------------------------------------------------------------------ */

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = memchr(digits, c, sizeof(digits) - 1);

	return at ? (int)(at - digits) % 16 : -1;
}

static bool hex_bytes(const char *text, size_t len, uint8_t *out, size_t n)
{
	if (len != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* The reason, or NULL and all of *h. */
static const char *take_members(const json_t *object, struct file_header *h)
{
	const json_t *name = json_object_get(object, "filename"),
		     *size = json_object_get(object, "filesize"),
		     *sha256 = json_object_get(object, "sha256");
	const char *why;

	if (!json_is_object(object))
		return "it is not an object";
	if (!json_is_string(name))
		return "it has no \"filename\" that is a text";
	/* Also 1e3 and 5.0: to JSON they are numbers like any other, but no count is written so. */
	if (!json_is_integer(size))
		return "it has no \"filesize\" that is a whole number";
	if (json_integer_value(size) < 0)
		return "\"filesize\" is below 0";
	if (sha256 && (!json_is_string(sha256) ||
		       !hex_bytes(json_string_value(sha256), json_string_length(sha256), h->sha256,
				  sizeof(h->sha256))))
		return "\"sha256\" is not 64 hexadecimal digits";
	if (!file_name(json_string_value(name), json_string_length(name), h->name, &why))
		return why;
	h->size = (uint64_t)json_integer_value(size);
	h->has_sha256 = sha256 != NULL;
	return NULL;
}

bool file_header_parse(const void *json, size_t len, struct file_header *out, char why[static 256])
{
	struct file_header h = { .size = 0 };
	json_error_t error;

	if (len > FILE_HEADER_MAX) {
		(void)snprintf(why, 256, "it is %zu bytes long, more than %u", len,
			       FILE_HEADER_MAX);
		return false;
	}
	/*
	 * What two programs read differently is no place for guesses: a key that is there twice
	 * is refused, and so is what jansson refuses by itself, which is a NUL in a text, a
	 * number beyond its type, more than 2,048 objects within each other, and anything
	 * behind the end.
	 */
	json_t *object = json_loadb(json, len, JSON_REJECT_DUPLICATES, &error);
	if (!object) {
		(void)snprintf(why, 256, "%s", error.text);
		return false;
	}
	const char *wrong = take_members(object, &h);
	json_decref(object);
	if (wrong)
		(void)snprintf(why, 256, "%s", wrong);
	else
		*out = h;
	return !wrong;
}

/* ---- writing ------------------------------------------------------------------------------ */

const char *file_sha256_text(const uint8_t sha256[static FILE_SHA256_LEN],
			     char buf[static FILE_SHA256_STRLEN])
{
	for (size_t i = 0; i < FILE_SHA256_LEN; i++)
		(void)snprintf(buf + 2 * i, 3, "%02x", sha256[i]);
	return buf;
}

/* Not with json.h: functions of the same names are in jansson. */
void file_header_put(struct txt *t, const struct file_header *h)
{
	char hex[FILE_SHA256_STRLEN];

	txt_str(t, "{\"filename\": ");
	txt_json(t, h->name, strlen(h->name));
	txt_str(t, ", \"filesize\": ");
	txt_u64(t, h->size);
	if (h->has_sha256) {
		txt_str(t, ", \"sha256\": \"");
		txt_str(t, file_sha256_text(h->sha256, hex));
		txt_str(t, "\"");
	}
	txt_str(t, "}");
}
