#!/usr/bin/env python3
"""Runs the reference's scripts and `tl train` with the same command lines, and compares the files that they write.

    python compare_scripts.py --classification run_classification.py --ner run_ner.py --tl PATH_OF_TL --model FOLDER
        --work FOLDER

For classes, several labels, numbers and tags of words: both programs train, evaluate and predict small files made here,
with the same seed and dropout 0, and must write the same files with the same keys, and losses that differ by at most 1e-3.
Then each predicts with the model that the other trained: predict_results.txt or predictions.txt of equal weights must be
equal to the byte. Ends with status 1 if something differs. Needs torch, transformers, datasets, accelerate, scikit-learn and
seqeval, and datasets before version 4 for several labels, which the script does not know in later ones; the metrics that the
scripts would download are made of scikit-learn and seqeval. Nothing is downloaded.
"""
import argparse
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys

# Stands in for the package evaluate, whose metrics are downloaded.
METRICS = '''
import numpy as np
import sklearn.metrics as sk
from seqeval.metrics import accuracy_score, classification_report


class Metric:
    def __init__(self, name):
        self.name = name

    def compute(self, predictions, references, average="binary"):
        if self.name == "accuracy":
            return {"accuracy": float(sk.accuracy_score(references, predictions))}
        if self.name == "mse":
            return {"mse": float(sk.mean_squared_error(references, predictions))}
        if self.name == "f1":
            return {"f1": float(sk.f1_score(references, predictions, average=average))}
        assert self.name == "seqeval", self.name
        report = classification_report(references, predictions, output_dict=True, zero_division=0)
        whole = report.pop("micro avg")
        types = {name: {"precision": v["precision"], "recall": v["recall"], "f1": v["f1-score"], "number": int(v["support"])}
                 for name, v in report.items() if not name.endswith(" avg")}
        return {**types, "overall_precision": whole["precision"], "overall_recall": whole["recall"],
                "overall_f1": whole["f1-score"], "overall_accuracy": accuracy_score(references, predictions)}


def load(name, *arguments, **options):
    return Metric(name)
'''

# What only one of the two writes, as docs/script_options.md says. Version 4 of transformers writes the vocabulary, too.
ONLY_PYTHON = {'training_args.bin', 'README.md'}
ONLY_TL = {'training_args.json', 'vocab.txt', 'special_tokens_map.json'}
DROPOUTS = {'bert': ('hidden_dropout_prob', 'attention_probs_dropout_prob'),
            'distilbert': ('dropout', 'attention_dropout', 'seq_classif_dropout')}
TIMES = ('runtime', 'per_second', 'total_flos')


def texts(count):
    moods, things = ('good', 'bad', 'old', 'new'), ('film', 'room', 'book', 'guide', 'meal')
    made = itertools.product(('the', 'one', 'this'), moods, things)
    return [(f'{word} {mood} {thing} and the next {thing}', moods.index(mood)) for word, mood, thing in itertools.islice(made, count)]


def write_json(path, rows):
    path.write_text(''.join(json.dumps(row) + '\n' for row in rows))


def make_files(work):
    """The files of each kind of problem; returns its name, script, suffix and further options. Labels are numbers, because
    the script for classes fails on texts with the versions that it was run with; metrics are named, because tl reports
    more of them by default."""
    rows = texts(48)
    for part, chosen in (('train', rows[:32]), ('valid', rows[32:40]), ('test', rows[40:])):
        lines = [f'{text},{(2, 0, 0, 1)[mood]}\n' for text, mood in chosen]
        (work / f'classes_{part}.csv').write_text(''.join(['sentence,label\n', *lines]))
        lines = [f'{text},{mood / 2 + 0.25}\n' for text, mood in chosen]
        (work / f'numbers_{part}.csv').write_text(''.join(['sentence,label\n', *lines]))
        write_json(work / f'several_{part}.json', [{'sentence': text, 'label': [['a'], ['b', 'c'], ['c', 'a'], ['b']][mood]}
                                                   for text, mood in chosen])
        tags = {'film': 'B-ART', 'book': 'B-ART', 'room': 'B-LOC', 'next': 'I-LOC'}
        write_json(work / f'tags_{part}.json', [{'tokens': text.split(), 'ner_tags': [tags.get(word, 'O') for word in text.split()]}
                                                for text, _ in chosen])
    return (('classes', 'classification', 'csv', ['--metric_name', 'accuracy']), ('numbers', 'classification', 'csv', ['--metric_name', 'mse']),
            ('several', 'classification', 'json', ['--metric_name', 'f1']), ('tags', 'ner', 'json', []),
            ('tags, entities', 'ner', 'json', ['--return_entity_level_metrics', '--label_all_tokens']))


class Programs:
    def __init__(self, arguments, work):
        self.a, self.work = arguments, work
        (work / 'evaluate.py').write_text(METRICS)
        self.model = work / 'model'
        shutil.copytree(arguments.model, self.model)
        config = json.loads((self.model / 'config.json').read_text())
        config.update(dict.fromkeys(DROPOUTS[config['model_type']], 0.0))
        (self.model / 'config.json').write_text(json.dumps(config))

    def run(self, program, script, options):
        python = [sys.executable, getattr(self.a, script)]
        tl = [self.a.tl, 'train', '--threads', '1', *(['--task', 'token-classification'] if script == 'ner' else [])]
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join((str(self.work), os.environ.get('PYTHONPATH', ''))), HF_HUB_OFFLINE='1', OMP_NUM_THREADS='1',
                           HF_DATASETS_CACHE=str(self.work / 'cache'))
        with open(self.work / 'log.txt', 'a') as log:
            run = subprocess.run([*(python if program == 'python' else tl), *options], stdout=log, stderr=log, env=environment)
        if run.returncode != 0:
            sys.exit(f'{program} ended with {run.returncode}, see {self.work / "log.txt"}: {" ".join(options)}')


def files_of(folder):
    """Names of files and checkpoints; what a checkpoint holds beside the model is each program's own."""
    return {path.name for path in folder.iterdir()}


def differences_of_files(python, tl):
    """The files that one of the folders lacks, the keys that one of a pair of JSON files lacks, numbers that differ."""
    found = [f'only Python writes {name}' for name in files_of(python) - files_of(tl) - ONLY_PYTHON]
    found += [f'only tl writes {name}' for name in files_of(tl) - files_of(python) - ONLY_TL]
    for path in sorted(python.glob('*_results.json')):
        theirs, ours = json.loads(path.read_text()), json.loads((tl / path.name).read_text())
        found += [f'{path.name}: {name} is in one of them only' for name in theirs.keys() ^ ours.keys()]
        found += [f'{path.name}: {name} is {ours[name]} in tl, {value} in Python' for name, value in theirs.items()
                  if name in ours and not any(part in name for part in TIMES) and abs(ours[name] - value) > 1e-3]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ('classification', 'ner', 'tl', 'model', 'work'):
        parser.add_argument('--' + name, required=True)
    arguments = parser.parse_args()
    work = pathlib.Path(arguments.work).resolve()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    programs, failed = Programs(arguments, work), False
    for name, script, suffix, further in make_files(work):
        stem, folder = name.split(',')[0], name.replace(', ', '_')
        data = [f'--{part}_file={work / f"{stem}_{short}.{suffix}"}' for part, short in
                (('train', 'train'), ('validation', 'valid'), ('test', 'test'))]
        shared = [*data, '--max_seq_length', '32', '--per_device_train_batch_size', '8', '--seed', '42', '--report_to', 'none',
                  *further]
        training = ['--model_name_or_path', str(programs.model), '--do_train', '--do_eval', '--do_predict',
                    '--num_train_epochs', '3', '--learning_rate', '1e-3', *shared]
        found = []
        for program in ('python', 'tl'):
            programs.run(program, script, [*training, '--output_dir', str(work / folder / program)])
        found += differences_of_files(work / folder / 'python', work / folder / 'tl')
        answers = 'predictions.txt' if script == 'ner' else 'predict_results.txt'
        for model, other in (('python', 'tl'), ('tl', 'python')):
            again = work / folder / f'{other}_with_{model}'
            programs.run(other, script, ['--model_name_or_path', str(work / folder / model), '--do_predict', *shared,
                                         '--output_dir', str(again)])
            if (again / answers).read_bytes() != (work / folder / model / answers).read_bytes():
                found.append(f'{answers} of {other} with the model of {model} differs')
        lines = len((work / folder / 'tl' / answers).read_text().splitlines())
        print(f'{name}: {len(files_of(work / folder / "tl"))} files of tl, {lines} lines of {answers}:', '; '.join(found) or 'ok')
        failed |= bool(found)
    return int(failed)


if __name__ == '__main__':
    sys.exit(main())
