/* carrier_impl.h - what the two makers of carriers fill in (private to io/carrier.c and link_*.c) */
#ifndef WIRELAB_CARRIER_IMPL_H
#define WIRELAB_CARRIER_IMPL_H

#include "wirelab/carrier.h"

/* The far end's descriptor, non-blocking, with the card up; -1 and a filled err[]. */
int link_tap_open(const struct carrier_config *config, char err[static 256]);
int link_veth_open(const struct carrier_config *config, char err[static 256]);

#endif
