"""Writes data/dataset_files.json: which files Python's datasets takes for which split, which rows a split with slices is,
and what yaml.safe_load makes of heads of cards.

Usage: make_dataset_files.py OUT, in an environment with datasets and PyYAML."""

import json
import sys
import tempfile
from pathlib import Path

import yaml
from datasets.arrow_reader import ReadInstruction
from datasets.data_files import DataFilesDict, get_data_patterns, resolve_pattern, sanitize_patterns
from datasets.load import infer_module_for_data_files
from datasets.packaged_modules import _ALL_ALLOWED_EXTENSIONS, _MODULE_TO_EXTENSIONS

SHARD = "data/{}-{:05d}-of-{:05d}.{}"

FOLDERS = [
    ["train.csv", "test.csv", "README.md"],
    ["train.jsonl", "dev.jsonl"],
    ["valid.csv", "eval.csv", "training.csv"],
    ["my_train_file_1.csv", "my_train_file_2.csv", "my-test.csv", "LICENSE"],
    ["data.csv", "more.csv"],
    ["a.json", "b.jsonl", "c.csv"],
    ["a.csv", "b.csv", "c.json"],
    ["train/a.csv", "train/b.csv", "test/a.csv"],
    ["data/train/a.csv", "data/test/b.csv", "data/other.csv"],
    ["train_data/a.csv", "x/val_1/b.csv"],
    [SHARD.format("train", i, 3, "parquet") for i in range(3)] + [SHARD.format("test", 0, 1, "parquet")],
    [SHARD.format(name, 0, 1, "csv") for name in ("validation", "random", "train", "test", "extra_1")] + ["train.csv"],
    [SHARD.format("train", 0, 1, "csv") + ".gz", "README.md"],
    ["train.csv", ".hidden/test.csv", "__pycache__/dev.csv", ".train.csv"],
    ["train.csv", "test.jsonl"],
    ["untrained.csv", "mytest.csv"],
    ["train.csv", "train.json"],
    ["sub/deep/er/train-1.csv", "sub/test 2.csv"],
    ["Train.csv", "TEST.csv"],
    ["train.txt", "test.txt"],
    ["train.tsv", "dev.tsv", "test.tsv"],
    ["train.csv.gz", "test.csv.gz"],
    ["README.md"],
    [],
    ["data/train.csv", "data/validation.csv", "images/test/1.csv"],
    ["evaluation.csv", "testing.csv", "valid_1.csv", "val_2.csv"],
    ["train1.csv", "train2.csv", "train10.csv", "test1.csv"],
    ["config.json", "dataset_infos.json", "train.json"],
]

PATTERNS = [
    (["a.csv", "b.csv", "c/d.csv", "c/e/f.csv", "g.json"], ["*.csv"]),
    (["a.csv", "b.csv", "c/d.csv", "c/e/f.csv", "g.json"], ["**/*.csv"]),
    (["a.csv", "b.csv", "c/d.csv", "c/e/f.csv", "g.json"], ["c/**"]),
    (["a.csv", "b.csv", "c/d.csv", "c/e/f.csv", "g.json"], ["**"]),
    (["a.csv", "b.csv", "c/d.csv", "c/e/f.csv", "g.json"], ["[ab].csv"]),
    (["a.csv", "b.csv", "c/d.csv", "c/e/f.csv", "g.json"], ["[!a].csv"]),
    (["a.csv", "b.csv", "c/d.csv", "c/e/f.csv", "g.json"], ["?.csv", "a.csv"]),
    (["a.csv", "b.csv", "c/d.csv", "c/e/f.csv", "g.json"], ["*/*.csv"]),
    (["a.csv", "b.csv", "c/d.csv", "c/e/f.csv", "g.json"], ["c/*"]),
    (["a-1.csv", "a-2.csv", "a-x.csv", "ab-1.csv"], ["a-[0-9].csv"]),
    (["a-1.csv", "a-2.csv", "a-x.csv", "ab-1.csv"], ["a*-*1*"]),
    ([".h/a.csv", "b/.c.csv", "d.csv"], ["**"]),
    ([".h/a.csv", "b/.c.csv", "d.csv"], [".h/*"]),
    ([".h/a.csv", "b/.c.csv", "d.csv"], ["b/.*"]),
    (["__x__/a.csv", "d.csv"], ["**/*.csv"]),
    (["__x__/a.csv", "d.csv"], ["__x__/*.csv"]),
    (["aXbXc.csv", "abc.csv"], ["a*X*c.csv"]),
]

SPLITS = [
    "train", "train[:10%]", "train[10%:]", "train[-10%:]", "train[:33%]", "train[33%:67%]", "train[5:10]", "train[:5]",
    "train[-5:]", "train[:-5]", "train[5:]", "test+train", "train[:2]+test[:2]", "train[:50%] + test[50%:]", "train[0:0]",
    "train[10:5]", "train[:200]", "train[:10%](pct1_dropremainder)", "train[:10%](closest)", "train[:5](closest)",
    "train[:10%](x)", "train[10%]", "train[]", "train[:]", "train[:101%]", "train[-100%:50%]", "nope", "train[",
    "train[1_0:1_5]", "train[:25%]+test[:25%](pct1_dropremainder)", "", "train+", "train[5:20%]", "train[50%:-10%]",
    "train[:1%]", "test[:1%]", "test[:50%]", "test[:150]", "train[-200:3]", "train [:3]", "a-b", "train[:0.5]", "all",
]

HEADS = [
    "a: 1\nb: no\nc: 'no'\nd: 010\ne: 0x1F\nf: 1_000\ng: -5\nh: 1.50\ni: .5\nj: 1e5\nk: 1.0e+5\nl: 1.\nm: +7\nn: 0o7\n",
    "o: 08\np: 0b11\nq: ~\nr:\ns: Null\nt: yes\nu: y\nv: 1.5e-3\nw: -.5\nx: 2024-1\n",
    "b: foo#bar\nc: foo #bar\nd: a:b\ne: http://x.y/z\nf: -x\n",
    "a: foo\n  bar\n  baz\n\n  qux\nb: 2\n",
    "a: \"x\\n\\u00e9\\x41 \\\n  y\"\nb: 'it''s'\nc: \"a\n  b\n\n  c\"\n",
    "a: |\n  x\n   y\n\n  z\nb: >\n  x\n  y\n\n  z\n    deep\n  q\nc: |-\n  x\nd: >-\n  x\n  y\ne: |+\n  x\n\nf: 1\n",
    "- a\n- - b\n  - c\n-\n  d: 1\n- e: 1\n  f: [1, 2, {x: y, z: }, 'q']\n-\n- [a b, \"c\"]\n",
    "{a: 1, b: {c: [x]}}\n", "plain\n", "", "# only\n", "a:\n- 1\n- 2\nb: 1\n", "a:\n  -   x: 1\n      y: 2\n",
    "a: x\r\nb: y\r\n", "'a b': 1\n\"c\\td\": 2\n", "a : 1\n", "a: [\n 1,\n # c\n 2,\n]\n", "a: # c\n  b: 1\n",
    "a: 1\n b: 2\n", "a:\n   b: 1\n  c: 2\n", "a: b: c\n", "a: [1, 2\n", "a: 'x\n", "a:\n\t- 1\n", "a: 'x' y\n",
    "a: ]\n", "a: @x\n", "a: *x\n", "é: ü\n", "a: x\n# c\n  y\n",
]


def split_files(names, patterns=None):
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder).resolve()
        for name in names:
            (base / name).parent.mkdir(parents=True, exist_ok=True)
            (base / name).write_text("text\n")
        try:
            wanted = sanitize_patterns(patterns) if patterns else get_data_patterns(base.as_posix())
            files = DataFilesDict.from_patterns(wanted, base_path=base.as_posix(), allowed_extensions=_ALL_ALLOWED_EXTENSIONS)
            module, _ = infer_module_for_data_files(files)
            files = files.filter(extensions=_MODULE_TO_EXTENSIONS[module])
        except (FileNotFoundError, ValueError):
            return None
        relative = {split: [str(Path(p).relative_to(base)) for p in paths] for split, paths in files.items()}
        return [[str(split), list(dict.fromkeys(paths))] for split, paths in relative.items()]


def rows(spec, counts):
    try:
        parts = ReadInstruction.from_spec("+".join(counts) if spec == "all" else spec).to_absolute(counts)
    except ValueError:
        return None
    if any(part.to < part.from_ for part in parts):
        return None
    parts = [[part.splitname, part.from_, part.to] for part in parts if part.to > part.from_]
    return parts or None


def plain(value):
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def head(text):
    try:
        return {"text": text, "value": plain(yaml.safe_load(text))}
    except yaml.YAMLError:
        return {"text": text}


def main():
    counts = [{"train": 100, "test": 57}, {"train": 8530, "test": 1066}, {"train": 3, "test": 1}, {"train": 250, "test": 50}]
    result = {
        "folders": [{"files": names, "splits": split_files(names)} for names in FOLDERS],
        "patterns": [{"files": names, "patterns": p, "splits": split_files(names, p)} for names, p in PATTERNS],
        "splits": [{"counts": c, "spec": spec, "parts": rows(spec, c)} for c in counts for spec in SPLITS],
        "heads": [head(text) for text in HEADS],
    }
    Path(sys.argv[1]).write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


main()
