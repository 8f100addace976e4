"""Writes tokenizer_vocab.txt, tokenizer_cases.jsonl and tokenizer_code_points.json: a small vocabulary made for the
project, and what the real libraries answer about it.

Usage: make_tokenizer_cases.py [FOLDER [RANDOM_TEXTS [SEED]]]     defaults: data beside this script, 150, 7

Made with tokenizers 0.23.3 and transformers 5.23.0, seed 7. tokenizer_cases.jsonl holds one case a line after a
header; field k says what was called. In k=trunc the first window is the result and the others its overflow; error names
the refusal: settings (when the setting is made), stride, short or second (when the text is encoded).
tokenizer_code_points.json holds CRC-32 sums over the answers for every code point, one sum per 4096 code points."""

import json
import os
import random
import sys
import warnings
import zlib

warnings.filterwarnings('ignore')
import tokenizers
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, 'data')
RANDOM_TEXTS = int(sys.argv[2]) if len(sys.argv) > 2 else 150
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 7
SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']

WORDS = (
    'the a an of and or to in on is was are be it this that with for as at by not no do does token tokens tokenizer '
    'text word words piece pieces train training model models small large layer layers head heads batch step steps '
    'loss seed data set sets file files read write load save run runs fast slow good bad fine tune tuned cat dog river '
    'bridge garden winter summer stone paper letter number morning evening city water house hello world'
).split()
TAILS = 's ing ed er est ly ness ize izer able un re pre tion al ation ful less ment y t ll ve m'.split()


def vocabulary():
    letters = [chr(o) for o in range(33, 127)]
    other = list(
        'éÉèüÜößẞøØłŁđıİæœñçåÅşğ'
        'αβγδεζηθικλμνξοπρσςτυφχψωΣΩ'
        'абвгдежзийклмнопрстуфхцчшщъыьэюяёЙ'
        'あいうかがきさしたなのはひふほま'
        'アイカガパ'
        '中文字日本語水河学大小㐀豈'
        '한국어가각'
        '€£×½²①“”‘’—–…«»¿¡·、。，！？'
    ) + [
        '\u0300',
        '\u0301',
        '\u0307',
        '\u0308',
        '\u0327',
        '\u302e',
        '\u1109',
        '\u1161',
        '\u11a8',
        '\u1100',
        '\u1112',
        '\u11ab',
    ]
    pieces = SPECIAL + ['[unused0]', '[unused1]'] + letters + other
    pieces += ['##' + c for c in 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'] + [
        '##' + c for c in other if c.isalpha() or ord(c) in (0x301, 0x307, 0x308)
    ]
    pieces += (
        WORDS
        + ['##' + t for t in TAILS]
        + [
            'The',
            'This',
            'Hello',
            'World',
            'Token',
            'cafe',
            'café',
            'uncommon',
            '##common',
            'aa',
            '##aa',
            'unable',
            '##ab',
            '##abl',
        ]
    )
    return list(dict.fromkeys(pieces))


FLAGS = {
    'uncased': dict(),
    'cased': dict(lowercase=False),
    'stripped': dict(lowercase=False, strip_accents=True),
    'accents': dict(strip_accents=False),
    'no_cjk': dict(handle_chinese_chars=False),
    'raw': dict(clean_text=False),
}
PIECES = vocabulary()
IDS = {p: i for i, p in enumerate(PIECES)}


def normalizer(name):
    return normalizers.BertNormalizer(
        **{**dict(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True), **FLAGS[name]}
    )


def make(name):
    t = Tokenizer(models.WordPiece(IDS, unk_token='[UNK]', max_input_chars_per_word=100))
    t.normalizer = normalizer(name)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece(prefix='##', cleanup=True)
    t.post_processor = processors.TemplateProcessing(
        single='[CLS]:0 $A:0 [SEP]:0',
        pair='[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1',
        special_tokens=[(x, IDS[x]) for x in ('[CLS]', '[SEP]')],
    )
    t.add_special_tokens([AddedToken(x, normalized=False, special=True) for x in SPECIAL])
    return t


TEXTS = [
    '',
    ' ',
    '\t\n\r',
    '\u200b',
    'a',
    'Hello, world!',
    'The tokenizer reads this text.',
    "It isn't un-tuned: the model's fine-tuning was fast...",
    'UNABLE unabler tokenization retokenizers',
    'a_b a.b,c;d',
    '$5.00 €5 50% x=1+2 <b>`^|~',
    'Café CAFE\u0301 cafe\u0301 naïve Ångström',
    'İstanbul ıİ i\u0307',
    'ẞ ß STRASSE',
    'ΣΟΦΟΣ σς',
    'Ёлка Й и\u0306',
    '中文字，水。abc中x',
    '㐀豈\U00020000\U0002b81f\U0002b820\U0002b920',
    '한국어 각가 한',
    'ガ か\u3099 ﾊﾟ',
    'ひらがな',
    'a\u0085b\u000bc\u000cd\u001ce',
    'a\u00a0b\u2009c\u202fd\u3000e\u1680f\u2028g',
    'a\u00adb\u200bc\u200dd\ufeffe',
    'x\ufffdy\u0000z',
    '\u0301a\u0301',
    'e\u0301\u0301\u0327x',
    '😀 😀a 🥰',
    '👩\u200d🚀 ❤\ufe0f',
    'a\u302f\U0001d165b',
    'a\u302f\u0301\U0001d165',
    'a\u302f\u034f\U0001d165',
    '\u08d4\u1b44x',
    '\U0001d15e\u302e\u0301',
    '[CLS]',
    '[SEP] [MASK] [PAD] [UNK]',
    'x[SEP]y',
    '[mask] [Mask] [[MASK]]',
    'a [MASK] b',
    '[MASK][MASK]ed',
    '[SEP',
    '[unused0] ##ing',
    ' [SEP]\u3000',
    '中[SEP]文',
    'x' * 99,
    'x' * 100,
    'x' * 101,
    'é' * 100,
    'e\u0301' * 101,
    '각' * 33,
    '각' * 34,
    'İ' * 101,
    '中' * 102,
    '!' * 102,
    '  lead and  trail  ',
    '“a” ‘b’ «c» ¿d? e…',
    '١٢ ３ ½²①',
    '\ue000a \U0010fffdb \U000e0041c',
    '\u166d \U000111c9 \u0af0',
    'ǅ Ⅷ Ⓐ \U00010400',
    'ﬁ ﷺ',
    'qzqzq unk×ab',
]


def random_texts(rng):
    pool = [
        chr(o)
        for o in (
            0x300,
            0x301,
            0x307,
            0x308,
            0x327,
            0x345,
            0x34F,
            0x302E,
            0x302F,
            0x8D4,
            0x1B44,
            0x1D165,
            0x1D15E,
            0x1E94A,
            0x0F73,
            0x0344,
            0x0C48,
            0x09CB,
            0x2126,
            0x212B,
            0x37E,
            0x1FEF,
            0x2000,
            0xAD,
            0x200B,
            0x200D,
            0xFEFF,
            0x85,
            0xA0,
            0xB,
            0x1C,
            0xFFFD,
            0,
            0x3000,
            0xE000,
            0x1F600,
            0x1F970,
            0xFE0F,
            0x2B820,
            0x2F800,
            0xF900,
            0x3400,
        )
    ]
    out = []
    for _ in range(RANDOM_TEXTS):
        parts = []
        for _ in range(rng.randint(1, 14)):
            k = rng.random()
            if k < 0.3:
                parts.append(rng.choice(WORDS + ['##' + x for x in TAILS]))
            elif k < 0.45:
                parts.append(rng.choice(pool))
            elif k < 0.6:
                parts.append(rng.choice(' \t\u00a0. ,-\'"'))
            elif k < 0.75:
                parts.append(rng.choice(PIECES[7:]))
            elif k < 0.83:
                parts.append(rng.choice(SPECIAL + ['[mask]', '[SEP', 'Token', 'x' * rng.choice([40, 100, 101])]))
            elif k < 0.93:
                parts.append(' ')
            else:
                o = rng.randrange(0x110000)
                parts.append(chr(o) if not 0xD800 <= o <= 0xDFFF else ' ')
        out.append(''.join(parts))
    return out


def row(e, full=False):
    r = dict(ids=e.ids, tokens=e.tokens, offsets=[list(o) for o in e.offsets], word_ids=e.word_ids)
    if full:
        r.update(
            type_ids=e.type_ids,
            sequence_ids=e.sequence_ids,
            special_tokens_mask=e.special_tokens_mask,
            attention_mask=e.attention_mask,
        )
    return r


def truncated(t, a, b, length, stride, strategy, side, special):
    r = dict(
        k='trunc',
        vocab='uncased',
        text=a,
        text_pair=b,
        max_length=length,
        stride=stride,
        strategy=strategy,
        side=side,
        add_special_tokens=special,
    )
    try:
        t.enable_truncation(length, stride=stride, strategy=strategy, direction=side)
    except BaseException:
        return {**r, 'error': 'settings'}
    try:
        e = t.encode(a, add_special_tokens=special) if b is None else t.encode(a, b, add_special_tokens=special)
        windows = [e] + e.overflowing
        r['windows'] = [x.ids for x in windows]
        r['offsets'] = [[list(o) for o in x.offsets] for x in windows]
    except BaseException as problem:
        text = str(problem)
        r['error'] = 'short' if 'too short' in text else 'second' if 'Second' in text else 'stride'
    return r


def cases():
    rng = random.Random(SEED)
    tokens = {name: make(name) for name in FLAGS}
    texts = TEXTS + random_texts(rng)
    for i, x in enumerate(texts):
        for name in FLAGS:
            if name in ('uncased', 'cased') or i < len(TEXTS) and not x.isascii() or rng.random() < 0.15:
                yield dict(k='single', vocab=name, text=x, **row(tokens[name].encode(x), name == 'uncased'))
    t = tokens['uncased']
    pairs = [
        ('Hello', 'world'),
        ('', ''),
        ('a', ''),
        ('', 'b'),
        ('x[SEP]y', '[MASK] z'),
        ('café\u0301', '中文 ab'),
        ('\u200b', 'x'),
    ]
    pairs += [(rng.choice(texts), rng.choice(texts)) for _ in range(20)]
    for i, (a, b) in enumerate(pairs):
        special = i % 4 != 3
        yield dict(
            k='pair',
            vocab='uncased',
            text=a,
            text_pair=b,
            add_special_tokens=special,
            **row(t.encode(a, b, add_special_tokens=special), True),
        )
    for w in [
        ['Hello,', 'Wörld'],
        ['a b', 'c'],
        [],
        [''],
        ['', 'x'],
        ['[SEP]', 'x[MASK]'],
        ['Fine', '-', 'tuning', 'U.N.'],
        ['中文', '\u200b', 'e\u0301x'],
    ]:
        for name in ('uncased', 'cased'):
            yield dict(k='words', vocab=name, words=w, **row(tokens[name].encode(w, is_pretokenized=True)))
    sentence = lambda n: ' '.join(rng.choice(WORDS) for _ in range(n))
    for length, stride in [(8, 0), (8, 2), (6, 3), (3, 0), (2, 0), (1, 0), (0, 0), (4, 2), (4, 3), (20, 0)]:
        for strategy in ('longest_first', 'only_first', 'only_second'):
            yield truncated(t, sentence(11), sentence(5), length, stride, strategy, rng.choice(['right', 'left']), True)
        for side in ('right', 'left'):
            yield truncated(t, sentence(13), None, length, stride, 'longest_first', side, True)
    for _ in range(RANDOM_TEXTS):
        yield truncated(
            t,
            sentence(rng.choice([0, 1, 2, 3, 5, 8, 13])),
            rng.choice([None, sentence(rng.choice([0, 1, 2, 3, 5, 8, 13]))]),
            rng.randint(0, 16),
            rng.choice([0, 0, 1, 2, 3]),
            rng.choice(['longest_first', 'longest_first', 'only_first', 'only_second']),
            rng.choice(['right', 'right', 'left']),
            rng.random() < 0.8,
        )
    t.no_truncation()
    for mode, length, multiple, side in [
        ('longest', None, None, 'right'),
        ('longest', None, 4, 'left'),
        ('max_length', 9, None, 'right'),
        ('max_length', 4, None, 'left'),
        ('max_length', 7, 5, 'right'),
    ]:
        for limit, stride in [(None, 0), (6, 1)]:
            batch = [sentence(n) for n in (1, 4, 9, 0)]
            t.no_padding()
            t.no_truncation()
            if limit:
                t.enable_truncation(limit, stride=stride)
            t.enable_padding(direction=side, pad_id=0, pad_token='[PAD]', length=length, pad_to_multiple_of=multiple)
            got = [[row(x, True) for x in [e] + e.overflowing] for e in t.encode_batch(batch)]
            yield dict(
                k='pad',
                vocab='uncased',
                texts=batch,
                mode=mode,
                pad_length=length,
                multiple=multiple,
                side=side,
                max_length=limit,
                stride=stride,
                rows=got,
            )
    t.no_padding()
    t.no_truncation()
    wrapper = transformers.PreTrainedTokenizerFast(tokenizer_object=t)
    clean = lambda ids: wrapper.decode(ids, clean_up_tokenization_spaces=True)
    for x in [
        "It's not . , ! ? do not we've n't 'm x ' y I 'm the model 's data they 're .",
        'a.b ! c ?',
        '[MASK] is [SEP] the [UNK]',
        'unable tokenization',
        '( a ) " b "',
        '50 % of , it',
    ]:
        ids = t.encode(x).ids + [10**6]
        text = t.decode(ids, skip_special_tokens=False)
        yield dict(
            k='decode',
            vocab='uncased',
            ids=ids,
            text=text,
            text_skip=t.decode(ids, skip_special_tokens=True),
            text_clean=clean(ids),
        )
    for w in [['##ing', '##s', 'a', '##ed'], ['.', '.', 'a', '!'], ['n', "'", 't'], ['[SEP]', 'a', '[PAD]'], []]:
        ids = [IDS[x] for x in w]
        text = t.decode(ids, skip_special_tokens=False)
        yield dict(
            k='decode',
            vocab='uncased',
            ids=ids,
            text=text,
            text_skip=t.decode(ids, skip_special_tokens=True),
            text_clean=clean(ids),
        )
    around = [
        'a <q> b',
        'a  <q>  b',
        'a<q>b',
        'a <q>b',
        '_<q>',
        'é<q>',
        'a\u0301<q>',
        '<q>\u0301',
        '٣<q>',
        '‿<q>',
        '\u200d<q>',
        '.<q>.',
        '\u3000<q>\u00a0z',
        '\u0085<q>\u0085z',
        '中<q>中',
        'Ⓐ<q>',
        '<q><q>',
        ' <q> <q> ',
        '<Q> [SEP]<q>',
    ]
    for flags in [
        dict(lstrip=True),
        dict(rstrip=True),
        dict(lstrip=True, rstrip=True),
        dict(single_word=True),
        dict(single_word=True, lstrip=True),
        dict(),
    ]:
        for normalized in (False, True):
            added = [dict(content='<q>', normalized=normalized, **flags)]
            t = make('uncased')
            t.add_tokens([AddedToken(**a) for a in added])
            for x in around:
                yield dict(
                    k='added',
                    vocab='uncased',
                    added=added,
                    text=x,
                    add_special_tokens=False,
                    **row(t.encode(x, add_special_tokens=False)),
                )
    lists = [
        (
            [
                dict(content='Café', normalized=True),
                dict(content='NEWTOK', normalized=True),
                dict(content='river', normalized=True),
                dict(content='the river is', normalized=True),
                dict(content='<x y>', normalized=False),
            ],
            [
                'CAFE newtok',
                'cafénewtoknewtok',
                'a CAFÉs',
                'ca\u0301fe\u0301',
                'The River Is good',
                'rivers',
                '中NEWTOK',
                'newtok[SEP]newtok',
                'x\u200bcafe',
                '<x y><X Y>',
            ],
        ),
        (
            [dict(content=c, normalized=False) for c in ('ab', 'abc', 'bcd', '[SEP]x')],
            ['abcd', 'abd', 'xabcdz', 'abab', 'ABC', 'a[SEP]xb', 'bcdabc'],
        ),
        (
            [
                dict(content='é', normalized=True),
                dict(content='ü', normalized=False),
                dict(content='中', normalized=True),
            ],
            ['eée\u0301', 'üu\u0308', '中文中', 'x中y'],
        ),
    ]
    for added, xs in lists:
        t = make('uncased')
        t.add_tokens([AddedToken(**a) for a in added])
        for x in xs:
            yield dict(
                k='added',
                vocab='uncased',
                added=added,
                text=x,
                add_special_tokens=False,
                **row(t.encode(x, add_special_tokens=False)),
            )
    t = make('uncased')
    t.encode_special_tokens = True
    for x in ['x[SEP]y [mask] [MASK]', '[CLS]']:
        yield dict(k='split_special', vocab='uncased', text=x, **row(t.encode(x)))
    yield from calls(sentence)


def calls(sentence):
    """The rules that decide from the arguments of a call whether truncation happens; they live in transformers."""
    long, other = sentence(12), sentence(7)
    for limit in (10, None):
        t = transformers.PreTrainedTokenizerFast(
            tokenizer_object=make("uncased"),
            pad_token="[PAD]",
            **({} if limit is None else dict(model_max_length=limit)),
        )
        for arguments in [
            {},
            dict(truncation=True),
            dict(truncation=False),
            dict(max_length=6),
            dict(max_length=6, truncation=False),
            dict(max_length=6, truncation=True),
            dict(truncation='only_first', max_length=6),
            dict(truncation='do_not_truncate', max_length=6),
            dict(max_length=6, add_special_tokens=False),
        ]:
            yield dict(
                k='call',
                vocab='uncased',
                model_max_length=limit,
                text=long,
                text_pair=None,
                arguments=arguments,
                ids=t(long, **arguments)['input_ids'],
            )
            if arguments.get('truncation') != 'only_first':
                e = t(long, other, **arguments)
                yield dict(
                    k='call',
                    vocab='uncased',
                    model_max_length=limit,
                    text=long,
                    text_pair=other,
                    arguments=arguments,
                    ids=e['input_ids'],
                )


def code_points():
    split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    sums = {}
    for name in FLAGS:
        normalize = normalizer(name).normalize_str
        sums[name] = []
        for block in range(0, 0x110000, 4096):
            crc = 0
            for o in range(block, block + 4096):
                if 0xD800 <= o <= 0xDFFF:
                    continue
                text = normalize('a' + chr(o) + 'b')
                crc = zlib.crc32(('|'.join([text] + [w for w, _ in split(text)]) + '\n').encode('utf8'), crc)
            sums[name].append(crc)
    t = make('uncased')
    t.add_tokens([AddedToken('<q>', single_word=True, normalized=False)])
    sums['single_word'] = []
    for block in range(0, 0x110000, 4096):
        crc = 0
        for o in range(block, block + 4096):
            if 0xD800 <= o <= 0xDFFF:
                continue
            found = len(PIECES) in t.encode(chr(o) + '<q>').ids
            crc = zlib.crc32(b'1' if found else b'0', crc)
        sums['single_word'].append(crc)
    return sums


def main():
    made = dict(
        made_by='tests/reference/make_tokenizer_cases.py',
        tokenizers=tokenizers.__version__,
        transformers=transformers.__version__,
        seed=SEED,
    )
    with open(os.path.join(FOLDER, 'tokenizer_vocab.txt'), 'w', encoding='utf8') as out:
        out.writelines(p + '\n' for p in PIECES)
    listed = list(cases())
    with open(os.path.join(FOLDER, 'tokenizer_cases.jsonl'), 'w', encoding='utf8') as out:
        for r in [dict(made, cases=len(listed))] + listed:
            out.write(json.dumps(r, separators=(',', ':')) + '\n')
    if len(sys.argv) <= 2:
        with open(os.path.join(FOLDER, 'tokenizer_code_points.json'), 'w', encoding='utf8') as out:
            out.write(
                '{\n'
                + ',\n'.join(f'{json.dumps(k)}: {json.dumps(v)}' for k, v in {**made, **code_points()}.items())
                + '\n}\n'
            )
    kinds = {}
    for r in listed:
        kinds[r['k'] + ' ' + r.get('error', '')] = kinds.get(r['k'] + ' ' + r.get('error', ''), 0) + 1
    print(len(PIECES), 'pieces', len(listed), 'cases', kinds)


main()
