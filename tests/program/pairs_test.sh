#!/usr/bin/env bash
# BERT as it is, and pairs of texts, through tl train, evaluate and predict. Usage: pairs_test.sh TL MAKE_TINY_BERT
set -uo pipefail
# shellcheck source=tests/program/support.sh
source "$(dirname "$0")/support.sh" "$@"

"$make_tiny_bert" bert "$reviews/train.jsonl" || exit 1
train() {
  ok train --model_name_or_path bert --num_train_epochs 1 --per_device_train_batch_size 4 --max_seq_length 24 \
    --save_strategy no --learning_rate 1e-3 --config_overrides hidden_dropout_prob=0,attention_probs_dropout_prob=0 "$@"
}

# 24 pairs: the second text says whether it fits the first.
{
  echo 'sentence1,sentence2,label'
  for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    echo "the film number $i was good,so good,same"
    echo "the film number $i was good,not bad at all,other"
  done
} > pairs.csv
sed '1s/.*/first,second,label/' pairs.csv > named.csv
awk -F, 'NR > 1 { printf "{\"premise\": \"%s\", \"hypothesis\": \"%s\", \"label\": \"%s\"}\n", $1, $2, $3 }' pairs.csv > pairs.jsonl
cut -d, -f1,3 pairs.csv | sed '1s/.*/text,label/' > single.csv

# --- columns that are found, named, and in another format give the same model

train --train_file pairs.csv --validation_file pairs.csv --output_dir found
says 'eval_accuracy'
train --train_file named.csv --text_column first --text_pair_column second --output_dir named
train --train_file pairs.jsonl --output_dir keys
for other in named keys; do
  checks=$((checks + 1))
  cmp -s found/model.safetensors $other/model.safetensors || complain "$other: expected the weights of found"
done
train --train_file pairs.csv --text_column sentence1 --output_dir single
checks=$((checks + 1))
! cmp -s found/model.safetensors single/model.safetensors || complain 'the second texts made no difference'
grep -q '"model_type": "bert"' found/config.json || complain 'expected a BERT'

# --- evaluate and predict

ok evaluate --model_name_or_path found --validation_file pairs.csv --json
cp out evaluated
ok evaluate --model_name_or_path found --validation_file pairs.jsonl --json
checks=$((checks + 1))
[[ $(grep -o '"eval_loss": [0-9.e-]*' out) == "$(grep -o '"eval_loss": [0-9.e-]*' evaluated)" ]] || complain 'expected the same loss'
ok predict --model_name_or_path found --file pairs.csv --json --logits
lines 24
cp out predicted
ok predict --model_name_or_path found --file named.csv --text_column first --text_pair_column second --json --logits
checks=$((checks + 1))
cmp -s out predicted || complain 'expected the same predictions from named columns'
ok predict --model_name_or_path found --file pairs.csv --text_column sentence1 --json --logits
checks=$((checks + 1))
! cmp -s out predicted || complain 'the second texts made no difference'
ok predict --model_name_or_path found --text 'the film was good'
lines 1

# --- two texts where the model has no token types are allowed, as in Python

ok convert --from bert bert distilbert
ok train --model_name_or_path distilbert --train_file pairs.csv --output_dir folded --num_train_epochs 1 --max_seq_length 24 \
  --save_strategy no
ok predict --model_name_or_path folded --file pairs.csv
lines 24

# --- sentences

mkfifo pipe.jsonl
refused 1 'pipe.jsonl' train --model_name_or_path bert --train_file pipe.jsonl --output_dir refused

refused 1 'expected three columns, got '"'sentence1'"' twice' train --model_name_or_path bert --train_file pairs.csv \
  --text_column sentence1 --text_pair_column sentence1 --output_dir refused
refused 1 "expected a column 'absent'" evaluate --model_name_or_path found --validation_file pairs.csv --text_column sentence1 \
  --text_pair_column absent
refused 2 '--text_pair_column: expected a .jsonl, .json, .csv or .tsv --file, got none' predict --model_name_or_path found \
  --text a --text_pair_column b
refused 1 'config_overrides: "dropout" is not a field of BertConfig' train --model_name_or_path bert --train_file pairs.csv \
  --config_overrides dropout=0 --output_dir refused
sed 's/"bert"/"roberta"/' bert/config.json > bert/other.json && mkdir other && cp bert/* other/ && mv other/other.json other/config.json
refused 1 'expected a "model_type" that has a model for sequence classification, distilbert, bert, got "roberta"' \
  train --model_name_or_path other --train_file single.csv --output_dir refused

verdict
