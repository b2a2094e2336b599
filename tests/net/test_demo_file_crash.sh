#!/bin/sh
# file_client with each of its system calls going wrong in turn: first it is killed at it, then
# the call fails with each error that it might.  Whatever happens, under the name there is the
# whole file or nothing, what cannot be done is said in one line, and the next attempt is good.
# strace(1) does the harm.
set -u
B=${B:-build/debug}
bin=$B/bin
. tests/support/counts.sh

command -v strace >/dev/null || skip_all "strace is not installed"
[ -x "$bin/file_client" ] || skip_all "$bin/file_client is not built"
strace -qq -o /dev/null -e trace=none true 2>/dev/null || skip_all "this machine allows no ptrace"

dir=$(mktemp -d "${TMPDIR:-/tmp}/filecrash-XXXXXX") || exit 1
server=''
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$dir/in"
head -c 300000 /dev/urandom >"$dir/film"
"$bin/file_server" --sha256 "$dir/film" 127.0.0.1 0 2>"$dir/server" &
server=$!
for _ in $(seq 200); do
	port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$dir/server")
	[ -z "$port" ] || break
	sleep 0.05
done

# How the file is made: without a name, or (as if there were no /proc) with one.
named=''

# run INJECTION...: the client; its exit status in $status, the state of the folder in $left
run()
{
	rm -f "$dir"/in/* "$dir"/in/.incoming-*
	strace -qq -o "$dir/trace" $named "$@" \
		"$bin/file_client" --folder "$dir/in" 127.0.0.1 "$port" >"$dir/out" 2>"$dir/err"
	status=$?
	left=nothing
	[ -n "$(ls "$dir/in")" ] && left=half
	cmp -s "$dir/in/film" "$dir/film" && left=whole
	[ -z "$(find "$dir/in" -name '.incoming-*')" ] || left=$left+
}

# ---- killed ----------------------------------------------------------------------------------

# killed CALL NUMBER
killed()
{
	what="killed at $1 number $2${named:+, the file with a name}"
	# A shell in between, since strace kills itself with the same signal, which ours would tell.
	run -e "inject=$1:signal=KILL:when=$2" 2>/dev/null
	case $status.$left in
	137.nothing | 137.whole) good "$what: $left" ;;
	137.nothing+) [ -n "$named" ] && good "$what: its own name for it" || bad "$what" "something is left" ;;
	137.whole+) [ -n "$named" ] && good "$what: the whole file" || bad "$what" "something is left" ;;
	137.*) bad "$what" "half a file" ;;
	*) bad "$what" "it was not killed, status $status: $(cat "$dir/err")" ;;
	esac
}

# ---- failing ----------------------------------------------------------------------------------

# fails CALL NUMBER ERROR...: refused with one line, or done all the same; never half of it
fails()
{
	call=$1 number=$2
	shift 2
	for error; do
		what="$call number $number fails with $error${named:+, the file with a name}"
		run -e "inject=$call:error=$error:when=$number"
		if ! grep -q "$call(.*INJECTED" "$dir/trace"; then
			bad "$what" "it was not called"
		elif [ "$status.$left" = 0.whole ]; then
			good "$what: and is done all the same"
		elif [ "$status" = 0 ] || [ "$status" -gt 7 ] || [ "$left" != nothing ]; then
			bad "$what" "status $status, and $left is left: $(cat "$dir/err")"
		elif [ "$(wc -l <"$dir/err")" != 1 ] || [ -s "$dir/out" ]; then
			bad "$what" "no line or more than one: $(cat "$dir/err")"
		else
			good "$what: $(cat "$dir/err")"
		fi
	done
}

# access(2) is one or the other, by the processor.
for named in '' '-e inject=?access,?faccessat:error=ENOENT'; do
	run
	[ "$status.$left" = 0.whole ] || bad "unharmed, it gets the file" "$status $left $(cat "$dir/err")"
	last_read=$(grep -c '^pread64' "$dir/trace")
	for n in 1 2 3; do
		killed splice "$n"
	done
	killed openat2 1
	killed fstatfs 1
	killed pipe2 1
	killed pread64 "$last_read"
	fails openat2 1 ENOSYS EPERM EOPNOTSUPP
	fails fstatfs 1 EIO ENOSYS
	fails pipe2 1 EMFILE ENFILE
	fails splice 1 ECONNRESET EAGAIN EINTR
	fails splice 2 ENOSPC EIO EDQUOT EFBIG EINVAL EINTR
	fails splice 4 ENOSPC EINVAL
	if [ -z "$named" ]; then
		killed linkat 1
		fails linkat 1 EEXIST ENOSPC EACCES EMLINK EIO
	else
		killed renameat2 1
		fails renameat2 1 EEXIST ENOSPC EIO EINVAL
	fi
done
named=''
run
[ "$status.$left" = 0.whole ] && good "and the next attempt is good" || bad "the next attempt" "$(cat "$dir/err")"
finish
