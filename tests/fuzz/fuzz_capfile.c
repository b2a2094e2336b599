/* Any bytes at all, read as a capture: every record is inside the input, and the end is final. */
#include <stdlib.h>

#include "wirelab/capfile.h"

#define PROMISE(what) do { if (!(what)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

/* [p, p + len) lies in the input; as numbers, since it may be anywhere. */
static void inside(const uint8_t *input, size_t size, const void *p, size_t len)
{
	uintptr_t from = (uintptr_t)p - (uintptr_t)input;

	PROMISE(from <= size && len <= size - from);
}

/* The sanitizers look at every byte that is touched. */
static unsigned touch(const void *p, size_t len)
{
	const uint8_t *b = p;
	unsigned sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += b[i];
	return sum;
}

static unsigned look_at(const uint8_t *input, size_t size, const struct capr_record *rec)
{
	unsigned sum = touch(rec->data, rec->caplen);

	inside(input, size, rec->data, rec->caplen);
	for (unsigned i = 0; i < rec->n_remarks && i < CAPR_REMARKS_MAX; i++) {
		inside(input, size, rec->remark[i].text, rec->remark[i].len);
		sum += touch(rec->remark[i].text, rec->remark[i].len);
	}
	PROMISE(rec->iface != NULL);
	PROMISE(memchr(rec->iface->name, '\0', sizeof(rec->iface->name)) != NULL);
	PROMISE(rec->has_time || rec->unix_ns == 0);
	return sum + rec->iface->linktype;
}

static void read_all(const uint8_t *input, size_t size, struct capr *r)
{
	struct capr_record rec;
	uint64_t frames = 0, bytes = 0;
	unsigned sum = 0;
	int rc;

	while ((rc = capr_next(r, &rec)) > 0) {
		sum += look_at(input, size, &rec);
		bytes += rec.wirelen;
		PROMISE(rec.number == ++frames);
		PROMISE(rec.section < capr_totals(r).sections);
	}
	PROMISE(capr_totals(r).frames == frames && capr_totals(r).frame_bytes == bytes);
	PROMISE((rc == 0) == (capr_damage(r)[0] == '\0'));
	PROMISE(capr_next(r, &rec) == rc && capr_next(r, &rec) == rc);
	if (sum == UINT32_MAX)
		abort();	/* so that the sum, and with it the touching, is wanted */
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char err[256] = "";
	struct capr *r = capr_over(input, size, err);

	if (!r) {
		PROMISE(err[0] && strlen(err) < sizeof(err));
		return 0;
	}
	read_all(input, size, r);
	/* The addresses in the input are those that a name may have been given to. */
	for (size_t i = 0; size >= 4 && i <= size - 4; i += 4) {
		struct ip4 ip;
		memcpy(ip.b, input + i, sizeof(ip.b));
		const char *name = capr_name(r, ip);
		PROMISE(!name || (name[0] && strlen(name) <= 255));
	}
	(void)touch(capr_comment(r), strlen(capr_comment(r)));
	(void)touch(capr_application(r), strlen(capr_application(r)));
	capr_close(r);
	return 0;
}
