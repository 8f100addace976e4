// Sums over rows, for the gradients of gamma, beta and bias: each fixed block of rows is summed into its own partial
// row, then the partial rows are added in order. The blocks depend on the number of rows alone, so the sums have the
// same bits for every thread count.
#pragma once

#include <algorithm>
#include <cstdint>

#include <tl/core/storage.hpp>
#include <tl/kernels/cpu/vector_loops.hpp>

namespace tl::cpu {

/// Partial column sums of a matrix of `rows` rows, `width` columns each.
template <class T> class RowReduction {
 public:
  RowReduction(std::int64_t rows, std::int64_t width)
      : rows_(rows),
        width_(width),
        storage_(static_cast<std::size_t>(blocks() * width) * sizeof(T), cpu_device, false) {}

  /// Rows per block: at least 16, and never more than 64 blocks.
  std::int64_t block_rows() const { return std::max<std::int64_t>(16, (rows_ + 63) / 64); }
  std::int64_t blocks() const { return (rows_ + block_rows() - 1) / block_rows(); }

  /// Calls body(begin, end, sums) for each block of rows in parallel; `sums` [width] starts as zeros.
  /// The body must be always-inlined; it runs in with_vectors<T, widest>.
  template <CpuIsa widest = CpuIsa::avx512, class Body> void for_each_block(const Body& body) {
    T* const partial = static_cast<T*>(storage_.data());
    const std::int64_t block = block_rows(), width = width_;
    parallel_vectorized<T, widest>(rows_, block, [&](std::int64_t begin, std::int64_t end) TL_INLINE {
      T* const sums = partial + begin / block * width;
      std::fill_n(sums, width, T(0));
      body(begin, end, sums);
    });
  }

  /// out[i] += sum over all rows of column first + i, for i in [0, count); nothing if `out` is null.
  void add_to(T* out, std::int64_t first, std::int64_t count) {
    if (!out || rows_ == 0) return;
    constexpr std::int64_t columns = 512;
    const T* const partial = static_cast<const T*>(storage_.data()) + first;
    const std::int64_t width = width_, all = blocks();
    parallel_for(count, columns, [=](std::int64_t begin, std::int64_t end) {
      T sums[columns] = {};
      for (std::int64_t block = 0; block < all; ++block)
        vector_loop(end - begin,
                    [row = partial + block * width + begin, to = sums](std::int64_t i) TL_INLINE { to[i] += row[i]; });
      vector_loop(end - begin, [to = out + begin, from = sums](std::int64_t i) TL_INLINE { to[i] += from[i]; });
    });
  }

 private:
  std::int64_t rows_, width_;
  Storage storage_;
};

}  // namespace tl::cpu
