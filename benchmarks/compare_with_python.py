#!/usr/bin/env python3
"""Whole training runs of tl and of the Python stack, alternating on one machine: speed, memory, time to first prediction.

    python compare_with_python.py --tl build/release/tools/tl --model DIR --data DIR [--runs 3] [--base_size]
        [--recipes written,grouped] [--threads 2] [--max_train_samples 1000] [--num_train_epochs 1] [--output table.json]

DIR of --data holds train.jsonl and validation.jsonl. Run it with the Python that has torch, transformers and datasets.
Each round runs tl and then every recipe of the Python stack with the same model, rows, batches and arguments, training
alone; medians and their ratios are printed and saved. A recipe is `written` (padding in map(), as tutorials do) or
`grouped` (dynamic padding, batches grouped by length: the fastest setting). With --base_size both train a randomly
initialised distilbert-base instead of the model's own size. Rows of a table are comparable, runs on two machines are not.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON_JOB = os.path.join(HERE, '..', 'tests', 'reference', 'train_with_python.py')


def run(command):
    """Runs a command; returns its output, wall seconds and peak resident memory in MB."""
    began = time.time()
    with tempfile.TemporaryFile('w+') as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, text=True)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read()
    if process.returncode != 0:
        sys.exit(f'failed ({process.returncode}): {" ".join(command)}\n{text[-4000:]}')
    return text, time.time() - began, usage.ru_maxrss / 1024


def job(a, work):
    return ['--train_file', os.path.join(a.data, 'train.jsonl'), '--validation_file',
            os.path.join(a.data, 'validation.jsonl'), '--output_dir', work, '--labels', 'NEGATIVE,POSITIVE',
            '--max_seq_length', '256', '--max_train_samples', str(a.max_train_samples), '--shuffle_seed', '42',
            '--seed', '42', '--num_train_epochs', str(a.num_train_epochs), '--per_device_train_batch_size', '16',
            '--learning_rate', '2e-5', '--weight_decay', '0.01', '--warmup_ratio', '0.1', '--logging_steps', '50',
            '--threads', str(a.threads)]


def train_tl(a, model):
    with tempfile.TemporaryDirectory() as work:
        command = [a.tl, 'train', '--model_name_or_path', model] + job(a, work)
        command += ['--eval_strategy', 'no', '--save_strategy', 'no', '--disable_tqdm', 'true']
        if a.bf16:
            command += ['--bf16', 'true']
        _, wall, memory = run(command)
        with open(os.path.join(work, 'train_results.json')) as file:
            results = json.load(file)
    return dict(samples_per_second=results['train_samples_per_second'], loss=results['train_loss'], wall_seconds=wall,
                peak_memory_mb=memory)


def train_python(a, recipe):
    with tempfile.TemporaryDirectory() as work:
        report = os.path.join(work, 'report.json')
        command = [sys.executable, PYTHON_JOB, '--model_name_or_path', a.model, '--report', report, '--recipe', recipe,
                   '--no_eval'] + job(a, work)
        if a.base_size:
            command.append('--base_size')
        if a.bf16:
            command.append('--bf16')
        _, wall, memory = run(command)
        with open(report) as file:
            results = json.load(file)
    return dict(samples_per_second=results['train_metrics']['train_samples_per_second'],
                loss=results['train_metrics']['train_loss'], wall_seconds=wall, peak_memory_mb=memory,
                versions=dict(torch=results['torch'], transformers=results['transformers']))


FIRST_PREDICTION = '''
import sys
from transformers import pipeline
print(pipeline("text-classification", model=sys.argv[1], tokenizer=sys.argv[1], device="cpu")("A quiet, warm film."))
'''


def make_classifier(a, folder):
    """A model with a head, written by the Python stack so that both stacks can load it: the given encoder with a fresh
    head, or with --base_size a distilbert-base with random weights."""
    code = '''
import sys
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer
if sys.argv[3] == "base":
    c = AutoConfig.from_pretrained(sys.argv[1]); c.dim, c.hidden_dim, c.n_heads, c.n_layers = 768, 3072, 12, 6
    model = AutoModelForSequenceClassification.from_config(c)
else:
    model = AutoModelForSequenceClassification.from_pretrained(sys.argv[1])
model.save_pretrained(sys.argv[2])
AutoTokenizer.from_pretrained(sys.argv[1]).save_pretrained(sys.argv[2])
'''
    run([sys.executable, '-c', code, a.model, folder, 'base' if a.base_size else 'same'])
    return folder


def median(rows, key):
    return statistics.median(row[key] for row in rows)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--tl', required=True)
    p.add_argument('--model', required=True)
    p.add_argument('--data', required=True)
    p.add_argument('--runs', type=int, default=3)
    p.add_argument('--recipes', default='written,grouped')
    p.add_argument('--threads', type=int, default=os.cpu_count())
    p.add_argument('--max_train_samples', type=int, default=1000)
    p.add_argument('--num_train_epochs', type=float, default=1)
    p.add_argument('--base_size', action='store_true')
    p.add_argument('--bf16', action='store_true')
    p.add_argument('--output')
    a = p.parse_args()

    rows = {name: [] for name in ['tl', *a.recipes.split(',')]}
    first = {'tl': [], 'python': []}
    with tempfile.TemporaryDirectory() as folder:
        classifier = make_classifier(a, folder)
        model = classifier if a.base_size else a.model
        for number in range(a.runs):
            rows['tl'].append(train_tl(a, model))
            for recipe in a.recipes.split(','):
                rows[recipe].append(train_python(a, recipe))
            first['tl'].append(run([a.tl, 'predict', '--model_name_or_path', classifier, '--text', 'A quiet, warm film.'])[1])
            first['python'].append(run([sys.executable, '-c', FIRST_PREDICTION, classifier])[1])
            print(f'round {number + 1}: ' + ', '.join(
                f'{name} {rows[name][-1]["samples_per_second"]:.1f} samples/s' for name in rows), flush=True)

    table = dict(machine=platform.processor() or platform.machine(), threads=a.threads, runs=a.runs,
                 arguments=vars(a), rows=rows, first_prediction_seconds=first, ratios={})
    tl = median(rows['tl'], 'samples_per_second')
    memory = median(rows['tl'], 'peak_memory_mb')
    print(f'\n| stack | samples/s (median of {a.runs}) | tl is faster by | peak memory MB | tl needs |\n|---|---|---|---|---|')
    print(f'| tl | {tl:.1f} | | {memory:.0f} | |')
    for recipe in a.recipes.split(','):
        speed, space = median(rows[recipe], 'samples_per_second'), median(rows[recipe], 'peak_memory_mb')
        table['ratios'][recipe] = dict(speed=tl / speed, memory=memory / space)
        print(f'| Python, {recipe} | {speed:.1f} | {tl / speed:.2f} | {space:.0f} | {100 * memory / space:.0f} % |')
    ours, theirs = statistics.median(first['tl']), statistics.median(first['python'])
    table['ratios']['first_prediction'] = theirs / ours
    print(f'\nprocess start to first prediction: tl {ours:.3f} s, Python {theirs:.2f} s')
    if a.output:
        with open(a.output, 'w') as out:
            json.dump(table, out, indent=1)


if __name__ == '__main__':
    main()
