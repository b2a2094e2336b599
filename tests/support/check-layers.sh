#!/bin/sh
# What do the pure libraries call that they do not define themselves?  Only the
# C library's string functions are allowed (PURE, an extended regular expression),
# and proto may not reach up into model.
set -u
bad=0
defined=$(nm --defined-only "$B/libproto.a" "$B/libmodel.a" | awk 'NF == 3 { print $3 }' | sort -u)
wanted=$(nm -u "$B/libproto.a" "$B/libmodel.a" | awk '$1 == "U" { print $2 }' | sort -u)
if [ -z "$defined" ] || [ -z "$wanted" ]; then
	echo "check-layers: nm found no symbols in $B/libproto.a and $B/libmodel.a" >&2
	exit 1
fi
foreign=$(printf '%s\n' "$wanted" | grep -Fxv "$defined" | grep -Exv "$PURE")
if [ -n "$foreign" ]; then
	echo "check-layers: pure code calls:" $foreign >&2
	bad=1
fi
# No way up: what proto wants, proto or the C library has.
proto=$(nm --defined-only "$B/libproto.a" | awk 'NF == 3 { print $3 }' | sort -u)
up=$(nm -u "$B/libproto.a" | awk '$1 == "U" { print $2 }' | sort -u | grep -Fxv "$proto" | grep -Exv "$PURE")
if [ -n "$up" ]; then
	echo "check-layers: proto reaches up for:" $up >&2
	bad=1
fi
# Variables that outlive a call are state that nobody handed in.  Tables of constants
# with pointers in them lie in .data.rel.ro and are fine.
state=$(objdump -t "$B/libproto.a" "$B/libmodel.a" | awk 'NF >= 3 && $(NF-2) ~ /^\.(data|bss|tdata|tbss)$/ && $NF !~ /^\./ { print $NF }' | sort -u)
if [ -n "$state" ]; then
	echo "check-layers: pure code keeps state in:" $state >&2
	bad=1
fi
if grep -nE '#[[:space:]]*include[[:space:]]*<(stdio|stdlib|unistd|time|errno|pcap|libnet|sys/|net/|netinet/|linux/|arpa/)' src/proto/*.c src/model/*.c; then
	echo "check-layers: pure code includes a header of the world outside" >&2
	bad=1
fi
[ $bad = 0 ] && echo "check-layers: proto and model call nothing but the C library's memory and string functions"
exit $bad
