#!/bin/sh
# wirelab as its user has it: every lab run, checked and repeated, killed, run beside others.
# Counts by default are such that this takes seconds; at full size it is what the project
# promises:  LAB_RUNS=50 LAB_BUSY=20 LAB_KILLS=50 LAB_TOGETHER=20 sh tests/net/test_wirelab.sh
set -u
B=${B:-build/debug}
W=$PWD/$B/bin/wirelab
RUNS=${LAB_RUNS:-2} BUSY=${LAB_BUSY:-1} KILLS=${LAB_KILLS:-5} TOGETHER=${LAB_TOGETHER:-4}
top=$PWD
. tests/support/counts.sh
export LC_ALL=C.UTF-8

dir=$(mktemp -d "${TMPDIR:-/tmp}/wirelab-XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
# What a learner is remembered by lies in here as well.
export XDG_STATE_HOME="$dir/state"
cd "$dir" || exit 1

[ -x "$W" ] || { skip "$W is not built"; finish; }
"$W" doctor >doctor 2>&1 || { skip "labs cannot run here: $(grep -m1 FAILED doctor)"; finish; }
carriers=''
for c in tap veth; do
	"$W" run 09 --carrier $c -o try.pcapng >/dev/null 2>err && carriers="$carriers $c" ||
		skip "$c: $(cat err)"
done
labs=$("$W" list | cut -c1-2)
[ -n "$carriers" ] && [ -n "$labs" ] || finish
name_of() { "$W" list --json | sed -n 's/.*"lab":"\('"$1"'-[^"]*\)".*/\1/p'; }

# ---- the same bytes, every time ------------------------------------------------------------
for nr in $labs; do
	name=$(name_of "$nr")
	runs=$RUNS
	# Those wait for kernels' timers, some seconds each time.
	"$W" list --json | grep "\"$name\"" | grep -q '"timers":true' && [ "$RUNS" -lt 10 ] && runs=1
	what="$name: $runs runs on each of$carriers give the same bytes"
	different=''
	mkdir -p first again
	"$W" run "$nr" -o first/$name.pcapng >out 2>err || different="a run ends with status $?: $(tail -n 3 out err)"
	for c in $carriers; do
		n=0
		while [ -z "$different" ] && [ $n -lt "$runs" ]; do
			n=$((n + 1))
			rm -f again/*
			"$W" run "$nr" --carrier $c -o again/$name.pcapng >out 2>err ||
				different="run $n on $c ends with status $?: $(tail -n 3 out err)"
			for f in first/$name*.pcapng; do
				cmp -s "$f" "again/${f#first/}" || different="run $n on $c: ${f#first/}"
			done
		done
	done
	[ -z "$different" ] && good "$what" || bad "$what" "$different"

	# The shipped ones are compared where the kernel is of the same series.
	for f in first/$name*.pcapng; do
		shipped=$top/captures/${f#first/}
		what="$name: ${shipped##*/} as it is shipped passes its check"
		case $f in
		first/$name.pcapng)
			set -- "$shipped"
			for more in "$top"/captures/$name-*.pcapng; do
				[ -e "$more" ] && set -- "$@" "$more"
			done
			"$W" check "$nr" "$@" >out 2>&1 && good "$what" || bad "$what" "$(cat out)"
			;;
		esac
		# The section header's lines tell the kernel: uname's first two numbers.
		series="Linux $(uname -r | sed 's/^\([0-9]*\.[0-9]*\).*/\1/')"
		if grep -aq "$series" "$shipped"; then
			what="$name: ${shipped##*/} is what a run writes"
			cmp -s "$f" "$shipped" && good "$what" || bad "$what" "\"make captures\" shows what changed"
		fi
	done
done

# ---- what others read in them --------------------------------------------------------------
if command -v tshark >/dev/null && command -v capinfos >/dev/null; then
	for nr in $labs; do
		name=$(name_of "$nr")
		"$W" run "$nr" --lang zh -o zh.pcapng >/dev/null 2>&1
		for f in first/$name*.pcapng zh.pcapng; do
			what="$name: tshark and capinfos read ${f#first/} without a word, and a remark on every frame, in its language"
			# As root, tshark says so.
			tshark -r "$f" -T fields -e frame.number -e frame.comment >said 2>err
			status=$?
			grep -v '^Running as user' err >words
			capinfos "$f" >/dev/null 2>>words || status=1
			silent=$(awk -F'\t' '$2 == "" { print $1; exit }' said)
			# In its language, and in no other.
			case $f in
			zh.*) silent=$silent$(grep -vP '\p{Han}' said | head -n 1 | cut -f1) ;;
			*) silent=$silent$(grep -P '\p{Han}' said | head -n 1 | cut -f1) ;;
			esac
			if [ $status != 0 ] || [ -s words ]; then
				bad "$what" "status $status: $(head -n 3 words)"
			elif [ -n "$silent" ] || [ ! -s said ]; then
				bad "$what" "frame $silent has none"
			else
				good "$what"
			fi
		done
		what="$name: hosts have names in Wireshark"
		tshark -r "first/$name.pcapng" -N n -T fields -e _ws.col.Source -e _ws.col.Destination 2>/dev/null |
			grep -q -e alice -e bob && good "$what" || {
			# ARP shows cards, not addresses.
			tshark -r "first/$name.pcapng" -Y ip -T fields -e ip.src 2>/dev/null | grep -q . &&
				bad "$what" "neither alice nor bob is there" || good "$what"; }
	done
else
	skip "what tshark reads: it is not installed"
fi

# ---- a learner's own way ---------------------------------------------------------------------
for nr in $labs; do
	name=$(name_of "$nr")
	what="$name: another seed has other addresses, and passes"
	if "$W" run "$nr" --seed another -o other.pcapng >out 2>&1 &&
		"$W" check "$nr" other*.pcapng >out 2>&1 && ! cmp -s other.pcapng "first/$name.pcapng"; then
		good "$what"
	else
		bad "$what" "$(tail -n 3 out)"
	fi
	rm -f other*.pcapng
done
head -c 4000 first/09-nagle.pcapng >cut.pcapng
"$W" check 09 cut.pcapng >out 2>err
[ $? = 3 ] && [ "$(wc -l <err)" = 1 ] && grep -q 'cut.pcapng' err &&
	good "a capture that is cut off is judged as far as it goes: status 3, and one line says where it ends" ||
	bad "a capture that is cut off" "$(cat out err)"
"$W" check 09 "$W" >out 2>err
[ $? = 3 ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ] &&
	good "a file that is no capture is told so in one line: status 3" || bad "a file that is no capture" "$(cat out err)"
"$W" check 09 first/09-nagle.pcapng --seed stranger >out 2>err
[ $? = 1 ] && grep -q 'nothing in this capture belongs to lab 09' err &&
	good "a capture of something else is told so: status 1" || bad "a capture of something else" "$(cat out err)"
"$W" check 09 no-such-file >out 2>err
[ $? = 3 ] && grep -q 'no-such-file' err && good "a file that is not there is named" || bad "a file that is not there" "$(cat err)"
# tcpdump's files of old do not say at whose card they were taken.
if command -v tcpdump >/dev/null; then
	tcpdump -r first/01-arp.pcapng -w mine.pcap 2>err && tcpdump -r first/01-arp-carol.pcapng -w mine-carol.pcap 2>>err
	"$W" check 01 mine.pcap mine-carol.pcap >out 2>>err && grep -q 'ok    Neither' out &&
		good "a file that is called ...-carol is carol's" || bad "mine-carol.pcap" "$(cat out err)"
	mv mine-carol.pcap notcarol.pcap
	"$W" check 01 mine.pcap notcarol.pcap >out 2>err
	[ $? = 2 ] && grep -q 'there is a capture at alice already' err &&
		good "one that is called otherwise is not: status 2" || bad "notcarol.pcap" "$(cat out err)"
else
	skip "files named after hosts: tcpdump is not installed"
fi
for wrong in 'run' 'run 77' 'run x' 'fly' 'run 09 --carrier pigeon' 'run 09 --lang fr' 'run 09 --seed a/b' 'check' 'shell 09' ''; do
	"$W" $wrong >out 2>err </dev/null
	[ $? = 2 ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ] && good "\"wirelab $wrong\" is told in one line: status 2" ||
		bad "wirelab $wrong" "$(cat out err)"
done
"$W" run 09 -o /nonexistent/x.pcapng >out 2>err
[ $? = 5 ] && good "a capture that cannot be written: status 5" || bad "a capture that cannot be written" "$(cat err)"
"$W" run 09 -o /dev/full >out 2>err
[ $? = 5 ] && good "a full disk: status 5" || bad "a full disk" "$(cat err)"
"$W" run 09 >/dev/full 2>err
[ $? = 5 ] && good "a full standard output: status 5" || bad "a full standard output" "$(cat err)"
"$W" run 09 --json >out 2>err && ! grep -v '^{.*}$' out && grep -q '"state":"holds"' out &&
	good "--json is an object a line" || bad "--json" "$(head -n 3 out)"
rm -rf "$XDG_STATE_HOME"
"$W" explain 09 >out 2>err
[ $? = 1 ] && "$W" run 09 >/dev/null 2>&1 && "$W" explain 09 >out 2>&1 && grep -q 'RFC 896' out &&
	good "the explanation comes after a passed check" || bad "explain" "$(cat out err)"
"$W" hint 09 >one 2>&1 && "$W" hint 09 >two 2>&1 && ! cmp -s one two && grep -q 'hint 2 of' two &&
	good "hints come one at a time" || bad "hint" "$(cat one two)"

# Lab 05 waits for two timers of a second each.
mkdir stuck
(cd stuck && "$W" run 05 --limit 1 -o x.pcapng >out 2>err)
[ $? = 1 ] && grep -q 'lab 05 is stuck, and is ended; its last call was' stuck/err && [ ! -e stuck/x.pcapng ] &&
	good "a run that takes too long is ended, and says in which call" || bad "the watchdog" "$(cat stuck/err)"

# ---- many at once, and a busy machine ----------------------------------------------------------
together()	# HOW-MANY of each lab, all at the same time; how many of them failed
{
	pids='' wrong=0
	for nr in $labs; do
		i=0
		while [ $i -lt "$1" ]; do
			i=$((i + 1))
			"$W" run "$nr" -o "t-$nr-$i.pcapng" >"t-$nr-$i.out" 2>&1 &
			pids="$pids $!"
		done
	done
	for p in $pids; do
		wait "$p" || wrong=$((wrong + 1))
	done
	return $wrong
}
what="$TOGETHER of each lab at the same time all pass"
together "$TOGETHER" && good "$what" || bad "$what" "$? did not: $(grep -h -A1 FAIL t-*.out | head -n 4)"
rm -f t-*

# Timers may come late on such a machine, and then the times differ, but no check fails.
busy=''
for i in 1 2 3 4; do
	sh -c 'while :; do :; done' &
	busy="$busy $!"
done
wrong=''
n=0
while [ $n -lt "$BUSY" ]; do
	n=$((n + 1))
	for nr in $labs; do
		"$W" run "$nr" -o busy.pcapng >out 2>&1 || wrong="$wrong lab $nr, run $n: $(grep -A1 FAIL out | head -n 3)"
	done
done
for p in $busy; do kill "$p"; done
wait $busy 2>/dev/null
what="beside four busy loops $BUSY of $BUSY runs of each lab pass"
[ -z "$wrong" ] && good "$what" || bad "$what" "$wrong"

# ---- killed ------------------------------------------------------------------------------------
state()		# of the machine: links, addresses, routes, settings, namespaces that somebody holds
{
	cat /proc/net/dev | cut -d: -f1
	cat /proc/net/route /proc/net/fib_trie 2>/dev/null
	cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/tcp_rmem /proc/sys/net/ipv4/tcp_timestamps \
		/proc/sys/net/ipv4/tcp_congestion_control
	ls -A "$dir/killed"
}
mkdir killed
state >before
i=0
n=0
while [ $i -lt "$KILLS" ]; do
	i=$((i + 1))
	for nr in $labs; do
		# From the first millisecond to the end of a run and beyond it, evenly.
		at=$(awk -v i=$i -v n="$KILLS" 'BEGIN { printf "%.4f", 0.120 * i / n }')
		rm -f killed/*
		(cd killed && exec "$W" run "$nr" -o k.pcapng >/dev/null 2>&1) &
		pid=$!
		sleep "$at"
		kill -KILL $pid 2>/dev/null && n=$((n + 1))
		wait $pid 2>/dev/null
		# A capture is whole or not there; nothing else may be.
		if [ -e killed/k.pcapng ] && ! "$W" check "$nr" killed/k*.pcapng >out 2>&1; then
			cp killed/k.pcapng broken.pcapng
		fi
		ls -A killed | grep -v '^k[-a-z]*\.pcapng$' >>strange
		rm -f killed/*
	done
done
what="$n runs were killed: what was written is whole"
[ -e broken.pcapng ] && bad "$what" "a capture is not" || good "$what"
what="no other file is left of them"
[ -s strange ] && bad "$what" "$(head -n 3 strange)" || good "$what"
# The kernel takes namespaces down after their last holder; that may take it a moment.
n=0
while [ $n -lt 20 ] && { state >after; ! cmp -s before after; }; do
	n=$((n + 1))
	sleep 0.1
done
what="links, addresses, routes and settings of the machine are what they were"
cmp -s before after && good "$what" || bad "$what" "$(diff before after | head -n 4)"
what="no process is left of them"
left=$(for p in /proc/[0-9]*; do
	readlink "$p/cwd" 2>/dev/null | grep -q "^$dir/killed" && echo "${p#/proc/}"
done)
[ -z "$left" ] && good "$what" || bad "$what" "$left"
finish
