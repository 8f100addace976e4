#!/usr/bin/env bash
# Builds and runs all tests. Usage: tests/run.sh [--preset NAME]
#   --preset NAME  a preset of CMakePresets.json: release (default), debug, asan-ubsan or tsan
# TL_JOBS sets how many compilers and tests run at a time (default: the number of processors). With TL_NO_SKIP=1 a test
# that cannot run here, for want of a GPU say, is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=release
while [[ $# -gt 0 ]]; do
  case $1 in
    --preset)
      preset=${2:?--preset needs a name}
      shift 2
      ;;
    --preset=*)
      preset=${1#*=}
      shift
      ;;
    -h | --help)
      sed -n '2,6s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
    *)
      echo "tests/run.sh: expected --preset NAME, got $1" >&2
      exit 2
      ;;
  esac
done

bash cmake/bootstrap.sh

build=build/$preset
bash cmake/get_arrow.sh build/arrow  # once for all presets
jobs=${TL_JOBS:-$(nproc)}
configure=(--preset "$preset" -DTL_BUILD_TESTS=ON -DTL_ARROW_WHEEL="$PWD/build/arrow/pyarrow")
# What a folder was configured with the first time stays. For tests an old and a new architecture are enough.
if [[ ! -e $build/CMakeCache.txt ]]; then
  if nvcc --list-gpu-code 2> /dev/null | grep -qx sm_120; then configure+=("-DTL_CUDA_ARCHITECTURES=75;120"); fi
  command -v ninja > /dev/null && configure+=(-G Ninja)
  if [[ -z ${CXX:-} && $(g++ -dumpversion 2> /dev/null | cut -d. -f1) -lt 12 ]] && command -v g++-12 > /dev/null; then
    configure+=(-DCMAKE_CXX_COMPILER=g++-12)
  fi
fi

cmake "${configure[@]}"
cmake --build "$build" --parallel "$jobs"

# Some kernels place memory where ThreadSanitizer does not expect it; without address randomisation they do not.
run=()
if [[ $preset == tsan ]] && setarch -R true 2> /dev/null; then
  run=(setarch -R)
fi

log=$build/ctest.log
status=0
"${run[@]}" ctest --test-dir "$build" --output-on-failure --no-label-summary --no-tests=error --parallel "$jobs" \
  < /dev/null 2>&1 | tee "$log" || status=${PIPESTATUS[0]}

# The reasons why something did not run, each once, and ctest's own verdict last.
echo
sed -n 's/^ *\(skipped: .*\)/\1/p' "$build/Testing/Temporary/LastTest.log" | sort | uniq -c | sed 's/^ *\([0-9]*\) /\1 x /'
grep -E '^[0-9]+% tests passed' "$log" || echo 'ctest gave no verdict'
exit "$status"
