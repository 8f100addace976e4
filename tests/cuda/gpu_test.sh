#!/usr/bin/env bash
# What tests/gpu.sh says where it cannot test. Usage: gpu_test.sh ROOT BUILD
set -euo pipefail
root=$1 build=$2
script=$root/tests/gpu.sh

# expect CODE PATTERN ARGUMENT...: the script with these arguments ends with the code and prints the pattern.
expect() {
  local code=$1 pattern=$2 status=0 said
  shift 2
  said=$(CUDA_VISIBLE_DEVICES='' bash "$script" "$@" 2>&1) || status=$?
  if [[ $status != "$code" || $said != *$pattern* ]]; then
    printf 'gpu.sh %s: expected exit code %s and "%s", got %s and:\n%s\n' "$*" "$code" "$pattern" "$status" "$said"
    exit 1
  fi
}

expect 77 'no GPU: no NVIDIA ' "$build"
expect 1 "gpu.sh: expected the program $root/docs/tests/tl_kernels_cuda_tests; build the tests with nvcc first" \
  "$root/docs"
expect 1 "gpu.sh: expected a model folder with a config.json, got $root/docs" "$build" "$root/docs"
expect 0 'Usage: tests/gpu.sh' --help
