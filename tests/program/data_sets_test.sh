#!/usr/bin/env bash
# Data sets by --dataset_name: splits, parts of splits, classes from the card, configurations. A folder is named here; names
# on a hub are found by the same code. Usage: data_sets_test.sh TL MAKE_TINY_BERT.
set -uo pipefail
# shellcheck source=tests/program/support.sh
source "$(dirname "$0")/support.sh" "$@"
tiny_model || exit 1

mkdir -p films/plain films/tags
cat > films/README.md << 'CARD'
---
configs:
- config_name: plain
  default: true
  data_dir: plain
- config_name: tags
  data_dir: tags
dataset_info:
- config_name: plain
  features:
  - name: sentence
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': worse
          '1': better
---
CARD
printf 'sentence,label,idx\nthe best film,1,7\nthe worst film,0,8\na fine film,1,9\nbad,0,10\n' > films/plain/train.csv
printf 'sentence,label\n2020,1\nbad,0\n' > films/plain/validation.csv
printf 'sentence,label\nfine,-1\nbad,-1\nso so,-1\n' > films/plain/test.csv
printf '{"tokens": ["the", "film"], "ner_tags": ["O", "B-X"]}\n' > films/tags/train.jsonl
cp films/tags/train.jsonl films/tags/validation.jsonl

training=(train --model_name_or_path model --disable_tqdm --save_strategy no --max_steps 1)
ok "${training[@]}" --dataset_name films --output_dir results
says 'on 4 texts'
says 'eval_samples'
checks=$((checks + 1))
grep -q '"0": "worse"' results/config.json || complain 'expected the classes of the card in config.json'

ok evaluate --model_name_or_path results --dataset_name films --json
says '"eval_samples": 2,'
ok evaluate --model_name_or_path results --dataset_name films --validation_split_name 'train[:75%]' --json
says '"eval_samples": 3,'
ok "${training[@]}" --dataset_name films --do_train --do_predict --train_split_name 'train[1:]' --output_dir predicted
says 'on 3 texts'
checks=$((checks + 1))
[[ $(wc -l < predicted/predict_results.txt) == 4 ]] || complain 'expected a prediction of each row of the split test'

ok "${training[@]}" --task token-classification --dataset_name films --dataset_config_name tags --output_dir tagged
checks=$((checks + 1))
grep -q '"B-X"' tagged/config.json || complain 'expected the tags of the data set in config.json'

refused 2 '--dataset_name: expected no --train_file beside it, got both' "${training[@]}" --dataset_name films \
  --train_file films/plain/train.csv --output_dir x
refused 2 '--dataset_config_name, --dataset_revision: expected a --dataset_name, got none' "${training[@]}" \
  --dataset_config_name tags --output_dir x
refused 2 '--validation_file or --dataset_name is required' evaluate --model_name_or_path results
refused 1 "films: expected a configuration of ['plain', 'tags'], got 'tag'" "${training[@]}" --dataset_name films \
  --dataset_config_name tag --output_dir x
refused 1 "split 'dev': expected one of ['train', 'validation', 'test'], got 'dev'" evaluate \
  --model_name_or_path results --dataset_name films --validation_split_name dev
refused 1 'expected a folder or the name of a dataset on a hub, got "owner/films-of-2020"' evaluate --model_name_or_path results --dataset_name owner/films-of-2020
refused 1 "films[train]: expected a column 'text', the columns are ['tokens', 'ner_tags']" "${training[@]}" \
  --dataset_name films --dataset_config_name tags --output_dir x
verdict
