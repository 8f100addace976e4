#!/usr/bin/env bash
# The scripts of this folder tested on small broken trees: a check that cannot fail is worth nothing.
# shellcheck disable=SC2016  # lines that are put into files are not expanded
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

failures=0
# expect_ok SCRIPT, expect SCRIPT SENTENCE: runs the script on the tree and judges its answer.
expect_ok() {
  if ! said=$("$here/$1" "$work/tree" 2>&1); then
    echo "$1: a good tree was refused: $said"
    failures=$((failures + 1))
  fi
}
expect() {
  if said=$("$here/$1" "$work/tree" 2>&1); then
    echo "$1: accepted a tree where it should have said: $2"
    failures=$((failures + 1))
  elif ! grep -qF -- "$2" <<< "$said"; then
    echo "$1: expected '$2', got '$said'"
    failures=$((failures + 1))
  fi
}
# put FILE LINE...: writes a header of the tree.
put() {
  local file=$work/tree/$1
  mkdir -p "$(dirname "$file")"
  shift
  printf '%s\n' "$@" > "$file"
}
fresh() {
  rm -rf "$work/tree"
  put include/tl/core/error.hpp '#pragma once' '#include <string>'
  put include/tl/kernels/run.hpp '#include <tl/core/error.hpp>'
  put include/tl/kernels/layer_norm.hpp '#include <tl/kernels/run.hpp>'
  put include/tl/kernels/cpu/layer_norm.hpp '#include <Eigen/Core>' '#include <tl/kernels/layer_norm.hpp>'
  put include/tl/kernels/cuda/layer_norm.cuh '#include <cuda_runtime.h>' '#include <tl/kernels/layer_norm.hpp>'
  put include/tl/ops/layer_norm.hpp '#include <tl/kernels/cpu/layer_norm.hpp>'
  put include/tl/nn/layer_norm.hpp '#include <tl/core/error.hpp>' '#include <tl/ops/layer_norm.hpp>'
  put include/tl/tl.hpp '#include <tl/nn/layer_norm.hpp>'
  put tests/ops/layer_norm_test.cpp ''
  put benchmarks/ops/layer_norm_benchmark.cpp ''
}

fresh
expect_ok layering.sh
expect_ok one_stem.sh
expect_ok forbidden.sh

put include/tl/core/error.hpp '#pragma once' '#include <tl/nn/layer_norm.hpp>'
expect layering.sh 'include/tl/core/error.hpp:2: core may include itself; not nn/layer_norm.hpp'
expect layering.sh 'include circle: '
fresh
put include/tl/nn/layer_norm.hpp '#include <tl/kernels/layer_norm.hpp>'
expect layering.sh 'include/tl/nn/layer_norm.hpp:1: nn may include itself, ops autograd kernels/'
fresh
put include/tl/ops/layer_norm.hpp '#  include <Eigen/Core>'
expect layering.sh 'include/tl/ops/layer_norm.hpp:1: ops may include itself'
fresh
put include/tl/ops/layer_norm.hpp '#include <tl/tl.hpp>'
expect layering.sh 'not tl.hpp'
fresh
put include/tl/core/error.hpp '#include <boost/any.hpp>'
expect layering.sh 'depends on Eigen and nlohmann alone; not boost/any.hpp'
fresh
put include/tl/core/error.hpp '#include "shape.hpp"'
expect layering.sh 'write #include <tl/...>'
fresh
put include/tl/extra/thing.hpp ''
expect layering.sh 'the layer extra is not in the table'
fresh
put include/tl/core/a.hpp '#include <tl/core/b.hpp>'
put include/tl/core/b.hpp '#include <tl/core/a.hpp>'
expect layering.sh 'include circle: '

for place in include/tl/kernels/cpu/layer_norm.hpp include/tl/kernels/cuda/layer_norm.cuh include/tl/ops/layer_norm.hpp \
             tests/ops/layer_norm_test.cpp benchmarks/ops/layer_norm_benchmark.cpp; do
  fresh
  put include/tl/ops/.keep ''
  rm "$work/tree/$place"
  expect one_stem.sh "layer_norm: expected $place, found no such file"
done
fresh
put include/tl/ops/orphan.hpp ''
expect one_stem.sh 'orphan: expected include/tl/kernels/orphan.hpp'
fresh
put include/tl/kernels/layer_norm.hpp 'template <class T> struct Alone {' '  static constexpr const char* name = "alone";'
expect one_stem.sh 'Alone: expected it in tests/support/locked_device.hpp'

put_bodies() {
  put include/tl/kernels/add.hpp 'template <class T> struct Add {' '  static constexpr const char* name = "add";' '};'
  put include/tl/kernels/cuda/elementwise.cuh 'void add(const kernels::Add<T>& p);' 'kernels::provide_cuda(&add);'
  put src/cuda/elementwise.cu '#include <tl/kernels/cuda/elementwise.cuh>'
  put include/tl/cuda.cuh '#include <tl/kernels/cuda/elementwise.cuh>'
}
rm -rf "$work/tree"
put_bodies
expect_ok cuda_bodies.sh
put include/tl/kernels/cuda/elementwise.cuh 'void add(const kernels::AddTwice<T>& p);' 'kernels::provide_cuda(&add);'
expect cuda_bodies.sh 'include/tl/kernels/add.hpp: expected a body of Add in include/tl/kernels/cuda, found none'
put_bodies
put src/cuda/elementwise.cu ''
expect cuda_bodies.sh 'elementwise.cuh provides bodies: expected src/cuda/elementwise.cu to include it'
put_bodies
put include/tl/cuda.cuh ''
expect cuda_bodies.sh 'elementwise.cuh provides bodies: expected include/tl/cuda.cuh to include it'
rm -rf "$work/tree"
mkdir -p "$work/tree/include/tl/kernels/cuda"
expect cuda_bodies.sh 'expected contracts in include/tl/kernels, found none'

for line in 'std::cout << 1;' '  printf("x");' 'std::abort();' 'exit(1);' '#ifdef __CUDACC__' '#if __AVX2__' \
            '#define MAX 1' '// caf'$'\xc3\xa9' $'\tint x;'; do
  fresh
  put include/tl/core/error.hpp '#pragma once' "$line"
  expect forbidden.sh 'include/tl/core/error.hpp:2: '
done
fresh
put include/tl/core/error.hpp '// std::cout is not used' 'int n = std::snprintf(text, 9, "x");' '#define TL_X 1'
expect_ok forbidden.sh
rm -rf "$work/tree"
mkdir -p "$work/tree/include/tl"
expect forbidden.sh 'found none'

# everything SENTENCE: everything.sh on the tree must say the sentence; nothing for an empty one.
everything() {
  said=$("$here/everything.sh" "$work/tree" "${CXX:-c++}" -std=c++20 2>&1) || true
  if [[ -z $1 && -n $said ]] || ! grep -qF -- "$1" <<< "$said"; then
    echo "everything.sh: expected '$1', got '$said'"
    failures=$((failures + 1))
  fi
}
put include/tl/core/error.hpp '#pragma once'
put include/tl/core/shape.hpp '#include <tl/core/error.hpp>'
put include/tl/cuda.cuh '#include <cuda_runtime.h>'
put include/tl/kernels/cuda/add.cuh ''
put include/tl/tl.hpp '#include <tl/core/shape.hpp>'
everything ''
put include/tl/core/print.hpp ''
everything 'tl/core/print.hpp: expected tl/tl.hpp to include it, it does not'
rm -rf "$work/tree/include/tl"
mkdir -p "$work/tree/include/tl"
everything 'found none'

put include/tl/core/error.hpp 'enum class ErrorCode {' '  shape,  ///< sizes' '};' 'int x;  // [N, 2D], not [CLS]'
put tests/run.sh 'jobs=${TL_JOBS:-1}'
put tests/a_test.cpp 'auto text = std::getenv("TL_CPU_ISA");'
put docs/index.md '[codes](errors.md) [letters](notation.md) [variables](environment.md#all) [web](https://x.org/y)'
put docs/errors.md '| code | meaning |' '|---|---|' '| `shape` | sizes |'
put docs/notation.md '| letter | is |' '| N | tokens |'
put docs/environment.md '| `TL_JOBS`, `TL_CPU_ISA` | 1 |'
expect pages.sh 'docs/notation.md: expected the letter D, it is missing'
put docs/notation.md '| N | tokens |' '| A, D | width |'
expect_ok pages.sh
put docs/errors.md '| `device` | none |'
expect pages.sh 'docs/errors.md: expected the code shape, it is missing'
expect pages.sh 'docs/errors.md: the code device is not in the sources'
put docs/errors.md '| `shape` | sizes |' '[more](more.md)'
expect pages.sh 'docs/errors.md: the link more.md leads nowhere'
put docs/more.md ''
expect pages.sh 'docs/index.md: expected a link to more.md, there is none'
put docs/environment.md '| `TL_JOBS` | 1 |'
expect pages.sh 'docs/environment.md: expected the variable TL_CPU_ISA, it is missing'
put docs/decisions/0001-a.md 'tl::detail::check_ids()'
put examples/a.cpp 'int a = 1;' 'auto b = tl::detail::b();'
expect pages.sh 'examples/a.cpp:2: expected public names only, got one of a namespace detail'
rm -r "$work/tree/docs" "$work/tree/tests" "$work/tree/include" "$work/tree/examples"

# page_code SENTENCE LINE...: page_code.sh on a page with these lines must say the sentence.
page_code() {
  local sentence=$1
  shift
  put docs/a.md "$@"
  said=$("$here/page_code.sh" "$work/tree" "$work/objects" "${CXX:-c++}" 2>&1) && said="accepted $said"
  grep -qF -- "$sentence" <<< "$said" && return
  echo "page_code.sh: expected '$sentence', got '$said'"
  failures=$((failures + 1))
}
put include/tl/tl.hpp 'namespace tl { inline int one() { return 1; } }'
put README.md '```cpp' '#include <vector>' 'int main() {' '  return tl::one();' '}' '```'
page_code 'accepted 4 blocks' '<!-- cpp' 'int x = 1;' '-->' '```cpp' 'template <class T> struct Pair {' '  T a, b;' '};' \
  'int y = x + Pair<int>{1, 2}.a;' '```' '```cpp' 'const int y = tl::one();' 'std::vector<int> z{y};' '```' '```sh' 'no C++' '```'
page_code 'docs/a.md:3' 'text' '```cpp' 'int x = tl::two();' '```'
page_code 'accepted' '<!-- cpp: not compiled, a sketch -->' '```cpp' 'int x = ...' '```' '```cpp' 'int x = 1;' '```'
page_code 'docs/a.md:1: expected one of the marks' '<!-- cpp: not compiled -->' '```cpp' 'int x = 1;' '```'
page_code 'accepted' '<!-- cpp: namespace -->' '```cpp' 'int x = 1;' 'extern "C" void set() { x = 2; }' '```'
rm -r "$work/tree/docs" "$work/tree/README.md"
page_code 'found none' '```sh' 'ls' '```'
rm -r "$work/tree/docs" "$work/tree/include"

# format.sh SENTENCE: format.sh on the tree must say the sentence, where there is the clang-format that it wants.
format() {
  said=$("$here/format.sh" "$work/tree" 2>&1) || true
  [[ $said == skipped:* && -z ${TL_CLANG_FORMAT:-} ]] && return
  [[ -z $1 && -n $said ]] || ! grep -qF -- "$1" <<< "$said" || return 0
  echo "format.sh: expected '$1', got '$said'"
  failures=$((failures + 1))
}
cp "$here/../../.clang-format" "$work/tree"
format 'expected sources in'
put include/tl/core/error.hpp '#pragma once' 'int x;'
format ''
put include/tl/core/error.hpp '#pragma once' 'int  x;'
put include/tl/core/shape.hpp 'int  x;' ' int y;'
format 'include/tl/core/error.hpp: expected the format of .clang-format'
format 'include/tl/core/shape.hpp: expected the format of .clang-format'
TL_CLANG_FORMAT='echo' format 'skipped: the format is that of clang-format 14, and echo is another: --version'
rm -rf "$work/tree/include"

mapfile -t lines < <(seq 100)
put examples/01_short.cpp "${lines[@]:1}"
expect_ok course.sh
put examples/02_long.cpp "${lines[@]}"
expect course.sh 'examples/02_long.cpp: expected fewer than 100 lines, got 100'
rm -r "$work/tree/examples"
expect course.sh 'expected numbered examples in'

put good/tl/a.hpp '#pragma once' 'struct A {};'
"$here/headers.sh" alone "$work/tree/good" hpp "$work/objects" "${CXX:-c++}" > /dev/null || failures=$((failures + 1))
put good/tl/b.hpp 'struct B {};'
if said=$("$here/headers.sh" alone "$work/tree/good" hpp "$work/objects" "${CXX:-c++}"); then
  echo 'headers.sh: accepted a header without an include guard'
  failures=$((failures + 1))
elif ! grep -qF 'tl.b.hpp.cpp does not compile' <<< "$said"; then
  echo "headers.sh: expected the name of the header, got '$said'"
  failures=$((failures + 1))
fi

# pair SENTENCE LINE...: compile_pair.sh on a source with these lines must say the sentence.
pair() {
  local sentence=$1
  shift
  printf '%s\n' "$@" > "$work/pair.cpp"
  said=$("$here/compile_pair.sh" "$work/pair.cpp" "${CXX:-c++}" 2>&1) && said="accepted $said"
  grep -qF -- "$sentence" <<< "$said" && return
  echo "compile_pair.sh: expected '$sentence', got '$said'"
  failures=$((failures + 1))
}
pair accepted '// expect: a mistake' '#if TL_MISTAKE' '#error a mistake' '#endif'
pair 'compiles although it must not' '// expect: a mistake'
pair 'does not compile without the mistake' '// expect: a mistake' '#error a mistake'
pair 'expected the compiler to say' '// expect: a mistake' '#if TL_MISTAKE' '#error another' '#endif'
pair 'found none' 'int x;'

if [[ $failures != 0 ]]; then exit 1; fi
echo 'every broken tree was refused'
