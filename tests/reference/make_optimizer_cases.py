"""Writes data/optimizer_cases.json: torch.optim.AdamW step by step and gradient clipping, as float32 bit patterns.

    python make_optimizer_cases.py        # torch 2.15.0

Parameters of 16, 4 x 12 and 17 elements; the first two decay, the third does not. Five steps with changing learning rates; the
first is 0, as after a warm-up. "fused" is the kernel that the reference's Trainer uses on the CPU. It treats whole vectors of 16
elements of a parameter alike and its last (count mod 16) elements with another choice of fused operations, an ulp apart: here the
last element of the third parameter.
"""
import json
import os

import torch

torch.set_num_threads(1)
torch.manual_seed(5)
shapes = {"a": [16], "b": [4, 12], "c": [17]}
rates = [0.0, 1e-3, 2e-3, 1.5e-3, 1e-3]
start = {name: torch.randn(shape) for name, shape in shapes.items()}
gradients = [{name: torch.randn(shape) * 0.5**step for name, shape in shapes.items()} for step in range(len(rates))]


def bits(tensor):
    return [f"{value:08x}" for value in tensor.detach().numpy().ravel().view("<u4").tolist()]


def steps(**form):
    parameters = {name: torch.nn.Parameter(value.clone()) for name, value in start.items()}
    optimizer = torch.optim.AdamW([{"params": [parameters["a"], parameters["b"]], "weight_decay": 0.01},
                                   {"params": [parameters["c"]], "weight_decay": 0.0}], eps=1e-8, **form)
    result = []
    for rate, gradient in zip(rates, gradients):
        for group in optimizer.param_groups:
            group["lr"] = rate
        for name in parameters:
            parameters[name].grad = gradient[name].clone()
        optimizer.step()
        result.append({name: {"value": bits(p), "exp_avg": bits(optimizer.state[p]["exp_avg"]),
                              "exp_avg_sq": bits(optimizer.state[p]["exp_avg_sq"])} for name, p in parameters.items()})
    return result


def clip(max_norm):
    parameters = [torch.nn.Parameter(value.clone()) for value in start.values()]
    for parameter, name in zip(parameters, shapes):
        parameter.grad = gradients[0][name].clone()
    norm = torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    return {"max_norm": max_norm, "norm": float(norm),
            "gradients": {name: bits(p.grad) for p, name in zip(parameters, shapes)}}


cases = {"about": "see make_optimizer_cases.py", "torch": torch.__version__, "shapes": shapes, "learning_rates": rates,
         "weight_decay": 0.01, "start": {name: bits(value) for name, value in start.items()},
         "gradients": [{name: bits(value) for name, value in step.items()} for step in gradients],
         "fused": steps(fused=True), "clip": [clip(1.0), clip(0.01), clip(1000.0)]}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "optimizer_cases.json"), "w") as out:
    out.write("{" + ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in cases.items()) + "}\n")
