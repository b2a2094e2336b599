/* verdict.h - the one list of reasons for which bytes are refused */
#ifndef WIRELAB_VERDICT_H
#define WIRELAB_VERDICT_H

enum verdict {
	V_OK = 0,
	V_SHORT,	/* the buffer ends before the format does */
	V_LENGTH,	/* a length field contradicts another or its own minimum */
	V_VALUE,	/* a field holds a value that its RFC forbids */
	V_CHECKSUM,	/* the sum does not add up */
	V_UNSUPPORTED,	/* legal, but not something this code reads */
};

/* A word or two for a message: "too short", "bad length", ...  Never NULL. */
const char *verdict_name(enum verdict v);

#endif
