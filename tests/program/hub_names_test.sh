#!/usr/bin/env bash
# Models by their names in a cache as Python's libraries write it: every command that takes a model, revisions, a cache
# of its own, and the sentences for names that lead nowhere. Usage: hub_names_test.sh TL MAKE_TINY_BERT.
set -uo pipefail
source "$(dirname "$0")/support.sh"

# cached NAME COMMIT REVISION FOLDER: the folder's files become a snapshot, with links to blobs.
cached() {
  local repository=$HF_HUB_CACHE/models--${1/\//--} file blob
  mkdir -p "$repository"/{blobs,refs} "$repository/snapshots/$2"
  for file in "$4"/*; do
    [[ -f $file ]] || continue
    blob=$(sha1sum < "$file" | cut -c 1-40)
    cp "$file" "$repository/blobs/$blob"
    ln -s "../../blobs/$blob" "$repository/snapshots/$2/$(basename "$file")"
  done
  printf '%s' "$2" > "$repository/refs/$3"
}
a=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
b=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
c=cccccccccccccccccccccccccccccccccccccccc

tiny_model
cached owner/tiny $a main model
cached owner/bert $b main bert
before=$(find "$HF_HUB_CACHE" | sort)

# --- a name gives what the folder gives
ok tokenize --model_name_or_path model --text 'a fine film'
mv out expected
ok tokenize --model_name_or_path owner/tiny --text 'a fine film'
cmp -s out expected || complain 'expected the ids of the folder'
ok inspect owner/tiny
says "configuration ($HF_HUB_CACHE/models--owner--tiny/snapshots/$a/config.json)"
ok convert --from bert owner/bert converted
cmp -s converted/model.safetensors model/model.safetensors || complain 'expected the weights that the folder gives'
short=(--train_file "$reviews/train.jsonl" --max_train_samples 32 --max_steps 2 --per_device_train_batch_size 8
  --max_seq_length 16 --disable_tqdm --save_only_model)
ok train --model_name_or_path model --output_dir by_folder "${short[@]}"
ok train --model_name_or_path owner/tiny --output_dir by_name "${short[@]}"
says 'parameters are not in owner/tiny and are newly initialized'
cmp -s by_folder/model.safetensors by_name/model.safetensors || complain 'expected the weights that the folder gives'

# --- a trained one, with a revision, and in another cache
cached owner/trained $c v1 by_name
hub=$HF_HUB_CACHE
HF_HUB_CACHE=none ok predict --model_name_or_path owner/trained --model_revision v1 --cache_dir "$hub" --text a
ok evaluate --model_name_or_path owner/trained --model_revision $c --validation_file "$reviews/validation.jsonl" \
  --max_eval_samples 8 --max_seq_length 16
says 'eval_loss = '
ok predict --model_name_or_path owner/trained --model_revision v1 --tokenizer_name by_name --text a

# --- a folder of the name wins
mkdir -p owner
cp -r model owner/tiny
rm owner/tiny/config.json
refused 1 'expected config.json in owner/tiny' train --model_name_or_path owner/tiny --output_dir none "${short[@]}"
rm -r owner

# --- names that lead nowhere; wrong options are told first
where="got \"owner/other\"; there is no folder of that name in $(pwd -P), the cache $HF_HUB_CACHE has no models--owner--other"
for command in "predict --text a" "tokenize --text a" "evaluate --validation_file $reviews/validation.jsonl"; do
  # shellcheck disable=SC2086  # words
  refused 1 "$where, and HF_HUB_OFFLINE is set, so the hub is not asked; unset it" $command --model_name_or_path owner/other
done
refused 1 "$where" train --model_name_or_path owner/other --output_dir none "${short[@]}"
refused 1 "$where" inspect owner/other
refused 2 'top_k: expected a whole number from 1' predict --model_name_or_path owner/other --text a --top_k 0
refused 1 "the cache has $HF_HUB_CACHE/models--owner--trained, but not its revision main" predict --text a \
  --model_name_or_path owner/trained
refused 1 'expected a branch, a tag or a commit as revision, got "../x"' predict --text a --model_name_or_path owner/trained \
  --model_revision ../x
rm "$(realpath "$HF_HUB_CACHE/models--owner--tiny/snapshots/$a/model.safetensors")"
refused 1 "expected model.safetensors of the model owner/tiny, the cache has only a part of it" predict --text a \
  --model_name_or_path owner/tiny
ok tokenize --model_name_or_path owner/tiny --text 'a fine film'

# --- nothing was written into the cache
after=$(find "$HF_HUB_CACHE" | sort)
lost=$(comm -23 <(echo "$before") <(echo "$after") | grep -v /blobs/)
new=$(comm -13 <(echo "$before") <(echo "$after") | grep -v models--owner--trained)
[[ -z $lost$new ]] || complain "expected the cache as it was, got other files: $lost $new"

verdict
