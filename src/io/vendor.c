#include "wirelab/vendor.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vendor_parts.h"

#define MEMO 8u

struct memo {
	uint64_t from, to;		/* none when equal */
	char name[VENDOR_STRLEN];	/* "" for nobody */
};

struct vendors {
	const char *dir, *manuf, *index;	/* index may be NULL */
	bool may_renew;		/* the index: once a process is enough */
	unsigned next_memo;
	struct memo memo[MEMO];
	char paths[];
};

/* name is whole UTF-8. */
static void copy_cut(const char *name, char *buf, size_t size)
{
	size_t len = strlen(name);

	if (size == 0)
		return;
	if (len > size - 1) {
		len = size - 1;
		while (len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(buf, name, len);
	buf[len] = '\0';
}

static const struct memo *recall(const struct vendors *v, uint64_t key)
{
	for (unsigned i = 0; i < MEMO; i++)
		if (key >= v->memo[i].from && key < v->memo[i].to)
			return &v->memo[i];
	return NULL;
}

static void remember(struct vendors *v, const struct block *b, const char *name)
{
	struct memo *m = &v->memo[v->next_memo++ % MEMO];

	m->from = b->from;
	m->to = b->to;
	memcpy(m->name, name, sizeof(m->name));
}

/* False when the registry would not be read, or changed under our eyes. */
static bool answer(struct vendors *v, const struct registry *r, uint64_t key, struct block *b,
		   char name[static VENDOR_STRLEN])
{
	if (v->index) {
		enum vendor_index_state state = vendor_index_find(v->index, r, key, b, name);

		if (state == INDEX_RENEW && v->may_renew) {
			v->may_renew = false;
			if (vendor_index_make(v->index, r))
				state = vendor_index_find(v->index, r, key, b, name);
		}
		if (state == INDEX_READY)
			return true;
	}
	return registry_find(r, key, b) && registry_name(r, b, key, name);
}

bool vendors_find(struct vendors *v, struct mac mac, char *buf, size_t size)
{
	char name[VENDOR_STRLEN] = "";
	struct registry r;
	struct block b;
	uint64_t key = 0;

	if (size > 0)
		buf[0] = '\0';
	if (mac_is_local(mac) || mac_is_group(mac))
		return false;
	for (size_t i = 0; i < sizeof(mac.b); i++)
		key = key << 8 | mac.b[i];
	key >>= 48 - KEY_BITS;

	const struct memo *m = recall(v, key);
	if (m) {
		copy_cut(m->name, buf, size);
		return m->name[0] != '\0';
	}
	if (registry_open(&r, v->dir, v->manuf) && answer(v, &r, key, &b, name))
		remember(v, &b, name);
	else
		name[0] = '\0';
	registry_close(&r);
	copy_cut(name, buf, size);
	return name[0] != '\0';
}

const char *vendors_source(struct vendors *v)
{
	struct registry r;
	bool any = registry_open(&r, v->dir, v->manuf);

	registry_close(&r);
	if (!any)
		return NULL;
	return r.has[MANUF] ? v->manuf : v->dir;
}

struct vendors *vendors_open(const char *registry_dir, const char *manuf, const char *index)
{
	if (!registry_dir)
		registry_dir = "/usr/share/ieee-data";
	if (!manuf)
		manuf = "/usr/share/wireshark/manuf";
	size_t dir_len = strlen(registry_dir) + 1, manuf_len = strlen(manuf) + 1;
	size_t index_len = index ? strlen(index) + 1 : 0;

	struct vendors *v = calloc(1, sizeof(*v) + dir_len + manuf_len + index_len);
	if (!v)
		return NULL;
	v->dir = memcpy(v->paths, registry_dir, dir_len);
	v->manuf = memcpy(v->paths + dir_len, manuf, manuf_len);
	v->index = index ? memcpy(v->paths + dir_len + manuf_len, index, index_len) : NULL;
	v->may_renew = true;
	return v;
}

void vendors_close(struct vendors *v)
{
	free(v);
}
