/*
 * json.h - objects of one line, a member a call (RFC 8259)
 *
 *	txt_str(&t, "{");
 *	json_string(&t, "type", "answer");
 *	json_ip(&t, "ip", ip);
 *	txt_str(&t, "}");
 *
 * Each puts the comma where one is due.  What is unknown is null, and never a guessed 0;
 * times are strings of seconds with nine decimals, so that no digit is lost.
 */
#ifndef WIRELAB_JSON_H
#define WIRELAB_JSON_H

#include "wirelab/text.h"

void json_key_of(struct txt *t, const char *key, size_t len);

/* The key alone, for a value that the caller writes. */
static inline void json_key(struct txt *t, const char *key)
{
	json_key_of(t, key, strlen(key));
}

/* One of our own words, which needs no escaping. */
void json_word(struct txt *t, const char *key, const char *word);

/* value is escaped; NULL and "" are null. */
void json_string(struct txt *t, const char *key, const char *value);
void json_ip(struct txt *t, const char *key, struct ip4 ip);
void json_mac(struct txt *t, const char *key, struct mac mac, bool known);
void json_number(struct txt *t, const char *key, uint64_t n);
void json_seconds(struct txt *t, const char *key, uint64_t ns, bool known);
void json_bool(struct txt *t, const char *key, bool value);
void json_null(struct txt *t, const char *key);

/* A frame's number; 0 is null. */
void json_frame(struct txt *t, const char *key, uint64_t frame);

#endif
