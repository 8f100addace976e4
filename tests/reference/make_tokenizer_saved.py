"""Writes tests/reference/data/tokenizer_saved/: folders that the real libraries saved, for tests of loading and saving.

Usage: make_tokenizer_saved.py [FOLDER]     (FOLDER holds tokenizer_vocab.txt; default: data beside this script)

To be run twice: with transformers 4.56.2 and tokenizers 0.22.2, and with 5.23.0 and 0.23.3. Each writes its folders:

  v4_plain   DistilBertTokenizerFast with model_max_length 64, as saved by 4.56.2
  v4_added   the same after add_tokens(river, NEWTOK[lstrip]) and two additional special tokens
  v4_cased   BertTokenizerFast, do_lower_case=False, strip_accents=True, left padding
  v5_plain   BertTokenizer as saved by 5.23.0
  bert_processing   tokenizer.json with the older BertProcessing, compact, with truncation and padding set"""

import json
import os
import shutil
import sys
import tempfile
import warnings

warnings.filterwarnings('ignore')
import transformers
from tokenizers import AddedToken, Tokenizer, processors

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, 'data')
SAVED = os.path.join(DATA, 'tokenizer_saved')


def save(tokenizer, name):
    folder = os.path.join(SAVED, name)
    shutil.rmtree(folder, ignore_errors=True)
    tokenizer.save_pretrained(folder)


def load(cls, folder, config):
    with open(os.path.join(folder, 'tokenizer_config.json'), 'w', encoding='utf8') as out:
        json.dump(config, out)
    return cls.from_pretrained(folder)


os.makedirs(SAVED, exist_ok=True)
with tempfile.TemporaryDirectory() as base:
    shutil.copy(os.path.join(DATA, 'tokenizer_vocab.txt'), os.path.join(base, 'vocab.txt'))
    # From here on the folder has a tokenizer.json, so no class converts vocab.txt and leaves its own keys behind.
    transformers.BertTokenizerFast.from_pretrained(base).backend_tokenizer.save(os.path.join(base, 'tokenizer.json'))
    if transformers.__version__.startswith('4.'):
        plain = load(transformers.DistilBertTokenizerFast, base, dict(do_lower_case=True, model_max_length=64))
        save(plain, 'v4_plain')
        plain.add_tokens(['river', AddedToken('NEWTOK', lstrip=True)])
        plain.add_special_tokens({'additional_special_tokens': ['<x>', AddedToken('<y>', rstrip=True)]})
        save(plain, 'v4_added')
        save(
            load(
                transformers.BertTokenizerFast, base, dict(do_lower_case=False, strip_accents=True, padding_side='left')
            ),
            'v4_cased',
        )
        old = Tokenizer.from_file(os.path.join(base, 'tokenizer.json'))
        old.post_processor = processors.BertProcessing(('[SEP]', 3), ('[CLS]', 2))
        old.enable_truncation(8)
        old.enable_padding(length=8)
        os.makedirs(os.path.join(SAVED, 'bert_processing'), exist_ok=True)
        old.save(os.path.join(SAVED, 'bert_processing', 'tokenizer.json'), pretty=False)
    else:
        save(load(transformers.BertTokenizer, base, dict(do_lower_case=True)), 'v5_plain')
