#!/usr/bin/env bash
# The build of tl::cuda fails when a kernel spills registers: with the build's own command a kernel compiles, and with too
# few registers it does not.
# Usage: spills.sh KERNEL.cu NVCC FLAG...
set -euo pipefail
kernel=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$@" -c "$kernel" -o "$work/enough.o"
if "$@" -maxrregcount=24 -c "$kernel" -o "$work/few.o" > "$work/said" 2>&1; then
  echo "expected nvcc to refuse a kernel that spills registers, it compiled: $*"
  exit 1
fi
grep -q 'Registers are spilled' "$work/said" || { cat "$work/said"; exit 1; }
