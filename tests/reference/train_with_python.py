#!/usr/bin/env python3
"""The job of `tl train` on the Python stack, with the same flags, so that the two can be compared value by value.

    python train_with_python.py --model_name_or_path DIR --train_file train.jsonl --validation_file validation.jsonl --report out.json
        [--max_train_samples 1000] [--max_eval_samples 200] [--shuffle_seed 42] [--seed 42] [--dropout 0] [--bf16]
        [--text_pair_column NAME] [--recipe dynamic|written|grouped] [--num_train_epochs 3] [--logging_steps 1] [--threads 2] [--no_eval] [--save]

Recipes: `dynamic` tokenizes without padding and pads each batch to its longest row; `grouped` does the same with batches
grouped by length, the fastest setting of this stack; `written` pads in map(), as tutorials do. Needs torch, transformers
and datasets; runs on transformers 4.x and 5.x. Nothing is downloaded.
"""
import argparse
import json
import os
import resource
import tempfile
import time

START = time.time()


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ('model_name_or_path', 'train_file', 'validation_file', 'report'):
        p.add_argument('--' + name, required=True)
    p.add_argument('--output_dir', default=os.path.join(tempfile.gettempdir(), 'train_with_python'))
    p.add_argument('--text_column', default='text')
    p.add_argument('--text_pair_column')
    p.add_argument('--label_column', default='label')
    p.add_argument('--labels', default='NEGATIVE,POSITIVE')
    p.add_argument('--max_seq_length', type=int, default=256)
    p.add_argument('--max_train_samples', type=int)
    p.add_argument('--max_eval_samples', type=int)
    p.add_argument('--shuffle_seed', type=int)
    p.add_argument('--seed', type=int, default=42)
    p.add_argument('--dropout', type=float, help='for all dropouts of the model')
    p.add_argument('--bf16', action='store_true')
    p.add_argument('--recipe', choices=['dynamic', 'written', 'grouped'], default='dynamic')
    p.add_argument('--num_train_epochs', type=float, default=3)
    p.add_argument('--max_steps', type=int, default=-1)
    p.add_argument('--per_device_train_batch_size', type=int, default=16)
    p.add_argument('--learning_rate', type=float, default=2e-5)
    p.add_argument('--weight_decay', type=float, default=0.01)
    p.add_argument('--warmup_ratio', type=float, default=0.1)
    p.add_argument('--logging_steps', type=int, default=50)
    p.add_argument('--threads', type=int, default=os.cpu_count())
    p.add_argument('--base_size', action='store_true', help='a randomly initialised distilbert-base instead of the weights')
    p.add_argument('--no_eval', action='store_true', help='training alone: no evaluation, no checkpoints')
    p.add_argument('--save', action='store_true', help='save model and tokenizer into output_dir/final')
    return p.parse_args()


def main():
    a = parse()
    os.environ.update(HF_HUB_OFFLINE='1', OMP_NUM_THREADS=str(a.threads), HF_DATASETS_DISABLE_PROGRESS_BARS='1',
                      HF_DATASETS_CACHE=os.path.join(tempfile.gettempdir(), 'train_with_python_cache'))
    import numpy as np
    import torch
    torch.set_num_threads(a.threads)
    import transformers
    from datasets import load_dataset
    from transformers import (AutoConfig, AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding,
                              Trainer, TrainingArguments, set_seed)
    imported = time.time() - START

    names = a.labels.split(',')
    labels = dict(num_labels=len(names), id2label=dict(enumerate(names)), label2id={n: i for i, n in enumerate(names)})
    tokenizer = AutoTokenizer.from_pretrained(a.model_name_or_path)
    kind = 'csv' if a.train_file.endswith('.csv') else 'json'
    data = load_dataset(kind, data_files={'train': a.train_file, 'validation': a.validation_file})
    if a.label_column != 'label':
        data = data.rename_column(a.label_column, 'label')

    def tokenize(rows):
        pairs = rows[a.text_pair_column] if a.text_pair_column else None
        return tokenizer(rows[a.text_column], pairs, truncation=True, max_length=a.max_seq_length,
                         padding=a.recipe == 'written')

    began = time.time()
    data = data.map(tokenize, batched=True)
    mapped = time.time() - began

    def subset(split, limit):
        split = split if a.shuffle_seed is None else split.shuffle(seed=a.shuffle_seed)
        return split if limit is None else split.select(range(min(limit, len(split))))

    train, evaluation = subset(data['train'], a.max_train_samples), subset(data['validation'], a.max_eval_samples)

    fields = [name for name in vars(AutoConfig.from_pretrained(a.model_name_or_path)) if 'dropout' in name]
    dropout = {} if a.dropout is None else dict.fromkeys(fields, a.dropout)
    set_seed(a.seed)
    if a.base_size:
        config = AutoConfig.from_pretrained(a.model_name_or_path, **labels, **dropout)
        config.dim, config.hidden_dim, config.n_heads, config.n_layers = 768, 3072, 12, 6
        model = AutoModelForSequenceClassification.from_config(config)
    else:
        model = AutoModelForSequenceClassification.from_pretrained(a.model_name_or_path, **labels, **dropout)

    settings = dict(output_dir=a.output_dir, num_train_epochs=a.num_train_epochs, max_steps=a.max_steps,
                    per_device_train_batch_size=a.per_device_train_batch_size,
                    per_device_eval_batch_size=a.per_device_train_batch_size, learning_rate=a.learning_rate,
                    weight_decay=a.weight_decay, eval_strategy='epoch', save_strategy='epoch',
                    load_best_model_at_end=True, metric_for_best_model='accuracy', logging_steps=a.logging_steps,
                    bf16=a.bf16, report_to='none', seed=a.seed, use_cpu=True, disable_tqdm=True, save_total_limit=2)
    if a.no_eval:
        settings.update(eval_strategy='no', save_strategy='no', load_best_model_at_end=False)
    grouped = a.recipe == 'grouped'
    if transformers.__version__.startswith('4.'):
        settings.update(warmup_ratio=a.warmup_ratio, group_by_length=grouped)
    else:
        settings.update(warmup_steps=a.warmup_ratio)
        if grouped:
            settings.update(train_sampling_strategy='group_by_length')

    def accuracy(prediction):
        return {'accuracy': float((np.argmax(prediction[0], axis=1) == prediction[1]).mean())}

    trainer = Trainer(model=model, args=TrainingArguments(**settings), train_dataset=train, eval_dataset=evaluation,
                      processing_class=tokenizer, data_collator=DataCollatorWithPadding(tokenizer),
                      compute_metrics=accuracy)
    result = trainer.train()
    final = {} if a.no_eval else trainer.evaluate()
    if a.save:
        trainer.save_model(os.path.join(a.output_dir, 'final'))
    report = dict(torch=torch.__version__, transformers=transformers.__version__, arguments=vars(a),
                  parameters=sum(p.numel() for p in model.parameters()), log_history=trainer.state.log_history,
                  train_metrics=result.metrics, eval_metrics=final, import_seconds=round(imported, 3),
                  tokenize_seconds=round(mapped, 3), wall_seconds=round(time.time() - START, 3),
                  peak_memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    with open(a.report, 'w') as out:
        json.dump(report, out, indent=1)
    print(json.dumps({k: report[k] for k in ('eval_metrics', 'train_metrics', 'wall_seconds', 'peak_memory_mb')}))


if __name__ == '__main__':
    main()
