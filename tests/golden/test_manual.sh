#!/bin/sh
# What the program says of itself, what the manual page and the README say, and what the
# source does: the same options, findings, exit statuses and make targets everywhere.
# Runs from the top of the source tree; B names the build, MAKEFILE another makefile.
set -u
LC_ALL=C
export LC_ALL
B=${B:-build/debug}
arpq=$B/bin/arpq
manual=src/cmd/arpq.8
failed=0

# The lines on standard input are what is wrong: none is good.  none_wrong WHAT
none_wrong()
{
	wrong=$(paste -s -d '|' - | sed 's/|/; /g')
	if [ -z "$wrong" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1: $wrong"
		failed=1
	fi
}

# Lines of $2 that $1 does not have, each with a word in front of it.  missing FILE FILE WORDS
missing()
{
	# An empty list agrees with everything, and means that its look-up below is broken.
	[ -s "$1" ] && [ -s "$2" ] || echo "$3 all, or there is nothing to compare"
	comm -13 "$1" "$2" | sed "s/^/$3 /"
}

# One section of the manual.
section()
{
	awk -v want="$1" '/^\.Sh / { inside = $0 == ".Sh " want; next } inside' "$manual"
}

tmp=$(mktemp -d "${TMPDIR:-/tmp}/wirelab-manual.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

# ---- the page itself -----------------------------------------------------------------

if command -v mandoc >/dev/null; then
	# Whether the pages that it refers to are installed is this machine's affair.
	mandoc -T lint -W style "$manual" 2>&1 | grep -v -e 'referenced manual not found' \
		-e 'outdated mandoc.db' | none_wrong "mandoc finds nothing to say about $manual"
	mandoc -T ascii -O width=80 "$manual" | sed "s/.$(printf '\b')//g" | awk 'length > 80' |
		none_wrong "the manual fits in 80 columns"
else
	echo "skip - mandoc is not installed: the manual page is not linted"
fi

# ---- options ---------------------------------------------------------------------------

# ".It Fl c , Fl Fl count Ar n": -c and --count.
section OPTIONS | awk '/^\.It / {
	for (i = 2; i <= NF; i++)
		if ($i == "Fl" && $(i + 1) == "Fl") { print "--" $(i + 2); i += 2 }
		else if ($i == "Fl") { print "-" $(i + 1); i++ }
}' | sort -u >"$tmp/in-manual"

# { "count", required_argument, NULL, 'c' },
sed -n 's/^[[:space:]]*{ "\([a-z-]*\)", [a-z]*_argument.*/--\1/p' src/cmd/arpq.c |
	sort -u >"$tmp/in-source"

if [ -x "$arpq" ]; then
	"$arpq" --help >"$tmp/help"
	status=$?
	grep -oE '(^|[^[:alnum:]-])--?[a-zA-Z][a-z-]*' "$tmp/help" | grep -oE -e '--?[a-zA-Z].*' |
		sort -u >"$tmp/in-help"
	grep -e '^--' "$tmp/in-help" >"$tmp/long-in-help"
	missing "$tmp/in-manual" "$tmp/in-help" "the manual lacks" |
		none_wrong "every option of --help is in the manual"
	missing "$tmp/in-help" "$tmp/in-manual" "--help lacks" |
		none_wrong "every option of the manual is in --help"
	missing "$tmp/long-in-help" "$tmp/in-source" "--help lacks" |
		none_wrong "every option that arpq takes is in --help"
	{
		[ "$status" = 0 ] || echo "it ended with status $status"
		awk 'length > 80 { print "line " NR " has " length " columns" }
			END { if (NR > 40 || NR < 10) print NR " lines" }' "$tmp/help"
	} | none_wrong "--help has at most 40 lines of 80 columns"
else
	echo "skip - $arpq is not built: --help is not compared"
fi
missing "$tmp/in-manual" "$tmp/in-source" "the manual lacks" |
	none_wrong "every option that arpq takes is in the manual"

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

# ---- exit status -------------------------------------------------------------------------

sed -n 's/^[[:space:]]*EXIT_[A-Z_]* = \([0-9]*\),.*/\1/p' src/cmd/arpq/arpq.h |
	sort -u >"$tmp/status"
section 'EXIT STATUS' | sed -n 's/^\.It \([0-9]*\)$/\1/p' | sort -u >"$tmp/status-in-manual"
{
	missing "$tmp/status-in-manual" "$tmp/status" "the manual lacks"
	missing "$tmp/status" "$tmp/status-in-manual" "the source lacks"
} | none_wrong "EXIT STATUS has every exit status, and no other"

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
