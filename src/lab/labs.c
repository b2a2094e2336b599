/* The labs there are: one line here for each folder of labs/. */
#include "wirelab/lab.h"

extern const struct lab lab_goodbye, lab_nagle;

const struct lab *const all_labs[] = { &lab_goodbye, &lab_nagle, NULL };
