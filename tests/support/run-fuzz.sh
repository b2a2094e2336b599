#!/bin/sh
# run-fuzz.sh DIR TARGET...: runs each libFuzzer target on its seeds and on what earlier
# runs found (kept in DIR), for FUZZ_SECONDS or FUZZ_RUNS executions, and prints for each the
# executions and, of the project's own code, the edges that were reached by file: a
# target that calls the wrong function shows itself there.
set -u
dir=$1
shift
passed=0 failed=0
limit="-max_total_time=${FUZZ_SECONDS:-10}"
[ -z "${FUZZ_RUNS:-}" ] || limit="-runs=$FUZZ_RUNS"
for target in "$@"; do
	name=${target##*/}
	seeds=tests/fuzz/seeds/${name#fuzz_}
	corpus=$dir/corpus/$name
	mkdir -p "$corpus"
	[ -d "$seeds" ] || seeds=''
	max=${FUZZ_MAX_LEN:-1024}
	# Labs want their own captures whole, too, and those are as long as a lesson.
	[ "$name" != fuzz_lab ] || seeds='captures tests/fuzz/seeds/capture' max=${FUZZ_MAX_LEN:-20000}
	"$target" "$limit" -max_len="$max" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
		-print_coverage=1 -artifact_prefix="$dir/$name-" "$corpus" $seeds >"$dir/$name.log" 2>&1
	status=$?
	awk -v name="$name" '
		/stat::number_of_executed_units/ { runs = $2 }
		/stat::average_exec_per_sec/ { speed = $2 }
		# COVERED_FUNC: hits: 1 edges: 3/4 name /path/src/io/file.c:12
		/COVERED_FUNC/ && $NF ~ /src\/[a-z\/]+\/[a-z_0-9]+\.[ch]:/ {
			for (i = 1; i < NF; i++)
				if ($i == "edges:") split($(i + 1), e, "/")
			file = $NF
			sub(/.*src\//, "src/", file)
			sub(/:.*/, "", file)
			hit[file] += e[1]
			all[file] += e[2]
		}
		END {
			printf "  %-16s %d executions, %d a second; edges reached:", name, runs, speed
			for (f in hit)
				if (all[f] > 12)
					printf " %s %d/%d", f, hit[f], all[f]
			printf "\n"
		}' "$dir/$name.log"
	if [ "$status" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "  $name FAILED:"
		grep -E 'ERROR|SUMMARY|Test unit written|panic|Assertion' "$dir/$name.log" | sed 's/^/    /'
	fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
