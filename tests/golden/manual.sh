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

# both WHAT: the lines of $tmp/source and $tmp/page are the same.
both()
{
	sort -u "$tmp/source" >"$tmp/source.sorted"
	sort -u "$tmp/page" >"$tmp/page.sorted"
	{
		missing "$tmp/page.sorted" "$tmp/source.sorted" "the manual lacks"
		missing "$tmp/source.sorted" "$tmp/page.sorted" "the source lacks"
	} | none_wrong "$1"
}

# ---- JSON ------------------------------------------------------------------------------------

# Of objects on standard input: each one's type and each of its keys, on a line.  What stands in
# "skipped" and "trouble" are no keys of ours.
keys()
{
	awk 'match($0, /^\{"type":"[a-z_]*"/) {
		type = substr($0, 10, RLENGTH - 10)
		sub(/"skipped":\{[^}]*\}/, "\"skipped\":")
		sub(/"trouble":\{[^}]*\}/, "\"trouble\":")
		while (match($0, /"[a-z][a-z0-9_]*":/)) {
			print type, substr($0, RSTART + 1, RLENGTH - 3)
			$0 = substr($0, RSTART + RLENGTH)
		}
	}' | grep -v ' type$' | sort -u
}

# The same as the page has it.
keys_of_the_page()
{
	section JSON | awk '
		/^\.It type Dq / { type = $4; next }
		/^\.(It )?Sy / {
			for (i = $1 == ".It" ? 3 : 2; i <= NF && $i !~ /^[A-Z][a-z]$/; i++)
				if ($i ~ /^[a-z][a-z0-9_]*$/) print type, $i
		}' | grep -v '^ ' | sort -u
}

# ---- examples ---------------------------------------------------------------------------------

# A command stands behind "$ ", and goes on in lines that begin with four blanks; what it prints
# stands below.  Each becomes a file of its command and one of what is shown.
examples()
{
	awk -v to="$1" '
		/^\$ / { n++; command = to "." n ".sh"; shown = to "." n ".shown"; head = 1
			 print substr($0, 3) >command; next }
		/^(# |\^C|@)/ { command = "" }
		command == "" { next }
		head && /^    / { print >command; next }
		{ head = 0; print >shown }'
}

# Blanks and line ends may have been changed to fit; "..." stands for what was left out.
compare()
{
	awk 'NR == FNR { out = out " " $0; next }
		$0 == "..." { n++; next }
		{ chunk[n + 0] = chunk[n + 0] " " $0 }
		END {
			gsub(/[ \t]+/, " ", out)
			whole = out
			sub(/ $/, "", whole)
			for (i = 0; i <= n; i++) {
				gsub(/[ \t]+/, " ", chunk[i])
				if (chunk[i] ~ /^ ?$/)
					continue
				at = index(out " ", chunk[i] " ")
				if (at == 0) { print "it does not print:" substr(chunk[i], 1, 60); exit }
				out = substr(out, at + length(chunk[i]))
				seen = 1
			}
			if (!seen) print "nothing is shown"
			else if (!n && whole != chunk[0]) print "it prints more"
		}' "$1" "$2"
}

# What a section shows between .Bd -literal and .Ed, each followed by a line "@".
literal_of_the_section()
{
	section "$1" | awk '/^\.Bd -literal/ { inside = 1; next } /^\.Ed/ { inside = 0; print "@" }
		inside { sub(/^\\&/, ""); gsub(/\\e/, "\\"); print }'
}
