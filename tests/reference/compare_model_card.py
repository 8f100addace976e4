#!/usr/bin/env python3
"""Compares a model card of tl with what the reference makes of the same log: the head as YAML, and the table.

Usage: compare_model_card.py OUTPUT_DIR, the folder of a run of `tl train` that was evaluated while it trained. Needs
transformers and PyYAML. Prints what differs, and fails if anything does.
"""
import json
import pathlib
import sys
from types import SimpleNamespace

import yaml
from transformers.modelcard import TrainingSummary, parse_log_history


def parts(card):
    """The head as a dictionary, and the lines of the table of evaluations without what pads them."""
    _, head, body = card.split("---\n", 2)
    table = [[cell.strip() for cell in line.strip("|").split("|")]
             for line in body.splitlines() if line.startswith("| ")]
    return yaml.safe_load(head), table


def main():
    folder = pathlib.Path(sys.argv[1])
    ours, our_table = parts((folder / "README.md").read_text(encoding="utf-8"))
    log = json.loads((folder / "trainer_state.json").read_text())["log_history"]
    # The program evaluates once more after it wrote trainer_state.json.
    results = json.loads((folder / "eval_results.json").read_text())
    log.append({key: value for key, value in results.items() if isinstance(value, (int, float)) and key != "eval_samples"})
    _, lines, eval_results = parse_log_history(log)
    eval_results = {key: value for key, value in eval_results.items() if isinstance(value, (int, float))}
    model = json.loads((folder / "config.json").read_text())["architectures"][0]
    task = "text-classification" if model.endswith("ForSequenceClassification") else "token-classification"
    summary = TrainingSummary(model_name=folder.resolve().name, tags=["generated_from_trainer"], tasks=[task],
                              finetuned_from=ours.get("base_model"), eval_results=eval_results, eval_lines=lines,
                              hyperparameters={}, source="tl")
    theirs, their_table = parts(summary.to_model_card())
    bad = 0
    if list(ours) != list(theirs) or {k: v for k, v in ours.items() if k != "metrics"} != {
            k: v for k, v in theirs.items() if k != "metrics"} or set(ours["metrics"]) != set(theirs["metrics"]):
        print(f"the heads differ:\n  tl        {ours}\n  reference {theirs}")
        bad = 1

    def columns(table):
        """Columns by their names: the order of metrics is that of the log, which is sorted in files of tl."""
        return {row[0]: row[1:] for row in zip(*table)}

    if columns(our_table) != columns(their_table):
        print(f"the tables differ:\n  tl        {our_table}\n  reference {their_table}")
        bad = 1
    print("the cards differ" if bad else f"same head and table, {len(our_table) - 1} evaluations")
    return bad


if __name__ == "__main__":
    sys.exit(main())
