#!/usr/bin/env bash
# The tl program from outside: what its commands print, and that every mistake is one sentence and a non-zero exit.
# Usage: program_test.sh TL MAKE_TINY_BERT. Works on a tiny random model in a temporary folder.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=support.sh
source "$(dirname "$0")/support.sh"

# --- the command line
refused 2 'A subcommand is required'
refused 2 'tl --help' nonsense
refused 2 '--nonsense' predict --model_name_or_path x --nonsense
refused 2 '--model_name_or_path is required' predict
refused 2 'learning_rate: expected a number, got fast' train --model_name_or_path x --train_file y --learning_rate fast
refused 2 '--bf16: expected true or false' train --model_name_or_path x --train_file y --bf16 maybe
ok --version
says 'tl '
# all that is wrong with a command line is said at once
refused 2 '--output_dir is required' train --model_name_or_path x --train_file y
all_wrong=(train --train_file y --wings 2 --learning_rate fast --bf16 maybe --fp16 --shuffle_seed -1
  --max_train_samples 0 --max_eval_samples 9223372036854775808 --max_seq_length x --threads 0 --labels 'a, b, a'
  --run_name $'caf\xe9' --eval_strategy epoch --per_device_train_batch_size 0 --resume_from_checkpoint '')
refused 2 '16 problems: ' "${all_wrong[@]}"
for part in '--model_name_or_path is required' '--output_dir is required' 'got --wings 2' \
  '--learning_rate: expected a number, got fast' '--bf16: expected true or false, got maybe' 'fp16: expected false' \
  '--shuffle_seed: expected a whole number from 0 to 9223372036854775807, got -1' \
  '--max_train_samples: expected a whole number from 1 to 9223372036854775807, got 0' \
  '--max_eval_samples: expected a whole number from 1 to 9223372036854775807, got 9223372036854775808' \
  '--max_seq_length: expected a whole number from 1 to 2147483647, got x' \
  '--threads: expected a whole number from 1 to 4096, got 0' '--labels: expected distinct names' \
  'run_name: expected UTF-8, got caf\xe9' '--eval_strategy epoch: expected a --validation_file, got none' \
  'per_device_train_batch_size: expected at least 1, got 0' 'resume_from_checkpoint: expected true, false or'; do
  checks=$((checks + 1))
  grep -qF -- "$part" err || complain "expected the words '$part'"
done
refused 2 '--labels: expected UTF-8, got a,\xff' train --labels $'a,\xff'
refused 2 'got 0; --batch_size: expected a whole number from 1 to 4096, got 1e3' predict --model_name_or_path x \
  --top_k 0 --batch_size 1e3
refused 2 '--per_device_eval_batch_size: expected' evaluate --model_name_or_path x --validation_file y \
  --per_device_eval_batch_size 0
refused 2 '--max_seq_length: expected' tokenize --model_name_or_path x --max_seq_length 0
refused 2 'OUT is required' convert --from bert x
ok train --help
says '--per_device_train_batch_size'
says '--push_to_hub'

# --- convert
"$make_tiny_bert" bert "$reviews/train.jsonl" || exit 1
ok convert --from bert bert model
says 'not used: pooler.dense.bias pooler.dense.weight'
refused 1 'expected a new or empty folder' convert --from bert bert model
refused 1 'expected a new or empty folder' convert --from bert bert model/new/..
[[ -s model/vocab.txt ]] || complain 'a refused conversion deleted a folder'
refused 1 'expected the path of a folder with a name, got ""' convert --from bert bert ''
refused 1 'expected "model_type": "bert", got distilbert' convert --from bert model other
refused 1 'got "nowhere"; there is no folder of that name in' convert --from bert nowhere other
refused 1 'which is not a folder' convert --from bert ./nowhere other
refused 2 '--from' convert --from gpt bert other
cp -r bert half && head -c 5000 bert/model.safetensors > half/model.safetensors
refused 1 'half/model.safetensors' convert --from bert half other
cp bert/model.safetensors half/ && echo '{"model": 3}' > half/tokenizer.json
refused 1 'tokenizer.json' convert --from bert half other
mv half/model.safetensors half/pytorch_model.bin
refused 1 'got pytorch_model.bin only, which is a pickle' convert --from bert half other
[[ ! -e other && ! -e .other.partial ]] || complain 'a refused conversion left something behind'

# --- inspect
ok inspect model
says 'model_type: "distilbert"'
says 'distilbert.transformer.layer.1.ffn.lin1.weight           F32  [64, 32]'
says 'lower case: yes'
ok inspect model/model.safetensors
says 'total: 36 tensors'
ok inspect model/config.json
says 'model_type: "distilbert"'
refused 1 'a .safetensors file, its index or config.json, got model/tokenizer.json' inspect model/tokenizer.json
refused 1 'which does not exist' inspect ./nowhere
if [[ $EUID == 0 ]] && command -v setpriv > /dev/null; then
  checks=$((checks + 1))
  chmod 755 "$work" && cp -r model closed && chmod 700 closed
  nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$tl" "$@" > out 2>> err; }
  if nobody --version; then  # else the folders above the program are closed, too
    for command in 'inspect closed' 'convert --from bert closed other' 'tokenize --model_name_or_path closed --text a' \
      'predict --model_name_or_path closed --text a'; do
      : > err
      # shellcheck disable=SC2086
      nobody $command && complain "expected tl $command to fail"
      grep -qxF 'tl: cannot read closed: Permission denied' err || complain "expected the reason from tl $command"
    done
  fi
fi
refused 1 'is this a safetensors file?' inspect model/vocab.txt
refused 1 'no config.json' inspect "$reviews"

# --- tokenize
ok tokenize --model_name_or_path model --text '[MASK] The film' --text 'a,b' --text '[a]'
lines 3
says '"tokens": ["[CLS]", "[MASK]", "the", "film", "[SEP]"], "offsets": [[0, 0], [0, 6], [7, 10], [11, 15], [0, 0]]}'
says '"tokens": ["[CLS]", "a", ",", "b", "[SEP]"]'
says '"tokens": ["[CLS]", "[", "a", "]", "[SEP]"]'
ok tokenize --model_name_or_path model --json --text a
lines 1
refused 2 'prints JSON lines only' tokenize --model_name_or_path model --json false --text a
printf 'caf\xc3\xa9\r\n\nlast' > texts.txt
input=texts.txt ok tokenize --model_name_or_path model
lines 3
says '"offsets": [[0, 0], '
says '{"input_ids": [2, 3], "tokens": ["[CLS]", "[SEP]"], "offsets": [[0, 0], [0, 0]]}'
ok tokenize --model_name_or_path model --file texts.txt --threads 2
lines 3
# Each line loses its line end: 5, 0 and 4 bytes; the tokens are those of the same texts without --bench.
ok tokenize --model_name_or_path model --file texts.txt
tokens=$(grep -o '"input_ids": \[[^]]*' out | tr -cd ',\n' | wc -c)  # n - 1 commas and a line end for n tokens
ok tokenize --model_name_or_path model --file texts.txt --bench --threads 2
lines 1
says '{"seconds": '
says ', "texts": 3, "tokens": '"$tokens"', "bytes": 9}'
ok tokenize --model_name_or_path model --file "$reviews/test.jsonl" --bench
says '"texts": 200'
ok tokenize --model_name_or_path model --text 'one two three four five' --max_seq_length 4
says '[SEP]'
printf 'fine\nbad \xff\n' > invalid.txt
refused 1 'invalid.txt, line 2: text: expected UTF-8' tokenize --model_name_or_path model --file invalid.txt
refused 1 '"./nowhere", which does not exist' tokenize --model_name_or_path ./nowhere --text a
refused 1 'nowhere.txt' tokenize --model_name_or_path model --file nowhere.txt
ok tokenize --model_name_or_path model  # an empty standard input: nothing to do
lines 0
: > none.jsonl
: > none.txt
printf 'text,label\n' > none.csv
for none in none.jsonl none.txt none.csv /dev/null; do
  refused 1 "$none: expected at least one text, got none" tokenize --model_name_or_path model --file $none
done
printf '\xef\xbb\xbffilm\n\xef\xbb\xbf\n' > mark.txt
ok tokenize --model_name_or_path model --file mark.txt
says '"tokens": ["[CLS]", "film", "[SEP]"], "offsets": [[0, 0], [0, 4], [0, 0]]}'
input=mark.txt ok tokenize --model_name_or_path model
says '"offsets": [[0, 0], [0, 4], [0, 0]]}'
printf 'label,text\n0,"a, b"\n1,film\n' > table.CSV
ok tokenize --model_name_or_path model --file table.CSV
lines 2
ok tokenize --model_name_or_path model --file table.CSV --text_column text
lines 2
says '"tokens": ["[CLS]", "a", ",", "b", "[SEP]"]'
ok tokenize --model_name_or_path model --file table.CSV --text_column label  # numbers in a column of texts are texts
lines 2
refused 1 "table.CSV: expected a column 'review', the columns are ['label', 'text']" \
  tokenize --model_name_or_path model --file table.CSV --text_column review
printf '{"review": "a film"}\n' > upper.JSONL
ok tokenize --model_name_or_path model --file upper.JSONL --text_column review
says '"tokens": ["[CLS]", "a", "film", "[SEP]"]'
refused 2 '--text_column: expected a .jsonl, .json, .csv or .tsv --file, got texts.txt, whose texts are its lines' \
  tokenize --model_name_or_path model --file texts.txt --text_column text
refused 2 '--text_column: expected a .jsonl, .json, .csv or .tsv --file, got none' predict --model_name_or_path model \
  --text_column text
ok tokenize --model_name_or_path model --text 'a b c' --add_special_tokens false --max_seq_length 2
says '"tokens": ["a", "b"]'
refused 1 'expected at least 3 and' tokenize --model_name_or_path model --text 'a b c' --max_seq_length 2
ok tokenize --model_name_or_path model --text 'a b c' --truncation false --max_seq_length 3
says '"tokens": ["[CLS]", "a", "b", "c", "[SEP]"]'
if [[ -e /dev/full ]]; then
  checks=$((checks + 1))
  yes hello | timeout 60 "$tl" tokenize --model_name_or_path model > /dev/full 2> err
  [[ ${PIPESTATUS[1]} == 1 && $(< err) == 'tl: cannot write to standard output' ]] ||
    complain 'expected an end when the answers are not read'
fi
refused 2 'expected --text or --file, got both' tokenize --model_name_or_path model --file texts.txt --text a

# --- train, on files that are wrong in every way
train() { printf '%s\n' train --model_name_or_path model --output_dir results --save_strategy no --disable_tqdm "$@"; }
refused_training() {
  local part=$1
  shift
  local arguments
  mapfile -t arguments < <(train "$@")
  refused 1 "$part" "${arguments[@]}"
}
printf '{"text": "a", "label": 0}\n{"text": "b", "label": 7}\n{"text": "c", "label": 1}\n' > label.jsonl
refused_training 'label.jsonl, line 2: expected label in [0, 2), got 7' --train_file label.jsonl --labels a,b
printf '{"text": "a", "label": 0}\n{"text": null, "label": 1}\n' > null_text.jsonl
refused_training 'null_text.jsonl, line 2, key text: expected a text, number or boolean, got null' \
  --train_file null_text.jsonl
: > empty.jsonl
refused_training 'expected at least one row' --train_file empty.jsonl
printf 'text,label\n"one,0\n' > quote.csv
refused_training 'quote.csv' --train_file quote.csv
printf 'text,label\nfine,good\nalso,bad\nthird,ugly\n' > names.csv
refused_training "names.csv, line 4: expected label to be one of ['good', 'bad'], got 'ugly'" --train_file names.csv \
  --labels good,bad
refused_training "expected a column 'review', the columns are ['text', 'label']" --train_file names.csv \
  --text_column review
refused_training "line 1: expected the key review, it is missing; the keys are ['text', 'label']" \
  --train_file label.jsonl --text_column review
refused_training "expected two columns, got 'text' for both" --train_file names.csv --label_column text

# One label that is missing or of another kind is a slip, not a class. Lines count, not rows: a field may span two.
for slip in '' nan pos 123456789012345678901; do
  printf 'text,label\n"one\nmore",0\ntwo,1\nthree,%s\nfour,1\n' "$slip" > slip.csv
  expected="slip.csv, line 5: expected a class id in column label as in line 2, got '$slip'"
  [[ -n $slip ]] || expected='slip.csv, line 5: expected a label in column label, got an empty one'
  refused_training "$expected" --train_file slip.csv
  refused_training "$expected" --train_file slip.csv --labels NEGATIVE,POSITIVE
  refused_training "$expected" --train_file slip.csv --shuffle_seed 3 --max_train_samples 1
done
printf '{"text": "a", "label": 0}\n\n{"text": "b", "label": 1e30}\n' > float.jsonl
refused_training 'float.jsonl, line 3: expected class ids or names in column label, got float64 1e+30' \
  --train_file float.jsonl
printf '[{"text": "a", "label": 0.0}, {"text": "b", "label": 1.5}]' > float.json
refused_training 'float.json, object 2: expected class ids or names in column label, got float64 1.5' \
  --train_file float.json --problem_type single_label_classification
refused_training 'ends with .jsonl, .json, .csv or .tsv' --train_file texts.txt
refused_training 'nowhere.csv' --train_file nowhere.csv
refused_training 'is not a field of DistilBertConfig' --train_file names.csv --config_overrides wings=2
refused_training 'distilbert.encoder matches none; there are distilbert.embeddings' --train_file names.csv --freeze distilbert.encoder
refused_training 'the patterns freeze all' --train_file names.csv --freeze '*'
mapfile -t contradictory < <(train --train_file names.csv --fp16 --load_best_model_at_end --eval_on_start)
refused 2 'load_best_model_at_end: expected' "${contradictory[@]}"
grep -qF 'fp16: expected false' err && grep -qF 'eval_on_start: expected' err ||
  complain 'expected all contradictions at once'
touch occupied
refused_training 'occupied' --train_file names.csv --output_dir occupied
if grep -qF 'training' out; then complain 'expected the refusal of output_dir before the training'; fi
refused_training 'output_dir: cannot make the folder' --train_file names.csv --output_dir occupied/below
sleep 0 & leftover=.model.safetensors.tmp-$!-0  # of a process that is no more
wait
mkdir -p tidied/.checkpoint-3.partial tidied/.checkpoint-7.deleted
touch "tidied/$leftover" tidied/.checkpoint-3.partial/model.safetensors
ok train --model_name_or_path model --train_file names.csv --output_dir tidied --max_steps 1 --save_strategy no
[[ -z $(find tidied -name '.*') ]] || complain 'expected what killed runs left in output_dir to be removed'
many_words=$(printf 'word %.0s' {1..100})
printf '{"text": "%s", "label": 0}\n{"text": "short", "label": 1}\n' "$many_words" > long.jsonl
refused_training 'long.jsonl, line 1: expected at most 64 tokens' --train_file long.jsonl --truncation false
[[ ! -e results ]] || complain 'a refused training left a folder behind'

train_names=(--model_name_or_path model --train_file names.csv --output_dir results)
refused 1 'training: expected finite weights after step 1, got ' train "${train_names[@]}" --learning_rate 1e38 \
  --max_steps 1 --max_grad_norm 0 --adam_epsilon 0
[[ ! -e results/model.safetensors ]] || complain 'weights that are not finite were saved'
rm -rf results

# --- train, evaluate, predict
ok train --model_name_or_path model --train_file "$reviews/train.jsonl" --validation_file "$reviews/validation.jsonl" \
  --output_dir results --labels NEGATIVE,POSITIVE --max_seq_length 48 --max_train_samples 128 --max_eval_samples 40 \
  --shuffle_seed 42 --config_overrides dropout=0,attention_dropout=0,seq_classif_dropout=0 --num_train_epochs 2 \
  --learning_rate 1e-3 --per_device_train_batch_size 16 --logging_steps 4 --eval_strategy epoch --save_strategy epoch \
  --load_best_model_at_end --metric_for_best_model accuracy --save_total_limit 1 --threads 2
says 'newly initialized'
says 'Validation Loss'
says 'eval_accuracy'
for file in config.json model.safetensors tokenizer.json vocab.txt train_results.json eval_results.json all_results.json \
  trainer_state.json; do
  checks=$((checks + 1))
  [[ -s results/$file ]] || complain "expected results/$file after training"
done
ok evaluate --model_name_or_path results --validation_file "$reviews/test.jsonl" --json
says '"eval_samples": 200'
cp out first.json
ok evaluate --model_name_or_path results --validation_file "$reviews/test.jsonl" --json --threads 1 \
  --per_device_eval_batch_size 16
[[ $(grep -o '"eval_loss": [^,]*' out) == $(grep -o '"eval_loss": [^,]*' first.json) ]] ||
  complain 'expected the same loss with one thread'
refused 1 'output_dir: cannot make the folder' evaluate --model_name_or_path results \
  --validation_file "$reviews/test.jsonl" --output_dir results/config.json/below
ok evaluate --model_name_or_path results --validation_file "$reviews/test.jsonl" --output_dir measured
grep -qF '"eval_samples": 200' measured/eval_results.json || complain 'expected eval_results.json'
# Columns that were not asked for may hold anything.
printf '{"text": "a joy", "label": 0}\n{"note": null, "label": 1, "text": "a bore", "by": {"name": "x"}}\n' > more.jsonl
ok evaluate --model_name_or_path results --validation_file more.jsonl --json
says '"eval_samples": 2'
printf 'note,text,label,note\n,a joy,1,2\n,a bore,0,\n' > more.csv
ok evaluate --model_name_or_path results --validation_file more.csv --json
says '"eval_samples": 2'
printf 'text,label\na,0\nb,1\nc,7\n' > seven.csv
refused 1 'seven.csv, line 4: expected label in [0, 2), got 7' evaluate --model_name_or_path results \
  --validation_file seven.csv --shuffle_seed 1
refused 1 'expected a trained classifier' evaluate --model_name_or_path model --validation_file "$reviews/test.jsonl"

ok predict --model_name_or_path results --text 'A joy.' --text 'A bore.' --json --logits --top_k 2
lines 2
says '"logits": ['
says '"top_k": [{"label": '
ok predict --model_name_or_path results --file "$reviews/test.jsonl" --json --truncation
lines 200
head -n 3 "$reviews/test.jsonl" | sed 's/^{"text": "\(.*\)", "label".*/\1/' > three.txt
ok predict --model_name_or_path results --file three.txt
lines 3
says "$(head -n 1 three.txt)"
ok predict --model_name_or_path results --file texts.txt  # an empty text is a text
lines 3
# The device: --use_cpu wins over TL_DEVICE, which wins over what there is.
export TL_DEVICE=gpu
refused 1 'TL_DEVICE: expected a device, cpu, cuda or cuda:0, got gpu' predict --model_name_or_path results --text a
ok predict --model_name_or_path results --text a --use_cpu
ok evaluate --model_name_or_path results --validation_file "$reviews/validation.jsonl" --use_cpu
export TL_DEVICE=cuda:1
refused 1 'TL_DEVICE: device cuda:1 is not available: expected index 0' evaluate --model_name_or_path results \
  --validation_file "$reviews/validation.jsonl"
unset TL_DEVICE
refused 1 'text 1: expected at most 64 tokens' predict --model_name_or_path results --text "$many_words"
ok predict --model_name_or_path results --text "$many_words" --truncation
refused 1 'text 1: expected at most 8 tokens, got ' predict --model_name_or_path results --text "$many_words" \
  --truncation false --max_seq_length 8
ok predict --model_name_or_path results --text "$many_words" --max_seq_length 8
refused 1 'expected a trained classifier' predict --model_name_or_path model --text a
cp -r results damaged  # its first tensor, classifier.bias, begins after the header
printf '\x00\x00\xc0\x7f' | dd of=damaged/model.safetensors bs=1 conv=notrunc status=none \
  seek=$((8 + $(od -An -t u8 -N 8 damaged/model.safetensors)))
refused 1 'text 1: expected finite logits, got nan; the weights in damaged are damaged' predict --model_name_or_path damaged \
  --text a --json
[[ ! -s out ]] || complain 'expected no answer of a damaged model'
refused 1 'got nan for rows 0, 1 of eval_dataset (more.csv, lines 2, 3)' evaluate --model_name_or_path damaged \
  --validation_file more.csv

# Parts of a model folder that do not belong together.
cp -r results fewer && sed -i 's/"n_layers": 2/"n_layers": 1/' fewer/config.json
refused 1 'fewer: config.json says 1 layers, the checkpoint has 2' predict --model_name_or_path fewer --text a
refused 1 'fewer: config.json says 1 layers' evaluate --model_name_or_path fewer --validation_file more.csv
refused_training 'fewer: config.json says 1 layers' --model_name_or_path fewer --train_file names.csv --labels good,bad,ugly \
  --ignore_mismatched_sizes --output_dir unused
cp -r results wider && sed -i 's/"hidden_dim": 64/"hidden_dim": 66/' wider/config.json
refused 1 'config.json and the checkpoint do not belong together' predict --model_name_or_path wider --text a
cp -r results larger && rm larger/tokenizer.json && echo unheard-of >> larger/vocab.txt
refused 1 'larger: the tokenizer has ' predict --model_name_or_path larger --text a
refused_training 'larger: the tokenizer has ' --model_name_or_path larger --train_file more.csv --output_dir unused
[[ ! -e unused ]] || complain 'a refused training left a folder behind'

# Numbers that cannot be meant.
refused 2 'per_device_train_batch_size: expected at most 2147483647, got 9223372036854775807' train "${train_names[@]}" \
  --per_device_train_batch_size 9223372036854775807
refused 2 'warmup_steps: expected at most 1000000000000000, got 1e+300' train "${train_names[@]}" --warmup_steps 1e300
cp -r model labels && sed -i 's/^{/{"num_labels": 1000000000000,/' labels/config.json
refused 1 'labels/config.json: num_labels: expected at most 1000000, got 1000000000000' predict \
  --model_name_or_path labels --text a

# Another file of as many rows is another run.
head -n 8 "$reviews/train.jsonl" > first.jsonl
tail -n 8 "$reviews/train.jsonl" > last.jsonl
ok train --model_name_or_path model --train_file first.jsonl --labels a,b --output_dir resumed --save_strategy epoch \
  --num_train_epochs 1
refused 1 'the tokens or labels of train_dataset, or their order, were others' train --model_name_or_path model \
  --train_file last.jsonl --labels a,b --output_dir resumed --num_train_epochs 2 --resume_from_checkpoint true
ok train --model_name_or_path model --train_file first.jsonl --labels a,b --output_dir resumed --save_strategy no \
  --num_train_epochs 2 --resume_from_checkpoint true
refused 1 'expected a trained classifier, got a model without a head' predict --model_name_or_path bert --text a

# A model for another kind of problem predicts with the function of that problem, and needs labels of that kind.
cp -r results values
sed -i 's/"single_label_classification"/"regression"/' values/config.json
ok predict --model_name_or_path values --text 'A joy.' --json --logits
checks=$((checks + 1))
grep -qE '"score": ([^,]+), "logits": \[(.*, )?\1[],]' out || complain 'expected a score that is one of the logits'
refused 1 'expected 2 numbers in column label, got 1' evaluate --model_name_or_path values \
  --validation_file "$reviews/test.jsonl"

# An answer comes as soon as its line has been read, while the pipe stays open.
checks=$((checks + 1))
mkfifo questions
"$tl" predict --model_name_or_path results < questions > answers 2> err &
exec 9> questions
echo 'Is it quick?' >&9
for _ in $(seq 100); do
  [[ -s answers ]] && break
  sleep 0.1
done
[[ -s answers ]] || complain 'expected an answer before the end of the input'
exec 9>&-
wait

# --- the same run twice gives the same bits
for run in one two; do
  ok train --model_name_or_path model --train_file "$reviews/train.jsonl" --output_dir $run --max_train_samples 64 \
    --num_train_epochs 1 --save_strategy no --seed 7 --threads $([[ $run == one ]] && echo 1 || echo 2)
done
checks=$((checks + 1))
cmp -s one/model.safetensors two/model.safetensors || complain 'expected the same weights for one and two threads'

verdict
