#!/bin/sh
# deps.sh build|demo|test|bench: sees to it that what this needs is on the machine.
# As root on a system with apt it installs what is missing, and says what; elsewhere it
# says what is missing and how to get it, and fails.  Nothing to do: no word.
set -u
purpose=${1:-build}
CC=${CC:-cc}
missing=''

# need PACKAGE CHECK...: the Debian package that makes the check come true.
need()
{
	package=$1
	shift
	"$@" >/dev/null 2>&1 || missing="$missing $package"
}

header() # [-Idir] header.h: the compiler finds it
{
	include=''
	case $1 in -I*) include=$1; shift ;; esac
	printf '#include <stdio.h>\n#include <stdint.h>\n#include <stdarg.h>\n#include <stddef.h>\n#include <setjmp.h>\n#include <%s>\n' "$1" |
		$CC $include -E - -o /dev/null
}

readable() { [ -r "$1" ]; }
# For root alone, so not in everybody's PATH.
for_root() { [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ]; }
either() { command -v "$1" || command -v "$2"; }

look()
{
	missing=''
	# The registry of vendors is a convenience, but it is small, and half the fun.
	need ieee-data readable /usr/share/ieee-data/oui.csv
	need gcc either "$CC" gcc
	need binutils command -v ar
	need libc6-dev header unistd.h
	need libnet1-dev header libnet.h
	need libnl-3-dev header -I/usr/include/libnl3 netlink/netlink.h
	need libnl-route-3-dev header -I/usr/include/libnl3 netlink/route/link.h
	need libcap-ng-dev header cap-ng.h
	need libpcap-dev header pcap/pcap.h
	# Of the socket demos, what file_server and file_client read and compute.
	[ "$purpose" = demo ] || need libjansson-dev header jansson.h
	[ "$purpose" = demo ] || need nettle-dev header nettle/sha2.h
	case $purpose in
	test | bench)
		need libcmocka-dev header cmocka.h
		;;
	esac
	case $purpose in
	test)
		need strace command -v strace
		need tshark command -v tshark
		need tcpdump command -v tcpdump
		need mandoc command -v mandoc
		need python3 command -v python3
		need procps for_root sysctl
		;;
	bench)
		need arp-scan command -v arp-scan
		need iputils-arping command -v arping
		need uthash-dev header uthash.h
		need libpcap-dev header pcap/pcap.h
		need tcptrace command -v tcptrace
		need tshark command -v tshark
		need tcpdump command -v tcpdump
		need iperf3 command -v iperf3
		;;
	esac
}

look
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
	echo "Missing on this machine (Debian's names):$missing" >&2
	echo "There is no apt here to install them with: please do so by hand, then try again." >&2
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	echo "Missing on this machine:$missing" >&2
	echo "To install: sudo apt-get install$missing     or run this make with sudo." >&2
	exit 1
fi
echo "Installing:$missing"
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update && apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "apt-get could not install:$missing" >&2
	exit 1
fi
look
[ -z "$missing" ] || { echo "Installed, and still not usable:$missing" >&2; exit 1; }
