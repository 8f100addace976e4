"""Files for parquet_test.cpp, and checks of those that it wrote.

Usage: make_parquet.py types|nulls|same|bad|check FOLDER."""

import gzip
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

INFO = {"info": {"features": {"text": {"dtype": "string", "_type": "Value"},
                              "label": {"names": ["neg", "pos"], "_type": "ClassLabel"}}}}
SAMPLE = pa.table({
    "text": pa.array(["é", "", "two\nlines"]),
    "label": pa.array([1, 0, 1]),
    "score": pa.array([0.1, -1e300, 3.0]),
    "ids": pa.array([[1, -2], [], [2147483647]], pa.list_(pa.int32())),
    "weights": pa.array([[0.5], [], [1.0, 2.0]], pa.list_(pa.float32())),
    "words": pa.array([["a", ""], [], ["b"]]),
})


def types(folder):
    table = SAMPLE.replace_schema_metadata({"huggingface": json.dumps(INFO)})
    for codec in ("none", "snappy", "gzip", "brotli", "lz4", "zstd"):
        pq.write_table(table, folder / f"{codec}.parquet", compression=codec, row_group_size=2)
    columns = {}
    for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"):
        columns[name] = pa.array([0, 7, 100], getattr(pa, name)())
    columns["float16"] = pa.array([0.5, -2, 1024], pa.float32()).cast(pa.float16())
    columns["float32"] = pa.array([0.5, -2, 1024], pa.float32())
    columns["float64"] = pa.array([0.5, -2, 1024], pa.float64())
    columns["bool"] = pa.array([True, False, True])
    columns["string"] = pa.array(["a", "b", "a"])
    columns["large_string"] = pa.array(["a", "b", "a"], pa.large_string())
    columns["string_view"] = pa.array(["a", "b", "a"], pa.string_view())
    columns["dictionary"] = pa.array(["a", "b", "a"]).dictionary_encode()
    columns["list_int"] = pa.array([[1, 2], [3, 4], [5, 6]], pa.list_(pa.int64()))
    columns["large_list"] = pa.array([[1, 2], [3, 4], [5, 6]], pa.large_list(pa.int16()))
    columns["fixed_list"] = pa.array([[1, 2], [3, 4], [5, 6]], pa.list_(pa.int32(), 2))
    columns["list_float"] = pa.array([[0.5], [], [1.0]], pa.list_(pa.float64()))
    columns["list_string"] = pa.array([[], ["z"], ["x", "y"]])
    pq.write_table(pa.table(columns), folder / "types.parquet")
    tags = {"info": {"features": {"tags": {"feature": {"names": ["O", "B"], "_type": "ClassLabel"}, "_type": "List"}}}}
    table = pa.table({"tags": pa.array([[0, 1], [0]])}).replace_schema_metadata({"huggingface": json.dumps(tags)})
    pq.write_table(table, folder / "tags.parquet")
    pq.write_table(pa.table({"n": pa.array(range(2500))}), folder / "groups.parquet", row_group_size=1000)
    (folder / "groups.parquet.gz").write_bytes(gzip.compress((folder / "groups.parquet").read_bytes()))


def nulls(folder):
    texts = ["a", None, "cé", "", None]
    table = pa.table({
        "text": pa.array(texts),
        "large_text": pa.array(texts, pa.large_string()),
        "dictionary": pa.array(texts).dictionary_encode(),
        "label": pa.array([1, None, 0, 1, None]),
        "score": pa.array([1.0, None, 3.0, 4.0, None]),
        "bool": pa.array([True, None, False, True, None]),
        "ids": pa.array([[1, 2], None, [], [3], None], pa.list_(pa.int32())),
        "words": pa.array([["a"], None, ["b", "c"], [], None]),
        "none": pa.nulls(5),
        "n": pa.array([1, 2, 3, 4, 5]),
    }).replace_schema_metadata({"huggingface": json.dumps(INFO)})
    pq.write_table(table, folder / "nulls.parquet", row_group_size=2)


def same(folder):
    one, other = pq.read_table(folder / "nulls.parquet"), pq.read_table(folder / "again.parquet")
    assert one.to_pydict() == other.to_pydict(), other.to_pydict()
    assert other.schema.field("bool").type == pa.bool_()


def bad(folder):
    texts = [f"row {i}" for i in range(2000)]
    texts[1501] = None
    pq.write_table(pa.table({"text": texts, "n": list(range(2000))}), folder / "null.parquet", row_group_size=1000)
    pq.write_table(pa.table({"s": [{"a": 1}]}), folder / "struct.parquet")
    pq.write_table(pa.table({"t": pa.array([1], pa.timestamp("us"))}), folder / "time.parquet")
    pq.write_table(pa.table({"b": [b"a"]}), folder / "binary.parquet")
    pq.write_table(pa.table({"l": [[[1]]]}), folder / "lists.parquet")
    latin = pa.array(["a", b"caf\xe9"], pa.binary())
    pq.write_table(pa.table({"t": pa.Array.from_buffers(pa.string(), 2, latin.buffers())}), folder / "latin.parquet")
    pq.write_table(pa.table({"u": pa.array([1, 2**64 - 1], pa.uint64())}), folder / "large.parquet")
    pq.write_table(pa.table({"l": [[2**32]]}), folder / "long_list.parquet")
    pq.write_table(pa.table({"l": [[0.5, float("inf")], [1e300]]}), folder / "wide_list.parquet")
    pq.write_table(pa.table({"l": [[1], [2, None]]}), folder / "null_in_list.parquet")


def check(folder):
    table = pq.read_table(folder / "ours.parquet")
    assert table.to_pydict() == SAMPLE.to_pydict(), table.to_pydict()
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert features["label"] == {"names": ["neg", "pos"], "_type": "ClassLabel"}, features
    try:
        import datasets
    except ImportError:
        return
    assert datasets.Features.from_arrow_schema(table.schema)["label"].names == ["neg", "pos"]
    table = pq.read_table(folder / "classes.parquet")
    assert table.to_pydict() == {"b": [True, False], "tags": [[1], []]}, table.to_pydict()
    assert datasets.Features.from_arrow_schema(table.schema)["tags"].feature.names == ["O", "B"]


{"types": types, "nulls": nulls, "same": same, "bad": bad, "check": check}[sys.argv[1]](Path(sys.argv[2]))
