#!/usr/bin/env bash
# Who may include whom in include/tl. Usage: layering.sh ROOT, the folder that holds include/. Prints a sentence per
# line that breaks the table, or per circle, and fails if there was one.
set -euo pipefail
cd "$1"

# layer: what it may include besides itself; a name with .hpp is a single header, a name in <> is a dependency.
table='
core:
kernels:      core
kernels/cpu:  kernels core <Eigen>
kernels/cuda: kernels core <cuda>
autograd:     kernels/add.hpp kernels/cpu/add.hpp kernels/convert.hpp kernels/cpu/convert.hpp core
ops:          autograd kernels kernels/cpu core
nn:           ops autograd kernels/packed_weight_cache.hpp kernels/dropout_mask.hpp core
optim:        kernels kernels/cpu autograd core
io:           core <nlohmann>
hub:          io core
metrics:      core
text:         hub io core <nlohmann>
data:         hub io core <nlohmann>
models:       nn ops autograd kernels/dropout_mask.hpp hub io text core <nlohmann>
train:        metrics models nn ops optim autograd kernels data text hub io core <nlohmann>
pipelines:    models nn autograd kernels/packed_weight_cache.hpp data text hub io core <nlohmann>
'

# Headers directly in include/tl are front doors: they may include everything, and nothing includes them, but for the
# version, which everything may know.
# shellcheck disable=SC2016  # the $ below are awk's
find include/tl -name '*.hpp' -o -name '*.cuh' | LC_ALL=C sort | xargs -r awk -v table="$table" '
  BEGIN {
    rows = split(table, row, "\n")
    for (r = 1; r <= rows; ++r) {
      if (!match(row[r], /^[a-z\/]+:/)) continue
      layer = substr(row[r], 1, RLENGTH - 1)
      allowed[layer] = substr(row[r], RLENGTH + 1)
      gsub(/^ +/, "", allowed[layer])
      words = split(allowed[layer], word, " ")
      for (w = 1; w <= words; ++w) may[layer, word[w]] = 1
    }
  }
  # "tl/core/error.hpp" -> "core", "tl/kernels/cpu/gemm/gemm.hpp" -> "kernels/cpu", "tl/tl.hpp" -> "front"
  function layer_of(header,  part, parts) {
    parts = split(header, part, "/")
    if (parts > 3 && (part[2] "/" part[3]) in allowed) return part[2] "/" part[3]
    return parts > 2 ? part[2] : "front"
  }
  function complain(sentence) {
    printf "%s:%d: %s\n", FILENAME, FNR, sentence
    bad = 1
  }
  function describe(layer) {
    return layer " may include itself" (allowed[layer] == "" ? "" : ", " allowed[layer])
  }
  FNR == 1 {
    file = FILENAME
    sub(/^include\//, "", file)
    from = layer_of(file)
    if (from != "front" && !(from in allowed)) complain("the layer " from " is not in the table of layering.sh")
  }
  /^[ \t]*#[ \t]*include[ \t]*"/ { complain("write #include <tl/...>, so that it means the same in every program"); next }
  /^[ \t]*#[ \t]*include[ \t]*</ {
    target = $0
    sub(/^[^<]*</, "", target)
    sub(/>.*/, "", target)
    if (target ~ /^tl\//) {
      edges[file] = edges[file] " " target
      to = layer_of(target)
      if (from == "front" || from == to || target == "tl/version.hpp") next
      short = target
      sub(/^tl\//, "", short)
      if (!((from, to) in may) && !((from, short) in may)) complain(describe(from) "; not " short)
      next
    }
    dependency = ""
    if (target ~ /^(unsupported\/)?Eigen\//) dependency = "<Eigen>"
    else if (target ~ /^nlohmann\//) dependency = "<nlohmann>"
    else if (target ~ /^(cuda|cublas|cub\/|thrust\/|mma\.h)/) dependency = "<cuda>"
    else if (target ~ /\// && target !~ /^sys\//) complain("the library depends on Eigen and nlohmann alone; not " target)
    if (dependency != "" && from != "front" && !((from, dependency) in may)) complain(describe(from) "; not " target)
  }
  # Depth first; a header met again while it is still open closes a circle.
  function visit(header, path,  next_header, count, i) {
    if (state[header] == 2) return
    if (state[header] == 1) {
      printf "include circle: %s -> %s\n", path, header
      bad = 1
      return
    }
    state[header] = 1
    count = split(edges[header], next_header, " ")
    for (i = 1; i <= count; ++i) visit(next_header[i], path == "" ? header : path " -> " header)
    state[header] = 2
  }
  END {
    for (header in edges) visit(header, "")
    exit bad
  }'
