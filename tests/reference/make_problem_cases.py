"""Writes data/problem_cases.json: losses and gradients of the reference for the kinds of problems beside class ids.

    python make_problem_cases.py        # torch 2.15.0, transformers 5.24.0; after make_model_cases.py

data/tiny_distilbert with a head of three values, fresh after set_seed(42), without dropout: for multi_label_classification
and regression the loss of some texts, the sum of squares of every gradient, and the gradient of the classifier's bias; the
problem_type that the first batch leaves in the configuration.
"""
import json
import os

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import transformers
from transformers import DistilBertForSequenceClassification, set_seed

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
data = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
ids = [[2, 9, 17, 4, 3], [2, 33, 3], [2, 8, 8, 21, 5, 30, 3], [2, 11, 3]]
width = max(map(len, ids))
padded = torch.tensor([row + [0] * (width - len(row)) for row in ids])
mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in ids])
multi = [[1.0, 0.0, 1.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 1.0]]
values = [[0.5, -2.0, 10.0], [1.5, 0.25, -3.0], [0.0, 0.0, 0.0], [-1.0, 4.0, 2.5]]
prices = [0.5, -2.0, 10.0, 3.25]

cases = []
for name, labels, options in (
        ("several labels", multi, dict(num_labels=3, problem_type=None)),
        ("several labels, said", multi, dict(num_labels=3, problem_type="multi_label_classification")),
        ("several values", values, dict(num_labels=3, problem_type="regression")),
        ("one value", prices, dict(num_labels=1, problem_type=None))):
    set_seed(42)
    model = DistilBertForSequenceClassification.from_pretrained(
        os.path.join(data, "tiny_distilbert"), dropout=0.0, attention_dropout=0.0, seq_classif_dropout=0.0,
        ignore_mismatched_sizes=True, **options)
    model.train()
    output = model(padded, attention_mask=mask, labels=torch.tensor(labels))
    output.loss.backward()
    cases.append({"name": name, "labels": labels, "num_labels": options["num_labels"],
                  "given": options["problem_type"], "problem_type": model.config.problem_type,
                  "weight": model.classifier.weight.detach().tolist(),
                  "loss": output.loss.item(), "logits": output.logits.detach().tolist(),
                  "bias_gradient": model.classifier.bias.grad.tolist(),
                  "norms": {part: p.grad.double().norm().item() for part, p in model.named_parameters()
                            if not part.endswith("k_lin.bias")}})

with open(os.path.join(data, "problem_cases.json"), "w") as file:
    json.dump({"about": "see make_problem_cases.py",
               "versions": {"torch": torch.__version__, "transformers": transformers.__version__}, "ids": ids,
               "cases": cases}, file)
    file.write("\n")
