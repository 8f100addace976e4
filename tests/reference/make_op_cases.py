"""What PyTorch computes for every differentiable operation: values and gradients, for tests/ops/*_test.cpp.

Usage: make_op_cases.py tests/reference/data     (writes ops_<stem>.json)
Made with torch 2.15.0 (x86-64), seed 0. Inputs are multiples of 1/256 (or odd multiples of 1/512), so they are exact; results
are computed in float64 and stored with all digits. Gradients belong to sum(y * dy). Dropout masks come from an
implementation of tl's rule in this file. Cases with precision bf16 round where the contracts in include/tl/kernels say.
"""
import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
torch.set_num_threads(1)


def random(*shape, spread=1.0):
    return torch.round(torch.randn(shape) * spread * 256) / 256


# ---- tl's dropout rule: Philox4x32-10 (Salmon et al. 2011) in plain integers -----------------------------------------

M32 = 0xFFFFFFFF


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & M32, (a >> 32) ^ c[3] ^ k[1], a & M32]
        k = [(k[0] + 0x9E3779B9) & M32, (k[1] + 0xBB67AE85) & M32]
    return c


def dropout_factors(mask, rows, width):
    """Factors [len(rows), width] for rows given as (sequence, position)."""
    threshold = int(mask["p"] * 65536 + 0.5)
    scale = float(np.float32(65536 / (65536 - threshold))) if threshold < 65536 else 0.0
    seed, step = mask["seed"], mask["step"]
    key = ((seed & M32) ^ ((seed >> 32) * 0x9E3779B9 & M32), mask["site"] ^ ((step >> 32) * 0x85EBCA6B & M32))
    result = torch.zeros(len(rows), width)
    for i, (sequence, position) in enumerate(rows):
        for channel in range(width):
            word = philox((channel // 8, position, sequence, step & M32), key)[channel % 8 // 2]
            number = word >> 16 if channel % 2 else word & 0xFFFF
            result[i, channel] = scale if number >= threshold else 0.0
    return result


# ---- bfloat16 --------------------------------------------------------------------------------------------------------


class Round(torch.autograd.Function):
    """Rounds the value to bfloat16; the gradient passes, rounded too if `gradient` is set."""

    @staticmethod
    def forward(ctx, x, gradient):
        ctx.gradient = gradient
        return x.bfloat16().double()

    @staticmethod
    def backward(ctx, dy):
        return (dy.bfloat16().double() if ctx.gradient else dy), None


def rounding(precision):
    if precision == "f32":
        return lambda x, gradient=True: x
    return lambda x, gradient=True: Round.apply(x, gradient)


# ---- cases -----------------------------------------------------------------------------------------------------------

files = {}


def add_case(stem, name, inputs, compute, reduction, constants=None, **options):
    """One case: leaves `inputs`, y = compute(leaves), and the gradients of sum(y * dy)."""
    leaves = {key: value.clone().requires_grad_() for key, value in inputs.items()}
    y = compute(**leaves)
    dy = random(*y.shape)
    if options.get("precision") == "bf16":
        dy = dy.bfloat16().double()
    y.backward(dy)
    tensors = dict(inputs) | (constants or {}) | {"dy": dy, "y": y.detach()}
    tensors |= {"d" + key: value.grad for key, value in leaves.items()}
    files.setdefault(stem, []).append(dict(
        name=name, reduction=reduction, options=options, leaves=list(inputs),
        tensors={key: dict(shape=list(t.shape), values=t.reshape(-1).tolist()) for key, t in tensors.items()}))


def integers(values):
    return torch.tensor(values, dtype=torch.int64)


# Element-wise operations and sums.
for alpha in (1.0, -0.5):
    add_case("add", f"alpha {alpha}", dict(a=random(3, 37), b=random(3, 37)), lambda a, b: a + alpha * b, 1,
             alpha=alpha)
add_case("multiply", "two matrices", dict(a=random(3, 37), b=random(3, 37)), lambda a, b: a * b, 1)
for scale in (1.0, 0.25):
    add_case("sum", f"scale {scale}", dict(x=random(3, 37)), lambda x: scale * x.sum(), 111, scale=scale)

# Matrix products.
for m, k, n in ((5, 7, 4), (1, 1, 1), (17, 33, 19)):
    add_case("matmul", f"{m} x {k} x {n}", dict(a=random(m, k), b=random(k, n)), lambda a, b: a @ b, max(m, k, n))
for precision in ("f32", "bf16"):
    r = rounding(precision)
    add_case("linear", f"with bias, {precision}", dict(x=random(6, 19), weight=random(10, 19), bias=random(10)),
             lambda x, weight, bias: r(F.linear(r(x, False), r(weight, False), r(bias, False))), 19,
             precision=precision)
    add_case("linear", f"without bias, {precision}", dict(x=random(6, 19), weight=random(10, 19)),
             lambda x, weight: F.linear(r(x, False), r(weight, False)), 19, precision=precision)

# Layer normalisation.
add_case("layer_norm", "rows of 20", dict(x=random(5, 20, spread=3) + 2, gamma=random(20), beta=random(20)),
         lambda x, gamma, beta: F.layer_norm(x, (20,), gamma, beta, 1e-5), 20, eps=1e-5)
add_case("layer_norm", "rows of 200", dict(x=random(2, 200), gamma=random(200), beta=random(200)),
         lambda x, gamma, beta: F.layer_norm(x, (200,), gamma, beta, 1e-12), 200, eps=1e-12)

# Activations.
activations = dict(gelu=F.gelu, gelu_tanh=lambda x: F.gelu(x, approximate="tanh"), relu=F.relu, tanh=torch.tanh)
for name, f in activations.items():
    for precision in ("f32", "bf16"):
        r = rounding(precision)
        x = random(5, 37, spread=2) + 1 / 512  # never on the kink of relu
        x[0, :4] = torch.tensor([9.5, -9.5, 30.0, -30.0])
        add_case("bias_activation", f"{name} with bias, {precision}", dict(x=x, bias=random(37)),
                 lambda x, bias: r(f(r(x + bias)), False), 5, activation=name, precision=precision)
    add_case("bias_activation", f"{name} without bias", dict(x=random(5, 37, spread=2) + 1 / 512),
             lambda x: f(x), 1, activation=name, precision="f32")

# Dropout and the fused operations that contain it.
mask = dict(p=0.1, seed=0x123456789ABCDEF0, site=5, step=(1 << 32) + 3)
half = dict(p=0.5, seed=42, site=0, step=0)
plain_rows = [(row, 0) for row in range(7)]
lengths = [3, 4]
packed_rows = [(b, t) for b, length in enumerate(lengths) for t in range(length)]
coordinates = dict(sequence=integers([b for b, _ in packed_rows]), position=integers([t for _, t in packed_rows]))

for name, chosen in (("a tenth", mask), ("a half", half), ("everything", dict(half, p=1.0))):
    factors = dropout_factors(chosen, plain_rows, 37)
    add_case("dropout", name, dict(x=random(7, 37)), lambda x: x * factors, 1, dropout=chosen)
factors = dropout_factors(mask, packed_rows, 37)
add_case("dropout", "with coordinates", dict(x=random(7, 37)), lambda x: x * factors, 1, coordinates, dropout=mask)
add_case("dropout", "bf16", dict(x=random(7, 37)), lambda x: rounding("bf16")(x * factors), 1, coordinates,
         dropout=mask, precision="bf16")

for name, chosen in (("without dropout", None), ("with dropout", mask)):
    factors = dropout_factors(chosen, packed_rows, 24) if chosen else 1.0
    ids, positions = integers([2, 7, 7, 2, 0, 7, 9]), coordinates["position"]
    add_case("embedding_layer_norm_dropout", name,
             dict(word=random(10, 24), position=random(6, 24), gamma=random(24), beta=random(24)),
             lambda word, position, gamma, beta:
             F.layer_norm(word[ids] + position[positions], (24,), gamma, beta, 1e-12) * factors, 24,
             dict(input_ids=ids), eps=1e-12, lengths=lengths, **(dict(dropout=chosen) if chosen else {}))

for name, chosen, precision in (("without dropout", None, "f32"), ("with dropout", mask, "f32"),
                                ("bf16, with dropout", half, "bf16")):
    r = rounding(precision)
    factors = dropout_factors(chosen, packed_rows, 40) if chosen else 1.0
    add_case("bias_dropout_residual_layer_norm", name,
             dict(x=random(7, 40), bias=random(40), residual=random(7, 40), gamma=random(40), beta=random(40)),
             lambda x, bias, residual, gamma, beta:
             F.layer_norm(r(r(x + bias) * factors, False) + residual, (40,), gamma, beta, 1e-12), 40, coordinates,
             eps=1e-12, precision=precision, **(dict(dropout=chosen) if chosen else {}))

# Rows by number.
ids = integers([4, 0, 4, 4, 9, 0])
add_case("embedding", "repeated ids", dict(table=random(10, 21)), lambda table: F.embedding(ids, table), 3,
         dict(ids=ids))
rows = integers([3, 0, 3, 6])
add_case("gather_rows", "a repeated row", dict(x=random(7, 21)), lambda x: x[rows], 2, dict(rows=rows))


def segment_mean(x, offsets):
    parts = [x[a:b].mean(0) if b > a else torch.zeros(x.shape[1]) for a, b in zip(offsets, offsets[1:])]
    return torch.stack(parts)


offsets = [0, 2, 2, 7]
add_case("segment_mean", "one empty segment", dict(x=random(7, 21)), lambda x: segment_mean(x, offsets), 5,
         dict(cu_seqlens=integers(offsets)))

# Cross-entropy.
for name, classes, labels, spread, options in (
        ("two classes", 2, [0, 1, 1, 0, 1], 1.0, {}),
        ("many classes", 40, [0, 39, 17, 3, 17], 3.0, {}),
        ("large logits", 3, [0, 2, 1, 1, 0], 300.0, {}),
        ("ignored rows", 3, [0, -100, 1, -100, 2], 1.0, {}),
        ("another ignore_index", 3, [0, 1, 1, 2, 2], 1.0, dict(ignore_index=1)),
        ("label smoothing", 5, [0, 4, 3, 3, 1], 1.0, dict(label_smoothing=0.1)),
        ("label smoothing and ignored rows", 20, [0, -100, 19, 3, 1], 1.0, dict(label_smoothing=0.3))):
    target = integers(labels)
    add_case("cross_entropy", name, dict(logits=random(5, classes, spread=spread)),
             lambda logits: F.cross_entropy(logits, target, **options), classes, dict(labels=target), **options)


# Attention over packed sequences.
def attend(q, k, v, cu_q, cu_k, heads, chosen):
    width = q.shape[1] // heads
    parts = []
    for b in range(len(cu_q) - 1):
        qs, ks, vs = q[cu_q[b]:cu_q[b + 1]], k[cu_k[b]:cu_k[b + 1]], v[cu_k[b]:cu_k[b + 1]]
        outs = []
        for h in range(heads):
            columns = slice(h * width, (h + 1) * width)
            p = torch.softmax(qs[:, columns] @ ks[:, columns].T / width**0.5, -1)
            if chosen:
                p = p * dropout_factors(chosen, [(b * heads + h, t) for t in range(len(qs))], len(ks))
            outs.append(p @ vs[:, columns])
        parts.append(torch.cat(outs, 1))
    return torch.cat(parts)


for name, lens, chosen, precision in (
        ("three lengths", [3, 1, 6], None, "f32"), ("with dropout", [3, 1, 6], half, "f32"),
        ("longer than a vector", [17, 20], mask, "f32"), ("bf16", [3, 1, 6], None, "bf16"),
        ("bf16, with dropout", [5, 9], half, "bf16")):
    r, cu = rounding(precision), [0, *np.cumsum(lens).tolist()]
    options = dict(heads=2, precision=precision, **(dict(dropout=chosen) if chosen else {}))

    def self_attention(qkv):
        q, k, v = (r(part) for part in qkv.chunk(3, 1))
        return r(attend(q, k, v, cu, cu, 2, chosen))

    add_case("attention", f"self-attention, {name}", dict(qkv=random(cu[-1], 3 * 16)), self_attention, max(lens + [8]),
             dict(cu_q=integers(cu), cu_k=integers(cu)), **options)
    queries = list(range(len(lens) + 1))

    def first_rows(q, kv):
        k, v = (r(part) for part in kv.chunk(2, 1))
        return r(attend(r(q), k, v, queries, cu, 2, chosen))

    add_case("attention", f"first rows only, {name}", dict(q=random(len(lens), 16), kv=random(cu[-1], 2 * 16)),
             first_rows, max(lens + [8]), dict(cu_q=integers(queries), cu_k=integers(cu)), **options)

# What a custom head is made of.
for function in ("exp", "log", "sigmoid"):
    x = random(3, 37) if function != "log" else random(3, 37).abs() + 0.25
    add_case("pointwise", function, dict(x=x), getattr(torch, function), 1, function=function)
add_case("pointwise", "sigmoid, far out", dict(x=random(2, 19, spread=20.0)), torch.sigmoid, 20, function="sigmoid")
for name, shape, spread in (("rows", (5, 37), 1.0), ("one class", (4, 1), 1.0), ("three dimensions", (2, 3, 5), 1.0),
                            ("far apart", (4, 19), 15.0)):
    for logarithm in (False, True):
        function = torch.log_softmax if logarithm else torch.softmax
        add_case("softmax", f"{name}{', logarithm' * logarithm}", dict(x=random(*shape, spread=spread)),
                 lambda x: function(x, -1), shape[-1], logarithm=logarithm)
add_case("divide", "two matrices", dict(a=random(3, 37), b=random(3, 37).abs() + 0.5), lambda a, b: a / b, 1)
for name, first, second, dimension in (("columns", (3, 5), (3, 18), 1), ("rows", (3, 7), (2, 7), 0),
                                       ("the middle", (2, 1, 3), (2, 4, 3), -2), ("vectors", (3,), (2,), 0)):
    add_case("concat", name, dict(a=random(*first), b=random(*second)), lambda a, b: torch.cat([a, b], dimension), 1,
             dimension=dimension)
for multiply in (False, True):
    for rows in (1, 5, 40):
        add_case("row_broadcast", f"{rows} rows{', product' * multiply}", dict(x=random(rows, 21), row=random(21)),
                 lambda x, row: x * row if multiply else x + row, rows, multiply=multiply)
for name, shape in (("a matrix", (5, 19)), ("a vector", (7,))):
    add_case("mse_loss", name, dict(x=random(*shape), target=random(*shape)),
             lambda x, target: F.mse_loss(x, target), 95)
for name, shape, spread in (("a matrix", (5, 19), 1.0), ("far out", (3, 9), 20.0)):
    target = (torch.rand(shape) > 0.5).double()
    target[0] = torch.round(torch.rand(shape[1]) * 256) / 256
    add_case("bce_with_logits", name, dict(logits=random(*shape, spread=spread)),
             lambda logits: F.binary_cross_entropy_with_logits(logits, target), 95, dict(target=target))


def segment_max(x, offsets):
    parts = [x[a:b].max(0).values if b > a else torch.zeros(x.shape[1]) for a, b in zip(offsets, offsets[1:])]
    return torch.stack(parts)


offsets = [0, 2, 2, 3, 9]
add_case("segment_max", "one empty segment", dict(x=random(9, 21, spread=4.0)), lambda x: segment_max(x, offsets), 5,
         dict(cu_seqlens=integers(offsets)))

for stem, cases in files.items():
    document = dict(made_by="tests/reference/make_op_cases.py", torch=torch.__version__, seed=0, cases=cases)
    path = pathlib.Path(sys.argv[1]) / f"ops_{stem}.json"
    path.write_text(json.dumps(document, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")
