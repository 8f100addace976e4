#!/usr/bin/env bash
# All sources are as clang-format writes them with .clang-format. Usage: format.sh ROOT [--fix]
# Prints a sentence that names the files that are not, and fails if there is one; --fix writes them instead. Releases of
# clang-format differ in their taste, so only one will do: TL_CLANG_FORMAT is its path (default: clang-format-14, or
# clang-format if it is of that release). Without it the check is skipped (77).
set -euo pipefail
release=14
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"

formatter=${TL_CLANG_FORMAT:-}
for candidate in clang-format-$release clang-format; do
  [[ -z $formatter ]] && command -v "$candidate" > /dev/null && formatter=$candidate
done
[[ -n $formatter ]] || exec "$here/skip.sh" "clang-format $release was not found"
version=$("$formatter" --version)
if [[ ! $version =~ version\ $release\. ]]; then
  exec "$here/skip.sh" "the format is that of clang-format $release, and $formatter is another: $version"
fi

# Tables are written by scripts.
mapfile -d '' sources < <(find include src tests tools examples benchmarks \
  \( -name '*.hpp' -o -name '*.cpp' -o -name '*.cuh' -o -name '*.cu' -o -name '*.c' \) -not -name '*_tables.hpp' -print0 2> /dev/null \
  | LC_ALL=C sort -z)
if [[ ${#sources[@]} == 0 ]]; then
  echo "expected sources in $1, found none"
  exit 1
fi

if [[ ${2:-} == --fix ]]; then
  printf '%s\0' "${sources[@]}" | xargs -0 "$formatter" -i
  exit
fi
bad=$(printf '%s\0' "${sources[@]}" | xargs -0 "$formatter" --dry-run 2>&1 | sed -nE 's/^([^:]+):[0-9]+:[0-9]+: warning: .*/\1/p' \
  | uniq)
[[ -z $bad ]] && exit 0
while IFS= read -r file; do
  echo "$file: expected the format of .clang-format; write it with tests/structure/format.sh . --fix"
done <<< "$bad"
exit 1
