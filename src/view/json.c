#include "wirelab/json.h"

void json_key_of(struct txt *t, const char *key, size_t len)
{
	/* The first member of an object has no comma before it. */
	txt_str(t, t->len && t->buf[t->len - 1] == '{' ? "\"" : ",\"");
	txt_bytes(t, key, len);
	txt_str(t, "\":");
}

void json_word(struct txt *t, const char *key, const char *word)
{
	json_key(t, key);
	txt_char(t, '"');
	txt_str(t, word);
	txt_char(t, '"');
}

void json_string(struct txt *t, const char *key, const char *value)
{
	json_key(t, key);
	if (value && *value)
		txt_json(t, value, strlen(value));
	else
		txt_str(t, "null");
}

void json_ip(struct txt *t, const char *key, struct ip4 ip)
{
	char buf[IP4_STRLEN];

	json_string(t, key, ip4_format(ip, buf));
}

void json_mac(struct txt *t, const char *key, struct mac mac, bool known)
{
	char buf[MAC_STRLEN];

	json_string(t, key, known ? mac_format(mac, buf) : NULL);
}

void json_number(struct txt *t, const char *key, uint64_t n)
{
	json_key(t, key);
	txt_u64(t, n);
}

void json_seconds(struct txt *t, const char *key, uint64_t ns, bool known)
{
	json_key(t, key);
	if (!known) {
		txt_str(t, "null");
		return;
	}
	txt_char(t, '"');
	txt_seconds(t, ns);
	txt_char(t, '"');
}

void json_null(struct txt *t, const char *key)
{
	json_key(t, key);
	txt_str(t, "null");
}

void json_bool(struct txt *t, const char *key, bool value)
{
	json_key(t, key);
	txt_str(t, value ? "true" : "false");
}

void json_frame(struct txt *t, const char *key, uint64_t frame)
{
	if (frame)
		json_number(t, key, frame);
	else
		json_null(t, key);
}
