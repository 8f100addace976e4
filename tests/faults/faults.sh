#!/usr/bin/env bash
# Breaks runs of tl train at their file system calls, one call per run: SIGKILL before it, SIGKILL in the middle of a
# write, an error, a short read or write; then full disks, a folder that cannot be written to or vanishes, and two runs
# in one folder. After each of them every checkpoint must be whole, a failed run must have ended with one sentence, and
# the next run must end with the bits of a run that nothing happened to and leave nothing else behind.
# Usage: faults.sh TL MAKE_TINY_BERT BREAK_CALLS [STRIDE=1] [JOBS=2] [ONLY]
#   BREAK_CALLS is the library made from break_calls.c. Every STRIDE-th call is broken; with 1 each one is, with one of
#   the errors that fit it, and with "all" with every one of them; with ONLY those on paths that have this text.
#   Counts are in docs/reliability.md.
set -uo pipefail

# --- one run that is broken. The caller exports what is used here; the answer is a line "ok ..." or "FAILED ...".

training=(train --model_name_or_path ../model --train_file ../train.jsonl --validation_file ../validation.jsonl
          --labels NEGATIVE,POSITIVE --max_seq_length 16 --num_train_epochs 2 --per_device_train_batch_size 4
          --learning_rate 1e-3 --logging_steps 1 --eval_strategy steps --eval_steps 1 --save_strategy steps
          --save_steps 1 --load_best_model_at_end --threads 1 --report_to jsonl tensorboard --output_dir out)
kept=(--save_total_limit 2)

# broken NUMBER WITH FOLDER [ON]: the run whose call is broken; its exit code is in $status.
broken() {
  { FAULT_AT=$1 FAULT_WITH=$2 FAULT_DIR=$3 FAULT_ON=${4:-} LD_PRELOAD=$break_calls \
    timeout 60 "$tl" "${training[@]}" "${kept[@]}" > "$notes.out" 2> "$notes.err" < /dev/null; } 2> /dev/null
  status=$?
}

failed() {
  echo "FAILED $what: $1"
  sed 's/^/    /' "$notes.out" "$notes.err" | grep -v "'loss'" | tail -n 4
  exit 0
}

# Every checkpoint that is there has the bytes of the one that was never in danger, but for clocks and arguments; what was
# reported is whole lines, unless a write was cut by a kill.
check_checkpoints() {
  local folder other log
  for folder in out/checkpoint-*; do
    [[ -e $folder ]] || continue
    other=$(diff -rq -x trainer_state.json -x training_args.json -x "checksums.*" "../all/$folder" "$folder") ||
      failed "$other $1"
  done
  for log in out/runs/*/log*.jsonl; do
    [[ ! -s $log || ${with:-} == torn || -z $(tail -c 1 "$log") ]] || failed "$log ends in the middle of a line $1"
  done
}

# The next run ends as if nothing had happened, and leaves nothing else behind.
check_next() {
  local resume=()
  compgen -G 'out/checkpoint-*' > /dev/null && resume=(--resume_from_checkpoint true)
  "$tl" "${training[@]}" "${kept[@]}" "${resume[@]}" > "$notes.out" 2> "$notes.err" < /dev/null
  status=$?
  [[ $status == 0 && ! -s $notes.err ]] || failed "the next run ended with $status"
  ! grep -q 'passed over' "$notes.out" || failed 'a damaged checkpoint was there'
  cmp -s out/model.safetensors ../whole/out/model.safetensors || failed 'the next run has other weights'
  check_checkpoints 'after the next run'
  [[ $(find out -mindepth 1 -maxdepth 1 -not -name 'checkpoint-*' -not -name '*-unsaved*' -printf '%f\n' | sort) == "$(< ../names)" ]] ||
    failed "left behind: $(find out -mindepth 1 -maxdepth 1 -not -name 'checkpoint-*' -not -name '*-unsaved*' -printf '%f\n' | sort |
                           diff - ../names | tr '\n' ' ')"
}

# What a run that was not killed may have come to.
check_end() {
  case $status in
    0)
      [[ ! -s $notes.err ]] || failed 'complaints of a run that succeeded'
      cmp -s out/model.safetensors ../whole/out/model.safetensors || grep -q '^warning: ' "$notes.out" ||
        failed 'other weights without a warning'
      ;;
    1) [[ $(wc -l < "$notes.err") == 1 && $(head -c 4 "$notes.err") == 'tl: ' ]] || failed 'expected one sentence' ;;
    *) failed "ended with $status" ;;
  esac
}

# point NUMBER WITH ON CALL: breaks one call and looks at what comes of it.
point() {
  local number=$1 with=$2 on=$3 call=$4 folder
  what="call $number ($call) with $with${on#-}"
  folder=$work/point-$number-$with$on
  notes=$work-notes/point-$number-$with$on
  mkdir -p "$folder" && cd "$folder" || exit 1
  broken "$number" "$with" "$work" "${on#-}"
  case $with in
    kill | torn) [[ $status == 137 || $status == 0 ]] || failed "expected an end by SIGKILL, got $status" ;;
    *) check_end ;;
  esac
  local ended=$status
  check_checkpoints 'after the fault'
  check_next
  cd .. && rm -rf "$folder" "$notes".*
  echo "ok ${with//[0-9]*/error} $ended"
}

if [[ ${1:-} == --points ]]; then
  shift
  while [[ $# -gt 0 ]]; do
    (point "$1" "$2" "$3" "$4")
    shift 4
  done
  exit 0
fi

# --- all of them

tl=$(realpath "$1")
make_tiny_bert=$(realpath "$2")
break_calls=$(realpath "$3")
stride=${4:-1}
every=0
[[ $stride == all ]] && stride=1 every=1
jobs=${5:-2}
only=${6:-}
script=$(realpath "$0")
reviews=$(realpath "$(dirname "$0")/../../examples/data/reviews")
# Memory instead of a disk where there is some: what counts here is the order of the calls, not their speed.
[[ -w /dev/shm && $(df --output=avail /dev/shm | tail -n 1) -gt 500000 ]] && export TMPDIR=/dev/shm
work=$(mktemp -d)
mkdir "$work-notes"
trap 'rm -rf "$work" "$work-notes"' EXIT
export tl break_calls work

cd "$work" || exit 1
"$make_tiny_bert" bert "$reviews/train.jsonl" && "$tl" convert --from bert bert model > /dev/null || exit 1
head -n 12 "$reviews/train.jsonl" > train.jsonl
head -n 6 "$reviews/validation.jsonl" > validation.jsonl

# The run that nothing happens to, once with all checkpoints and once as it is broken, with the list of its calls.
mkdir keeps whole
(cd keeps && "$tl" "${training[@]}" > /dev/null) && mv keeps/out all && mkdir all/out && mv all/checkpoint-* all/out/ || exit 1
(cd whole && FAULT_DIR=$work FAULT_LOG=$work-notes/calls LD_PRELOAD=$break_calls "$tl" "${training[@]}" "${kept[@]}" \
  > /dev/null) || exit 1
find whole/out -mindepth 1 -maxdepth 1 -not -name 'checkpoint-*' -not -name '*-unsaved*' -printf '%f\n' | sort > names
calls=$(wc -l < "$work-notes/calls")
echo "a run makes $calls file system calls"
[[ $calls -gt 500 ]] || { echo 'FAILED: expected more calls; is the library preloaded?'; exit 1; }

# What each call is broken with: a line "NUMBER WITH ON CALL" for each point. An error of a call is one that it can have.
awk -v stride="$stride" -v every=$every '
  function errors(call) {
    if (call == "write") return "28 5 122 27 4 short"             # ENOSPC EIO EDQUOT EFBIG EINTR
    if (call == "read") return "5 4 short"
    if (call ~ /^open/ && $2 == "w" || call ~ /^mk/) return "28 13 24 30"  # ENOSPC EACCES EMFILE EROFS
    if (call ~ /^open|^fopen/) return "13 24 5 23"                # EACCES EMFILE EIO ENFILE
    if (call ~ /^rename|^link/) return "13 28 5 30"
    if (call ~ /^unlink|^remove|^rmdir/) return "13 5 16 30"      # EBUSY
    if (call ~ /sync|truncate|close/) return "5 28"
    if (call ~ /^mmap/) return "12 19"                            # ENOMEM ENODEV
    if (call ~ /^flock/) return "37 5"                            # ENOLCK
    return "5 13"
  }
  {
    on = NR % stride == 0
    if ($2 == "w" && on) print $1, "kill", "-", $3
    if ($3 == "write" && (NR + int(stride / 2)) % stride == 0) print $1, "torn", "-", $3
    n = split(errors($3), error, " ")
    for (i = 1; i <= n; ++i)
      if (every || ((NR + int(stride / 3)) % stride == 0 && i == int(NR / stride) % n + 1)) print $1, error[i], "-", $3
    if ($3 == "write" && NR % (8 * stride) == 0) print $1, 28, "-full", $3
    if ($2 == "w" && NR % (8 * stride) == 3) print $1, 30, "-all", $3
  }' <(grep -F -- "$only" "$work-notes/calls") > "$work-notes/points"
echo "breaking $(wc -l < "$work-notes/points") calls"
xargs -P "$jobs" -n 80 bash "$script" --points < "$work-notes/points" > "$work-notes/answers"
grep -A 4 '^FAILED' "$work-notes/answers" | grep -v '^ok'
awk '$1 == "ok" { ++count[$2 " " ($3 == 137 ? "killed" : $3 == 0 ? "ended well" : "ended with a sentence")] }
     END { for (what in count) print count[what], what }' "$work-notes/answers" | sort -k2

# --- faults of the whole folder, each in a subshell

scene() {
  what=$1
  notes=$work-notes/$what
  mkdir -p "$work/$what/out" && cd "$work/$what" || exit 1
}
run() {
  timeout 60 "$tl" "${training[@]}" "${kept[@]}" "$@" > "$notes.out" 2> "$notes.err" < /dev/null
  status=$?
}
refused() {
  [[ $status == 1 && $(wc -l < "$notes.err") == 1 ]] && grep -qE -- "^tl: .*($1)" "$notes.err" ||
    failed "expected a sentence with '$1', got the exit code $status"
}

# full_disk KILOBYTES: a disk that is too small at first.
full_disk() {
  scene "disk-of-$1"
  mount -t tmpfs -o "size=${1}k" none out 2> /dev/null || { echo 'skipped: no file system can be mounted here'; return; }
  trap 'umount "$work/$what/out"' EXIT
  run
  [[ $status == 0 ]] || refused 'has .* left|No space left'
  check_checkpoints 'on a full disk'
  mount -o remount,size=64m none out
  local ended=$status
  check_next
  echo "ok disk $ended"
}

# A folder that cannot be written to, from the start or while the run goes on.
read_only() {
  scene read-only
  mount -t tmpfs -o ro none out 2> /dev/null || { echo 'skipped: no file system can be mounted here'; return; }
  trap 'umount "$work/$what/out"' EXIT
  run
  refused 'Read-only file system'
  mount -o remount,rw,size=64m none out
  check_next
  echo "ok read-only 1"
}

# The folder is removed while the run goes on: it ends well with all results, or with one sentence.
removed() {
  scene "removed-$1"
  (run --num_train_epochs 200 --save_steps 7 --eval_steps 7; exit $status) &
  local pid=$!
  until compgen -G 'out/checkpoint-*' > /dev/null || ! kill -0 $pid 2> /dev/null; do sleep 0.01; done
  sleep "$1"
  rm -rf out 2> /dev/null
  wait $pid
  status=$?
  [[ $status == 0 ]] && ! [[ -s out/model.safetensors ]] && failed 'a run that succeeded left no model'
  [[ $status == 0 || $(wc -l < "$notes.err") == 1 ]] || failed "ended with $status"
  rm -rf out
  check_next
  echo "ok removed $status"
}

# Two runs in one folder: one of them ends with a sentence, the other one as if it were alone.
two_runs() {
  scene two-runs
  for i in 1 2 3; do
    (notes=$notes-1 && run; exit $status) &
    local first=$!
    run
    local second=$status
    wait $first
    first=$?
    [[ $((first + second)) -le 1 ]] || failed "both ended with an error, $first and $second"
    if [[ $first == 1 ]]; then notes=$notes-1 status=1 refused 'another|in use|running'; fi
    if [[ $second == 1 ]]; then status=1 refused 'another|in use|running'; fi
    cmp -s out/model.safetensors ../whole/out/model.safetensors || failed 'other weights'
    check_checkpoints 'of two runs'
  done
  check_next
  echo "ok two-runs 0"
}

{
  for room in 16 400 900 1400 1900 2500 4000 8000; do (full_disk $room); done
  (read_only)
  for delay in 0 0.05 0.1; do (removed $delay); done
  (two_runs)
} > "$work-notes/scenes"
grep -A 4 '^FAILED' "$work-notes/scenes"
grep '^skipped' "$work-notes/scenes" | sort -u
awk '$1 == "ok" { ++count[$2] } END { for (what in count) print count[what], what }' "$work-notes/scenes" | sort -k2
cat "$work-notes/scenes" >> "$work-notes/answers"

wrong=$(grep -c '^FAILED' "$work-notes/answers")
answered=$(grep -cE '^(ok|FAILED)' "$work-notes/answers")
[[ $answered -ge $(wc -l < "$work-notes/points") ]] || { echo "FAILED: $answered answers"; wrong=$((wrong + 1)); }
echo "$answered faults, $wrong failures"
[[ $wrong == 0 ]]
