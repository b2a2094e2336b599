#!/bin/sh
# What tcpq says of itself, what its manual page and the README say, and what it prints: the same
# options, names, exit statuses and JSON keys everywhere, and examples that come out as shown.
# Runs from the top of the source tree; B names the build.
set -u
LC_ALL=C
export LC_ALL
B=${B:-build/debug}
tool=$B/bin/tcpq
manual=src/cmd/tcpq.1
source=src/cmd/tcpq.c
header=src/cmd/tcpq/tcpq.h
. tests/golden/manual.sh

page_is_clean
options_agree
exit_statuses_agree

# ---- names ---------------------------------------------------------------------------------

# ".It Sy name Pq RFC 1 2": name (RFC 1 2)
named_items()
{
	section "$1" | sed -n 's/^\.It Sy \([a-z_]*\) Pq \(.*\)$/\1 (\2)/p
		s/^\.It Sy \([a-z_]*\)$/\1 ()/p'
}

# [TCP_T_X] = { "name", "says", "section" }
tr '\n\t' '  ' <src/model/tcp_judge.c |
	grep -oE '\[TCP_T_[A-Z_]+\] = \{ *"[a-z_]+", *"[^"]*", *"[^"]*"' |
	sed 's/^[^"]*"\([a-z_]*\)", *"[^"]*", *"\([^"]*\)"$/\1 (\2)/' >"$tmp/source"
named_items TROUBLE >"$tmp/page"
both "every kind of trouble is in the manual, with its section"
sed 's/ .*//' "$tmp/source" | sort -u >"$tmp/troubles"

# [TCP_WHY_X] = { "name", "section" }
sed -n 's/^[[:space:]]*\[TCP_WHY_[A-Z_]*\] = { "\([a-z_]*\)", "\(.*\)" },$/\1 (\2)/p' \
	src/model/tcp_reason.c >"$tmp/source"
named_items REASONS >"$tmp/page"
both "every reason is in the manual, with its section"

# names_of FUNCTION SUBSECTION WHAT
names_agree()
{
	sed -n "/^const char \*$1(/,/^}/p" src/model/tcp_story.c | grep -oE '"[a-z0-9_]+"' |
		tr -d '"' >"$tmp/source"
	awk -v want="$2" '/^\.S[hs] / { inside = $0 == ".Ss " want } inside && /^\.It / { print $2 }' \
		"$manual" >"$tmp/page"
	both "$3"
}
names_agree tcp_open_name "How it opened" "every way to open is in the manual"
names_agree tcp_close_name "How it closed" "every way to close is in the manual"

sed -n 's/^	"\([a-z_]*\)": (.*/\1/p' tests/golden/trouble.py >"$tmp/source"
section 'DIFFERENCES FROM WIRESHARK' | sed -n 's/^\.It Sy \([a-z_]*\)$/\1/p' >"$tmp/page"
both "every kind of difference from Wireshark is in the manual"

# ---- JSON ------------------------------------------------------------------------------------

# bytes HEX
bytes()
{
	# The format is made of octal escapes only.
	# shellcheck disable=SC2059
	printf "$(echo "$1" | tr -d ' ' | awk '
	function digit(i) { return index("123456789abcdef", substr($0, i, 1)) }
	{
		for (i = 1; i < length($0); i += 2)
			printf "\\%03o", 16 * digit(i) + digit(i + 1)
	}')"
}

le32()
{
	printf '%08x' "$1" | sed 's/\(..\)\(..\)\(..\)\(..\)/\4\3\2\1/'
}

# frame SECOND HEX: one record
frame()
{
	hex=$(echo "$2" | tr -d '[:space:]')
	len=$(le32 $((${#hex} / 2)))
	bytes "$(le32 "$1") 00000000 $len $len $hex"
}

# One ARP question, a datagram and an echo in pieces, one that lacks a piece, and an ICMP error.
others()
{
	there='020000000002 020000000001 0800'
	ips='c0000201 c0000202'
	bytes 'd4c3b2a1 02000400 00000000 00000000 00000400 01000000'
	frame 1 "ffffffffffff 020000000001 0806 0001080006040001 020000000001 c0000201 000000000000 c0000202"
	frame 1 "020000000001 020000000002 0806 0001080006040002 020000000002 c0000202 020000000001 c0000201"
	frame 2 "$there 45000024 00072000 40110000 $ips 1388000700180000 6162636465666768"
	frame 2 "$there 4500001c 00070002 40110000 $ips 6162636465666768"
	frame 3 "$there 4500001c 00082000 40010000 $ips 0800000000010001"
	frame 3 "$there 4500001c 00080001 40010000 $ips 6162636465666768"
	frame 4 "$there 45000024 00092000 40110000 $ips 1388000700180000 6162636465666768"
	udp="45000020 000a0000 40110000 $ips 13880009000c0000"
	frame 5 "$there $udp 61626364"
	frame 5 "020000000001 020000000002 0800 45000038 00010000 40010000 c0000202 c0000201
		0303000000000000 $udp"
}

keys_of_the_page >"$tmp/page-keys"

if [ -x "$tool" ]; then
	others >"$tmp/others.pcap"
	corpus=${WIRELAB_CORPUS:-../shared/corpus}
	for file in tests/golden/lab.pcap tests/fuzz/seeds/capfile/* "$tmp/others.pcap" "$corpus"/pcaps/*; do
		[ -f "$file" ] || continue
		for view in --segments --arp --frag --udp --messages; do
			timeout 20 "$tool" --json $view "$file" 2>/dev/null
		done
	done >"$tmp/objects"
	keys <"$tmp/objects" >"$tmp/output-keys"
	[ -d "$corpus/pcaps" ] || echo "skip - no corpus of captures at $corpus: its keys are not looked at"
	missing "$tmp/page-keys" "$tmp/output-keys" "the manual lacks" |
		none_wrong "every JSON key that is printed is in the manual, under its object's type"
	missing "$tmp/output-keys" "$tmp/page-keys" "tcpq does not print" |
		none_wrong "every JSON key of the manual is printed"
	grep -o '"trouble":\[[^]]*\]' "$tmp/objects" | grep -oE '"[a-z_]+"' | tr -d '"' |
		grep -vx trouble | sort -u >"$tmp/printed-troubles"
	missing "$tmp/troubles" "$tmp/printed-troubles" "the manual lacks" |
		none_wrong "every kind of trouble that is printed is in the manual"
else
	echo "skip - $tool is not built: its JSON is not compared"
fi

# ---- examples ---------------------------------------------------------------------------------

literal_of_the_section EXAMPLES | examples "$tmp/manual"
awk '/^```/ { inside = !inside; print "@"; next } inside' README.md | examples "$tmp/readme"

if [ ! -x "$tool" ]; then
	echo "skip - $tool is not built: the examples are not tried"
else
	bin=$(cd "$B/bin" && pwd)
	tried=0
	for file in "$tmp"/manual.*.sh "$tmp"/readme.*.sh; do
		# Others need a network, or a file that such a one made.
		grep -qE '(^|[^a-z])lab\.pcap( |$)' "$file" || continue
		page=${file##*/}
		what="an example of the ${page%%.*} comes out as shown: $(head -n 1 "$file")"
		if grep -q jq "$file" && ! command -v jq >/dev/null; then
			echo "skip - jq is not installed: $(head -n 1 "$file")"
			continue
		fi
		(cd tests/golden && PATH=$bin:$PATH sh "$file") >"$tmp/out" 2>&1
		compare "$tmp/out" "${file%.sh}.shown" | none_wrong "$what"
		tried=$((tried + 1))
	done
	[ "$tried" -ge 5 ] || echo "only $tried were found" | none_wrong "there are five examples to be tried"
fi
exit $failed
