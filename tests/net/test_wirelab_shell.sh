#!/bin/sh
# wirelab shell: a shell on a host, the wire in real time, and a lab done by hand.
set -u
B=${B:-build/debug}
W=$PWD/$B/bin/wirelab
top=$PWD
. tests/support/counts.sh
export LC_ALL=C.UTF-8

# Shells of one user and lab join one network, found by a name that belongs to a network namespace:
# in one of our own, nobody else's is found.
if [ "${WIRELAB_SHELL_TEST:-}" != inside ]; then
	export WIRELAB_SHELL_TEST=inside
	[ "$(id -u)" = 0 ] && unshare -n true 2>/dev/null && exec unshare -n sh "$0"
	unshare -cn true 2>/dev/null && exec unshare -cn sh "$0"
	echo "skip - no namespace can be made here"
	exit 0
fi

dir=$(mktemp -d "${TMPDIR:-/tmp}/wirelab-shell-XXXXXX") || exit 1
# tcpdump may become another user before it opens its file.
chmod 755 "$dir"
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
export XDG_STATE_HOME="$dir/state"
cd "$dir" || exit 1
[ -x "$W" ] || { skip "$W is not built"; finish; }
"$W" doctor >doctor 2>&1 || { skip "labs cannot run here: $(grep -m1 FAILED doctor)"; finish; }
command -v python3 >/dev/null || { skip "python3 is not installed"; finish; }

"$W" shell 09 alice sh -c 'exit 7' >out 2>&1
[ $? = 7 ] && good "the command's exit status is the shell's" || bad "the command's exit status" "$(cat out)"
"$W" shell 09 alice -- no-such-command >out 2>err
[ $? = 127 ] && grep -q no-such-command err && good "a command that is not there is named: status 127" || bad "no such command" "$(cat err)"
"$W" shell 09 carol true >out 2>err
[ $? = 2 ] && grep -q carol err && good "a host that is not in the lab is told: status 2" || bad "no such host" "$(cat err)"
"$W" shell 09 alice ls /sys/class/net >out 2>err
[ "$(tr '\n' ' ' <out)" = "eth0 lo " ] && good "the host has a loopback and one card, and no more" || bad "links" "$(cat out err)"
"$W" shell 09 alice cat /proc/net/route >out 2>&1
[ "$(wc -l <out)" = 2 ] && good "there is one route, to its own network" || bad "routes" "$(cat out)"
echo 'echo "I am on $(cat /proc/sys/kernel/hostname >/dev/null; echo $PS1)"; exit 3' | "$W" shell 09 bob >out 2>err
[ $? = 3 ] && grep -q 'bob' out && good "without a command it is a shell whose prompt tells the host" || bad "a shell" "$(cat out err)"

# ---- two shells on one network -----------------------------------------------------------------
cat >echo.py <<'END'
import socket, sys
with socket.create_server(("", 9000)) as s:
    print("ready", flush=True)
    c, _ = s.accept()
    c.sendall(c.recv(100).upper())
END
cat >ask.py <<'END'
import socket, time
t = time.monotonic()
with socket.create_connection(("bob", 9000), timeout=10) as c:
    t = time.monotonic() - t
    c.sendall(b"hello")
    print(c.recv(100).decode(), t >= 0.02)
END
wait_for() { n=0; until grep -q "$2" "$1" 2>/dev/null || [ $n -ge 100 ]; do n=$((n + 1)); sleep 0.1; done; }
"$W" shell 09 bob python3 echo.py >server 2>&1 &
first=$!
wait_for server ready
"$W" shell 09 alice python3 ask.py >out 2>&1
[ "$(cat out)" = "HELLO True" ] && good "a second shell joins the first one's network, and finds its hosts by name, 10 ms away" ||
	bad "a second shell" "$(cat out server)"
wait $first

# ---- lab 09 by hand ------------------------------------------------------------------------------
cat >server.py <<'END'
import select, socket
ports = [socket.create_server(("", p)) for p in (7001, 7002)]
print("ready", flush=True)
for s in ports:
    c, _ = s.accept()
    while c.recv(100):
        pass
    c.close()
END
cat >client.py <<'END'
import socket, time
for port, nodelay in ((7001, 0), (7002, 1)):
    with socket.create_connection(("bob", port), timeout=10) as c:
        c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, nodelay)
        for i in range(10):
            c.send(b"x")
        # A FIN is not held back, and would take along what waits.
        time.sleep(0.1)
        c.shutdown(socket.SHUT_WR)
        c.recv(1)
END
# A capture by tcpdump where there is one; its own user may not be known here, so it stays who it is.
if command -v tcpdump >/dev/null; then
	"$W" shell 09 bob python3 server.py >server 2>&1 &
	first=$!
	wait_for server ready
	# The handshakes of both parts, their data and their ends are some 36 frames.
	"$W" shell 09 alice sh -c '
		z=; [ "$(id -u)" != 0 ] || ! tcpdump -Z root --version >/dev/null 2>&1 || z="-Z root"
		tcpdump $z -U --immediate-mode -i eth0 -w mine.pcap tcp 2>dump & d=$!
		n=0; until grep -q listening dump || [ $n -ge 100 ]; do n=$((n + 1)); sleep 0.1; done
		python3 client.py
		sleep 0.3
		kill -INT $d; wait $d' >out 2>&1
	wait $first
	if [ ! -s mine.pcap ] && grep -q "permitted\|Couldn't" dump; then
		skip "lab 09 by hand: tcpdump may not work here: $(head -n 1 dump)"
	else
		"$W" check 09 mine.pcap >out 2>err && [ "$(grep -c '  ok ' out)" = 4 ] &&
			good "lab 09 done by hand, in real time and captured with tcpdump, passes its check" ||
			bad "lab 09 by hand" "$(cat out err dump)"
	fi
else
	skip "lab 09 by hand: tcpdump is not installed"
fi

# ---- killed ------------------------------------------------------------------------------------------
"$W" shell 09 alice sh -c 'echo inside $$; sleep 30' >out 2>&1 &
first=$!
wait_for out inside
inside=$(sed 's/.* //' out)
kill -KILL $first
wait $first 2>/dev/null
n=0
while [ -d "/proc/$inside" ] && [ $n -lt 20 ]; do n=$((n + 1)); sleep 0.1; done
[ ! -d "/proc/$inside" ] && good "a shell whose wire was killed ends with it" || bad "a shell without a wire" "$inside lives on"
finish
