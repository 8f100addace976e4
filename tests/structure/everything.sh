#!/usr/bin/env bash
# tl/tl.hpp is everything: it reaches every header of include/tl. Usage: everything.sh ROOT COMPILER FLAG... Prints a
# sentence per header that it does not reach, and fails if there was one.
set -euo pipefail
cd "$1/include"
shift

# Not part of it: what only nvcc compiles.
other_devices='^tl/(kernels/cuda/.*|cuda)\.cuh$'

tree=$(find tl -name '*.hpp' -o -name '*.cuh' | LC_ALL=C sort | { grep -vE "$other_devices" || true; })
if [[ -z $tree ]]; then
  echo "expected headers in $PWD/tl, found none"
  exit 1
fi
reached=$("$@" -I. -MM tl/tl.hpp | tr ' ' '\n' | sed -nE 's|^(\./)?(tl/.*)|\2|p' | LC_ALL=C sort -u)
missing=$(LC_ALL=C comm -23 <(printf '%s\n' "$tree") <(printf '%s\n' "$reached"))
[[ -z $missing ]] && exit 0
sed 's/$/: expected tl\/tl.hpp to include it, it does not/' <<< "$missing"
exit 1
