#!/usr/bin/env bash
# Long texts and calibration through tl train, evaluate and predict. Usage: long_texts_test.sh TL MAKE_TINY_BERT
set -uo pipefail
# shellcheck source=tests/program/support.sh
source "$(dirname "$0")/support.sh" "$@"

tiny_model || exit 1
same() {
  checks=$((checks + 1))
  cmp -s "$1" "$2" || complain "$3"
}
train() {
  ok train --model_name_or_path model --num_train_epochs 1 --per_device_train_batch_size 4 --save_strategy no \
    --learning_rate 1e-3 --config_overrides dropout=0,attention_dropout=0,seq_classif_dropout=0 "$@"
}

# 24 texts of 20 words and more; what they are labelled for is in the last words.
{
  echo 'text,label'
  for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    echo "the film number $i was a film that was a film and then it was a film again and it was good,pos"
    echo "the film number $i was a film that was a film and then it was a film again and it was bad,neg"
  done
} > long.csv
sed 's/the film number \([0-9]*\).*and it was/film \1/' long.csv > short.csv

# --- cut by default, and said; windows on request

train --train_file long.csv --validation_file long.csv --max_seq_length 12 --output_dir cut
says 'long.csv: 24 of 24 texts were cut to 12 tokens; --long_texts windows reads the rest, too'
train --train_file short.csv --max_seq_length 12 --output_dir short
checks=$((checks + 1))
! grep -q 'were cut' out || complain 'expected no cut texts'
train --train_file long.csv --validation_file long.csv --max_seq_length 12 --stride 3 --long_texts windows --output_dir windows
checks=$((checks + 1))
! grep -q 'were cut' out || complain 'expected no cut texts in windows'
checks=$((checks + 1))
grep -A4 '"tl_windows"' windows/config.json | tr -d ' \n' | grep -qF '"tl_windows":{"length":12,"pooling":"mean","stride":3}' ||
  complain 'expected the windows in config.json'

# --- the folder knows; a short text has the logits it would have without windows

ok evaluate --model_name_or_path windows --validation_file long.csv --json
grep -o '"eval_loss": [0-9.e-]*' out > knows
ok evaluate --model_name_or_path windows --validation_file long.csv --json --long_texts windows --max_seq_length 12 --stride 3
grep -o '"eval_loss": [0-9.e-]*' out > asked
same knows asked 'expected the same loss with and without the options'
ok evaluate --model_name_or_path windows --validation_file long.csv --json --window_pooling max
grep -o '"eval_loss": [0-9.e-]*' out > highest
checks=$((checks + 1))
! cmp -s knows highest || complain 'the pooling made no difference'
ok predict --model_name_or_path windows --file long.csv --logits --json
lines 24
ok predict --model_name_or_path windows --file short.csv --logits --json
cp out windowed
ok predict --model_name_or_path windows --file short.csv --logits --json --long_texts truncate
same out windowed 'expected the logits of one sequence for texts that fit'

# --- pairs: the second text is windowed

sed '1s/.*/sentence1,label,sentence2/; 1!s/$/,the film was good and then it was bad and then it was good again/' short.csv > pairs.csv
train --train_file pairs.csv --max_seq_length 14 --long_texts windows --output_dir pairs
ok predict --model_name_or_path pairs --file pairs.csv --json
lines 24
refused 1 'pairs.csv, line 2: truncation strategy only_second: expected more than' train --model_name_or_path model \
  --train_file pairs.csv --text_column sentence2 --text_pair_column sentence1 --max_seq_length 14 --long_texts windows \
  --output_dir refused

# --- a run that goes on; several labels of a text of windows

resumes whole --model_name_or_path model --train_file long.csv --max_seq_length 12 --stride 3 --long_texts windows \
  --per_device_train_batch_size 4 --learning_rate 1e-3
sed 's/,pos$/,pos;odd/' long.csv > several.csv
train --train_file several.csv --problem_type multi_label_classification --label_delimiter ';' --max_seq_length 12 \
  --long_texts windows --output_dir several
checks=$((checks + 1))
grep -q '"problem_type": "multi_label_classification"' several/config.json || complain 'expected several labels'
ok evaluate --model_name_or_path several --validation_file several.csv --label_delimiter ';' --json
says '"eval_f1"'
ok predict --model_name_or_path several --file long.csv --json
lines 24

# --- calibration: fitted, stored, applied, refused for other weights

ok evaluate --model_name_or_path short --validation_file short.csv --json
cp out before
"$tl" evaluate --model_name_or_path short --validation_file short.csv --calibrate > out 2> err || complain 'calibrate'
checks=$((checks + 1))
grep -q 'calibrated on 24 texts: temperature .*, log loss .* -> .*, macro F1 .* -> .*; stored in short/calibration.json' err ||
  complain 'expected what the calibration brings'
checks=$((checks + 1))
grep -q '"weights_xxh64"' short/calibration.json || complain 'expected calibration.json'
ok predict --model_name_or_path short --file short.csv --json
lines 24
ok predict --model_name_or_path cut --text 'film good' --json --min_score 1
says '{"label": null, "score": '
ok predict --model_name_or_path cut --text 'film good' --min_score 1
says 'unknown'
train --train_file short.csv --validation_file short.csv --calibrate --min_score 0.9 --output_dir calibrated
says 'calibrated on 24 texts'
checks=$((checks + 1))
grep -q '"min_score": 0.9' calibrated/calibration.json || complain 'expected min_score in calibration.json'
# The rows of all validation files count. A calibration is there until other weights have been saved.
train --train_file short.csv --validation_file a=short.csv --validation_file b=long.csv --calibrate --output_dir calibrated
says 'calibrated on 48 texts'
"$tl" train --model_name_or_path calibrated --do_eval --validation_file a=short.csv --validation_file b=short.csv --calibrate \
  --output_dir evaluated > out 2> err
checks=$((checks + 1))
grep -q 'calibrated on 48 texts: .* stored in calibrated/calibration.json' err || complain 'expected a fit to two files'
checks=$((checks + 1))
(
  trap '' XFSZ
  ulimit -f 8
  train --train_file short.csv --output_dir calibrated > /dev/null
)
[[ -e calibrated/calibration.json ]] || complain 'expected the calibration while the model has not been replaced'
train --train_file short.csv --output_dir calibrated
checks=$((checks + 1))
[[ ! -e calibrated/calibration.json ]] || complain 'expected no calibration of other weights'
cp short/calibration.json windows/
refused 1 'expected the weights that it was fitted for' predict --model_name_or_path windows --text film
echo '{"thresholds": [0.1, 0.2, 0.7]}' > windows/calibration.json
refused 1 'expected a threshold for each of the 2 classes, got 3' evaluate --model_name_or_path windows --validation_file short.csv

# --- refused

refused 2 '--long_texts: expected truncate or windows, got split' train --model_name_or_path model --train_file long.csv \
  --output_dir x --long_texts split
refused 2 '--stride: expected --long_texts windows, got truncate' train --model_name_or_path model --train_file long.csv \
  --output_dir x --long_texts truncate --stride 3
refused 1 '--stride: expected --long_texts windows, or a model that was trained with windows' train \
  --model_name_or_path model --train_file long.csv --output_dir x --stride 3
refused 1 '--stride: expected less than the 10 tokens of a text in a window of 12, got 10' train --model_name_or_path model \
  --train_file long.csv --output_dir x --long_texts windows --max_seq_length 12 --stride 10
refused 1 '--calibrate: expected a --validation_file to fit to, got none' train --model_name_or_path model \
  --train_file long.csv --output_dir x --calibrate
refused 2 '--min_score: expected a number from 0 to 1, got 2' predict --model_name_or_path cut --text film --min_score 2

verdict
