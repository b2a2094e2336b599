#include "wirelab/vendor.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vendor_parts.h"

#define MEMO 8u

struct memo {
	uint64_t lo, hi;
	char name[VENDOR_STRLEN];	/* "" for nobody */
};

struct vendors {
	const char *dir, *manuf, *index;	/* index may be NULL */
	bool may_renew;		/* the index: once a process is enough */
	unsigned n_memo, next_memo;
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

static bool look_at(void *to, const struct row *row)
{
	look_consider(to, row);
	return true;
}

/* False when the registry would not be read, or changed under our eyes. */
static bool answer(struct vendors *v, const struct registry *s, struct look *look,
		   char name[static VENDOR_STRLEN])
{
	if (v->index) {
		enum vendor_index_state state = vendor_index_find(v->index, s, look, name);

		if (state == INDEX_RENEW && v->may_renew) {
			v->may_renew = false;
			if (vendor_index_make(v->index, s))
				state = vendor_index_find(v->index, s, look, name);
		}
		if (state == INDEX_READY)
			return true;
	}
	return registry_read(s, look_at, look) && (!look->found || registry_name(s, &look->best, name));
}

static void remember(struct vendors *v, const struct look *look, const char *name)
{
	struct memo *m = &v->memo[v->next_memo];

	m->lo = look->lo;
	m->hi = look->hi;
	memcpy(m->name, name, sizeof(m->name));
	v->next_memo = (v->next_memo + 1) % MEMO;
	if (v->n_memo < MEMO)
		v->n_memo++;
}

bool vendors_find(struct vendors *v, struct mac mac, char *buf, size_t size)
{
	char name[VENDOR_STRLEN] = "";
	struct registry s;
	uint64_t key = 0;

	if (size > 0)
		buf[0] = '\0';
	if (mac_is_local(mac) || mac_is_group(mac))
		return false;
	for (size_t i = 0; i < sizeof(mac.b); i++)
		key = key << 8 | mac.b[i];
	key >>= 48 - ADDRESS_BITS;

	for (unsigned i = 0; i < v->n_memo; i++) {
		if (key < v->memo[i].lo || key > v->memo[i].hi)
			continue;
		copy_cut(v->memo[i].name, buf, size);
		return v->memo[i].name[0] != '\0';
	}
	struct look look = registry_look(key);
	if (registry_open(&s, v->dir, v->manuf) && answer(v, &s, &look, name))
		remember(v, &look, name);
	else
		name[0] = '\0';
	registry_close(&s);
	copy_cut(name, buf, size);
	return name[0] != '\0';
}

const char *vendors_source(struct vendors *v)
{
	struct registry s;
	bool any = registry_open(&s, v->dir, v->manuf);

	registry_close(&s);
	if (!any)
		return NULL;
	return s.id[MANUF].size > 0 ? v->manuf : v->dir;
}

struct vendors *vendors_open(const char *registry_dir, const char *manuf, const char *index)
{
	if (!registry_dir)
		registry_dir = "/usr/share/ieee-data";
	if (!manuf)
		manuf = "/usr/share/wireshark/manuf";
	size_t dir_len = strlen(registry_dir) + 1, manuf_len = strlen(manuf) + 1;
	size_t index_len = index ? strlen(index) + 1 : 0;

	struct vendors *v = malloc(sizeof(*v) + dir_len + manuf_len + index_len);
	if (!v)
		return NULL;
	v->dir = memcpy(v->paths, registry_dir, dir_len);
	v->manuf = memcpy(v->paths + dir_len, manuf, manuf_len);
	v->index = index ? memcpy(v->paths + dir_len + manuf_len, index, index_len) : NULL;
	v->may_renew = true;
	v->n_memo = v->next_memo = 0;
	return v;
}

void vendors_close(struct vendors *v)
{
	free(v);
}
