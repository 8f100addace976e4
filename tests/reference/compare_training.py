#!/usr/bin/env python3
"""Compares a training run of `tl train` with the same job on the Python stack, value by value. Standard library only.

    python compare_training.py --python report.json --tl OUTPUT_DIR [--tolerance 1e-3]

report.json is what train_with_python.py wrote; OUTPUT_DIR is the output_dir of `tl train` with the same arguments.
Both must have logged every step (--logging_steps 1). Prints the worst differences and exits with 1 if a loss or
eval_loss differs by more than the tolerance, a learning rate by more than 1e-12, the order of log entries at all, or an
accuracy by more than one row.
"""
import argparse
import json
import os
import sys


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--python', required=True)
    p.add_argument('--tl', required=True)
    p.add_argument('--tolerance', type=float, default=1e-3)
    p.add_argument('--eval_rows', type=int, default=200)
    a = p.parse_args()
    with open(a.python) as file:
        report = json.load(file)
    python_log = report['log_history'] if 'log_history' in report else report['log']
    with open(os.path.join(a.tl, 'trainer_state.json')) as file:
        tl_log = json.load(file)['log_history']

    def pick(log, key):
        return [(entry['step'], entry[key]) for entry in log if key in entry and 'train_runtime' not in entry]

    failed = False
    # tl_loss is not rounded; neither is the loss of version 5 of the Python stack.
    for key, limit in (('loss', a.tolerance), ('tl_loss', None), ('eval_loss', a.tolerance), ('learning_rate', 1e-12),
                       ('grad_norm', None), ('eval_accuracy', 1.0 / a.eval_rows + 1e-9)):
        ours, theirs = pick(tl_log, key), pick(python_log, key.removeprefix('tl_'))
        count = min(len(ours), len(theirs))
        # evaluate() after training may add one more entry on either side
        steps_agree = count > 0 and [s for s, _ in ours[:count]] == [s for s, _ in theirs[:count]]
        worst = max(((abs(x - y), step, x, y) for (step, x), (_, y) in zip(ours, theirs)), default=None)
        good = steps_agree and worst is not None and (limit is None or worst[0] <= limit)
        failed |= not good
        if worst:
            print(f'{key}: {count} values, largest difference {worst[0]:.3g} at step {worst[1]} '
                  f'(tl {worst[2]:.9g}, Python {worst[3]:.9g}){"" if limit is None else f", allowed {limit:.3g}"}: '
                  f'{"ok" if good else "FAILED"}')
        else:
            print(f'{key}: no values in common: FAILED')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
