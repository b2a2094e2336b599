#!/bin/sh
# What wirelab says of itself, what its manual page and the README say, and what it does: the same
# options, commands, exit statuses and JSON keys everywhere, and examples that come out as shown,
# the lab that is done by hand among them.
# Runs from the top of the source tree; B names the build.
set -u
LC_ALL=C
export LC_ALL
B=${B:-build/debug}
PYTHON=${PYTHON:-/usr/bin/python3}
tool=$B/bin/wirelab
manual=src/cmd/wirelab.1
source=src/cmd/wirelab.c
header=src/cmd/wirelab/wirelab.h

# Shells of one user and lab share a network, which is found by a name that belongs to a network
# namespace: in one of our own, nobody else's is found.
if [ "${WIRELAB_MANUAL_TEST:-}" != inside ]; then
	export WIRELAB_MANUAL_TEST=inside
	[ "$(id -u)" = 0 ] && unshare -n true 2>/dev/null && exec unshare -n sh "$0"
	unshare -cn true 2>/dev/null && exec unshare -cn sh "$0"
	export WIRELAB_MANUAL_TEST=outside
fi
. tests/golden/manual.sh

page_is_clean
options_agree
exit_statuses_agree

# ---- names -----------------------------------------------------------------------------------

# Of $tmp/source and $tmp/help, one name a line.
grep -o 'strcmp(c, "[a-z]*")' "$source" | sed 's/.*"\(.*\)".*/\1/' >"$tmp/source"
section COMMANDS | awk '$1 == ".It" && $2 == "Cm" { print $3 }' >"$tmp/page"
both "every command is in the manual"
if [ -x "$tool" ]; then
	"$tool" --help | awk '/^  [a-z]/ { print $1 } /^ *--/ { exit }' >"$tmp/source"
	both "every command of the manual is in --help"
fi

# [DOCTOR_X] = { "name", ...: of what is tried, and of causes.
names_in()
{
	awk -v from="$1" '$0 ~ from { inside = 1 } inside && /^};/ { exit } inside' src/lab/doctor_view.c |
		grep -oE '\[DOCTOR_[A-Z_]+\] = \{ "[a-z_]+"' | sed 's/.*"\(.*\)"/\1/'
}
# The words of .Ql between two of the page's keys.
quoted_between()
{
	section JSON | awk -v from=".It Sy $1" -v to=".It Sy $2" '
		$0 == to { inside = 0 } inside && $1 == ".Ql" { print $2 } $0 == from { inside = 1 }'
}
names_in '^items\[|} items\[' >"$tmp/source"
quoted_between item state >"$tmp/page"
both "everything that the doctor tries is in the manual"
# What is fine has no cause.
names_in '^causes\[' | grep -vx fine >"$tmp/source"
quoted_between cause detail >"$tmp/page"
both "every cause that the doctor finds is in the manual"

if [ ! -x "$tool" ]; then
	echo "skip - $tool is not built: what it prints is not compared"
	exit $failed
fi
bin=$(cd "$B/bin" && pwd)
top=$PWD
PATH=$bin:$PATH
XDG_STATE_HOME=$tmp/state
export PATH XDG_STATE_HOME
mkdir "$tmp/play"

# ---- exit statuses ---------------------------------------------------------------------------

# ends STATUS WORDS COMMAND...
ends()
{
	wanted=$1 what=$2
	shift 2
	(cd "$tmp/play" && exec "$@") >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
	{ [ "$status" = "$wanted" ] || echo "it is $status: $(head -n 3 "$tmp/err")"; } |
		none_wrong "exit status $wanted: $what"
}

ends 0 "a list" wirelab list
ends 2 "an option that there is not" wirelab --fly
ends 2 "a lab that there is not" wirelab run 99
ends 3 "a capture that is none" wirelab check 09 "$top/$manual"
ends 3 "a capture that is not there" wirelab check 09
ends 0 "a capture as it must be" wirelab check 09 "$top/captures/09-nagle.pcapng"
ends 1 "a capture of something else" wirelab check 09 "$top/captures/09-nagle.pcapng" --seed other
ends 5 "standard output that is full" sh -c 'exec wirelab list >/dev/full'
rm -rf "$XDG_STATE_HOME"
ends 1 "an explanation before its time" wirelab explain 09
# A user namespace in which there may be no others: as if the system did not allow any.
forbid='echo 0 >/proc/sys/user/max_net_namespaces && echo 0 >/proc/sys/user/max_user_namespaces'
if unshare -Ur sh -c "$forbid" 2>/dev/null; then
	ends 7 "a network that is forbidden" unshare -Ur sh -c "$forbid && exec wirelab run 09"
	ends 1 "a doctor who finds that" unshare -Ur sh -c "$forbid && exec wirelab doctor"
else
	echo "skip - exit status 7: no user namespace can be made here to forbid anything in"
fi
if ! wirelab doctor >"$tmp/doctor" 2>&1; then
	echo "skip - the examples, and statuses of runs: labs cannot run here: $(grep -m1 FAILED "$tmp/doctor")"
	exit $failed
fi
ends 0 "a doctor who finds nothing" wirelab doctor
ends 5 "a capture for which there is no room" wirelab run 09 -o /dev/full
ends 9 "that of the command on a host" wirelab shell 09 alice -- sh -c 'exit 9'
ends 127 "a command that is not on a host" wirelab shell 09 alice no-such-command
ends 137 "a command on a host that was killed" wirelab shell 09 alice sh -c 'kill -KILL $$'
ends 2 "a host that there is not" wirelab shell 09 zoe true

# ---- JSON --------------------------------------------------------------------------------------

(
	cd "$tmp/play" || exit 1
	wirelab list --json
	wirelab run 09 --json
	wirelab check 09 --seed other --json
	wirelab doctor --json
) >"$tmp/objects" 2>/dev/null
keys <"$tmp/objects" >"$tmp/output-keys"
keys_of_the_page >"$tmp/page-keys"
missing "$tmp/page-keys" "$tmp/output-keys" "the manual lacks" |
	none_wrong "every JSON key that is printed is in the manual, under its object's type"
missing "$tmp/output-keys" "$tmp/page-keys" "wirelab does not print" |
	none_wrong "every JSON key of the manual is printed"

# ---- examples ------------------------------------------------------------------------------------

# On a terminal of 80 columns, with the answers that the example shows.
cat >"$tmp/answer.py" <<'END'
import fcntl, os, pty, select, struct, sys, termios, time

with open(sys.argv[2]) as f:
    asked = [line.split(": ")[1] for line in f if line.startswith("   your answer: ")]
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "dumb"
    os.execvp("sh", ["sh", sys.argv[1]])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
shown, answered, limit = "", 0, time.monotonic() + 30
while time.monotonic() < limit:
    if not select.select([fd], [], [], 0.2)[0]:
        continue
    try:
        got = os.read(fd, 65536)
    except OSError:
        break
    if not got:
        break
    shown += got.decode(errors="replace")
    while answered < min(shown.count("   your answer: "), len(asked)):
        os.write(fd, asked[answered].encode())
        answered += 1
os.close(fd)
os.waitpid(pid, 0)
print(shown.replace("\r\n", "\n"), end="")
END

# try PAGE N: what it prints is in $tmp/out.  False: it was skipped, which was said.
try()
{
	file=$tmp/$1.$2.sh
	for other in jq tshark ip; do
		if grep -qw "$other" "$file" && ! command -v "$other" >/dev/null; then
			echo "skip - $other is not installed: $(head -n 1 "$file")"
			return 1
		fi
	done
	if ! grep -q '^   your answer: ' "$tmp/$1.$2.shown"; then
		(cd "$tmp/play" && sh "$file") >"$tmp/out" 2>&1 </dev/null
		return 0
	fi
	[ -x "$PYTHON" ] || { echo "skip - no $PYTHON to answer questions: $(head -n 1 "$file")"; return 1; }
	(cd "$tmp/play" && "$PYTHON" "$tmp/answer.py" "$file" "$tmp/$1.$2.shown") >"$tmp/out" 2>&1
}

literal_of_the_section EXAMPLES | examples "$tmp/manual"
awk '/^```/ { inside = !inside; print "@"; next } inside' README.md | examples "$tmp/readme"
tried=0
for page in manual readme; do
	rm -rf "$XDG_STATE_HOME" "$tmp/play"
	mkdir "$tmp/play"
	n=0
	# One may need what the one before has written, so they are tried as they stand there.
	while [ -e "$tmp/$page.$((n += 1)).sh" ]; do
		grep -qE '^wirelab |[0-9]-[a-z]*\.pcapng' "$tmp/$page.$n.sh" || continue
		try $page $n || continue
		compare "$tmp/out" "$tmp/$page.$n.shown" |
			none_wrong "an example of the $page comes out as shown: $(head -n 1 "$tmp/$page.$n.sh")"
		tried=$((tried + 1))
	done
done
[ "$tried" -ge 10 ] || echo "only $tried were found" | none_wrong "there are ten examples to be tried"

# ---- a lab by hand ---------------------------------------------------------------------------------

# The section shows two programs, what is typed in three terminals, and what is said in the end.
literal_of_the_section 'BY HAND' | awk -v to="$tmp/hand." '
	BEGIN { n = 1 } /^@/ { n++; next } { print >to n }'
by_hand()
{
	cp "$tmp/hand.1" bob.py
	cp "$tmp/hand.2" alice.py
	sed -n 's/^\$ \(.* bob python3\)/exec \1/p' "$tmp/hand.3" >one
	# Ctrl-C is for the program, not for the shell around it.
	sed -n 's/^\$ \(.* alice\) \(tcpq .*\)/\1 sh -c "echo \\$\\$ >pid; exec \2"/p' "$tmp/hand.3" >two
	sed -n 's/^\$ \(.* alice python3\)/exec \1/p' "$tmp/hand.3" >three
	if ! [ -s one ] || ! [ -s two ] || ! [ -s three ]; then
		echo "the manual does not show three commands"
		return
	fi
	timeout 60 sh one >said.one 2>&1 &
	bob=$!
	# Who comes first makes the network, so bob has to have come; 7001 is 1b59: he listens.
	wait_for 'grep -q @wirelab/ /proc/net/unix && wirelab shell 09 bob grep -q :1B59 /proc/net/tcp' ||
		echo "nobody listens: $(cat said.one)"
	timeout 60 sh two >said.two 2>&1 &
	tcpq=$!
	# A line below the heading is a packet socket.
	wait_for 'wirelab shell 09 alice sed -n 2p /proc/net/packet | grep -q .' ||
		echo "nobody captures: $(cat said.two)"
	timeout 60 sh three || echo "alice.py ends with status $?"
	kill -INT "$(cat pid)"
	wait $tcpq || echo "tcpq ends with status $?: $(cat said.two)"
	# The first shell carries the frames of the others, and stays until they have left.
	wait $bob || echo "bob.py ends with status $?: $(cat said.one)"
	sed -n 's/^\$ //p' "$tmp/hand.4" >check
	sh check >"$tmp/out" 2>&1 || echo "$(cat check) ends with status $?: $(cat "$tmp/out")"
	sed '/^\$ /d' "$tmp/hand.4" >"$tmp/hand.shown"
	compare "$tmp/out" "$tmp/hand.shown"
}
wait_for()
{
	i=0
	until sh -c "$1" >/dev/null 2>&1; do
		i=$((i + 1))
		[ $i -lt 200 ] || return 1
		sleep 0.1
	done
}
if [ "$WIRELAB_MANUAL_TEST" != inside ]; then
	echo "skip - the lab by hand: no network namespace can be had here, and another's shells might be met"
elif ! command -v python3 >/dev/null || [ ! -x "$bin/tcpq" ]; then
	echo "skip - the lab by hand: python3 is not installed, or tcpq not built"
else
	# Who is kept off the processor for 20 ms amid his ten writes has paused, and is rightly judged so.
	for once in 1 2 3; do
		(cd "$tmp/play" && by_hand) >"$tmp/wrong" 2>&1
		[ -s "$tmp/wrong" ] || break
		echo "# try $once: $(paste -s -d ' ' "$tmp/wrong")"
	done
	none_wrong <"$tmp/wrong" "the lab that the manual does by hand passes, as it shows"
fi
exit $failed
