"""Writes data/ops_weighted_losses.json: PyTorch's weighted cross-entropy, focal loss and binary cross-entropy with
pos_weight, with gradients, in the form of make_op_cases.py.

    python make_loss_cases.py        # torch 2.15.0

PyTorch has no focal loss of several classes: it is written out here, with the sum of the weights as the divisor, which
for gamma = 0 is PyTorch's weighted mean.
"""
import json
import os

import torch
import torch.nn.functional as F

torch.manual_seed(5)
cases = []


def add(kind, name, logits, loss, options, **tensors):
    logits = logits.double().requires_grad_(True)
    y = loss(logits)
    dy = torch.tensor(0.7, dtype=torch.float64)
    y.backward(dy)
    stored = {"logits": logits.detach(), "y": y.detach(), "dy": dy, "dlogits": logits.grad, **tensors}
    cases.append({"name": f"{kind}: {name}", "reduction": logits.shape[-1], "leaves": ["logits"],
                  "options": {"kind": kind, **options},
                  "tensors": {key: {"shape": list(value.shape), "values": value.reshape(-1).tolist()}
                              for key, value in stored.items()}})


def focal(logits, labels, weights, gamma):
    logp = F.log_softmax(logits, -1)
    counted = labels != -100
    chosen = logp[counted].gather(1, labels[counted, None])[:, 0]
    w = weights[labels[counted]]
    return (w * (1 - chosen.exp()) ** gamma * -chosen).sum() / w.sum()


def single(value):
    """The value that a float holds, so that both precisions have the same input."""
    return value.float().double()


for name, classes, labels, spread, options in (
        ("two classes", 2, [0, 1, 1, 0, 1], 1.0, {}),
        ("ignored rows", 3, [0, -100, 2, -100, 2], 2.0, {}),
        ("label smoothing and ignored rows", 5, [0, -100, 4, 3, 1], 1.0, dict(label_smoothing=0.1)),
        ("a weight of 0", 3, [0, 1, 1, 2, 0], 1.0, dict(zero=True))):
    target = torch.tensor(labels)
    weights = single(torch.rand(classes) * 3 + 0.1)
    if options.pop("zero", False):
        weights[1] = 0
    add("cross_entropy", name, single(torch.randn(5, classes) * spread),
        lambda x: F.cross_entropy(x, target, weight=weights, **options), options, labels=target, weights=weights)

for name, gamma, spread in (("gamma 2", 2.0, 1.0), ("gamma 0.5, sure of most", 0.5, 6.0), ("gamma 1", 1.0, 2.0)):
    target = torch.tensor([0, 2, -100, 1, 2])
    weights = single(torch.rand(3) * 3 + 0.1)
    add("focal", name, single(torch.randn(5, 3) * spread), lambda x: focal(x, target, weights, gamma),
        {"focal_gamma": gamma}, labels=target, weights=weights)

for name, spread in (("near 0", 1.0), ("large logits", 40.0)):
    target = single((torch.rand(4, 3) < 0.5).double())
    target[0, 0] = 0.25
    weights = single(torch.rand(3) * 5 + 0.1)
    add("bce_with_logits", name, single(torch.randn(4, 3) * spread),
        lambda x: F.binary_cross_entropy_with_logits(x, target, pos_weight=weights), {}, target=target,
        weights=weights)

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "ops_weighted_losses.json")
with open(path, "w") as file:
    json.dump({"about": "see make_loss_cases.py", "versions": {"torch": torch.__version__}, "cases": cases}, file)
    file.write("\n")
