"""Compares tl with the Python stack on several labels, regression and weighted losses of a real model.

    python compare_problems.py --model MODEL_DIR --tl BUILD/tests/tl_model_dump [--updates 60] [--only NAME] [--program BUILD/tools/tl]

MODEL_DIR is any DistilBERT or BERT checkpoint with a tokenizer.json; the texts are those of compare_model.py, the labels are
made of their numbers. For each problem: loss and gradients of 16 texts (1e-6 and 1e-4 relative) and the losses that the
Python Trainer logs for each of the updates, dropout 0, AdamW with a constant rate (1e-3). Class weights and pos_weight are
torch's, in a Trainer whose compute_loss has them; with accumulation, groups of 3 micro-batches of 16 texts are compared with
batches of 48. With --program, folders that tl saves are loaded by Python, and both pipelines' scores are compared (1e-5).
Ends with status 1 if a difference is larger.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import load_file
from torch.utils.data import SequentialSampler
from transformers import (AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding, Trainer,
                          TrainingArguments, pipeline, set_seed)

from compare_model import texts

BATCH = 16


class Plain(Trainer):
    """A Trainer that takes the rows in their order."""

    def _get_train_sampler(self, *_):
        return SequentialSampler(self.train_dataset)


def weighted(loss):
    class Weighted(Plain):
        def compute_loss(self, model, inputs, return_outputs=False, **_):
            labels = inputs.pop("labels")
            output = model(**inputs)
            value = loss(output.logits, labels)
            return (value, output) if return_outputs else value

    return Weighted


def problems():
    weights, pos = torch.tensor([0.5, 1.0, 4.0]), torch.tensor([0.5, 2.0, 3.0])
    several = lambda i: [float((i * 7 // 3 + c) % (c + 2) == 0) for c in range(3)]
    numbers = lambda i: [((i * 5 + c) % 11) / 4 - 1 for c in range(3)]
    classes = lambda i: (i * 7 // 3) % 3 if i % 5 else 0
    return {
        "multi_label_classification": dict(labels=several),
        "regression, 1 value": dict(labels=lambda i: [i % 9 / 2 - 1.5], problem_type="regression"),
        "regression, 3 values": dict(labels=numbers, problem_type="regression"),
        "class weights": dict(labels=classes, class_weights=weights.tolist(),
                              loss=lambda x, y: F.cross_entropy(x, y, weight=weights)),
        "class weights and label smoothing": dict(
            labels=classes, class_weights=weights.tolist(), label_smoothing=0.1,
            loss=lambda x, y: F.cross_entropy(x, y, weight=weights, label_smoothing=0.1)),
        "class weights, groups of 3": dict(labels=classes, class_weights=weights.tolist(), accumulation=3,
                                           loss=lambda x, y: F.cross_entropy(x, y, weight=weights)),
        "pos_weight": dict(labels=several, pos_weight=pos.tolist(), problem_type="multi_label_classification",
                           loss=lambda x, y: F.binary_cross_entropy_with_logits(x, y, pos_weight=pos)),
    }


def compare(name, case, a, tokenizer, ids):
    values = isinstance(case["labels"](0), list)
    count = len(case["labels"](0)) if values else 3
    accumulation = case.get("accumulation", 1)
    set_seed(a.seed)
    options = dict(num_labels=count, dtype=torch.float32)
    if "problem_type" in case:
        options["problem_type"] = case["problem_type"]
    model = AutoModelForSequenceClassification.from_pretrained(a.model, **options)
    fields = [field for field in vars(model.config) if "dropout" in field and getattr(model.config, field) is not None]
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        model = AutoModelForSequenceClassification.from_pretrained(folder, **dict.fromkeys(fields, 0.0))
        rows = [[(k * BATCH + j) % len(ids) for j in range(BATCH)] for k in range(a.updates * accumulation)]
        labels = [[case["labels"](i) for i in row] for row in rows]
        flat = lambda batch: sum(batch, []) if values else batch
        cases = {"task": "sequences", "sequences": ids, "types": [], "batch": BATCH, "labels": flat(labels[0]),
                 "values": values, "overrides": ",".join(f"{field}=0" for field in fields), "accumulation": accumulation,
                 "updates": [flat(batch) for batch in labels], "learning_rate": a.learning_rate}
        cases.update({key: case[key] for key in ("class_weights", "pos_weight", "label_smoothing") if key in case})
        with open(os.path.join(folder, "cases.json"), "w") as file:
            json.dump(cases, file)
        saved = os.path.join(folder, "saved")
        subprocess.run([a.tl, folder, os.path.join(folder, "cases.json"), os.path.join(folder, "out.safetensors"), saved],
                       check=True)
        ours = load_file(os.path.join(folder, "out.safetensors"))

        def python_loss(batch):
            inputs = tokenizer.pad({"input_ids": [ids[i] for i in rows[batch]]}, return_tensors="pt")
            wanted = torch.tensor(labels[batch])
            if "loss" in case:
                return case["loss"](model(**inputs).logits, wanted)
            return model(**inputs, labels=wanted).loss

        first = {key: value.clone() for key, value in model.state_dict().items()}
        model.train()
        loss = python_loss(0)
        loss.backward()
        worst = 0.0
        for part, parameter in model.named_parameters():
            scale = dict(model.named_parameters())[
                part.replace("k_lin.bias", "q_lin.bias").replace("key.bias", "query.bias")].grad.norm()
            worst = max(worst, float((parameter.grad - ours["gradient." + part]).norm() / scale))
        again = AutoModelForSequenceClassification.from_pretrained(saved)
        if again.config.problem_type != (model.config.problem_type or "single_label_classification"):
            print(f"{name}: tl saved the problem_type {again.config.problem_type}: FAILED")
            return False
        model.zero_grad()
        off = abs(loss.item() - float(ours["loss"])) / abs(loss.item())

        data = [{"input_ids": ids[i], "labels": case["labels"](i)} for row in rows for i in row]
        arguments = TrainingArguments(
            output_dir=os.path.join(folder, "python"), per_device_train_batch_size=BATCH * accumulation, num_train_epochs=1,
            learning_rate=a.learning_rate, lr_scheduler_type="constant", max_grad_norm=0, logging_steps=1, weight_decay=0,
            save_strategy="no", report_to="none", use_cpu=True, disable_tqdm=True, seed=a.seed)
        kind = weighted(case["loss"]) if "loss" in case else Plain
        trainer = kind(model, arguments, train_dataset=data, data_collator=DataCollatorWithPadding(tokenizer))
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train()
        theirs = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        apart = max(abs(x - float(y)) for x, y in zip(theirs, ours["losses"]))
        alike = all(torch.equal(x, y) for x, y in zip(again.state_dict().values(), first.values()))
        good = alike and off <= 1e-6 and worst <= 1e-4 and apart <= 1e-3 and len(theirs) == len(ours["losses"])
        print(f"{name}: loss {off:.2g}, gradients {worst:.2g}, {len(theirs)} updates from {theirs[0]:.4f} to "
              f"{theirs[-1]:.4f}: {apart:.2g}: {'ok' if good else 'FAILED'}", flush=True)
        if a.program and "loss" not in case:
            good &= scores(name, a, tokenizer, model, os.path.join(folder, "trained"))
        return good


def scores(name, a, tokenizer, model, folder):
    """Whether tl's program and Python's pipeline give the same scores for a folder with this problem_type."""
    model.eval()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    made = [text for text in texts() if "\n" not in text][:20]
    out = subprocess.run([a.program, "predict", "--model_name_or_path", folder, "--json", "--truncation", "--top_k", "3"],
                         input="\n".join(made) + "\n", capture_output=True, text=True, check=True).stdout
    lines = [json.loads(line) for line in out.splitlines()]
    classify = pipeline("text-classification", model=folder, tokenizer=folder, device="cpu")
    apart = 0.0
    for ours, theirs in zip(lines, classify(made, top_k=3, truncation=True)):
        for one, other in zip(ours.get("top_k", [ours]), theirs):
            if one["label"] != other["label"]:
                apart = float("inf")
            apart = max(apart, abs(one["score"] - other["score"]))
    print(f"{name}: scores of {len(lines)} texts in both pipelines: {apart:.2g}: {'ok' if apart <= 1e-5 else 'FAILED'}")
    return apart <= 1e-5 and len(lines) == len(made)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--tl", required=True, help="the program tl_model_dump")
    parser.add_argument("--program", help="the program tl")
    parser.add_argument("--updates", type=int, default=60)
    parser.add_argument("--only", default="", help="the problems whose names have this in them")
    parser.add_argument("--learning_rate", type=float, default=5e-5)
    parser.add_argument("--seed", type=int, default=42)
    a = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(a.model)
    ids = tokenizer(texts(), truncation=True, max_length=64)["input_ids"]
    print(f"torch {torch.__version__}, transformers {transformers.__version__}")
    good = [compare(name, case, a, tokenizer, ids) for name, case in problems().items() if a.only in name]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
