#!/usr/bin/env bash
# The pages of docs/ say what is in the tree. Usage: pages.sh ROOT. Prints a sentence per mistake, and fails if there was
# one: codes of errors, environment variables, letters of shapes, links, pages that docs/index.md does not name, and names
# that are not for users.
set -euo pipefail
cd "$1"
export LC_ALL=C

bad=0
complain() {
  echo "$1"
  bad=1
}
# same PAGE WHAT LIST PAGE_LIST: complains of lines that only one of the lists has.
same() {
  local line
  while IFS= read -r line; do complain "$1: expected $2 $line, it is missing"; done < <(comm -23 <(echo "$3") <(echo "$4") | grep .)
  while IFS= read -r line; do complain "$1: $2 $line is not in the sources"; done < <(comm -13 <(echo "$3") <(echo "$4") | grep .)
}
# rows PAGE: the names in backticks, or the bare words, of the first column of the tables of a page, a line each.
# shellcheck disable=SC2016  # the backticks are those of the page
rows() {
  sed -nE 's/^\| ([^|]*) \|.*/\1/p' "$1" | tr ',' '\n' | sed -E 's/^ *`?//; s/`? *$//' | sort -u
}

codes=$(sed -n '/^enum class ErrorCode {/,/^};/p' include/tl/core/error.hpp | sed -nE 's/^  ([a-z_]+),.*/\1/p' | sort)
[[ -n $codes ]] || complain 'include/tl/core/error.hpp: expected enum class ErrorCode, found none'
same docs/errors.md 'the code' "$codes" "$(rows docs/errors.md | grep -vxE 'code|-+')"

# What C++ asks for by getenv() or the functions of hub/environment.hpp, and shell scripts with a default.
mapfile -t folders < <(ls -d include src tools tests examples benchmarks cmake 2> /dev/null)
variables=$( {
  grep -rhoE 'getenv\("[A-Z0-9_]+"\)' --include='*.hpp' --include='*.cpp' --include='*.c' --include='*.cuh' --include='*.cu' \
    "${folders[@]}" || true
  grep -rhoE '(variable|is_true)\("[A-Z0-9_]+"' --include='*.hpp' --include='*.cpp' include src tools 2> /dev/null || true
  grep -oE '"[A-Z0-9_]+"' include/tl/hub/environment.hpp 2> /dev/null | grep -vE '"(1|ON|YES|TRUE)"' || true
  grep -rhoE '\$\{[A-Z][A-Z0-9_]*:-' --include='*.sh' "${folders[@]}" || true
} | grep -oE '[A-Z][A-Z0-9_]+' | sort -u)
same docs/environment.md 'the variable' "$variables" "$(rows docs/environment.md | grep -xE '[A-Z][A-Z0-9_]+')"

# Capital letters that are alone in the brackets of a comment: [N, 3D], but not [CLS].
letters=$(grep -rhoE '//.*' --include='*.hpp' --include='*.cuh' include | grep -oE '\[[0-9A-Z+*/ ,]+\]' | grep -vE '[A-Z][A-Z]' \
  | grep -oE '[A-Z]' | sort -u)
explained=$(rows docs/notation.md | grep -xE '[A-Z]')
same docs/notation.md 'the letter' "$letters" "$(comm -12 <(echo "$letters") <(echo "$explained"))"

while IFS=: read -r page link; do
  target=${link%%#*}
  [[ -z $target || $target == *://* || -e $(dirname "$page")/$target ]] || complain "$page: the link $link leads nowhere"
done < <(grep -oE '\]\([^) ]+\)' README.md CONTRIBUTING.md docs/*.md docs/*/*.md 2> /dev/null | sed -E 's/\]\((.*)\)/\1/')
for page in docs/*.md; do
  name=$(basename "$page")
  [[ $name == index.md ]] || grep -qE "\(${name//./\\.}[)#]" docs/index.md || complain "docs/index.md: expected a link to $name, there is none"
done
# What is in a namespace detail may change at any time: pages for users and examples do without.
mapfile -t for_users < <(find README.md docs examples tests/consumers -name decisions -prune -o \
  \( -name '*.md' -o -name '*.hpp' -o -name '*.cpp' \) -print 2> /dev/null | sort)
while IFS= read -r line; do complain "$line: expected public names only, got one of a namespace detail"; done \
  < <(grep -nH 'detail::' "${for_users[@]}" /dev/null | cut -d: -f1,2)
exit $bad
