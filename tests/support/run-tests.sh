#!/bin/sh
# run-tests.sh TEST...: runs each test program or script, and counts; TEST_JOBS=n so many at a time.
# A test prints TAP lines (cmocka does, told by its environment): "ok", "not ok", and
# "# SKIP" or "skip - why" for what could not be tried here.  A program that dies, or
# counts nothing, has failed.  The last line is for the world: N passed, N failed, N skipped.
set -u
export CMOCKA_MESSAGE_OUTPUT=TAP

limit=''
command -v timeout >/dev/null && limit="timeout -k 5 ${TEST_SECONDS:-300}"

# run TEST LOG: its output in LOG, what there is to be told in LOG.told, counts in LOG.counts
run()
{
	name=${1##*/} log=$2
	# LeakSanitizer cannot work under strace, and costs a program its half second at the end.
	case $name in
	test_arpq* | *.sh) ASAN_OPTIONS=detect_leaks=0 ;;
	*) ASAN_OPTIONS= ;;
	esac
	export ASAN_OPTIONS
	case $1 in
	*.sh) $limit sh "$1" >"$log" 2>&1 ;;
	*) $limit "$1" >"$log" 2>&1 ;;
	esac
	status=$?
	# Good, bad, skipped.  cmocka 1.1.5 writes a skip as "not ok 3 # SKIP name".
	set -- $(awk '/^(not )?ok .*# SKIP/ || /^skip - / { s++; next } /^ok / { g++ } /^not ok / { b++ }
		END { print g + 0, b + 0, s + 0 }' "$log")
	good=$1 bad=$2 skip=$3
	if [ "$status" -ne 0 ] && [ "$bad" = 0 ]; then
		bad=1
		echo "not ok - $name ended with status $status" >>"$log"
	elif [ "$((good + bad + skip))" = 0 ]; then
		bad=1
		echo "not ok - $name tested nothing" >>"$log"
	fi
	{
		printf '  %-28s %4d passed' "$name" "$good"
		[ "$skip" = 0 ] || printf ', %d skipped' "$skip"
		[ "$bad" = 0 ] || printf ', %d FAILED' "$bad"
		printf '\n'
		grep -E '# SKIP|^skip - |^skipped: ' "$log" | sed 's/^/    /'
		[ "$bad" = 0 ] || sed 's/^/    /' "$log"
	} >"$log.told"
	echo "$good $bad $skip" >"$log.counts"
}

# For the jobs below: one of the tests.
if [ "${1:-}" = --one ]; then
	run "$4" "$2/$3"
	exit 0
fi

out=$(mktemp -d "${TMPDIR:-/tmp}/wirelab-tests.XXXXXX") || exit 1
trap 'rm -rf "$out"' EXIT
trap 'exit 130' INT TERM

# "0001 TEST", a line each.
numbered()
{
	n=0
	for t; do
		n=$((n + 1))
		printf '%04d %s\n' "$n" "$t"
	done
}

# With one job each is told as soon as it has ended, else all are told at the end, in their order.
if [ "${TEST_JOBS:-1}" = 1 ]; then
	numbered "$@" | while read -r number t; do
		(run "$t" "$out/$number") </dev/null
		cat "$out/$number.told"
	done
else
	numbered "$@" | xargs -P "$TEST_JOBS" -L 1 sh "$0" --one "$out"
	cat "$out"/*.told
fi
cat "$out"/*.counts | awk '{ g += $1; b += $2; s += $3 }
	END { printf "%d passed, %d failed, %d skipped\n", g, b, s; exit b > 0 }'
