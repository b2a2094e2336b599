#!/bin/sh
# What demos.7 says of the socket demos: their options, their exit statuses, and, byte by byte,
# what they send, which is recorded here and compared with the dumps of the page.
# Runs from the top of the source tree; B names the build.
set -u
LC_ALL=C
export LC_ALL
B=${B:-build/debug}
bin=$B/bin
python=${PYTHON:-/usr/bin/python3}
manual=src/demos/demos.7
header=include/wirelab/demo.h
. tests/golden/manual.sh

page_is_clean
exit_statuses_agree

# ---- the programs, and their options ---------------------------------------------------------

ls src/demos/*.c | sed 's|.*/||; s|\.c$||' | sort >"$tmp/programs"
sed -n 's/^\.Ss \(.*_server, .*_client\)$/\1/p' "$manual" | tr -d ' ' | tr ',' '\n' |
	sort >"$tmp/programs-in-manual"
{
	missing "$tmp/programs-in-manual" "$tmp/programs" "the manual lacks"
	missing "$tmp/programs" "$tmp/programs-in-manual" "there is no source of"
} | none_wrong "every demo has its part of the page, and no other"

# part_of PROGRAM: the subsection that is about it
part_of()
{
	awk -v want="$1" '/^\.S[hs] / { inside = $1 == ".Ss" && index($0 ",", " " want ",") } inside' "$manual"
}

while read -r program; do
	if [ ! -x "$bin/$program" ]; then
		echo "skip - $bin/$program is not built"
		continue
	fi
	"$bin/$program" --help >"$tmp/help"
	sed -n 's/^ *\(--[a-z-]*\).*/\1/p' "$tmp/help" | sort -u >"$tmp/in-help.$program"
	awk 'length > 80 { print "line " NR " has " length " columns" }
		END { if (NR > 40 || NR < 10) print NR " lines" }' "$tmp/help" |
		none_wrong "$program --help has at most 40 lines of 80 columns"
	grep -c "^  .*$program" "$tmp/help" | awk '$1 < 3 { print $1 " examples" }' |
		none_wrong "$program --help begins with examples"
	part_of "$program" | sed -n 's/^\.It Fl Fl \([a-z-]*\).*/--\1/p' | sort -u >"$tmp/part"
	# The last of its own lines is -h's, which every program has.
	missing "$tmp/part" "$tmp/in-help.$program" "the manual lacks" |
		grep -v 'nothing to compare' | none_wrong "every option of $program is in the manual"
done <"$tmp/programs"

# The other way round: an option of the page is one of the pair's programs.
while read -r program; do
	other=$(echo "$program" | sed 's/_server$/_client/')
	part_of "$program" | sed -n 's/^\.It Fl Fl \([a-z-]*\).*/--\1/p' | sort -u >"$tmp/part"
	cat "$tmp/in-help.$program" "$tmp/in-help.$other" | sort -u >"$tmp/in-help"
	comm -23 "$tmp/part" "$tmp/in-help" |
		none_wrong "every option that the manual gives $program or $other exists"
done <<END
$(grep _server "$tmp/programs")
END

# ---- what they send --------------------------------------------------------------------------

if ! command -v "$python" >/dev/null; then
	echo "skip - there is no Python 3 at $python: the dumps are not compared"
	exit $failed
fi

# port FILE: what is written there, once it is; a number at the end of a line
port()
{
	for _ in $(seq 600); do
		found=$(sed -n 's/^\(.*:\)\{0,1\}\([0-9][0-9]*\)$/\2/p' "$1")
		[ -z "$found" ] || break
		sleep 0.05
	done
	echo "$found"
}

# record_client NAME PROGRAM[ OPTION...] TYPED STEP...: what the program sends
record_client()
{
	name=$1 program=$2 typed=$3 kind=tcp-server
	shift 3
	case $program in udp*) kind=udp-server ;; esac
	: >"$tmp/port"
	"$python" tests/golden/record.py $kind "$tmp/wire.$name" "$@" >"$tmp/port" &
	recorder=$!
	# The options are words.
	# shellcheck disable=SC2086
	printf '%b' "$typed" | timeout 60 "$bin"/$program 127.0.0.1 "$(port "$tmp/port")" >"$tmp/out" 2>&1
	wait "$recorder"
}

# record_server NAME PROGRAM TYPED STEP...
record_server()
{
	name=$1 program=$2 typed=$3 kind=tcp-client
	shift 3
	case $program in udp*) kind=udp-client ;; esac
	: >"$tmp/err"
	printf '%b' "$typed" >"$tmp/typed"
	timeout 60 "$bin/$program" 127.0.0.1 0 <"$tmp/typed" >"$tmp/out" 2>"$tmp/err" &
	server=$!
	"$python" tests/golden/record.py "$kind:$(port "$tmp/err")" "$tmp/wire.$name" "$@"
	case $program in multi*) kill "$server" ;; esac
	wait "$server" 2>/dev/null
}

record_client tcp_client tcp_client 'hello\nand more\n' hear 'say:good day' all
record_server tcp_server tcp_server 'good day\n' say:hello all
record_client udp_client 'udp_client --wait 1' 'hello\n\n' hear 'say:good day' hear
record_server udp_server udp_server 'good day\n' say:hello hear
record_client sticky_client 'sticky_client --count 2' '' all
record_client sticky_client-framed 'sticky_client --count 2 --framed' '' all
record_client sticky_client-native 'sticky_client --count 2 --native' '' all
record_client multi_client multi_client 'hello\n' say:welcome hear say:heard
record_server multi_server multi_server '' hear say:hello hear

# file_server has an argument of its own.
printf 'hello\n' >"$tmp/hello.txt"
record_file() # NAME [OPTION...]
{
	name=$1
	shift
	: >"$tmp/err"
	timeout 60 "$bin/file_server" --once "$@" "$tmp/hello.txt" 127.0.0.1 0 2>"$tmp/err" &
	server=$!
	"$python" tests/golden/record.py "tcp-client:$(port "$tmp/err")" "$tmp/wire.$name" all
	wait "$server"
}
record_file file_server
record_file file_server-native --native
record_file file_server-sha256 --sha256

# dump NAME: the lines that the page shows
dump()
{
	awk -v want="$1" '$1 == ".\\\"" && $2 == "wire" { inside = $3 == want; next }
		/^\.Ed/ { inside = 0 }
		inside && /^[0-9]/' "$manual"
}

ls "$tmp" | sed -n 's/^wire\.//p' | sort >"$tmp/recorded"
sed -n 's/^\.\\" wire \([^ ]*\)$/\1/p' "$manual" | sort >"$tmp/dumps"
{
	missing "$tmp/recorded" "$tmp/dumps" "nobody records"
	missing "$tmp/dumps" "$tmp/recorded" "the manual lacks"
} | none_wrong "every dump of the manual is recorded, and every recording is in the manual"
while read -r name; do
	dump "$name" >"$tmp/shown"
	od -t x1z -v "$tmp/wire.$name" >"$tmp/sent"
	diff "$tmp/shown" "$tmp/sent" | grep '^[<>]' |
		none_wrong "the manual shows the bytes that are sent: $name"
done <"$tmp/recorded"

exit $failed
