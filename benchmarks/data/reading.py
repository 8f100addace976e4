#!/usr/bin/env python3
"""Reading of tables side by side: tl, pyarrow, pandas and datasets, from CSV, JSON lines and parquet.

    python benchmarks/data/reading.py --program build/release/benchmarks/tl_reading_time [--megabytes 1000] [--rounds 3]

Makes a table of texts, labels and numbers whose CSV has the given size, and the same rows as JSON lines and as parquet
with the defaults of pyarrow, in a folder that is deleted at the end (--folder keeps it for the next time). Every process
reads one file once, as a program does that starts, on --threads processors; the stacks take turns, in an order that
moves on by one each round. The tables show medians of the wall-clock time of the reading alone, of the processor time
(user and system), and the largest resident size of the process as a multiple of the text, which is the file of CSV and
JSON lines, and the CSV of the same rows for parquet. Files are in the system's cache; datasets writes its own cache
anew every time, which is how it reads. All stacks must give the same rows, texts and numbers, or the script fails. It
needs pyarrow; another package that is not installed is left out, with a line that says so, and so is parquet if the
program is built without it.
"""
import argparse
import csv
import importlib.metadata
import io
import json
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zlib

FORMATS = ('csv', 'jsonl', 'parquet')
STACKS = ('tl', 'pyarrow', 'pandas', 'datasets')


# The files.

def sentences(generator, count):
    """Texts of 20 to 400 bytes: frequent and rare words, punctuation, some quotes, some letters beyond ASCII."""
    letters = 'etaoinshrdlucmfwypvbgkjqxz'
    words = ['the', 'a', 'of', 'and', 'film', 'story', 'is', 'to', 'in', 'it', 'café', 'naïve']
    for _ in range(20_000):
        words.append(''.join(generator.choices(letters, range(26, 0, -1), k=generator.randint(2, 10))))
    frequencies = [1 / (5 + rank) for rank in range(len(words))]
    made = []
    for _ in range(count):
        text = ' '.join(generator.choices(words, frequencies, k=generator.randint(3, 36)))
        if generator.random() < 0.4:
            text = text.replace(' ', ', ', 2)
        if generator.random() < 0.1:
            text = f'"{text}", he said'
        made.append(text.capitalize() + generator.choice('.....!?'))
    return made


def make_files(base, size):
    import pyarrow as pa
    import pyarrow.parquet as pq
    generator = random.Random(1)
    parts = sentences(generator, 40_000)
    schema = pa.schema([('text', pa.string()), ('label', pa.int64()), ('score', pa.float64())])
    rows_of_group = 1 << 20  # pyarrow's own
    waiting = []
    with open(base + '.csv', 'w', encoding='utf-8', newline='') as table, \
            open(base + '.jsonl', 'w', encoding='utf-8') as lines, pq.ParquetWriter(base + '.parquet', schema) as parquet:
        writer = csv.writer(table, lineterminator='\n')
        writer.writerow(schema.names)
        bytes_written = table.tell()
        while bytes_written < size or waiting:
            count = 50_000 if bytes_written < size else 0
            texts = [f'{a} {b}' for a, b in zip(generator.choices(parts, k=count), generator.choices(parts, k=count))]
            rows = [(text, generator.randint(0, 5), round(generator.random(), 4)) for text in texts]
            part = io.StringIO()
            csv.writer(part, lineterminator='\n').writerows(rows)
            table.write(part.getvalue())
            bytes_written += len(part.getvalue().encode())
            lines.writelines(json.dumps(dict(zip(schema.names, row)), ensure_ascii=False) + '\n' for row in rows)
            waiting += rows
            if len(waiting) >= rows_of_group or bytes_written >= size:
                columns = zip(*waiting[:rows_of_group])
                parquet.write_table(pa.table([pa.array(column) for column in columns], schema), rows_of_group)
                waiting = waiting[rows_of_group:]


# One reading, in a process of its own.

def reader_of(stack, path, folder):
    """A function that reads the file; it is made before the clock runs, so that imports are not timed."""
    kind = path.rsplit('.', 1)[1]
    if stack == 'pyarrow':
        import pyarrow as pa
        import pyarrow.csv
        import pyarrow.json
        import pyarrow.parquet
        pa.set_cpu_count(len(os.sched_getaffinity(0)))
        return {'csv': lambda: pa.csv.read_csv(path), 'jsonl': lambda: pa.json.read_json(path),
                'parquet': lambda: pa.parquet.read_table(path)}[kind]
    if stack == 'pandas':
        import pandas as pd
        import pyarrow.parquet  # what read_parquet imports
        return {'csv': lambda: pd.read_csv(path), 'jsonl': lambda: pd.read_json(path, lines=True),
                'parquet': lambda: pd.read_parquet(path)}[kind]
    import datasets
    import pyarrow as pa
    import pandas
    datasets.disable_progress_bars()
    pa.set_cpu_count(len(os.sched_getaffinity(0)))
    name = {'jsonl': 'json'}.get(kind, kind)
    return lambda: datasets.load_dataset(name, data_files=path, split='train', cache_dir=folder)


def summary(table):
    """What tl_reading_time prints of each column."""
    import pyarrow as pa
    import pyarrow.compute as pc
    columns = {}
    for name in table.column_names:
        column = table.column(name)
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            columns[name] = pc.sum(column).as_py()
            continue
        total = squares = 0
        adler = 1
        for chunk in column.chunks:
            chunk = chunk.cast(pa.large_binary())
            lengths = pc.binary_length(chunk)
            total += pc.sum(lengths).as_py() or 0
            squares += pc.sum(pc.multiply(lengths, lengths)).as_py() or 0
            _, offsets, data = chunk.buffers()
            ends = memoryview(offsets).cast('q')
            adler = zlib.adler32(memoryview(data)[ends[chunk.offset]:ends[chunk.offset + len(chunk)]], adler)
        columns[name] = [total, squares, adler]
    return columns


def read_once(stack, path):
    with tempfile.TemporaryDirectory(dir=os.path.dirname(path)) as folder:
        read = reader_of(stack, path, folder)
        before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        rows = read()
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
        import pyarrow as pa
        table = rows if stack == 'pyarrow' else \
            pa.Table.from_pandas(rows, preserve_index=False) if stack == 'pandas' else rows.data.table
        print(json.dumps({'seconds': seconds, 'user': after.ru_utime - before.ru_utime,
                          'system': after.ru_stime - before.ru_stime, 'peak': after.ru_maxrss * 1024,
                          'rows': table.num_rows, 'columns': summary(table)}))


# All of them.

def run(stack, path, arguments):
    processors = sorted(os.sched_getaffinity(0))[:arguments.threads]
    command = [arguments.program, path] if stack == 'tl' else [sys.executable, __file__, '--read', stack, path]
    done = subprocess.run(command, capture_output=True, text=True,
                          preexec_fn=lambda: os.sched_setaffinity(0, processors),
                          env=dict(os.environ, TL_NUM_THREADS=str(arguments.threads),
                                   OMP_NUM_THREADS=str(arguments.threads), HF_DATASETS_OFFLINE='1'))
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    reason = (done.stderr.strip().splitlines() or ['no reason'])[-1]
    if 'ModuleNotFoundError' in reason or 'link it' in reason:
        print(f'{stack}, {os.path.basename(path)}: left out: {reason}', flush=True)
        return None
    sys.exit(f'{" ".join(command)} ended with {done.returncode}: {reason}')


def require_equal(found, expected, stack, path):
    same = found['rows'] == expected['rows'] and found['columns'].keys() == expected['columns'].keys()
    for name, value in expected['columns'].items():
        other = found['columns'].get(name)
        near = isinstance(value, float) and isinstance(other, float) and abs(value - other) <= 1e-9 * abs(value)
        same = same and (near or value == other)
    if not same:
        sys.exit(f'{path}: {stack} read {found}, tl {expected}')


def measure(kind, arguments, base, text):
    path = f'{base}.{kind}'
    results = {stack: [] for stack in arguments.stacks}
    with open(path, 'rb') as file:  # into the system's cache
        while file.read(1 << 24):
            pass
    for number in range(arguments.rounds):
        stacks = list(results)
        for stack in stacks[number % len(stacks):] + stacks[:number % len(stacks)]:
            result = run(stack, path, arguments)
            if result is None:
                del results[stack]
            else:
                results[stack].append(result)
    if 'tl' not in results:
        return
    expected = results['tl'][0]
    print(f'\n{kind}: {os.path.getsize(path) / 1e6:.0f} MB, {expected["rows"]} rows, {arguments.threads} threads, '
          f'medians of {arguments.rounds} rounds\n')
    print('| stack | seconds (range) | time, tl = 1 | processor seconds | peak memory / text |\n|---|---|---|---|---|')
    tl_seconds = statistics.median(result['seconds'] for result in results['tl'])
    for stack, found in results.items():
        for result in found:
            require_equal(result, expected, stack, path)
        seconds = [result['seconds'] for result in found]
        cpu = statistics.median(result['user'] + result['system'] for result in found)
        median, peak = statistics.median(seconds), statistics.median(result['peak'] for result in found)
        print(f'| {stack} | {median:.2f} ({min(seconds):.2f} to {max(seconds):.2f}) | {median / tl_seconds:.2f} '
              f'| {cpu:.2f} | {peak / text:.2f} |', flush=True)


def benchmark(arguments, folder):
    base = os.path.join(folder, f'table_{arguments.megabytes}')
    if not all(os.path.exists(f'{base}.{kind}') for kind in FORMATS):
        subprocess.run([sys.executable, __file__, '--make', base, str(arguments.megabytes * 1_000_000)], check=True)
    versions = [f'Python {platform.python_version()}']
    for name in ('pyarrow', 'pandas', 'datasets'):  # not imported: a process begins with the peak of its parent
        try:
            versions.append(f'{name} {importlib.metadata.version(name)}')
        except importlib.metadata.PackageNotFoundError:
            pass
    print(', '.join(versions) + f'; load average before: {os.getloadavg()[0]:.1f}')
    for kind in arguments.formats:
        text = os.path.getsize(f'{base}.{"csv" if kind == "parquet" else kind}')
        measure(kind, arguments, base, text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--program', help='tl_reading_time')
    parser.add_argument('--megabytes', type=int, default=1000, help='size of the CSV file')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--formats', nargs='+', choices=FORMATS, default=FORMATS)
    parser.add_argument('--stacks', nargs='+', choices=STACKS, default=STACKS)
    parser.add_argument('--folder', help='where the files are made and kept')
    parser.add_argument('--make', nargs=2, metavar=('BASE', 'BYTES'), help='what the script calls itself')
    parser.add_argument('--read', nargs=2, metavar=('STACK', 'FILE'), help='what the script calls itself')
    arguments = parser.parse_args()
    if arguments.make:
        return make_files(arguments.make[0], int(arguments.make[1]))
    if arguments.read:
        return read_once(*arguments.read)
    if not arguments.program:
        parser.error('--program is missing: the path of tl_reading_time')
    arguments.stacks = ['tl'] + [stack for stack in arguments.stacks if stack != 'tl']
    if arguments.folder:
        os.makedirs(arguments.folder, exist_ok=True)
        return benchmark(arguments, os.path.abspath(arguments.folder))
    with tempfile.TemporaryDirectory() as folder:
        benchmark(arguments, folder)


if __name__ == '__main__':
    main()
