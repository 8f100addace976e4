"""json.dumps of Python for tests/io/json_test.cpp: floats of every size and texts with every kind of character.

Usage: make_json_reference.py tests/reference/data/json_dumps.jsonl        (Python 3.11, seed 1)
Each line: {"bits": hexadecimal double, "repr": text} or {"value": .., "indent": .., "sort_keys": .., "ensure_ascii": ..,
"compact": .., "text": what json.dumps wrote}.
"""
import json
import random
import struct
import sys

rng = random.Random(1)
lines = []
floats = [0.0, -0.0, 1.0, 2.0, 0.1, -0.25, 1e-4, 9.999e-5, 1e-5, 2e-5, 5e-324, 1.7976931348623157e308, 1e15, 1e16, 1e17,
          123456789012345680.0, 9007199254740993.0, 9999999999999998.0, 1e22, 1e23, 1 / 3, 100.0, 1e100, 0.00012345,
          float("inf"), float("-inf"), float("nan"), 4.939999999999999e-06, 0.30000000000000004]
floats += [struct.unpack("<d", struct.pack("<Q", rng.getrandbits(64)))[0] for _ in range(60)]
floats += [rng.uniform(-1, 1) * 10 ** rng.randint(-8, 20) for _ in range(60)]
for value in floats:
    lines.append(dict(bits=f"{struct.unpack('<Q', struct.pack('<d', value))[0]:016x}", repr=json.dumps(value)))

values = [
    {}, [], [[], {}], None, True, -7, 2**63 + 5, "plain",
    {"b": 1, "a": [1, 2.5, "x"], "é": {"z": None, "y": False}, "B": {}},
    {"text": "tab\t quote\" back\\ slash/ nul\u0000 bell\u0007 del\u007f nl\n cr\r ff\f bs\b"},
    ["é", "ß", "中文", "😀", "\u2028", "\ufffd", "\U0010ffff"],
    {"id2label": {"0": "neg", "1": "pos"}, "lr": 2e-05, "eps": 1e-12, "loss": float("nan"), "best": float("-inf")},
]
for value in values:
    for style in (dict(indent=2, sort_keys=True, ensure_ascii=True), dict(indent=2, sort_keys=False, ensure_ascii=False),
                  dict(indent=None, sort_keys=False, ensure_ascii=True), dict(indent=4, sort_keys=True, ensure_ascii=False)):
        lines.append(dict(value=value, **style, compact=False, text=json.dumps(value, **style)))
    lines.append(dict(value=value, indent=None, sort_keys=False, ensure_ascii=False, compact=True,
                      text=json.dumps(value, ensure_ascii=False, separators=(",", ":"))))

with open(sys.argv[1], "w") as f:
    f.write("".join(json.dumps(line) + "\n" for line in lines))
