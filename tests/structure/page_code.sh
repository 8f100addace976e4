#!/usr/bin/env bash
# The C++ of the pages compiles: every ```cpp block of README.md and docs/. Usage:
#   page_code.sh ROOT WORK_DIR COMPILER FLAG...
# All blocks become one source, so the headers are read once. A page is a namespace. Its blocks are statements of one
# function, each in the scope of those before it, so a block sees names of earlier ones and may declare them anew;
# includes, classes, templates and functions at the margin come before that function. Marks, which readers do not see:
#   <!-- cpp             a block that is not shown: what a page's code supposes; ends with the line -->
#   <!-- cpp: namespace -->              everything in the next block is at namespace scope
#   <!-- cpp: not compiled, REASON -->   the next block is only sketched
# Prints what the compiler says, with the line of the page, and fails if there is an error.
set -euo pipefail
cd "$1"
work=$2
shift 2
mkdir -p "$work"

mapfile -t pages < <(find README.md docs -name '*.md' 2> /dev/null | LC_ALL=C sort)
# shellcheck disable=SC2016  # the $ below are awk's
awk -v source="$work/pages.cpp" '
  function position(line) { return "#line " line " \"" page "\"\n" }
  # Sorts the lines of a block into includes, definitions and statements.
  function end_block(  i, line, depth, seen, whole) {
    statements = statements "{\n"
    for (i = 1; i <= count; ++i) {
      line = text[i]
      if (line ~ /^#include/) {
        if (!(line in included)) includes = includes line "\n"
        included[line] = 1
        continue
      }
      if (!whole && (all_names || line ~ /^(struct|class|enum|template|extern "C") ?/ ||
                     line ~ /^[A-Za-z_][A-Za-z0-9_:<>,*& ]* [a-z_]+\(.*\)( const)? \{$/)) {
        whole = 1
        depth = seen = 0
        definitions = definitions position(first + i - 1)
      }
      if (!whole) {
        statements = statements position(first + i - 1) line "\n"
        continue
      }
      definitions = definitions line "\n"
      opened = gsub(/\{/, "{", line)
      depth += opened - gsub(/\}/, "}", line)
      seen = seen || opened || line ~ /;$/
      if (depth == 0 && seen) whole = 0
    }
    blocks += 1
    all_names = 0
  }
  function end_page(  name, i) {
    if (!blocks) return
    name = page
    gsub(/[^A-Za-z0-9]/, "_", name)
    all = all "namespace page_" name " {\n" definitions "\n[[maybe_unused]] inline int code() {\n" statements
    for (i = 1; i <= blocks; ++i) all = all "}\n"
    all = all "return 0;\n}\n}  // namespace\n"
    total += blocks
  }
  function complain(sentence) { print page ":" FNR ": " sentence; bad = 1 }
  FNR == 1 {
    if (inside) complain("expected the end of a block, the page before this one ended in it")
    end_page()
    page = FILENAME
    definitions = statements = inside = ""
    blocks = skip = all_names = 0
  }
  inside {
    if ($0 == inside) {
      if (!skip) end_block()
      inside = ""
      skip = 0
    } else {
      text[++count] = $0
    }
    next
  }
  /^ *```cpp/ || $0 == "<!-- cpp" {
    inside = /^<!--/ ? "-->" : "```"
    first = FNR + 1
    count = 0
    next
  }
  /^<!-- cpp: namespace -->$/ { all_names = 1; next }
  /^<!-- cpp: not compiled, .+ -->$/ { skip = 1; next }
  /^<!-- cpp/ { complain("expected one of the marks of page_code.sh, got " $0) }
  /^ *```/ { inside = "```"; skip = 1 }  # another language
  END {
    end_page()
    if (!total) { print "expected ```cpp blocks in README.md and docs/, found none"; bad = 1 }
    printf "#include <tl/tl.hpp>\n%s\n%s", includes, all > source
    if (!bad) print total " blocks"
    exit bad
  }' "${pages[@]}" /dev/null

"$@" -std=c++20 -fsyntax-only -w -Iinclude "$work/pages.cpp"
