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

# ---- languages ---------------------------------------------------------------------------
lab=tests/golden/lab.pcap
exits 2 "a language that it does not speak is a question of usage" "$tcpq" --lang tlh "$lab"
for view in --ladder --explain; do
	LC_ALL=C "$tcpq" --lang zh $view "$lab" >"$dir/zh"
	LC_ALL=C grep -E '[a-z]+ [a-z]+ [a-z]+' "$dir/zh" >"$dir/english"
	if ! grep -q '客户端' "$dir/zh"; then
		bad "--lang zh $view is Chinese" "it does not name the client"
	elif [ -s "$dir/english" ]; then
		bad "--lang zh $view is Chinese" "$(head -n 1 "$dir/english")"
	else
		ok "--lang zh $view is Chinese"
	fi
done
LC_ALL=C "$tcpq" --explain "$lab" >"$dir/en"
LC_ALL=zh_CN LC_MESSAGES=zh_CN LANG=zh_CN "$tcpq" --explain "$lab" | cmp -s - "$dir/en" &&
	ok "a Chinese locale alone changes no word" ||
	bad "a Chinese locale alone changes no word" "it does"
"$tcpq" --segments "$lab" >"$dir/en"
"$tcpq" --lang zh --segments "$lab" | cmp -s - "$dir/en" && ok "JSON is the same in every language" ||
	bad "JSON is the same in every language" "they differ"
"$tcpq" --lang zh -w "$dir/zh.pcapng" "$lab" >/dev/null
grep -aq '客户端请求与服务器建立连接：' "$dir/zh.pcapng" && ok "remarks of -w are Chinese, too" ||
	bad "remarks of -w are Chinese, too" "they are not"
for view in html svg; do
	"$tcpq" --lang zh --stream 1 --$view "$dir/zh.$view" "$lab"
	grep -q 'lang="zh-CN"' "$dir/zh.$view" && grep -q '延迟确认' "$dir/zh.$view" &&
		ok "and so is --$view" || bad "and so is --$view" "it is not"
done

# ---- damaged captures --------------------------------------------------------------------
# What may happen with one: in two seconds and 256 MiB its whole packets are shown, the status is
# 0 or 3, and nothing of it reaches the terminal or a file as it is.
seconds=2 kib=262144

# Seconds of the processor, so that a busy machine is no failure; asleep nobody waits longer than
# a minute.  Of memory, the whole address space is counted, which is more than what is in use.
within()
{
	(ulimit -t "$seconds" && { [ -z "$kib" ] || ulimit -v "$kib"; } && exec timeout 60 "$@")
}

# must_be STATUS WHAT FILE: what was done to the file tells; where it may be harmless, both are
# right.  A drawing wants one connection: without any, or with several, $unharmed is another.
must_be()
{
	case $2:$3 in
	cut*|hugecap:*|zerocap:*) want=3 ;;
	degenerate*:own__hdronly.pcap|degenerate*:own__ng_hdronly.pcapng) want=$unharmed ;;
	degenerate*) want=3 ;;
	*) want="3 $unharmed" ;;
	esac
	case " $want " in *" $1 "*) ;; *) return 1 ;; esac
}

# is_harmless FILE: UTF-8, and no control character (C0 but tab and newline, DEL, C1)
is_harmless()
{
	iconv -f utf-8 -t utf-8 "$1" >/dev/null 2>"$dir/err" &&
		! LC_ALL=C grep -anP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$1" >"$dir/err"
}

# Whatever a capture is called.
name=$(printf 'a\033[31m\r\377\302\233<b>"&.pcap')
cp tests/fuzz/seeds/capture/connection "$dir/$name"
for view in '' --json --ladder --explain --segments --messages --arp --frag --udp \
	"--svg=$dir/picture" "--html=$dir/picture"; do
	: >"$dir/picture"
	"$tcpq" ${view:+"$view"} "$dir/$name" >"$dir/out" 2>&1
	status=$?
	cat "$dir/picture" >>"$dir/out"
	[ "$status" = 0 ] && is_harmless "$dir/out" || echo "${view%%=*}: status $status"
done >"$dir/wrong"
[ -s "$dir/wrong" ] && bad "a capture's name is never written raw" "$(head -n 1 "$dir/wrong")" ||
	ok "a capture's name is never written raw"

# each_damaged OPTION...: a line for each status that is wrong; all that was written in $dir/all
each_damaged()
{
	tab=$(printf '\t')
	: >"$dir/all"
	while IFS=$tab read -r file _ _ _ _ _ what; do
		[ "$file" != file ] || continue
		: >"$dir/picture"
		within "$tcpq" "$@" "$corpus/malformed/$file" >"$dir/out" 2>"$dir/err" </dev/null
		status=$?
		# A drawing is one connection: none is status 1, several are 2, and which is asked.
		case ${1:-},$status in
		--svg=*,[12]) [ ! -s "$dir/picture" ] || echo "$file: status $status, and a picture" ;;
		*) must_be "$status" "$what" "$file" || echo "$file: status $status" ;;
		esac
		cat "$dir/out" "$dir/err" "$dir/picture" >>"$dir/all"
	done <"$corpus/MALFORMED.tsv"
}

damaged_files()
{
	[ "$(wc -l <"$corpus/MALFORMED.tsv")" -ge 72 ] || {
		bad "there are damaged captures in the corpus" "$corpus/MALFORMED.tsv names too few"
		return
	}
	within "$tcpq" --version >/dev/null 2>&1 || {
		echo "skip - $kib KiB of addresses are too few for the sanitizers: memory is not bounded"
		kib=
	}
	for view in '' --json --ladder --explain --segments --messages --arp --frag --udp \
		"--svg=$dir/picture" "--html=$dir/picture"; do
		shown=${view%%=*}
		shown=${shown:-the table}
		"$tcpq" ${view:+"$view"} "$whole" >/dev/null 2>&1
		if [ $? = 2 ]; then
			echo "skip - damaged captures with $shown: there is no such option"
			continue
		fi
		case $shown in --svg) unharmed='0 1 2' ;; *) unharmed=0 ;; esac
		each_damaged ${view:+"$view"} >"$dir/wrong"
		[ -s "$dir/wrong" ] && bad "no damaged capture harms $shown" "$(head -n 3 "$dir/wrong")" ||
			ok "no damaged capture harms $shown"
		is_harmless "$dir/all" && ok "nor is anything of it raw in what is written" ||
			bad "nor is anything of it raw in what is written" "$(head -n 1 "$dir/err" | LC_ALL=C sed 's/[^ -~]/?/g')"
	done
}

# ---- the views, over the captures of the corpus ---------------------------------------------
# Ladders and explanations within 80 columns, in ASCII so that a byte is a column.
fit_the_terminal()
{
	for file in "$corpus"/pcaps/*; do
		for view in --ladder --explain; do
			LC_ALL=C "$tcpq" $view "$file" 2>/dev/null |
				awk -v what="$view ${file##*/}" 'length > 80 { print what ": " $0; exit }'
		done
	done >"$dir/wide"
	[ -s "$dir/wide" ] && bad "ladders and explanations fit 80 columns" "$(head -n 1 "$dir/wide")" ||
		ok "ladders and explanations fit 80 columns"
}

# says CAPTURE PATTERN WHAT: what is known of these captures from who made them.
says()
{
	LC_ALL=C "$tcpq" --ladder "$corpus/pcaps/kern__$1.pcap" 2>/dev/null | tr -s ' |\n' '   ' >"$dir/out"
	grep -q -e "$2" "$dir/out" && ok "$3" || bad "$3" "kern__$1.pcap: no \"$2\""
}

known_stories()
{
	says nagle_on 'held for the ACK (Nagle)' "small writes are held back by Nagle's rule"
	says loss_tail 'X 6 bytes; lost' "a lost segment is a broken arrow"
	says loss_tail 'timeout: again after 246' "and is sent again when the timer runs out"
	says zero_window 'any room yet?' "a closed window is probed"
	says spurious_rto 'sent again, needlessly' "a timeout that came too early is told as such"
	says duplicated 'ACK 8002 .*has it already' "a DSACK tells what came twice"
	says pmtud 'ICMP 3/4 mtu 900.*too big for the next hop' "an ICMP error stands in the ladder"
	says pmtud 'again, in smaller pieces' "and explains what follows"
	says last_ack_lost 'TIME-WAIT.*LAST-ACK' "a FIN that comes again finds TIME-WAIT"
	says seq_wrap 'ACK 5001' "numbers are relative, also where they wrap"
	says tfo 'opens with 12 bytes' "data in a SYN is told"
}

# Every frame of -w has a remark, and other readers have nothing against the file.
remarks()
{
	command -v tshark >/dev/null || { echo "skip - tshark is not installed"; return; }
	for name in kern__pmtud kern__arp_acd kern__frag_udp4 kern__refused_v6 kern__duplicated; do
		"$tcpq" -w "$dir/w.pcapng" "$corpus/pcaps/$name.pcap" >/dev/null 2>"$dir/err" ||
			echo "$name: $(cat "$dir/err")"
		tshark -n -r "$dir/w.pcapng" -T fields -e frame.comment >"$dir/remarks" 2>"$dir/err" ||
			echo "$name: tshark does not read it"
		grep -v -e 'Running as user' -e '^$' "$dir/err"
		frames=$("$tcpq" --json "$corpus/pcaps/$name.pcap" |
			sed -n 's/.*"capture".*"frames":\([0-9]*\).*/\1/p')
		[ "$(grep -c . "$dir/remarks")" = "$frames" ] || echo "$name: frames without a remark"
	done >"$dir/wrong"
	[ -s "$dir/wrong" ] && bad "every frame of -w has a remark, and tshark reads it" "$(head -n 1 "$dir/wrong")" ||
		ok "every frame of -w has a remark, and tshark reads it"
}

cat >"$dir/well_formed.py" <<'EOF'
import os, subprocess, sys, xml.dom.minidom
tool, corpus, out = sys.argv[1:]
for name in sorted(os.listdir(corpus)):
    for view in "--html", "--svg":
        if os.path.exists(out):
            os.unlink(out)
        done = subprocess.run([tool, view, out, os.path.join(corpus, name)], capture_output=True)
        if done.returncode not in (0, 1, 2, 3):
            print(name, view, "status", done.returncode)
        if os.path.exists(out) and os.path.getsize(out):
            try:
                xml.dom.minidom.parse(out)
            except Exception as why:
                print(name, view, why)
EOF
drawings()
{
	python3 "$dir/well_formed.py" "$tcpq" "$corpus/pcaps" "$dir/drawing" >"$dir/wrong" 2>&1
	[ -s "$dir/wrong" ] && bad "drawings and pages are well-formed" "$(head -n 1 "$dir/wrong")" ||
		ok "drawings and pages are well-formed"
}

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
	damaged_files
	fit_the_terminal
	known_stories
	remarks
	drawings
fi
exit $failed
