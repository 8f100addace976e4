"""Compares tl with PyTorch on a real model: logits of 64 texts, loss of a batch of 16, every gradient, losses of updates.

    python compare_model.py --model MODEL_DIR --tl BUILD/tests/tl_model_dump [--pairs] [--tokens] [--updates 60] [--seed 42]

MODEL_DIR is any DistilBERT or BERT checkpoint with a tokenizer.json; a fresh two-class head is drawn, saved with the encoder
to a temporary folder, and both programs load that folder. With --pairs every text has a second one, with --tokens the head
is one for tokens. With --updates N both train the model for N updates of AdamW, each on the next 16 texts, and the loss of
each update is compared. Needs torch, transformers and safetensors. Ends with status 1 if a difference is larger than: logits
2e-5 absolute, loss 1e-6 relative, a gradient 1e-4 relative in norm, the loss of an update 1e-3.
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
from transformers import (AutoModelForSequenceClassification, AutoModelForTokenClassification, AutoTokenizer,
                          set_seed)

SUBJECTS = ["the soup", "this lamp", "our guide", "a second-hand bicycle", "the third chapter", "her violin", "the ferry"]
VERDICTS = ["was better than anyone had promised", "broke after nine days", "made us laugh, then think",
            "arrived late and smelled of paint", "is worth twice its price", "never quite works", "kept us awake all night"]
TAILS = ["", " and I would buy it again.", ", although the manual, forty pages of it, explains nothing.",
         " - ask me again in a year!", " (so said my uncle, who repairs clocks in a small town by the sea and trusts nobody)."]


def texts():
    """64 texts of mixed length: one word up to more than the model reads."""
    made = []
    for i in range(60):
        first = f"{SUBJECTS[i % 7]} {VERDICTS[(i * 3 + i // 7) % 7]}{TAILS[i % 5]}"
        made.append(" ".join([first] * (1 + (i * i) % 6)))
    return made + ["Fine", "no", "café naïve 東京 ...", " ".join([SUBJECTS[0]] * 400)]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--model", required=True)
    arguments.add_argument("--tl", required=True, help="the program tl_model_dump")
    arguments.add_argument("--pairs", action="store_true")
    arguments.add_argument("--tokens", action="store_true")
    arguments.add_argument("--updates", type=int, default=0)
    arguments.add_argument("--learning_rate", type=float, default=5e-5)
    arguments.add_argument("--seed", type=int, default=42)
    arguments = arguments.parse_args()
    transformers.logging.set_verbosity_error()
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    set_seed(arguments.seed)
    kind = AutoModelForTokenClassification if arguments.tokens else AutoModelForSequenceClassification
    model = kind.from_pretrained(arguments.model, num_labels=2, dtype=torch.float32)
    fields = [name for name in vars(model.config) if "dropout" in name and getattr(model.config, name) is not None]
    model = kind.from_pretrained(arguments.model, num_labels=2, dtype=torch.float32, **dict.fromkeys(fields, 0.0))
    longest = model.config.max_position_embeddings
    made = texts()
    seconds = [made[(i * 5 + 3) % len(made)] for i in range(len(made))] if arguments.pairs else None
    encoded = tokenizer(made, seconds, truncation=True, max_length=longest, return_token_type_ids=True)
    ids = encoded["input_ids"]
    types = encoded["token_type_ids"] if arguments.pairs and model.config.model_type == "bert" else []

    def labels_of(rows):
        if not arguments.tokens:
            return [(i * 7 // 3) % 2 for i in rows]
        return [[-100 if j % 5 == 0 else (i + j) % 2 for j in range(len(ids[i]))] for i in rows]

    def flat(labels):
        return sum(labels, []) if arguments.tokens else labels

    def as_tensor(labels):
        width = max(map(len, labels)) if arguments.tokens else 0
        return torch.tensor([row + [-100] * (width - len(row)) for row in labels] if arguments.tokens else labels)

    batches = [range(k * 16 % len(ids), k * 16 % len(ids) + 16) for k in range(arguments.updates)]

    def inputs(rows):
        batch = tokenizer.pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt")
        width = batch["input_ids"].shape[1]
        if types:
            batch["token_type_ids"] = torch.tensor([types[row] + [0] * (width - len(types[row])) for row in rows])
        return batch

    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        cases, out = os.path.join(folder, "cases.json"), os.path.join(folder, "out.safetensors")
        with open(cases, "w") as file:
            cases_of = {"task": "tokens" if arguments.tokens else "sequences", "sequences": ids, "types": types, "batch": 16,
                        "labels": flat(labels_of(range(16))), "overrides": ",".join(f"{name}=0" for name in fields)}
            if batches:
                cases_of.update(updates=[flat(labels_of(rows)) for rows in batches], learning_rate=arguments.learning_rate)
            json.dump(cases_of, file)
        subprocess.run([arguments.tl, folder, cases, out], check=True)
        ours = load_file(out)

    model.eval()
    logits = []
    with torch.no_grad():
        # One text at a time, so that padding adds no rounding of its own.
        for row in range(len(ids)):
            one = model(**inputs([row])).logits[0]
            logits += list(one) if arguments.tokens else [one]
    model.train()
    loss = model(**inputs(range(16)), labels=as_tensor(labels_of(range(16)))).loss
    loss.backward()

    loss = loss.detach()
    logit_difference = float((torch.stack(logits) - ours["logits"]).abs().max())
    loss_difference = abs(float(loss) - float(ours["loss"])) / float(loss)
    gradients = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=arguments.learning_rate, weight_decay=0.0)
    losses = []
    for rows in batches:
        optimizer.zero_grad()
        update = model(**inputs(rows), labels=as_tensor(labels_of(rows))).loss
        update.backward()
        optimizer.step()
        losses.append(update.item())
    differences = {}
    for name, gradient in gradients.items():
        # A key's bias shifts all scores of a row alike: its gradient is zero but for rounding, in both programs, so it is
        # measured against the query's.
        scale = gradients[name.replace("k_lin.bias", "q_lin.bias").replace("key.bias", "query.bias")].norm()
        differences[name] = float((gradient - ours["gradient." + name]).norm() / scale)
    worst = max(differences, key=differences.get)
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, {torch.get_num_threads()} threads")
    print(f"{len(ids)} texts of {min(map(len, ids))} to {max(map(len, ids))} tokens, {len(differences)} gradients")
    print(f"logits: largest difference {logit_difference:.3g} (allowed 2e-5), largest |logit| "
          f"{float(torch.stack(logits).abs().max()):.3g}")
    print(f"loss: {float(loss):.8f} and {float(ours['loss']):.8f}, relative difference {loss_difference:.3g} (allowed 1e-6)")
    print(f"gradients: largest relative difference in norm {differences[worst]:.3g} (allowed 1e-4), {worst}; "
          f"median {sorted(differences.values())[len(differences) // 2]:.3g}")
    training_difference = max((abs(x - float(y)) for x, y in zip(losses, ours.get("losses", []))), default=0.0)
    if losses:
        print(f"{len(losses)} updates, losses from {losses[0]:.4f} to {losses[-1]:.4f}: largest difference "
              f"{training_difference:.3g} (allowed 1e-3)")
    sys.exit(training_difference > 1e-3 or not (logit_difference <= 2e-5 and loss_difference <= 1e-6 and differences[worst] <= 1e-4))


if __name__ == "__main__":
    main()
