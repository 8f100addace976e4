#!/usr/bin/env bash
# tl train with several files to evaluate on: names of metrics, table, results, the best of one of them, and what is said
# about names that cannot be. Usage: eval_files_test.sh TL MAKE_TINY_BERT.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=support.sh
source "$(dirname "$0")/support.sh"
tiny_model || exit 1
cp "$reviews/validation.jsonl" plain.jsonl
cp "$reviews/test.jsonl" late.jsonl

training=(train --model_name_or_path model --train_file "$reviews/train.jsonl" --labels NEGATIVE,POSITIVE
          --max_seq_length 48 --max_train_samples 32 --max_eval_samples 20 --num_train_epochs 2 --logging_steps 1)

ok "${training[@]}" --output_dir results --validation_file plain.jsonl --validation_file news=late.jsonl \
  --eval_strategy epoch --save_strategy epoch --load_best_model_at_end --metric_for_best_model news_loss
says 'Plain Loss'
says 'News F1'
says 'eval_news_samples'
grep -qF '"eval_plain_samples": 20' results/eval_results.json || complain 'expected the rows of the first file'
grep -qF '"eval_news_accuracy"' results/eval_results.json || complain 'expected the metrics of the second file'
grep -qE '"best_model_checkpoint": ".*checkpoint-' results/trainer_state.json || complain 'expected a best checkpoint'

ok "${training[@]}" --output_dir one --validation_file plain.jsonl
grep -qF '"eval_samples": 20' one/eval_results.json || complain 'expected names without the name of the only file'
ok "${training[@]}" --output_dir named --validation_file a=plain.jsonl
grep -qF '"eval_a_samples": 20' named/eval_results.json || complain 'expected the name that was given'
cp plain.jsonl b=c.jsonl
ok "${training[@]}" --output_dir equals --validation_file b=c.jsonl
grep -qF '"eval_samples": 20' equals/eval_results.json || complain 'expected a file whose name has a = to be a file'

refused 2 '--validation_file: expected names that differ, got plain twice; NAME=FILE gives a file a name' \
  "${training[@]}" --output_dir x --validation_file plain.jsonl --validation_file "$work/plain.jsonl"
refused 2 '--validation_file: expected a name before the =, got nothing' \
  "${training[@]}" --output_dir x --validation_file plain.jsonl --validation_file =late.jsonl
refused 2 'metric_for_best_model: expected loss, accuracy, f1, runtime, samples_per_second or steps_per_second, which an evaluation gives, after eval_plain_, got loss' \
  "${training[@]}" --output_dir x --validation_file plain.jsonl --validation_file late.jsonl --metric_for_best_model loss
verdict
