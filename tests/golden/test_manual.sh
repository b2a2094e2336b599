#!/bin/sh
# What the program says of itself, what the manual page and the README say, and what the
# source does: the same options, findings, exit statuses and make targets everywhere.
# Runs from the top of the source tree; B names the build, MAKEFILE another makefile.
set -u
LC_ALL=C
export LC_ALL
B=${B:-build/debug}
tool=$B/bin/arpq
manual=src/cmd/arpq.8
source=src/cmd/arpq.c
header=src/cmd/arpq/arpq.h
. tests/golden/manual.sh

page_is_clean
options_agree

# ---- findings ---------------------------------------------------------------------------

# "name", "says", "section", ARP_W_TAKEN, true  ->  name (taken, section)
tr '\n\t' '  ' <src/model/arp_judge.c |
	grep -oE '"[a-z_]+", *"[^"]*", *"[^"]*", *ARP_W_[A-Z]+' |
	sed 's/^"\([a-z_]*\)", *"[^"]*", *"\([^"]*\)", *ARP_W_\(.*\)$/\1|\3|\2/
		s/|ORDINARY|/|IGNORED|/' |
	awk -F'|' '{ print $1 " (" tolower($2) ", " $3 ")" }' |
	sort -u >"$tmp/findings"
section FINDINGS | sed -n 's/^\.It Sy \([a-z_]*\) Pq \(.*\)$/\1 (\2)/p' |
	sort -u >"$tmp/findings-in-manual"
in_table=$(grep -c '^[[:space:]]*\[ARP_F_[A-Z_]*\] = {' src/model/arp_judge.c)
{
	[ "$in_table" = "$(wc -l <"$tmp/findings" | tr -d ' ')" ] ||
		echo "the source has $in_table findings, but not all could be read"
	missing "$tmp/findings-in-manual" "$tmp/findings" "the manual lacks"
} | none_wrong "every finding is in the manual, with its weight and section"
missing "$tmp/findings" "$tmp/findings-in-manual" "the source lacks" |
	none_wrong "every finding of the manual exists"

exit_statuses_agree

# ---- the README ---------------------------------------------------------------------------

awk -F: '/^[a-zA-Z][a-zA-Z _-]*:([^=]|$)/ { print $1 }' "${MAKEFILE:-Makefile}" | tr ' ' '\n' |
	sort -u >"$tmp/targets"
# Lines of shell blocks, and what stands between backquotes.
{
	awk '/^```/ { inside = !inside; next } inside' README.md
	awk '/^```/ { inside = !inside; next } !inside' README.md | grep -oE '`[^`]+`' | tr -d '`'
} | sed -n 's/^\(sudo \)\{0,1\}make\( .*\)\{0,1\}$/\2/p' | sed 's/#.*//' | tr ' ' '\n' |
	grep -E '^[a-z][a-z-]*$' | sort -u >"$tmp/targets-in-readme"
missing "$tmp/targets" "$tmp/targets-in-readme" "the Makefile lacks" |
	none_wrong "every make target that the README names exists"

exit $failed
