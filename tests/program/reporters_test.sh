#!/usr/bin/env bash
# What tl train reports while it runs: JSON lines and event files, in which folder, and of a run that is killed and
# goes on. Where python3 has tensorboard and tbparse, or TL_REFERENCE_PYTHON has, they read the events.
# Usage: reporters_test.sh TL MAKE_TINY_BERT.
set -uo pipefail

read_events=$(realpath "$(dirname "$0")/../reference/read_events.py")
# shellcheck source-path=SCRIPTDIR source=support.sh
source "$(dirname "$0")/support.sh"
tiny_model || exit 1

# shellcheck disable=SC2054
training=(train --model_name_or_path model --train_file "$reviews/train.jsonl"
          --validation_file "$reviews/validation.jsonl" --labels NEGATIVE,POSITIVE --max_seq_length 48
          --max_train_samples 160 --max_eval_samples 16 --num_train_epochs 4 --logging_steps 1 --threads 1
          --eval_strategy steps --eval_steps 10 --save_strategy steps --save_steps 20)

check() {
  checks=$((checks + 1))
  [[ $1 ]] || complain "$2"
}

# entries LOG STATE: the lines of LOG are the log_history of STATE, and the evaluation after it.
entries() {
  checks=$((checks + 1))
  python3 - "$1" "$2" > err 2>&1 << 'PYTHON' || complain "$1: expected the log_history of $2"
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
history = json.load(open(sys.argv[2], encoding="utf-8"))["log_history"]
differ = [pair for pair in zip(lines, history) if pair[0] != pair[1]]
assert not differ and len(lines) == len(history) + 1 and "eval_loss" in lines[-1], (len(lines), len(history), differ[:2])
PYTHON
}

# --- several at once, in a folder of the run's own
ok "${training[@]}" --output_dir whole --report_to tensorboard jsonl
where=$(echo whole/runs/*)
check "$([[ $where =~ ^whole/runs/[A-Z][a-z]{2}[0-9]{2}_[0-9]{2}-[0-9]{2}-[0-9]{2}_.+ ]] && echo yes)" "expected whole/runs/<date>_<host>, got $where"
files=("$where"/*)
check "$([[ ${#files[@]} == 2 ]] && echo yes)" "expected two files in $where, got ${files[*]}"
entries "$where/log.jsonl" whole/trainer_state.json
check "$(grep -o '"report_to": "tensorboard,jsonl"' whole/training_args.json)" 'expected both reporters in training_args.json'

# --- in a folder that was named, from a file of options; none; a misspelt one
printf '{"model_name_or_path": "model", "output_dir": "listed", "train_file": "%s", "labels": "NEGATIVE,POSITIVE",
  "max_train_samples": 16, "num_train_epochs": 1, "save_strategy": "no", "report_to": ["jsonl"], "logging_dir": "logs"}' \
  "$reviews/train.jsonl" > options.json
ok train options.json
check "$([[ $(echo logs/*) == logs/log.jsonl ]] && echo yes)" "expected logs/log.jsonl, got $(echo logs/*)"
ok "${training[@]}" --output_dir quiet --max_train_samples 16 --num_train_epochs 1 --report_to none
check "$([[ ! -e quiet/runs ]] && echo yes)" 'report_to none: expected no folder runs'
refused 2 'report_to: expected none, all, or names of ' "${training[@]}" --output_dir wrong --report_to tensorbord
refused 1 'logging_dir: cannot make the folder model/config.json' "${training[@]}" --output_dir wrong \
  --report_to jsonl --logging_dir model/config.json

# --- killed in the middle: what was logged is there, and the run that goes on has each entry once
"$tl" "${training[@]}" --num_train_epochs 400 --output_dir killed --report_to tensorboard,jsonl > out 2> err < /dev/null &
pid=$!
until [[ -d killed/checkpoint-40 && $(cat killed/runs/*/log.jsonl 2> /dev/null | wc -l) -gt 48 ]] || ! kill -0 $pid 2> /dev/null; do
  sleep 0.01
done
{ kill -9 $pid && wait $pid; } 2> /dev/null
where=$(echo killed/runs/*)
check "$([[ -z $(tail -c 1 "$where/log.jsonl") ]] && echo yes)" 'expected a whole last line after kill -9'
printf '{"loss": 0.' >> "$where/log.jsonl"
rm -rf killed/checkpoint-[5-9]* killed/checkpoint-???*
ok "${training[@]}" --num_train_epochs 4 --output_dir killed --report_to tensorboard,jsonl --resume_from_checkpoint true
check "$([[ $(echo killed/runs/*) == "$where" ]] && echo yes)" "expected the resumed run in $where, got $(echo killed/runs/*)"
entries "$where/log.jsonl" killed/trainer_state.json

# --- TensorBoard's own reader
python=${TL_REFERENCE_PYTHON:-python3}
if "$python" -c 'import tensorboard, tbparse' 2> /dev/null; then
  for folder in whole killed; do
    checks=$((checks + 1))
    "$python" "$read_events" "$folder"/runs/* "$folder" > out 2> err || complain "$folder: TensorBoard read something else"
  done
else
  echo "skipped: $python has no tensorboard and tbparse; TL_REFERENCE_PYTHON names one that has"
  [[ -z ${TL_NO_SKIP:-} ]] || complain 'skipped'
fi

verdict
