#!/usr/bin/env bash
# Breaks runs of tl download at their file system calls, one call per run, as faults.sh does it with training: SIGKILL
# before it, SIGKILL in the middle of a write, an error, a short write, a disk that stays full or cannot be written. After
# each of them every blob of the cache must have the content that its name is the hash of, every link must lead to one,
# a failed run must have ended with one sentence, and the next run must end well and leave nothing unfinished.
# Usage: downloads.sh TL BREAK_CALLS [STRIDE=1] [JOBS=2]
#   BREAK_CALLS is the library made from break_calls.c; of all faults every STRIDE-th is tried.
set -uo pipefail

# --- one run that is broken. The caller exports what is used here; the answer is a line "ok ..." or "FAILED ...".

failed() {
  echo "FAILED $what: $1"
  sed 's/^/    /' "$notes.out" "$notes.err" | tail -n 4
  exit 0
}

download() {
  "$tl" download org/tiny --include '*' > "$notes.out" 2> "$notes.err" < /dev/null
  status=$?
}

check_cache() {
  local blob link name
  while IFS= read -r blob; do
    name=${blob##*/}
    [[ $(sha256sum < "$blob") == "$name "* || $(git hash-object "$blob") == "$name" ]] || failed "damaged: $blob $1"
  done < <(find "$HF_HUB_CACHE" -path '*/blobs/*' -not -name '*.incomplete' 2> /dev/null)
  while IFS= read -r link; do failed "a link to nothing: $link $1"; done < <(find "$HF_HUB_CACHE" -xtype l 2> /dev/null)
  [[ ! -e $repository/refs/main || $(< "$repository/refs/main") == "$commit" ]] || failed "another commit in refs/main $1"
}

check_whole() {
  diff -r "$repository/snapshots/$commit" "$files" > "$notes.diff" || failed "other files $1"
}

point() {
  local number=$1 with=$2 on=$3 call=$4 left
  what="call $number ($call) with $with${on#-}"
  notes=$work/notes-$number-$with$on
  export HF_HUB_CACHE=$work/cache-$number-$with$on
  repository=$HF_HUB_CACHE/models--org--tiny
  {
    FAULT_AT=$number FAULT_WITH=$with FAULT_DIR=$HF_HUB_CACHE FAULT_ON=${on#-} LD_PRELOAD=$break_calls timeout 60 \
      "$tl" download org/tiny --include '*' > "$notes.out" 2> "$notes.err" < /dev/null
  } 2> /dev/null
  status=$?
  local ended=$status
  case $with$status in
    kill137 | torn137 | kill0 | torn0) ;;
    *0) check_whole 'after a run that succeeded' ;;
    *1) [[ $(wc -l < "$notes.err") == 1 && $(head -c 4 "$notes.err") == 'tl: ' ]] || failed 'expected one sentence' ;;
    *) failed "ended with $status" ;;
  esac
  check_cache 'after the fault'
  download
  [[ $status == 0 && ! -s $notes.err ]] || failed "the next run ended with $status"
  check_cache 'after the next run'
  check_whole 'after the next run'
  left=$(find "$HF_HUB_CACHE" \( -name '*.incomplete' -o -name '.*.tl-*' \) -printf '%P ')
  [[ -z $left ]] || failed "left behind: $left"
  rm -rf "$HF_HUB_CACHE" "$notes".*
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
break_calls=$(realpath "$2")
stride=${3:-1}
jobs=${4:-2}
script=$(realpath "$0")
here=$(dirname "$script")
for program in python3 git; do
  command -v $program > /dev/null || exec "$here/../structure/skip.sh" "the faults of downloads need $program"
done
[[ -w /dev/shm && $(df --output=avail /dev/shm | tail -n 1) -gt 500000 ]] && export TMPDIR=/dev/shm
work=$(mktemp -d)
unset HF_TOKEN HUGGING_FACE_HUB_TOKEN HF_HUB_OFFLINE TRANSFORMERS_OFFLINE
export HF_HOME=$work/home HF_ENDPOINT=ftp://127.0.0.1 HF_HUB_CACHE=$work/cache
"$tl" download org/tiny 2>&1 | grep -q 'not linked with tl::hub' && exec "$here/../structure/skip.sh" 'tl::hub is not built'
files=$work/root/models/org/tiny
mkdir -p "$files/sub"
echo '{"model_type": "distilbert"}' > "$files/config.json"
head -c 70000 "$tl" > "$files/model.safetensors"
: > "$files/sub/empty.txt"
python3 "$here/../support/local_hub.py" "$work/root" &
hub=$!
trap 'kill "$hub"; rm -rf "$work"' EXIT
for _ in {1..200}; do [[ -e $work/root/ready ]] && break; sleep 0.05; done
HF_ENDPOINT=$(sed 's/.*"hub": "\([^"]*\)".*/\1/' "$work/root/ready")
export HF_ENDPOINT tl break_calls work files
FAULT_DIR=$HF_HUB_CACHE FAULT_LOG=$work/calls LD_PRELOAD=$break_calls "$tl" download org/tiny --include '*' > /dev/null ||
  { echo 'FAILED: the run that nothing happens to'; exit 1; }
commit=$(ls "$HF_HUB_CACHE/models--org--tiny/snapshots")
export commit
echo "a download makes $(wc -l < "$work/calls") file system calls"
grep -q ' pwrite ' "$work/calls" || { echo 'FAILED: expected writes; is the library preloaded?'; exit 1; }

# What each call is broken with: a line "NUMBER WITH ON CALL" for each point.
awk '
  function errors(call) {
    if (call ~ /write$/) return "28 5 122 27 short"               # ENOSPC EIO EDQUOT EFBIG
    if (call ~ /^open/ && $2 == "w" || call ~ /^mk/) return "28 13 24 30"  # ENOSPC EACCES EMFILE EROFS
    if (call ~ /^rename|^symlink/) return "13 28 5 1"             # EPERM: no links there
    if (call ~ /sync|truncate|close/) return "5 28"
    if (call ~ /^flock/) return "37 5"                            # ENOLCK
    return "5 13"
  }
  {
    if ($2 == "w") print $1, "kill", "-", $3
    if ($3 ~ /write$/) print $1, "torn", "-", $3
    n = split(errors($3), error, " ")
    for (i = 1; i <= n; ++i) print $1, error[i], "-", $3
    if ($3 ~ /write$/) print $1, 28, "-full", $3
    if ($2 == "w") print $1, 30, "-all", $3
  }' "$work/calls" | awk -v stride="$stride" 'NR % stride == 0' > "$work/points"
echo "breaking $(wc -l < "$work/points") calls"
xargs -P "$jobs" -n 80 bash "$script" --points < "$work/points" > "$work/answers"
grep -A 4 '^FAILED' "$work/answers" | grep -v '^ok'
awk '$1 == "ok" { ++count[$2 " " ($3 == 137 ? "killed" : $3 == 0 ? "ended well" : "ended with a sentence")] }
     END { for (what in count) print count[what], what }' "$work/answers" | sort -k2
wrong=$(grep -c '^FAILED' "$work/answers")
answered=$(grep -cE '^(ok|FAILED)' "$work/answers")
[[ $answered -ge $(wc -l < "$work/points") ]] || { echo "FAILED: $answered answers"; wrong=$((wrong + 1)); }
echo "$answered faults, $wrong failures"
[[ $wrong == 0 ]]
