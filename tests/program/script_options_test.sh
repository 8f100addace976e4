#!/usr/bin/env bash
# Options of the reference's scripts in `tl train`: their names and spellings, what is refused, a JSON file of options,
# and the files that a run leaves. Usage: script_options_test.sh TL MAKE_TINY_BERT.
set -uo pipefail
page=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../../docs/script_options.md")
# shellcheck source=tests/program/support.sh
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"

# Words that are meant, and words that are near to nothing.
refused 2 'got trian; did you mean train?; see tl --help' trian
refused 2 'got --learnig_rate 3; did you mean --learning_rate?' train --learnig_rate 3
refused 2 'got --max_len=3 --zzz' train --max_len=3 --zzz
refused 2 'got --max_eval_sample 3; did you mean --max_eval_samples?' evaluate --max_eval_sample 3
grep -q 'did you mean --zzz\|and --' err && complain 'a word that is near to nothing was given a meaning'

# Every option that the page lists is known, and what it calls refused is.
names() { sed -nE "s/^\| \`([a-z0-9_]+)\` \| $1 \|.*/\1/p" "$page" | sort -u; }
mapfile -t known < <(names '(honoured|no effect)')
((${#known[@]} > 120)) || complain "$page: expected more than 120 options, got ${#known[@]}"
known=("${known[@]/#task_name/task}")
known=("${known[@]/%/=1}")
"$tl" train "${known[@]/#/--}" > out 2> err
checks=$((checks + 1))
grep -q -- '--help lists, got' err && complain 'an option of the page is unknown'
mapfile -t refusals < <(names refused)
checks=$((checks + ${#refusals[@]}))
bad=("${refusals[@]/%/=bad}")
"$tl" train "${bad[@]/#/--}" > out 2> err
for name in "${refusals[@]}"; do grep -qE "[ -]$name: expected" err || complain "--$name: expected a refusal"; done

refused 2 '--deepspeed: expected it not to be given, because there is one process on one machine, got ds.json' \
  train --deepspeed ds.json
refused 2 '--label_names: expected label,labels or label_ids, because --label_column names the column of the labels, got tags' \
  train --label_names labels tags
refused 2 '--adafactor: expected false, because the optimizer is AdamW, got true' train --adafactor
refused 2 '--skip_memory_metrics: expected true, because memory is not measured, got false' train --no_skip_memory_metrics
refused 2 'fp16: expected false, got true: there is no fp16 training on the CPU' train --fp16
refused 2 'train_sampling_strategy: expected one of random, sequential, group_by_length, got batch_rebalance' \
  train --train_sampling_strategy batch_rebalance
refused 2 '--task: expected text-classification or token-classification, got summarization' train --task summarization
refused 2 '--task_name: expected ner, pos or chunk, which are token classification, got mrpc' train --task_name mrpc
refused 2 '--do_train: expected a --train_file, got none' train --do_train
refused 2 '--do_eval: expected a --validation_file, got none' train --do_eval
refused 2 '--do_predict: expected a --test_file, got none' train --do_predict
refused 2 '--early_stopping_threshold: expected --early_stopping_patience, got none' train --early_stopping_threshold 0.1
refused 2 '--early_stopping_threshold: expected a number >= 0, got -1' train --early_stopping_threshold=-1
refused 2 '--early_stopping_patience: expected --metric_for_best_model or --load_best_model_at_end, got neither' \
  train --early_stopping_patience 2
refused 2 '--early_stopping_patience: expected --eval_strategy steps or epoch, got no' train --early_stopping_patience 2
refused 2 '--text_column_names: expected no --text_column and no --text_pair_column beside it, got both' \
  train --text_column_names a,b --text_column_name text
refused 2 '--text_column_names: expected names with commas between, got a,,b' train --text_column_names a,,b
for part in deepspeed fsdp; do
  "$tl" train --$part none > out 2> err
  checks=$((checks + 1))
  grep -q -- "--$part" err && complain "--$part none: expected no complaint"
done

tiny_model
for split in train validation test; do
  printf 'title,review,mark\n' > $split.csv
  for i in 1 2 3 4 5 6 7 8; do
    printf 'good %s,a kind guide,yes\nbad %s,a dirty room,no\n' $i $i >> $split.csv
  done
done

# A command line as the text classification script's documentation has it, and the files that the script writes.
script=(--model_name_or_path model --train_file train.csv --validation_file validation.csv --test_file test.csv
  --shuffle_train_dataset --text_column_name 'title,review' --text_column_delimiter ' / ' --label_column_name mark --do_train --do_eval
  --do_predict --max_seq_length 64 --per_device_train_batch_size 8 --learning_rate 2e-5 --num_train_epochs 1
  --seed 42 --overwrite_output_dir --pad_to_max_length False --report_to none)
ok train "${script[@]}" --output_dir out_scripts
says '--pad_to_max_length has no effect: batches are packed'
says '--overwrite_output_dir has no effect'
says '***** train metrics *****'
says '***** eval metrics *****'
for file in config.json model.safetensors tokenizer.json all_results.json train_results.json eval_results.json \
  trainer_state.json training_args.json predict_results.txt; do
  checks=$((checks + 1))
  [[ -s out_scripts/$file ]] || complain "expected the file $file"
done
[[ $(head -1 out_scripts/predict_results.txt) == $'index\tprediction' ]] || complain 'predict_results.txt: another header'
[[ $(wc -l < out_scripts/predict_results.txt) == 17 ]] || complain 'predict_results.txt: expected 17 lines'
grep -qvE $'^(index\tprediction|[0-9]+\t(yes|no))$' out_scripts/predict_results.txt && complain 'predict_results.txt: another line'
sed -n 17p out_scripts/predict_results.txt | grep -qE $'^15\t' || complain 'predict_results.txt: another index'

# The same run from a file of options, in other spellings; joined texts are one text.
awk -F, 'NR == 1 {print "text,mark"} NR > 1 {print $1 " / " $2 "," $3}' train.csv > joined.csv
cp joined.csv joined_validation.csv
cat > args.json << 'JSON'
{"model_name_or_path": "model", "train_file": "joined.csv", "validation_file": ["joined_validation.csv"],
 "label_column": "mark", "shuffle_train_dataset": true, "do_train": true, "do_eval": true, "max_seq_length": 64,
 "per_gpu_train_batch_size": 8, "learning_rate": 2e-5, "num_train_epochs": 1, "seed": 42, "output_dir": "out_json",
 "report_to": [], "text_column_delimiter": "", "deepspeed": null, "fsdp": "", "lr_scheduler_kwargs": {}, "push_to_hub": false}
JSON
ok train args.json
cmp -s out_scripts/model.safetensors out_json/model.safetensors || complain 'a file of options: expected the same weights'
echo '[1]' > list.json
refused 2 'list.json: expected a JSON object of options, got array' train list.json
echo '{"learnig_rate": 1}' > wrong.json
refused 2 'got --learnig_rate=1; did you mean --learning_rate?' train wrong.json
refused 1 'missing.json' train missing.json
refused 2 'got args.json' train args.json --seed 1

# Only what was asked for: an evaluation, a prediction; the labels are the model's.
ok train --model_name_or_path out_scripts --validation_file validation.csv --text_column_names title,review \
  --text_column_delimiter ' / ' --label_column mark --do_eval --output_dir only_eval
[[ $(echo only_eval/*) == 'only_eval/all_results.json only_eval/eval_results.json' ]] || complain 'do_eval: expected two files'
ok train --model_name_or_path out_scripts --test_file test.csv --text_column review --do_predict --output_dir only_predict \
  --max_predict_samples 3 --shuffle_seed 1
[[ $(ls only_predict) == predict_results.txt && $(wc -l < only_predict/predict_results.txt) == 4 ]] \
  || complain 'do_predict: expected one file of 4 lines'
ok predict --model_name_or_path out_scripts --file test.csv --text_column review --output_dir predicted
head -4 predicted/predict_results.txt | cmp -s - only_predict/predict_results.txt || complain 'tl predict: expected the same predictions'

# Numbers and several labels: what is predicted is written as the script writes it.
awk -F, 'NR == 1 {print "sentence,label"} NR > 1 {print $2 "," NR / 4}' train.csv > numbers.csv
short=(--model_name_or_path model --do_train --do_predict --num_train_epochs 1 --save_strategy no)
ok train "${short[@]}" --do_regression --train_file numbers.csv --test_file numbers.csv --output_dir numbers
grep -q '"problem_type": "regression"' numbers/config.json || complain 'do_regression: expected a regression'
[[ $(grep -cE $'^[0-9]+\t-?[0-9]+\\.[0-9]{3}$' numbers/predict_results.txt) == 16 ]] || complain 'do_regression: expected numbers'
for i in 1 2 3 4 5 6; do
  echo '{"text": "a kind guide", "label": ["a", "b"]}'
  echo '{"text": "a dirty room", "label": ["c"]}'
done > several.json
ok train "${short[@]}" --train_file several.json --test_file several.json --output_dir several
[[ $(grep -cE $'^[0-9]+\t\\[[a-c\', ]*\\]$' several/predict_results.txt) == 12 ]] || complain 'several labels: expected lists'
refused 1 'numbers.csv, line 2: expected class ids or names in column label' train "${short[@]}" --do_regression=False \
  --train_file numbers.csv --test_file numbers.csv --output_dir classes
refused 2 '--do_regression: expected true or false, got maybe' train --do_regression maybe

# Version 5's names, schedules, and early stopping, which counts on after a resume.
ok train --model_name_or_path model --train_file train.csv --validation_file validation.csv --text-column review \
  --label_column mark --output_dir stopped --train_sampling_strategy sequential --warmup_steps 0.1 --learning-rate 0 \
  --eval_strategy steps --eval_steps 1 --logging_steps 1 --save_steps 1 --num_train_epochs 4 --per_device_train_batch_size 8 \
  --lr_scheduler_type cosine_with_restarts --lr_scheduler_kwargs '{"num_cycles": 2}' --load_best_model_at_end \
  --early_stopping_patience 2 --early_stopping_threshold 0.5
grep -q '"global_step": 3' stopped/trainer_state.json || complain 'early stopping: expected 3 steps'
grep -q '"early_stopping_patience_counter": 2' stopped/checkpoint-3/trainer_state.json || complain 'early stopping: expected a counter of 2'

# The command line of the token classification script's documentation, and the files that the script writes.
for i in 1 2 3 4 5 6 7 8; do
  echo '{"tokens": ["Anna", "saw", "Rome", "twice"], "ner_tags": ["B-PER", "O", "B-LOC", "O"], "pos_tags": ["N", "V", "N", "A"]}'
done > words.json
ner=(--model_name_or_path model --train_file words.json --validation_file words.json --test_file words.json --do_train
  --do_eval --do_predict --save_strategy no --num_train_epochs 1)
ok train --task token-classification "${ner[@]}" --output_dir ner
for file in config.json model.safetensors all_results.json train_results.json eval_results.json predict_results.json \
  trainer_state.json predictions.txt; do
  checks=$((checks + 1))
  [[ -s ner/$file ]] || complain "expected the file $file"
done
[[ $(wc -lw < ner/predictions.txt | xargs) == '8 32' ]] || complain 'predictions.txt: expected 8 lines of 4 tags'
ok train --task_name pos --text_column_name tokens "${ner[@]}" --output_dir pos --return_entity_level_metrics
grep -q '"V"' pos/config.json || complain '--task_name pos: expected the tags of the column pos_tags'
verdict
