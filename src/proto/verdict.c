#include "wirelab/verdict.h"

const char *verdict_name(enum verdict v)
{
	switch (v) {
	case V_OK: return "ok";
	case V_SHORT: return "too short";
	case V_LENGTH: return "bad length";
	case V_VALUE: return "forbidden value";
	case V_CHECKSUM: return "bad checksum";
	case V_UNSUPPORTED: return "unsupported";
	}
	return "unknown verdict";
}
