# One makefile for everything; GNU make 4.  `make help` lists what it does.
# Put your own settings in config.mk (not kept in git) or on the command line:
# CFLAGS, CPPFLAGS, LDFLAGS and LDLIBS are yours, the project adds its own to them.

-include config.mk

CC      ?= cc
PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
SBINDIR ?= $(PREFIX)/sbin
MANDIR  ?= $(PREFIX)/share/man
DEMODIR ?= $(PREFIX)/lib/wirelab/demos
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
# Of io, what needs libpcap: a library by itself, for the one tool that uses it.
LIVE    := src/io/link_live.c src/io/capfilter.c
IO      := $(filter-out $(LIVE),$(sort $(wildcard src/io/*.c)))
VIEW    := $(sort $(wildcard src/view/*.c))
# The labs themselves are a part of it: each is one folder with an experiment.
LAB     := $(sort $(wildcard src/lab/*.c)) $(sort $(wildcard labs/*/*.c))
CMDS    := $(sort $(wildcard src/cmd/*.c))
PARTS   := $(sort $(wildcard src/cmd/*/*.c))
DEMOS   := $(sort $(wildcard src/demos/*.c))
DEMOLIB := $(sort $(wildcard src/demos/lib/*.c))
MANUALS := $(sort $(wildcard src/cmd/*.[1-8] src/demos/*.[1-8]))
SUPPORT := $(sort $(wildcard tests/support/*.c))
UNIT    := $(sort $(wildcard tests/unit/test_*.c))
NET     := $(sort $(wildcard tests/net/test_*.c))
FUZZ    := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH   := $(sort $(filter-out tests/bench/empty.c,$(wildcard tests/bench/*.c)))
SCRIPTS := $(sort $(wildcard tests/golden/test_*.sh tests/net/test_*.sh))

obj     = $(patsubst %.c,$(B)/%.o,$(1))
parts   = $(call obj,$(filter src/cmd/$(1)/%,$(PARTS)))
TOOLS   := $(patsubst src/cmd/%.c,$(B)/bin/%,$(CMDS))
DEMOBIN := $(patsubst src/demos/%.c,$(B)/bin/%,$(DEMOS))
UNITBIN := $(patsubst tests/unit/%.c,$(B)/tests/%,$(UNIT))
NETBIN  := $(patsubst tests/net/%.c,$(B)/tests/%,$(NET))
BENCHBIN := $(patsubst tests/bench/%.c,$(B)/bench/%,$(BENCH))
# In link order: each may use those after it.
LIBS    := $(B)/liblab.a $(B)/libview.a $(B)/libio.a $(B)/libmodel.a $(B)/libproto.a

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

# What a program needs besides, and how it is then linked.  Debian's libpcap.a wants D-Bus
# and systemd as archives, too, which nobody has: libpcap is shared, and so is libc with it.
WITH_PCAP := $(B)/bin/tcpq $(addprefix $(B)/tests/,test_link_live test_capfilter test_capfile_libpcap)
$(WITH_PCAP): $(B)/liblive.a
$(WITH_PCAP): private WITH := $(B)/liblive.a -Wl,--push-state,--as-needed -lpcap -Wl,--pop-state
$(WITH_PCAP): private STATIC_PIE := -pie

# What a test of the demos' library needs before the others.
WITH_DEMO := $(filter $(B)/tests/test_demo%,$(UNITBIN) $(NETBIN)) $(B)/fuzz/fuzz_demo_file_header
$(WITH_DEMO): $(B)/libdemo.a
$(WITH_DEMO): private WITH := $(B)/libdemo.a

# The file transfer reads JSON and computes sums; these come from there, everything else of
# the demos' library does without.
WITH_FILES := $(addprefix $(B)/bin/,file_client file_server) $(filter $(B)/tests/test_demo_file% %/fuzz_demo_file_header,$(WITH_DEMO))
$(WITH_FILES): private FILE_LDLIBS := -ljansson -lnettle

# What root has built, its user may build on, also when a test fails afterwards.
GIVE_BACK = @[ -z "$$SUDO_UID" ] || chown -R "$$SUDO_UID:$$SUDO_GID" build

.DEFAULT_GOAL := all
.PHONY: FORCE all deps demo captures test check-layers unit net golden asan tidy fuzz bench cover \
        install uninstall clean help
all: $(TOOLS) $(DEMOBIN)	## build the tools and the socket demos
	$(GIVE_BACK)

ifeq ($(shell command -v $(firstword $(CC)) 2>/dev/null),)
ifneq ($(filter-out deps demo test help clean uninstall,$(or $(MAKECMDGOALS),all)),)
$(error there is no C compiler ($(CC)) here: "sudo make deps" installs what is needed)
endif
endif

# ---- how it is made ---------------------------------------------------------
ifneq ($(V),1)
Q = @printf '  %-4s %s\n' '$(1)' '$@';
endif

# make sees a changed file, but not a changed flag nor a deleted file; this stamp does.
$(B)/stamp: FORCE | $(B)
	$(file >$@.new,$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(LDLIBS) $(STATIC) $(PROTO) $(MODEL) $(IO) $(LIVE) $(VIEW) $(LAB) $(PARTS) $(DEMOLIB) $(SUPPORT))
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(B):
	@mkdir -p $@
FORCE:

$(B)/%.o: %.c $(B)/stamp
	@mkdir -p $(@D)
	$(call Q,CC)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(call obj,$(PROTO) $(MODEL)): FEATURES = -D_POSIX_C_SOURCE=200809L
$(call obj,$(IO) $(LAB)): CPPFLAGS += $(LIBNL_CPPFLAGS)

$(B)/libproto.a: $(call obj,$(PROTO))
$(B)/libmodel.a: $(call obj,$(MODEL))
$(B)/libio.a: $(call obj,$(IO))
$(B)/liblive.a: $(call obj,$(LIVE))
$(B)/libview.a: $(call obj,$(VIEW))
$(B)/liblab.a: $(call obj,$(LAB))
$(B)/libdemo.a: $(call obj,$(DEMOLIB))
$(B)/libsupport.a: $(call obj,$(SUPPORT))
$(LIBS) $(B)/liblive.a $(B)/libdemo.a $(B)/libsupport.a: $(B)/stamp
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
	$(call Q,LD)$(CC) $(ALL_CFLAGS) $(STATIC_PIE) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(WITH) $(LIBS) $(IO_LDLIBS) $(LDLIBS)

# Shared, unlike the tools: getaddrinfo() loads parts of libc that a static program may lack.
$(DEMOBIN): $(B)/bin/%: $(B)/src/demos/%.o $(B)/libdemo.a $(LIBS)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $< $(B)/libdemo.a $(LIBS) $(FILE_LDLIBS) -pthread $(LDLIBS)

$(call obj,$(UNIT) $(NET) $(SUPPORT)): CPPFLAGS += -Itests/support $(LIBNL_CPPFLAGS)
$(UNITBIN): $(B)/tests/%: $(B)/tests/unit/%.o $(B)/libsupport.a $(LIBS)
$(NETBIN): $(B)/tests/%: $(B)/tests/net/%.o $(B)/libsupport.a $(LIBS)
$(UNITBIN) $(NETBIN):
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(B)/libsupport.a $(WITH) $(LIBS) -lcmocka $(IO_LDLIBS) $(FILE_LDLIBS) $(LDLIBS)

$(BENCHBIN): $(B)/bench/%: $(B)/tests/bench/%.o $(B)/libsupport.a $(LIBS)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $< $(B)/libsupport.a $(LIBS) $(BENCH_LDLIBS) $(IO_LDLIBS) $(LDLIBS)
$(call obj,$(BENCH)): CPPFLAGS += -Itests/support
# What tcpq is compared with needs libpcap; without it, the bench says so and goes on.
PCAP_BENCH = $(B)/bench/pcap_loop $(B)/bench/flow_table
HAVE_PCAP = $(shell printf '\043include <pcap/pcap.h>\n' | $(CC) -E - >/dev/null 2>&1 && echo yes)
$(PCAP_BENCH): BENCH_LDLIBS = -lpcap
# What everybody else's programs are: no flags of ours, and libc as a shared library.
$(B)/bench/empty: tests/bench/empty.c
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) -o $@ $<

# ---- what it is checked with ------------------------------------------------
# The pure libraries may call nothing that knows about the world outside.  What
# they may call is listed, not what they may not: a new way out cannot slip in.
PURE_CALLS := mem(chr|cmp|cpy|move|set) str(chr|cmp|len|ncmp|nlen) __(mem(cpy|move|set))_chk \
              __stack_chk_fail __assert_fail _GLOBAL_OFFSET_TABLE_ __(asan|ubsan)_.* __gcov_.*
SPACE := $(COMMA:,=) $(COMMA:,=)
PURE := $(subst $(SPACE),|,$(strip $(PURE_CALLS)))
check-layers: $(B)/libproto.a $(B)/libmodel.a	## prove that the pure layers are pure
	@B=$(B) PURE='$(PURE)' sh tests/support/check-layers.sh

UNITS := $(UNITBIN)
unit: $(UNITS)			## run the unit tests
	$(GIVE_BACK)
	@$(RUN_TESTS) $(UNITS)

NETS := $(NETBIN) $(filter tests/net/%,$(SCRIPTS))
net: $(NETS) $(TOOLS) $(DEMOBIN) $(UNITS)	## run the tests in private network namespaces
	$(GIVE_BACK)
	@$(RUN_TESTS) $(NETS)

GOLDENS := $(filter tests/golden/%,$(SCRIPTS))
golden: $(GOLDENS) $(TOOLS) $(DEMOBIN)	## run the tests of texts and manual pages
	@$(RUN_TESTS) $(GOLDENS)

RUN_TESTS = B=$(B) CC='$(CC)' sh tests/support/run-tests.sh
check: $(UNITS) $(NETS) $(TOOLS) $(DEMOBIN) check-layers	## every test, with what is installed
	$(GIVE_BACK)
	@$(RUN_TESTS) $(UNITS) $(GOLDENS) $(NETS)

deps:				## install what the tests need (as root, with apt), or say what is missing
	@CC='$(CC)' sh tests/support/deps.sh test

test:				## install what is missing, then every test
	@CC='$(CC)' sh tests/support/deps.sh test
	+@$(MAKE) --no-print-directory check

# Captures first, then what the labs' texts print of them.
captures: $(TOOLS)		## run every lab anew, renew captures/ and the labs' texts, show what changed
	@for nr in $$($(B)/bin/wirelab list | cut -c1-2); do \
		name=$$($(B)/bin/wirelab list --json | sed -n "s/.*\"lab\":\"\($$nr-[^\"]*\)\".*/\1/p") && \
		LC_ALL=C $(B)/bin/wirelab run $$nr --no-predict -o captures/$$name.pcapng >/dev/null || exit 1; \
	done
	@$(PYTHON) tests/support/lab-texts.py $(B)/bin write
	$(GIVE_BACK)
	@git --no-pager diff --stat -- captures labs 2>/dev/null || true

demo:				## install what is missing, then see arpq and two labs at work in private networks
	@CC='$(CC)' sh tests/support/deps.sh demo
	+@$(MAKE) --no-print-directory -s $(addprefix $(B)/bin/,arpq tcpq wirelab) $(B)/demo
	@$(B)/demo $(B)/bin build/demo
	$(GIVE_BACK)

# Without the rest of the support code, which wants the test library.
DEMO := $(call obj,tests/net/demo.c $(addprefix tests/support/,netns.c run.c tap.c))
$(B)/demo: $(DEMO) $(LIBS)
	$(call Q,LD)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $(DEMO) $(LIBS) $(IO_LDLIBS) $(LDLIBS)
$(B)/tests/net/demo.o: CPPFLAGS += -Itests/support $(LIBNL_CPPFLAGS)

# But those of texts and manual pages, in which no sanitizer would find anything.
asan:				## every test under the address and undefined-behaviour sanitizers
	+@$(MAKE) --no-print-directory check B=build/asan SANITIZE=address,undefined CFLAGS='-O1 -g3' \
	GOLDENS='$(filter-out %_manual.sh %_texts.sh,$(GOLDENS))'

cover:				## line coverage of the unit tests, file by file
	+@$(MAKE) --no-print-directory unit B=build/cover STATIC=no CFLAGS='-O0 -g --coverage' LDFLAGS=--coverage
	@find build/cover/src -name '*.gcda' | xargs gcov -n 2>/dev/null | \
	awk '/^File .src/ { file = $$2 } /^Lines executed/ && file { sub(/Lines executed:/, ""); print "  " file, $$0; file = "" }' | sort -u

# ---- fuzzing: libFuzzer, so clang -------------------------------------------------
FUZZBIN := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(FUZZ))
FUZZ_SECONDS ?= 10
FUZZ_RUNS ?=
fuzz:				## FUZZ_SECONDS=n or FUZZ_RUNS=n of every fuzz target, with coverage
	@command -v clang >/dev/null || { echo 'fuzzing needs clang: apt-get install clang libclang-rt-14-dev' >&2; exit 1; }
	+@$(MAKE) --no-print-directory run-fuzz B=build/fuzz CC=clang STATIC=no \
	SANITIZE=fuzzer-no-link,address,undefined CFLAGS='-O1 -g'

.PHONY: run-fuzz check
run-fuzz: $(FUZZBIN)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_RUNS=$(FUZZ_RUNS) sh tests/support/run-fuzz.sh $(B) $(FUZZBIN)
$(call obj,$(FUZZ)): CPPFLAGS += -Itests/support
$(FUZZBIN): $(B)/fuzz/%: $(B)/tests/fuzz/%.o $(LIBS)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer $(ALL_LDFLAGS) -o $@ $< $(WITH) $(LIBS) $(IO_LDLIBS) $(FILE_LDLIBS) $(LDLIBS)

TIMED := $(addprefix $(B)/bench/,bench_arpq bench_cache bench_lab bench_pkt bench_tcpq bench_track bench_multi bench_file epoll_echo make_capture empty)
bench: $(TOOLS) $(DEMOBIN) $(TIMED) $$(if $$(HAVE_PCAP),$$(PCAP_BENCH))	## times beside those of the peers that are installed; BENCH_FULL=1: large captures, too
	$(GIVE_BACK)
	@$(B)/bench/bench_cache
	@$(B)/bench/bench_pkt 2>/dev/null
	@$(B)/bench/bench_track
	@$(B)/bench/bench_lab $(B)/bin/wirelab
	@$(B)/bench/bench_multi $(B)/bin/multi_server $(B)/bench/epoll_echo
	@$(B)/bench/bench_tcpq $(B)/bin/tcpq $(B)/bench
	@$(B)/bench/bench_arpq $(B)/bin/arpq $(B)/bench/empty
	@$(B)/bench/bench_file $(B)/bin

tidy: $(B)/version.h		## clang-tidy over the sources
	clang-tidy --quiet $(PROTO) $(MODEL) $(VIEW) -- $(STD) -D_POSIX_C_SOURCE=200809L -Iinclude
	clang-tidy --quiet $(IO) $(LIVE) $(LAB) $(CMDS) $(PARTS) $(DEMOS) $(DEMOLIB) -- $(STD) -D_GNU_SOURCE -Iinclude -I$(B) $(LIBNL_CPPFLAGS)

# ---- putting it in place ------------------------------------------------------------
# What needs privileges belongs to the administrator's programs, the rest to everybody's.
SBIN := arpq
BIN  := $(filter-out $(SBIN),$(patsubst src/cmd/%.c,%,$(CMDS)))
# The demos stay out of everybody's PATH: file_server and udp_client are names that others
# may want, and a learner wants them all in one place.
DEMONAMES := $(notdir $(DEMOBIN))
# Of section $(1), the pages, by their names without a folder.
man_pages = $(notdir $(filter %.$(1),$(MANUALS)))
install: $(TOOLS) $(DEMOBIN)	## copy tools, demos and manual pages below $(DESTDIR)$(PREFIX)
	$(GIVE_BACK)
	install -d '$(DESTDIR)$(SBINDIR)' '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(DEMODIR)' $(foreach s,1 7 8,'$(DESTDIR)$(MANDIR)/man$s')
	install -m 0755 $(SBIN:%=$(B)/bin/%) '$(DESTDIR)$(SBINDIR)'
	install -m 0755 $(BIN:%=$(B)/bin/%) '$(DESTDIR)$(BINDIR)'
	install -m 0755 $(DEMOBIN) '$(DESTDIR)$(DEMODIR)'
	$(foreach s,1 7 8,install -m 0644 $(filter %.$s,$(MANUALS)) '$(DESTDIR)$(MANDIR)/man$s' &&) true

uninstall:			## remove them again
	rm -f $(SBIN:%='$(DESTDIR)$(SBINDIR)/%') $(BIN:%='$(DESTDIR)$(BINDIR)/%') $(DEMONAMES:%='$(DESTDIR)$(DEMODIR)/%')
	rm -f $(foreach s,1 7 8,$(patsubst %,'$(DESTDIR)$(MANDIR)/man$s/%',$(call man_pages,$s)))
	rmdir '$(DESTDIR)$(DEMODIR)' '$(DESTDIR)$(PREFIX)/lib/wirelab' 2>/dev/null || true

clean:				## remove everything that was built
	rm -rf build

help:				## this list
	@echo '  sudo make demo   to see it;  sudo make test   to check it;  the rest:'
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

-include $(patsubst %.o,%.d,$(call obj,$(PROTO) $(MODEL) $(IO) $(LIVE) $(VIEW) $(LAB) $(CMDS) $(PARTS) $(DEMOS) $(DEMOLIB) $(UNIT) $(NET) $(FUZZ) $(SUPPORT) $(BENCH)) $(B)/tests/net/demo.d)
