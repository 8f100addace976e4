#!/usr/bin/env python3
"""Tokenizers side by side on one thread, ids only: tl, the Rust library of the Python stack, and flash-tokenizer.

    python compare_tokenizers.py --tl build/release/tools/tl --model DIR --file texts.jsonl [--rounds 5]

The file has one text per line, or is .jsonl with a key text. Every round gives all texts to every tokenizer in turn, in
an order that moves on by one; the table shows medians. tl times its own passes (tl tokenize --bench), the others are
timed around one call from Python that returns lists of ids, which is how they are used. flash-tokenizer pads a batch to
its longest text and cannot be told not to; "one by one" calls it for each text, where nothing is padded. Ids are
compared with those of the Rust library. A package that is not installed is left out, with a line that says so.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

os.environ.update(TOKENIZERS_PARALLELISM='false', RAYON_NUM_THREADS='1', OMP_NUM_THREADS='1')


def read_texts(path):
    with open(path, encoding='utf-8') as lines:
        if path.endswith('.jsonl'):
            return [json.loads(line)['text'] for line in lines]
        return [line.rstrip('\n') for line in lines if line.strip()]


def timed(call):
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


class Rust:
    name = 'tokenizers (Rust)'

    def __init__(self, model, texts):
        import tokenizers
        self.version = tokenizers.__version__
        self.tokenizer = tokenizers.Tokenizer.from_file(os.path.join(model, 'tokenizer.json'))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.texts = texts

    def run(self):
        seconds, encodings = timed(lambda: self.tokenizer.encode_batch_fast(self.texts))
        return seconds, lambda: [encoding.ids for encoding in encodings]


class Flash:
    name = 'flash-tokenizer, batch'
    limit = 1 << 20

    def __init__(self, model, texts):
        import importlib.metadata
        from flash_tokenizer import BertTokenizerFlash
        self.version = importlib.metadata.version('flash-tokenizer')
        self.tokenizer = BertTokenizerFlash(os.path.join(model, 'vocab.txt'), do_lower_case=True).tokenizer
        self.texts = texts

    def run(self):
        seconds, rows = timed(lambda: self.tokenizer.batch_encode(self.texts, 'longest', self.limit, False))
        return seconds, lambda: [[token for token in row if token != 0] for row in rows]


class FlashOneByOne(Flash):
    name = 'flash-tokenizer, one by one'

    def run(self):
        encode = self.tokenizer.encode
        seconds, rows = timed(lambda: [encode(text, 'longest', self.limit) for text in self.texts])
        return seconds, lambda: rows


class Tl:
    name = 'tl'
    version = ''

    def __init__(self, program, model, texts):
        self.folder = tempfile.TemporaryDirectory()
        path = os.path.join(self.folder.name, 'texts.jsonl')
        with open(path, 'w', encoding='utf-8') as out:
            out.writelines(json.dumps({'text': text}) + '\n' for text in texts)
        self.command = [program, 'tokenize', '--model_name_or_path', model, '--file', path]

    def output(self, *more):
        return subprocess.run(self.command + list(more), check=True, capture_output=True, text=True).stdout

    def run(self):
        seconds = json.loads(self.output('--threads', '1', '--bench'))['seconds']
        return seconds, lambda: [json.loads(line)['input_ids'] for line in self.output().splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--tl', required=True, help='the program tl')
    parser.add_argument('--model', required=True, help='folder with tokenizer.json and vocab.txt')
    parser.add_argument('--file', required=True, help='texts, one per line, or .jsonl with a key text')
    parser.add_argument('--rounds', type=int, default=5)
    arguments = parser.parse_args()
    texts = read_texts(arguments.file)
    size = sum(len(text.encode('utf-8')) for text in texts)

    stacks = [Tl(arguments.tl, arguments.model, texts)]
    for stack in (Rust, Flash, FlashOneByOne):
        try:
            stacks.append(stack(arguments.model, texts))
        except ImportError as error:
            print(f'{stack.name}: left out, {error}')
    seconds = {stack.name: [] for stack in stacks}
    ids = {}
    for number in range(arguments.rounds):
        for stack in stacks[number % len(stacks):] + stacks[:number % len(stacks)]:
            taken, rows = stack.run()
            seconds[stack.name].append(taken)
            if number == 0:
                ids[stack.name] = rows()

    reference = ids.get(Rust.name, ids[Tl.name])
    best = statistics.median(seconds[Tl.name])
    print(f'{len(texts)} texts, {size} bytes, one thread, median of {arguments.rounds} rounds\n')
    print('| tokenizer | ms | MB/s | tl is faster by | texts with other ids |\n|---|---|---|---|---|')
    for stack in stacks:
        median = statistics.median(seconds[stack.name])
        other = sum(a != b for a, b in zip(ids[stack.name], reference))
        ratio = '' if stack is stacks[0] else f'{median / best:.1f}'
        print(f'| {stack.name} {stack.version} | {1e3 * median:.1f} | {size / median / 1e6:.1f} | {ratio} | {other} |')


if __name__ == '__main__':
    main()
