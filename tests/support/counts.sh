# counts.sh - for test scripts that count what they found.  To be read in with ".".
passed=0 failed=0 skipped=0

# good WHAT, bad WHAT WHY, skip WHY
good()
{
	passed=$((passed + 1))
	echo "ok - $1"
}

bad()
{
	failed=$((failed + 1))
	echo "not ok - $1: $2"
}

skip()
{
	skipped=$((skipped + 1))
	echo "skip - $1"
}

finish()
{
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
	exit
}

# Nothing of it can be tried here.
skip_all()
{
	skip "$1"
	finish
}
