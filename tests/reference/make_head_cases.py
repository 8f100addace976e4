"""Writes data/head_cases.json: what the reference draws for parameters that no checkpoint has.

    python make_head_cases.py        # torch 2.15.0 with AVX2 or AVX-512, transformers 5.23.0; after make_model_cases.py

Three situations, each after set_seed: an encoder without a head, a head of another size (ignore_mismatched_sizes), and a model
from a configuration alone. Values as float32 bit patterns (the first eight) and SHA-256 over all bytes.
"""
import hashlib
import json
import os
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import numpy
import torch
import transformers
from transformers import DistilBertConfig, DistilBertForSequenceClassification, DistilBertModel, set_seed

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
data = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
tiny = os.path.join(data, "tiny_distilbert")


def describe(model, wanted=lambda name: True):
    found = {}
    for name, parameter in model.named_parameters():
        if wanted(name):
            values = parameter.detach().numpy().astype("<f4").ravel()
            found[name] = {"n": int(values.size), "first": [f"{bits:08x}" for bits in values.view("<u4")[:8].tolist()],
                           "sha256": hashlib.sha256(values.tobytes()).hexdigest()}
    return found


def head(name):
    return not name.startswith("distilbert.")


cases = {"about": "see make_head_cases.py", "versions": {"torch": torch.__version__,
         "transformers": transformers.__version__, "cpu": torch.backends.cpu.get_cpu_capability()}}
with tempfile.TemporaryDirectory() as base:
    DistilBertModel.from_pretrained(tiny).save_pretrained(base)
    cases["from_pretrained"] = []
    for seed, labels in ((42, 2), (42, 5), (2**32 + 7, 3)):
        set_seed(seed % 2**32)
        model = DistilBertForSequenceClassification.from_pretrained(base, num_labels=labels)
        cases["from_pretrained"].append({"seed": seed, "num_labels": labels, "tensors": describe(model, head)})

set_seed(3)
model = DistilBertForSequenceClassification.from_pretrained(tiny, num_labels=4, ignore_mismatched_sizes=True)
cases["mismatched_head"] = {"seed": 3, "num_labels": 4, "tensors": describe(model, head)}
set_seed(3)
model = DistilBertForSequenceClassification.from_pretrained(tiny, vocab_size=61, ignore_mismatched_sizes=True)
cases["mismatched_vocabulary"] = {"seed": 3, "vocab_size": 61, "tensors": describe(model, lambda name: "word_emb" in name)}

shape = dict(vocab_size=50, max_position_embeddings=20, n_layers=2, n_heads=2, dim=24, hidden_dim=37)
cases["from_config"] = []
for seed, extra in ((42, {}), (1, {"num_labels": 5}), (9, {"sinusoidal_pos_embds": True})):
    fields = {**shape, **extra}
    set_seed(seed)
    model = DistilBertForSequenceClassification(DistilBertConfig(**fields))
    cases["from_config"].append({"seed": seed, "config": fields, "tensors": describe(model, lambda n: "weight" in n)})
set_seed(5)
model = DistilBertModel(DistilBertConfig(**shape))
cases["from_config_without_head"] = {"seed": 5, "config": shape, "tensors": describe(model, lambda n: "weight" in n)}
set_seed(9)
table = DistilBertModel(DistilBertConfig(**shape, sinusoidal_pos_embds=True)).embeddings.position_embeddings.weight
cases["sinusoidal"] = {"shape": list(table.shape),
                       "bits": [f"{v:08x}" for v in table.detach().numpy().ravel().view("<u4").tolist()]}
cases["parameters"] = {"sequence_classification": sum(
    p.numel() for p in DistilBertForSequenceClassification(DistilBertConfig()).parameters())}
cases["parameters"]["base"] = sum(p.numel() for p in DistilBertModel(DistilBertConfig()).parameters())
model = DistilBertForSequenceClassification.from_pretrained(tiny)
cases["tree"] = str(model)
cases["names"] = [name for name, _ in model.named_parameters()]
with open(os.path.join(data, "head_cases.json"), "w") as out:
    json.dump(cases, out, indent=1)
    out.write("\n")
