/*
 * Bytes as the header of a file.  What is taken has a name that leads nowhere else and harms no
 * terminal, and what is written of it reads the same again.
 */
#include <stdlib.h>
#include <string.h>

#include "wirelab/file_header.h"
#include "wirelab/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void check_name(const char *name)
{
	size_t len = strlen(name);

	require(len > 0 && len <= FILE_NAME_MAX);
	require(!strchr(name, '/') && !strchr(name, '\\'));
	require(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
	while (len > 0) {
		uint32_t code;
		size_t n = utf8_decode((const uint8_t *)name, len, &code);
		require(n > 0 && !utf8_is_control(code));
		name += n;
		len -= n;
	}
}

static void check_taken(const struct file_header *h)
{
	char json[4096], why[256];
	struct txt t = txt_over(json, sizeof(json));
	struct file_header again;

	check_name(h->name);
	require(h->size <= INT64_MAX);
	file_header_put(&t, h);
	require(!t.cut && file_header_parse(json, t.len, &again, why));
	require(strcmp(again.name, h->name) == 0 && again.size == h->size);
	require(again.has_sha256 == h->has_sha256);
	require(!h->has_sha256 || memcmp(again.sha256, h->sha256, sizeof(h->sha256)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct file_header h;
	char why[256] = "", name[FILE_NAME_MAX + 1];
	const char *reason = NULL;

	if (file_header_parse(data, size, &h, why))
		check_taken(&h);
	else
		require(why[0] != '\0');
	/* The same bytes as a name by themselves, which JSON would have refused earlier. */
	if (file_name((const char *)data, size, name, &reason))
		check_name(name);
	else
		require(reason && *reason);
	return 0;
}
