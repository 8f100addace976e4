"""Compares tl's tokenizer with the reference over many combinations of the components of tokenizer.json.

Usage: compare_tokenizer_parts.py --tl TL_TOKENIZER_DUMP [--corpus FOLDER] [--only NAMES] [--random 3000] [--lines 4000]

Needs the package tokenizers. Every combination is built with it and written to a folder of its own; the program
tl_tokenizer_dump (built with the tests) reads that folder and encodes the same texts: random Unicode strings, and the
lines of all text files below --corpus (evenly spread, at most --lines of a file; 0 takes all). Compared are ids, tokens,
offsets, word ids, type ids, sequence ids and the mask of special tokens, also of what the reference reads from the
files that tl saved. Prints one line per combination; the exit status is 1 if anything differs."""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter

import tokenizers
from tokenizers import AddedToken, Tokenizer, decoders, models
from tokenizers.normalizers import (
    NFC, NFD, NFKC, NFKD, BertNormalizer, Lowercase, Prepend, Replace, Sequence, Strip, StripAccents,
)
from tokenizers.pre_tokenizers import BertPreTokenizer, Digits, Punctuation, Whitespace, WhitespaceSplit
from tokenizers.pre_tokenizers import Sequence as Splits
from tokenizers.processors import BertProcessing, TemplateProcessing
from tokenizers.processors import Sequence as Processors

SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
POOL = [
    0x300, 0x301, 0x307, 0x308, 0x316, 0x327, 0x331, 0x345, 0x34F, 0x5B0, 0x5BC, 0x64B, 0x653, 0x93C, 0x9BE, 0x9CB, 0xC48,
    0xDCF, 0xF71, 0xF72, 0xF73, 0xF75, 0xF81, 0x1100, 0x1161, 0x11A8, 0x1B44, 0x302E, 0x302F, 0x3099, 0x309A, 0x1D165,
    0x1D15E, 0x1D16D, 0x1E94A, 0x8D4, 0x344, 0x1E69, 0x1E0B, 0x212B, 0x2126, 0xFB01, 0xFDFA, 0xFB2C, 0xFF21, 0xFF76, 0xFF9E,
    0x130, 0x131, 0xDF, 0x1E9E, 0x3A3, 0x1F82, 0x1FEF, 0x37E, 0xBD, 0xB2, 0x2460, 0x3300, 0x33A5, 0x1D400, 0x1F130, 0xAC00,
    0xAC01, 0xD7A3, 0xF900, 0x2F800, 0x4E00, 0x3400, 0x958, 0xA0, 0xAD, 0x85, 0x200B, 0x200D, 0x2003, 0x3000, 0xFEFF,
    0xFFFD, 0x0, 0xB, 0x1C, 0x660, 0x966, 0xFF11, 0x2167, 0x2155, 0x1F600, 0xFE0F, 0x2014, 0xBF, 0x3001, 0x40, 0x11938,
]
WORDS = 'the cat café Ångström naïve 12 3a4 x-ray don\'t 50% (a) ab un able ing er hello world ﬁne ½ day'.split()


def template(single, pair, names):
    return TemplateProcessing(single=single, pair=pair, special_tokens=[(x, SPECIAL.index(x)) for x in names])


BERT = template('[CLS]:0 $A:0 [SEP]:0', '[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1', ['[CLS]', '[SEP]'])
OLD = BertProcessing(('[SEP]', 3), ('[CLS]', 2))

# name -> normalizer, pre-tokenizer, post-processor, arguments of the model
COMBINATIONS = {
    'bert': (BertNormalizer(), BertPreTokenizer(), BERT, {}),
    'bert_cased': (BertNormalizer(lowercase=False), BertPreTokenizer(), BERT, {}),
    'bert_in_sequences': (Sequence([BertNormalizer()]), Splits([BertPreTokenizer()]), Processors([BERT]), {}),
    'quicktour': (Sequence([NFD(), Lowercase(), StripAccents()]), Whitespace(), BERT, {}),
    'course': (Sequence([NFD(), Lowercase(), StripAccents()]), Splits([WhitespaceSplit(), Punctuation()]), BERT, {}),
    'nfc': (NFC(), Whitespace(), BERT, {}),
    'nfd': (NFD(), WhitespaceSplit(), OLD, {}),
    'nfkc': (NFKC(), Whitespace(), BERT, {}),
    'nfkd': (NFKD(), BertPreTokenizer(), None, {}),
    'nothing': (None, None, None, dict(max_input_chars_per_word=300)),
    'lowercase': (Lowercase(), BertPreTokenizer(), BERT, dict(max_input_chars_per_word=5)),
    'strip_accents': (StripAccents(), Whitespace(), BERT, {}),
    'strip': (Strip(), None, BERT, dict(max_input_chars_per_word=300)),
    'strip_left': (Sequence([Strip(left=True, right=False), NFKC()]), Whitespace(), BERT, {}),
    'strip_right': (Sequence([NFKD(), Strip(left=False, right=True), Lowercase()]), WhitespaceSplit(), BERT, {}),
    'replace': (Sequence([Replace('a', 'bb'), Replace(' ', '_'), Replace('bbb', '')]), Punctuation(), BERT, {}),
    'replace_aa': (Sequence([Lowercase(), Replace('aa', 'é'), NFD(), Replace('\u0301', '')]), Whitespace(), BERT, {}),
    'prepend': (Sequence([Prepend('▁'), Replace(' ', '▁'), NFC()]), None, BERT, dict(max_input_chars_per_word=300)),
    'prepend_twice': (Sequence([Strip(), Prepend('ab '), Prepend('é'), NFD()]), Whitespace(), BERT, {}),
    'nested': (
        Sequence([Sequence([NFKC(), Sequence([Strip()])]), Sequence([]), BertNormalizer(lowercase=False)]),
        Splits([Splits([WhitespaceSplit()]), Digits(individual_digits=False), Splits([])]),
        Processors([Processors([BERT])]),
        {},
    ),
    'bert_then_nfc': (Sequence([BertNormalizer(strip_accents=False), NFC()]), BertPreTokenizer(), BERT, {}),
    'nfkc_bert': (Sequence([NFKC(), BertNormalizer()]), BertPreTokenizer(), BERT, {}),
    'digits': (Lowercase(), Splits([Whitespace(), Digits(individual_digits=True)]), BERT, {}),
    'digits_together': (Sequence([NFD(), StripAccents(), NFC()]), Digits(individual_digits=False), BERT, {}),
    'isolated': (NFC(), Punctuation('isolated'), BERT, {}),
    'removed': (NFC(), Splits([Punctuation('removed'), WhitespaceSplit()]), BERT, {}),
    'merged_with_previous': (NFC(), Punctuation('merged_with_previous'), BERT, {}),
    'merged_with_next': (NFC(), Splits([WhitespaceSplit(), Punctuation('merged_with_next')]), BERT, {}),
    'contiguous': (NFKD(), Punctuation('contiguous'), BERT, {}),
    'no_prefix': (BertNormalizer(), BertPreTokenizer(), BERT, dict(continuing_subword_prefix='')),
    'other_prefix': (NFKC(), Whitespace(), BERT, dict(continuing_subword_prefix='@@', max_input_chars_per_word=12)),
    'other_unknown': (NFC(), Whitespace(), OLD, dict(unk_token='[MASK]')),
    'types': (
        NFC(), Whitespace(),
        template('[MASK]:3 $A:2 [SEP]:1 [SEP]:0', '[CLS]:5 $B:4 [MASK]:1 $A:7', ['[CLS]', '[SEP]', '[MASK]']), {},
    ),
    'bert_bert': (NFC(), Whitespace(), Processors([OLD, OLD]), {}),
    'bert_template': (NFC(), Whitespace(), Processors([OLD, BERT]), {}),
    'template_bert': (NFC(), Whitespace(), Processors([BERT, OLD]), {}),
    'plain_template_bert': (NFC(), Whitespace(), Processors([template('$A:1', '$A:1 $B:2', []), OLD]), {}),
    'no_processors': (NFC(), Whitespace(), Processors([]), {}),
}
ADDED = [
    AddedToken('<user>', normalized=False), AddedToken('Café day', normalized=True),
    AddedToken('[X]', normalized=False, special=True, lstrip=True, rstrip=True),
    AddedToken('ÅNGSTRÖM', normalized=True, single_word=True), AddedToken('ﬁne', normalized=True),
]


def corpus_lines(folder, limit):
    lines = []
    for place, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            if not name.endswith(('.txt', '.csv', '.json', '.jsonl', '.tokens')):
                continue
            with open(os.path.join(place, name), encoding='utf8', errors='ignore', newline='\n') as source:
                found = [x[:4000] for x in source.read().split('\n') if x]
            step = max(1, len(found) // limit) if limit else 1
            lines += found[::step]
    return lines


def random_texts(count, rng):
    out = []
    for _ in range(count):
        parts = []
        for _ in range(rng.randint(0, 12)):
            kind = rng.random()
            if kind < 0.4:
                parts.append(chr(rng.choice(POOL)))
            elif kind < 0.65:
                parts.append(rng.choice(WORDS))
            elif kind < 0.85:
                parts.append(rng.choice(' \t.,-\'"!aAbé1'))
            elif kind < 0.9:
                parts.append(rng.choice(SPECIAL + [x.content for x in ADDED] + ['café day', 'ångström', 'fine', 'aaaa']))
            else:
                o = rng.randrange(0x3000) if rng.random() < 0.6 else rng.randrange(0x110000)
                parts.append(chr(o) if not 0xD800 <= o <= 0xDFFF else ' ')
        out.append(''.join(parts))
    return out


def vocabulary(texts, prefix):
    counts = Counter(word for text in texts[:200000] for word in text.split())
    pieces = SPECIAL + [w for w, _ in counts.most_common(3000)] + [w[:3].lower() for w, _ in counts.most_common(3000)]
    letters = [chr(o) for o in POOL] + [chr(o) for o in range(33, 0x250)] + list('_▁')
    for form in (NFD(), NFKD(), NFKC(), Lowercase()):
        letters += [x for c in letters for x in form.normalize_str(c)]
    pieces += letters + [prefix + x for x in letters] + [prefix + w[-2:].lower() for w, _ in counts.most_common(2000)]
    pieces = [x for x in dict.fromkeys(pieces) if x]
    return {piece: i + i // 100 for i, piece in enumerate(pieces)}  # a hole after every hundredth piece


def row(e):
    return dict(
        ids=e.ids, type_ids=e.type_ids, special_tokens_mask=e.special_tokens_mask, tokens=e.tokens,
        offsets=[x for o in e.offsets for x in o], word_ids=[-1 if w is None else w for w in e.word_ids],
        sequence_ids=[-1 if s is None else s for s in e.sequence_ids],
    )


def build(name, make_vocabulary):
    normalizer, splitter, processor, settings = COMBINATIONS[name]
    settings = {**dict(unk_token='[UNK]', continuing_subword_prefix='##', max_input_chars_per_word=100), **settings}
    vocab = make_vocabulary(settings['continuing_subword_prefix'])
    tokenizer = Tokenizer(models.WordPiece(vocab, **settings))
    for key, part in (('normalizer', normalizer), ('pre_tokenizer', splitter), ('post_processor', processor)):
        if part is not None:
            setattr(tokenizer, key, part)
    tokenizer.decoder = decoders.WordPiece(prefix=settings['continuing_subword_prefix'] or '##')
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.add_tokens(ADDED)
    return tokenizer


def compare(name, texts, program):
    tokenizer = build(name, lambda prefix: vocabulary([t for t in texts if isinstance(t, str)], prefix))
    normalizer = tokenizer.normalizer
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save(os.path.join(folder, 'tokenizer.json'))
        config = dict(tokenizer_class='PreTrainedTokenizerFast', unk_token=tokenizer.model.unk_token)
        if isinstance(normalizer, BertNormalizer):
            config['do_lower_case'] = normalizer.lowercase
        with open(os.path.join(folder, 'tokenizer_config.json'), 'w', encoding='utf8') as out:
            json.dump(config, out)
        cases, saved = os.path.join(folder, 'cases.jsonl'), os.path.join(folder, 'saved')
        with open(cases, 'w', encoding='utf8', newline='\n') as out:
            out.writelines(json.dumps(text) + '\n' for text in texts)
        done = subprocess.run([program, folder, cases, saved], stdout=subprocess.PIPE, check=False)
        if done.returncode != 0:
            return len(texts)
        # The file as the reference reads it: that is what both have to agree about.
        readers = [Tokenizer.from_file(os.path.join(x, 'tokenizer.json')) for x in (folder, saved)]
    lines = done.stdout.split(b'\n')
    different = 0
    for number, text in enumerate(texts):
        got = json.loads(lines[number])
        for reader in readers if number < 3000 else readers[:1]:
            expected = row(reader.encode(text) if isinstance(text, str) else reader.encode(*text))
            wrong = [key for key in expected if got[key] != expected[key]]
            if wrong:
                different += 1
                if different <= 3:
                    print(f'{name}, saved {reader is readers[1]}: {text!a}')
                    for key in wrong:
                        print(f'  {key}\n    expected {expected[key]!a}\n    got      {got[key]!a}')
    return different


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--tl', required=True, help='the program tl_tokenizer_dump')
    parser.add_argument('--corpus', help='a folder of text files')
    parser.add_argument('--only', help='names of combinations, separated by commas')
    parser.add_argument('--random', type=int, default=3000)
    parser.add_argument('--lines', type=int, default=4000)
    parser.add_argument('--seed', type=int, default=7)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    texts = random_texts(arguments.random, rng)
    texts += [list(pair) for pair in zip(texts[: len(texts) // 8], texts[len(texts) // 8 :])]
    if arguments.corpus:
        texts += corpus_lines(arguments.corpus, arguments.lines)
    total = 0
    names = arguments.only.split(',') if arguments.only else list(COMBINATIONS)
    for name in names:
        different = compare(name, texts, arguments.tl)
        total += different
        print(f'{name}: {len(texts)} texts, {different} different', flush=True)
    print(f'{len(names)} combinations, {total} different (tokenizers {tokenizers.__version__})')
    return total != 0


if __name__ == '__main__':
    sys.exit(main())
