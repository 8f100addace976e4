#!/usr/bin/env bash
# Tests tl::cuda on a machine with a GPU, in less than four minutes. Usage: tests/gpu.sh [BUILD [MODEL]]
#   BUILD  a folder that was built with TL_BUILD_TESTS and nvcc (default: build/release); nothing else is needed
#   MODEL  a model folder, all-MiniLM-L6-v2 say: its first updates are compared with the CPU's, too
# Prints what was found, a line per check last. Ends with 0 if all is well, 1 if not, and 77 if there is no GPU.
set -uo pipefail

case ${1:-} in
  -h | --help)
    sed -n '2,5s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac
build=${1:-$(dirname "$0")/../build/release}
model=${2:-}
kernels=$build/tests/tl_kernels_cuda_tests
updates=$build/tests/tl_compare_updates
for program in "$kernels" "$updates"; do
  [[ -x $program ]] && continue
  echo "gpu.sh: expected the program $program; build the tests with nvcc first" >&2
  exit 1
done
if [[ -n $model && ! -e $model/config.json ]]; then
  echo "gpu.sh: expected a model folder with a config.json, got $model" >&2
  exit 1
fi

verdicts=()
bad=0
# check SECONDS NAME COMMAND...: runs it for so long at most and keeps its verdict; its exit code. Under a tool that slows
# the kernels down, which `watched` says, the end of the time is no failure.
watched=
check() {
  local limit=$1 name=$2 begin=$SECONDS status=0
  shift 2
  echo "== $name"
  timeout "$limit" "$@" < /dev/null || status=$?
  case $status in
    0) verdicts+=("passed: $name, $((SECONDS - begin)) s") ;;
    77) ;;
    124)
      if [[ -n $watched ]]; then
        verdicts+=("not finished: $name, stopped after $limit s; what it reported is above")
        return 0
      fi
      verdicts+=("FAILED: $name, not finished after $limit s")
      ;;
    *) verdicts+=("FAILED: $name, exit code $status") ;;
  esac
  [[ $status == 0 ]] || bad=1
  return "$status"
}

unset TL_NO_SKIP  # what needs a machine without a GPU is skipped here
check 40 'ten updates of a tiny model against the CPU' "$updates"
[[ $? == 77 ]] && exit 77  # it said why there is no GPU
command -v nvidia-smi > /dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
check 60 'kernels against the CPU' "$kernels"

# Every block of memory is the driver's own for the tools that watch accesses, so that they see where it ends.
sanitizer=compute-sanitizer
command -v $sanitizer > /dev/null || sanitizer=/usr/local/cuda/bin/compute-sanitizer
if command -v $sanitizer > /dev/null; then
  watched=yes
  for tool in memcheck racecheck synccheck; do
    TL_CUDA_KEEP_MEMORY=0 check 25 "$tool of the kernels" $sanitizer --tool $tool --error-exitcode 9 "$kernels"
  done
  watched=
else
  verdicts+=('not done: memcheck, racecheck and synccheck; compute-sanitizer was not found')
fi

if [[ -n $model ]]; then
  check 60 "fifty updates of $(basename "$model") against the CPU" "$updates" "$model" 50
else
  verdicts+=('not done: updates of a pretrained model; no model folder was given')
fi

printf '\nGPU tests, %d s\n' "$SECONDS"
printf '%s\n' "${verdicts[@]}"
exit $bad
