#!/usr/bin/env python3
"""Compares texts in windows with PyTorch: tokens, pooled logits, loss and every gradient.

    python compare_windows.py --model MODEL_DIR --dump BUILD/tests/tl_model_dump --tl BUILD/tools/tl [--texts 24]

MODEL_DIR is any DistilBERT or BERT checkpoint with a tokenizer.json; a fresh three-class head is drawn and saved with the
encoder to a temporary folder that both stacks load. The reference's tokenizer cuts texts into windows of 48 tokens that
overlap by 12; torch computes the logits of all windows, their mean or highest per text, and the loss of the texts. tl gets
the same windows for the gradients, and the texts themselves for the logits (tl predict --long_texts windows). Needs torch,
transformers and safetensors. Ends with status 1 if a difference is larger than: logits 1e-4 absolute, loss 1e-5 relative, a
gradient 1e-4 relative in norm.
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
from transformers import AutoModelForSequenceClassification, AutoTokenizer, set_seed

from compare_model import texts

LENGTH, STRIDE = 48, 12


def pooled(logits, counts, how):
    parts = logits.split(counts)
    return torch.stack([part.mean(0) if how == "mean" else part.max(0).values for part in parts])


def gradient_difference(model, got):
    """The largest ||a - b|| / ||b||; a key's bias has no gradient but rounding and is measured against the query's."""
    worst, where = 0.0, ""
    wanted = {name: value.grad for name, value in model.named_parameters() if value.grad is not None}
    for name, value in wanted.items():
        query = name.replace("k_lin.bias", "q_lin.bias").replace("key.bias", "query.bias")
        scale = wanted[query].norm() if query in wanted else value.norm()
        difference = float((got["gradient." + name] - value).norm() / scale)
        if difference > worst:
            worst, where = difference, name
    return worst, where


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("model", "dump", "tl"):
        arguments.add_argument("--" + name, required=True)
    arguments.add_argument("--texts", type=int, default=24, help="so many, the longest ones of compare_model.py")
    arguments = arguments.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    made = sorted(texts(), key=len)[-arguments.texts :]
    encoded = tokenizer(made, truncation=True, max_length=LENGTH, stride=STRIDE, return_overflowing_tokens=True)
    owners = encoded["overflow_to_sample_mapping"]
    counts = [owners.count(i) for i in range(len(made))]
    labels = [i % 3 for i in range(len(made))]
    bad = 0
    with tempfile.TemporaryDirectory() as work:
        set_seed(42)
        fresh = AutoModelForSequenceClassification.from_pretrained(arguments.model, num_labels=3, dtype=torch.float32)
        for name in vars(fresh.config):
            if "dropout" in name and getattr(fresh.config, name) is not None:
                setattr(fresh.config, name, 0.0)
        fresh.save_pretrained(work)
        tokenizer.save_pretrained(work)
        lines = os.path.join(work, "texts.jsonl")
        with open(lines, "w") as file:
            file.writelines(json.dumps({"text": text}) + "\n" for text in made)
        for how in ("mean", "max"):
            model = AutoModelForSequenceClassification.from_pretrained(work, dtype=torch.float32).train()
            batch = tokenizer.pad({"input_ids": encoded["input_ids"]}, return_tensors="pt")
            logits = pooled(model(**batch).logits, counts, how)
            loss = torch.nn.functional.cross_entropy(logits, torch.tensor(labels))
            loss.backward()
            logits = logits.detach()
            cases, out = os.path.join(work, "cases.json"), os.path.join(work, "out.safetensors")
            with open(cases, "w") as file:
                json.dump({"task": "sequences", "sequences": encoded["input_ids"], "types": [], "overrides": "",
                           "windows": counts, "pooling": how, "batch": len(made), "labels": labels}, file)
            subprocess.run([arguments.dump, work, cases, out], check=True)
            got = load_file(out)
            answers = subprocess.run(
                [arguments.tl, "predict", "--model_name_or_path", work, "--file", lines, "--long_texts", "windows",
                 "--max_seq_length", str(LENGTH), "--stride", str(STRIDE), "--window_pooling", how, "--logits", "--json"],
                check=True, stdout=subprocess.PIPE, text=True).stdout
            predicted = torch.tensor([json.loads(line)["logits"] for line in answers.splitlines()])
            gradient, where = gradient_difference(model, got)
            differences = [("logits of the same windows", float((got["logits"] - logits).abs().max()), 1e-4),
                           ("logits of tl predict", float((predicted - logits).abs().max()), 1e-4),
                           ("loss, relative", abs(float(got["loss"]) / loss.item() - 1), 1e-5),
                           (f"gradients, relative, worst {where}", gradient, 1e-4)]
            print(f"{how}: {len(made)} texts, {sum(counts)} windows")
            for what, difference, most in differences:
                print(f"  {what}: {difference:.2e}{'' if difference <= most else '  TOO LARGE'}")
                bad |= not difference <= most
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
