#include <stdlib.h>

#include "capfile_impl.h"

#define NAME_MAX_LEN 255u	/* RFC 1035 2.3.4 */

/* The link that points at the address, or that would: an index of 0 there means absent. */
static uint32_t *link_to(const struct names *names, uint32_t *root, uint32_t address)
{
	uint32_t *at = root;

	for (unsigned depth = 0; *at && names->node[*at].address != address; depth++)
		at = &names->node[*at].child[address >> (31 - depth) & 1];
	return at;
}

/* Node 0 stays empty, so that 0 can mean "none"; the root is node 1. */
static bool names_grow(struct names *names)
{
	uint32_t cap = names->cap ? names->cap * 2 : 16;
	struct name_node *p = realloc(names->node, cap * sizeof(*p));

	if (!p)
		return false;
	names->node = p;
	names->cap = cap;
	if (names->n == 0)
		names->n = 1;
	return true;
}

bool names_add(struct names *names, uint32_t address, const uint8_t *name, size_t len)
{
	if (names->n > NAMES_MAX)
		return true;
	if (names->n == names->cap && !names_grow(names))
		return false;
	uint32_t root = names->n > 1 ? 1 : 0;
	uint32_t *link = link_to(names, &root, address);
	if (*link)
		return true;
	char *copy = strndup((const char *)name, len < NAME_MAX_LEN ? len : NAME_MAX_LEN);
	if (!copy)
		return false;
	*link = names->n;
	names->node[names->n++] = (struct name_node){ .address = address, .name = copy };
	return true;
}

const char *names_find(const struct names *names, uint32_t address)
{
	uint32_t root = names->n > 1 ? 1 : 0;
	uint32_t at = *link_to(names, &root, address);

	return at ? names->node[at].name : NULL;
}

void names_free(struct names *names)
{
	for (uint32_t i = 1; i < names->n; i++)
		free(names->node[i].name);
	free(names->node);
}
