#!/usr/bin/env bash
# Labels as people have them: every kind trains to classes with its own names, means the same in every format, and is
# refused where it could mean two things. Usage: labels_test.sh TL MAKE_TINY_BERT.
set -uo pipefail
# shellcheck source=tests/program/support.sh
source "$(dirname "$0")/support.sh" "$@"
tiny_model || exit 1

texts=('a cold and dull evening' 'a warm and funny evening' 'the cook burned the fish' 'the cook knows his trade'
  'never again' 'I would go again tomorrow' 'rude people' 'kind people' 'the worst soup' 'the best soup')

# table NAME LABEL...: a .csv file with the labels one after the other, again and again.
table() {
  local name=$1 i
  shift
  echo text,label > "$name"
  for i in "${!texts[@]}"; do echo "${texts[i]},${*:i % $# + 1:1}" >> "$name"; done
}

# objects NAME LABEL...: the same as JSON lines; a text brings its quotes.
objects() {
  local name=$1 i
  shift
  : > "$name"
  for i in "${!texts[@]}"; do echo "{\"text\": \"${texts[i]}\", \"label\": ${*:i % $# + 1:1}}" >> "$name"; done
}

# trains FILE OPTION...: trains on FILE for a step into the folder results.
trains() {
  local file=$1
  shift
  rm -rf results
  ok train --model_name_or_path model --train_file "$file" --output_dir results --save_strategy no --max_steps 1 \
    --disable_tqdm "$@"
}
refuses() {
  local part=$1 file=$2
  shift 2
  rm -rf results
  refused 1 "$part" train --model_name_or_path model --train_file "$file" --output_dir results --save_strategy no \
    --max_steps 1 "$@"
  [[ ! -e results ]] || complain 'a refused training left a folder behind'
}

# classes NAME...: the trained model has these classes.
classes() {
  checks=$((checks + 1))
  local id=0 name
  for name in "$@"; do
    grep -qF "\"$id\": \"$name\"" results/config.json || complain "expected class $id to be $name"
    id=$((id + 1))
  done
  if grep -qF "\"$id\": \"" results/config.json; then complain "expected $# classes"; fi
}

evaluates() { ok evaluate --model_name_or_path results --validation_file "$@"; }
cannot_evaluate() {
  local part=$1
  shift
  refused 1 "$part" evaluate --model_name_or_path results --validation_file "$@"
}

# --- without names the sorted distinct labels are the classes
table stars5.csv 1 2 3 4 5
trains stars5.csv
says "stars5.csv: the labels in column label name 5 classes, ['1', '2', '3', '4', '5']"
classes 1 2 3 4 5
table stars0.csv 0 1 2
cannot_evaluate "stars0.csv, line 2: expected the labels in column label to be all names or all positions, got '0'" stars0.csv
table sent140.csv 0 4
trains sent140.csv
classes 0 4
evaluates sent140.csv
says 'sent140.csv: the labels in column label are names of classes'
table minus1.csv -1 1
trains minus1.csv --validation_file minus1.csv
classes -1 1
table float01.csv 0.0 1.0
trains float01.csv
classes 0 1
table ints.csv 0 1
evaluates ints.csv
objects floats.jsonl 0.0 1.0
evaluates floats.jsonl
says "floats.jsonl: the labels in column label are names of classes; '0.0' is read as '0', '1.0' is read as '1'"
printf 'Class Index,Title,Description\n3,t,fine\n1,t,bad\n2,t,bad\n4,t,"a, b"\n' > ag.csv
trains ag.csv --text_column Description --label_column 'Class Index'
classes 1 2 3 4

# --- booleans
table bool.csv False True
objects bool.jsonl false true
for file in bool.csv bool.jsonl; do
  trains $file
  classes False True
  trains $file --labels True,False --max_steps 30 --learning_rate 1e-2 --config_overrides dropout=0,attention_dropout=0
  classes True False
  for other in bool.csv bool.jsonl; do
    evaluates $other --json
    grep -oE '"eval_(loss|accuracy)": [^,]*' out > "of_$other"
  done
  checks=$((checks + 1))
  cmp -s of_bool.csv of_bool.jsonl || complain 'expected the same figures for both formats'
  cannot_evaluate "which is a boolean of another class than its position among ['True', 'False']" ints.csv
  ok predict --model_name_or_path results --text "${texts[1]}" --text "${texts[0]}"
  checks=$((checks + 1))
  [[ $(cut -f 1 out | tr '\n' ' ') == 'True False ' ]] || complain 'expected True for the text that is labelled True'
done

# --- names that look like numbers, the last one absent
table stars4.csv 1 2 3 4
trains stars4.csv --labels 1,2,3,4,5 --max_steps 150 --learning_rate 3e-3 --config_overrides seq_classif_dropout=0,dropout=0,attention_dropout=0
classes 1 2 3 4 5
evaluates stars4.csv
ok predict --model_name_or_path results --text "${texts[3]}"
says '4	'

# --- one model, three formats
table intents.csv 0 1 2 3 4 5 6 7 8 9
objects intents_int.jsonl 0 1 2 3 4 5 6 7 8 9
objects intents_str.jsonl '"0"' '"1"' '"2"' '"3"' '"4"' '"5"' '"6"' '"7"' '"8"' '"9"'
sed 's/,/\t/' intents.csv > intents.tsv
for file in intents.csv intents_int.jsonl intents_str.jsonl; do
  trains $file --max_steps 20 --learning_rate 1e-2
  for other in intents.csv intents_int.jsonl intents_str.jsonl intents.tsv; do
    evaluates $other --json
    grep -oE '"eval_(loss|accuracy)": [^,]*' out > "of_$other"
    checks=$((checks + 1))
    cmp -s of_intents.csv "of_$other" || complain "expected the figures of intents.csv for $other"
  done
done

# --- positions, names in another case and with blanks, mixtures
table names.csv neg pos
trains names.csv
classes neg pos
evaluates ints.csv
says "ints.csv: the labels in column label are positions, from 0, among the classes ['neg', 'pos']"
evaluates ints.csv --json
table near.csv Neg ' POS'
evaluates near.csv
says "near.csv: the labels in column label are names of classes; 'Neg' is read as 'neg', ' POS' is read as 'pos'"
table mixed.csv neg 1
cannot_evaluate "mixed.csv, line 3: expected the labels in column label to be all names or all positions, got '1', the position of 'pos', beside 'neg' in line 2" mixed.csv
cannot_evaluate "bool.csv, line 2: expected label to be one of ['neg', 'pos'], got 'False'; the classes are those of the model" bool.csv
cannot_evaluate "minus1.csv, line 2: expected label in [0, 2), got -1" minus1.csv
table more.csv neg pos ugly
refuses "more.csv, line 4: expected label to be one of ['neg', 'pos'], got 'ugly'; the classes are the labels of names.csv" \
  names.csv --validation_file more.csv
table alike.csv neg pos Pos
refuses "alike.csv, line 4: expected labels that differ in more than case, blanks or zeros, got 'Pos' beside 'pos' in line 3" alike.csv
table one.csv pos
refuses "one.csv: expected at least two classes in column label, got one, 'pos'" one.csv
trains one.csv --labels neg,pos
refused 2 '--labels: expected distinct names with commas between, at least two, or one with --problem_type regression, got pos' train --model_name_or_path model \
  --train_file one.csv --output_dir results --labels pos

# --- -100 is no label
table ignore100.csv 0 1 -100 1 0 -100
trains ignore100.csv --validation_file ignore100.csv
says "ignore100.csv: the labels in column label name 2 classes, ['0', '1']; 3 rows with -100 have no label"
classes 0 1
evaluates ignore100.csv --json
cp out with.json
grep -v ',-100$' ignore100.csv > without.csv
evaluates without.csv --json
checks=$((checks + 1))
for metric in accuracy f1; do
  [[ $(grep -o "\"eval_$metric\": [^,]*" out) == $(grep -o "\"eval_$metric\": [^,]*" with.json) ]] ||
    complain "expected $metric without the rows of -100"
done
trains ignore100.csv --per_device_train_batch_size 1 --max_steps 10 --validation_file ignore100.csv
ok evaluate --model_name_or_path results --validation_file ignore100.csv --per_device_eval_batch_size 1
objects ignore100.jsonl 0 1 -100
evaluates ignore100.jsonl
table all100.csv -100
cannot_evaluate 'all100.csv: expected at least one label in column label, got -100 in every row' all100.csv
verdict
