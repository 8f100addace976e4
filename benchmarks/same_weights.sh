#!/usr/bin/env bash
# Trains the notebook job, 189 updates in float32 without dropout, with two builds of tl and compares the weights bit for
# bit. Usage: benchmarks/same_weights.sh OLD_TL NEW_TL MODEL DATA [THREADS=2]
#   OLD_TL, NEW_TL  the programs
#   MODEL           folder of a DistilBERT encoder
#   DATA            folder with train.jsonl and validation.jsonl, 1000 and 200 rows or more with text and label
# Ends with status 1 if they differ.
set -euo pipefail
old=$1 new=$2 model=$3 data=$4 threads=${5:-2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

train() {
  "$1" train --model_name_or_path "$model" --train_file "$data/train.jsonl" --validation_file "$data/validation.jsonl" \
    --labels NEGATIVE,POSITIVE --max_seq_length 256 --max_train_samples 1000 --max_eval_samples 200 --shuffle_seed 42 \
    --config_overrides dropout=0,attention_dropout=0,seq_classif_dropout=0 --num_train_epochs 3 \
    --per_device_train_batch_size 16 --per_device_eval_batch_size 16 --learning_rate 2e-5 --weight_decay 0.01 \
    --warmup_ratio 0.1 --eval_strategy epoch --save_strategy no --logging_steps 1 --threads "$threads" \
    --output_dir "$2" > "$2.log"
  sha256sum "$2/model.safetensors" | cut -d' ' -f1
}

first=$(train "$old" "$work/old")
second=$(train "$new" "$work/new")
echo "$first  $old"
echo "$second  $new"
# What was logged, but for speeds: losses, norms and rates of the 189 updates, and the evaluations.
logged() { grep -E '"(loss|tl_loss|grad_norm|learning_rate|eval_loss|eval_accuracy)"' "$1/trainer_state.json"; }
same=0
diff <(logged "$work/old") <(logged "$work/new") > /dev/null || { echo 'what they logged differs' && same=1; }
echo "$(logged "$work/new" | wc -l) logged values"
[[ $first == "$second" && $same == 0 ]]
