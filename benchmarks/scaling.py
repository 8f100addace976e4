#!/usr/bin/env python3
"""What a training step of tl costs, and one of PyTorch beside it, over threads, length, batch size and layers.

    python scaling.py --tl-step build/release/benchmarks/tl_step_time [--curves threads,length,batch,layers]
        [--rounds 3] [--width 384] [--layers 6] [--heads 12] [--batch 16] [--length 64] [--threads 2] [--bf16]
        [--points length=16,32,64] [--output scaling.json] [--images docs/images] [--draw_only]

A curve varies one of the four and keeps the others. Each point is measured by fresh processes, tl and PyTorch in turn,
--rounds times; the median counts. All texts of a step are equally long, so neither pads. Both train a random DistilBERT
classifier with the Trainer's defaults: forward, backward, clipping, AdamW without decay on biases and layer norms,
zeroing the gradients. PyTorch runs transformers' model (sdpa) in a plain loop with the fused AdamW, without the Python
Trainer's own costs. Results are merged into the JSON file of --output after each curve, so that curves can be run one
by one; each is drawn as step_time_CURVE.svg, with --draw_only from the file alone. Run it with the Python that has
torch, transformers and matplotlib, on an idle machine.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys

MODEL_AND_DATA = ('width', 'layers', 'heads', 'batch', 'length', 'threads')
AXES = dict(threads='threads', length='tokens per text', batch='texts per step', layers='layers')
COLOURS = dict(tl='#0072b2', PyTorch='#d55e00')
IMAGES = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'docs', 'images')


def default_points(a):
    return dict(threads=list(range(1, a.threads + 1)), length=[16, 32, 64, 128, 256, 512],
                batch=[1, 2, 4, 8, 16, 32, 64], layers=[1, 2, 4, 6, 8, 12])


def torch_step(a):
    """Prints what tl_step_time prints, for PyTorch."""
    import contextlib
    import resource
    import time

    import torch
    from transformers import DistilBertConfig, DistilBertForSequenceClassification, set_seed

    torch.set_num_threads(a.threads)
    set_seed(42)
    config = DistilBertConfig(dim=a.width, hidden_dim=4 * a.width, n_layers=a.layers, n_heads=a.heads,
                              max_position_embeddings=max(512, a.length), attn_implementation='sdpa')
    model = DistilBertForSequenceClassification(config).train()
    parameters = dict(model.named_parameters())
    no_decay = {n for n in parameters if n.endswith('bias') or 'layer_norm' in n or 'LayerNorm' in n}
    decay = parameters.keys() - no_decay
    optimizer = torch.optim.AdamW([dict(params=[parameters[n] for n in decay], weight_decay=0.01),
                                   dict(params=[parameters[n] for n in no_decay], weight_decay=0.0)],
                                  lr=2e-5, fused=True)
    ids = torch.randint(1, config.vocab_size, (8, a.batch, a.length))
    labels = torch.arange(a.batch) % 2
    steps, began, number = [], 0.0, 0
    while len(steps) < a.steps or time.perf_counter() - began < a.seconds:
        if number == a.warm_up:
            began = time.perf_counter()
        start = time.perf_counter()
        with torch.autocast('cpu', torch.bfloat16) if a.bf16 else contextlib.nullcontext():
            loss = model(input_ids=ids[number % 8], labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        loss.item()
        number += 1
        if number > a.warm_up:
            steps.append(time.perf_counter() - start)
    median = statistics.median(steps)
    print(json.dumps(dict(steps=len(steps), seconds_per_step=median, min_seconds_per_step=min(steps),
                          tokens_per_second=a.batch * a.length / median,
                          parameters=sum(p.numel() for p in parameters.values()), version=torch.__version__,
                          peak_memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)))


def step_time(command, a, point):
    for name in MODEL_AND_DATA:
        command += [f'--{name}', str(point[name])]
    command += ['--warm_up', str(a.warm_up), '--steps', str(a.steps), '--seconds', str(a.seconds)]
    environment = dict(os.environ, OMP_NUM_THREADS=str(point['threads']), HF_HUB_OFFLINE='1')
    run = subprocess.run(command + ['--bf16'] * a.bf16, capture_output=True, text=True, env=environment)
    if run.returncode != 0:
        sys.exit(f'failed ({run.returncode}): {" ".join(command)}\n{run.stderr[-4000:]}')
    return json.loads(run.stdout)


def measure(a, curve, values):
    points = []
    for value in values:
        point = dict({name: getattr(a, name) for name in MODEL_AND_DATA}, **{curve: value})
        rounds = dict(tl=[], PyTorch=[])
        for _ in range(a.rounds):
            rounds['tl'].append(step_time([a.tl_step], a, point))
            rounds['PyTorch'].append(step_time([sys.executable, os.path.abspath(__file__), '--torch_step'], a, point))
        seconds = {stack: statistics.median(run['seconds_per_step'] for run in runs)
                   for stack, runs in rounds.items()}
        gflop = rounds['tl'][0]['gflop_per_step']
        points.append(dict(value=value, seconds=seconds, ratio=seconds['PyTorch'] / seconds['tl'], gflop=gflop,
                           rounds=rounds))
        cells = [f'{1e3 * s:.1f} | {gflop / s:.0f}' for s in seconds.values()]
        print(f'| {curve} {value} | {gflop:.1f} | ' + ' | '.join(cells) + f' | {points[-1]["ratio"]:.2f} |', flush=True)
    return dict(fixed={name: getattr(a, name) for name in MODEL_AND_DATA if name != curve}, bf16=a.bf16, points=points)


def draw(curve, data, path):
    import matplotlib
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

    plt.rcParams.update({'svg.hashsalt': 'tl', 'font.size': 10, 'axes.spines.top': False, 'axes.spines.right': False})
    figure, axes = plt.subplots(figsize=(6.4, 4))
    values = [point['value'] for point in data['points']]
    for stack, colour in COLOURS.items():
        times = [1e3 * point['seconds'][stack] for point in data['points']]
        axes.plot(values, times, 'o-', color=colour, label=stack, zorder=3)
        if curve == 'threads':
            axes.plot(values, [times[0] * values[0] / n for n in values], ':', color=colour, zorder=2)
    highest = max(max(point['seconds'].values()) for point in data['points'])
    for point in data['points']:
        above = curve == 'threads' or (curve == 'layers' and point['seconds']['tl'] < 0.1 * highest)  # room on the axis
        axes.annotate(f'{point["ratio"]:.1f}×', (point['value'], 1e3 * point['seconds']['tl']),
                      xytext=(0, 7 if above else -14), textcoords='offset points', ha='center',
                      fontsize=8, color='#555555')
    if curve == 'threads':
        axes.plot([], [], ':', color='#555555', label='first time, divided')
    axes.plot([], [], ' ', label='numbers: PyTorch\'s time over tl\'s')
    if curve in ('length', 'batch'):
        axes.set(xscale='log', yscale='log')
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f'{y:,g}'))
        axes.yaxis.set_minor_formatter(NullFormatter())
        low, high = axes.get_ylim()
        axes.set_ylim(low / 1.5, high)
    else:
        axes.set_ylim(bottom=0)
    axes.set_xticks(values, [str(value) for value in values])
    axes.xaxis.set_minor_locator(NullLocator())
    fixed = data['fixed']
    words = dict(width='width {}', layers='{} layers', heads='{} heads', batch='{} texts per step',
                 length='{} tokens per text', threads='{} threads')
    setting = ', '.join(words[name].format(fixed[name]) for name in words if name in fixed and name != 'heads')
    axes.set_title(f'One training step over {AXES[curve]}', loc='left', fontsize=12, pad=22)
    axes.text(0, 1.025, f'DistilBERT, {"bf16" if data["bf16"] else "fp32"}: {setting}', transform=axes.transAxes,
              fontsize=9, color='#555555')
    axes.set(xlabel=AXES[curve], ylabel='milliseconds per step')
    axes.grid(color='#e6e6e6', linewidth=0.8)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=9, loc='upper center', bbox_to_anchor=(0.5, -0.16), ncols=4)
    figure.savefig(path, bbox_inches='tight', facecolor='white', dpi=120,
                   metadata={'Date': None} if path.endswith('.svg') else None)
    plt.close(figure)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--tl-step')
    p.add_argument('--curves', default=','.join(AXES))
    p.add_argument('--points', action='append', default=[], metavar='CURVE=V,V', help='other values for a curve')
    p.add_argument('--rounds', type=int, default=3)
    p.add_argument('--width', type=int, default=384)
    p.add_argument('--layers', type=int, default=6)
    p.add_argument('--heads', type=int, default=12)
    p.add_argument('--batch', type=int, default=16)
    p.add_argument('--length', type=int, default=64)
    p.add_argument('--threads', type=int, default=os.cpu_count())
    p.add_argument('--warm_up', type=int, default=2)
    p.add_argument('--steps', type=int, default=3)
    p.add_argument('--seconds', type=float, default=2)
    p.add_argument('--bf16', action='store_true')
    p.add_argument('--output', default='scaling.json')
    p.add_argument('--images', default=IMAGES)
    p.add_argument('--format', default='svg', choices=['svg', 'png'])
    p.add_argument('--draw_only', action='store_true')
    p.add_argument('--torch_step', action='store_true', help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.torch_step:
        return torch_step(a)
    if not a.tl_step and not a.draw_only:
        p.error('expected --tl-step or --draw_only')

    results = dict(machine=platform.processor() or platform.machine(), curves={})
    if os.path.exists(a.output):
        with open(a.output) as file:
            results = json.load(file)
    points = default_points(a)
    for text in a.points:
        curve, values = text.split('=')
        points[curve] = [int(value) for value in values.split(',')]
    if not a.draw_only:
        print('| | GFLOP | tl ms | GFLOP/s | PyTorch ms | GFLOP/s | tl is faster by |\n|---|---|---|---|---|---|---|')
    os.makedirs(a.images, exist_ok=True)
    for curve in a.curves.split(','):
        if not a.draw_only:
            results['curves'][curve] = measure(a, curve, points[curve])
            with open(a.output, 'w') as file:
                json.dump(results, file, indent=1)
        draw(curve, results['curves'][curve], os.path.join(a.images, f'step_time_{curve}.{a.format}'))


if __name__ == '__main__':
    main()
