"""Writes data/schedule_cases.json: learning-rate factors of the reference's schedulers after 0, 1, 2 ... updates.

    python make_schedule_cases.py        # torch 2.15.0, transformers 5.23.0
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
for name in ("linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup", "inverse_sqrt"):
    for warmup, total in ((4, 20), (0, 20), (1, 7), (19, 189), (7, 7), (12, 10)):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
        values = []
        try:
            scheduler = get_scheduler(name, optimizer, num_warmup_steps=warmup, num_training_steps=total)
            for _ in range(min(total, 30) + 3):
                values.append(optimizer.param_groups[0]["lr"])
                optimizer.step()
                scheduler.step()
        except ZeroDivisionError:
            # polynomial divides by total - warmup; the values before that are still an answer.
            pass
        cases.append({"type": name, "warmup": warmup, "total": total, "rates": values})
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "schedule_cases.json"), "w") as out:
    header = {"about": "see make_schedule_cases.py", "torch": torch.__version__, "transformers": transformers.__version__,
              "learning_rate": rate}
    out.write(json.dumps(header)[:-1] + ', "cases": [\n' + ",\n".join(map(json.dumps, cases)) + "\n]}\n")
