#!/usr/bin/env bash
# Runs of tl train that are interrupted, go on, or cannot: signals, exit codes, checkpoints that are gone or damaged, and
# what is said about them. Usage: runs_test.sh TL MAKE_TINY_BERT.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=support.sh
source "$(dirname "$0")/support.sh"
tiny_model || exit 1

training=(train --model_name_or_path model --train_file "$reviews/train.jsonl"
          --validation_file "$reviews/validation.jsonl" --labels NEGATIVE,POSITIVE --max_seq_length 48
          --max_train_samples 320 --max_eval_samples 16 --num_train_epochs 20 --logging_steps 1 --threads 1)

# started OUTPUT_DIR ARGUMENT...: a run in the background whose process is $pid; returns when its first step is logged.
# env gives it signals as they are by default, because a shell's background ignores SIGINT.
started() {
  local out=$1
  shift
  : > out
  env --default-signal=INT "$tl" "${training[@]}" --output_dir "$out" "$@" > out 2> err < /dev/null &
  pid=$!
  until grep -q "'loss'" out || ! kill -0 $pid 2> /dev/null; do sleep 0.01; done
}

# ended CODE 'PART OF THE SENTENCE': the process ended with CODE after one sentence.
ended() {
  checks=$((checks + 1))
  wait $pid
  local status=$?
  [[ $status == "$1" ]] || complain "expected exit code $1, got $status"
  [[ $(wc -l < err) == 1 ]] && grep -qE -- "^tl: $2" err || complain "expected one line with the words '$2'"
}

same() {
  checks=$((checks + 1))
  cmp -s "$1/model.safetensors" "$2/model.safetensors" || complain "expected the weights of $1 in $2"
}

# --- signals: the step is finished, a checkpoint is written, and the run that goes on has the weights of one that was
# never interrupted
ok "${training[@]}" --output_dir whole --eval_strategy epoch --save_strategy epoch
for signal in INT:130 TERM:143 HUP:129; do
  name=${signal%:*}
  started "cut$name" --eval_strategy epoch --save_strategy epoch
  kill -s "$name" $pid
  ended "${signal#*:}" "SIG$name: stopped after step [0-9]+ of 800; --resume_from_checkpoint true goes on from cut$name/checkpoint-[0-9]+"
  [[ -e $(sed -n 's/.*goes on from //p' err)/optimizer.safetensors ]] || complain 'expected the checkpoint that was named'
  [[ ! -e cut$name/model.safetensors ]] || complain 'a run that was interrupted has no result'
  ok "${training[@]}" --output_dir "cut$name" --eval_strategy epoch --save_strategy epoch --resume_from_checkpoint true
  same whole "cut$name"
done
started none --save_strategy no
kill -TERM $pid
ended 143 'SIGTERM: stopped after step [0-9]+ of 800; nothing was saved because --save_strategy is no'
started weights --save_only_model
kill -TERM $pid
ended 143 'SIGTERM: stopped after step [0-9]+ of 800; the weights are in weights/checkpoint-[0-9]+'

# The second signal ends the run at once: this evaluation would take longer than the test.
yes '{"text": "a film that goes on and on and on", "label": 0}' | head -n 400000 > long.jsonl
started twice --validation_file long.jsonl --eval_strategy steps --eval_steps 1 --max_eval_samples 400000 \
  --per_device_eval_batch_size 1
kill -TERM $pid
sleep 0.3
checks=$((checks + 1))
kill -0 $pid || complain 'the first signal ended the run at once'
kill -TERM $pid
wait $pid 2> /dev/null
status=$?
[[ $status == 143 && ! -s err ]] || complain "expected an end by SIGTERM without a word, got $status"
[[ -z $(compgen -G 'twice/checkpoint-*') ]] || complain 'expected no checkpoint after the second signal'

# Before the first step a signal ends the program at once.
yes '{"text": "a film that goes on and on and on", "label": 0}' | head -n 400000 > long.jsonl
"$tl" train --model_name_or_path model --train_file long.jsonl --labels a,b --output_dir early > out 2> err < /dev/null &
pid=$!
sleep 0.2
kill -TERM $pid
checks=$((checks + 1))
wait $pid 2> /dev/null
status=$?
[[ $status == 143 && ! -s err ]] || complain "expected an end by SIGTERM before the first step, got $status"

# A signal that the caller ignores, as nohup and a shell's background do, stays ignored.
checks=$((checks + 1))
(
  trap '' HUP INT
  exec "$tl" "${training[@]}" --output_dir ignored --max_steps 30 > out 2> err < /dev/null
) &
pid=$!
until grep -q "'loss'" out || ! kill -0 $pid 2> /dev/null; do sleep 0.01; done
kill -HUP $pid
kill -INT $pid
wait $pid
status=$?
[[ $status == 0 && -s ignored/model.safetensors ]] || complain "expected a run that ignores SIGHUP and SIGINT, got $status"

# --- the output is no longer read
checks=$((checks + 1))
yes 'a film' | "$tl" predict --model_name_or_path whole 2> err | head -n 1 > out
status=${PIPESTATUS[1]}
[[ $status == 141 && ! -s err && $(wc -l < out) == 1 ]] || complain "predict | head: expected 141 without a word, got $status"
checks=$((checks + 1))
"$tl" "${training[@]}" --output_dir pipe --save_strategy epoch 2> err | grep -m 1 "'loss'" > out
status=${PIPESTATUS[0]}
[[ $status == 141 && ! -s err ]] || complain "train | head: expected 141 without a word, got $status"
[[ -n $(compgen -G 'pipe/checkpoint-*') ]] || complain 'train | head: expected a checkpoint'
ok "${training[@]}" --output_dir pipe --save_strategy epoch --resume_from_checkpoint true
same whole pipe

# --- a limit of the size of files is an error with a sentence
checks=$((checks + 1))
(
  ulimit -f 8
  exec "$tl" "${training[@]}" --output_dir limited --max_steps 1 > /dev/null 2> err < /dev/null
)
status=$?
[[ $status == 1 && $(wc -l < err) == 1 ]] && grep -q '^tl: .*File too large' err ||
  complain "expected a sentence about the limit of a file's size, got $status"

# --- lines appear when they are logged, also where the table has a row per epoch
started rows --eval_strategy epoch --save_strategy no --max_steps 2000
checks=$((checks + 1))
kill -0 $pid && ! grep -q 'Validation Loss' out || complain 'expected a line of the log before the first evaluation'
kill -KILL $pid
wait $pid 2> /dev/null

# --- metric_for_best_model is one that an evaluation gives
for metric in acuracy eval_acuracy matthews_correlation; do
  refused 2 "metric_for_best_model: expected loss, accuracy, f1, runtime, samples_per_second or steps_per_second, which an evaluation gives, got $metric" \
    "${training[@]}" --output_dir metric --eval_strategy epoch --metric_for_best_model $metric
done
refused 2 'expected loss, runtime, samples_per_second or steps_per_second, which an evaluation gives with prediction_loss_only, got accuracy' \
  "${training[@]}" --output_dir metric --eval_strategy epoch --metric_for_best_model accuracy --prediction_loss_only
checks=$((checks + 1))
[[ ! -e metric ]] || complain 'a refused run made its folder'

# --- the best checkpoint is gone, or only the last one was copied; with a learning rate of 0 the first one is the best
best=(--eval_strategy epoch --save_strategy epoch --num_train_epochs 3 --learning_rate 0 --load_best_model_at_end)
ok "${training[@]}" --output_dir best "${best[@]}" --num_train_epochs 2
mkdir alone && cp -r best/checkpoint-80 alone/
ok "${training[@]}" --output_dir alone "${best[@]}" --resume_from_checkpoint true
checks=$((checks + 1))
grep -q '"best_model_checkpoint": "best/checkpoint-40"' alone/trainer_state.json ||
  complain 'expected the best checkpoint where it was'
rm -r best/checkpoint-40 alone/checkpoint-120
ok "${training[@]}" --output_dir best "${best[@]}" --resume_from_checkpoint true
says 'warning: the best checkpoint of this run, best/checkpoint-40, cannot be used (best/checkpoint-40 is not there); '
says 'there is no best one until the next evaluation'
checks=$((checks + 1))
[[ $(grep -c '^warning: ' out) == 1 && -s best/model.safetensors && -s best/eval_results.json ]] ||
  complain 'expected one warning and a run that saves'
grep -q '"best_model_checkpoint": "best/checkpoint-120"' best/trainer_state.json || complain 'expected a new best checkpoint'

# --- true takes the newest sound checkpoint
three=(--num_train_epochs 3 --save_strategy epoch)
ok "${training[@]}" --output_dir three "${three[@]}"
ok "${training[@]}" --output_dir sound "${three[@]}"
rm sound/checkpoint-120/rng.json
truncate -s 100 sound/checkpoint-80/optimizer.safetensors
ok "${training[@]}" --output_dir sound "${three[@]}" --resume_from_checkpoint true
says 'warning: resume_from_checkpoint: going on from sound/checkpoint-40; passed over checkpoint-120: '
says 'missing rng.json'
says 'checkpoint-80: '
same three sound
rm -r sound/checkpoint-{80,120} sound/checkpoint-40/rng.json
refused 1 'expected a whole checkpoint in sound, there is none: checkpoint-40: ' "${training[@]}" --output_dir sound \
  "${three[@]}" --resume_from_checkpoint true
refused 1 'expected a folder checkpoint-N in new, there is none' "${training[@]}" --output_dir new \
  --resume_from_checkpoint true

verdict
