# One makefile for everything; GNU make 4.  `make help` lists what it does.
# Put your own settings in config.mk (not kept in git) or on the command line:
# CFLAGS, CPPFLAGS, LDFLAGS and LDLIBS are yours, the project adds its own to them.

-include config.mk

CC      ?= cc
PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
SBINDIR ?= $(PREFIX)/sbin
MANDIR  ?= $(PREFIX)/share/man
DESTDIR ?=
B       ?= build/debug
CFLAGS  ?= -O2 -g
# Start-up is most of what one question costs, and half of that is the dynamic
# linker's: arpq is linked statically where that works.  STATIC=no turns it off.
STATIC  ?= yes
SANITIZE ?=
PYTHON  ?= /usr/bin/python3

STD    := -std=c11
WARN   := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
          -Wmissing-prototypes -Wvla -Wwrite-strings -Wundef
HARDEN := -fstack-protector-strong -fstack-clash-protection -fPIE
# Fortify needs the optimiser, and the sanitizers do its work themselves.
FORTIFY = $(if $(SANITIZE)$(filter -O0,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
ALL_CFLAGS   = $(STD) $(WARN) $(HARDEN) $(CFLAGS) $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer) -MMD -MP
# Pure code gets the C library of POSIX and nothing else; the rest may know Linux.
ALL_CPPFLAGS = -Iinclude $(FORTIFY) $(FEATURES) $(CPPFLAGS)
FEATURES     = -D_GNU_SOURCE
ALL_LDFLAGS  = -Wl,-z,relro -Wl,-z,now $(LDFLAGS)

# ---- what there is ----------------------------------------------------------
# A library is a folder of src/; a tool or a test is one file of its folder.  A
# tool that has outgrown one file has the rest of it in a folder of its name.
PROTO   := $(sort $(wildcard src/proto/*.c))
MODEL   := $(sort $(wildcard src/model/*.c))
IO      := $(sort $(wildcard src/io/*.c))
VIEW    := $(sort $(wildcard src/view/*.c))
CMDS    := $(sort $(wildcard src/cmd/*.c))
PARTS   := $(sort $(wildcard src/cmd/*/*.c))
MANUALS := $(sort $(wildcard src/cmd/*.[1-8]))
SUPPORT := $(sort $(wildcard tests/support/*.c))
UNIT    := $(sort $(wildcard tests/unit/test_*.c))
NET     := $(sort $(wildcard tests/net/test_*.c))
FUZZ    := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH   := $(sort $(wildcard tests/bench/*.c))
SCRIPTS := $(sort $(wildcard tests/golden/test_*.sh tests/net/test_*.sh))

obj     = $(patsubst %.c,$(B)/%.o,$(1))
parts   = $(call obj,$(filter src/cmd/$(1)/%,$(PARTS)))
TOOLS   := $(patsubst src/cmd/%.c,$(B)/bin/%,$(CMDS))
UNITBIN := $(patsubst tests/unit/%.c,$(B)/tests/%,$(UNIT))
NETBIN  := $(patsubst tests/net/%.c,$(B)/tests/%,$(NET))
BENCHBIN := $(patsubst tests/bench/%.c,$(B)/bench/%,$(BENCH))
# In link order: each may use those after it.
LIBS    := $(B)/libview.a $(B)/libio.a $(B)/libmodel.a $(B)/libproto.a

# The system's libraries, as archives where they are installed as such: each
# shared one costs the start of a process as much as a question on the wire.
archive = $(or $(filter /%,$(shell $(CC) -print-file-name=lib$(1).a 2>/dev/null)),-l$(1))
IO_LDLIBS = $(call archive,net) $(call archive,nl-route-3) $(call archive,nl-3) $(call archive,cap-ng) -lm -pthread
LIBNL_CPPFLAGS = -isystem /usr/include/libnl3
# The libraries' archives refer to parts of libc that a static program could not load;
# none of them is ever called here, so the linker need not warn of them.
QUIET_LD = $(if $(shell $(CC) -Wl,--help 2>/dev/null | grep -e --no-warnings),-Wl$(COMMA)--no-warnings)
COMMA := ,
STATIC_PIE = $(if $(filter yes,$(STATIC)),$(if $(SANITIZE),-pie,$(if $(filter /%,$(shell $(CC) -print-file-name=libc.a 2>/dev/null)),-static-pie $(QUIET_LD),-pie)),-pie)

.DEFAULT_GOAL := all
.PHONY: FORCE all deps demo test check-layers unit net golden asan tidy fuzz bench cover \
        captures install uninstall clean help ready
all: $(TOOLS)			## build the tools

# ---- how it is made ---------------------------------------------------------
ifneq ($(V),1)
Q = @printf '  %-4s %s\n' '$(1)' '$@';
endif

# make sees a changed file, but not a changed flag nor a deleted file; this stamp does.
$(B)/stamp: FORCE | $(B)
	$(file >$@.new,$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(LDLIBS) $(STATIC) $(PROTO) $(MODEL) $(IO) $(VIEW) $(PARTS) $(SUPPORT))
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(B):
	@mkdir -p $@
FORCE:

$(B)/%.o: %.c $(B)/stamp
	@mkdir -p $(@D)
	$(call Q,CC)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(call obj,$(PROTO) $(MODEL)): FEATURES = -D_POSIX_C_SOURCE=200809L
$(call obj,$(IO)): CPPFLAGS += $(LIBNL_CPPFLAGS)

$(B)/libproto.a: $(call obj,$(PROTO))
$(B)/libmodel.a: $(call obj,$(MODEL))
$(B)/libio.a: $(call obj,$(IO))
$(B)/libview.a: $(call obj,$(VIEW))
$(B)/libsupport.a: $(call obj,$(SUPPORT))
$(LIBS) $(B)/libsupport.a: $(B)/stamp
	$(call Q,AR)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

# The version changes with every commit, so only the tools, not the world, depend on it.
$(B)/version.h: FORCE | $(B)
	$(file >$@.new,#define WIRELAB_VERSION "$(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)")
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(call obj,$(CMDS) $(PARTS)): $(B)/version.h
$(call obj,$(CMDS) $(PARTS)): CPPFLAGS += -I$(B) $(LIBNL_CPPFLAGS)

.SECONDEXPANSION:
$(TOOLS): $(B)/bin/%: $(B)/src/cmd/%.o $$(call parts,$$*) $(LIBS)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(ALL_CFLAGS) $(STATIC_PIE) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIBS) $(IO_LDLIBS) $(LDLIBS)

$(call obj,$(UNIT) $(NET) $(SUPPORT)): CPPFLAGS += -Itests/support $(LIBNL_CPPFLAGS)
$(UNITBIN): $(B)/tests/%: $(B)/tests/unit/%.o $(B)/libsupport.a $(LIBS)
$(NETBIN): $(B)/tests/%: $(B)/tests/net/%.o $(B)/libsupport.a $(LIBS)
$(UNITBIN) $(NETBIN):
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $< $(B)/libsupport.a $(LIBS) -lcmocka $(IO_LDLIBS) $(LDLIBS)

$(BENCHBIN): $(B)/bench/%: $(B)/tests/bench/%.o $(B)/libsupport.a $(LIBS)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $< $(B)/libsupport.a $(LIBS) $(IO_LDLIBS) $(LDLIBS)
$(call obj,$(BENCH)): CPPFLAGS += -Itests/support

# ---- what it is checked with ------------------------------------------------
# The pure libraries may call nothing that knows about the world outside.  What
# they may call is listed, not what they may not: a new way out cannot slip in.
PURE := mem(chr|cmp|cpy|move|set)|str(chr|cmp|len|ncmp|nlen)|__stack_chk_fail|__assert_fail|\
__(mem(cpy|move|set))_chk|_GLOBAL_OFFSET_TABLE_|__(asan|ubsan)_.*|__gcov_.*
check-layers: $(B)/libproto.a $(B)/libmodel.a	## prove that the pure layers are pure
	@B=$(B) PURE='$(PURE)' sh tests/support/check-layers.sh

clean:				## remove everything that was built
	rm -rf build

help:				## this list
	@echo 'sudo make demo    installs what is missing, builds, and shows what arpq does'
	@echo 'sudo make test    installs what is missing, builds, and runs every test'
	@echo
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

-include $(patsubst %.o,%.d,$(call obj,$(PROTO) $(MODEL) $(IO) $(VIEW) $(CMDS) $(PARTS) $(UNIT) $(NET) $(SUPPORT) $(BENCH)))
