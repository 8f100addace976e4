"""What tests/train/loss_scaling_test.cpp and tests/kernels/cpu/step_state_test.cpp expect of torch.amp.GradScaler: the
scale after each update, and the rates of a schedule that does not go on when an update is skipped, as the Trainer does
it. Usage: grad_scaler.py (needs torch)"""

import torch


def trace(overflows, rates_of=10, **settings):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: (rates_of - step) / rates_of)
    scaler = torch.amp.GradScaler("cpu", **settings)
    scales, rates = [], []
    for overflow in overflows:
        optimizer.zero_grad()
        scaler.scale(parameter.sum()).backward()
        if overflow:
            parameter.grad.fill_(float("inf"))
        rates.append(round(schedule.get_last_lr()[0], 6))
        before = scaler.get_scale()
        scaler.step(optimizer)
        scaler.update()
        scales.append(scaler.get_scale())
        if scales[-1] >= before:  # the update was made
            schedule.step()
    return scales, rates


print("ten updates:", *trace([0, 0, 1, 0, 0, 1, 1, 0, 0, 0]))
print("growth:", trace([0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1], 16, init_scale=1024, growth_interval=3)[0])
