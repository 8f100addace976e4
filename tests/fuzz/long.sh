#!/usr/bin/env bash
# Fuzzes for long, all parsers in turn, and goes on where the last run ended. Usage:
#   tests/fuzz/long.sh MINUTES [WORK_DIR]     WORK_DIR: build/fuzz; TL_JOBS sets how many run at a time (default 1)
# Prints at the end how many executions each parser has had in all runs of WORK_DIR. It stops at the first round in which
# an input broke a rule; the input is then in WORK_DIR/found.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
minutes=${1:?expected the number of minutes}
work=${2:-$here/../../build/fuzz}
export TL_JOBS=${TL_JOBS:-1}

parsers=$(find "$here" -maxdepth 1 -name '*.cpp' | wc -l)
end=$((SECONDS + minutes * 60))
status=0
while [[ $SECONDS -lt $end && $status == 0 ]]; do
  left=$((end - SECONDS))
  round=$((parsers * 60))  # a minute for each
  nice -n 19 "$here/run.sh" "$work" $((left * TL_JOBS < round ? left * TL_JOBS : round)) || status=$?
done
if [[ -e $work/counts.tsv ]]; then
  awk -F '\t' '{ sum[$2] += $3; all += $3 } END { for (p in sum) printf "%12d %s\n", sum[p], p; printf "%12d in all\n", all }' \
    "$work/counts.tsv" | sort -k2
fi
exit "$status"
