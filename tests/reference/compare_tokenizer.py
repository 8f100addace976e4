"""Compares tl's tokenizer with the real library on a text file, line by line: ids, tokens and offsets.

Usage: compare_tokenizer.py MODEL_FOLDER TEXT_FILE [--tl PROGRAM] [--limit LINES]

Needs the package transformers (4.56 or 5) and the program tl (tools/tl). Prints the first differences and a summary;
the exit status is 1 if a line differs. The text must be UTF-8."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import warnings

warnings.filterwarnings('ignore')
import tokenizers
import transformers

parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
parser.add_argument('model')
parser.add_argument('file')
parser.add_argument('--tl', default='tl', help='path of the tl program')
parser.add_argument('--limit', type=int, default=0, help='compare only the first LINES lines')
arguments = parser.parse_args()

with open(arguments.file, encoding='utf8', newline='\n') as source:
    lines = source.read().split('\n')
if lines and lines[-1] == '':
    lines.pop()
if arguments.limit:
    lines = lines[: arguments.limit]
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, 'lines.txt')
    with open(path, 'w', encoding='utf8', newline='\n') as out:
        out.writelines(line + '\n' for line in lines)
    command = [arguments.tl, 'tokenize', '--model_name_or_path', arguments.model, '--file', path, '--json']
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        sys.exit(f'{" ".join(command)} ended with status {done.returncode}')
ours = [json.loads(line) for line in done.stdout.decode('utf8').split('\n') if line]
if len(ours) != len(lines):
    sys.exit(f'expected {len(lines)} lines from {arguments.tl}, got {len(ours)}')

if os.path.exists(os.path.join(arguments.model, 'tokenizer_config.json')) or os.path.exists(
    os.path.join(arguments.model, 'config.json')
):
    tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.model)
else:
    tokenizer = transformers.BertTokenizerFast.from_pretrained(arguments.model)
backend = tokenizer.backend_tokenizer
backend.no_truncation()
backend.no_padding()

different = 0
for number, (line, got) in enumerate(zip(lines, ours), 1):
    encoding = backend.encode(line)
    expected = dict(input_ids=encoding.ids, tokens=encoding.tokens, offsets=[list(o) for o in encoding.offsets])
    wrong = [name for name in expected if got.get(name) != expected[name]]
    if wrong:
        different += 1
        if different <= 5:
            print(f'line {number}: {line!a}')
            for name in wrong:
                print(f'  {name}\n    expected {expected[name]!a}\n    got      {got.get(name)!a}')
versions = f'tokenizers {tokenizers.__version__}, transformers {transformers.__version__}'
print(f'{len(lines)} lines, {different} different ({versions})')
sys.exit(different != 0)
