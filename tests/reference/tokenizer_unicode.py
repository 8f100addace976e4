"""Writes include/tl/text/unicode_tables.hpp: what the reference tokenizer does with every Unicode code point.

Usage: tokenizer_unicode.py [OUT.hpp]        (needs the package tokenizers; made with 0.23.3; ten seconds)

Nothing is taken from a Unicode data file: every code point is sent through the real BertNormalizer, BertPreTokenizer
and the added-token matcher, and their answers become ranges. Only the combining classes come from Python's unicodedata;
that they order the surviving marks as the library does is asserted for every pair."""

import os
import sys
import unicodedata

import tokenizers
from tokenizers import AddedToken, Tokenizer, models
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

CODE_POINTS = [o for o in range(0x110000) if not 0xD800 <= o <= 0xDFFF]
HANGUL = range(0xAC00, 0xD7A4)


def normalizer(**flags):
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return BertNormalizer(**{**off, **flags}).normalize_str


def ask():
    clean, chinese = normalizer(clean_text=True), normalizer(handle_chinese_chars=True)
    strip, lower = normalizer(strip_accents=True), normalizer(lowercase=True)
    split = BertPreTokenizer().pre_tokenize_str
    matcher = Tokenizer(models.WordPiece({'[UNK]': 0, '<q>': 1}, unk_token='[UNK]'))
    matcher.add_tokens([AddedToken('<q>', single_word=True, normalized=False)])
    sets = {k: [] for k in ('deleted', 'blank', 'cjk', 'separator', 'punctuation', 'dropped', 'word')}
    lowered, decomposed = {}, {}
    for o in CODE_POINTS:
        c = chr(o)
        answer = clean('a' + c + 'b')
        if answer == 'ab':
            sets['deleted'].append(o)
        elif answer == 'a b':
            sets['blank'].append(o)
        else:
            assert answer == 'a' + c + 'b'
        if chinese('a' + c + 'b') != 'a' + c + 'b':
            assert chinese('a' + c + 'b') == 'a ' + c + ' b'
            sets['cjk'].append(o)
        answer = strip(c)
        if answer == '':
            sets['dropped'].append(o)
        elif answer != c:
            decomposed[o] = answer
        answer = lower(c)
        assert lower('A' + c + 'A') == 'a' + answer + 'a'
        if answer != c:
            lowered[o] = answer
        words = [w for w, _ in split('a' + c + 'b')]
        if words == ['a', 'b']:
            sets['separator'].append(o)
        elif words == ['a', c, 'b']:
            sets['punctuation'].append(o)
        else:
            assert words == ['a' + c + 'b']
        if 1 not in matcher.encode(c + '<q>').ids:
            sets['word'].append(o)
    return sets, lowered, decomposed, strip


def combining_classes(sets, strip):
    """Classes of the marks that survive stripping, and of the dropped ones that do not end a run of marks."""
    high, low = chr(0x302E), chr(0x1D165)  # two surviving marks: the second sorts before the first
    kept, dropped = {}, {}
    for o in CODE_POINTS:
        c = chr(o)
        answer, alone = strip(high + c + low), strip(c)
        if alone == '':
            if answer == low + high:
                dropped[o] = unicodedata.combining(unicodedata.normalize('NFD', c)[0])
                assert dropped[o]
        elif answer != high + alone + low and unicodedata.normalize('NFD', c) == c:
            kept[o] = unicodedata.combining(c)
            assert kept[o]
    for x in kept:
        for y in kept:
            assert (strip(chr(x) + chr(y)) != chr(x) + chr(y)) == (kept[x] > kept[y])
    return kept, dropped


def ranges(points):
    out = []
    for o in sorted(points):
        if out and out[-1][1] == o - 1:
            out[-1][1] = o
        else:
            out.append([o, o])
    return out


def class_ranges(classes):
    out = []
    for o in sorted(classes):
        if out and out[-1][1] == o - 1 and out[-1][2] == classes[o]:
            out[-1][1] = o
        else:
            out.append([o, o, classes[o]])
    return out


def lower_runs(single):
    """first, last, step, distance"""
    out = []
    for o in sorted(single):
        d = single[o] - o
        if out:
            first, last, step, distance = out[-1]
            if distance == d and (o - last in (1, 2) if first == last else o - last == step):
                out[-1] = [first, o, o - last, d]
                continue
        out.append([o, o, 1, d])
    return out


def rows(items):
    out, line = [], ' '
    for item in items:
        if len(line) + len(item) + 2 > 119:
            out.append(line)
            line = ' '
        line += ' ' + item + ','
    return '\n'.join(out + [line])


def table(kind, name, items, comment):
    return f'/// {comment}\ninline constexpr {kind} {name}[] = {{\n{rows(items)}\n}};\n'


def braces(values):
    return '{' + ', '.join(v if isinstance(v, str) else str(v) for v in values) + '}'


def hexa(o):
    return f'0x{o:X}'


def main():
    sets, lowered, decomposed, strip = ask()
    for o in HANGUL:
        s = o - 0xAC00
        t = s % 28
        assert decomposed.pop(o) == chr(0x1100 + s // 588) + chr(0x1161 + s % 588 // 28) + (
            chr(0x11A7 + t) if t else ''
        )
    kept, dropped = combining_classes(sets, strip)
    dropped_pairs = {}
    for o in sets['dropped']:
        full = unicodedata.normalize('NFD', chr(o))
        if len(full) > 1:
            dropped_pairs[o] = [ord(x) for x in full]
    assert all(len(v) == 2 for v in dropped_pairs.values())
    assert {o: v for o, v in lowered.items() if len(v) > 1} == {0x130: 'i\u0307'}
    runs = lower_runs({o: ord(v) for o, v in lowered.items() if len(v) == 1})
    reordered = set(kept) | {o for o, v in decomposed.items() if any(ord(c) in kept for c in v)}

    singles = [(o, ord(v)) for o, v in sorted(decomposed.items()) if len(v) == 1]
    longer = [(o, [ord(c) for c in v]) for o, v in sorted(decomposed.items()) if len(v) > 1]
    longest = max(len(v) for _, v in longer)
    pairs = lambda points: [braces([hexa(a), hexa(b)]) for a, b in ranges(points)]
    parts = [
        table('CodePointRange', 'deleted_ranges', pairs(sets['deleted']), 'Removed by clean_text.'),
        table('CodePointRange', 'blank_ranges', pairs(sets['blank']), 'Replaced by U+0020 by clean_text.'),
        table('CodePointRange', 'cjk_ranges', pairs(sets['cjk']), 'Get a blank on both sides (handle_chinese_chars).'),
        table(
            'CodePointRange',
            'separator_ranges',
            pairs(sets['separator']),
            'White space: separates words and is removed.',
        ),
        table('CodePointRange', 'punctuation_ranges', pairs(sets['punctuation']), 'A word of its own.'),
        table('CodePointRange', 'dropped_ranges', pairs(sets['dropped']), 'Removed by strip_accents.'),
        table(
            'CodePointRange',
            'word_ranges',
            pairs(sets['word']),
            'Word characters for the single_word rule of added tokens.',
        ),
        table(
            'CodePointRange',
            'reordering_ranges',
            pairs(reordered),
            'Marks that survive strip_accents and are sorted by class, and characters that decompose into such marks.',
        ),
        table(
            'CombiningRange',
            'combining_ranges',
            [braces([hexa(a), hexa(b), k]) for a, b, k in class_ranges({**kept, **dropped})],
            'Combining classes of all marks that take part in sorting; every other code point ends a run of marks.',
        ),
        table(
            'LowerRun',
            'lower_runs',
            [braces([hexa(a), hexa(b), s, d]) for a, b, s, d in runs],
            'Lower case; U+0130 (two code points) is handled in code.',
        ),
        table(
            'Decomposition',
            'decompositions',
            [braces([hexa(o), hexa(v)]) for o, v in singles],
            'What strip_accents makes of a character where one code point is left.',
        ),
        table(
            'LongDecomposition',
            'long_decompositions',
            [braces([hexa(o), braces([hexa(x) for x in v])]) for o, v in longer],
            'What strip_accents makes of a character where more is left; unused places are 0. Hangul is computed.',
        ),
        table(
            'LongDecomposition',
            'dropped_decompositions',
            [braces([hexa(o), braces([hexa(x) for x in v])]) for o, v in sorted(dropped_pairs.items())],
            'Dropped marks that decompose into two; needed only for the source positions of sorted marks.',
        ),
    ]
    text = f'''// Classes and mappings of all Unicode code points as the reference tokenizer has them: it mixes Unicode versions
// (categories of 8.0, decompositions of 9.0, lower case of 17.0). Generated by tests/reference/tokenizer_unicode.py
// from the answers of tokenizers {tokenizers.__version__}; do not edit. Ranges are inclusive and sorted.
#pragma once

namespace tl::detail::text {{

struct CodePointRange {{
  char32_t first, last;
}};
struct CombiningRange {{
  char32_t first, last;
  unsigned char combining_class;
}};
struct LowerRun {{
  char32_t first, last;
  int step, distance;
}};
struct Decomposition {{
  char32_t from, to;
}};
struct LongDecomposition {{
  char32_t from, to[{longest}];
}};

'''
    text += '\n'.join(parts) + '\n}  // namespace tl::detail::text\n'
    here = os.path.dirname(os.path.abspath(__file__))
    path = (
        sys.argv[1]
        if len(sys.argv) > 1
        else os.path.join(here, '..', '..', 'include', 'tl', 'text', 'unicode_tables.hpp')
    )
    with open(path, 'w', encoding='utf8') as out:
        out.write(text)
    print({k: len(v) for k, v in sets.items()}, 'lower', len(lowered), 'decomposed', len(decomposed), 'kept', len(kept))


main()
