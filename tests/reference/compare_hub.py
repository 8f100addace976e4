#!/usr/bin/env python3
"""The notebook's cells by name in C++ and in Python, on one cache, with the hub of the tests.

    python compare_hub.py --notebook build/release/examples/example_03_fine_tune --work FOLDER [--tl build/release/tools/tl]
        [--model FOLDER] [--format parquet|jsonl|csv]

A small DistilBERT (or --model) and a data set of two classes become the repositories distilbert-base-uncased and
rotten_tomatoes of tests/support/local_hub.py, under their later names, to which the old ones are redirected. Then:

  C++ first      the program downloads, runs again with HF_HUB_OFFLINE=1 without a request and with the same output; Python
                 loads tokenizer, model and data set offline from the same cache
  Python first   Python downloads into a second cache; the program runs offline on it, with the same output
  both at once   into a third cache

Every blob of the three caches must have the hash in its name. Ends with status 1 if something differs. Needs torch,
transformers and datasets (and pyarrow for parquet); nothing but loopback is asked.
"""
import argparse
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL, DATA = 'distilbert-base-uncased', 'rotten_tomatoes'
LATER_MODEL, LATER_DATA = 'distilbert/' + MODEL, 'cornell-movie-review-data/' + DATA

# What Python makes of the two names, as one JSON object. Offline, load_dataset knows a name only if it has made its own
# tables of it before, so that the snapshot's folder is given; online, version 5 knows the later name only.
PYTHON = '''
import hashlib, json, sys
from datasets import load_dataset
from huggingface_hub import constants, snapshot_download
from transformers import AutoModelForSequenceClassification, AutoTokenizer, set_seed

model, data, later_data = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(model)
set_seed(42)
network = AutoModelForSequenceClassification.from_pretrained(model, num_labels=2)
if constants.HF_HUB_OFFLINE:
    later_data = snapshot_download(data, repo_type="dataset")
splits = load_dataset(later_data)
weights = hashlib.sha256()
for name, value in sorted(network.state_dict().items()):
    weights.update(name.encode() + value.numpy().tobytes())
rows = hashlib.sha256(json.dumps({name: split.to_dict() for name, split in splits.items()}).encode())
print(json.dumps({"ids": tokenizer(splits["train"][:3]["text"])["input_ids"], "weights": weights.hexdigest(),
                  "rows": {name: len(split) for name, split in splits.items()}, "sha256": rows.hexdigest(),
                  "labels": splits["train"].features["label"].names}))
'''

README = '''---
dataset_info:
  features:
  - name: text
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': neg
          '1': pos
configs:
- config_name: default
  data_files:
  - split: train
    path: train.{0}
  - split: validation
    path: validation.{0}
---
# Short reviews
'''


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--notebook', required=True, type=pathlib.Path)
    p.add_argument('--tl', type=pathlib.Path)
    p.add_argument('--work', required=True, type=pathlib.Path)
    p.add_argument('--model', type=pathlib.Path)
    p.add_argument('--format', default='parquet', choices=('parquet', 'jsonl', 'csv'))
    return p.parse_args()


def rows_of(split):
    path = ROOT / 'examples' / 'data' / 'reviews' / f'{split}.jsonl'
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [{'text': row['text'], 'label': row['label']} for row in rows]


def make_model(folder):
    """A DistilBERT of 2 layers with random weights, and a tokenizer whose pieces are the words of the reviews."""
    import torch
    from transformers import DistilBertConfig, DistilBertModel
    words = sorted({w for row in rows_of('train') for w in re.findall(r'[a-z]+|[^a-z\s]', row['text'].lower())})
    letters = [c for c in 'abcdefghijklmnopqrstuvwxyz' if c not in words]
    pieces = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', *letters, *words, *('##' + c for c in 'abcdefghijklmnopqrstuvwxyz')]
    torch.manual_seed(1)
    DistilBertModel(DistilBertConfig(vocab_size=len(pieces), dim=32, hidden_dim=64, n_layers=2, n_heads=2,
                                     max_position_embeddings=128)).save_pretrained(folder)
    (folder / 'vocab.txt').write_text('\n'.join(pieces) + '\n')
    (folder / 'tokenizer_config.json').write_text('{"do_lower_case": true, "model_max_length": 128}')


def fill_hub(root, arguments):
    model = root / 'models' / LATER_MODEL
    data = root / 'datasets' / LATER_DATA
    data.mkdir(parents=True)
    if arguments.model:
        shutil.copytree(arguments.model, model)
    else:
        model.mkdir(parents=True)
        make_model(model)
    (root / 'models' / f'{MODEL}.json').write_text(json.dumps({'renamed': LATER_MODEL}))
    (root / 'datasets' / f'{DATA}.json').write_text(json.dumps({'renamed': LATER_DATA}))
    (data / 'README.md').write_text(README.format(arguments.format))
    for split in ('train', 'validation'):
        rows = rows_of(split)
        path = data / f'{split}.{arguments.format}'
        if arguments.format == 'jsonl':
            path.write_text(''.join(json.dumps(row) + '\n' for row in rows))
            continue
        from datasets import ClassLabel, Dataset, Features, Value
        table = Dataset.from_list(rows, features=Features({'text': Value('string'), 'label': ClassLabel(names=['neg', 'pos'])}))
        table.to_parquet(path) if arguments.format == 'parquet' else table.to_csv(path)


class Hub:
    """The hub of the tests, for as long as the with block lasts."""

    def __init__(self, root):
        self.root = root

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, ROOT / 'tests' / 'support' / 'local_hub.py', self.root])
        ready = self.root / 'ready'
        for _ in range(200):
            if ready.exists():
                break
            time.sleep(0.05)
        self.address = json.loads(ready.read_text())['hub']
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def requests(self):
        path = self.root / 'requests.jsonl'
        return len(path.read_text().splitlines()) if path.exists() else 0


class Comparison:
    def __init__(self, arguments, hub):
        self.a, self.hub, self.bad = arguments, hub, 0

    def expect(self, holds, sentence):
        print(('ok      ' if holds else 'FAILED  ') + sentence, flush=True)
        self.bad += not holds

    def start(self, command, cache, offline):
        environment = {**os.environ, 'HF_ENDPOINT': self.hub.address, 'HF_HOME': str(self.a.work / cache),
                       'HF_HUB_DISABLE_XET': '1', 'HF_HUB_DISABLE_PROGRESS_BARS': '1', 'TRANSFORMERS_VERBOSITY': 'error'}
        for name in ('HF_HUB_CACHE', 'HF_HUB_OFFLINE', 'HF_TOKEN', 'TL_MODEL', 'HF_DATASETS_CACHE'):
            environment.pop(name, None)
        if offline:
            environment['HF_HUB_OFFLINE'] = '1'
        folder = self.a.work / 'empty'  # without folders of the two names
        folder.mkdir(exist_ok=True)
        return subprocess.Popen([str(word) for word in command], cwd=folder, env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self, process):
        out, err = process.communicate()
        if process.returncode:
            self.expect(False, f'{process.args[0]} ended with {process.returncode}: {err[-2000:]}')
        return out

    def python(self):
        return [sys.executable, '-c', PYTHON, MODEL, DATA, LATER_DATA]

    def notebook(self):
        return [self.a.notebook.resolve()]

    def run(self, command, cache, offline=False):
        return self.finish(self.start(command, cache, offline))


def without_times(text):
    """The output without what depends on the clock: times, rates and the bars of downloads."""
    text = re.sub(r'[^\n]*\r', '', text)
    lines = [line for line in text.splitlines() if not re.search(r'runtime|per_second|\d\d:\d\d', line)]
    return '\n'.join(lines)


def check_blobs(comparison, cache):
    blobs = [path for path in (comparison.a.work / cache / 'hub').glob('*/blobs/*')]
    for path in blobs:
        content = path.read_bytes()
        git = hashlib.sha1(b'blob %d\0' % len(content) + content).hexdigest()
        if path.name not in (git, hashlib.sha256(content).hexdigest()):
            comparison.expect(False, f'{path}: expected the hash of the content as its name')
    comparison.expect(len(blobs) > 0, f'{cache}: {len(blobs)} blobs have the hash in their name')


def compare(comparison):
    c = comparison
    first = c.run(c.notebook(), 'cpp')
    c.expect('train_loss' in first and 'So this runs on' not in first, 'C++ downloads and trains')
    before = c.hub.requests()
    again = c.run(c.notebook(), 'cpp', offline=True)
    c.expect(without_times(first) == without_times(again), 'C++ offline prints the same')
    offline = json.loads(c.run(c.python(), 'cpp', offline=True) or 'null')
    c.expect(offline is not None, 'Python loads offline what C++ downloaded')
    c.expect(c.hub.requests() == before, 'neither asked the hub')

    online = json.loads(c.run(c.python(), 'python') or 'null')
    c.expect(online == offline, 'Python downloads the same ids, weights and rows')
    before = c.hub.requests()
    reverse = c.run(c.notebook(), 'python', offline=True)
    c.expect(without_times(reverse) == without_times(first), 'C++ offline prints the same of what Python downloaded')
    c.expect(c.hub.requests() == before, 'it did not ask the hub')

    processes = [c.start(command, 'both', False) for command in (c.notebook(), c.python())]
    outputs = [c.finish(process) for process in processes]
    c.expect(without_times(outputs[0]) == without_times(first) and json.loads(outputs[1] or 'null') == online,
             'both at once give the same')
    for cache in ('cpp', 'python', 'both'):
        check_blobs(c, cache)
    if c.a.tl:
        texts = c.run([c.a.tl.resolve(), 'tokenize', '--model_name_or_path', MODEL, '--text', 'a fine film'], 'python', True)
        same = c.run([c.a.tl.resolve(), 'tokenize', '--model_name_or_path', MODEL, '--text', 'a fine film'], 'cpp', True)
        c.expect(texts == same and texts != '', 'tl gives the same ids of both caches')


def main():
    arguments = parse()
    shutil.rmtree(arguments.work, ignore_errors=True)
    arguments.work = arguments.work.resolve()
    root = arguments.work / 'hub_root'
    root.mkdir(parents=True)
    fill_hub(root, arguments)
    with Hub(root) as hub:
        comparison = Comparison(arguments, hub)
        compare(comparison)
    sys.exit(1 if comparison.bad else 0)


if __name__ == '__main__':
    main()
