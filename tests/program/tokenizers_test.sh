#!/usr/bin/env bash
# The tokenizer of a model folder in every command: its own limit of length, a tokenizer from another folder, and its
# class. Usage: tokenizers_test.sh TL MAKE_TINY_BERT.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=support.sh
source "$(dirname "$0")/support.sh"
tiny_model || exit 1

training=(train --train_file "$reviews/train.jsonl" --validation_file "$reviews/validation.jsonl" --max_eval_samples 8
          --labels NEGATIVE,POSITIVE --max_train_samples 32 --num_train_epochs 1 --save_strategy no --disable_tqdm
          --threads 1)
ok "${training[@]}" --model_name_or_path model --output_dir trained

# with LIMIT FOLDER: a copy of the trained model whose tokenizer_config.json has this member for the length.
with() {
  cp -r trained "$2"
  sed -i "s/\"model_max_length\": [0-9]*/$1/" "$2/tokenizer_config.json"
  grep -qF "$1" "$2/tokenizer_config.json" || complain "expected a model_max_length to replace"
}
with '"model_max_length": 8' short
with '"max_len": 8' older
with '"model_max_length": 1000000000000000019884624838656' endless
with '"model_max_length": 100000000000000000000' long
long_text='a b c d e f g h i j k l m n o p q r s t'

# --- the tokenizer's limit
tokens() { grep -o '"input_ids": \[[^]]*' out | tr -cd ',' | wc -c; }
for folder in short older; do
  ok tokenize --model_name_or_path $folder --text "$long_text" --truncation
  checks=$((checks + 1))
  [[ $(tokens) == 7 ]] || complain "$folder: expected 8 tokens"
  ok tokenize --model_name_or_path $folder --text "$long_text"
  checks=$((checks + 1))
  [[ $(tokens) -gt 20 ]] || complain "$folder: expected all tokens without --truncation"
  ok predict --model_name_or_path $folder --text "$long_text" --truncation --logits --json
  cp out cut
  ok predict --model_name_or_path trained --text "$long_text" --max_seq_length 8 --logits --json
  checks=$((checks + 1))
  cmp -s out cut || complain "$folder: expected the logits of a text that is cut to 8 tokens"
  ok predict --model_name_or_path trained --text "$long_text" --logits --json
  cp out whole
  ok predict --model_name_or_path $folder --text "$long_text" --logits --json
  checks=$((checks + 1))
  cmp -s out whole || complain "$folder: expected the logits of the whole text without --truncation"
  ok evaluate --model_name_or_path $folder --validation_file "$reviews/test.jsonl" --json
  grep -o '"eval_loss": [^,]*' out > cut
  ok evaluate --model_name_or_path trained --validation_file "$reviews/test.jsonl" --json --max_seq_length 8
  checks=$((checks + 1))
  grep -o '"eval_loss": [^,]*' out | cmp -s - cut || complain "$folder: expected the loss of texts cut to 8 tokens"
done
for folder in endless long; do
  ok tokenize --model_name_or_path $folder --text "$long_text" --truncation
  checks=$((checks + 1))
  [[ $(tokens) -gt 20 ]] || complain "$folder: expected all tokens"
  refused 1 '--max_seq_length: expected at least 3 and at most the model'\''s' predict --model_name_or_path $folder \
    --text "$long_text" --max_seq_length 100000
done

# A length above the limit is a warning, and the limit counts.
warned() {
  local part=$1
  shift
  checks=$((checks + 1))
  "$tl" "$@" > out 2> err < /dev/null || complain "tl $*: expected exit code 0"
  [[ $(wc -l < err) == 1 ]] && grep -qF -- "warning: $part" err || complain "tl $*: expected the warning '$part'"
}
above="--max_seq_length 20 is more than the tokenizer's model_max_length 8; texts are cut to 8 tokens"
warned "$above" tokenize --model_name_or_path short --text "$long_text" --max_seq_length 20
checks=$((checks + 1))
[[ $(tokens) == 7 ]] || complain 'expected 8 tokens'
warned "$above" predict --model_name_or_path short --text "$long_text" --max_seq_length 20
warned "$above" evaluate --model_name_or_path short --validation_file "$reviews/test.jsonl" --max_seq_length 20
warned "$above" "${training[@]}" --model_name_or_path short --output_dir retrained --max_seq_length 20
checks=$((checks + 1))
grep -qF '"model_max_length": 8' retrained/tokenizer_config.json || complain 'expected the limit to be saved'
ok "${training[@]}" --model_name_or_path older --output_dir from_older
checks=$((checks + 1))
grep -qF '"model_max_length": 8' from_older/tokenizer_config.json || complain 'expected max_len as model_max_length'
ok predict --model_name_or_path retrained --text "$long_text" --truncation

# --- a tokenizer from another folder
mkdir apart
mv short/{tokenizer.json,vocab.txt,tokenizer_config.json,special_tokens_map.json} apart/
refused 1 'which holds neither' predict --model_name_or_path short --text a
ok predict --model_name_or_path short --tokenizer_name apart --text "$long_text" --truncation --logits --json
cp out apart.json
ok predict --model_name_or_path trained --text "$long_text" --max_seq_length 8 --logits --json
checks=$((checks + 1))
cmp -s out apart.json || complain 'expected the tokenizer of --tokenizer_name, with its limit'
ok evaluate --model_name_or_path short --tokenizer_name apart --validation_file "$reviews/test.jsonl"
ok tokenize --tokenizer_name apart --text "$long_text" --truncation
checks=$((checks + 1))
[[ $(tokens) == 7 ]] || complain 'expected 8 tokens'
ok "${training[@]}" --model_name_or_path short --tokenizer_name apart --output_dir with_apart
ok predict --model_name_or_path with_apart --text a
checks=$((checks + 1))
cmp -s apart/tokenizer.json with_apart/tokenizer.json || complain 'expected the tokenizer beside the trained model'
refused 1 'expected a model folder or the name of a model on a hub, got "nowhere"' predict \
  --model_name_or_path trained --tokenizer_name nowhere --text a
refused 2 '--model_name_or_path or --tokenizer_name is required' tokenize --text a

# --- the class: a generic one leaves everything to tokenizer.json, an unknown one is refused by every command
cp -r trained generic
rm generic/{vocab.txt,special_tokens_map.json}
sed -i 's/"lowercase": true/"lowercase": false/' generic/tokenizer.json
printf '{"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]"}' > generic/tokenizer_config.json
ok tokenize --model_name_or_path trained --text 'A FILM'
says '"tokens": ["[CLS]", "a", "film", "[SEP]"]'
ok tokenize --model_name_or_path generic --text 'A FILM [SEP]'
says '"tokens": ["[CLS]", "[UNK]", "[UNK]", "[SEP]", "[SEP]"]'
cp out cased
ok inspect generic
says 'special tokens: [PAD]=0'
ok "${training[@]}" --model_name_or_path generic --output_dir generic_trained
ok tokenize --model_name_or_path generic_trained --text 'A FILM [SEP]'
checks=$((checks + 1))
cmp -s out cased || complain 'expected the same tokens after training'
cp -r bert cased_bert
cp generic/tokenizer.json generic/tokenizer_config.json cased_bert/
rm -f cased_bert/vocab.txt
ok convert --from bert cased_bert converted
ok tokenize --model_name_or_path converted --text 'A FILM [SEP]'
checks=$((checks + 1))
cmp -s out cased || complain 'expected the same tokens after conversion'
checks=$((checks + 1))
grep -q '"tokenizer_class": "PreTrainedTokenizerFast"' converted/tokenizer_config.json || complain 'expected the class'
for where in tokenizer_config.json config.json; do
  rm -rf foreign foreign_bert
  cp -r trained foreign
  cp -r bert foreign_bert
  for folder in foreign foreign_bert; do
    if [[ $where == config.json ]]; then
      rm -f $folder/tokenizer_config.json
      sed -i '0,/{/s//{"tokenizer_class": "BertJapaneseTokenizer",/' $folder/config.json
    else
      printf '{"tokenizer_class": "BertJapaneseTokenizer"}' > $folder/tokenizer_config.json
    fi
  done
  part="$where: tokenizer_class: expected a class with the rules of BertTokenizer or of tokenizer.json"
  part+=' (PreTrainedTokenizerFast, TokenizersBackend), got "BertJapaneseTokenizer", which tl does not have'
  refused 1 "$part" tokenize --model_name_or_path foreign --text a
  refused 1 "$part" predict --model_name_or_path foreign --text a
  refused 1 "$part" evaluate --model_name_or_path foreign --validation_file "$reviews/test.jsonl"
  refused 1 "$part" "${training[@]}" --model_name_or_path foreign --output_dir never
  refused 1 "$part" convert --from bert foreign_bert never
  refused 1 "$part" inspect foreign
done

verdict
