# manual.sh - for the tests of manual pages: what the program says of itself, the page says of it,
# and the source does.  To be read in with "."; `manual` names the page, `tool` the program, `source`
# the file with its options, `header` the one with its exit statuses.
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

# The page is well-formed, and fits.
page_is_clean()
{
	if ! command -v mandoc >/dev/null; then
		echo "skip - mandoc is not installed: the manual page is not linted"
		return
	fi
	# Whether the pages that it refers to are installed is this machine's affair.
	mandoc -T lint -W style "$manual" 2>&1 | grep -v -e 'referenced manual not found' \
		-e 'outdated mandoc.db' | none_wrong "mandoc finds nothing to say about $manual"
	mandoc -T ascii -O width=80 "$manual" 2>/dev/null | sed "s/.$(printf '\b')//g" |
		awk 'length > 80' | none_wrong "the manual fits in 80 columns"
}

# The same options in the page, in --help, and in the source.
options_agree()
{
	# ".It Fl c , Fl Fl count Ar n": -c and --count.
	section OPTIONS | awk '/^\.It / {
		for (i = 2; i <= NF; i++)
			if ($i == "Fl" && $(i + 1) == "Fl") { print "--" $(i + 2); i += 2 }
			else if ($i == "Fl") { print "-" $(i + 1); i++ }
	}' | sort -u >"$tmp/in-manual"

	# { "count", required_argument, NULL, 'c' },
	sed -n 's/^[[:space:]]*{ "\([a-z-]*\)", [a-z]*_argument.*/--\1/p' "$source" |
		sort -u >"$tmp/in-source"
	missing "$tmp/in-manual" "$tmp/in-source" "the manual lacks" |
		none_wrong "every option that ${tool##*/} takes is in the manual"
	if [ ! -x "$tool" ]; then
		echo "skip - $tool is not built: --help is not compared"
		return
	fi
	"$tool" --help >"$tmp/help"
	status=$?
	grep -oE '(^|[^[:alnum:]-])--?[a-zA-Z][a-z-]*' "$tmp/help" | grep -oE -e '--?[a-zA-Z].*' |
		sort -u >"$tmp/in-help"
	grep -e '^--' "$tmp/in-help" >"$tmp/long-in-help"
	missing "$tmp/in-manual" "$tmp/in-help" "the manual lacks" |
		none_wrong "every option of --help is in the manual"
	missing "$tmp/in-help" "$tmp/in-manual" "--help lacks" |
		none_wrong "every option of the manual is in --help"
	missing "$tmp/long-in-help" "$tmp/in-source" "--help lacks" |
		none_wrong "every option that ${tool##*/} takes is in --help"
	{
		[ "$status" = 0 ] || echo "it ended with status $status"
		awk 'length > 80 { print "line " NR " has " length " columns" }
			END { if (NR > 40 || NR < 10) print NR " lines" }' "$tmp/help"
	} | none_wrong "--help has at most 40 lines of 80 columns"
}

exit_statuses_agree()
{
	sed -n 's/^[[:space:]]*EXIT_[A-Z_]* = \([0-9]*\),.*/\1/p' "$header" | sort -u >"$tmp/status"
	section 'EXIT STATUS' | sed -n 's/^\.It \([0-9]*\)$/\1/p' | sort -u >"$tmp/status-in-manual"
	{
		missing "$tmp/status-in-manual" "$tmp/status" "the manual lacks"
		missing "$tmp/status" "$tmp/status-in-manual" "the source lacks"
	} | none_wrong "EXIT STATUS has every exit status, and no other"
}
