"""Writes data/parameter_groups.json: ten steps of torch.optim.AdamW with parameter groups.

    python make_group_cases.py
"""
import json
import os

import torch

torch.manual_seed(0)
shapes = {"embed.table": (5, 4), "layer.0.weight": (3, 4), "layer.0.bias": (3,), "layer.1.weight": (3, 4), "head.weight": (2, 3),
          "head.bias": (2,)}
values = {name: torch.round(torch.randn(shape) * 256) / 256 for name, shape in shapes.items()}
gradients = [{name: torch.round(torch.randn(shape) * 256) / 256 for name, shape in shapes.items()} for _ in range(10)]
# Rows of the table without a gradient are what an optimizer may defer.
for step, its in enumerate(gradients):
    for row in range(5):
        if (row + step) % 3:
            its["embed.table"][row] = 0
rates = {"embed.table": 1e-3, "layer.0.weight": 5e-3, "layer.0.bias": 5e-3, "layer.1.weight": 1e-2, "head.weight": 5e-2,
         "head.bias": 5e-2}
decays = {"embed.table": 0.0, "layer.0.weight": 0.1, "layer.0.bias": 0.0, "layer.1.weight": 0.1, "head.weight": 0.3,
          "head.bias": 0.0}
parameters = {name: torch.nn.Parameter(value.clone()) for name, value in values.items()}
optimizer = torch.optim.AdamW([{"params": [parameters[name]], "lr": rates[name], "weight_decay": decays[name]}
                               for name in shapes], lr=1e-2, weight_decay=0.1, fused=True)
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / 20)
for its in gradients:
    for name, parameter in parameters.items():
        parameter.grad = its[name].clone()
    optimizer.step()
    schedule.step()
document = {"about": "see make_group_cases.py", "torch": torch.__version__,
            "names": list(shapes), "shapes": [list(shape) for shape in shapes.values()],
            "values": [value.reshape(-1).tolist() for value in values.values()],
            "gradients": [[its[name].reshape(-1).tolist() for name in shapes] for its in gradients],
            "after": [parameters[name].detach().reshape(-1).tolist() for name in shapes]}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "parameter_groups.json"), "w") as out:
    json.dump(document, out, separators=(",", ":"))
    out.write("\n")
