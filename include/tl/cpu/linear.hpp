// CPU kernels of the contract in kernels/linear.hpp: one matrix product each. In bf16 the operands are rounded into
// float buffers and multiplied in float, which is exactly a bfloat16 product with float accumulation.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <tl/cpu/gemm.hpp>
#include <tl/cpu/rounding.hpp>
#include <tl/cpu/scratch.hpp>
#include <tl/kernels/linear.hpp>

namespace tl::cpu {

namespace detail {

/// The operand itself, or its rounded copy in `scratch`.
template <class T> const T* operand(const T* values, std::int64_t count, Precision precision, Scratch<T>& scratch) {
  if (precision == Precision::f32) return values;
  T* const rounded = scratch.get(count);
  round_to_bf16(values, rounded, count);
  return rounded;
}

template <class T> Scratch<T>& left_operand() {
  thread_local Scratch<T> scratch;
  return scratch;
}

template <class T> Scratch<T>& right_operand() {
  thread_local Scratch<T> scratch;
  return scratch;
}

}  // namespace detail

template <class T> void linear_forward(const kernels::LinearForward<T>& p) {
  const T* const x = detail::operand(p.x, p.n * p.in, p.precision, detail::left_operand<T>());
  const T* const weight = detail::operand(p.weight, p.out * p.in, p.precision, detail::right_operand<T>());
  gemm(false, true, p.n, p.out, p.in, x, p.in, weight, p.in, p.y, p.out, false, p.bias);
  if (p.precision == Precision::bf16 && p.bias) round_to_bf16(p.y, p.y, p.n * p.out);
}

template <class T> void linear_backward_input(const kernels::LinearBackwardInput<T>& p) {
  const T* const dy = detail::operand(p.dy, p.n * p.out, p.precision, detail::left_operand<T>());
  const T* const weight = detail::operand(p.weight, p.out * p.in, p.precision, detail::right_operand<T>());
  gemm(false, false, p.n, p.in, p.out, dy, p.out, weight, p.in, p.dx, p.in, false);
}

namespace detail {

/// dbias += column sums of dy [rows, columns]: fixed blocks of rows, added up in order.
template <class T> void add_column_sums(const T* dy, std::int64_t rows, std::int64_t columns, T* dbias) {
  constexpr std::int64_t block_rows = 64;
  const std::int64_t blocks = (rows + block_rows - 1) / block_rows;
  thread_local Scratch<T> scratch;
  T* const partial = scratch.get(blocks * columns);  // [blocks, columns]
  parallel_for(rows, block_rows, [&](std::int64_t begin, std::int64_t end) {
    T* const sums = partial + begin / block_rows * columns;
    std::copy_n(dy + begin * columns, columns, sums);
    for (std::int64_t row = begin + 1; row < end; ++row)
      for (std::int64_t column = 0; column < columns; ++column) sums[column] += dy[row * columns + column];
  });
  for (std::int64_t block = 0; block < blocks; ++block)
    for (std::int64_t column = 0; column < columns; ++column) dbias[column] += partial[block * columns + column];
}

}  // namespace detail

template <class T> void linear_backward_weight(const kernels::LinearBackwardWeight<T>& p) {
  const T* const dy = detail::operand(p.dy, p.n * p.out, p.precision, detail::left_operand<T>());
  if (p.dweight) {
    const T* const x = detail::operand(p.x, p.n * p.in, p.precision, detail::right_operand<T>());
    gemm(true, false, p.out, p.in, p.n, dy, p.out, x, p.in, p.dweight, p.in, true);
  }
  if (p.dbias) detail::add_column_sums(dy, p.n, p.out, p.dbias);
}

}  // namespace tl::cpu
