#!/usr/bin/env python3
"""Trains a model for tags of words with tl and with the Python stack, and compares every update and seqeval's numbers.

    python compare_tokens.py --model FOLDER --data FOLDER --tl PATH_OF_TL --work FOLDER [--updates 60]
        [--seqeval_updates 400] [--test_rows 1000] [--label_all_tokens]
        [--ner run_ner.py --dump BUILD/tests/tl_tokenizer_dump]

--data has train.jsonl, valid.jsonl and test.jsonl with the columns tokens and ner_tags. First both programs get the same
rows, the same seed and dropout 0, log each update and evaluate at the end; a loss must not differ by more than 1e-3 (see
compare_training.py). Then each trains a model for --seqeval_updates, with dropout, and both evaluate both models on the
test file: precision, recall, F1 and accuracy must be equal. With --ner, the reference's script, and --dump the labels that
its own function gives to all tokens of the test file under --label_all_tokens must be those of tl. Ends with status 1 if something differs. Needs torch,
transformers, datasets and seqeval; FOLDER keeps files, logs and models. Nothing is downloaded.
"""
import argparse
import ast
import itertools
import json
import os
import subprocess
import sys
import types

HERE = os.path.dirname(os.path.abspath(__file__))
LENGTH = 128
NUMBERS = ('precision', 'recall', 'f1', 'accuracy')


class Programs:
    """The two programs with the options that all runs share."""

    def __init__(self, arguments):
        self.a = arguments
        self.flags = ['--label_all_tokens'] if arguments.label_all_tokens else []
        with open(os.path.join(arguments.model, 'config.json')) as file:
            self.dropouts = [name for name in json.load(file) if 'dropout' in name]

    def path(self, name):
        return os.path.join(self.a.work, name)

    def python(self, report, *options):
        subprocess.run([sys.executable, os.path.join(HERE, 'tag_with_python.py'), '--report', self.path(report), '--threads',
                        str(self.a.threads), '--output_dir', self.path('python'), *self.flags, *options], check=True,
                       stdout=subprocess.DEVNULL)
        with open(self.path(report)) as file:
            return json.load(file)

    def tl(self, command, *options):
        run = subprocess.run([self.a.tl, command, '--task', 'token-classification', '--max_seq_length', str(LENGTH), '--threads',
                              str(self.a.threads), *self.flags, *options], check=True, stdout=subprocess.PIPE)
        return run.stdout.decode()

    def train(self, updates, dropout, rate='5e-5', evaluation=()):
        """The same training by both; returns what Python reported."""
        shared = ['--model_name_or_path', self.a.model, '--train_file', self.path('train.jsonl'), '--max_steps', str(updates),
                  '--learning_rate', rate, '--weight_decay', '0.01', '--warmup_ratio', '0.1', '--per_device_train_batch_size',
                  '16', *evaluation]
        report = self.python('python.json', *shared, '--save', self.path('python_model'), *([] if dropout else ['--dropout', '0']))
        overrides = [] if dropout else ['--config_overrides', ','.join(f'{name}=0' for name in self.dropouts)]
        evaluates = ['--eval_strategy', 'steps', '--eval_steps', str(updates)] if evaluation else []
        self.tl('train', *shared, *overrides, *evaluates, '--per_device_eval_batch_size', '16', '--logging_steps', '1',
                '--save_strategy', 'no', '--output_dir', self.path('tl_model'))
        return report


def compare_updates(programs):
    a = programs.a
    report = programs.train(a.updates, False, evaluation=['--validation_file', programs.path('valid.jsonl')])
    print(f"torch {report['torch']}, transformers {report['transformers']}, {a.updates} updates of 16 texts")
    return subprocess.run([sys.executable, os.path.join(HERE, 'compare_training.py'), '--python', programs.path('python.json'),
                           '--tl', programs.path('tl_model'), '--eval_rows', '1000'], check=False).returncode


def compare_seqeval(programs):
    """Both models, evaluated by both."""
    a, failed = programs.a, 0
    programs.train(a.seqeval_updates, True, str(a.seqeval_rate))
    test = programs.path('test.jsonl')
    for model in ('python_model', 'tl_model'):
        options = ['--model_name_or_path', programs.path(model), '--validation_file', test]
        theirs = programs.python('evaluated.json', *options)['eval_metrics']
        ours = json.loads(programs.tl('evaluate', *options, '--json'))
        for name in ('loss', *NUMBERS):
            got, expected = ours['eval_' + name], theirs['eval_' + name]
            equal = abs(got - expected) <= (1e-5 if name == 'loss' else 1e-12)
            failed |= not equal
            print(f'{model}, {name}: tl {got:.12g}, Python {expected:.12g}: {"ok" if equal else "FAILED"}')
    return failed


def labels_of_script(path, tokenizer, names, rows):
    """What the script's own statements make of the rows: its table from B- to I-, and its function for a batch."""
    with open(path) as file:
        body = next(node for node in ast.parse(file.read()).body if getattr(node, 'name', '') == 'main').body
    at = next(i for i, node in enumerate(body)
              if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', '') == 'b_to_i_label')
    function = next(node for node in body if getattr(node, 'name', '') == 'tokenize_and_align_labels')
    known = dict(label_list=names, label_to_id={name: i for i, name in enumerate(names)}, tokenizer=tokenizer, padding=False,
                 text_column_name='tokens', label_column_name='ner_tags',
                 data_args=types.SimpleNamespace(max_seq_length=LENGTH, label_all_tokens=True))
    exec(compile(ast.Module([*body[at : at + 2], function], []), path, 'exec'), known)
    batch = {name: [row[name] for row in rows] for name in ('tokens', 'ner_tags')}
    return known['tokenize_and_align_labels'](batch)


def compare_labels(programs):
    from transformers import AutoTokenizer
    a, test = programs.a, programs.path('test.jsonl')
    with open(test) as file:
        rows = [json.loads(line) for line in file]
    names = sorted({tag for row in rows for tag in row['ner_tags']})
    theirs = labels_of_script(a.ner, AutoTokenizer.from_pretrained(a.model), names, rows)
    run = subprocess.run([a.dump, '--label_all_tokens', a.model, test, str(LENGTH)], check=True, stdout=subprocess.PIPE)
    ours = [json.loads(line) for line in run.stdout.splitlines()]
    equal = sum(one['ids'] == ids and one['labels'] == labels
                for one, ids, labels in zip(ours, theirs['input_ids'], theirs['labels'], strict=True))
    tokens = sum(map(len, theirs['labels']))
    print(f'--label_all_tokens: {equal} of {len(rows)} texts have the ids and labels of the script, {tokens} tokens')
    return equal != len(rows)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ('model', 'data', 'tl', 'work'):
        p.add_argument('--' + name, required=True)
    p.add_argument('--updates', type=int, default=60, help='0: without this part')
    p.add_argument('--seqeval_updates', type=int, default=400, help='0: without this part')
    p.add_argument('--seqeval_rate', type=float, default=2e-4, help='the learning rate of this part')
    p.add_argument('--eval_rows', type=int, default=200)
    p.add_argument('--test_rows', type=int, help='evaluate on the first so many sentences of the test file')
    p.add_argument('--label_all_tokens', action='store_true')
    p.add_argument('--ner', help='the file of run_ner.py')
    p.add_argument('--dump', help='the program tl_tokenizer_dump')
    p.add_argument('--threads', type=int, default=2)
    a = p.parse_args()
    os.makedirs(a.work, exist_ok=True)
    programs = Programs(a)
    for name, rows in (('train.jsonl', 16 * max(a.updates, a.seqeval_updates)), ('valid.jsonl', a.eval_rows),
                       ('test.jsonl', a.test_rows)):
        with open(os.path.join(a.data, name)) as whole, open(programs.path(name), 'w') as part:
            part.writelines(itertools.islice(whole, rows))
    failed = compare_updates(programs) if a.updates > 0 else 0
    if a.seqeval_updates > 0:
        failed |= compare_seqeval(programs)
    if a.ner:
        failed |= compare_labels(programs)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
