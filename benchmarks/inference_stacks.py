#!/usr/bin/env python3
"""The inference stacks that compare_inference.py runs beside tl: each is one process that answers jobs.

    python inference_stacks.py export --model DIR --texts FILE --output WORK [--count 512] [--max_length 256]
    python inference_stacks.py run --stack onnxruntime --work WORK --threads 2

`export` writes WORK/classifier (the model with a head; a fresh one if it has none), WORK/model.onnx
and WORK/texts.jsonl (token ids of the first texts of a .jsonl file). `run` loads a stack, prints {"ready": version} or
{"missing": reason}, then answers jobs as `tl_inference_time --jobs` does: {"ids": FILE, "batch": 32, "seconds": 1.0,
"logits": false}, one per line. A pass is all batches once, the first one is a warm-up. Batches are padded to their
longest text before the clock starts; it stops when the logits are in memory. All stacks compute in float32.
"""
import argparse
import json
import os
import statistics
import sys
import time

import numpy as np

HEADS = 'pre_classifier.weight pre_classifier.bias classifier.weight classifier.bias'.split()


def export(a):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, set_seed

    set_seed(42)
    model = AutoModelForSequenceClassification.from_pretrained(a.model, attn_implementation='eager').eval()
    tokenizer = AutoTokenizer.from_pretrained(a.model)
    folder = os.path.join(a.output, 'classifier')
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    with open(a.texts) as file:
        texts = [json.loads(line)['text'] for line, _ in zip(file, range(a.count))]
    ids = tokenizer(texts, truncation=True, max_length=a.max_length)['input_ids']
    write_ids(os.path.join(a.output, 'texts.jsonl'), ids)

    # Traced with eager attention, the one form in which ONNX Runtime's optimizer recognises every block.
    class Logits(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask):
            return self.model(input_ids=input_ids, attention_mask=attention_mask).logits

    ids, mask = torch.full((2, 16), 2000), torch.ones(2, 16, dtype=torch.int64)
    mask[1, 10:] = 0
    axes = {'input_ids': {0: 'batch', 1: 'tokens'}, 'attention_mask': {0: 'batch', 1: 'tokens'}, 'logits': {0: 'batch'}}
    torch.onnx.export(Logits().eval(), (ids, mask), os.path.join(a.output, 'model.onnx'), dynamo=False,
                      input_names=['input_ids', 'attention_mask'], output_names=['logits'], dynamic_axes=axes)


def write_ids(path, rows):
    with open(path, 'w') as file:
        for row in rows:
            file.write(json.dumps({'input_ids': row}) + '\n')


def padded(rows):
    """Ids and mask [B, T], and whether anything is padded."""
    longest = max(map(len, rows))
    ids, mask = np.zeros((len(rows), longest), np.int64), np.zeros((len(rows), longest), np.int64)
    for i, row in enumerate(rows):
        ids[i, :len(row)], mask[i, :len(row)] = row, 1
    return ids, mask, bool((mask == 0).any())


class Torch:
    attention = 'sdpa'

    def __init__(self, work, threads):
        import torch
        from transformers import AutoModelForSequenceClassification
        self.torch, self.version = torch, torch.__version__
        torch.set_num_threads(threads)
        self.model = AutoModelForSequenceClassification.from_pretrained(
            os.path.join(work, 'classifier'), attn_implementation=self.attention).eval()

    def prepare(self, rows):
        ids, mask, any_padding = padded(rows)
        inputs = dict(input_ids=self.torch.from_numpy(ids))
        return dict(inputs, attention_mask=self.torch.from_numpy(mask)) if any_padding else inputs

    def run(self, batches):
        with self.torch.inference_mode():
            return [self.model(**batch).logits.numpy() for batch in batches]


class TorchEager(Torch):
    attention = 'eager'


class TorchCompile(Torch):
    def __init__(self, work, threads):
        super().__init__(work, threads)
        self.model = self.torch.compile(self.model, dynamic=True)


class OnnxRuntime:
    def __init__(self, work, threads):
        import onnxruntime
        self.version = onnxruntime.__version__
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self.session = onnxruntime.InferenceSession(self.path(work), options, providers=['CPUExecutionProvider'])

    def path(self, work):
        return os.path.join(work, 'model.onnx')

    def prepare(self, rows):
        ids, mask, _ = padded(rows)
        kinds = {i.name: np.int32 if 'int32' in i.type else np.int64 for i in self.session.get_inputs()}
        return {name: x.astype(kinds[name]) for name, x in (('input_ids', ids), ('attention_mask', mask))}

    def run(self, batches):
        return [self.session.run(None, batch)[0] for batch in batches]


class OnnxRuntimeFused(OnnxRuntime):
    """After onnxruntime.transformers.optimizer, which joins the nodes of a block into a few kernels."""

    def path(self, work):
        from onnxruntime.transformers import optimizer
        with open(os.path.join(work, 'classifier', 'config.json')) as file:
            config = json.load(file)
        model = optimizer.optimize_model(os.path.join(work, 'model.onnx'), model_type='bert',
                                         num_heads=config['n_heads'], hidden_size=config['dim'])
        fused = model.get_fused_operator_statistics()['Attention']
        if fused != config['n_layers']:
            raise RuntimeError(f'the optimizer fused {fused} of {config["n_layers"]} attention blocks')
        model.save_model_to_file(os.path.join(work, 'fused.onnx'))
        return os.path.join(work, 'fused.onnx')


class OpenVino:
    hint = 'LATENCY'

    def __init__(self, work, threads):
        import openvino
        self.openvino, self.version = openvino, openvino.__version__.split('-')[0]
        # Without the precision hint a CPU with bfloat16 instructions would compute in bfloat16.
        settings = {'PERFORMANCE_HINT': self.hint, 'INFERENCE_NUM_THREADS': threads, 'INFERENCE_PRECISION_HINT': 'f32'}
        self.model = openvino.Core().compile_model(os.path.join(work, 'model.onnx'), 'CPU', settings)
        self.request = self.model.create_infer_request()

    def prepare(self, rows):
        ids, mask, _ = padded(rows)
        return dict(input_ids=ids, attention_mask=mask)

    def run(self, batches):
        return [self.request.infer(batch)['logits'] for batch in batches]


class OpenVinoThroughput(OpenVino):
    """As many batches at once as OpenVINO wants to have in flight."""
    hint = 'THROUGHPUT'

    def run(self, batches):
        logits = [None] * len(batches)
        queue = self.openvino.AsyncInferQueue(self.model)
        queue.set_callback(lambda request, i: logits.__setitem__(i, request.get_output_tensor().data.copy()))
        for i, batch in enumerate(batches):
            queue.start_async(batch, i)
        queue.wait_all()
        return logits


class CTranslate2:
    """The encoder in CTranslate2, which has no classifiers; the head on [CLS] in numpy. It drops padding itself."""

    def __init__(self, work, threads):
        import ctranslate2
        from safetensors.numpy import load_file
        self.ctranslate2, self.version = ctranslate2, ctranslate2.__version__
        folder = os.path.join(work, 'ctranslate2')
        ctranslate2.converters.TransformersConverter(os.path.join(work, 'classifier')).convert(folder, force=True)
        self.encoder = ctranslate2.Encoder(folder, device='cpu', compute_type='float32', inter_threads=1,
                                           intra_threads=threads)
        weights = load_file(os.path.join(work, 'classifier', 'model.safetensors'))
        self.head = [weights[name] for name in HEADS]

    def prepare(self, rows):
        ids, mask, _ = padded(rows)
        view = self.ctranslate2.StorageView.from_array
        return view(ids.astype(np.int32)), view(mask.sum(axis=1).astype(np.int32))

    def run(self, batches):
        w1, b1, w2, b2 = self.head
        states = (np.asarray(self.encoder.forward_batch(*batch).last_hidden_state)[:, 0] for batch in batches)
        return [np.maximum(state @ w1.T + b1, 0) @ w2.T + b2 for state in states]


STACKS = dict(torch_sdpa=Torch, torch_eager=TorchEager, torch_compile=TorchCompile, onnxruntime=OnnxRuntime,
              onnxruntime_fused=OnnxRuntimeFused, openvino=OpenVino, openvino_throughput=OpenVinoThroughput,
              ctranslate2=CTranslate2)


def answer(stack, job):
    with open(job['ids']) as file:
        rows = [json.loads(line)['input_ids'] for line in file]
    batches = [stack.prepare(rows[i:i + job['batch']]) for i in range(0, len(rows), job['batch'])]
    logits = np.concatenate(stack.run(batches))
    passes, began = [], time.perf_counter()
    while len(passes) < 2 or time.perf_counter() - began < job['seconds']:
        start = time.perf_counter()
        stack.run(batches)
        passes.append(time.perf_counter() - start)
    median = statistics.median(passes)
    result = dict(batches=len(batches), samples=len(rows), tokens=sum(map(len, rows)), passes=len(passes),
                  median_seconds_per_batch=median / len(batches), min_seconds_per_batch=min(passes) / len(batches),
                  samples_per_second=len(rows) / median)
    return dict(result, logits=logits.tolist()) if job['logits'] else result


def serve(a):
    out = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)  # what libraries print must not get between the answers

    def say(line):
        print(json.dumps(line), file=out, flush=True)

    try:
        stack = STACKS[a.stack](a.work, a.threads)
    except Exception as error:  # a stack that is not installed or cannot take the model is missing in the table
        return say(dict(missing=f'{type(error).__name__}: {error}'))
    say(dict(ready=stack.version))
    for line in sys.stdin:
        try:
            say(answer(stack, json.loads(line)))
        except Exception as error:
            return say(dict(missing=f'{type(error).__name__}: {error}'))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = p.add_subparsers(required=True)
    c = commands.add_parser('export')
    c.add_argument('--model', required=True)
    c.add_argument('--texts', required=True)
    c.add_argument('--output', required=True)
    c.add_argument('--count', type=int, default=512)
    c.add_argument('--max_length', type=int, default=256)
    c.set_defaults(run=export)
    c = commands.add_parser('run')
    c.add_argument('--stack', choices=list(STACKS), required=True)
    c.add_argument('--work', required=True)
    c.add_argument('--threads', type=int, required=True)
    c.set_defaults(run=serve)
    a = p.parse_args()
    os.environ.update(HF_HUB_OFFLINE='1', TOKENIZERS_PARALLELISM='false')
    a.run(a)


if __name__ == '__main__':
    main()
