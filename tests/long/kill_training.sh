#!/usr/bin/env bash
# Kills training over and over at random moments and resumes it; the final weights must equal those of one
# uninterrupted run, byte for byte, and at no moment may a checkpoint be half written.
# Usage: tests/long/kill_training.sh TL MODEL_FOLDER [KILLS=100] [SEED=1]
#   TL is the built program, MODEL_FOLDER any DistilBERT (a small one makes this quick). Not part of tests/run.sh.
set -euo pipefail

tl=$(realpath "$1")
model=$(realpath "$2")
kills=${3:-100}
RANDOM=${4:-1}
reviews=$(realpath "$(dirname "$0")/../../examples/data/reviews")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

train() {
  "$tl" train --model_name_or_path "$model" --train_file "$reviews/train.jsonl" \
    --validation_file "$reviews/validation.jsonl" --max_train_samples 320 --max_eval_samples 32 --output_dir "$1" \
    --num_train_epochs 3 --per_device_train_batch_size 8 --learning_rate 1e-4 --save_strategy steps --save_steps 2 \
    --save_total_limit 3 --seed 7 --disable_tqdm true "${@:2}" > "$1.log" 2>&1
}

began=$(date +%s%N)
train "$work/whole"
milliseconds=$((($(date +%s%N) - began) / 1000000))
echo "one uninterrupted run takes $milliseconds ms; killing $kills runs within that time"

run=0
killed=0
while [[ $killed -lt $kills ]]; do
  run=$((run + 1))
  folder=$work/killed$run
  resume=()
  finished=no
  while [[ $finished == no ]]; do
    train "$folder" "${resume[@]}" 2> /dev/null &
    pid=$!
    # Short enough that every run is killed several times, long enough that it gets on.
    sleep "$(awk -v r=$RANDOM -v ms="$milliseconds" 'BEGIN { printf "%.3f", (0.15 + 0.5 * r / 32768) * ms / 1000 }')"
    if [[ $killed -lt $kills ]] && pkill -KILL -P "$pid" 2> /dev/null; then
      killed=$((killed + 1))
      wait "$pid" 2> /dev/null || true
      for checkpoint in "$folder"/checkpoint-*; do
        [[ -e $checkpoint ]] || continue
        "$tl" inspect "$checkpoint" > /dev/null || { echo "FAILED: $checkpoint is half written"; exit 1; }
      done
      resume=()
      compgen -G "$folder/checkpoint-*" > /dev/null && resume=(--resume_from_checkpoint true)
    else
      wait "$pid" || { echo "FAILED: a resumed run ended with an error:"; tail -3 "$folder.log"; exit 1; }
      finished=yes
    fi
  done
  cmp "$work/whole/model.safetensors" "$folder/model.safetensors" || { echo "FAILED: run $run has other weights"; exit 1; }
  rm -rf "$folder"
  echo "run $run: the same weights; $killed kills so far"
done
echo "$killed kills in $run runs: every run ended with the weights of the uninterrupted one"
