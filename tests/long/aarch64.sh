#!/usr/bin/env bash
# The library on 64-bit ARM: the program is compiled without a warning by a cross compiler, trains a tiny model under
# qemu's user emulation, evaluates and predicts with it, and its logged losses must be those of this machine's program.
# Usage: tests/long/aarch64.sh TL MAKE_TINY_BERT
#   TL and MAKE_TINY_BERT are the programs built for this machine. Needs (Debian) g++-aarch64-linux-gnu and qemu-user;
#   exits with 77, and says why, where one is missing. Takes some two minutes. Not part of tests/run.sh.
set -euo pipefail

tl=$(realpath "$1")
make_tiny_bert=$(realpath "$2")
root=$(realpath "$(dirname "$0")/../..")
for tool in aarch64-linux-gnu-g++ qemu-aarch64; do
  command -v "$tool" > /dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# This machine's own headers come last: they hold nlohmann and CLI, but a C library for another processor.
compile=(aarch64-linux-gnu-g++ -std=c++20 -O1 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror
         -I "$root/include" -I "$root/tools/tl" -isystem "${EIGEN_FOLDER:-/usr/include/eigen3}" -idirafter /usr/include)
for source in "$root"/tools/tl/*.cpp "$root"/tools/tl/tasks/*.cpp; do
  printf '%s\0' "$source"
done | xargs -0 -P "$(nproc)" -I{} "${compile[@]}" -c {}
"${compile[@]}" -c -x c++ -o everything.o - <<< '#include <tl/tl.hpp>'
aarch64-linux-gnu-g++ -static ./*.o -pthread -o tl-aarch64
echo "compiled without a warning"

reviews=$root/examples/data/reviews
"$make_tiny_bert" bert "$reviews/train.jsonl"
"$tl" convert --from bert bert model > /dev/null

# losses OUT PROGRAM...: trains, and prints what was logged, a line per step.
losses() {
  local out=$1
  shift
  "$@" train --model_name_or_path model --train_file "$reviews/train.jsonl" --validation_file "$reviews/test.jsonl" \
    --labels NEGATIVE,POSITIVE --max_train_samples 128 --max_eval_samples 32 --num_train_epochs 2 --logging_steps 1 \
    --learning_rate 1e-3 --seed 3 --disable_tqdm true --output_dir "$out" > "$out.log"
  grep -o '"loss": [0-9.]*' "$out/trainer_state.json"
}
losses here "$tl" > here.txt
losses arm qemu-aarch64 ./tl-aarch64 > arm.txt
qemu-aarch64 ./tl-aarch64 evaluate --model_name_or_path arm --validation_file "$reviews/test.jsonl" > arm_evaluation.txt
"$tl" evaluate --model_name_or_path arm --validation_file "$reviews/test.jsonl" > here_evaluation.txt
qemu-aarch64 ./tl-aarch64 predict --model_name_or_path arm --text "It was not bad at all." > arm_answer.txt
"$tl" predict --model_name_or_path arm --text "It was not bad at all." > here_answer.txt

# Losses are logged with four digits. Vector instructions sum in another order, so the last digit may differ.
paste here.txt arm.txt | awk '
  { steps += 1; d = $2 - $4; if (d < 0) d = -d; if (d > largest) largest = d }
  END {
    printf "%d losses, the largest difference is %g\n", steps, largest
    exit !(steps == 32 && largest <= 0.0002)
  }'
diff <(cut -f 1 here_answer.txt) <(cut -f 1 arm_answer.txt)
diff <(grep accuracy here_evaluation.txt) <(grep accuracy arm_evaluation.txt)
echo "evaluation and prediction agree"
