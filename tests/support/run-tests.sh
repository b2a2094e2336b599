#!/bin/sh
# run-tests.sh TEST...: runs each test program or script, one after the other, and counts.
# A test prints TAP lines (cmocka does, told by its environment): "ok", "not ok", and
# "# SKIP" or "skip - why" for what could not be tried here.  A program that dies, or
# counts nothing, has failed.  The last line is for the world: N passed, N failed, N skipped.
set -u
out=$(mktemp -d "${TMPDIR:-/tmp}/wirelab-tests.XXXXXX") || exit 1
trap 'rm -rf "$out"' EXIT
trap 'exit 130' INT TERM
passed=0 failed=0 skipped=0
export CMOCKA_MESSAGE_OUTPUT=TAP

limit=''
command -v timeout >/dev/null && limit="timeout -k 5 ${TEST_SECONDS:-300}"

tests="$*"
for t in $tests; do
	name=${t##*/}
	# LeakSanitizer cannot work under strace, and costs a program its half second at the end.
	case $name in
	test_arpq* | *.sh) ASAN_OPTIONS=detect_leaks=0 ;;
	*) ASAN_OPTIONS= ;;
	esac
	export ASAN_OPTIONS
	case $t in
	*.sh) $limit sh "$t" >"$out/log" 2>&1 ;;
	*) $limit "$t" >"$out/log" 2>&1 ;;
	esac
	status=$?
	# Good, bad, skipped.  cmocka 1.1.5 writes a skip as "not ok 3 # SKIP name".
	set -- $(awk '/^(not )?ok .*# SKIP/ || /^skip - / { s++; next } /^ok / { g++ } /^not ok / { b++ }
		END { print g + 0, b + 0, s + 0 }' "$out/log")
	good=$1 bad=$2 skip=$3
	if [ "$status" -ne 0 ] && [ "$bad" = 0 ]; then
		bad=1
		echo "not ok - $name ended with status $status" >>"$out/log"
	elif [ "$((good + bad + skip))" = 0 ]; then
		bad=1
		echo "not ok - $name tested nothing" >>"$out/log"
	fi
	passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + skip))
	printf '  %-28s %4d passed' "$name" "$good"
	[ "$skip" = 0 ] || printf ', %d skipped' "$skip"
	[ "$bad" = 0 ] || printf ', %d FAILED' "$bad"
	printf '\n'
	grep -E '# SKIP|^skip - |^skipped: ' "$out/log" | sed 's/^/    /'
	[ "$bad" = 0 ] || sed 's/^/    /' "$out/log"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
