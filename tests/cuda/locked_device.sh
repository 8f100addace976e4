#!/usr/bin/env bash
# Trains the notebook's job on the CPU and on the locked device, a GPU whose kernels are the CPU's bodies and whose
# memory the host cannot touch, and compares the weights after every update.
# Usage: tests/cuda/locked_device.sh [--build FOLDER] [--model FOLDER --data FOLDER] [--bf16]
#   --build  CMake's folder; default: build/release
#   --model  folder of a DistilBERT encoder with its tokenizer; with --data: 189 updates of 16 rows
#   --data   folder with train.jsonl and validation.jsonl, 1000 and 200 rows or more with text and label
#   --bf16   in the CPU's bf16 alone
# Without --model and --data a tiny model trains on the project's own texts, in fp32 and in bf16. The last line says how
# many updates were equal, and what a step asks of the device.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=build/release
options=()
while (($#)); do
  case $1 in
    --build) build=$2 && shift 2 ;;
    --model | --data) options+=("$1" "$(realpath "$2")") && shift 2 ;;
    --bf16) options+=("$1") && shift ;;
    *) sed -n 's/^# \?//; 4,9p' "$0" >&2 && exit 2 ;;
  esac
done
[[ -e $build/CMakeCache.txt ]] || cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DTL_BUILD_TESTS=ON > /dev/null
cmake --build "$build" --target tl_locked_device_run > /dev/null
"$build/tests/tl_locked_device_run" "${options[@]}"
