#!/usr/bin/env python3
"""What one stack saved, the other loads and predicts the same: labels, and scores to 1e-5, in both directions.

    python compare_saved_model.py --tl PATH_OF_TL --model FOLDER_WITH_A_HEAD [--texts FILE.jsonl]

FOLDER is a classifier that tl saved. Its predictions by tl and by a transformers pipeline are compared; then Python saves
the model it loaded into a temporary folder, and the predictions of tl on that folder are compared with Python's.
Needs torch and transformers; nothing is downloaded.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile


def tl_predictions(tl, model, texts):
    out = subprocess.run([tl, 'predict', '--model_name_or_path', model, '--file', texts, '--json'], check=True,
                         capture_output=True, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    p.add_argument('--tl', required=True)
    p.add_argument('--model', required=True)
    p.add_argument('--texts', default=os.path.join(here, '..', '..', 'examples', 'data', 'reviews', 'test.jsonl'))
    a = p.parse_args()
    os.environ['HF_HUB_OFFLINE'] = '1'
    import transformers
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline
    with open(a.texts) as file:
        texts = [json.loads(line)['text'] for line in file]
    tokenizer = AutoTokenizer.from_pretrained(a.model)
    model = AutoModelForSequenceClassification.from_pretrained(a.model)
    theirs = pipeline('text-classification', model=model, tokenizer=tokenizer, device='cpu')(texts)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        for name, path in (('saved by tl', a.model), ('saved by Python', folder)):
            ours = tl_predictions(a.tl, path, a.texts)
            labels = sum(x['label'] != y['label'] for x, y in zip(ours, theirs))
            worst = max(abs(x['score'] - y['score']) for x, y in zip(ours, theirs))
            good = len(ours) == len(theirs) and labels == 0 and worst <= 1e-5
            failed |= not good
            print(f'{name} (transformers {transformers.__version__}): {len(ours)} texts, {labels} other labels, '
                  f'largest difference of scores {worst:.2g}: {"ok" if good else "FAILED"}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
