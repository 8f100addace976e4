#!/usr/bin/env python3
"""Compares the speed and memory of two builds of tl by alternating runs: training steps and inference of a MiniLM.

    benchmarks/compare_versions.py OLD_BUILD NEW_BUILD --model DIR [--rounds 5] [--threads 2]

OLD_BUILD and NEW_BUILD are build folders with benchmarks; DIR is a folder with a DistilBERT encoder of width 384. A run
counts with its fastest step or batch. Prints the median of each build, the ratio of the medians (below 1: the new build
is faster), the median of the ratios of the rounds, which a machine whose speed drifts disturbs less, and the peak memory
of the processes."""
import argparse
import json
import os
import statistics
import subprocess


def measure(build, job, options):
    """One run: seconds per step or per batch, and the peak memory in MB."""
    common = ["--threads", str(options.threads), "--seconds", str(options.seconds)]
    if job == "inference":
        command = [f"{build}/benchmarks/tl_inference_time", "--model", options.model, "--batch", "32", "--length", "64"]
    else:
        command = [f"{build}/benchmarks/tl_step_time", "--width", "384", "--batch", "16", "--length", "32"]
        if job == "training, bf16":
            command.append("--bf16")
    process = subprocess.Popen(command + common, stdout=subprocess.PIPE, text=True)
    result = json.loads(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(command)} ended with status {status}")
    return result.get("min_seconds_per_step") or result["min_seconds_per_batch"], usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--model", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    for job in ("training, fp32", "training, bf16", "inference"):
        old, new = [], []
        for _ in range(options.rounds):
            old.append(measure(options.old, job, options))
            new.append(measure(options.new, job, options))
        seconds = [statistics.median(run[0] for run in runs) for runs in (old, new)]
        memory = [statistics.median(run[1] for run in runs) for runs in (old, new)]
        rounds = statistics.median(n[0] / o[0] for o, n in zip(old, new))
        print(f"{job:15} old {1e3 * seconds[0]:8.2f} ms  new {1e3 * seconds[1]:8.2f} ms  "
              f"ratio {seconds[1] / seconds[0]:.3f}, of the rounds {rounds:.3f}  "
              f"memory {memory[0]:.1f} and {memory[1]:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
