#!/usr/bin/env bash
# Builds the fuzzers with clang's libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer, and runs them.
# Usage: tests/fuzz/run.sh WORK_DIR SECONDS [PARSER...]   SECONDS of all parsers (each NAME.cpp here is one) together.
# WORK_DIR keeps the programs, the inputs that reached new code (corpus/), the inputs that broke a rule (found/), and
# counts.tsv: date, parser, executions, inputs kept. Ends with 77 where clang or its libFuzzer is missing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$1 seconds=$2
shift 2
mkdir -p "$work/bin" "$work/found"
work=$(cd "$work" && pwd)
export here work
jobs=${TL_JOBS:-$(nproc)}

parsers=("$@")
if [[ ${#parsers[@]} == 0 ]]; then
  for source in "$here"/*.cpp; do parsers+=("$(basename "$source" .cpp)"); done
fi

export CLANG=${TL_FUZZ_CLANG:-clang++}
if ! "$CLANG" -x c++ -std=c++20 -fsanitize=fuzzer,address,undefined -o "$work/probe" - 2> "$work/probe.log" << 'PROBE'; then
#include <compare>
#include <cstddef>
extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, std::size_t) { return 0; }
PROBE
  "$here/../structure/skip.sh" "the fuzzers need clang++ with libFuzzer (Debian: clang libclang-rt-dev)"
fi

# All names in the parsers' sources, as JSON spells them: a dictionary that cannot go stale.
include=$(cd "$here/../../include" && pwd)
export include
grep -rhoE '"[A-Za-z_][A-Za-z_0-9]+"' "$include"/tl/{io,text,models,data,train} | sort -u \
  | sed 's/"\(.*\)"/"\\"\1\\""/' > "$work/dictionary"

# The folders of Eigen and nlohmann_json; CMake gives what it found.
read -ra flags <<< "${TL_FUZZ_FLAGS:--isystem /usr/include/eigen3}"
# For a short run a fast compiler counts for more than fast programs.
export optimisation=-O1
((seconds >= 300)) || optimisation=-O0
build() {
  local parser=$1
  shift
  local program=$work/bin/$parser
  [[ -e $program && -z $(find "$include" "$include/../src/hub" "$here" -name '*.[hc]pp' -newer "$program" -print -quit) ]] && return
  "$CLANG" -std=c++20 "$optimisation" -g1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -I"$include" "$@" \
    "$here/$parser.cpp" -o "$program.new"
  mv "$program.new" "$program"
}

run() {
  local parser=$1 seconds=$2 status=0
  local log=$work/$parser.log corpus=$work/corpus/$parser
  mkdir -p "$corpus"
  "$work/bin/$parser" "$corpus" "$here/seeds/$parser" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -max_len=4096 -dict="$work/dictionary" -artifact_prefix="$work/found/$parser-" -print_final_stats=1 > "$log" 2>&1 \
    || status=$?
  local executions
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  printf '%s\t%s\t%s\t%s\n' "$(date -u +%FT%TZ)" "$parser" "${executions:-0}" "$(find "$corpus" -type f | wc -l)" \
    >> "$work/counts.tsv"
  echo "$parser: ${executions:-0} executions in $seconds s"
  [[ $status == 0 ]] && return
  tail -60 "$log"
  echo "$parser: broken; try again: $work/bin/$parser $(sed -n 's/.*Test unit written to //p' "$log" | tail -1)"
  return 1
}
export -f build run

printf '%s\0' "${parsers[@]}" | xargs -0 -P "$jobs" -I{} bash -euo pipefail -c 'build "$@"' build {} "${flags[@]}"
each=$((seconds / ${#parsers[@]}))
[[ $each -ge 1 ]] || each=1
printf '%s\0' "${parsers[@]}" | xargs -0 -P "$jobs" -I{} bash -euo pipefail -c 'run "$@"' run {} "$each"
