#!/usr/bin/env bash
# Headers compiled without anything before them that would make up for a missing include. Usage:
#   headers.sh alone|by_folder INCLUDE_DIR EXTENSION WORK_DIR COMPILER FLAG...
# alone: a source per header that includes it twice and nothing else, so a header that lacks an include or its guard
# fails. For C++ it ends with a static assertion, at which the compiler stops: it has then read all of the header, and
# the templates that would be instantiated after it take as long again; other tests instantiate them.
# by_folder: a source per folder, for a second compiler that only has to accept every header, in a fifth of the time.
# Prints what the compiler says, and fails if a source does not compile.
set -euo pipefail
mode=$1 include=$2 extension=$3 work=$4
shift 4

source_suffix=cpp
export end='the end of the header was reached'
[[ $extension == cuh ]] && source_suffix=cu
rm -rf "$work"
mkdir -p "$work"
count=0
while IFS= read -r header; do
  # The sources of tl::cuda include one header each and nothing before it; a program of tests/consumers does so with
  # cuda.cuh, which takes nvcc minutes.
  [[ -e $include/../src/cuda/$(basename "$header" .cuh).cu || $header == tl/cuda.cuh ]] && continue
  name=$header
  [[ $mode == by_folder ]] && name=$(dirname "$header")
  printf '#include <%s>\n#include <%s>\n' "$header" "$header" >> "$work/${name//\//.}.$source_suffix"
  [[ $mode == alone && $source_suffix == cpp ]] && echo "static_assert(false, \"$end\");" >> "$work/${name//\//.}.cpp"
  count=$((count + 1))
done < <(cd "$include" && find tl -name "*.$extension" | LC_ALL=C sort)
if [[ $count == 0 ]]; then
  echo "expected *.$extension in $include/tl, found none"
  exit 1
fi

cd "$work"
# Each compiler writes files of its own, so that several at a time do not mix their words.
# shellcheck disable=SC2016  # expanded by the inner bash
compile='source=$0; "$@" -I"$TL_INCLUDE" -c "$source" -o "$source.o" > "$source.log" 2>&1 ||
  grep -m1 "error:" "$source.log" | grep -qF "$end" || {
  { echo "${source#./} does not compile:"; head -40 "$source.log"; } > "$source.failed"; }'
export TL_INCLUDE=$include
find . -name "*.$source_suffix" -print0 | xargs -0 -P "${TL_JOBS:-$(nproc)}" -I{} bash -c "$compile" {} "$@"
failures=$(find . -name '*.failed' | LC_ALL=C sort)
if [[ -n $failures ]]; then
  while IFS= read -r failure; do cat "$failure"; done <<< "$failures"
  exit 1
fi
echo "$count headers compile ($mode)"
