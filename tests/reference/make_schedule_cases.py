"""Writes data/schedule_cases.json: learning-rate factors of the reference's schedulers after 0, 1, 2 ... updates.

    python make_schedule_cases.py        # torch 2.15.0, transformers 5.24.0
"""
import json
import os
import warnings

import torch
import transformers
from transformers import get_scheduler

warnings.simplefilter("ignore")
rate = 2e-5
cases = []


def rates(name, warmup, total, kwargs):
    """Learning rates before each update; fewer of them where the reference divides by zero."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
    values = []
    try:
        scheduler = get_scheduler(name, optimizer, num_warmup_steps=warmup, num_training_steps=total,
                                  scheduler_specific_kwargs=kwargs)
        for _ in range(min(total, 30) + 3):
            values.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
    except ZeroDivisionError:
        # polynomial divides by total - warmup; the values before that are still an answer.
        pass
    return values


for name in ("linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup", "inverse_sqrt"):
    for warmup, total in ((4, 20), (0, 20), (1, 7), (19, 189), (7, 7), (12, 10)):
        cases.append({"type": name, "warmup": warmup, "total": total, "rates": rates(name, warmup, total, None)})
with_arguments = [
    ("cosine", {"num_cycles": 1.5}), ("cosine_with_restarts", {"num_cycles": 3}),
    ("polynomial", {"lr_end": 1e-6, "power": 2.0}), ("polynomial", {"lr_end": 0.0, "power": 0.5}),
    ("inverse_sqrt", {"timescale": 50}), ("inverse_sqrt", {"timescale": 3}),
    ("cosine_with_min_lr", {"min_lr": 2e-6}), ("cosine_with_min_lr", {"min_lr_rate": 0.25, "num_cycles": 1.0}),
    ("cosine_warmup_with_min_lr", {"min_lr_rate": 0.1}),
    ("cosine_warmup_with_min_lr", {"min_lr": 1e-6, "warmup_lr_rate": 0.2, "num_cycles": 0.75}),
    ("warmup_stable_decay", {"num_decay_steps": 6}),
    ("warmup_stable_decay", {"num_decay_steps": 6, "decay_type": "linear", "warmup_type": "cosine", "min_lr_ratio": 0.1}),
    ("warmup_stable_decay", {"num_decay_steps": 5, "num_stable_steps": 4, "decay_type": "1-sqrt", "warmup_type": "1-sqrt"}),
    ("warmup_stable_decay", {"num_decay_steps": 9, "num_cycles": 1.0, "min_lr_ratio": 0.2}),
    ("warmup_stable_decay", {"num_decay_steps": 25}),
]
for name, kwargs in with_arguments:
    for warmup, total in ((4, 20), (0, 20), (1, 7), (12, 10)):
        cases.append({"type": name, "kwargs": kwargs, "warmup": warmup, "total": total,
                      "rates": rates(name, warmup, total, kwargs)})

def rates_after(name, metrics, kwargs):
    """A metric per evaluation; the rates after each of them, of a parameter with the base rate and of one with ten times it."""
    optimizer = torch.optim.SGD([{"params": [torch.nn.Parameter(torch.zeros(1))]},
                                 {"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 10 * rate}], lr=rate)
    scheduler = get_scheduler(name, optimizer, scheduler_specific_kwargs=kwargs)
    values = []
    for metric in metrics:
        scheduler.step(metric)
        values.append([group["lr"] for group in optimizer.param_groups])
    return values


falling = [1.0, 0.8, 0.81, 0.9, 0.7999, 0.79, 0.79, 0.79, 0.79, float("nan"), 0.79, 0.1, 0.2, 0.2, 0.2, 0.2, 0.2]
plateau = []
for metrics, kwargs in ((falling, {"patience": 1}), (falling, {"patience": 0, "factor": 0.5, "cooldown": 2}),
                        (falling, {"patience": 2, "threshold_mode": "abs", "threshold": 0.01, "min_lr": 1e-6}),
                        ([1 - x for x in falling], {"mode": "max", "patience": 1, "threshold": 0.05}),
                        ([1 - x for x in falling], {"mode": "max", "patience": 0, "threshold_mode": "abs"}),
                        (falling * 2, {"patience": 0, "factor": 0.3, "eps": 1e-6}), (falling, {})):
    values = rates_after("reduce_lr_on_plateau", metrics, kwargs)
    plateau.append({"kwargs": kwargs, "metrics": [None if m != m else m for m in metrics], "rates": values})

# The same for greedy. A long plateau reaches the lower bound of both rates, after which it starts again.
noisy = [0.974, 0.838, 0.701, 0.635, 0.568, 0.457, 0.406, 0.45, 0.361, 0.331, 0.383, 0.31, 0.328, 0.275]
long = [1.0, 0.9, 0.8, 0.7] + [0.7] * 16 + [0.6, 0.5, 0.4]
greedy = []
for metrics, kwargs in ((noisy, {"patience": 1, "factor": 0.5, "min_lr": 1e-6, "max_lr": 1e-3}),
                        (falling, {"patience": 0, "min_lr": 1e-6, "max_lr": 3e-4, "cooldown": 1, "warmup": 1}),
                        (long, {"patience": 0, "factor": 0.3, "min_lr": 1e-5, "max_lr": 1e-3, "reset_start": 3}),
                        (long, {"patience": 0, "factor": 0.3, "min_lr": 1e-5, "reset_start": 2, "smooth": True,
                                "window_size": 3, "cooldown": 1}),
                        ([1 - x for x in noisy], {"mode": "max", "patience": 0, "factor": 0.8, "min_lr": 1e-6,
                                                  "threshold_mode": "rel", "threshold": 0.05, "max_lr": 1e-2}),
                        (noisy, {"patience": 1})):
    values = rates_after("greedy", metrics, kwargs)
    greedy.append({"kwargs": {name: 1 if value is True else value for name, value in kwargs.items()},
                   "metrics": [None if m != m else m for m in metrics], "rates": values})
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "schedule_cases.json"), "w") as out:
    header = {"about": "see make_schedule_cases.py", "torch": torch.__version__, "transformers": transformers.__version__,
              "learning_rate": rate}
    out.write(json.dumps(header)[:-1] + ', "cases": [\n' + ",\n".join(map(json.dumps, cases)) + '\n], "plateau": [\n' +
              ",\n".join(map(json.dumps, plateau)) + '\n], "greedy": [\n' + ",\n".join(map(json.dumps, greedy)) + "\n]}\n")
