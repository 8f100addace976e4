"""Short runs of the Python stack's Trainer on a very small DistilBERT, for tests/train/reference_runs_test.cpp.

Usage: make_trainer_reference.py OUTPUT_FOLDER   (the committed files are in tests/reference/data/trainer)
Made with torch 2.15.0, transformers 5.23.0, accelerate 1.15.0; one thread, fp32, dropout 0. Writes model/ (config.json,
model.safetensors: random weights of seed 7, matrices times 20 so that the model learns) and runs.json: rows, and for
each run its arguments, the rows of every micro-batch, log_history and the final classifier weight. The losses are those
of version 4: accumulated gradients are divided by the micro-batches of their group (model_accepts_loss_kwargs = False).
Values that depend on the clock are null.
"""
import contextlib
import io
import json
import os
import sys
import tempfile

import numpy as np
import torch
import transformers
from transformers import DistilBertConfig, DistilBertForSequenceClassification, Trainer, TrainingArguments, set_seed

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
OUT = sys.argv[1]
CLOCK = ("runtime", "samples_per_second", "steps_per_second")
CONFIG = dict(vocab_size=50, dim=16, hidden_dim=24, n_layers=2, n_heads=2, max_position_embeddings=20, dropout=0.0,
              attention_dropout=0.0, seq_classif_dropout=0.0, pad_token_id=0, num_labels=3)


def make_rows(count, seed):
    generator = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        label = int(generator.integers(3))
        ids = generator.integers(4, 50, int(generator.integers(1, 18)))
        if len(ids) > 2:
            ids[1] = 10 + label  # something to learn
        rows.append(dict(input_ids=[2, *map(int, ids), 3], label=label))
    return rows


TRAIN, EVAL = make_rows(37, 1), make_rows(11, 2)


def make_model():
    set_seed(7)
    model = DistilBertForSequenceClassification(DistilBertConfig(**CONFIG))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter *= 20
    return model


def pad(rows):
    longest = max(len(row["input_ids"]) for row in rows)
    fill = lambda row, value: [value] * (longest - len(row["input_ids"]))
    return dict(input_ids=torch.tensor([row["input_ids"] + fill(row, 0) for row in rows]),
                attention_mask=torch.tensor([[1] * len(row["input_ids"]) + fill(row, 0) for row in rows]),
                labels=torch.tensor([row["label"] for row in rows]))


def clean(entry):
    return {key: None if key.endswith(CLOCK) else value for key, value in entry.items()}


def accuracy(prediction):
    return {"accuracy": float((prediction.predictions.argmax(1) == prediction.label_ids).mean())}


def run(name, **arguments):
    batches = []

    def collate(rows):
        if "pos" in rows[0]:
            batches.append([row["pos"] for row in rows])
        return pad(rows)

    given = dict(arguments)
    if given.pop("group_by_length", False):
        given["train_sampling_strategy"] = "group_by_length"
    if "warmup_ratio" in given:
        given["warmup_steps"] = given.pop("warmup_ratio")
    model = make_model()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        args = TrainingArguments(output_dir=folder, report_to="none", use_cpu=True, disable_tqdm=True, save_strategy="no",
                                 logging_steps=1, remove_unused_columns=False, **given)
        trainer = Trainer(model=model, args=args, train_dataset=[dict(row, pos=i) for i, row in enumerate(TRAIN)],
                          eval_dataset=EVAL, data_collator=collate, compute_metrics=accuracy)
        trainer.model_accepts_loss_kwargs = False
        output = trainer.train()
        prediction = trainer.predict(EVAL)
    return dict(name=name, args=arguments, global_step=output.global_step, train_loss=output.training_loss, batches=batches,
                log_history=[clean(entry) for entry in trainer.state.log_history],
                logits=prediction.predictions.tolist(), test_metrics=clean(prediction.metrics),
                classifier_weight=model.classifier.weight.detach().tolist(),
                norms={key: float(value.detach().double().norm()) for key, value in model.named_parameters()})


os.makedirs(OUT, exist_ok=True)
make_model().save_pretrained(f"{OUT}/model")
base = dict(per_device_train_batch_size=8, per_device_eval_batch_size=4, learning_rate=2e-3)
runs = [
    run("accumulate", **base, num_train_epochs=3, gradient_accumulation_steps=3, weight_decay=0.05, max_grad_norm=0.5,
        warmup_ratio=0.3, eval_strategy="epoch"),
    run("cosine_grouped", **base, max_steps=8, lr_scheduler_type="cosine", group_by_length=True, eval_strategy="steps",
        eval_steps=4, max_grad_norm=0.0, data_seed=5),
    run("smooth", **base, num_train_epochs=1.5, label_smoothing_factor=0.1, lr_scheduler_type="polynomial", seed=3,
        adam_beta1=0.8, adam_beta2=0.98, adam_epsilon=1e-6, dataloader_drop_last=True),
]
with open(f"{OUT}/runs.json", "w", encoding="utf8") as file:
    head = dict(made_by="make_trainer_reference.py", torch=torch.__version__, transformers=transformers.__version__)
    file.write("{" + ", ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()))
    file.write(f',\n"train": {json.dumps(TRAIN)},\n"eval": {json.dumps(EVAL)},\n"runs": [\n')
    file.write(",\n".join(json.dumps(one) for one in runs) + "\n]}\n")
