"""Draws of the real generators, for tests/core/random_test.cpp and tests/data/sampler_test.cpp.

Usage: make_random_reference.py tests/reference/data/random.json
Made with torch 2.15.0 (x86-64, AVX2/AVX512), numpy 2.4.6, datasets 5.2.0, accelerate 1.15.0, transformers 5.23.0.
Lists of more than 40 numbers are stored as {n, first (16), last (8), sha256 over little-endian int64}; floats as their
bit patterns in hexadecimal, long ones as {n, first (8), last (4), sha256 over the float32 bytes}.
"""
import hashlib
import json
import sys

import accelerate
import datasets
import numpy as np
import torch
import transformers
from accelerate.data_loader import SeedableRandomSampler
from transformers.trainer_pt_utils import LengthGroupedSampler, get_length_grouped_indices

datasets.disable_progress_bars()
torch.set_num_threads(1)


def order(values):
    values = [int(v) for v in values]
    if len(values) <= 40:
        return values
    digest = hashlib.sha256(np.array(values, "<i8").tobytes()).hexdigest()
    return dict(n=len(values), first=values[:16], last=values[-8:], sha256=digest)


def floats(tensor):
    array = tensor.detach().numpy().astype("<f4").ravel()
    bits = [f"{v:08x}" for v in array.view("<u4").tolist()]
    if len(bits) <= 17:
        return bits
    return dict(n=len(bits), first=bits[:8], last=bits[-4:], sha256=hashlib.sha256(array.tobytes()).hexdigest())


def generator(seed):
    return torch.Generator().manual_seed(seed)


out = dict(
    made_by="make_random_reference.py",
    versions=dict(torch=torch.__version__, numpy=np.__version__, datasets=datasets.__version__,
                  accelerate=accelerate.__version__, transformers=transformers.__version__),
)

out["randperm"] = [dict(n=n, seed=s, order=order(torch.randperm(n, generator=generator(s)).tolist()))
                   for n, s in ((0, 42), (1, 42), (2, 1), (10, 0), (10, 42), (17, 2**31 + 5), (10, 2**32 + 42),
                                (16, 2**40 + 7), (1000, 42), (1000, 43), (8530, 42))]

g = generator(42)
out["one_generator_seed_42"] = dict(
    about="drawn in this order from one generator",
    random_int64=[int(torch.empty((), dtype=torch.int64).random_(generator=g)) for _ in range(4)],
    rand=floats(torch.rand(4, generator=g)),
    bernoulli=torch.empty(40).bernoulli_(0.9, generator=g).int().tolist(),
    randperm=order(torch.randperm(20, generator=g)),
    normal_5=floats(torch.empty(5).normal_(0.3, 1.7, generator=g)),
    uniform=floats(torch.empty(9).uniform_(-0.1, 0.3, generator=g)),
    normal_1=floats(torch.empty(1).normal_(0.0, 1.0, generator=g)),
    normal_17=floats(torch.empty(17).normal_(0.0, 0.02, generator=g)),
)

out["normal"] = []
for seed, mean, std, sizes in ((42, 0.0, 0.02, [768 * 768, 2 * 768]), (0, 0.0, 0.02, [4096]), (7, -1.5, 3.0, [16, 31, 100]),
                               (42, 0.0, 1.0, [1, 2, 15, 16, 3])):
    g = generator(seed)
    out["normal"].append(dict(seed=seed, mean=mean, std=std,
                              tensors=[dict(n=n, values=floats(torch.empty(n).normal_(mean, std, generator=g)))
                                       for n in sizes]))

out["uniform"] = [dict(seed=s, low=a, high=b, values=floats(torch.empty(5000).uniform_(a, b, generator=generator(s))))
                  for s, a, b in ((1, -1 / 48, 1 / 48), (2, 2.0, 2.7), (3, 0.0, 1.0))]

out["numpy_permutation"] = [dict(n=n, seed=s, order=order(np.random.default_rng(s).permutation(n)))
                            for n, s in ((0, 42), (1, 1), (10, 42), (10, 0), (10, 2**33), (7, 2**64 - 1), (1066, 42),
                                         (8530, 42), (70000, 5))]

rows = lambda n: datasets.Dataset.from_dict({"i": list(range(n))})
out["datasets_shuffle"] = [dict(n=n, seed=s, order=order(rows(n).shuffle(seed=s)["i"])) for n, s in ((10, 42), (1000, 7))]
out["train_test_split"] = []
for n, arguments in ((10, dict(test_size=0.25)), (10, dict(train_size=0.25)), (11, dict(test_size=0.2, train_size=0.5)),
                     (10, dict(test_size=3)), (10, dict(test_size=0.2, shuffle=False)), (7, dict())):
    seed = None if arguments.get("shuffle") is False else 42
    parts = rows(n).train_test_split(seed=seed, **arguments)
    out["train_test_split"].append(dict(n=n, args=arguments, train=order(parts["train"]["i"]), test=order(parts["test"]["i"])))


class Rows:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n


sampler = SeedableRandomSampler(Rows(40), data_seed=42, generator=torch.Generator())
out["epochs"] = []
for epoch in range(3):
    sampler.set_epoch(epoch)
    out["epochs"].append(order(list(sampler)))

out["grouped"] = []
for n, batch, seed in ((200, 8, 42), (33, 4, 1), (10, 8, 3), (3000, 4, 42)):
    lengths = [5 + (i * 7919) % 53 for i in range(n)]
    first = get_length_grouped_indices(lengths, batch, generator=(g := generator(seed)))
    out["grouped"].append(dict(n=n, batch=batch, seed=seed, order=order(first),
                               second=order(get_length_grouped_indices(lengths, batch, generator=g))))
fresh = LengthGroupedSampler(8, lengths=[5 + (i * 7919) % 53 for i in range(50)], generator=generator(42))
out["grouped_sampler"] = [order(list(fresh)), order(list(fresh))]

with open(sys.argv[1], "w") as f:
    lines = []
    for key, value in out.items():
        if isinstance(value, list):
            lines.append(json.dumps(key) + ": [\n" + ",\n".join(json.dumps(v) for v in value) + "\n]")
        else:
            lines.append(json.dumps(key) + ": " + json.dumps(value))
    f.write("{\n" + ",\n".join(lines) + "\n}\n")
