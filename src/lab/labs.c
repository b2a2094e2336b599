/* The labs there are: a line here for each folder of labs/, by number. */
#include "wirelab/lab.h"

extern const struct lab lab_arp, lab_hello, lab_goodbye, lab_nagle, lab_mss;

const struct lab *const all_labs[] = {
	&lab_arp,
	&lab_hello,
	&lab_goodbye,
	&lab_nagle,
	&lab_mss,
	NULL
};
