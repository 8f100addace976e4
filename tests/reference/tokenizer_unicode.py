"""Writes include/tl/text/unicode_tables.hpp and decomposition_tables.hpp: what the reference tokenizer does with every
Unicode code point.

Usage: tokenizer_unicode.py [FOLDER]        (needs the package tokenizers; made with 0.23.3; half a minute)

Nothing is taken from a Unicode data file: every code point is sent through the real normalizers, pre-tokenizers and the
added-token matcher, and their answers become ranges. Only the combining classes and the single steps of the
decompositions come from Python's unicodedata; that they order the surviving marks as the library does is asserted for
every pair of them, and that the steps add up to the library's answer for every code point."""

import os
import sys
import unicodedata

import tokenizers
from tokenizers import AddedToken, Tokenizer, models
from tokenizers.normalizers import NFC, NFD, NFKC, NFKD, BertNormalizer, StripAccents
from tokenizers.pre_tokenizers import BertPreTokenizer, Digits, Punctuation, Whitespace, WhitespaceSplit

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
    names = ('deleted', 'blank', 'cjk', 'separator', 'punctuation', 'dropped', 'word', 'mark', 'numeric')
    sets = {k: [] for k in names}
    accents, digits = StripAccents().normalize_str, Digits(individual_digits=True).pre_tokenize_str
    others = [x().pre_tokenize_str for x in (Punctuation, Whitespace, WhitespaceSplit)]
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
        is_word = 1 not in matcher.encode(c + '<q>').ids
        if is_word:
            sets['word'].append(o)
        if accents('a' + c + 'b') == 'ab':
            sets['mark'].append(o)
        if len(digits('a' + c + 'b')) == 3:
            sets['numeric'].append(o)
        # The other splitters share the classes that are there already.
        punctuation, space, space_split = ([w for w, _ in split_at('a' + c + 'b')] for split_at in others)
        assert (len(punctuation) == 3) == (o in sets['punctuation'][-1:])
        assert (len(space) == 1) == is_word
        assert (space == ['a', 'b']) == (space_split == ['a', 'b']) == (o in sets['separator'][-1:])
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


def steps(compatible):
    """Code point -> what it becomes in one step of the canonical or the compatibility decomposition, for all that the
    library decomposes; Hangul is computed."""
    whole = (NFKD if compatible else NFD)().normalize_str
    out = {}
    for o in CODE_POINTS:
        answer = whole(chr(o))
        if answer == chr(o) or o in HANGUL:
            continue
        parts = unicodedata.decomposition(chr(o)).split()
        if parts[0].startswith('<') == compatible:
            out[o] = [int(p, 16) for p in parts if not p.startswith('<')]
    return out


def check_steps(canonical, compatible):
    def expand(o, tables):
        for table in tables:
            if o in table:
                return [x for part in table[o] for x in expand(part, tables)]
        return [o]

    nfd, nfkd, nfc, nfkc = (x().normalize_str for x in (NFD, NFKD, NFC, NFKC))
    for o in CODE_POINTS:
        if o in HANGUL:
            continue
        for tables, answer in (([canonical], nfd(chr(o))), ([canonical, compatible], nfkd(chr(o)))):
            assert ''.join(chr(x) for x in expand(o, tables)) == answer
        assert nfkc(chr(o)) == nfc(nfkd(chr(o)))
    # Sequences that do not compose although they are the decomposition of one character.
    return [o for o, parts in canonical.items() if len(parts) == 2 and nfc(''.join(map(chr, parts))) != chr(o)]


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


def write_decompositions(path):
    canonical, compatible = steps(False), steps(True)
    excluded = check_steps(canonical, compatible)
    assert all(len(v) <= 2 for v in canonical.values())
    longer = [x for o, v in sorted(compatible.items()) if len(v) > 1 for x in [o | len(v) << 24, *v]]
    runs = lower_runs({o: v[0] for o, v in compatible.items() if len(v) == 1})
    parts = [
        table(
            'CanonicalStep',
            'canonical_steps',
            [braces([hexa(o), *map(hexa, v + [0] * (2 - len(v)))]) for o, v in sorted(canonical.items())],
            'One step of the canonical decomposition; no second code point: 0. Hangul is computed.',
        ),
        table(
            'CodePointRange',
            'composition_exclusions',
            [braces([hexa(a), hexa(b)]) for a, b in ranges(excluded)],
            'Characters of two parts that composition does not make.',
        ),
        table(
            'LowerRun',
            'compatibility_runs',
            [braces([hexa(a), hexa(b), s, d]) for a, b, s, d in runs],
            'One step of the compatibility decomposition where it is one code point.',
        ),
        table(
            'char32_t',
            'compatibility_texts',
            [hexa(x) for x in longer],
            'The others: the code point plus 2^24 times the number of its parts, then these.',
        ),
    ]
    text = f'''// The decompositions of NFD, NFC, NFKD and NFKC as the reference tokenizer has them (Unicode 9.0). Generated by
// tests/reference/tokenizer_unicode.py from the answers of tokenizers {tokenizers.__version__}; do not edit. Sorted by code point.
#pragma once

#include <tl/text/unicode_tables.hpp>

namespace tl::detail::text {{

struct CanonicalStep {{
  char32_t from, first, second;
}};

'''
    with open(path, 'w', encoding='utf8') as out:
        out.write(text + '\n'.join(parts) + '\n}  // namespace tl::detail::text\n')
    print('canonical', len(canonical), 'compatible', len(compatible), 'excluded', len(excluded))
    return canonical


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, '..', '..', 'include', 'tl', 'text')
    canonical = write_decompositions(os.path.join(folder, 'decomposition_tables.hpp'))
    sets, lowered, decomposed, strip = ask()
    for o in HANGUL:
        s = o - 0xAC00
        t = s % 28
        assert decomposed.pop(o) == chr(0x1100 + s // 588) + chr(0x1161 + s % 588 // 28) + (
            chr(0x11A7 + t) if t else ''
        )
    kept, dropped = combining_classes(sets, strip)
    # What strip_accents does follows from the canonical steps and the dropped marks.
    assert set(decomposed) == set(canonical) - set(sets['dropped'])
    assert {o: v for o, v in lowered.items() if len(v) > 1} == {0x130: 'i\u0307'}
    runs = lower_runs({o: ord(v) for o, v in lowered.items() if len(v) == 1})
    reordered = set(kept) | {o for o, v in decomposed.items() if any(ord(c) in kept for c in v)}

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
            'Word characters: \\w of the Whitespace splitter and of the single_word rule of added tokens.',
        ),
        table('CodePointRange', 'mark_ranges', pairs(sets['mark']), 'Removed by the normalizer StripAccents.'),
        table('CodePointRange', 'numeric_ranges', pairs(sets['numeric']), 'Digits and other numbers.'),
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

'''
    text += '\n'.join(parts) + '\n}  // namespace tl::detail::text\n'
    path = os.path.join(folder, 'unicode_tables.hpp')
    with open(path, 'w', encoding='utf8') as out:
        out.write(text)
    print({k: len(v) for k, v in sets.items()}, 'lower', len(lowered), 'decomposed', len(decomposed), 'kept', len(kept))


main()
