#!/bin/sh
# tcpq as its user meets it: exit statuses, lost output, pipes, and, where the corpus of
# captures is at hand, every fact and counter against what is known of them.
set -u
B=${B:-build/debug}
tcpq=$B/bin/tcpq
dir=$(mktemp -d "${TMPDIR:-/tmp}/tcpq-test.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

ok()
{
	echo "ok - $1"
}

bad()
{
	failed=1
	echo "not ok - $1: $2"
}

# exits STATUS WHAT COMMAND...
exits()
{
	want=$1 what=$2
	shift 2
	"$@" >"$dir/out" 2>"$dir/err"
	is=$?
	if [ "$is" != "$want" ]; then
		bad "$what" "exit status $is: $(head -n 1 "$dir/err")"
	elif [ "$want" != 0 ] && [ "$(wc -l <"$dir/err")" != 1 ]; then
		bad "$what" "no line, or more than one, on standard error"
	else
		ok "$what"
	fi
}

whole=''
for seed in tests/fuzz/seeds/capfile/*; do
	"$tcpq" "$seed" >/dev/null 2>&1 && whole=$seed && break
done
[ -n "$whole" ] || { bad "a whole capture is read" "none of the seeds is"; exit 1; }

exits 0 "a whole capture is read" "$tcpq" "$whole"
exits 0 "and as JSON" "$tcpq" --json "$whole"
grep -q '^{"type":"capture",.*"damage":null}$' "$dir/out" && ok "whose last line tells of the capture" ||
	bad "whose last line tells of the capture" "$(tail -n 1 "$dir/out")"
"$tcpq" --json - <"$whole" | sed 's/"file":"[^"]*"//' >"$dir/piped"
sed 's/"file":"[^"]*"//' "$dir/out" | cmp -s - "$dir/piped" && ok "a pipe gives the same as a file" ||
	bad "a pipe gives the same as a file" "they differ"
head -c $(($(wc -c <"$whole") - 5)) "$whole" >"$dir/cut"
exits 3 "a cut capture is status 3" "$tcpq" "$dir/cut"
exits 3 "a file that is not there is status 3" "$tcpq" "$dir/nothing"
exits 3 "a file that is no capture is status 3" "$tcpq" "$0"
exits 3 "a folder is status 3" "$tcpq" "$dir"
exits 2 "no file at all is a question of usage" "$tcpq"
exits 2 "a typo in an option, too" "$tcpq" --jsno "$whole"
"$tcpq" --json "$whole" >/dev/full 2>"$dir/err"
[ $? = 5 ] && ok "a full disk is status 5" || bad "a full disk is status 5" "$(cat "$dir/err")"
"$tcpq" --help | awk 'length > 80 { bad = 1 } END { exit bad || NR > 40 }' && ok "--help fits a terminal" ||
	bad "--help fits a terminal" "it is too long or too wide"
if command -v mandoc >/dev/null; then
	mandoc -T lint -W style src/cmd/tcpq.1 2>&1 |
		grep -v -e 'referenced manual not found' -e 'outdated mandoc.db' >"$dir/lint"
	[ -s "$dir/lint" ] && bad "mandoc has nothing to say of tcpq.1" "$(head -n 1 "$dir/lint")" ||
		ok "mandoc has nothing to say of tcpq.1"
else
	echo "skip - mandoc is not installed"
fi

# ---- against the corpus ----------------------------------------------------------------
corpus=${WIRELAB_CORPUS:-../shared/corpus}
if [ ! -d "$corpus/pcaps" ]; then
	echo "skip - no corpus of captures at $corpus"
elif ! command -v python3 >/dev/null; then
	echo "skip - comparing with the corpus needs python3"
else
	here=$(pwd)
	case $tcpq in /*) ;; *) tcpq=$here/$tcpq ;; esac
	(cd "$corpus" && python3 compare.py --tool "$tcpq --json {f}" --show 100000) >"$dir/score" 2>&1
	# What is inside IPComp and CAPWAP is not read here: two captures, by name.  A damaged
	# packet inside MPLS whose nonsense another reader takes for fragments is the third.
	grep -E '^  [^ ]+ (stream|facts|counters|options|arp|frag|capture)\.' "$dir/score" |
		grep -v -e AH-IPcomp-IPv6 -e capwap -e mpls-6in6-broken >"$dir/differs"
	if [ -s "$dir/differs" ]; then
		bad "facts, counters and options are those of the corpus" "$(head -n 3 "$dir/differs")"
	elif ! grep -q '^facts *1[0-9][0-9][0-9][0-9] ' "$dir/score"; then
		bad "facts, counters and options are those of the corpus" "$(tail -n 3 "$dir/score")"
	else
		ok "facts, counters and options are those of the corpus"
	fi
	grep -q '^died' "$dir/score" && bad "no capture of the corpus kills it" "$(grep '^died' "$dir/score")" ||
		ok "no capture of the corpus kills it"
	WIRELAB_CORPUS=$corpus python3 tests/golden/trouble.py "$tcpq" >"$dir/trouble" 2>&1
	status=$?
	grep '^skip - ' "$dir/trouble"
	[ "$status" = 0 ] && ok "where it finds other trouble than tshark, the difference has a name" ||
		bad "where it finds other trouble than tshark, the difference has a name" \
			"see tests/golden/trouble.py: $(tail -n 1 "$dir/trouble")"
	killers=''
	for f in "$corpus"/malformed/*; do
		timeout 10 "$tcpq" --json "$f" >"$dir/out" 2>&1
		status=$?
		[ "$status" -le 3 ] || killers="$killers ${f##*/}($status)"
	done
	[ -z "$killers" ] && ok "nor does a damaged one" || bad "nor does a damaged one" "$killers"
fi
exit $failed
