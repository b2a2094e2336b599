#!/bin/sh
# Saving the cache file, with every one of its system calls going wrong in turn:
# first the process is killed at it, then the call fails with each error that it might.
# Whatever happens, the file must be the old one or the new one, and no .tmp may stay
# behind (after a kill: behind the next save).  strace(1) does the harm.
set -u
B=${B:-build/debug}
saver=$B/tests/test_cachefile
. tests/support/counts.sh

command -v strace >/dev/null || skip_all "strace is not installed"
[ -x "$saver" ] || skip_all "$saver is not built"
strace -qq -o /dev/null -e trace=none true 2>/dev/null || skip_all "this machine allows no ptrace"

dir=$(mktemp -d "${TMPDIR:-/tmp}/cachecrash-XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$dir/w"
cache=$dir/w/cache

# A chunk is some 230 entries: each save writes several.
add() { "$saver" --save "$cache" "$1" "$2" 2>"$dir/err"; }
add 1 300 && cp "$cache" "$dir/old" || exit 1
add 9000 10 && cp "$cache" "$dir/old+"
cp "$dir/old" "$cache"

# ---- which calls are there, from the lock on? ----------------------------------------
# The n-th of its name, as strace counts for when=; and for close() of which file.
strace -qq -o "$dir/trace" "$saver" --save "$cache" 1000 300 || exit 1
cp "$cache" "$dir/new"
add 9000 10 && cp "$cache" "$dir/new+"
awk '
	{ name = $0; sub(/\(.*/, "", name); n[name]++ }
	name == "exit_group" || name ~ /^\+/ { next }
	/cache\.lock/ { on = 1 }
	{ what = "-" }
	name == "openat" && /cache\.tmp/ { temp = $NF; what = "temp" }
	name ~ /^(close|fsync|pwrite64|fchmod)$/ {
		fd = $0; sub(/^[a-z0-9]*\(/, "", fd); sub(/[,)].*/, "", fd)
		what = (fd == temp && temp != "") ? "temp" : "other"
	}
	on { print name, n[name], what }
	name == "close" && what == "temp" { temp = "" }
' "$dir/trace" >"$dir/calls"
if [ "$(wc -l <"$dir/calls")" -lt 15 ] || cmp -s "$dir/old" "$dir/new"; then
	bad "the calls of a save" "strace shows fewer than a save must make"
	finish
fi

begin() { rm -f "$cache" "$cache".*; cp "$dir/old" "$cache"; }

# harm NAME INJECTION: one save; its exit status in $status, what is left in $left
harm()
{
	begin
	strace -qq -o "$dir/trace" -e "trace=$1" -e "inject=$1:$2" \
		"$saver" --save "$cache" 1000 300 2>"$dir/err"
	status=$?
	left=torn
	cmp -s "$cache" "$dir/old" && left=old
	cmp -s "$cache" "$dir/new" && left=new
}

# ---- killed ----------------------------------------------------------------------------
killed_at()
{
	what="killed at $1 number $2"
	# To a shell, 137 is a program killed by KILL; strace kills itself with it.
	harm "$1" "signal=KILL:when=$2" 2>/dev/null
	if [ "$status" != 137 ]; then
		bad "$what" "the save was not killed, status $status"
	elif [ "$left" = torn ]; then
		bad "$what" "the file is neither old nor new"
	elif ! add 9000 10; then
		bad "$what" "the next save failed: $(cat "$dir/err")"
	elif ! cmp -s "$cache" "$dir/$left+"; then
		bad "$what" "the next save wrote something else"
	elif [ -e "$cache.tmp" ]; then
		bad "$what" "the next save left the temporary file"
	else
		good "$what: the $left file, and the next save works"
	fi
}

while read -r name n _; do
	killed_at "$name" "$n"
done <"$dir/calls"

# ---- failing ---------------------------------------------------------------------------
sanitized=false
grep -q __asan_init "$saver" && sanitized=true

errors_of()
{
	case $1 in
	openat)		echo EACCES EINTR EIO EMFILE ENOMEM ENOSPC EROFS ;;
	newfstatat|fstat) echo EIO ENOMEM ;;
	flock)		echo EINTR EAGAIN ENOLCK EIO ;;
	pread64)	echo EINTR EIO EAGAIN ;;
	pwrite64)	echo EINTR EIO EAGAIN ENOSPC EDQUOT EFBIG EPERM ;;
	fchmod)		echo EPERM EIO EROFS ;;
	fsync)		echo EINTR EIO ENOSPC EDQUOT EROFS ;;
	close)		echo EINTR EIO ENOSPC EDQUOT ;;
	renameat|renameat2|rename) echo EACCES EIO ENOSPC EDQUOT EPERM EROFS EXDEV ;;
	brk|mmap)	$sanitized || echo ENOMEM ;;		# the sanitizer's own memory
	esac
}

# May a save succeed although this call failed so?  Only when it can be tried again, or
# when nothing depended on it.
may_succeed()
{
	case $1.$2.$3 in
	brk.*|mmap.*|close.other.*) return 0 ;;		# memory comes from elsewhere
	flock.*.EAGAIN) return 0 ;;			# somebody else was first
	*.EINTR) return 0 ;;
	esac
	return 1
}

fails_with()
{
	what="$1 number $2 fails with $4"
	harm "$1" "error=$4:when=$2"
	if ! grep -q INJECTED "$dir/trace"; then
		bad "$what" "it was not called"
	elif [ -e "$cache.tmp" ]; then
		bad "$what" "the temporary file is left"
	elif [ "$status" = 0 ] && [ "$left" != new ]; then
		bad "$what" "success, but the file is $left"
	elif [ "$status" = 0 ] && ! may_succeed "$1" "$3" "$4"; then
		bad "$what" "success all the same"
	elif [ "$status" = 0 ]; then
		good "$what: saved nevertheless"
	elif [ "$status.$1" = 139.brk ] && [ "$left" = old ]; then
		# glibc 2.36 itself dies when its very first brk is refused: so does a program
		# that does nothing but malloc(100).
		good "$what: libc gave up, the old file"
	elif [ "$status" != 1 ]; then
		bad "$what" "status $status"
	elif ! grep -q "$cache" "$dir/err"; then
		bad "$what" "no message names the file"
	elif [ "$left" = old ] || [ "$left.$1.$3" = new.fsync.other ]; then
		good "$what: $(sed 's/.*cache: //' "$dir/err"), the $left file"
	else
		bad "$what" "not saved, but the file is $left"
	fi
}

while read -r name n file; do
	for e in $(errors_of "$name"); do
		fails_with "$name" "$n" "$file" "$e"
	done
done <"$dir/calls"
finish
