#!/usr/bin/env python3
"""Trains BERT on pairs of texts with tl and with the Python stack, and compares every update.

    python compare_pairs.py --model BERT_FOLDER --squad dev-v1.1.json --tl PATH_OF_TL --work FOLDER [--updates 60]

The pairs are made of a SQuAD file: a question, and a sentence of its paragraph that holds the answer or does not, half of
them each. Both programs get the same file, the same seed and dropout 0, log each update and evaluate at the end. Prints the
largest differences and ends with status 1 if a loss differs by more than 1e-3 (see compare_training.py). Needs torch,
transformers and datasets; FOLDER keeps the pairs, logs and the model that tl saved. Nothing is downloaded.
"""
import argparse
import json
import os
import random
import re
import subprocess
import sys

LABELS = 'not_answerable,answerable'
HERE = os.path.dirname(os.path.abspath(__file__))


def sentences(context):
    """Where the sentences of a paragraph begin and end."""
    ends = [match.end() for match in re.finditer(r'[.!?]\s+(?=[A-Z0-9"])', context)] + [len(context)]
    return list(zip([0] + ends[:-1], ends))


def make_pairs(squad):
    """One row for each question: a sentence with the answer, or in every second row another one of the paragraph."""
    rows, draw = [], random.Random(42)
    for article in squad['data']:
        for paragraph in article['paragraphs']:
            context, spans = paragraph['context'], sentences(paragraph['context'])
            for question in paragraph['qas']:
                starts = {answer['answer_start'] for answer in question['answers']}
                holding = [span for span in spans if any(span[0] <= start < span[1] for start in starts)]
                others = [span for span in spans if span not in holding]
                if not others:
                    continue
                answerable = len(rows) % 2
                begin, end = draw.choice(holding if answerable else others)
                rows.append({'question': question['question'].strip(), 'sentence': context[begin:end].strip(),
                             'label': answerable})
    draw.shuffle(rows)
    return rows


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ('model', 'squad', 'tl', 'work'):
        p.add_argument('--' + name, required=True)
    p.add_argument('--updates', type=int, default=60)
    p.add_argument('--batch', type=int, default=16)
    p.add_argument('--eval_rows', type=int, default=200)
    p.add_argument('--threads', type=int, default=2)
    a = p.parse_args()
    with open(a.squad) as file:
        rows = make_pairs(json.load(file))
    count = a.updates * a.batch
    assert len(rows) >= count + a.eval_rows, f'expected {count + a.eval_rows} pairs, the file gives {len(rows)}'
    os.makedirs(a.work, exist_ok=True)
    path = {name: os.path.join(a.work, name) for name in ('train.jsonl', 'validation.jsonl', 'python.json', 'tl')}
    for name, part in (('train.jsonl', rows[:count]), ('validation.jsonl', rows[count:count + a.eval_rows])):
        with open(path[name], 'w') as file:
            file.writelines(json.dumps(row) + '\n' for row in part)
    with open(os.path.join(a.model, 'config.json')) as file:
        dropouts = [name for name in json.load(file) if 'dropout' in name]

    shared = ['--model_name_or_path', a.model, '--train_file', path['train.jsonl'], '--validation_file',
              path['validation.jsonl'], '--labels', LABELS, '--max_seq_length', '128', '--text_column', 'question',
              '--text_pair_column', 'sentence', '--num_train_epochs', '1', '--per_device_train_batch_size', str(a.batch),
              '--learning_rate', '5e-5', '--weight_decay', '0.01', '--warmup_ratio', '0.1', '--logging_steps', '1',
              '--threads', str(a.threads)]
    subprocess.run([sys.executable, os.path.join(HERE, 'train_with_python.py'), *shared, '--dropout', '0', '--report',
                    path['python.json'], '--output_dir', os.path.join(a.work, 'python')], check=True)
    subprocess.run([a.tl, 'train', *shared, '--config_overrides', ','.join(f'{name}=0' for name in dropouts),
                    '--per_device_eval_batch_size', str(a.batch), '--eval_strategy', 'epoch', '--save_strategy', 'epoch',
                    '--output_dir', path['tl']], check=True, stdout=subprocess.DEVNULL)
    with open(path['python.json']) as file:
        report = json.load(file)
    print(f"torch {report['torch']}, transformers {report['transformers']}, {count} pairs, {a.updates} updates")
    compare = [sys.executable, os.path.join(HERE, 'compare_training.py'), '--python', path['python.json'], '--tl', path['tl'],
               '--eval_rows', str(a.eval_rows)]
    return subprocess.run(compare, check=False).returncode


if __name__ == '__main__':
    sys.exit(main())
