#!/usr/bin/env bash
# Every contract has its body on the GPU. Usage: cuda_bodies.sh ROOT. A contract is a struct in kernels/*.hpp that names
# itself; its body is in a file of kernels/cuda, which names it (registration_test.cpp asks the program). Every header there that provides bodies is compiled by a
# source of its own in src/cuda and is part of cuda.cuh. Prints a sentence per gap, and fails if there was one.
set -euo pipefail
cd "$1"

# Contracts that have no body on the GPU yet.
exceptions=''

bad=0
complain() {
  echo "$1"
  bad=1
}

mapfile -t bodies < <(find include/tl/kernels/cuda -name '*.cuh' | LC_ALL=C sort)
count=0
while read -r contract header; do
  count=$((count + 1))
  if grep -qE "kernels::$contract([^A-Za-z]|$)" "${bodies[@]}" /dev/null; then
    grep -qwF -- "$contract" <<< "$exceptions" && complain "$contract has a body; take it off the list in cuda_bodies.sh"
  elif ! grep -qwF -- "$contract" <<< "$exceptions"; then
    complain "$header: expected a body of $contract in include/tl/kernels/cuda, found none"
  fi
done < <(awk '
  match($0, /struct [A-Za-z]+ \{/) { name = substr($0, RSTART + 7, RLENGTH - 9) }
  /static constexpr const char\* name = / { print name, FILENAME }' include/tl/kernels/*.hpp)
[[ $count -gt 0 ]] || complain "expected contracts in include/tl/kernels, found none"

while IFS= read -r header; do
  family=$(basename "$header" .cuh)
  grep -qF "<tl/kernels/cuda/$family.cuh>" "src/cuda/$family.cu" 2> /dev/null ||
    complain "$header provides bodies: expected src/cuda/$family.cu to include it"
  grep -qF "<tl/kernels/cuda/$family.cuh>" include/tl/cuda.cuh ||
    complain "$header provides bodies: expected include/tl/cuda.cuh to include it"
done < <(grep -l 'provide_cuda(' "${bodies[@]}" /dev/null)
exit $bad
