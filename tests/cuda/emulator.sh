#!/usr/bin/env bash
# Runs every kernel of tl::cuda on the emulated GPU, ten updates of a small model on it in each precision, and the table
# of broken kernels.
# Usage: emulator.sh [BUILD]   BUILD: a build folder with tests, default build/release, which is made if it is missing
# The last line says how many kernels ran under how many schedules, how far float was from double, and what the checker
# found.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=${1:-build/release}
[[ -e $build/CMakeCache.txt ]] || cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DTL_BUILD_TESTS=ON
if ! cmake --build "$build" --target help | grep -q tl_emulator_tests; then
  echo 'skipped: the emulator needs g++ on x86-64 Linux'
  exit 77
fi
cmake --build "$build" --parallel "${TL_JOBS:-$(nproc)}" --target tl_emulator_tests tl_emulated_updates

figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
status=0
TL_EMULATOR_FIGURES=$figures "$build"/tests/emulator/tl_emulator_tests || status=1
for precision in '' --bf16 --fp16; do
  "$build"/tests/emulator/tl_emulated_updates $precision || status=1
done
awk '
  $1 == "kernels" { kernels = $2; schedules = $6; worst = $10; where = $12 }
  $1 == "broken" { reported = $2; broken = $4 }
  $1 == "alarms" { alarms = $2 }
  END {
    printf "%d kernels, %d schedules, worst difference %.1e of the largest magnitude (%s); ", kernels, schedules, worst, where
    printf "%d of %d broken kernels reported, %d false alarms\n", reported, broken, alarms
  }' "$figures"
exit "$status"
