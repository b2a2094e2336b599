#!/bin/sh
# File transfer between the demos and plain Python programs, as a beginner writes them, in both
# roles; and what file_client shows on a terminal.  Everything stays on the loopback.
set -u
B=${B:-build/debug}
bin=$B/bin
python=${PYTHON:-/usr/bin/python3}
failed=0

if ! command -v "$python" >/dev/null; then
	echo "skip - there is no Python 3 at $python"
	exit 0
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/file-python.XXXXXX") || exit 1
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

# holds WHAT COMMAND...
holds()
{
	what=$1
	shift
	if "$@" >"$dir/said" 2>&1; then
		echo "ok - $what"
	else
		failed=1
		echo "not ok - $what: $(tail -n 1 "$dir/said")"
	fi
}

# start NAME COMMAND...: in the background
start()
{
	name=$1
	shift
	: >"$dir/$name.log"
	"$@" >>"$dir/$name.log" 2>&1 </dev/null &
	pid=$!
	pids="$pids $pid"
}

# port_of NAME: where it says that it listens; empty after some ten seconds
port_of()
{
	for _ in $(seq 200); do
		port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$dir/$1.log")
		[ -z "$port" ] || break
		sleep 0.05
	done
	echo "$port"
}

# ---- the Python side ------------------------------------------------------------------------

# Arguments: the file, the name that it has in the header, the format of the length.
cat >"$dir/send.py" <<'PY'
import json, os, socket, struct, sys
path, name, form = sys.argv[1:4]
door = socket.socket()
door.bind(('127.0.0.1', 0))
door.listen()
print('listening on :%d' % door.getsockname()[1])
guest, address = door.accept()
size = os.path.getsize(path)
header = json.dumps({'filename': name, 'filesize': size}).encode('utf-8')
guest.send(struct.pack(form, len(header)))
guest.send(header)
with open(path, 'rb') as f:
    while size:
        piece = f.read(1024)
        size -= len(piece)
        guest.sendall(piece)
guest.close()
door.close()
PY
# Arguments: the port, where to, the format.
cat >"$dir/receive.py" <<'PY'
import json, socket, struct, sys
port, path, form = sys.argv[1:4]
s = socket.socket()
s.connect(('127.0.0.1', int(port)))
length = struct.unpack(form, s.recv(4))[0]
header = json.loads(s.recv(length).decode())
print(header['filename'])
left = header['filesize']
with open(path, 'wb') as f:
    while left:
        piece = s.recv(1024)
        if not piece:
            sys.exit('broken off')
        left -= len(piece)
        f.write(piece)
s.close()
PY

# ---- both roles -------------------------------------------------------------------------------

mkdir "$dir/in"
head -c 1500000 /dev/urandom >"$dir/电影 第1集.mp4"
for pair in '--native i' '--timeout=20 !I'; do
	option=${pair% *} format=${pair#* }
	start sender "$python" "$dir/send.py" "$dir/电影 第1集.mp4" 'H:\pycharm文件\电影 第1集.mp4' "$format"
	sender=$pid
	holds "file_client $option takes a file from a Python server with struct.pack('$format')" \
		"$bin/file_client" "$option" --folder "$dir/in" 127.0.0.1 "$(port_of sender)"
	wait "$sender"
	holds "and stores it without the folder it had there" \
		cmp "$dir/电影 第1集.mp4" "$dir/in/电影 第1集.mp4"
	rm -f "$dir"/in/*

	for sum in '' --sha256; do
		[ "$option" = --native ] && order=--native || order=''
		# An option that is empty is none.
		# shellcheck disable=SC2086
		start server "$bin/file_server" --once $order $sum "$dir/电影 第1集.mp4" 127.0.0.1 0
		server=$pid
		"$python" "$dir/receive.py" "$(port_of server)" "$dir/in/received" "$format" >"$dir/name"
		wait "$server"
		holds "file_server ends well when a Python client hangs up ($format${sum:+, $sum})" test $? = 0
		holds "and that has the whole file" cmp "$dir/电影 第1集.mp4" "$dir/in/received"
		holds "and its name" grep -qx '电影 第1集.mp4' "$dir/name"
		rm -f "$dir"/in/*
	done
done

# ---- the terminal -------------------------------------------------------------------------------

# A terminal of 80 columns for standard error.  Half of the file comes, then, after a while, the
# rest.  Prints what stood on the screen, one line for each time that it was drawn.
cat >"$dir/screen.py" <<'PY'
import fcntl, json, os, pty, signal, socket, struct, subprocess, sys, termios, time
client, folder, stop = sys.argv[1:4]
door = socket.create_server(('127.0.0.1', 0))
screen, terminal = pty.openpty()
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
p = subprocess.Popen([client, '--folder', folder, '127.0.0.1', str(door.getsockname()[1])],
                     stdout=subprocess.PIPE, stderr=terminal)
os.close(terminal)
guest = door.accept()[0]
data = bytes(range(256)) * 4096
header = json.dumps({'filename': '电影 第1集.mp4', 'filesize': len(data)}).encode()
guest.sendall(struct.pack('!I', len(header)) + header + data[:len(data) // 2])
seen = b''
while b'%' not in seen:
    seen += os.read(screen, 4096)
if stop == 'stop':
    p.send_signal(signal.SIGINT)
else:
    time.sleep(0.3)
    guest.sendall(data[len(data) // 2:])
try:
    while True:
        seen += os.read(screen, 4096)
except OSError:
    pass
print(seen.decode().replace('\r\n', '\n').replace('\r', '\n'), end='')
print('status', p.wait())
PY

"$python" "$dir/screen.py" "$bin/file_client" "$dir/in" go >"$dir/screen" 2>&1
holds "on a terminal there is a bar with the name, the part that is there, and the rate" \
	grep -Eq '^电影 第1集.mp4 +[0-9]+% \[=*>? *\] +[0-9.]+[kM]?B +[0-9.]+[kMG]?B/s +[-0-9]' "$dir/screen"
# A Chinese character takes two columns.
holds "which is never wider than the terminal" \
	sh -c "! sed 's/[电影第集]/xx/g' '$dir/screen' | grep -E '.{80}'"
holds "and is gone when the result is said" \
	sh -c "grep -Eq '^ {79}\$' '$dir/screen' && grep -q '^file_client: 1048576 bytes in' '$dir/screen'"
holds "status 0" grep -qx 'status 0' "$dir/screen"
rm -f "$dir"/in/*

"$python" "$dir/screen.py" "$bin/file_client" "$dir/in" stop >"$dir/screen" 2>&1
holds "stopped by Ctrl-C, it says how far it was, and that nothing is kept" \
	grep -q '^file_client: after [0-9]* of 1048576 bytes: stopped; nothing is kept' "$dir/screen"
holds "dies of that signal, for its shell to see" grep -qx 'status -2' "$dir/screen"
holds "and nothing is" rmdir "$dir/in"

exit $failed
