#!/usr/bin/env bash
# The numbered examples are a course, read from top to bottom. Usage: course.sh ROOT. Prints a sentence per example that
# is too long for that, and fails if there was one.
set -euo pipefail
cd "$1"

bad=0 count=0
for example in examples/[0-9]*.cpp; do
  [[ -e $example ]] || break
  count=$((count + 1))
  lines=$(wc -l < "$example")
  if ((lines >= 100)); then
    echo "$example: expected fewer than 100 lines, got $lines"
    bad=1
  fi
done
if [[ $count == 0 ]]; then
  echo "expected numbered examples in $1/examples, found none"
  exit 1
fi
exit $bad
