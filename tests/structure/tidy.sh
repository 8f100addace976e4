#!/usr/bin/env bash
# clang-tidy with .clang-tidy over all headers, by two sources that use them. Usage: tidy.sh ROOT CLANG_TIDY FLAG...
# Not a test: releases differ in what they find. Takes about a minute.
set -euo pipefail
cd "$1"
tidy=$2
shift 2
status=0
for source in tests/consumers/main.cpp examples/03_fine_tune.cpp; do
  "$tidy" --quiet "$source" -- -std=c++20 -Iinclude -Iexamples -include tl/tl.hpp "$@" || status=1
done
exit $status
