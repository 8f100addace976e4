#!/usr/bin/env bash
# Entities of texts through tl predict, with the model of tests/reference/data/token_pipeline, whose results in Python are
# in the results.json there. Usage: entities_test.sh TL MAKE_TINY_BERT
set -uo pipefail
tagger=$(realpath "$(dirname "$0")/../reference/data/token_pipeline")
classifier=$(realpath "$(dirname "$0")/../reference/data/pipeline")
# shellcheck source=tests/program/support.sh
source "$(dirname "$0")/support.sh" "$@"

predict() { ok predict --model_name_or_path "$tagger" "$@"; }
problem() { refused 1 "$1" predict --model_name_or_path "$tagger" "${@:2}"; }
bob='Bob and Ann lived near Zurich, at Acme Corp!'

# --- forms of the answer

predict --text "$bob" --text '' --json --aggregation_strategy average
lines 2
says '[{"entity_group": "ORG", "score": 0.94152'
says '"word": "bob and", "start": 0, "end": 7}, {"entity_group": "PER", "score": 0.58489'
says '"word": "lived near zurich", "start": 12, "end": 29}'
checks=$((checks + 1))
[[ $(tail -n 1 out) == '[]' ]] || complain 'expected an empty list for an empty text'
predict --text 'Ann lives in Rome.' --json --aggregation_strategy none
says '[{"entity": "B-PER", "score": 0.31260'
says '"index": 1, "word": "ann", "start": 0, "end": 3}'
predict --text "$bob"
says '[Bob and: ORG 0.9415] [Ann: PER 0.5849] [lived near Zurich: ORG 0.5017][,: PER 0.3014] [at Acme Corp: ORG 0.8149][!: PER 0.3568]'
predict --text "$bob" --ignore_labels 'O, ORG'
says 'Bob and [Ann: PER 0.5849] lived near Zurich[,: PER 0.3014] at Acme Corp[!: PER 0.3568]'
predict --text 'É 東京' --json --aggregation_strategy none
says '"word": "京", "start": 3, "end": 4}]'
predict --text 'annen  workscorp Zuriching' --is_split_into_words --json
says '"word": "workscorp zurich", "start": 6, "end": 22}'

# --- sources of texts

printf '%s\n' "$bob" 'Ann lives in Rome.' > texts.txt
input=texts.txt predict --json
lines 2
cp out stdin
predict --file texts.txt --json --batch_size 1
checks=$((checks + 1))
diff -q <(sed 's/0\.[0-9]*/S/g' out) <(sed 's/0\.[0-9]*/S/g' stdin) > /dev/null || complain 'expected the same entities one by one'
printf '{"sentence": "%s"}\n' "$bob" > rows.jsonl
predict --file rows.jsonl --text_column sentence --json --output_dir results
checks=$((checks + 1))
[[ $(tail -n 1 results/predict_results.txt) == "0	$(cat out)" ]] || complain 'expected the answer in predict_results.txt'

# --- long texts

long="$bob $bob $bob"
problem 'line 1: expected at most 16 tokens, which is what the model takes, got 38; read longer texts in windows with --stride' \
  --file <(echo "$long")
predict --text "$long" --stride 3 --json
says '"end": 134}]'
predict --text "$long" --truncation
problem 'expected at most 8 tokens, got 14' --text "$bob" --truncation false --max_seq_length 8
problem 'stride: expected a number from 0 to 13' --text a --stride 14
problem 'stride: expected an aggregation_strategy' --text a --stride 2 --aggregation_strategy none

# --- what is not possible

problem 'aggregation_strategy: expected none, simple, first, average or max, got last' --text a --aggregation_strategy last
problem '--top_k: expected --task text-classification, got token-classification' --text a --top_k 2
problem '--logits: expected --task text-classification, got token-classification' --text a --logits
printf 'a,b\nx,y\n' > pairs.csv
problem '--text_pair_column: expected texts of their own' --file pairs.csv --text_column a --text_pair_column b
printf 'Ann B-PER\n' > words.conll
problem 'words.conll: expected texts, got a CoNLL file of words' --file words.conll
printf 'fine\nn\xff\n' > bad.txt
problem 'bad.txt, line 2: text: expected UTF-8' --file bad.txt
refused 1 'expected a model that classifies tokens, got DistilBertForSequenceClassification' \
  predict --model_name_or_path "$classifier" --task token-classification --text a
refused 2 '--aggregation_strategy: expected --task token-classification, got text-classification' \
  predict --model_name_or_path "$classifier" --aggregation_strategy simple --text a

verdict
