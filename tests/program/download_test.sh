#!/usr/bin/env bash
# tl download, with the hub of tests/support/local_hub.py. Usage: download_test.sh TL MAKE_TINY_BERT.
set -uo pipefail
here=$(realpath "$(dirname "$0")")
# shellcheck source=tests/program/support.sh
source "$here/support.sh" "$@"
skip() { exec "$here/../structure/skip.sh" "$1"; }

unset HF_TOKEN HUGGING_FACE_HUB_TOKEN HF_TOKEN_PATH HF_HUB_OFFLINE TRANSFORMERS_OFFLINE HF_HUB_CACHE HUGGINGFACE_HUB_CACHE
export HF_HOME=$work/home HF_ENDPOINT=ftp://127.0.0.1
HF_HUB_OFFLINE=1 refused 1 'HF_HUB_OFFLINE is set, so the hub is not asked' download org/tiny
"$tl" download org/tiny 2> err > out
grep -q 'not linked with tl::hub' err && skip 'tl::hub is not built'
command -v python3 > /dev/null || skip 'the local hub needs python3'

tiny_model || exit 1
mkdir -p root/models/org root/datasets/org/reviews/data
mv model root/models/org/tiny
printf 'pickle' > root/models/org/tiny/pytorch_model.bin
printf 'text,label\na,0\n' | tee root/datasets/org/reviews/data/train.csv > root/datasets/org/reviews/data/test.csv
printf -- '---\nlicense: mit\n---\n' > root/datasets/org/reviews/README.md
mkdir -p root/models/org/mine && cp root/models/org/tiny/config.json root/models/org/mine
echo '{"private": true}' > root/models/org/mine.json
python3 "$here/../support/local_hub.py" root &
hub=$!
trap 'kill "$hub"; rm -rf "$work"' EXIT
for _ in {1..200}; do [[ -e root/ready ]] && break; sleep 0.05; done
[[ -e root/ready ]] || { echo 'FAILED: the local hub did not start'; exit 1; }
HF_ENDPOINT=$(sed 's/.*"hub": "\([^"]*\)".*/\1/' root/ready)
export HF_ENDPOINT
cache=$work/home/hub

# --- a model: what it needs, under the folder that is printed, from which the other commands take it
ok download org/tiny
lines 1
says "$cache/models--org--tiny/snapshots/"
snapshot=$(cat out)
for file in config.json model.safetensors vocab.txt; do
  cmp -s "$snapshot/$file" "root/models/org/tiny/$file" || complain "$file: expected the file of the hub"
done
[[ ! -e $snapshot/pytorch_model.bin ]] || complain 'expected no pytorch_model.bin'
requests=$(wc -l < root/requests.jsonl)
HF_HUB_OFFLINE=1 ok download org/tiny
[[ $(cat out) == "$snapshot" ]] || complain 'expected the same folder'
HF_HUB_OFFLINE=1 ok tokenize --model_name_or_path org/tiny --text 'a good film'
[[ $(wc -l < root/requests.jsonl) == "$requests" ]] || complain 'expected no requests'

# --- files, patterns, revisions, a cache of one's own
ok download org/tiny pytorch_model.bin
[[ $(cat out) == "$snapshot/pytorch_model.bin" && $(< "$snapshot/pytorch_model.bin") == pickle ]] || complain 'expected the file'
ok download org/tiny config.json vocab.txt
[[ $(cat out) == "$snapshot" ]] || complain 'expected the folder'
ok download org/tiny --include '*.json' --exclude 'token*' --cache-dir other --revision "$(basename "$snapshot")"
[[ -e $(cat out)/config.json && ! -e $(cat out)/model.safetensors ]] || complain 'expected config.json alone'
[[ ! -e other/models--org--tiny/refs ]] || complain 'expected no ref of a commit'
refused 1 'that fit the patterns, it has none at commit' download org/tiny --include '*.none'
refused 1 'expected none.txt in the repository org/tiny, it has none at commit' download org/tiny none.txt

# --- data sets
ok download --repo-type dataset org/reviews
says "$cache/datasets--org--reviews/snapshots/"
cmp -s "$(cat out)/data/train.csv" root/datasets/org/reviews/data/train.csv || complain 'expected the data'
[[ -e $(cat out)/README.md ]] || complain 'expected README.md'

# --- damage that only a new download mends
blob=$(realpath "$snapshot/vocab.txt")
sed -i 's/a/b/' "$blob"
ok download org/tiny
! cmp -s "$blob" root/models/org/tiny/vocab.txt || complain 'expected the damage to stay'
ok download org/tiny --force_download
cmp -s "$blob" root/models/org/tiny/vocab.txt || complain 'expected the file of the hub'

# --- tokens
refused 1 'there is no model org/mine on ' download org/mine config.json
ok download org/mine config.json --token hf_good
HF_TOKEN=hf_good ok download org/mine config.json

# --- what cannot be meant
refused 1 'there is no model org/none on ' download org/none
refused 1 'there is no data set org/tiny on ' download org/tiny --repo_type dataset
refused 1 'expected the name of a model on a hub' download ../tiny
refused 2 'repo_type' download org/tiny --repo_type space
refused 2 'NAME is required' download
verdict
