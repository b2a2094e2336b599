#!/bin/sh
# The socket demos when something is wrong around them: exit statuses as demos.7 has them, one
# line that names the call, lost output, and descriptors that are not there.  On the loopback.
set -u
B=${B:-build/debug}
bin=$B/bin
dir=$(mktemp -d "${TMPDIR:-/tmp}/demo-programs.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
LC_ALL=C.UTF-8
export LC_ALL
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

# exits STATUS TEXT WHAT COMMAND...: with that status, and one line that has the text
exits()
{
	want=$1 text=$2 what=$3
	shift 3
	timeout 60 "$@" >"$dir/out" 2>"$dir/err" </dev/null
	is=$?
	if [ "$is" != "$want" ]; then
		bad "$what" "exit status $is: $(head -n 1 "$dir/err")"
	elif [ "$(wc -l <"$dir/err")" != 1 ] || ! grep -qF -e "$text" "$dir/err"; then
		bad "$what" "it says: $(cat "$dir/err")"
	else
		ok "$what"
	fi
}

# listening: the port of the server that was started with its standard error in $dir/server.err
listening()
{
	for _ in $(seq 600); do
		port=$(sed -n 's/.*\(listening on\|waiting at\) .*:\([0-9]*\)$/\2/p' "$dir/server.err")
		[ -z "$port" ] || break
		sleep 0.05
	done
	echo "$port"
}

for program in tcp_server tcp_client udp_server udp_client sticky_server sticky_client \
	multi_server multi_client; do
	exits 2 "unrecognized option '--nonsense'" "$program does not take what it does not know" \
		"$bin/$program" --nonsense
	exits 2 '"99999" is not a port' "$program knows how large a port can be" \
		"$bin/$program" 127.0.0.1 99999
	exits 2 'here are 3 words' "$program takes a host and a port, and no more" \
		"$bin/$program" 127.0.0.1 8000 more
	# No name can be so long: that is known without asking anybody in the network.
	exits 1 'getaddrinfo a\x1b[31m0' "$program says that it cannot find a host, and obeys nothing in it" \
		"$bin/$program" "$(printf 'a\033[31m%070d' 0)" 8000
	"$bin/$program" --help >/dev/full 2>"$dir/err"
	status=$?
	[ "$status" = 5 ] && grep -q 'No space left on device$' "$dir/err" &&
		ok "$program --help into a full disk is status 5" ||
		bad "$program --help into a full disk is status 5" "status $status: $(cat "$dir/err")"
done

for program in tcp_server udp_server sticky_server multi_server; do
	exits 6 'bind to 192.0.2.1:0: Cannot assign requested address' \
		"$program cannot be found at an address that is another machine's" "$bin/$program" 192.0.2.1 0
done

: >"$dir/server.err"
timeout 120 "$bin/tcp_server" 127.0.0.1 0 </dev/null >"$dir/server.out" 2>"$dir/server.err" &
server=$!
port=$(listening)
exits 1 "bind to 127.0.0.1:$port: Address already in use" "a port is for one server at a time" \
	"$bin/tcp_server" 127.0.0.1 "$port"
timeout 60 "$bin/tcp_client" localhost "$port" </dev/null >"$dir/out" 2>"$dir/err"
status=$?
wait "$server"
[ "$status,$?" = 0,0 ] && ok "two who have nothing to say end well" ||
	bad "two who have nothing to say end well" "status $status: $(cat "$dir/err" "$dir/server.err")"
for program in tcp_client sticky_client multi_client; do
	exits 1 "connect to 127.0.0.1:$port: Connection refused" "$program says that nobody is there" \
		"$bin/$program" 127.0.0.1 "$port"
done

# Without the privilege to take it, where there is such a privilege.
low=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null)
if [ "${low:-0}" -le 81 ]; then
	echo "skip - on this machine everybody may take port 81"
elif [ "$(id -u)" != 0 ]; then
	exits 7 'bind to 127.0.0.1:81: Permission denied' "a port below 1024 is not for everybody" \
		"$bin/tcp_server" 127.0.0.1 81
elif command -v setpriv >/dev/null; then
	exits 7 'bind to 127.0.0.1:81: Permission denied' "a port below 1024 is not for everybody" \
		setpriv --bounding-set=-net_bind_service "$bin/tcp_server" 127.0.0.1 81
else
	echo "skip - there is no setpriv here to give up a privilege with"
fi

# lost WHAT SERVER CLIENT: the server's standard output is as the caller has made it
lost()
{
	port=$(listening)
	wait=''
	[ "$3" != udp_client ] || wait='--wait 1'
	# The words of $wait are two.
	# shellcheck disable=SC2086
	echo hello | timeout 60 "$bin/$3" $wait 127.0.0.1 "$port" >"$dir/out" 2>"$dir/err"
	wait "$server"
	status=$?
	[ "$status" = 5 ] && [ "$(grep -c 'cannot write to standard output: ' "$dir/server.err")" = 1 ] &&
		ok "$2 that loses its output says so once, and ends with status 5: $1" ||
		bad "$2 that loses its output says so once, and ends with status 5: $1" \
			"status $status: $(cat "$dir/server.err")"
}

while read -r program client option; do
	: >"$dir/server.err"
	# An empty option is none.
	# shellcheck disable=SC2086
	timeout 60 "$bin/$program" $option 127.0.0.1 0 </dev/null >/dev/full 2>"$dir/server.err" &
	server=$!
	lost "a full disk" "$program${option:+ $option}" "$client"
	: >"$dir/server.err"
	# shellcheck disable=SC2086
	timeout 60 "$bin/$program" $option 127.0.0.1 0 </dev/null >&- 2>"$dir/server.err" &
	server=$!
	lost "closed" "$program${option:+ $option}" "$client"
	: >"$dir/server.err"
	rm -f "$dir/pipe"
	mkfifo "$dir/pipe"
	: <"$dir/pipe" &
	# shellcheck disable=SC2086
	timeout 60 "$bin/$program" $option 127.0.0.1 0 </dev/null >"$dir/pipe" 2>"$dir/server.err" &
	server=$!
	lost "a pipe that nobody reads" "$program${option:+ $option}" "$client"
done <<END
tcp_server tcp_client
udp_server udp_client
sticky_server sticky_client
multi_server multi_client
multi_server multi_client --model=threads
END

exit $failed
