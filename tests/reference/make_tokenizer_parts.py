"""Writes data/tokenizer_parts.json: what the reference makes of a few texts with every combination of
compare_tokenizer_parts.py, and of every code point with every normalizer and splitter.

Usage: make_tokenizer_parts.py [OUT.json]        (made with tokenizers 0.23.3)

"pieces" is the vocabulary: a piece that starts with ## has the prefix of the combination instead; after every hundredth
piece there is a hole in the ids. "code_points" holds one CRC-32 per component over its answers to "a" + c + "b" for all
code points c."""

import json
import os
import sys
import zlib

from compare_tokenizer_parts import (
    COMBINATIONS, NFC, NFD, NFKC, NFKD, SPECIAL, Digits, Lowercase, POOL, Punctuation, StripAccents, Whitespace,
    WhitespaceSplit, build, row,
)

TEXTS = [
    'The café day 12 3a4: x-ray (ab)!!  aabbb <user> no.',
    ' \u3000cafe\u0301 ÅNGSTRÖM a\u030angstro\u0308m ﬁne\t½ ①\u00a0',
    'a\u0316\u0301\u0327b \u1e69s\u0307\u0323 \u0f73\u0f71x \U0001d15e\u302e\U0001d165',
    '한국 \u1112\u1161\u11ab ガ か\u3099 ﾊﾟ 中文，字',
    'x [X] y[SEP]z -- a_b, ١٢ Ⅷ don\'t--ab. İı ẞ',
    '',
    '  ',
    ['Naïve ½ (a)', 'fine -12- é'],
]


def pieces():
    letters = [chr(o) for o in POOL if o != 0xFDFA] + [chr(o) for o in range(33, 127)]
    letters += list('éÉèüÜößøÅåñïöαβяй中文字한국ガかパパ①½¼١٢ⅧﬁﬂÅ□_▁—–“”。，')
    for form in (NFD(), NFKD(), Lowercase()):
        letters += [x for c in letters for x in form.normalize_str(c)]
    words = 'the cafe café day ab bb un able ing er fine no don ray ang strom naive 12'.split()
    out = SPECIAL + words + ['##' + x for x in words] + letters + ['##' + x for x in letters]
    return list(dict.fromkeys(out))


def code_points():
    out = {}
    for name, part in (
        ('NFC', NFC()), ('NFD', NFD()), ('NFKC', NFKC()), ('NFKD', NFKD()), ('Lowercase', Lowercase()),
        ('StripAccents', StripAccents()), ('Whitespace', Whitespace()), ('WhitespaceSplit', WhitespaceSplit()),
        ('Punctuation', Punctuation()), ('Digits', Digits(individual_digits=True)),
    ):
        crc = 0
        for o in range(0x110000):
            if 0xD800 <= o <= 0xDFFF:
                continue
            text = 'a' + chr(o) + 'b'
            if hasattr(part, 'normalize_str'):
                text = part.normalize_str(text)
            else:
                text = '|'.join(word for word, _ in part.pre_tokenize_str(text))
            crc = zlib.crc32((text + '\n').encode('utf8'), crc)
        out[name] = crc
    return out


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, 'data', 'tokenizer_parts.json')
    listed = pieces()

    def vocabulary(prefix):
        named = [prefix + x[2:] if x.startswith('##') else x for x in listed]
        out = {}
        for i, piece in enumerate(named):
            out.setdefault(piece, i + i // 100)
        return out

    combinations = []
    for name in COMBINATIONS:
        tokenizer = build(name, vocabulary)
        content = json.loads(tokenizer.to_str())
        del content['model']['vocab']
        cases = []
        for text in TEXTS:
            answer = row(tokenizer.encode(text) if isinstance(text, str) else tokenizer.encode(*text))
            del answer['tokens']
            cases.append(answer)
        combinations.append(dict(name=name, tokenizer=content, cases=cases))
    head = json.dumps(dict(pieces=listed, texts=TEXTS, code_points=code_points()))
    lines = [json.dumps(x, separators=(',', ':')) for x in combinations]
    with open(path, 'w', encoding='utf8', newline='\n') as out:
        out.write(head[:-1] + ',\n"combinations": [\n' + ',\n'.join(lines) + '\n]}\n')


main()
