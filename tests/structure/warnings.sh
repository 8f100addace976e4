#!/usr/bin/env bash
# The headers are free of warnings where a program includes them as its own (-I, not -isystem) and asks for the usual
# ones. Usage: warnings.sh INCLUDE_DIR SOURCE COMPILER FLAG... SOURCE is a program that uses the library, so that the
# templates are instantiated; all of tl/tl.hpp is compiled in front of it.
set -euo pipefail
include=$1 source=$2
shift 2
"$@" -std=c++20 -fsyntax-only -I"$include" -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror \
  -include tl/tl.hpp "$source"
