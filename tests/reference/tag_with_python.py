#!/usr/bin/env python3
"""The job of `tl train --task token-classification` on the Python stack, with the same flags.

    python tag_with_python.py --model_name_or_path DIR --report out.json [--train_file train.jsonl]
        [--validation_file valid.jsonl] [--max_steps 60] [--dropout 0] [--label_all_tokens] [--save FOLDER]

Files are JSON Lines with a list of words and a list of tags. Trains if there is a training file, evaluates with seqeval if
there is a validation file, and writes the log and the metrics into the report. Needs torch, transformers, datasets and
seqeval; runs on transformers 4.x and 5.x. Nothing is downloaded.
"""
import argparse
import json
import os
import tempfile


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ('model_name_or_path', 'report'):
        p.add_argument('--' + name, required=True)
    for name in ('train_file', 'validation_file', 'save'):
        p.add_argument('--' + name)
    p.add_argument('--output_dir', default=os.path.join(tempfile.gettempdir(), 'tag_with_python'))
    p.add_argument('--text_column_name', default='tokens')
    p.add_argument('--label_column_name', default='ner_tags')
    p.add_argument('--max_seq_length', type=int, default=128)
    p.add_argument('--max_eval_samples', type=int)
    p.add_argument('--max_steps', type=int, default=60)
    p.add_argument('--per_device_train_batch_size', type=int, default=16)
    p.add_argument('--learning_rate', type=float, default=5e-5)
    p.add_argument('--weight_decay', type=float, default=0.01)
    p.add_argument('--warmup_ratio', type=float, default=0.1)
    p.add_argument('--seed', type=int, default=42)
    p.add_argument('--dropout', type=float, help='for all dropouts of the model')
    p.add_argument('--label_all_tokens', action='store_true')
    p.add_argument('--threads', type=int, default=1)
    return p.parse_args()


def rows_of(path, limit=None):
    with open(path) as file:
        rows = [json.loads(line) for line in file if line.strip()]
    return rows if limit is None else rows[:limit]


def token_labels(word_ids, tags, ids, further):
    """One label for each token: of a word's first token its tag's id, of its further tokens what `further` makes of it."""
    labels, previous = [], None
    for word in word_ids:
        if word is None:
            labels.append(-100)
        else:
            own = ids[tags[word]]
            labels.append(own if word != previous else further(own))
        previous = word
    return labels


def tag_metrics(prediction, names):
    import numpy as np
    from seqeval.metrics import accuracy_score, f1_score, precision_score, recall_score
    best = np.argmax(prediction[0], axis=2)
    pairs = [[(names[l], names[b]) for l, b in zip(labels, row) if l != -100] for labels, row in zip(prediction[1], best)]
    labels, predicted = [[l for l, _ in row] for row in pairs], [[b for _, b in row] for row in pairs]
    scores = {'precision': precision_score, 'recall': recall_score, 'f1': f1_score, 'accuracy': accuracy_score}
    return {name: float(score(labels, predicted)) for name, score in scores.items()}


def main():
    a = parse()
    os.environ.update(HF_HUB_OFFLINE='1', OMP_NUM_THREADS=str(a.threads), HF_DATASETS_DISABLE_PROGRESS_BARS='1')
    import torch
    torch.set_num_threads(a.threads)
    import transformers
    from datasets import Dataset
    from transformers import (AutoConfig, AutoModelForTokenClassification, AutoTokenizer,
                              DataCollatorForTokenClassification, Trainer, TrainingArguments, set_seed)

    config = AutoConfig.from_pretrained(a.model_name_or_path)
    train = rows_of(a.train_file) if a.train_file else []
    if train:
        names = sorted({tag for row in train for tag in row[a.label_column_name]})
        labels = dict(num_labels=len(names), id2label=dict(enumerate(names)), label2id={n: i for i, n in enumerate(names)})
    else:
        names, labels = [config.id2label[i] for i in range(config.num_labels)], {}
    ids = {name: i for i, name in enumerate(names)}
    inner = [ids.get('I-' + name[2:], i) if name.startswith('B-') else i for i, name in enumerate(names)]
    further = (lambda own: inner[own]) if a.label_all_tokens else (lambda own: -100)
    tokenizer = AutoTokenizer.from_pretrained(a.model_name_or_path)

    def dataset(rows):
        encoded = tokenizer([row[a.text_column_name] for row in rows], truncation=True, max_length=a.max_seq_length,
                            is_split_into_words=True)
        encoded = {**encoded, 'labels': [token_labels(encoded.word_ids(i), row[a.label_column_name], ids, further)
                                         for i, row in enumerate(rows)]}
        return Dataset.from_dict(encoded)

    dropout = {} if a.dropout is None else {name: a.dropout for name in vars(config) if 'dropout' in name}
    set_seed(a.seed)
    model = AutoModelForTokenClassification.from_pretrained(a.model_name_or_path, **labels, **dropout)
    settings = dict(output_dir=a.output_dir, max_steps=a.max_steps,
                    per_device_train_batch_size=a.per_device_train_batch_size, per_device_eval_batch_size=16,
                    learning_rate=a.learning_rate, weight_decay=a.weight_decay, save_strategy='no', logging_steps=1,
                    report_to='none', seed=a.seed, use_cpu=True, disable_tqdm=True)
    settings['warmup_ratio' if transformers.__version__.startswith('4.') else 'warmup_steps'] = a.warmup_ratio
    evaluation = dataset(rows_of(a.validation_file, a.max_eval_samples)) if a.validation_file else None
    trainer = Trainer(model=model, args=TrainingArguments(**settings), train_dataset=dataset(train) if train else None,
                      eval_dataset=evaluation, processing_class=tokenizer,
                      data_collator=DataCollatorForTokenClassification(tokenizer),
                      compute_metrics=lambda prediction: tag_metrics(prediction, names))
    if train:
        trainer.train()
    if a.save:
        trainer.save_model(a.save)
    metrics = trainer.evaluate() if evaluation else {}
    with open(a.report, 'w') as file:
        json.dump(dict(torch=torch.__version__, transformers=transformers.__version__, arguments=vars(a),
                       log_history=trainer.state.log_history, eval_metrics=metrics), file, indent=1)
    print(json.dumps(metrics))


if __name__ == '__main__':
    main()
