#!/usr/bin/env python3
"""tl and Python's huggingface_hub on one cache, with the hub of the tests.

    python compare_downloads.py --tl build/release/tools/tl [--megabytes 20]

Each of them downloads first and the other one reads, offline and online; both download at the same time, from several
processes; each is killed in the middle and the other one finishes; tl goes on from what older versions of huggingface_hub
left. Looked at are: the folder that is returned, the layout, the hash of every blob, and that the large files are sent
once. Ends with status 1 if something differs. Needs huggingface_hub; nothing but loopback is asked.
"""
import argparse
import hashlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
MODEL = 'org/tiny'
PYTHON = 'import sys; from huggingface_hub import snapshot_download as get; print(get(sys.argv[1]))'
failures = 0


def check(good, what):
    global failures
    print('ok    ' if good else 'FAILED', what, flush=True)
    failures += not good


class Work:
    def __init__(self, folder, tl, megabytes):
        self.folder, self.tl, self.root = folder, tl, folder / 'root'
        files = self.root / 'models' / MODEL
        files.mkdir(parents=True)
        chance = random.Random(7)
        for number in range(2):
            (files / f'model-0000{number + 1}-of-00002.safetensors').write_bytes(chance.randbytes(megabytes << 19))
        (files / 'model.safetensors.index.json').write_text(json.dumps(
            {'metadata': {}, 'weight_map': {'a': 'model-00001-of-00002.safetensors', 'b': 'model-00002-of-00002.safetensors'}}))
        (files / 'config.json').write_text('{"model_type": "distilbert"}')
        (files / 'vocab.txt').write_text('[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n')
        (files / 'notes').mkdir()
        (files / 'notes' / 'empty.txt').write_text('')
        self.server = subprocess.Popen([sys.executable, HERE.parent / 'support' / 'local_hub.py', self.root])
        while not (self.root / 'ready').exists():
            time.sleep(0.05)
        self.address = json.loads((self.root / 'ready').read_text())['hub']

    def environment(self, cache, offline):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(('HF_', 'HUGGING', 'TRANSFORMERS_'))}
        return {**kept, 'HF_ENDPOINT': self.address, 'HF_HOME': str(self.folder / cache), 'HF_HUB_DISABLE_XET': '1',
                'HF_HUB_DISABLE_PROGRESS_BARS': '1', 'HF_HUB_OFFLINE': '1' if offline else '0'}

    def start(self, who, cache, offline=False):
        command = [self.tl, 'download', MODEL, '--include', '*'] if who == 'tl' else [sys.executable, '-c', PYTHON, MODEL]
        return subprocess.Popen(command, env=self.environment(cache, offline), stdout=subprocess.PIPE, text=True)

    def run(self, who, cache, offline=False):
        process = self.start(who, cache, offline)
        return process.communicate()[0].strip() if process.wait() == 0 else None

    def faults(self, faults):
        new = self.root / 'faults.new'
        new.write_text(json.dumps(faults))
        new.rename(self.root / 'faults.json')
        for name in ('held', 'release'):
            (self.root / name).unlink(missing_ok=True)

    def sent(self):
        """How often the body of a file was asked for, of large ones and of others."""
        lines = [json.loads(line) for line in (self.root / 'requests.jsonl').read_text().splitlines()]
        gets = [line for line in lines if line['method'] == 'GET']
        return (sum(line['server'] == 'store' for line in gets), sum('resolve' in line['path'] for line in gets))

    def hub(self, cache):
        return self.folder / cache / 'hub'

    def tree(self, cache):
        """What is in a repository's folder: links with their targets, and files with their content's hash."""
        found = {}
        base = self.hub(cache) / ('models--' + MODEL.replace('/', '--'))
        for path in base.rglob('*'):
            name = str(path.relative_to(base))
            if name.startswith('trees'):
                continue  # lists of files that newer versions of Python's library keep
            if path.is_symlink():
                found[name] = os.readlink(path)
            elif path.is_file():
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    def blobs_are_right(self, cache):
        count = 0
        for path in self.hub(cache).rglob('blobs/*'):
            if path.name.endswith('.incomplete'):
                continue
            data = path.read_bytes()
            git = hashlib.sha1(b'blob %d\0' % len(data) + data).hexdigest()
            if path.name not in (git, hashlib.sha256(data).hexdigest()):
                return False
            count += 1
        return count == 6

    def hold(self):
        """The first answer of the store stops after half a megabyte."""
        self.faults([{'server': 'store', 'hold': True, 'cut': 1 << 19, 'times': 1}])

    def wait_until_held(self, process):
        while not (self.root / 'held').exists() and process.poll() is None:
            time.sleep(0.02)
        time.sleep(0.5)


def one_after_the_other(work, first, second):
    cache = f'{first}_first'
    folder = work.run(first, cache)
    check(folder and work.blobs_are_right(cache), f'{first} downloads')
    before = work.sent()
    check(work.run(second, cache, offline=True) == folder, f'{second} finds the same folder offline')
    check(work.run(second, cache) == folder, f'{second} finds the same folder online')
    check(work.sent() == before, f'and does not download again what {first} did')
    check(work.run(first, cache, offline=True) == folder and work.blobs_are_right(cache), f'{first} reads after {second}')


def at_the_same_time(work):
    before = work.sent()
    work.faults([{'server': 'store', 'slow': 1 << 20}])
    processes = [work.start(who, 'both') for who in ('tl', 'Python', 'tl', 'Python')]
    folders = {process.communicate()[0].strip() for process in processes}
    check(all(process.returncode == 0 for process in processes) and len(folders) == 1, 'two of each at the same time')
    check(work.blobs_are_right('both'), 'with the right content')
    check(work.sent()[0] - before[0] == 2, f'each large file is sent once (2, got {work.sent()[0] - before[0]})')
    work.faults([])


def killed(work, first, second):
    cache = f'{first}_killed_{second}'
    work.hold()
    process = work.start(first, cache)
    work.wait_until_held(process)
    process.kill()
    process.wait()
    check(not work.blobs_are_right(cache), f'{first} is killed in the middle')
    work.faults([])
    check(work.run(second, cache) and work.blobs_are_right(cache), f'{second} finishes')


def older_beginning(work):
    """What huggingface_hub before 1.0 leaves after a break: ETAG.incomplete."""
    file = work.root / 'models' / MODEL / 'model-00001-of-00002.safetensors'
    data = file.read_bytes()
    blobs = work.hub('older') / ('models--' + MODEL.replace('/', '--')) / 'blobs'
    blobs.mkdir(parents=True)
    (blobs / (hashlib.sha256(data).hexdigest() + '.incomplete')).write_bytes(data[:1000000])
    check(work.run('tl', 'older') and work.blobs_are_right('older'), 'tl goes on from what an older version left')
    ranges = [json.loads(line)['range'] for line in (work.root / 'requests.jsonl').read_text().splitlines()]
    check('bytes=1000000-' in ranges, 'and asks for the rest only')
    check(not list(blobs.glob('*.incomplete')), 'and leaves nothing unfinished')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--tl', required=True, type=pathlib.Path)
    parser.add_argument('--megabytes', type=int, default=20)
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix='compare_downloads_'))
    work = Work(folder, arguments.tl.resolve(), arguments.megabytes)
    try:
        one_after_the_other(work, 'tl', 'Python')
        one_after_the_other(work, 'Python', 'tl')
        check(work.tree('tl_first') == work.tree('Python_first'), 'both leave the same files and links')
        at_the_same_time(work)
        killed(work, 'tl', 'Python')
        killed(work, 'Python', 'tl')
        killed(work, 'tl', 'tl')
        older_beginning(work)
    finally:
        work.server.terminate()
        work.server.wait()
        shutil.rmtree(folder, ignore_errors=True)
    print('all as expected' if failures == 0 else f'{failures} failed')
    sys.exit(failures > 0)


if __name__ == '__main__':
    main()
