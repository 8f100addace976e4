#!/usr/bin/env python3
"""Compares the entities that tl predict finds with those of Python's token-classification pipeline.

    python compare_groups.py --model ENCODER_FOLDER --conll FOLDER --tl PATH_OF_TL --work FOLDER [--steps 300]

FOLDER of --conll holds train.jsonl and test.jsonl, rows with "tokens" (words) and "ner_tags" (names). Two models of the
encoder are compared: one trained for some steps, and one whose head is random with large weights, so that neighbouring
tokens disagree and tags follow each other as no annotator would write them. For each of them all five strategies run on the
first sentences of the test file, on the same sentences as lists of words, and, but for none, on long texts made of them, in
windows with stride. Prints one line for each run, and ends with status 1 if a group, word or offset differs or a score
differs by more than 1e-4. Needs torch and transformers; FOLDER of --work keeps the models. Nothing is downloaded.
"""
import argparse
import json
import os
import subprocess
import sys

import torch
import transformers
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline, set_seed

STRATEGIES = ['none', 'simple', 'first', 'average', 'max']
LENGTH, STRIDE = 64, 16  # tokens of a window, and of its overlap with the next


def read_rows(path, count=None):
    with open(path) as file:
        return [json.loads(line) for line, _ in zip(file, range(count or 10**9))]


def train(model, tokenizer, rows, steps, ids):
    """A plain loop: enough to find most names."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-4)
    model.train()
    for step in range(steps):
        batch = [rows[(16 * step + i) % len(rows)] for i in range(16)]
        inputs = tokenizer([row['tokens'] for row in batch], is_split_into_words=True, truncation=True, max_length=64,
                           padding=True, return_tensors='pt')
        labels = torch.full(inputs['input_ids'].shape, -100)
        for i, row in enumerate(batch):
            before = None
            for t, word in enumerate(inputs.word_ids(i)):
                if word is not None and word != before:
                    labels[i, t] = ids[row['ner_tags'][word]]
                before = word
        loss = model(input_ids=inputs['input_ids'], attention_mask=inputs['attention_mask'], labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % 50 == 0:
            print(f'step {step + 1}: loss {loss.item():.4f}', flush=True)
    model.eval()


def make_models(arguments):
    """Folders of the two models; those that are there already are kept."""
    rows = read_rows(os.path.join(arguments.conll, 'train.jsonl'))
    names = sorted({tag for row in rows for tag in row['ner_tags']})
    ids = {name: i for i, name in enumerate(names)}
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    folders = {name: os.path.join(arguments.work, name) for name in ('trained', 'random')}
    for name, folder in folders.items():
        if os.path.exists(os.path.join(folder, 'config.json')):
            continue
        set_seed(42)
        model = AutoModelForTokenClassification.from_pretrained(arguments.model, num_labels=len(names), label2id=ids,
                                                                id2label=dict(enumerate(names)))
        if name == 'trained':
            train(model, tokenizer, rows, arguments.steps, ids)
        else:
            with torch.no_grad():
                model.classifier.weight *= 20
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folders


def tl_entities(arguments, folder, path, options):
    command = [arguments.tl, 'predict', '--model_name_or_path', folder, '--file', path, '--text_column', 'text', '--json']
    run = subprocess.run(command + options, check=True, stdout=subprocess.PIPE, text=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def compare(got, expected):
    """How many texts have other entities, and the largest difference of scores of those that do not."""
    def bare(entities):
        return [{key: value for key, value in entity.items() if key != 'score'} for entity in entities]
    different, largest = 0, 0.0
    for ours, theirs in zip(got, expected):
        if bare(ours) != bare(theirs):
            different += 1
            if different <= 3:
                print('  tl:    ', bare(ours)[:40], '\n  python:', bare(theirs)[:40])
        else:
            largest = max([largest] + [abs(a['score'] - float(b['score'])) for a, b in zip(ours, theirs)])
    return different + abs(len(got) - len(expected)), largest


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ('model', 'conll', 'tl', 'work'):
        p.add_argument('--' + name, required=True)
    p.add_argument('--steps', type=int, default=300)
    p.add_argument('--sentences', type=int, default=200)
    p.add_argument('--models', default='trained,random', help='which of the two are compared')
    p.add_argument('--kinds', default='sentences,words,windows', help='what they are compared on')
    a = p.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    os.makedirs(a.work, exist_ok=True)
    words = [row['tokens'] for row in read_rows(os.path.join(a.conll, 'test.jsonl'), a.sentences)]
    sentences = [' '.join(row) for row in words]
    texts = {'sentences': sentences, 'words': sentences,
             'windows': [' '.join(sentences[i:i + 10]) for i in range(0, len(sentences), 10)]}
    for name, lines in texts.items():
        with open(os.path.join(a.work, name + '.jsonl'), 'w') as file:
            file.writelines(json.dumps({'text': line}) + '\n' for line in lines)

    print(f'torch {torch.__version__}, transformers {transformers.__version__}')
    failed, worst = 0, 0.0
    for model, folder in make_models(a).items():
        for kind, lines in texts.items():
            if model not in a.models.split(',') or kind not in a.kinds.split(','):
                continue
            tokenizer = AutoTokenizer.from_pretrained(folder)
            tokenizer.model_max_length = LENGTH if kind == 'windows' else 512
            classify = pipeline('token-classification', model=folder, tokenizer=tokenizer, device='cpu')
            for strategy in STRATEGIES:
                options, flags = {'aggregation_strategy': strategy}, ['--aggregation_strategy', strategy]
                if kind == 'windows' and strategy == 'none':
                    continue
                if kind == 'windows':
                    options['stride'] = STRIDE
                    flags += ['--stride', str(STRIDE), '--max_seq_length', str(LENGTH)]
                if kind == 'words':
                    options.update(is_split_into_words=True, delimiter=' ')
                    flags += ['--is_split_into_words']
                    expected = [classify([row], **options)[0] for row in words]
                else:
                    expected = [classify(text, **options) for text in lines]
                got = tl_entities(a, folder, os.path.join(a.work, kind + '.jsonl'), flags)
                different, largest = compare(got, expected)
                failed, worst = failed + different, max(worst, largest)
                print(f'{model:8} {kind:10} {strategy:8} {len(lines):4} texts, {sum(map(len, expected)):6} entities, '
                      f'{different} texts differ, scores by at most {largest:.1e}', flush=True)
    print(f'largest difference of a score: {worst:.1e}')
    return 1 if failed or worst > 1e-4 else 0


if __name__ == '__main__':
    sys.exit(main())
