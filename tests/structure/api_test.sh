#!/usr/bin/env bash
# docs/make_api.py on a small header, whose page is compared, and on all headers, of which some must be found.
# Usage: api_test.sh PYTHON ROOT
set -euo pipefail
python=$1 root=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/include/tl/core"
cat > "$work/include/tl/core/thing.hpp" <<'END'
// Things. They are few.
#pragma once
#define TL_TWO(x) \
  struct hidden_##x {};

namespace tl {

class Later;

/// A thing of [N, D].
template <class T, class U = std::vector<T>>
class Thing {
 public:
  /// Makes one; throws Error(shape).
  explicit Thing(int n = 3) : n_(n), text_{"}"} { check(n > 0); }
  ~Thing();
  T size() const noexcept { return '{' == open ? n_ : 1'000; }  // not shown
  int count{};      ///< how many
  std::vector<T> ids = {1, 2};  ///< which

 private:
  /// Not shown.
  int n_;
};

template <class T, class U> Thing<T, U>::~Thing() = default;

/// Which one.
enum class Kind { one, two };

namespace detail {
/// Not shown.
inline int hidden() { return 1; }
}  // namespace detail

/// The sum,
/// of both.
template <class T>
  requires std::integral<T>
inline auto add(T a, T b) -> T {
  return a + b;
}

inline constexpr int limit = 7;

}  // namespace tl
END
"$python" "$root/docs/make_api.py" "$work/include" "$work/api" > /dev/null
cat > "$work/expected" <<'END'
# tl/core

## tl/core/thing.hpp

Things. They are few.

### Thing

```cpp
template <class T, class U = std::vector<T>> class Thing
```

A thing of [N, D].

- `explicit Thing(int n = 3)`: Makes one; throws Error(shape).
- `~Thing()`
- `T size() const noexcept`
- `int count{}`: how many
- `std::vector<T> ids = {1, 2}`: which

### Kind

```cpp
enum class Kind { one, two }
```

Which one.

### add

```cpp
template <class T> requires std::integral<T> inline auto add(T a, T b) -> T
```

The sum, of both.

### limit

```cpp
inline constexpr int limit = 7
```
END
diff "$work/expected" "$work/api/tl_core.md"
diff <(echo 'tl/core/thing.hpp:44: inline constexpr int limit = 7') \
  <("$python" "$root/docs/make_api.py" "$work/include" --undocumented)

"$python" "$root/docs/make_api.py" "$root/include" "$work/all"
for name in Tensor Trainer Tokenizer AdamWOptions layer_norm ErrorCode; do
  grep -qF "| \`$name\` |" "$work/all/index.md" || { echo "expected $name in the reference, it is missing"; exit 1; }
done
