"""Reads the event files of a run with TensorBoard's own reader and with tbparse, and compares them with the run's files.

    python read_events.py LOGGING_DIR OUTPUT_DIR [--trainer MODEL_DIR]

Every number of LOGGING_DIR/log.jsonl has to be there as a float under the reference's tag and step, and nothing else
(of a resumed run tbparse, which knows no sessions, also shows what was logged between the checkpoint and the kill); the texts args and model_config have to be training_args.json and config.json. With --trainer the Python Trainer
trains MODEL_DIR for three steps with report_to="tensorboard", and the tags of both are compared. Ends with status 1 if
something differs.
"""
import argparse
import json
import math
import pathlib
import struct
import sys
import tempfile

from tbparse import SummaryReader
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def tag_of(key):
    for split in ("eval", "test"):
        if key.startswith(split + "_"):
            return split + "/" + key[len(split) + 1:]
    return "train/" + key


def as_float(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def key(point):
    tag, step, value = point
    return (tag, step, "nan" if math.isnan(value) else value)


def points_of(folder):
    events = EventAccumulator(folder, size_guidance={"scalars": 0, "tensors": 0})
    events.Reload()
    tags = events.Tags()
    scalars = [(tag, point.step, point.value) for tag in tags["scalars"] for point in events.Scalars(tag)]
    texts = {tag: events.Tensors(tag)[-1].tensor_proto.string_val[0].decode() for tag in tags["tensors"]}
    return sorted(map(key, scalars), key=str), texts


def check(good, sentence):
    if not good:
        sys.exit(sentence)


def trainer_tags(model):
    import torch
    from transformers import AutoModelForSequenceClassification, Trainer, TrainingArguments
    rows = [{"input_ids": torch.tensor([101, 7, 102]), "labels": torch.tensor(i % 2)} for i in range(12)]
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(output_dir=folder, report_to="tensorboard", per_device_train_batch_size=4, logging_steps=1,
                                      num_train_epochs=1, eval_strategy="epoch", save_strategy="no", use_cpu=True,
                                      disable_tqdm=True)
        Trainer(AutoModelForSequenceClassification.from_pretrained(model), arguments, train_dataset=rows, eval_dataset=rows).train()
        (run,) = pathlib.Path(folder, "runs").iterdir()
        points, texts = points_of(str(run))
        return {tag for tag, *_ in points}, set(texts), run.name


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("logging_dir")
    parser.add_argument("output_dir", type=pathlib.Path)
    parser.add_argument("--trainer")
    a = parser.parse_args()
    history = [json.loads(line) for line in pathlib.Path(a.logging_dir, "log.jsonl").open(encoding="utf-8")]
    expected = sorted((key((tag_of(name), entry["step"], as_float(value))) for entry in history
                       for name, value in entry.items() if name != "step" and not name.startswith("tl_")), key=str)
    points, texts = points_of(a.logging_dir)
    different = set(expected) ^ set(points)
    check(points == expected, f"{len(expected)} points expected, {len(points)} read; in one alone: {sorted(different, key=str)[:4]}")
    frame = SummaryReader(a.logging_dir).scalars
    parsed = sorted((key((row.tag, row.step, row.value)) for row in frame.itertuples()), key=str)
    resumed = len(list(pathlib.Path(a.logging_dir).glob("events.out.tfevents.*"))) > 1
    good = set(expected) <= set(parsed) if resumed else parsed == expected
    check(good, f"tbparse: {len(expected)} points expected, {len(parsed)} read")
    for name, file in (("args", "training_args.json"), ("model_config", "config.json")):
        text = json.loads(texts[name + "/text_summary"])
        stored = json.loads((a.output_dir / file).read_text())
        differs = [k for k in stored if stored[k] != text.get(k)]
        check(not differs or set(differs) <= {"problem_type", "resume_from_checkpoint"}, f"{name}: differs in {differs}")
    print(f"{len(points)} points of {len({tag for tag, *_ in points})} tags and {len(texts)} texts agree")
    if a.trainer:
        tags, names, run = trainer_tags(a.trainer)
        ours = {tag for tag, *_ in points}
        print(f"the Python Trainer wrote {sorted(tags)} and {sorted(names)} into runs/{run}")
        check(names == set(texts), f"texts: {sorted(names ^ set(texts))} in one alone")
        check(tags <= ours, f"tags: {sorted(tags - ours)} are missing")
        print(f"tags that only tl has here: {sorted(ours - tags)}")


main()
