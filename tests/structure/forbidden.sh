#!/usr/bin/env bash
# What must not occur in include/tl. Usage: forbidden.sh ROOT. Prints a sentence per line found, and fails if there was
# one. Comments are not code: what comes after // is not looked at.
set -euo pipefail
cd "$1"

bad=0
# refuse WHY PATTERN FILE...: complains of lines whose code matches the extended regular expression.
refuse() {
  local why=$1 pattern=$2
  shift 2
  [[ $# == 0 ]] && return
  awk -v why="$why" -v pattern="$pattern" '
    { code = $0; sub(/\/\/.*/, "", code) }
    code ~ pattern { printf "%s:%d: %s: %s\n", FILENAME, FNR, why, $0; bad = 1 }
    END { exit bad }' "$@" || bad=1
}

mapfile -t all < <(find include/tl -name '*.hpp' -o -name '*.cuh' | LC_ALL=C sort)
# The one header that may name standard output: where a Trainer's own callbacks write unless told otherwise.
mapfile -t silent < <(find include/tl \( -name '*.hpp' -o -name '*.cuh' \) -not -path include/tl/train/console.hpp | LC_ALL=C sort)
mapfile -t hpp < <(find include/tl -name '*.hpp' | LC_ALL=C sort)
if [[ ${#all[@]} == 0 ]]; then
  echo "expected headers in $1/include/tl, found none"
  exit 1
fi

start='(^|[^A-Za-z0-9_])'
refuse 'the library never prints' \
  "std::(cout|cerr|clog|puts|print)|${start}(v?f?printf|puts|fputs|putchar|perror)[ ]*\\(" "${silent[@]}"
refuse 'the library never ends the program; throw tl::Error' \
  "${start}(abort|exit|_exit|quick_exit|terminate|assert)[ ]*\\(" "${all[@]}"
refuse 'a header means the same in every translation unit; do not branch on how it is compiled' \
  "__CUDACC__|__CUDA_ARCH__|${start}NDEBUG|_OPENMP|__(AVX|SSE|FMA|F16C|ARM_FEATURE|ARM_NEON)" "${hpp[@]}"
refuse 'std says that nothing is NaN under -ffast-math; use tl::detail::is_finite and is_nan' \
  "std::(isfinite|isnan|isinf|isnormal)" "${all[@]}"
# The one header whose macros have the names that a specification gives them.
mapfile -t own < <(find include/tl \( -name '*.hpp' -o -name '*.cuh' \) -not -path include/tl/data/arrow/arrow_abi.hpp | LC_ALL=C sort)
refuse 'names of macros begin with TL_' '^[ ]*#[ ]*define[ ]+([^T]|T[^L]|TL[^_])' "${own[@]}"

# The tables of tl/text are the one place where a letter may be itself.
for file in "${all[@]}"; do
  [[ $file == include/tl/text/*_tables.hpp ]] && continue
  if LC_ALL=C grep -nH '[^ -~]' "$file" | sed 's/^\([^:]*:[0-9]*\):/\1: expected ASCII without tabs: /'; then bad=1; fi
done
exit $bad
