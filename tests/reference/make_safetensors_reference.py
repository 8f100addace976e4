"""Files written by the real safetensors library (0.8.0) for tests/io/safetensors_test.cpp.

Usage: make_safetensors_reference.py tests/reference/data         (torch 2.15.0; values are computed, no seed)
 tensors_mixed.safetensors   one tensor of every type that torch can write, a scalar, an empty tensor, non-ASCII and
                             escaped names; metadata {"format": "pt"}
 tensors_plain.safetensors   three float32 tensors, no metadata
 sharded/                    two shards and their index, written by transformers' split helper's naming
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file

folder = pathlib.Path(sys.argv[1])


def ramp(n, dtype):
    return (torch.arange(n, dtype=torch.float64) * 0.75 - 2).to(dtype)


mixed = {
    "b.weight": ramp(6, torch.float32).reshape(2, 3),
    "a.weight": ramp(4, torch.float32).reshape(2, 2),
    "half": ramp(5, torch.float16),
    "brain": ramp(3, torch.bfloat16),
    "double": ramp(2, torch.float64),
    "ids": torch.tensor([[1, -2, 3]], dtype=torch.int64),
    "small": torch.tensor([7, -8], dtype=torch.int32),
    "short": torch.tensor([7, -8], dtype=torch.int16),
    "byte": torch.tensor([0, 255, 3], dtype=torch.uint8),
    "signed": torch.tensor([-1], dtype=torch.int8),
    "flag": torch.tensor([True, False, True], dtype=torch.bool),
    "e4m3": ramp(3, torch.float32).to(torch.float8_e4m3fn),
    "e5m2": ramp(3, torch.float32).to(torch.float8_e5m2),
    "scalar": torch.tensor(1.5),
    "nothing": torch.zeros(0, 4),
    'name "quoted" \\ \t é 中': ramp(1, torch.float32),
}
save_file(mixed, folder / "tensors_mixed.safetensors", metadata={"format": "pt"})
save_file({"w": ramp(2, torch.float32), "v": ramp(1, torch.float32), "é": ramp(3, torch.float32)},
          folder / "tensors_plain.safetensors")

(folder / "sharded").mkdir(exist_ok=True)
first, second = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
save_file({"layer.0.weight": ramp(4, torch.float32)}, folder / "sharded" / first, metadata={"format": "pt"})
save_file({"layer.1.weight": ramp(2, torch.float32), "layer.1.bias": ramp(1, torch.float32)}, folder / "sharded" / second,
          metadata={"format": "pt"})
index = {"metadata": {"total_parameters": 7, "total_size": 28},
         "weight_map": {"layer.0.weight": first, "layer.1.bias": second, "layer.1.weight": second}}
(folder / "sharded" / "model.safetensors.index.json").write_text(json.dumps(index, indent=2, sort_keys=True) + "\n")
