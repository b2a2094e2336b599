/*
 * Any bytes as a registry: no look-up crashes, and the index says what reading the
 * registry through says.  The first byte chooses the file the rest becomes; an
 * index of any bytes, too, must not change an answer.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wirelab/vendor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(const char *path, const uint8_t *data, size_t size)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
		abort();
}

static void ask(const char *dir, const char *manuf, const char *index, char name[VENDOR_STRLEN])
{
	static const struct mac mac = { { 0x00, 0x00, 0x01, 0x23, 0x45, 0x67 } };
	struct vendors *v = vendors_open(dir, manuf, index);

	if (!v || vendors_find(v, mac, name, VENDOR_STRLEN) != (name[0] != '\0'))
		abort();
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			abort();
	vendors_close(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char dir[] = "/tmp/fuzz-vendor-XXXXXX", file[64], manuf[64], index[64];
	char plain[VENDOR_STRLEN], made[VENDOR_STRLEN], used[VENDOR_STRLEN];

	if (size == 0)
		return 0;
	if (!mkdtemp(dir))
		abort();
	snprintf(file, sizeof(file), "%s/oui.csv", dir);
	snprintf(manuf, sizeof(manuf), "%s/manuf", dir);
	snprintf(index, sizeof(index), "%s/index", dir);
	if (data[0] % 3 == 2) {
		put(file, (const uint8_t *)"MA-L,000001,Xerox,x\n", 20);
		put(index, data + 1, size - 1);
	} else {
		put(data[0] % 3 == 0 ? file : manuf, data + 1, size - 1);
	}
	ask(dir, manuf, NULL, plain);
	ask(dir, manuf, index, made);
	ask(dir, manuf, index, used);
	if (strcmp(plain, made) != 0 || strcmp(plain, used) != 0)
		abort();
	unlink(file);
	unlink(manuf);
	unlink(index);
	rmdir(dir);
	return 0;
}
