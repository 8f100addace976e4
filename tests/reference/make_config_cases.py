"""Writes data/config_cases.json: configurations as users have them, and the config.json that the reference writes back.

    python make_config_cases.py        # transformers 5.23.0

Each case is the text of a config.json, what from_pretrained reads from it, and the text of the config.json that the
reference saves again, for a sequence classifier (written here with a small model so that it really is save_pretrained).
"""
import json
import os
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import transformers
from transformers import DistilBertConfig, DistilBertForSequenceClassification

transformers.logging.set_verbosity_error()
small = {"model_type": "distilbert", "vocab_size": 20, "max_position_embeddings": 8, "n_layers": 1, "n_heads": 2, "dim": 4,
         "hidden_dim": 6}
twelve = {str(i): f"topic {i}" for i in range(12)}
inputs = {
    "defaults": small,
    "older file": {**small, "_name_or_path": "somewhere", "torch_dtype": "float32", "tie_weights_": True,
                   "architectures": ["DistilBertForMaskedLM"], "transformers_version": "4.10.0.dev0"},
    "aliases": {"model_type": "distilbert", "vocab_size": 20, "max_position_embeddings": 8, "num_hidden_layers": 2,
                "num_attention_heads": 2, "hidden_size": 4, "hidden_dim": 6},
    "unknown keys": {**small, "my_key": [1, 2.5, None, {"a": "é"}], "zeta": False, "Alpha": 1e-7},
    "three labels": {**small, "id2label": {"0": "x", "1": "y", "2": "z"}, "label2id": {"x": 0, "y": 1, "z": 2}},
    "twelve labels": {**small, "id2label": twelve, "label2id": {name: int(i) for i, name in twelve.items()}},
    "named pair": {**small, "id2label": {"0": "NEGATIVE", "1": "POSITIVE"}, "label2id": {"NEGATIVE": 0, "POSITIVE": 1}},
    "no padding": {**small, "pad_token_id": None},
    "one label": {**small, "id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}, "problem_type": "regression"},
    "numbers": {**small, "dropout": 0, "attention_dropout": 1, "initializer_range": 1e-05, "seq_classif_dropout": 0.25},
    "sinusoidal": {**small, "sinusoidal_pos_embds": True, "activation": "relu"},
}
cases = {"about": "see make_config_cases.py", "transformers": transformers.__version__, "cases": []}
for name, content in inputs.items():
    with tempfile.TemporaryDirectory() as folder:
        text = json.dumps(content, indent=2)
        with open(os.path.join(folder, "config.json"), "w") as out:
            out.write(text)
        config = DistilBertConfig.from_pretrained(folder)
        DistilBertForSequenceClassification(config).save_pretrained(folder)
        saved = open(os.path.join(folder, "config.json")).read()
    cases["cases"].append({"name": name, "input": text, "saved": saved, "num_labels": config.num_labels,
                           "id2label": {str(k): v for k, v in config.id2label.items()}, "dim": config.dim,
                           "n_layers": config.n_layers, "n_heads": config.n_heads})
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "config_cases.json"), "w") as out:
    json.dump(cases, out, indent=1)
    out.write("\n")
