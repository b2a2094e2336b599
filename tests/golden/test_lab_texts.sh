#!/bin/sh
# The labs' texts: what is generated in them is what the tools print of the shipped captures, both
# languages say the same, and every frame and every capture that is named is there.
# All of it is made from shipped files by tcpq, so the kernel of this machine plays no part.
# Runs from the top of the source tree; B names the build.
set -u
LC_ALL=C
export LC_ALL
B=${B:-build/debug}
PYTHON=${PYTHON:-/usr/bin/python3}
failed=0

# The lines on standard input are what is wrong, but for the last, which counts.  none_wrong WHAT
none_wrong()
{
	wrong=$(sed '$d' | paste -s -d '|' - | sed 's/|/; /g')
	if [ -z "$wrong" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1: $wrong"
		failed=1
	fi
}

[ -x "$B/bin/tcpq" ] || { echo "skip - $B/bin/tcpq is not built"; exit 0; }
[ -x "$PYTHON" ] || { echo "skip - $PYTHON is not installed"; exit 0; }
bin=$(cd "$B/bin" && pwd)
top=$PWD
tmp=$(mktemp -d "${TMPDIR:-/tmp}/wirelab-texts.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

"$PYTHON" tests/support/lab-texts.py "$bin" check >"$tmp/out" 2>&1
none_wrong "the generated parts of the labs' texts are what the tools print (else: make captures)" <"$tmp/out"
blocks=$(sed -n '$s/ generated.*//p' "$tmp/out")
labs=$(find labs -mindepth 1 -maxdepth 1 -type d | wc -l)
{ [ "${blocks:-0}" -ge $((2 * labs)) ] || echo "$blocks in $labs labs"; echo; } |
	none_wrong "every text has a generated part"
"$PYTHON" tests/support/lab-pairs.py "$bin" 2>&1 |
	none_wrong "English and Chinese texts of a lab say the same, and the frames that they name are there"

# ---- captures/ -----------------------------------------------------------------------------------

# Rows of the table: | [`09-nagle.pcapng`](09-nagle.pcapng) | [09](../labs/09-nagle/README.md) | ...
sed -n 's/^| \[`\([^`]*\.pcapng\)`\](\([^)]*\)) | \[\([0-9]*\)\](\([^)]*\)).*/\1 \2 \3 \4/p' \
	captures/README.md >"$tmp/rows"
{
	while read -r name link nr page; do
		[ "$name" = "$link" ] || echo "$name links to $link"
		[ -f "captures/$name" ] || echo "there is no $name"
		[ -f "captures/$page" ] || echo "$name: there is no $page"
		case $name in "$nr-"*) ;; *) echo "$name is not of lab $nr" ;; esac
	done <"$tmp/rows"
	for file in captures/*.pcapng; do
		cut -d' ' -f1 "$tmp/rows" | grep -qx "${file##*/}" || echo "no row has ${file##*/}"
	done
	echo
} | none_wrong "captures/README.md has every capture, and no other"
if command -v tshark >/dev/null; then
	# Its third column but one is a display filter, and the last says how many frames that leaves.
	sed -n 's/^| \[`\([^`]*\.pcapng\)`\].*| `\([^`]*\)` | \([0-9]*\) .*|$/\1|\3|\2/p' captures/README.md |
		sed 's/&#124;/|/g' >"$tmp/filters"
	{
		while IFS='|' read -r name frames filter; do
			got=$(tshark -r "captures/$name" -Y "$filter" 2>/dev/null | wc -l)
			[ "$got" = "$frames" ] || echo "$name: $filter leaves $got, not $frames"
		done <"$tmp/filters"
		[ "$(wc -l <"$tmp/filters")" = "$(wc -l <"$tmp/rows")" ] || echo "not every row has a filter and a count"
		echo
	} | none_wrong "the filters of captures/README.md leave as many frames as it says"
else
	echo "skip - the filters of captures/README.md: tshark is not installed"
fi

# ---- would it be noticed? --------------------------------------------------------------------------

mkdir "$tmp/copy"
cp -R labs captures "$tmp/copy"
en=labs/09-nagle/README.md
zh=labs/09-nagle/README.zh-CN.md
# edit FILE SED, in the copy
edit()
{
	sed "$2" "$1" >"$tmp/copy/$1"
	cmp -s "$1" "$tmp/copy/$1" && { echo "not ok - $1: $2 edits nothing"; failed=1; }
}
# One page that is not compared any further, as its headings are others; and the two of lab 09.
edit labs/10-mss/README.zh-CN.md 's/^## 解释/### 解释/'
edit $zh 's/│ 1 字节/│ 2 字节/; s/1460 字节/1500 字节/; s/第 6 帧/第 600 帧/'
edit $en 's/tcp.port == 7002 &&/tcp.port == 7003 \&\&/; s/^wirelab shell 09 bob/wirelab shell 09 carol/
	s/frame 6 leaves/frame 700 leaves/'
(
	cd "$tmp/copy" || exit 1
	"$PYTHON" "$top/tests/support/lab-texts.py" "$bin" check
	"$PYTHON" "$top/tests/support/lab-pairs.py" "$bin"
) >"$tmp/out" 2>&1
# notices WHAT PATTERN
notices()
{
	{ grep -q "$2" "$tmp/out" || tr '\n' ';' <"$tmp/out"; echo; } | none_wrong "$1 is noticed"
}
notices "a heading that is missing" "10-mss/README.zh-CN.md: its headings are"
notices "a ladder that has drifted" "$zh: tcpq captures/09-nagle.pcapng .* prints something else"
notices "another number in one language" "$zh: Change something: numbers: lacks \['1460'\], has \['1500'\]"
notices "another filter in one language" "$zh: Look: code: lacks .*7003"
notices "another command in one language" "$zh: Check: blocks of code: .*shell 09 carol"
notices "a frame that there is not" "$en: frame 700: there are 38"
notices "a frame that there is not, in Chinese" "$zh: frame 600: there are 38"
exit $failed
