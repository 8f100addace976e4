#!/usr/bin/env bash
# Token classification through tl train and evaluate: JSON and CoNLL, windows, files of results, sentences.
# Usage: tokens_test.sh TL MAKE_TINY_BERT
set -uo pipefail
# shellcheck source=tests/program/support.sh
source "$(dirname "$0")/support.sh" "$@"

tiny_model || exit 1
train() {
  ok train --task token-classification --num_train_epochs 1 --per_device_train_batch_size 4 --max_seq_length 24 \
    --save_strategy no --learning_rate 1e-3 "$@"
}

# The same 20 texts in both formats.
for i in 1 2 3 4 5 6 7 8 9 10; do
  echo '{"tokens": ["the", "film", "Number", "'$i'", "was", "good"], "ner_tags": ["O", "O", "B-FILM", "I-FILM", "O", "O"]}'
  echo '{"tokens": ["Anna", "Smith", "saw", "it", "twice"], "ner_tags": ["B-PER", "I-PER", "O", "O", "O"]}'
done > words.jsonl
{
  echo '-DOCSTART- -X- O O'
  echo
  for i in 1 2 3 4 5 6 7 8 9 10; do
    printf 'the DT X O\nfilm NN X O\nNumber NN X B-FILM\n%s CD X I-FILM\nwas VB X O\ngood JJ X O\n\n' $i
    printf '# a comment\nAnna NN X B-PER\nSmith NN X I-PER\nsaw VB X O\nit PR X O\ntwice RB X O\n\n'
  done
} > words.conll

# --- both formats give the same model; seqeval's metrics

train --model_name_or_path model --train_file words.jsonl --validation_file words.jsonl --output_dir json
says "words.jsonl: the labels in column ner_tags name 5 classes, ['B-FILM', 'B-PER', 'I-FILM', 'I-PER', 'O']"
says 'eval_accuracy'
says 'eval_f1'
train --model_name_or_path model --train_file words.conll --validation_file words.conll --output_dir conll
checks=$((checks + 1))
cmp -s json/model.safetensors conll/model.safetensors || complain 'expected the same weights from JSON and CoNLL'
grep -q '"DistilBertForTokenClassification"' json/config.json || complain 'expected a token classifier'
train --model_name_or_path bert --train_file words.conll --column_names a,b,c,d --text_column a --label_column d \
  --label_all_tokens --output_dir named
grep -q '"BertForTokenClassification"' named/config.json || complain 'expected a BERT'

# --- evaluate finds the task by the model; windows count each word once

ok evaluate --model_name_or_path json --validation_file words.conll --json
grep -o '"eval_accuracy": [0-9.e-]*' out > accuracy
ok evaluate --model_name_or_path json --validation_file words.jsonl --return_entity_level_metrics
says 'eval_FILM_f1 = '
says 'eval_PER_number = 10'
says 'eval_overall_accuracy = '
ok evaluate --model_name_or_path json --validation_file words.conll --metrics f1_strict,recall_macro --report
says 'eval_f1_strict = '
says 'eval_recall_macro = '
says '   micro avg'
says '   PER '
says 'B-FILM  B-PER  I-FILM  I-PER '
refused 2 '--metrics: expected precision, recall, f1, accuracy, ' evaluate --model_name_or_path json \
  --validation_file words.conll --metrics roc_auc
refused 2 '--metrics: expected none with --return_entity_level_metrics' evaluate --model_name_or_path json \
  --validation_file words.conll --metrics f1 --return_entity_level_metrics
printf '%.0sa A-b ' {1..40} | tr ' ' '\n' | sed 's/$/ O/' > long.conll
ok evaluate --model_name_or_path json --validation_file long.conll --max_seq_length 16 --stride 4 --json
says '"eval_samples": 1'
checks=$((checks + 1))
"$tl" evaluate --model_name_or_path json --validation_file long.conll --max_seq_length 16 --json > out 2> err ||
  complain 'expected exit code 0'
grep -qF 'have no token and no prediction; 1 of 1 texts were cut, --stride N reads them in windows' err ||
  complain 'expected to hear of the words that were cut'
train --model_name_or_path json --train_file long.conll --stride 4 --max_seq_length 16 --output_dir windows
train --model_name_or_path json --train_file words.jsonl --test_file words.jsonl --output_dir predicted
says 'predict_accuracy'
checks=$((checks + 1))
[[ $(wc -l < predicted/predictions.txt) == 20 && $(head -n 1 predicted/predictions.txt | wc -w) == 6 ]] ||
  complain 'expected a line with six tags'
sed 's/, "ner_tags".*/}/' words.jsonl > unlabelled.jsonl
train --model_name_or_path json --train_file words.jsonl --test_file unlabelled.jsonl --output_dir unlabelled
checks=$((checks + 1))
cmp -s predicted/predictions.txt unlabelled/predictions.txt || complain 'expected the same predictions without tags'

# --- sentences

refuse() {
  refused 1 "$1" evaluate --model_name_or_path json --validation_file "$2" "${@:3}"
}
echo '{"tokens": ["a", "b"], "ner_tags": ["O"]}' > short.jsonl
refuse 'short.jsonl, line 1: expected as many ner_tags as tokens, 2, got 1' short.jsonl
printf 'a O\nb B-CITY\n' > unknown.conll
refuse "unknown.conll, line 1, word 2 ('b'): expected ner_tags to be one of ['B-FILM', 'B-PER', 'I-FILM', 'I-PER', 'O'], got 'B-CITY'" \
  unknown.conll
printf 'a O\nb\n' > fields.conll
refuse 'fields.conll, line 2: expected 2 fields with blanks between them as in line 1, got 1' fields.conll
refuse "expected a column 'chunk_tags', the columns are" words.conll --label_column chunk_tags
refuse 'line 1: expected the key pos_tags, it is missing' words.jsonl --label_column pos_tags
refuse 'got a .csv file' words.csv
refuse '--stride: expected less than the 6 tokens of a text in a window of 8, got 6' words.jsonl --max_seq_length 8 --stride 6
refuse 'line 1: expected at most 5 tokens, got 13; cut longer texts' words.jsonl --max_seq_length 5 --truncation false
: > empty.conll
refuse 'empty.conll: expected at least one text, got none' empty.conll
refused 2 '--text_pair_column: expected no pairs for token-classification' evaluate --model_name_or_path json \
  --validation_file words.jsonl --text_pair_column b

refused 2 '--text_column_names: expected one column of words' evaluate --model_name_or_path json \
  --validation_file words.jsonl --text_column_names a,b

verdict
