#!/usr/bin/env python3
"""Compares the tables that tl takes and gives by Arrow's C Data Interface with pyarrow's, Polars' and DuckDB's.

    python compare_arrow_c.py [--tables 300] [--seed 0] [--flags "-isystem /usr/include/eigen3"]

Compiles arrow_c_bridge.cpp with $CXX (else c++) and calls it by ctypes. Random tables of every type go there as an array,
as a slice of it and as a stream of batches, and come back; so do tables of Polars and DuckDB, and a table of Python's
datasets with the names of its classes. Then what tl refuses. Needs pyarrow; Polars, DuckDB and datasets if they are there.
"""
import argparse
import ctypes
import os
import random
import shlex
import subprocess
import tempfile
from pathlib import Path

import pyarrow as pa

HERE = Path(__file__).resolve().parent
SCHEMA_BYTES, ARRAY_BYTES, STREAM_BYTES = 72, 80, 40


class Bridge:
    def __init__(self, flags, folder):
        library = Path(folder) / "bridge.so"
        compiler = os.environ.get("CXX", "c++")
        subprocess.run([compiler, "-std=c++20", "-O1", "-shared", "-fPIC", "-I", str(HERE.parents[1] / "include"),
                        *shlex.split(flags), str(HERE / "arrow_c_bridge.cpp"), "-o", str(library)], check=True)
        self.library = ctypes.CDLL(str(library))
        for name in ("bridge_from_stream", "bridge_from_array", "bridge_to_arrow"):
            getattr(self.library, name).restype = ctypes.c_void_p
        self.library.bridge_problem.restype = ctypes.c_char_p
        self.library.bridge_sizes.restype = ctypes.c_int64
        assert self.library.bridge_sizes() == SCHEMA_BYTES * 10000 + ARRAY_BYTES * 100 + STREAM_BYTES

    def checked(self, value):
        problem = self.library.bridge_problem().decode()
        if problem:
            raise ValueError(problem)
        return value

    def back(self, rows):
        """What tl gives for the data set at an address, as a batch of pyarrow; frees the data set."""
        schema, array = ctypes.create_string_buffer(SCHEMA_BYTES), ctypes.create_string_buffer(ARRAY_BYTES)
        self.library.bridge_to_arrow(ctypes.c_void_p(rows), schema, array)
        self.library.bridge_free(ctypes.c_void_p(rows))
        self.checked(None)
        batch = pa.RecordBatch._import_from_c(ctypes.addressof(array), ctypes.addressof(schema))
        batch.validate(full=True)
        return batch

    def by_array(self, batch):
        schema, array = ctypes.create_string_buffer(SCHEMA_BYTES), ctypes.create_string_buffer(ARRAY_BYTES)
        batch._export_to_c(ctypes.addressof(array), ctypes.addressof(schema))
        rows = self.library.bridge_from_array(schema, array)
        assert schema.raw[56:64] == array.raw[64:72] == bytes(8), "expected both to be released"
        return self.back(self.checked(rows))

    def by_stream(self, table):
        """A table of any library that has the method __arrow_c_stream__."""
        capsule = table.__arrow_c_stream__()
        pointer = ctypes.pythonapi.PyCapsule_GetPointer
        pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        rows = self.library.bridge_from_stream(ctypes.c_void_p(pointer(capsule, b"arrow_array_stream")))
        return self.back(self.checked(rows))


def texts(draw):
    return draw.choice(["", "a", "é😀", "a text of more than twelve bytes", "two\nlines", "\x00"])


def scalars():
    """Types that become columns, with what draws a value that each of them holds exactly."""
    whole = lambda draw: draw.randrange(0, 100)
    real = lambda draw: draw.randrange(-64, 64) / 8
    types = {getattr(pa, name)(): whole for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")}
    types.update({pa.float16(): real, pa.float32(): real, pa.float64(): lambda draw: draw.uniform(-1e300, 1e300)})
    types[pa.bool_()] = lambda draw: draw.random() < 0.5
    types.update({pa.string(): texts, pa.large_string(): texts, pa.string_view(): texts})
    return types


def random_array(draw, rows):
    kind, draw_value = draw.choice(list(scalars().items()))
    if kind == pa.float16():
        make = lambda values, of: pa.array(values, pa.float32()).cast(of)
    else:
        make = pa.array
    null = draw.choice([0, 0, 0.3, 1])
    form = draw.choice(["plain", "plain", "dictionary", "list", "large_list", "fixed_list", "list_view", "large_list_view"])
    if form in ("plain", "dictionary"):
        values = make([None if draw.random() < null else draw_value(draw) for _ in range(rows)], kind)
        if form == "plain" or kind in (pa.float16(), pa.string_view(), pa.bool_()):
            return values
        return values.dictionary_encode()
    if kind == pa.float16():
        kind, draw_value = pa.float32(), lambda draw: draw.randrange(-64, 64) / 8
    if kind in (pa.float64(), pa.bool_()):  # lists are of 32 bits, and of numbers
        kind, draw_value = pa.float32(), lambda draw: draw.randrange(-64, 64) / 8
    size = (lambda: 2) if form == "fixed_list" else (lambda: draw.randrange(0, 4))
    lists = [None if draw.random() < null else [draw_value(draw) for _ in range(size())] for _ in range(rows)]
    of = {"list": pa.list_, "large_list": pa.large_list, "fixed_list": lambda t: pa.list_(t, 2), "list_view": pa.list_view,
          "large_list_view": pa.large_list_view}[form](kind)
    return pa.array(lists, of)


def check_random(bridge, count, seed):
    draw = random.Random(seed)
    for number in range(count):
        rows = draw.choice([0, 1, 2, 9, 40])
        arrays = [random_array(draw, rows) for _ in range(draw.randrange(1, 6))]
        table = pa.table(arrays, names=[f"column {i}" for i in range(len(arrays))])
        expected = table.to_pydict()
        batch = pa.RecordBatch.from_arrays(arrays, names=table.column_names)
        assert bridge.by_array(batch).to_pydict() == expected, number
        begin = draw.randrange(0, rows + 1)
        sliced = batch.slice(begin, draw.randrange(0, rows - begin + 1))
        assert bridge.by_array(sliced).to_pydict() == sliced.to_pydict(), number
        parts = pa.concat_tables([table, table.slice(begin), table.slice(0, 0)])
        assert bridge.by_stream(parts).to_pydict() == parts.to_pydict(), number
    print(f"{count} random tables of pyarrow: equal, as an array, as a slice and as a stream")


def check_polars(bridge):
    try:
        import polars
    except ImportError:
        return print("polars: not installed")
    frame = polars.DataFrame({"text": ["a", None, "a text of more than twelve bytes"], "label": [1, 0, None], "score": [0.5, 1, None],
                              "yes": [True, None, False], "ids": [[1, 2], [], None], "words": [["x"], [], ["y", "é"]]},
                             schema_overrides={"ids": polars.List(polars.Int32)})
    frame = frame.with_columns(kind=polars.Series(["b", "a", "b"]).cast(polars.Categorical), level=polars.Series(
        ["low", "high", None]).cast(polars.Enum(["low", "high"])))
    frame = polars.concat([frame, frame.slice(1)], rechunk=False)
    got = bridge.by_stream(frame)
    assert got.to_pydict() == frame.to_dict(as_series=False), got.to_pydict()
    assert polars.from_arrow(got).to_dict(as_series=False) == frame.to_dict(as_series=False)
    print(f"polars {polars.__version__}: equal in both directions")


def check_duckdb(bridge):
    try:
        import duckdb
    except ImportError:
        return print("duckdb: not installed")
    relation = duckdb.sql("select 'row ' || i as text, i % 3 as label, i / 2.0::double as score, i % 2 = 0 as yes, "
                          "case when i % 5 > 0 then [i, i + 1]::integer[] end as ids, ['é', 'x'] as words, "
                          "(['low', 'high'])[i % 2 + 1]::enum('low', 'high') as level from range(5000) t(i)")
    names = relation.columns
    expected = [list(column) for column in zip(*relation.fetchall())]
    got = bridge.by_stream(relation)
    assert got.schema.names == names
    assert [got.column(i).to_pylist() for i in range(len(names))] == expected
    handed = pa.Table.from_batches([got])  # DuckDB finds it by the name of the variable
    assert handed.num_rows == 5000
    assert duckdb.sql("select count(*), sum(label), max(text) from handed").fetchall() == [
        (len(expected[0]), sum(expected[1]), max(expected[0]))]
    print(f"duckdb {duckdb.__version__}: equal in both directions")


def check_datasets(bridge):
    try:
        import datasets
    except ImportError:
        return print("datasets: not installed")
    labels = datasets.ClassLabel(names=["neg", "pos"])
    features = datasets.Features({"text": datasets.Value("string"), "label": labels, "tags": datasets.List(labels),
                                  "yes": datasets.Value("bool"), "ids": datasets.List(datasets.Value("int32"))})
    rows = datasets.Dataset.from_dict({"text": ["a", "b"], "label": [1, 0], "tags": [[0, 1], []], "yes": [True, False],
                                       "ids": [[1], []]}, features=features)
    again = datasets.Dataset(pa.Table.from_batches([bridge.by_stream(rows.data.table)]))
    assert again.features == features, again.features
    assert again[:] == rows[:]
    print(f"datasets {datasets.__version__}: equal, with the names of classes")


def check_refused(bridge):
    for array, part in ((pa.array([1], pa.timestamp("us")), "got timestamp"), (pa.array([b"a"]), "got binary; cast it"),
                        (pa.array([{"a": 1}]), "got struct"), (pa.array([[[1]]]), "got lists or dictionaries of lists"),
                        (pa.array([2**63], pa.uint64()), "row 0, column 'x': expected a number of 64 bits"),
                        (pa.array([[1, None]]), "expected values in the list, got null")):
        try:
            bridge.by_stream(pa.table({"x": array}))
        except ValueError as error:
            assert part in str(error), error
        else:
            raise AssertionError(f"expected an error: {part}")
    stream = pa.RecordBatchReader.from_batches(pa.schema([("x", pa.int64())]), (1 / 0 for _ in range(1)))
    try:
        bridge.by_stream(stream)
    except ValueError as error:
        assert "the stream says: " in str(error), error
    else:
        raise AssertionError("expected the error of the stream")
    print("what a data set does not have is refused")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tables", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--flags", default="-isystem /usr/include/eigen3")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bridge = Bridge(args.flags, folder)
        check_random(bridge, args.tables, args.seed)
        check_polars(bridge)
        check_duckdb(bridge)
        check_datasets(bridge)
        check_refused(bridge)


main()
