"""Steps of torch.optim.AdamW(fused=True), bit for bit, for tests/kernels/cpu/adamw_test.cpp.

Usage: make_adamw_reference.py tests/reference/data/adamw.json
Made with torch 2.15.0 (x86-64, AVX512), seed 0. Every number is a float32 bit pattern in hexadecimal. Gradients span
many magnitudes, some are 0; the learning rate begins at 0 as in a warm-up.
"""
import json
import sys

import torch

torch.set_num_threads(1)
COUNT = 64  # whole vectors: torch contracts the remainder (count % 16 elements) to other fused operations


def bits(tensor):
    return [f"{v & 0xffffffff:08x}" for v in tensor.detach().view(torch.int32).tolist()]


def run(weight_decay, learning_rates, betas, eps):
    generator = torch.Generator().manual_seed(0)
    parameter = torch.nn.Parameter(torch.randn(COUNT, generator=generator))
    optimizer = torch.optim.AdamW([parameter], lr=0.0, betas=betas, eps=eps, weight_decay=weight_decay, fused=True)
    case = dict(weight_decay=weight_decay, beta1=betas[0], beta2=betas[1], eps=eps, start=bits(parameter), steps=[])
    for lr in learning_rates:
        scale = 10.0 ** torch.randint(-9, 3, (COUNT,), generator=generator)
        gradient = torch.randn(COUNT, generator=generator) * scale
        gradient[torch.rand(COUNT, generator=generator) < 0.1] = 0.0
        parameter.grad = gradient.clone()
        optimizer.param_groups[0]["lr"] = lr
        optimizer.step()
        state = optimizer.state[parameter]
        case["steps"].append(dict(lr=lr, gradient=bits(gradient), parameter=bits(parameter),
                                  exp_avg=bits(state["exp_avg"]), exp_avg_sq=bits(state["exp_avg_sq"])))
    return case


rates = [0.0, 1e-5, 2e-5, 1.5e-5, 1e-3]
document = dict(about=__doc__, made_by="tests/reference/make_adamw_reference.py", torch=torch.__version__,
                cases=[run(0.01, rates, (0.9, 0.999), 1e-8), run(0.0, rates, (0.9, 0.999), 1e-8),
                       run(0.1, rates, (0.8, 0.95), 1e-6)])
with open(sys.argv[1], "w") as file:
    json.dump(document, file, separators=(",", ":"))
    file.write("\n")
