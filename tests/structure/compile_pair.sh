#!/usr/bin/env bash
# A mistake that must not compile. Usage: compile_pair.sh SOURCE COMPILER FLAG...
# The source must compile with TL_MISTAKE=0 and not with TL_MISTAKE=1, and the compiler must then say the text after
# "// expect: " in the source. Compiling both from one source keeps the failing half from failing for another reason.
set -euo pipefail
source=$1
shift

expected=$(sed -n 's|^// expect: ||p' "$source")
if [[ -z $expected ]]; then
  echo "$source: expected a line '// expect: <part of the compiler's message>', found none"
  exit 1
fi
if ! said=$("$@" -fsyntax-only -DTL_MISTAKE=0 "$source" 2>&1); then
  echo "$source: does not compile without the mistake:"
  echo "$said"
  exit 1
fi
if said=$("$@" -fsyntax-only -DTL_MISTAKE=1 "$source" 2>&1); then
  echo "$source: compiles although it must not"
  exit 1
fi
if ! grep -qF -- "$expected" <<< "$said"; then
  echo "$source: expected the compiler to say '$expected', but it said:"
  echo "$said"
  exit 1
fi
