#!/usr/bin/env bash
# A program without CMake: one compiler command, then run. Usage: plain.sh OUTPUT COMMAND...
set -euo pipefail
output=$1
shift
mkdir -p "$(dirname "$output")"
"$@" -o "$output"
exec "$output"
