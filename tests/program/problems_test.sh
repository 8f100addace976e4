#!/usr/bin/env bash
# Several labels of a text, numbers and weights of classes in the program: train, evaluate and predict with each, and a
# sentence with file and line for what does not fit. Usage: problems_test.sh TL MAKE_TINY_BERT.
set -uo pipefail
# shellcheck source=tests/program/support.sh
source "$(dirname "$0")/support.sh" "$@"
tiny_model || exit 1

texts=('a cold and dull evening' 'a warm and funny evening' 'the cook burned the fish' 'the cook knows his trade')

# table NAME LABEL...: a .csv file with four texts and these labels.
table() {
  local name=$1 i
  shift
  echo text,label > "$name"
  for i in "${!texts[@]}"; do echo "${texts[i]},${*:i % $# + 1:1}" >> "$name"; done
}

options=(--save_strategy no --max_steps 1 --disable_tqdm)
trains() {
  local file=$1
  shift
  rm -rf results
  ok train --model_name_or_path model --train_file "$file" --output_dir results "${options[@]}" "$@"
}
refuses() {
  local part=$1 file=$2
  shift 2
  rm -rf results
  refused 1 "$part" train --model_name_or_path model --train_file "$file" --output_dir results "${options[@]}" "$@"
}
config() {
  checks=$((checks + 1))
  grep -qF -- "$1" results/config.json || complain "expected results/config.json to contain '$1'"
}

# Several labels in a cell, with names.
table several.csv 'dull;cold' funny '' 'funny;warm'
trains several.csv --problem_type multi_label_classification --label_delimiter ';' --pos_weight balanced
says "several.csv: the labels in column label are lists of names of 4 classes, ['cold', 'dull', 'funny', 'warm']"
config '"problem_type": "multi_label_classification"'
config '"2": "funny"'
ok evaluate --model_name_or_path results --validation_file several.csv --label_delimiter ';' --json
says '"eval_loss"'
ok predict --model_name_or_path results --text 'a warm evening' --top_k 4 --json
says '"top_k"'

# JSON lists need no option.
printf '{"text": "%s", "label": %s}\n' one '["a", "b"]' two '[]' three '["a"]' > lists.jsonl
trains lists.jsonl
config '"problem_type": "multi_label_classification"'
printf '{"text": "%s", "label": %s}\n' one '[1, 0, 1]' two '[0, 0, 0]' three '[1, 1, 0]' > numbers.jsonl
trains numbers.jsonl --labels a,b,c
says "are a number for each of 3 classes, ['a', 'b', 'c']"

# Weights of classes are the same after a resume, groups of micro-batches that weigh differently too.
table weighted.csv good bad bad so
resumes weighted --model_name_or_path model --train_file weighted.csv --class_weights balanced \
  --per_device_train_batch_size 1 --gradient_accumulation_steps 2 --learning_rate 1e-3

# A fraction means regression, whole numbers are classes.
table stars.csv 2.5 -1 3 0.25
trains stars.csv --do_train --do_predict --test_file stars.csv
says 'the labels in column label are numbers, to be predicted by regression'
config '"problem_type": "regression"'
ok evaluate --model_name_or_path results --validation_file stars.csv
says 'eval_mse'
ok predict --model_name_or_path results --text 'a warm evening'
says 'LABEL_0'
table whole.csv 1 2 3.0 1
trains whole.csv
config '"problem_type": "single_label_classification"'
trains whole.csv --problem_type regression
config '"problem_type": "regression"'
trains whole.csv --problem_type regression --labels stars
config '"0": "stars"'

# Weights of classes.
table classes.csv bad good good good
trains classes.csv --class_weights balanced
trains classes.csv --class_weights bad=3 --focal_gamma 2
trains classes.csv --class_weights 3,1 --label_smoothing_factor 0.1 --gradient_accumulation_steps 2

# What does not fit.
refuses "class_weights: expected names of classes, ['bad', 'good'], got 'ugly'" classes.csv --class_weights ugly=3
refuses 'class_weights: expected 2 weights, one for each class, got 3' classes.csv --class_weights 1,2,3
refuses 'pos_weight: expected a model whose problem_type is multi_label_classification' classes.csv --pos_weight 2
refuses 'class_weights: expected a model whose problem_type is single_label_classification, got one for regression' \
  stars.csv --class_weights 2
table bad.csv 2.5 nan 3 0.25
refuses "bad.csv, line 3: expected a finite number in column label, because the problem is regression, got 'nan'" \
  bad.csv --problem_type regression
table bad.csv 2.5 1 good 0.25
refuses "bad.csv, line 4: expected a finite number in column label, because the problem is regression, got 'good'" \
  bad.csv --problem_type regression
refuses "several.csv, line 2: expected label to hold names of classes, ['cold', 'warm'], got 'dull'" several.csv \
  --problem_type multi_label_classification --label_delimiter ';' --labels cold,warm
refuses 'lists.jsonl: expected one label of each row in column label, because problem_type is ' lists.jsonl \
  --problem_type single_label_classification
refused 2 '--problem_type: expected single_label_classification, multi_label_classification or regression, got ranking' \
  train --model_name_or_path model --train_file stars.csv --output_dir results --problem_type ranking

verdict
