#!/usr/bin/env bash
# Compiles every kernel of tl::cuda for several architectures and reads what ptxas says: no warning, no register that is
# spilled; and that attention uses tensor cores. Usage: tests/cuda/architectures.sh [ARCHITECTURE...]
# Default: 75 80 86 89 90 100 120, which takes minutes. Prints the largest number of registers per family of kernels and
# architecture, then a line of totals. TL_JOBS compilers run at a time; TL_NVCC is nvcc. Without nvcc it ends with 77.
set -euo pipefail
cd "$(dirname "$0")/../.."

nvcc=${TL_NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
if [[ ! -x $nvcc ]]; then
  echo "skipped: nvcc was not found"
  exit 77
fi
architectures=("$@")
[[ $# -gt 0 ]] || architectures=(75 80 86 89 90 100 120)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
code=()
for architecture in "${architectures[@]}"; do
  code+=(-gencode "arch=compute_$architecture,code=sm_$architecture")
done

# One process per family; a family is compiled for all architectures by one process, which reads the headers once.
# shellcheck disable=SC2016  # expanded by the inner bash
compile='family=$(basename "$0" .cu); work=$1; shift
  "$@" -c "$0" -o "$work/$family.o" > "$work/$family.log" 2>&1 || echo "$family" >> "$work/failed"'
printf '%s\0' src/cuda/*.cu | xargs -0 -P "${TL_JOBS:-$(nproc)}" -I{} bash -c "$compile" {} "$work" "$nvcc" -std=c++20 -O3 \
  --expt-relaxed-constexpr -Xcompiler=-fPIC,-Wall,-Wextra -Xptxas=-v -Iinclude "${code[@]}"

bad=0
if [[ -e $work/failed ]]; then
  while IFS= read -r family; do
    echo "$family does not compile:"
    head -20 "$work/$family.log"
  done < "$work/failed"
  exit 1
fi
if grep -iH 'warning' "$work"/*.log; then bad=1; fi
if grep -H 'spill' "$work"/*.log | grep -v ' 0 bytes spill stores, 0 bytes spill loads'; then bad=1; fi

# family, then the most registers of a kernel for each architecture
for log in "$work"/*.log; do
  awk -v family="$(basename "$log" .log)" '
    /Compiling entry function/ { architecture = $NF; gsub(/[^0-9a-z_]/, "", architecture); ++kernels[architecture] }
    match($0, /Used [0-9]+ registers/) {
      used = substr($0, RSTART + 5, RLENGTH - 15) + 0
      if (used > most[architecture]) most[architecture] = used
    }
    END {
      line = sprintf("%-32s", family)
      for (a in kernels) line = line sprintf(" %s: %d kernels, at most %d registers;", a, kernels[a], most[a])
      print line
    }' "$log"
done
kernels=$(cat "$work"/*.log | grep -c 'Compiling entry function' || true)
if [[ $kernels == 0 ]]; then
  echo "expected kernels in what ptxas says, found none"
  exit 1
fi
# Attention is meant to run on tensor cores; a fragment that is not used would be optimised away without a word.
"$nvcc" -std=c++20 -O3 --expt-relaxed-constexpr -Iinclude -arch=compute_80 -ptx src/cuda/attention.cu -o "$work/attention.ptx"
for instruction in mma.sync.aligned.m16n8k16.row.col.f32.bf16 mma.sync.aligned.m16n8k16.row.col.f32.f16 ldmatrix.sync cp.async.cg; do
  count=$(grep -cF "$instruction" "$work/attention.ptx" || true)
  echo "attention has $count of $instruction"
  [[ $count -gt 0 ]] || bad=1
done
[[ $bad == 0 ]] || exit 1
echo "$kernels kernels for ${#architectures[@]} architectures (${architectures[*]}): no warning, nothing spilled"
