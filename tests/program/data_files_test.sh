#!/usr/bin/env bash
# Data files as people have them: TSV, encodings, odd headers, JSON of every shape, empty texts and missing values.
# Usage: data_files_test.sh TL MAKE_TINY_BERT.
set -uo pipefail
# shellcheck source=tests/program/support.sh
source "$(dirname "$0")/support.sh" "$@"
tiny_model || exit 1
printf 'text,label\nthe best film,1\nthe worst film,0\n' > base.csv
ok train --model_name_or_path model --train_file base.csv --output_dir results --save_strategy no --max_steps 1 \
  --disable_tqdm --labels NEG,POS

evaluates() { ok evaluate --model_name_or_path results --json --validation_file "$@"; }
cannot_evaluate() {
  local part=$1
  shift
  refused 1 "$part" evaluate --model_name_or_path results --validation_file "$@"
}
predicts() { ok predict --model_name_or_path results --file "$@"; }

# samples N: the evaluation had N rows.
samples() { says "\"eval_samples\": $1,"; }

# --- TSV, delimiters, quotes
printf '\xef\xbb\xbfQuality\t#1 String\t#2 String\n1\tHe said "yes".\t"Yes," he said.\n0\t"No deal," she said.\tThe "deal was off.\n' > mrpc.tsv
evaluates mrpc.tsv --text_column '#1 String' --label_column Quality
samples 2
printf 'sentence\tlabel\n"we stay , they go .\t1\nthey go .\t0\nis this the end "\t0\nfine\t1\n' > swallow.tsv
evaluates swallow.tsv
samples 4
evaluates swallow.tsv --quoting minimal
samples 2
predicts swallow.tsv
lines 4
says '	"we stay , they go .'
cp swallow.tsv swallow.txt
evaluates swallow.txt --delimiter tab --quoting none --text_column sentence
samples 4
printf 'text;label\nfine;1\n"a;b";0\n' > semicolon.csv
evaluates semicolon.csv --delimiter ';'
samples 2
printf 'fine,1\nbad,0\n' > bare.csv
evaluates bare.csv --column_names text,label
samples 2
cannot_evaluate "bare.csv: expected a column 'text', the columns are ['fine', '1']; name that of the texts" bare.csv
refused 2 '--delimiter: expected one character or tab, got ab; --quoting: expected minimal or none, got all; --encoding: expected utf-8' \
  evaluate --model_name_or_path results --validation_file x.csv --delimiter ab --quoting all --encoding koi8
refused 2 '--encoding: expected a --file, got none' predict --model_name_or_path results --encoding latin-1

# --- encodings
printf 'v1,v2,,,\r\n1,a \xa35 caf\xe9,,,\r\n0,b,,,\r\n' > latin.csv
columns=(--text_column v2 --label_column v1)
cannot_evaluate 'latin.csv, line 2, byte 14: expected UTF-8, got byte 163; if the file has another encoding, name it: try latin-1' \
  latin.csv "${columns[@]}"
evaluates latin.csv "${columns[@]}" --encoding latin-1
samples 2
predicts latin.csv --text_column v2 --encoding cp1252
says 'a £5 café'
iconv -f latin1 -t utf-16 latin.csv > wide.csv
predicts wide.csv --text_column v2
says 'a £5 café'
printf 'caf\xe9\n' > latin.txt
predicts latin.txt --encoding latin-1
says 'café'

# --- headers
printf 'text,label,note,note\nx,0,a,b\ny,1,a,b\n' > repeated.csv
evaluates repeated.csv
samples 2
cannot_evaluate "expected every column name once, got 'note' twice" repeated.csv --label_column note
printf 'text,label\r\na fine day,1\r\na bad day,0\r\n,\r\n,\r\n' > tail.csv
evaluates tail.csv
samples 2
predicts tail.csv
lines 2

# --- JSON
evaluates_rows() {
  evaluates "$@"
  samples 2
}
printf '{"version": 1, "data": [{"text": "a", "label": 0}, {"text": "b", "label": 1}]}' > field.json
evaluates_rows field.json --field data
predicts field.json --field data
lines 2
cannot_evaluate 'if the rows are under the key data, name it as the field' field.json
printf '{\n "text": "a",\n "label": 0\n}\n{\n "text": "b",\n "label": 1\n}\n' > pretty.jsonl
evaluates_rows pretty.jsonl
printf '{"sentence": "a", "label": 0}\n{"sentence": "b", "label": 1}\n' > sentence.json
evaluates_rows sentence.json
printf '{"text": "a", "label": 0} {"text": "b", "label": 1}' > concat.json
evaluates_rows concat.json
printf '{"text": ["a", "b"], "label": [0, 1]}' > columns.json
evaluates_rows columns.json
predicts columns.json
lines 2

# --- numbers are texts, and a CSV is a table
printf 'text,label\n2020,0\n1984,1\n' > numbers.csv
evaluates_rows numbers.csv
predicts numbers.csv
says '	2020'
lines 2
printf '{"text": 2020, "label": 0}\n{"text": 1.5, "label": 1}\n' > numbers.jsonl
evaluates_rows numbers.jsonl
predicts numbers.jsonl
says '	1.5'
predicts base.csv
lines 2
printf 'title,body\nx,y\n' > other.csv
refused 1 "other.csv: expected a column 'text', the columns are ['title', 'body']" predict --model_name_or_path results \
  --file other.csv

# --- an empty text is a text, a missing value is an error
printf '{"text": "", "label": 0}\n{"text": "b", "label": 1}\n' > empty.jsonl
printf 'text,label\n,0\nb,1\n' > empty.csv
for file in empty.jsonl empty.csv; do
  evaluates_rows $file
  predicts $file
  lines 2
  ok train --model_name_or_path model --train_file $file --output_dir trained --save_strategy no --max_steps 1
done
ok predict --model_name_or_path results --text '' --json
cp out of_empty
ok predict --model_name_or_path results --file empty.csv --json --batch_size 1
checks=$((checks + 1))
[[ $(head -n 1 out) == $(< of_empty) ]] || complain 'expected one answer for the empty text'
printf 'a\n\nb\n' | "$tl" predict --model_name_or_path results > out
lines 3
printf '{"text": "a"}\n{"text": null}\n' > null.jsonl
refused 1 'null.jsonl, line 2, key text: expected a text, number or boolean, got null' predict \
  --model_name_or_path results --file null.jsonl
printf '{"text": "a", "label": 0}\n{"text": "b", "label": null}\n' > null_label.jsonl
cannot_evaluate 'null_label.jsonl, line 2, key label: expected a text, number or boolean, got null' null_label.jsonl
printf '{"text": "a", "label": 0}\n{"text": "b"}\n' > none.jsonl
cannot_evaluate 'none.jsonl, line 2: expected the key label, it is missing' none.jsonl
printf 'text,label\na,0\nb,\nc,1\n' > gap.csv
cannot_evaluate 'gap.csv, line 3: expected a label in column label, got an empty one' gap.csv
verdict
