# What the tests of the tl program share; sourced with TL and MAKE_TINY_BERT as arguments. The test then works in a
# temporary folder, and its last line is "verdict".
# shellcheck shell=bash disable=SC2034

tl=$(realpath "$1")
make_tiny_bert=$(realpath "$2")
reviews=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../../examples/data/reviews")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# The cache of the user is no part of a test, and no hub is asked.
export HF_HUB_CACHE=$work/hub HF_HUB_OFFLINE=1
unset HF_TOKEN HF_HOME

failures=0
checks=0
complain() {
  echo "FAILED: $1"
  sed 's/^/    /' out err
  failures=$((failures + 1))
}

# ok ARGUMENT...: tl runs, exits with 0 and says nothing on standard error. Its output is in the file out.
ok() {
  checks=$((checks + 1))
  "$tl" "$@" > out 2> err < "${input:-/dev/null}"
  local status=$?
  [[ $status == 0 && ! -s err ]] || complain "tl $*: expected exit code 0 without complaints, got $status"
}

# refused CODE 'PART OF THE SENTENCE' ARGUMENT...: tl exits with CODE after one line that begins with "tl: ".
refused() {
  local code=$1 part=$2
  shift 2
  checks=$((checks + 1))
  "$tl" "$@" > out 2> err < "${input:-/dev/null}"
  local status=$?
  [[ $status == "$code" ]] || complain "tl $*: expected exit code $code, got $status"
  [[ $(wc -l < err) == 1 && $(head -c 4 err) == 'tl: ' ]] || complain "tl $*: expected one line that begins with 'tl: '"
  grep -qF -- "$part" err || complain "tl $*: expected the words '$part'"
}

# says 'TEXT': the last output contains TEXT.
says() {
  checks=$((checks + 1))
  grep -qF -- "$1" out || complain "expected the output to contain '$1'"
}

lines() {
  checks=$((checks + 1))
  [[ $(wc -l < out) == "$1" ]] || complain "expected $1 lines of output, got $(wc -l < out)"
}

# tiny_model: the folder model, a tiny random DistilBERT made from the folder bert, with a vocabulary of the reviews.
tiny_model() {
  "$make_tiny_bert" bert "$reviews/train.jsonl" && "$tl" convert --from bert bert model > /dev/null
}

# resumes NAME ARGUMENT...: a run of two epochs that goes on from the checkpoint of the first one ends with the bits of the
# whole run, in the weights and in the state of the optimizer.
resumes() {
  local name=$1 first last
  shift
  local run=(train "$@" --num_train_epochs 2 --save_strategy epoch --disable_tqdm)
  ok "${run[@]}" --output_dir "$name"
  first=$(printf '%s\n' "$name"/checkpoint-* | sort -V | head -1)
  last=$(basename "$(printf '%s\n' "$name"/checkpoint-* | sort -V | tail -1)")
  mkdir "$name.resumed" && cp -r "$first" "$name.resumed/"
  ok "${run[@]}" --output_dir "$name.resumed" --resume_from_checkpoint true
  for file in model.safetensors "$last/optimizer.safetensors"; do
    checks=$((checks + 1))
    cmp -s "$name/$file" "$name.resumed/$file" || complain "$name: expected the bits of the whole run in $file"
  done
}

# verdict: how many checks there were; fails if one did.
verdict() {
  echo "$checks checks, $failures failures"
  [[ $failures == 0 ]]
}
