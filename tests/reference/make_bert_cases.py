"""Writes data/tiny_bert/ and data/bert_cases.safetensors, the reference's answers for a very small BERT, and for the head
for tokens on it and on data/tiny_distilbert.

    python make_bert_cases.py         # torch 2.15.0, transformers 5.24.0, seed 21

The model is random (weights N(0, 0.2), so that every path carries signal) and saved by save_pretrained itself. The cases:
nine sequences of 1 to 20 tokens, most of them pairs with token types 0 and 1, with hidden states, pooler output, and
logits, loss and every gradient of the heads for sequences and for tokens in float32.
"""
import json
import os
import shutil

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import transformers
from safetensors.torch import save_file
from transformers import AutoModelForTokenClassification, BertConfig, BertForSequenceClassification, BertModel

torch.set_num_threads(1)
transformers.logging.disable_progress_bar()
data = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
folder = os.path.join(data, "tiny_bert")
shutil.rmtree(folder, ignore_errors=True)

torch.manual_seed(21)
names = ["calm", "glad", "sad"]
config = BertConfig(vocab_size=40, max_position_embeddings=20, num_hidden_layers=3, num_attention_heads=4, hidden_size=24,
                    intermediate_size=36, layer_norm_eps=1e-7, id2label=dict(enumerate(names)),
                    label2id={name: i for i, name in enumerate(names)})


def randomize(model):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_(1.0 if name.lower().endswith("norm.weight") else 0.0, 0.2)


model = BertForSequenceClassification(config)
randomize(model)
lengths = [7, 1, 20, 3, 12, 2, 16, 5, 9]
firsts = [4, 1, 11, 2, 12, 1, 3, 5, 2]  # tokens of type 0
labels = torch.tensor([0, 2, 1, 1, 0, 2, 2, 1, 0])
ids = torch.zeros(len(lengths), max(lengths), dtype=torch.int64)
types, mask = torch.zeros_like(ids), torch.zeros_like(ids)
token_labels = torch.full_like(ids, -100)
for row, length in enumerate(lengths):
    ids[row, :length] = torch.randint(1, 40, (length,))
    types[row, firsts[row]:length] = 1
    mask[row, :length] = 1
    token_labels[row, :length] = torch.randint(0, 3, (length,))
    token_labels[row, 0] = -100
model.eval()(input_ids=ids, attention_mask=mask, token_type_ids=types, labels=labels)  # sets problem_type
model.save_pretrained(folder)


def packed(padded):
    return torch.cat([padded[row, :length] for row, length in enumerate(lengths)]).contiguous()


cases = {"input_ids": packed(ids).to(torch.int32), "token_type_ids": packed(types).to(torch.int32),
         "lengths": torch.tensor(lengths, dtype=torch.int32), "labels": labels, "token_labels": packed(token_labels)}


def run(prefix, model, inputs, of_tokens):
    """One training step's loss, logits and gradients with dropout 0."""
    model.train()
    output = model(input_ids=ids, attention_mask=mask, **inputs)
    logits = output.logits.detach()
    cases[prefix + "logits"] = packed(logits) if of_tokens else logits.contiguous()
    cases[prefix + "loss"] = output.loss.detach().reshape(())
    output.loss.backward()
    for name, parameter in model.named_parameters():
        cases[prefix + "gradient." + name] = parameter.grad.contiguous()


no_dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
run("", BertForSequenceClassification.from_pretrained(folder, **no_dropout), {"token_type_ids": types, "labels": labels},
    False)
with torch.no_grad():
    output = BertModel.from_pretrained(folder).eval()(input_ids=ids, attention_mask=mask, token_type_ids=types)
cases["hidden"], cases["pooler"] = packed(output.last_hidden_state), output.pooler_output.contiguous()


def token_head(prefix, path, inputs, **overrides):
    """Its classifier has the values of the head for sequences, which the test sets alike."""
    model = AutoModelForTokenClassification.from_pretrained(path, **overrides)
    with torch.no_grad():
        model.classifier.weight.copy_(torch.arange(72, dtype=torch.float32).reshape(3, 24).sub(36).div(100))
        model.classifier.bias.copy_(torch.tensor([0.1, -0.2, 0.3]))
    run(prefix, model, {"labels": token_labels, **inputs}, True)


token_head("tokens.", folder, {"token_type_ids": types}, **no_dropout)
token_head("distilbert.", os.path.join(data, "tiny_distilbert"), {}, dropout=0.0, attention_dropout=0.0)
save_file(cases, os.path.join(data, "bert_cases.safetensors"),
          metadata={"made_by": "make_bert_cases.py, seed 21", "torch": torch.__version__,
                    "transformers": transformers.__version__})
print(json.dumps({name: os.path.getsize(os.path.join(data, name)) for name in ["bert_cases.safetensors"]}))
