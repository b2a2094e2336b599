#!/bin/sh
# The socket demos and plain Python programs, as a beginner writes them, in both roles: each must
# understand the other.  Everything stays on the loopback, at ports that the kernel chooses.
set -u
B=${B:-build/debug}
bin=$B/bin
python=${PYTHON:-/usr/bin/python3}
failed=0

if ! command -v "$python" >/dev/null; then
	echo "skip - there is no Python 3 at $python"
	exit 0
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/demo-python.XXXXXX") || exit 1
pids=''
# Only what was started here, and by its number.
finish()
{
	for pid in $pids; do
		kill "$pid" 2>/dev/null
	done
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM
LC_ALL=C.UTF-8 PYTHONIOENCODING=utf-8 PYTHONUNBUFFERED=1
export LC_ALL PYTHONIOENCODING PYTHONUNBUFFERED

# same WHAT SHOULD IS
same()
{
	if [ "$2" = "$3" ]; then
		echo "ok - $1"
	else
		failed=1
		echo "not ok - $1: \"$3\" where \"$2\" should be"
	fi
}

# start NAME COMMAND...: in the background, its standard input from $dir/NAME.in
start()
{
	name=$1
	shift
	# Now, not when the shell in the background gets to it: port_of must not read an old port.
	: >"$dir/$name.out"
	: >"$dir/$name.err"
	"$@" <"$dir/$name.in" >"$dir/$name.out" 2>"$dir/$name.err" &
	pids="$pids $!"
	pid=$!
}

# port_of NAME: the number at the end of the line with which a server says where it is; empty
# when it does not within some ten seconds
port_of()
{
	for _ in $(seq 200); do
		port=$(cat "$dir/$1.out" "$dir/$1.err" | sed -n 's/.*\(listening on\|waiting at\) .*:\([0-9]*\)$/\2/p')
		[ -z "$port" ] || break
		sleep 0.05
	done
	echo "$port"
}

# ---- the Python side ------------------------------------------------------------------------

cat >"$dir/tcp_server.py" <<'PY'
import socket
s = socket.socket()
s.bind(('127.0.0.1', 0))
s.listen()
print('listening on :%d' % s.getsockname()[1])
conn, address = s.accept()
msg = conn.recv(1024)
print(msg.decode())
conn.send(input().encode('utf-8'))
conn.close()
s.close()
PY
cat >"$dir/tcp_client.py" <<'PY'
import socket, sys
s = socket.socket()
s.connect(('127.0.0.1', int(sys.argv[1])))
s.send(input().encode('utf-8'))
print(s.recv(1024).decode())
s.close()
PY
cat >"$dir/udp_server.py" <<'PY'
import socket
s = socket.socket(type=socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 0))
print('waiting at :%d' % s.getsockname()[1])
msg, address = s.recvfrom(1024)
print(msg.decode())
s.sendto(input().encode('utf-8'), address)
s.close()
PY
cat >"$dir/udp_client.py" <<'PY'
import socket, sys
s = socket.socket(type=socket.SOCK_DGRAM)
s.settimeout(20)
s.sendto(input().encode('utf-8'), ('127.0.0.1', int(sys.argv[1])))
msg, address = s.recvfrom(1024)
print(msg.decode('utf-8'))
s.close()
PY
# Without the loop's end the handler would go on for ever when its client has gone.
cat >"$dir/many_server.py" <<'PY'
import socketserver
class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall('请讲，我听着'.encode('utf-8'))
        while True:
            data = self.request.recv(1024)
            if not data:
                break
            print('heard:%s' % data.decode())
            self.request.sendall('听到了'.encode('utf-8'))
socketserver.ThreadingTCPServer.daemon_threads = True
server = socketserver.ThreadingTCPServer(('127.0.0.1', 0), Handler)
print('listening on :%d' % server.server_address[1])
server.serve_forever()
PY
cat >"$dir/many_client.py" <<'PY'
import socket, sys
s = socket.socket()
s.connect(('127.0.0.1', int(sys.argv[1])))
print(s.recv(1024).decode())
for line in sys.stdin:
    line = line.rstrip('\n')
    if len(line) == 0:
        continue
    s.send(bytes(line, encoding='utf-8'))
    print(s.recv(1024).decode())
s.close()
PY
# Argument 2: the format of the length.
cat >"$dir/frame_sender.py" <<'PY'
import json, socket, struct, sys
s = socket.socket()
s.connect(('127.0.0.1', int(sys.argv[1])))
for n in (1, 2, 3):
    message = json.dumps({'第': n}, ensure_ascii=False).encode('utf-8')
    s.send(struct.pack(sys.argv[2], len(message)))
    s.send(message)
s.close()
PY
cat >"$dir/frame_receiver.py" <<'PY'
import socket, struct, sys
s = socket.socket()
s.bind(('127.0.0.1', 0))
s.listen()
print('listening on :%d' % s.getsockname()[1])
conn, address = s.accept()
def exactly(n):
    data = b''
    while len(data) < n:
        piece = conn.recv(n - len(data))
        if not piece:
            return data
        data += piece
    return data
while True:
    prefix = exactly(4)
    if not prefix:
        break
    print(exactly(struct.unpack(sys.argv[1], prefix)[0]).decode())
conn.close()
PY
# Every byte by itself, so that each character of three bytes comes in pieces.
cat >"$dir/drip_server.py" <<'PY'
import socket, time
s = socket.socket()
s.bind(('127.0.0.1', 0))
s.listen()
print('listening on :%d' % s.getsockname()[1])
conn, address = s.accept()
conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
conn.recv(1024)
for byte in '春眠不觉晓🌸'.encode('utf-8'):
    conn.send(bytes([byte]))
    time.sleep(0.01)
conn.close()
PY

# ---- TCP ------------------------------------------------------------------------------------

printf '你也好\n' >"$dir/server.in"
printf '你好\n' >"$dir/client.in"

start server "$python" "$dir/tcp_server.py"
server=$pid
start client "$bin/tcp_client" 127.0.0.1 "$(port_of server)"
wait "$pid"
same "tcp_client ends well when a Python server closes after its answer" 0 $?
wait "$server"
same "a Python server reads what tcp_client was typed" 你好 "$(sed 1d "$dir/server.out")"
same "tcp_client shows what the Python server answers" 你也好 "$(cat "$dir/client.out")"

start server "$bin/tcp_server" 127.0.0.1 0
server=$pid
start client "$python" "$dir/tcp_client.py" "$(port_of server)"
wait "$pid"
wait "$server"
same "tcp_server ends well when a Python client closes after its answer" 0 $?
same "tcp_server shows what the Python client was typed" 你好 "$(cat "$dir/server.out")"
same "a Python client reads what tcp_server answers" 你也好 "$(cat "$dir/client.out")"

start server "$python" "$dir/drip_server.py"
server=$pid
start client "$bin/tcp_client" 127.0.0.1 "$(port_of server)"
wait "$pid"
wait "$server"
same "characters that arrive byte by byte are whole when they are shown" 春眠不觉晓🌸 \
	"$(tr -d '\n' <"$dir/client.out")"

# ---- UDP ------------------------------------------------------------------------------------

for how in '' --connected; do
	start server "$python" "$dir/udp_server.py"
	server=$pid
	start client "$bin/udp_client" $how --wait 20 127.0.0.1 "$(port_of server)"
	wait "$server"
	same "a Python server reads a datagram of udp_client${how:+ $how}" 你好 "$(sed 1d "$dir/server.out")"
	# The answer is there before the server has ended; the rest of the wait is of no use.
	for _ in $(seq 200); do
		[ ! -s "$dir/client.out" ] || break
		sleep 0.05
	done
	kill "$pid" 2>/dev/null
	wait "$pid"
	same "udp_client${how:+ $how} shows what the Python server answers" 你也好 "$(cat "$dir/client.out")"

	start server "$bin/udp_server" $how 127.0.0.1 0
	server=$pid
	start client "$python" "$dir/udp_client.py" "$(port_of server)"
	wait "$pid"
	wait "$server"
	same "udp_server${how:+ $how} ends well when the keyboard does" 0 $?
	same "udp_server${how:+ $how} shows a datagram of a Python client" 你好 "$(sed 's/^[^ ]* //' "$dir/server.out")"
	same "a Python client reads what udp_server${how:+ $how} answers" 你也好 "$(cat "$dir/client.out")"
done

# ---- many clients -----------------------------------------------------------------------------

: >"$dir/many.in"
start many "$python" "$dir/many_server.py"
server=$pid
port=$(port_of many)
printf '一\n\n二\n三\n' >"$dir/client.in"
start client "$bin/multi_client" 127.0.0.1 "$port"
wait "$pid"
same "multi_client ends well with a Python server" 0 $?
same "multi_client shows the greeting and an answer to each line" \
	"请讲，我听着 听到了 听到了 听到了" "$(paste -s -d ' ' "$dir/client.out")"
same "a Python server hears line by line what multi_client was typed" \
	"heard:一 heard:二 heard:三" "$(sed 1d "$dir/many.out" | paste -s -d ' ' -)"
kill "$server"
wait "$server" 2>/dev/null

for model in threads epoll; do
	start many "$bin/multi_server" --model="$model" --greeting 请讲 127.0.0.1 0
	server=$pid
	port=$(port_of many)
	clients=''
	for i in 1 2 3 4 5 6 7 8; do
		for n in $(seq 25); do
			echo "客户$i 说 $n"
		done >"$dir/client$i.in"
		start "client$i" "$python" "$dir/many_client.py" "$port"
		clients="$clients $pid"
	done
	for pid in $clients; do
		wait "$pid"
	done
	for i in 1 2 3 4 5 6 7 8; do
		echo "$(sed -n 1p "$dir/client$i.out") $(sed 1d "$dir/client$i.out" | grep -cx '收到 1[0-9] 字节')"
	done | sort | uniq -c | sed 's/^ *//' >"$dir/counted"
	same "eight Python clients at once get their greeting and 25 acknowledgements ($model)" \
		"8 请讲 25" "$(cat "$dir/counted")"
	cat "$dir"/client[1-8].in | sort >"$dir/said"
	# It may still be writing the last of it when the clients have their answer.
	for _ in $(seq 200); do
		sed 's/^[^ ]* //' "$dir/many.out" | sort | cmp -s - "$dir/said" && break
		sleep 0.05
	done
	same "and the server shows every line once, and whole ($model)" "" \
		"$(sed 's/^[^ ]* //' "$dir/many.out" | sort | diff - "$dir/said" | head -n 3)"
	kill "$server"
	wait "$server" 2>/dev/null
done

# ---- messages behind their length ---------------------------------------------------------------

: >"$dir/server.in"
: >"$dir/client.in"
for pair in '--framed !I' '--native i'; do
	option=${pair% *} format=${pair#* }
	start server "$bin/sticky_server" "$option" 127.0.0.1 0
	server=$pid
	start client "$python" "$dir/frame_sender.py" "$(port_of server)" "$format"
	wait "$server"
	same "sticky_server $option reads three messages with struct.pack('$format')" 0 $?
	same "and tells them apart ($format)" '{"第": 1}{"第": 2}{"第": 3}' \
		"$(sed -n 's/^ *message [1-3], 10 bytes: //p' "$dir/server.out" | tr -d '\n')"

	start server "$python" "$dir/frame_receiver.py" "$format"
	server=$pid
	start client "$bin/sticky_client" "$option" --count 200 127.0.0.1 "$(port_of server)"
	wait "$pid"
	wait "$server"
	for n in $(seq 200); do
		echo "第${n}条消息"
	done >"$dir/said"
	same "a Python receiver with struct.unpack('$format') reads 200 messages of sticky_client $option" "" \
		"$(sed 1d "$dir/server.out" | diff - "$dir/said" | head -n 3)"
done

exit $failed
