"""Writes data/tiny_distilbert/ and data/model_cases.safetensors, the reference's answers for a very small DistilBERT.

    python make_model_cases.py        # torch 2.15.0, transformers 5.23.0, seed 20

The model is random (weights N(0, 0.2), so that every path carries signal) and saved by save_pretrained itself. The cases:
eleven sequences of 1 to 24 tokens, their logits, hidden states, loss and every gradient in float32, the same under bfloat16
autocast on the CPU, and logits and loss with the other activations.
"""
import json
import os
import shutil

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import transformers
from safetensors.torch import save_file
from transformers import DistilBertConfig, DistilBertForSequenceClassification

torch.set_num_threads(1)
transformers.logging.disable_progress_bar()
data = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
folder = os.path.join(data, "tiny_distilbert")
shutil.rmtree(folder, ignore_errors=True)

torch.manual_seed(20)
names = ["calm", "glad", "sad"]
config = DistilBertConfig(vocab_size=50, max_position_embeddings=24, n_layers=3, n_heads=4, dim=24, hidden_dim=40,
                          id2label=dict(enumerate(names)), label2id={name: i for i, name in enumerate(names)})
model = DistilBertForSequenceClassification(config)
with torch.no_grad():
    for name, parameter in model.named_parameters():
        parameter.normal_(1.0 if name.lower().endswith("norm.weight") else 0.0, 0.2)

lengths = [7, 1, 24, 3, 12, 2, 16, 5, 9, 20, 4]
sequences = [torch.randint(1, 50, (length,)) for length in lengths]
labels = torch.tensor([0, 2, 1, 1, 0, 2, 2, 1, 0, 1, 2])
ids = torch.zeros(len(lengths), max(lengths), dtype=torch.int64)
mask = torch.zeros_like(ids)
for row, sequence in enumerate(sequences):
    ids[row, : len(sequence)] = sequence
    mask[row, : len(sequence)] = 1

# The first labelled batch sets problem_type, which save_pretrained then writes.
model.eval()(input_ids=ids, attention_mask=mask, labels=labels)
model.save_pretrained(folder)

cases = {"input_ids": torch.cat(sequences).to(torch.int32), "lengths": torch.tensor(lengths, dtype=torch.int32),
         "labels": labels}


def run(prefix, gradients, autocast=False, shift=0.0, **overrides):
    """One training step's loss, logits and gradients with dropout 0, and pre_classifier.bias raised by `shift`."""
    model = DistilBertForSequenceClassification.from_pretrained(
        folder, dropout=0.0, attention_dropout=0.0, seq_classif_dropout=0.0, **overrides)
    model.train()
    with torch.no_grad():
        model.pre_classifier.bias += shift
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        output = model(input_ids=ids, attention_mask=mask, labels=labels)
    cases[prefix + "logits"] = output.logits.detach().float().contiguous()
    cases[prefix + "loss"] = output.loss.detach().float().reshape(())
    if gradients:
        output.loss.backward()
        for name, parameter in model.named_parameters():
            cases[prefix + "gradient." + name] = parameter.grad.contiguous()
    return model


model = run("", True)
with torch.no_grad():
    hidden = model.distilbert(input_ids=ids, attention_mask=mask).last_hidden_state
cases["hidden"] = torch.cat([hidden[row, :length] for row, length in enumerate(lengths)])
# Without the shift some ReLU units are so near to zero that a rounding switches them, and two correct gradients differ by
# a tenth.
run("bf16.", True, autocast=True, shift=6.0)
run("shifted.", True, shift=6.0)
run("gelu_new.", False, activation="gelu_new")
run("relu.", False, activation="relu")
save_file(cases, os.path.join(data, "model_cases.safetensors"),
          metadata={"made_by": "make_model_cases.py, seed 20", "torch": torch.__version__,
                    "transformers": transformers.__version__})
print(json.dumps({name: os.path.getsize(os.path.join(data, name)) for name in ["model_cases.safetensors"]}))
