#!/usr/bin/env bash
# One operation, one stem: the contract kernels/STEM.hpp has its bodies kernels/cpu/STEM.hpp and kernels/cuda/STEM.cuh,
# op, test and benchmark under the same name. Usage: one_stem.sh ROOT. Prints a sentence per missing place, and fails if
# there was one.
set -euo pipefail
cd "$1"

# Not operations: what the contracts themselves are made of.
vocabulary='run dropout_mask packed_weight_cache'
# Not operations either: what the ops are made of.
op_vocabulary='operand same_device'
# Kernels that the optimizer calls and that have no gradient: no op; their test is that of the CPU body.
without_gradient='adamw convert squared_norm step_state'
# CUDA: later.
cuda_later=''

# CUDA: several small operations in one file.
cuda_file() {
  case $1 in
    add | divide | multiply | pointwise) echo elementwise ;;
    concat | gather_rows | row_broadcast) echo rows ;;
    segment_max | segment_mean) echo segments ;;
    squared_norm | sum) echo reductions ;;
    bce_with_logits | mse_loss) echo losses ;;
    *) echo "$1" ;;
  esac
}

contains() { grep -qwF -- "$2" <<< "$1"; }

bad=0
# need STEM PATTERN: complains unless a file fits the pattern.
need() {
  compgen -G "$2" > /dev/null && return
  echo "$1: expected $2, found no such file"
  bad=1
}

count=0
for contract in include/tl/kernels/*.hpp; do
  stem=$(basename "$contract" .hpp)
  contains "$vocabulary" "$stem" && continue
  count=$((count + 1))
  folder=ops
  contains "$without_gradient" "$stem" && folder=kernels/cpu
  need "$stem" "include/tl/kernels/cpu/$stem.hpp"
  need "$stem" "tests/$folder/${stem}_test.cpp"
  need "$stem" "benchmarks/ops/${stem}_benchmark.cpp"
  [[ $folder == ops ]] && need "$stem" "include/tl/ops/$stem.hpp"
  if contains "$cuda_later" "$stem"; then
    if [[ -e include/tl/kernels/cuda/$stem.cuh ]]; then
      echo "$stem: include/tl/kernels/cuda/$stem.cuh exists; take $stem off the list cuda_later in one_stem.sh"
      bad=1
    fi
  else
    need "$stem" "include/tl/kernels/cuda/$(cuda_file "$stem").cuh"
  fi
done
# The locked device has a kernel for every contract, but for those that are the CPU's alone.
on_cpu_alone='AdamWDeferred'
while read -r contract; do
  contains "$on_cpu_alone" "$contract" || grep -qw -- "$contract" tests/support/locked_device.hpp && continue
  echo "$contract: expected it in tests/support/locked_device.hpp"
  bad=1
done < <(awk '/struct [A-Za-z]+ \{/ { split($0, words, "struct "); sub(/ .*/, "", words[2]); name = words[2] }
  /static constexpr const char\* name/ { print name }' include/tl/kernels/*.hpp)
if [[ $count == 0 ]]; then
  echo "expected contracts in $1/include/tl/kernels, found none"
  bad=1
fi
for op in include/tl/ops/*.hpp; do
  contains "$op_vocabulary" "$(basename "$op" .hpp)" && continue
  need "$(basename "$op" .hpp)" "include/tl/kernels/$(basename "$op")"
done
exit $bad
