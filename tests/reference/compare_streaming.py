#!/usr/bin/env python3
"""Compares the order of streams with Python's datasets: random files, seeds, buffers, epochs and steps.

Usage: compare_streaming.py PROGRAM [CASES [SEED]]
PROGRAM is tests/reference/streaming_dump.cpp, compiled:
  g++ -std=c++20 -O1 -Iinclude tests/reference/streaming_dump.cpp -o streaming_dump -lpthread
With parquet it links tl::parquet as well, and TL_STREAM_FORMATS is "csv json text parquet".
The order is that of datasets 5.2; earlier versions shuffle in another way.
"""
import json
import os
import random
import subprocess
import sys
import tempfile

import datasets
from datasets import load_dataset

datasets.disable_progress_bars()
EXTENSIONS = {"csv": "csv", "json": "jsonl", "text": "txt", "parquet": "parquet"}


def write_files(folder, kind, sizes):
    paths, row = [], 0
    for number, size in enumerate(sizes):
        path = os.path.join(folder, f"{kind}-{number}.{EXTENSIONS[kind]}")
        rows = [{"text": f"r{i}", "n": i} for i in range(row, row + size)]
        row += size
        if kind == "parquet":
            datasets.Dataset.from_list(rows).to_parquet(path)
        else:
            with open(path, "w", encoding="utf-8") as out:
                if kind == "csv":
                    out.write("text,n\n")
                for one in rows:
                    line = {"csv": f"{one['text']},{one['n']}", "json": json.dumps(one), "text": one["text"]}[kind]
                    out.write(line + "\n")
        paths.append(path)
    return paths


def random_steps(rng, total, kind):
    steps, epoch = [], None
    for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 3])):
        step = rng.choice(["shuffle", "shuffle", "shuffle", "take", "skip", "filter", "map", "batched", "select", "remove"])
        if step == "shuffle":
            steps.append((step, rng.choice([0, 1, 42, rng.randrange(2**32), rng.randrange(2**62)]),
                          rng.choice([1, 2, 3, 7, 10, 25, 100, 1000, rng.randrange(1, 60)]), rng.choice([10, 10, 1, 2, 3])))
        elif step in ("take", "skip"):
            steps.append((step, rng.randrange(0, total + 3)))
        elif step in ("filter", "batched"):
            steps.append((step, rng.randrange(2, 9)))
        elif step == "remove" and (kind == "text" or any(s[0] in ("select", "remove") for s in steps)):
            continue
        else:
            steps.append((step,))
    if rng.random() < 0.5:
        epoch = rng.choice([0, 1, 2, 7, 1000])
    return steps + ([("epoch", epoch)] if epoch is not None else [])


def in_python(kind, paths, steps):
    rows = load_dataset(kind, data_files={"train": paths}, split="train", streaming=True)
    for name, *numbers in steps:
        if name == "shuffle":
            rows = rows.shuffle(seed=numbers[0], buffer_size=numbers[1], max_buffer_input_shards=numbers[2])
        elif name in ("take", "skip"):
            rows = getattr(rows, name)(numbers[0])
        elif name == "filter":
            rows = rows.filter(lambda row, a=numbers[0]: int(row["text"][1:]) % a != 0)
        elif name == "map":
            rows = rows.map(lambda row: {"copy": row["text"]})
        elif name == "select":
            rows = rows.select_columns(["text"])
        elif name == "remove":
            rows = rows.remove_columns(["n"])
        elif name == "batched":
            rows = rows.map(lambda batch: {"size": [1] * len(batch["text"])}, batched=True, batch_size=numbers[0])
        else:
            rows.set_epoch(numbers[0])
    return " ".join(row["text"] for row in rows)


def main():
    program, cases = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 300
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    kinds = os.environ.get("TL_STREAM_FORMATS", "csv json text").split()
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        lines, expected = [], []
        for case in range(cases):
            kind = rng.choice(kinds)
            sizes = [rng.randrange(1, 80) for _ in range(rng.choice([1, 1, 2, 3, 5, 12]))]
            os.makedirs(os.path.join(folder, str(case)))
            paths = write_files(os.path.join(folder, str(case)), kind, sizes)
            steps = random_steps(rng, sum(sizes), kind)
            lines.append(" ".join([kind, str(len(paths)), *paths, *(str(part) for step in steps for part in step)]))
            expected.append(in_python(kind, paths, steps))
        got = subprocess.run([program], input="\n".join(lines) + "\n", text=True, capture_output=True, check=True).stdout
        for line, one, other in zip(lines, expected, got.split("\n")):
            if one == other.strip():
                continue
            different += 1
            if different <= 5:
                print(f"{line}\n  python: {one[:300]}\n  tl:     {other[:300]}")
    print(f"{cases} streams, datasets {datasets.__version__}: {different} different")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
