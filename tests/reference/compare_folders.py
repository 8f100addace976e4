#!/usr/bin/env python3
"""Model folders both ways: what Python saves tl loads, and what tl saves Python loads, for each class of a family.

    python compare_folders.py --model MODEL_DIR --tl BUILD/tests/tl_model_dump

MODEL_DIR is any BERT or DistilBERT checkpoint with a tokenizer. The model without a head and those with fresh heads for
sequences and for tokens are saved by Python, loaded and saved by tl, and loaded by Python again. Ends with status 1 unless
  - neither program finds a parameter missing or too many,
  - the two folders hold the same names with the same bits, and what Python computes with both is identical,
  - what tl computes with both is identical, and differs from Python's by at most 2e-5 (64 pairs of texts).
Needs torch, transformers and safetensors; nothing is downloaded.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import transformers
from safetensors.torch import load_file
from transformers import (AutoModel, AutoModelForSequenceClassification, AutoModelForTokenClassification, AutoTokenizer,
                          set_seed)

from compare_model import texts

CLASSES = {"hidden": AutoModel, "sequences": AutoModelForSequenceClassification, "tokens": AutoModelForTokenClassification}


def outputs(model, ids, types):
    """Of each text alone, so that padding adds no rounding; in tl's form: the rows of all texts end to end."""
    rows = {}
    with torch.no_grad():
        for row, types_of_row in zip(ids, types or [None] * len(ids)):
            inputs = {"input_ids": torch.tensor([row])}
            if types_of_row:
                inputs["token_type_ids"] = torch.tensor([types_of_row])
            for name, value in model.eval()(**inputs).items():
                rows.setdefault(name, []).append(value[0] if value.dim() == 3 else value)
    return {name: torch.cat(values) for name, values in rows.items()}


def compare(kind, a, tokenizer):
    loader, labels = CLASSES[kind], {} if kind == "hidden" else {"num_labels": 3}
    set_seed(42)
    model = loader.from_pretrained(a.model, **labels)
    seconds = [texts()[(i * 5 + 3) % 64] for i in range(64)]
    encoded = tokenizer(texts(), seconds, truncation=True, max_length=model.config.max_position_embeddings,
                        return_token_type_ids=True)
    ids, types = encoded["input_ids"], encoded["token_type_ids"] if model.config.model_type == "bert" else []
    with tempfile.TemporaryDirectory() as work:
        folders = [os.path.join(work, name) for name in ("python", "tl", "tl_again")]
        model.save_pretrained(folders[0])
        cases = os.path.join(work, "cases.json")
        with open(cases, "w") as file:
            json.dump({"task": kind, "sequences": ids, "types": types, "overrides": ""}, file)
        ours = []
        for source, target in zip(folders, folders[1:]):
            subprocess.run([a.tl, source, cases, os.path.join(work, "out"), target], check=True)
            ours.append(load_file(os.path.join(work, "out")))
        loaded, report = loader.from_pretrained(folders[1], output_loading_info=True)
        first, second = (load_file(os.path.join(folder, "model.safetensors")) for folder in folders[:2])
        same = set(first) == set(second) and all(torch.equal(first[name], second[name]) for name in first)
        with open(os.path.join(folders[1], "config.json")) as file:
            architecture = json.load(file)["architectures"]
    before, after = outputs(model, ids, types), outputs(loaded, ids, types)
    keys = sum(len(report[name]) for name in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    theirs = sum(int((before[name] != after[name]).sum()) for name in before)
    of_tl = sum(int((ours[0][name] != ours[1][name]).sum()) for name in before)
    worst = max(float((before[name] - ours[0][name]).abs().max()) for name in before)
    good = same and keys == 0 and theirs == 0 and of_tl == 0 and worst <= 2e-5 and architecture == [type(model).__name__]
    print(f"{architecture[0]}: {len(second)} tensors, {'the same' if same else 'OTHER'} names and bits; {keys} missing or "
          f"unexpected; other values of {', '.join(before)}: Python {theirs}, tl {of_tl}; "
          f"tl to Python at most {worst:.2g}: {'ok' if good else 'FAILED'}")
    return good


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", required=True)
    p.add_argument("--tl", required=True, help="the program tl_model_dump")
    a = p.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    print(f"torch {torch.__version__}, transformers {transformers.__version__}")
    tokenizer = AutoTokenizer.from_pretrained(a.model)
    return 0 if all([compare(kind, a, tokenizer) for kind in CLASSES]) else 1


if __name__ == "__main__":
    sys.exit(main())
