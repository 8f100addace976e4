"""What class weights and thresholds bring on imbalanced classes: macro F1 on a test file, for some seeds.

    python imbalanced.py --tl PATH_OF_TL --model MODEL_DIR --data FOLDER --work FOLDER [--seeds 1,2,3]

FOLDER of --data has validation.jsonl and test.jsonl with the columns text and label, as the data set emotion has them; its
two rarest classes become rarer still. The rows of the validation file are divided: of the first 1,400 at most 100 of each
class and --rare of the two rarest are trained on, the other 600 are those that the thresholds are fitted to; the first
--test_rows of the test file are measured. Both keep their share of classes. Each model is measured, calibrated (tl evaluate
--calibrate) and measured again. Prints a table of macro F1, mean and values of the seeds. Nothing is downloaded.
"""
import argparse
import collections
import json
import os
import statistics
import subprocess

TRAINED_ROWS, EACH = 1400, 100


def read(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def write(path, rows):
    with open(path, "w") as file:
        file.writelines(json.dumps({"text": row["text"], "label": row["label"]}) + "\n" for row in rows)
    return path


def imbalanced(rows, rare, count):
    """The first rows of each class, `count` of those in `rare`."""
    taken, kept = collections.Counter(), []
    for row in rows:
        if taken[row["label"]] < (count if row["label"] in rare else EACH):
            taken[row["label"]] += 1
            kept.append(row)
    return kept, taken


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("tl", "model", "data", "work"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--rare", type=int, default=15)
    parser.add_argument("--test_rows", type=int, default=800)
    parser.add_argument("--threads", type=int, default=2)
    a = parser.parse_args()
    os.makedirs(a.work, exist_ok=True)
    rows = read(os.path.join(a.data, "validation.jsonl"))
    counts = collections.Counter(row["label"] for row in rows)
    rare = {label for label, _ in counts.most_common()[-2:]}
    train, taken = imbalanced(rows[:TRAINED_ROWS], rare, a.rare)
    path = {name: write(os.path.join(a.work, name + ".jsonl"), part)
            for name, part in (("train", train), ("calibration", rows[TRAINED_ROWS:]),
                               ("test", read(os.path.join(a.data, "test.jsonl"))[:a.test_rows]))}
    labels = ",".join(str(label) for label in sorted(counts))

    def run(command, *arguments):
        done = subprocess.run([a.tl, command, *arguments, "--threads", str(a.threads), "--max_seq_length", "64"], check=True,
                              stdout=subprocess.PIPE, text=True)
        return done.stdout

    def macro_f1(folder):
        return json.loads(run("evaluate", "--model_name_or_path", folder, "--validation_file", path["test"], "--json"))["eval_f1"]

    found = collections.defaultdict(list)
    for seed in a.seeds.split(","):
        for name, weights in (("no weights", []), ("--class_weights balanced", ["--class_weights", "balanced"])):
            folder = os.path.join(a.work, f"{name.split()[-1]}-{seed}")
            run("train", "--model_name_or_path", a.model, "--train_file", path["train"], "--labels", labels, "--seed", seed,
                "--num_train_epochs", "4", "--learning_rate", "2e-4", "--warmup_ratio", "0.1", "--per_device_train_batch_size",
                "16", "--save_strategy", "no", "--disable_tqdm", "true", "--output_dir", folder, *weights)
            found[name].append(macro_f1(folder))
            run("evaluate", "--model_name_or_path", folder, "--validation_file", path["calibration"], "--calibrate")
            found[name + ", --calibrate"].append(macro_f1(folder))
    print("rows trained on:", ", ".join(f"class {label}: {taken[label]}" for label in sorted(taken)))
    print("| | macro F1, mean | seeds |\n|---|---|---|")
    for name, values in found.items():
        print(f"| {name} | {statistics.mean(values):.3f} | {', '.join(f'{value:.3f}' for value in values)} |")


if __name__ == "__main__":
    main()
