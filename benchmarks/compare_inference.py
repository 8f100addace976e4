#!/usr/bin/env python3
"""Inference of tl and of other stacks with the same classifier on one machine, in float32: samples per second.

    python compare_inference.py --tl-bench build/release/benchmarks/tl_inference_time --model DIR --data DIR
        [--threads 2] [--rounds 5] [--seconds 1] [--batches 1,32] [--lengths 16,64,256] [--texts 512]
        [--stacks torch_sdpa,onnxruntime,...] [--output table.json]

Cases: every batch size with every length (random ids, all texts of a case equally long), and the first texts of
validation.jsonl in DIR of --data in their order, in batches of the largest size, where tl packs and the others pad to
the longest text of a batch. inference_stacks.py says how each stack is set up; run this with the Python that has them.
A stack that is not installed, or that cannot take the model, is missing in the table, with the reason below it.

Every stack is a process of its own that lives through all rounds. Each round gives each case to every stack, in an
order that moves on by one from round to round. The stacks keep the waiting policy they come with, which is their
fastest; a pause before each job lets the threads of the others fall asleep, and the processor time that waiting stacks
took during a job is measured and reported: it should be near 0. All logits are compared with those of the first stack.
The machine has to be idle: where anything else runs, the threads of OpenMP (PyTorch, CTranslate2) spin for one that
does not come, and are many times slower; OMP_WAIT_POLICY=PASSIVE in the environment helps then.
"""
import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time

from inference_stacks import STACKS, write_ids

STACKS_FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'inference_stacks.py')


class Worker:
    def __init__(self, command, log):
        self.log = open(log, 'w+')
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
                                        text=True)

    def read(self):
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        self.log.seek(0)
        return dict(missing='it ended: ' + (self.log.read().strip().splitlines() or ['without a word'])[-1])

    def ask(self, job):
        try:
            print(json.dumps(job), file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass
        return self.read()

    def cpu_seconds(self):
        with open(f'/proc/{self.process.pid}/stat') as file:
            fields = file.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def start_workers(a, work):
    """All workers that can take the model, the versions of their stacks, and why the others are missing."""
    workers = {'tl': Worker([a.tl_bench, '--model', os.path.join(work, 'classifier'), '--threads', str(a.threads),
                             '--jobs'], os.path.join(work, 'tl.log'))}
    versions, missing = {}, {}
    for name in a.stacks.split(','):
        worker = Worker([sys.executable, STACKS_FILE, 'run', '--stack', name, '--work', work, '--threads',
                         str(a.threads)], os.path.join(work, name + '.log'))
        hello = worker.read()
        if 'ready' in hello:
            workers[name], versions[name] = worker, hello['ready']
        else:
            missing[name] = hello['missing']
    return workers, versions, missing


def make_cases(a, work):
    with open(os.path.join(work, 'classifier', 'config.json')) as file:
        vocabulary = json.load(file)['vocab_size']
    generator, cases = random.Random(42), {}
    batches = [int(b) for b in a.batches.split(',')]
    for batch in batches:
        for length in map(int, a.lengths.split(',')):
            path = os.path.join(work, f'{batch}x{length}.jsonl')
            rows = (8 if batch == 1 else 2) * batch
            write_ids(path, [[generator.randrange(1, vocabulary) for _ in range(length)] for _ in range(rows)])
            cases[f'{batch} x {length}'] = dict(ids=path, batch=batch, seconds=a.seconds)
    cases[f'{max(batches)} texts'] = dict(ids=os.path.join(work, 'texts.jsonl'), batch=max(batches), seconds=a.seconds)
    return cases


def largest_difference(first, other):
    return max(abs(x - y) for row, others in zip(first, other, strict=True) for x, y in zip(row, others, strict=True))


def measure(a, workers, cases, missing):
    """The answers of each round by case and stack, the largest difference of logits by stack, and the processor share
    of the stacks that waited."""
    answers = {case: {name: [] for name in workers} for case in cases}
    differences, idle = {}, []
    for number in range(a.rounds):
        order = list(workers)
        order = order[number % len(order):] + order[:number % len(order)]
        for case, job in cases.items():
            logits = {}
            for name in order:
                if name in missing:
                    continue
                time.sleep(a.pause)
                before = {n: w.cpu_seconds() for n, w in workers.items() if n != name and n not in missing}
                began = time.time()
                answer = workers[name].ask(dict(job, logits=number == 0))
                waited = sum(workers[n].cpu_seconds() - seconds for n, seconds in before.items())
                idle.append(waited / (time.time() - began))
                if 'missing' in answer:
                    if name == 'tl':
                        sys.exit('tl: ' + answer['missing'])
                    missing[name] = f'{case}: {answer["missing"]}'
                    continue
                logits[name] = answer.pop('logits', None)
                answers[case][name].append(answer)
            if number == 0:
                reference = next(n for n in workers if n != 'tl' and n not in missing)
                for name, rows in logits.items():
                    difference = largest_difference(logits[reference], rows)
                    differences[name] = max(differences.get(name, 0.0), difference)
        print(f'round {number + 1}: ' + ', '.join(f'{case} {answers[case]["tl"][-1]["samples_per_second"]:.1f}'
                                                   for case in cases) + ' samples/s by tl', flush=True)
    return answers, differences, max(idle)


def make_table(answers, missing):
    table = {}
    for case, stacks in answers.items():
        speed = {name: statistics.median(r['samples_per_second'] for r in rows) for name, rows in stacks.items()
                 if rows and name not in missing}
        others = [name for name in speed if name != 'tl']
        best = max(others, key=speed.get)
        table[case] = dict(samples_per_second=speed, fastest_other=best, ratio=speed['tl'] / speed[best])
    return table


def print_table(a, table, workers):
    names = [name for name in workers if all(name in row['samples_per_second'] for row in table.values())]
    print(f'\nsamples/s, median of {a.rounds} rounds, {a.threads} threads\n')
    print('| batch x length | ' + ' | '.join(names) + ' | tl to the fastest other |')
    print('|---' * (len(names) + 2) + '|')
    for case, row in table.items():
        cells = [f'{row["samples_per_second"][name]:.1f}' for name in names]
        print(f'| {case} | ' + ' | '.join(cells) + f' | {row["ratio"]:.2f} ({row["fastest_other"]}) |')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--tl-bench', required=True)
    p.add_argument('--model', required=True)
    p.add_argument('--data', required=True)
    p.add_argument('--threads', type=int, default=os.cpu_count())
    p.add_argument('--rounds', type=int, default=5)
    p.add_argument('--seconds', type=float, default=1, help='how long a stack computes a case in a round')
    p.add_argument('--pause', type=float, default=0.5, help='seconds before a stack gets a case')
    p.add_argument('--batches', default='1,32')
    p.add_argument('--lengths', default='16,64,256')
    p.add_argument('--texts', type=int, default=512)
    p.add_argument('--stacks', default=','.join(STACKS), help='what tl is compared with')
    p.add_argument('--output')
    a = p.parse_args()
    unknown = sorted(set(a.stacks.split(',')) - set(STACKS))
    if unknown:
        p.error(f'--stacks: expected some of {", ".join(STACKS)} (tl always runs), got {", ".join(unknown)}')

    load = os.getloadavg()[0]
    os.environ.update(OMP_NUM_THREADS=str(a.threads), PYTHONWARNINGS='ignore')
    with tempfile.TemporaryDirectory() as work:
        export = subprocess.run([sys.executable, STACKS_FILE, 'export', '--model', a.model, '--texts',
                                 os.path.join(a.data, 'validation.jsonl'), '--output', work, '--count', str(a.texts)],
                                capture_output=True, text=True)
        if export.returncode != 0:
            sys.exit('the model could not be exported:\n' + export.stderr[-4000:])
        cases = make_cases(a, work)
        workers, versions, missing = start_workers(a, work)
        answers, differences, idle = measure(a, workers, cases, missing)
        for worker in workers.values():
            worker.stop()

    table = make_table(answers, missing)
    print_table(a, table, workers)
    for name, reason in missing.items():
        print(f'{name} is missing: {reason}')
    print('\nlargest difference of logits: ' + ', '.join(f'{n} {d:.1e}' for n, d in differences.items()))
    print(f'processor time of waiting stacks: at most {100 * idle:.1f} % of one core; load before: {load:.1f}')
    if a.output:
        with open(a.output, 'w') as out:
            json.dump(dict(machine=platform.processor() or platform.machine(), arguments=vars(a), load_average=load,
                           versions=versions, table=table, rounds=answers, missing=missing,
                           logit_differences=differences, waiting_processor_share=idle), out, indent=1)
    if max(differences.values()) >= 1e-3:
        sys.exit('the stacks do not compute the same: expected differences of logits below 1e-3')


if __name__ == '__main__':
    main()
