#!/usr/bin/env bash
# What evaluations of the tl program report: --metrics, --report, --metric_for_best_model, and what is said about names that
# cannot be. Usage: metrics_test.sh TL MAKE_TINY_BERT.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=support.sh
source "$(dirname "$0")/support.sh"
tiny_model || exit 1

training=(train --model_name_or_path model --train_file "$reviews/train.jsonl"
          --validation_file "$reviews/validation.jsonl" --labels NEGATIVE,POSITIVE --max_seq_length 32
          --max_train_samples 32 --max_eval_samples 16 --num_train_epochs 1 --threads 1)
evaluation=(evaluate --model_name_or_path trained --validation_file "$reviews/validation.jsonl" --max_eval_samples 16
            --max_seq_length 32 --threads 1)

# has FILE KEY...: the JSON object of a file has these keys.
has() {
  local file=$1 key
  shift
  for key; do
    checks=$((checks + 1))
    grep -qF "\"$key\":" "$file" || complain "expected the key $key in $file"
  done
}

# --- names: those of train are in the table and in eval_results.json, the best model is chosen by one of them
ok "${training[@]}" --output_dir trained --metrics f1_macro,log_loss --eval_strategy epoch --save_strategy epoch \
  --load_best_model_at_end --metric_for_best_model log_loss --report
has trained/eval_results.json eval_f1_macro eval_log_loss eval_classification_report eval_confusion_matrix counts
says '    accuracy'
says '   label  NEGATIVE  POSITIVE'
checks=$((checks + 1))
grep -q 'eval_accuracy' trained/eval_results.json && complain 'expected the chosen metrics alone'

ok "${evaluation[@]}" --metrics 'roc_auc, matthews_correlation'
says 'eval_roc_auc = '
says 'eval_matthews_correlation = '
checks=$((checks + 1))
grep -q 'eval_accuracy' out && complain 'expected the chosen metrics alone'
ok "${evaluation[@]}" --report --json --output_dir results
lines 1
has out eval_accuracy eval_f1 eval_classification_report eval_confusion_matrix
has results/eval_results.json eval_confusion_matrix

# --- several files: a report of each under its name
cp "$reviews/validation.jsonl" a.jsonl
cp "$reviews/validation.jsonl" b.jsonl
ok "${training[@]}" --validation_file a.jsonl --validation_file b.jsonl --output_dir several --report
says 'a.jsonl'
says 'b.jsonl'
has several/eval_results.json eval_validation_confusion_matrix eval_a_confusion_matrix eval_b_classification_report

# --- numbers, and several labels per text
awk 'NR <= 40 { printf "{\"text\": \"row %d\", \"label\": %.2f}\n", NR, NR / 7 }' "$reviews/train.jsonl" > numbers.jsonl
numbers=(train --model_name_or_path model --train_file numbers.jsonl --validation_file numbers.jsonl --threads 1
         --num_train_epochs 1 --eval_strategy epoch)
ok "${numbers[@]}" --output_dir numbers --save_strategy epoch --load_best_model_at_end --metric_for_best_model mse \
  --greater_is_better false
has numbers/eval_results.json eval_mse eval_mae eval_r2 eval_pearsonr eval_spearmanr
refused 2 'greater_is_better: expected it to be given with metric_for_best_model mse' \
  "${numbers[@]}" --output_dir x --metric_for_best_model mse
refused 1 'metric_for_best_model: expected loss, mse, mae, r2, pearsonr, spearmanr, runtime' \
  "${numbers[@]}" --output_dir x --metric_for_best_model accuracy
refused 1 'metrics: expected metrics of regression, which are mse, mae, rmse, r2, pearsonr or spearmanr, got f1' \
  "${numbers[@]}" --output_dir x --metrics f1
refused 1 '--report: expected classes, got numbers, which have none' "${numbers[@]}" --output_dir x --report
awk 'NR <= 40 { printf "{\"text\": \"row %d\", \"label\": [%s]}\n", NR, NR % 3 ? "\"a\"" : "\"a\", \"b\"" }' \
  "$reviews/train.jsonl" > several.jsonl
ok train --model_name_or_path model --train_file several.jsonl --validation_file several.jsonl --threads 1 \
  --num_train_epochs 1 --output_dir lists --report --metrics f1_samples,roc_auc_micro
has lists/eval_results.json eval_f1_samples eval_roc_auc_micro eval_classification_report
says ' samples avg'

# --- names that cannot be
refused 2 '--metrics: expected accuracy, f1, ' "${evaluation[@]}" --metrics accurcy
refused 2 '--metrics: expected each metric once, got f1 twice' "${evaluation[@]}" --metrics f1,f1
refused 1 'metrics: expected metrics of single_label_classification, which are accuracy, ' "${evaluation[@]}" --metrics mse
refused 2 'metric_for_best_model: expected loss, f1_macro, runtime, samples_per_second or steps_per_second' \
  "${training[@]}" --output_dir x --metrics f1_macro --eval_strategy epoch --metric_for_best_model accuracy
refused 1 'metric_for_best_model: expected loss, accuracy, f1, runtime' \
  "${training[@]}" --output_dir x --eval_strategy epoch --metric_for_best_model mse --greater_is_better false
refused 2 'greater_is_better: expected it to be given with metric_for_best_model brier_score' \
  "${training[@]}" --output_dir x --metrics brier_score --eval_strategy epoch --metric_for_best_model brier_score
refused 2 '--report: expected --prediction_loss_only false' \
  "${training[@]}" --output_dir x --report --prediction_loss_only
verdict
