#!/usr/bin/env bash
# tests/cases.cmake with a program of odd names: ctest must list each of its cases, and select each by the right
# specification. Usage: cases_test.sh CTEST
set -euo pipefail
ctest=$1
cases=$(cd "$(dirname "$0")/.." && pwd)/cases.cmake
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > names <<'END'
layer_norm: plain
a, b [c
semi;colon ]
say "so"
back\slash
dollar $x ${y} $ENV{HOME}
END
# Stands for a test program: it lists the names, or notes which one was asked for, without the escapes of Catch2.
cat > program <<END
#!/bin/sh
if [ "\$1" = --list-test-names-only ]; then cat "$work/names"; exit 6; fi
[ "\$2 \$3" = '--warn NoAssertions' ] || exit 1
printf '%s\n' "\$1" | sed 's/\\\\\\(.\\)/\\1/g' >> "$work/asked"
[ "\$1" != 'layer_norm: plain' ] || [ ! -e "$work/unknown" ] || echo 'No test cases matched'
END
chmod +x program
cat > CTestTestfile.cmake <<END
set(tl_test_programs "odd|$work/program;missing|$work/none")
set(tl_test_emulator "")
set(tl_list_option --list-test-names-only)
include("$cases")
END

"$ctest" -E missing > log || { cat log; exit 1; }
diff <(LC_ALL=C sort names) <(LC_ALL=C sort asked) || { echo "expected each name to be asked for once"; exit 1; }
"$ctest" -N -R layer_norm > found
grep -q ': odd: layer_norm: plain' found || { echo "ctest -R layer_norm did not find its case"; exit 1; }
"$ctest" -N > found
grep -q ': missing$' found || { echo "expected an entry for a program that is not built"; exit 1; }
touch unknown
if "$ctest" -R layer_norm > log; then
  echo "accepted a specification that selected no case"
  exit 1
fi
echo 'each case is an entry of ctest'
