#!/usr/bin/env bash
# Reads files of 500 MB as streams, with a shuffle buffer and without, and fails if 100 MiB of memory are in use at any
# time. Usage: stream_memory.sh ROOT FOLDER COMPILER FLAG...
# ROOT is the checkout, FOLDER one with 1.5 GB of room, e.g. stream_memory.sh . /tmp g++ -std=c++20 -O2 -isystem DIR
set -euo pipefail
root=$(cd "$1" && pwd)
folder=$(mktemp -d -p "$2")
shift 2
trap 'rm -r "$folder"' EXIT
python3 - "$folder" <<'PYTHON'
import json, sys
words = "a fine film that is never dull and has more ideas than most of what came out in that year".split()
with open(sys.argv[1] + "/t.csv", "w") as csv, open(sys.argv[1] + "/t.jsonl", "w") as lines:
    csv.write("text,label\n")
    row = size = 0
    while size < 500_000_000:
        text = " ".join(words[(row * 7 + i * i) % len(words)] for i in range(10 + row % 30))
        line = f'"{text}, {row}",{row % 2}\n'
        csv.write(line)
        lines.write(json.dumps({"text": f"{text}, {row}", "label": row % 2}) + "\n")
        row += 1
        size += len(line)
PYTHON
"$@" -I"$root/include" "$root/tests/long/stream_memory.cpp" -o "$folder/stream" -lpthread
status=0
for buffer in 0 1000 10000; do
  "$folder/stream" csv "$folder/t.csv" "$buffer" || status=1
  "$folder/stream" json "$folder/t.jsonl" "$buffer" || status=1
done
exit "$status"
