// CPU kernels of the contract in kernels/attention.hpp: one task per (sequence, head), whose scores are in a scratch
// buffer of the thread, in rows that are padded to whole vectors; what is computed after a row's end is never read.
// The products are gemm() on that task's columns; what is between them are vector loops. The backward pass recomputes
// the probabilities from q, k and lse.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tl/core/parallel.hpp>
#include <tl/kernels/attention.hpp>
#include <tl/kernels/cpu/dropout_factors.hpp>
#include <tl/kernels/cpu/gemm/gemm.hpp>
#include <tl/kernels/cpu/rounding.hpp>
#include <tl/kernels/cpu/scratch.hpp>
#include <tl/kernels/cpu/vector_loops.hpp>
#include <tl/kernels/cpu/vector_math.hpp>

namespace tl::cpu {

namespace detail {

/// One head of one sequence: a block of a wider row-major matrix.
template <class T> struct HeadBlock {
  T* values;
  std::int64_t stride, rows;
};

/// One head of one sequence as products in bf16 take it: `rows` rows of `width` values that begin at `from`, `stride`
/// apart, rounded to bfloat16 and packed at `out`.
template <class T>
HeadBlock<const T> rounded_head(kernels::Stored<T> from, std::int64_t stride, std::int64_t rows, std::int64_t width,
                                T* out, CpuIsa isa) {
  round_rows(from, stride, out, width, rows, width, isa);
  return {out, width, rows};
}

/// The part of a task (one head of one sequence) that both passes share: where its rows are, and its operands, which
/// are the given matrices themselves or, in bf16, rounded copies.
template <class T> struct AttentionTask {
  std::int64_t queries, keys, score_stride, first_query, first_key, column;
  std::int64_t mask_rows;  // whose dropout factors are drawn together
  HeadBlock<const T> q, k, v;
  T* scratch;  // room for the score buffers, the dropout factors, and the copies

  template <class Params> AttentionTask(const Params& p, std::int64_t task, std::int64_t score_buffers, CpuIsa isa) {
    const std::int64_t sequence = task / p.heads;
    first_query = p.cu_q[sequence];
    first_key = p.cu_k[sequence];
    queries = p.cu_q[sequence + 1] - first_query;
    keys = p.cu_k[sequence + 1] - first_key;
    score_stride = padded(keys);
    mask_rows = std::max<std::int64_t>(1, dropout_piece / std::max<std::int64_t>(1, score_stride));
    column = task % p.heads * p.head_width;
    const kernels::Stored<T> given_q = p.q + first_query * p.q_stride + column;
    const kernels::Stored<T> given_k = p.k + first_key * p.k_stride + column;
    const kernels::Stored<T> given_v = p.v + first_key * p.v_stride + column;
    thread_local Scratch<T> memory;
    const std::int64_t scores = (score_buffers * queries + mask_rows) * score_stride;
    const std::int64_t copies = p.precision == Precision::bf16 ? (queries + 2 * keys) * p.head_width : 0;
    scratch = memory.get(scores + copies);
    if (p.precision == Precision::f32) {
      q = {given_q.values, p.q_stride, queries};
      k = {given_k.values, p.k_stride, keys};
      v = {given_v.values, p.v_stride, keys};
      return;
    }
    T* const free = scratch + scores;
    q = rounded_head(given_q, p.q_stride, queries, p.head_width, free, isa);
    k = rounded_head(given_k, p.k_stride, keys, p.head_width, free + queries * p.head_width, isa);
    v = rounded_head(given_v, p.v_stride, keys, p.head_width, free + (queries + keys) * p.head_width, isa);
  }
};

/// The dropout factors of query i, for queries in ascending order: those of the next mask_rows queries are drawn when
/// the first of them is asked for.
template <class T>
TL_INLINE inline const T* query_factors(const kernels::DropoutMask& mask, const AttentionTask<T>& t, std::int64_t task,
                                        std::int64_t i, T scale, T* room, CpuIsa isa) {
  const std::int64_t row = i % t.mask_rows;
  if (row == 0)
    dropout_factors(mask, static_cast<std::uint32_t>(task), static_cast<std::uint32_t>(i),
                    std::min(t.mask_rows, t.queries - i), t.score_stride, scale, room, isa);
  return room + row * t.score_stride;
}

/// Maps floats to integers of the same order and back, because only integers are compared without a branch.
TL_INLINE inline std::int32_t ordered_bits(float x) {
  const auto bits = std::bit_cast<std::int32_t>(x);
  return bits ^ ((bits >> 31) & 0x7fffffff);
}
TL_INLINE inline std::int64_t ordered_bits(double x) {
  const auto bits = std::bit_cast<std::int64_t>(x);
  return bits ^ ((bits >> 63) & 0x7fffffffffffffff);
}

/// The largest of count values, a multiple of vector_lanes; minus infinity if there are none, NaN if one of them is a
/// positive NaN.
template <class T> TL_INLINE inline T largest_of(const T* values, std::int64_t count) {
  using Bits = decltype(ordered_bits(T{}));
  Bits partial[vector_lanes];
  for (Bits& bits : partial) bits = ordered_bits(-std::numeric_limits<T>::infinity());
  for (std::int64_t i = 0; i < count; i += vector_lanes) {
    TL_INDEPENDENT_ITERATIONS
    for (std::int64_t lane = 0; lane < vector_lanes; ++lane) {
      const Bits bits = ordered_bits(values[i + lane]);
      partial[lane] = bits > partial[lane] ? bits : partial[lane];
    }
  }
  Bits largest = partial[0];
  for (const Bits bits : partial) largest = std::max(largest, bits);
  const std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t> mask = largest >> (8 * sizeof(T) - 1);
  return std::bit_cast<T>(largest ^ (mask & std::numeric_limits<Bits>::max()));
}

}  // namespace detail

template <class T> void run(Cpu, const kernels::AttentionForward<T>& p, CpuIsa isa = cpu_isa()) {
  const std::int64_t width = p.head_width, row_width = p.heads * width;
  parallel_for(p.b * p.heads, 1, [&](std::int64_t task, std::int64_t) {
    const detail::AttentionTask<T> t(p, task, 1, isa);
    T* const scores = t.scratch;                                  // [queries, score_stride]
    T* const mask_room = t.scratch + t.queries * t.score_stride;  // [mask_rows, score_stride]
    T* const out = p.out + t.first_query * row_width + t.column;  // [queries, width]
    gemm<T>({.a = t.q.values,
             .b = t.k.values,
             .c = scores,
             .m = t.queries,
             .n = t.keys,
             .k = width,
             .lda = t.q.stride,
             .ldb = t.k.stride,
             .ldc = t.score_stride,
             .transpose_b = true,
             .isa = isa});
    with_vectors<T>(
        [&]() TL_INLINE {
          const T scale = static_cast<T>(p.scale), kept = static_cast<T>(p.dropout.scale());
          for (std::int64_t i = 0; i < t.queries; ++i) {
            T* const row = scores + i * t.score_stride;
            padded_loop(t.keys, [=](std::int64_t j) TL_INLINE { row[j] *= scale; });
            std::fill(row + t.keys, row + t.score_stride, -std::numeric_limits<T>::infinity());
            const T largest = detail::largest_of(row, t.score_stride);
            padded_loop(t.keys, [=](std::int64_t j) TL_INLINE { row[j] = exp(row[j] - largest); });
            const T sum = vector_sum<T>(t.score_stride, [=](std::int64_t j) TL_INLINE { return row[j]; });
            if (p.lse) p.lse[(t.first_query + i) * p.heads + task % p.heads] = largest + std::log(sum);
            const T inverse = T(1) / sum;
            if (!p.dropout.active()) {
              padded_loop(t.keys, [=](std::int64_t j) TL_INLINE { row[j] *= inverse; });
              continue;
            }
            const T* const factors = detail::query_factors(p.dropout, t, task, i, kept, mask_room, isa);
            padded_loop(t.keys, [=](std::int64_t j) TL_INLINE { row[j] *= inverse * factors[j]; });
          }
        },
        isa);
    gemm<T>({.a = scores,
             .b = t.v.values,
             .c = out,
             .m = t.queries,
             .n = width,
             .k = t.keys,
             .lda = t.score_stride,
             .ldb = t.v.stride,
             .ldc = row_width,
             .isa = isa});
    if (p.precision == Precision::f32) return;
    round_rows<T>(out, row_width, out, row_width, t.queries, width, isa);
    if (!p.q_saved) return;
    const std::int64_t query = t.first_query, key = t.first_key;
    const auto save = [&](detail::HeadBlock<const T> from, bfloat16* to, std::int64_t first, std::int64_t stride) {
      store_rows(from.values, from.stride, to + first * stride + t.column, stride, from.rows, width, isa);
    };
    save(t.q, p.q_saved, query, p.q_stride);
    save(t.k, p.k_saved, key, p.k_stride);
    save(t.v, p.v_saved, key, p.v_stride);
    save({out, row_width, t.queries}, p.out_saved, query, row_width);
  });
}

template <class T> void run(Cpu, const kernels::AttentionBackward<T>& p, CpuIsa isa = cpu_isa()) {
  const std::int64_t width = p.head_width, row_width = p.heads * width;
  parallel_for(p.b * p.heads, 1, [&](std::int64_t task, std::int64_t) {
    const detail::AttentionTask<T> t(p, task, 2, isa);
    const std::int64_t stride = t.score_stride;
    T* const probabilities = t.scratch;                                           // [queries, stride], after dropout
    T* const dscores = probabilities + t.queries * stride;                        // [queries, stride]
    T* const mask_room = dscores + t.queries * stride;                            // [mask_rows, stride]
    const T* const dout = p.dout + t.first_query * row_width + t.column;          // [queries, width]
    const kernels::Stored<T> out = p.out + t.first_query * row_width + t.column;  // [queries, width]
    gemm<T>({.a = t.q.values,
             .b = t.k.values,
             .c = probabilities,
             .m = t.queries,
             .n = t.keys,
             .k = width,
             .lda = t.q.stride,
             .ldb = t.k.stride,
             .ldc = stride,
             .transpose_b = true,
             .isa = isa});
    gemm<T>({.a = dout,
             .b = t.v.values,
             .c = dscores,
             .m = t.queries,
             .n = t.keys,
             .k = width,
             .lda = row_width,
             .ldb = t.v.stride,
             .ldc = stride,
             .transpose_b = true,
             .isa = isa});
    with_vectors<T>(
        [&]() TL_INLINE {
          const T scale = static_cast<T>(p.scale), kept = static_cast<T>(p.dropout.scale());
          for (std::int64_t i = 0; i < t.queries; ++i) {
            T* const probability = probabilities + i * stride;
            T* const ds = dscores + i * stride;
            const T lse = p.lse[(t.first_query + i) * p.heads + task % p.heads];
            const T* const dout_row = dout + i * row_width;
            const kernels::Stored<T> out_row = out + i * row_width;
            // the mean gradient of a row's probabilities, which softmax takes off
            const T mean =
                out_row.rounded
                    ? vector_sum<T>(width, [=, from = out_row.rounded](std::int64_t x)
                                               TL_INLINE { return dout_row[x] * static_cast<float>(from[x]); })
                    : vector_sum<T>(width, [=, from = out_row.values](std::int64_t x)
                                               TL_INLINE { return dout_row[x] * from[x]; });
            if (!p.dropout.active()) {
              padded_loop(t.keys, [=](std::int64_t j) TL_INLINE {
                const T value = exp(probability[j] * scale - lse);
                ds[j] = value * (ds[j] - mean) * scale;
                probability[j] = value;
              });
              continue;
            }
            const T* const factors = detail::query_factors(p.dropout, t, task, i, kept, mask_room, isa);
            padded_loop(t.keys, [=](std::int64_t j) TL_INLINE {
              const T value = exp(probability[j] * scale - lse);
              ds[j] = value * (ds[j] * factors[j] - mean) * scale;
              probability[j] = value * factors[j];
            });
          }
        },
        isa);
    gemm<T>({.a = probabilities,
             .b = dout,
             .c = p.dv + t.first_key * p.v_stride + t.column,
             .m = t.keys,
             .n = width,
             .k = t.queries,
             .lda = stride,
             .ldb = row_width,
             .ldc = p.v_stride,
             .transpose_a = true,
             .isa = isa});
    gemm<T>({.a = dscores,
             .b = t.k.values,
             .c = p.dq + t.first_query * p.q_stride + t.column,
             .m = t.queries,
             .n = width,
             .k = t.keys,
             .lda = stride,
             .ldb = t.k.stride,
             .ldc = p.q_stride,
             .isa = isa});
    gemm<T>({.a = dscores,
             .b = t.q.values,
             .c = p.dk + t.first_key * p.k_stride + t.column,
             .m = t.keys,
             .n = width,
             .k = t.queries,
             .lda = stride,
             .ldb = t.q.stride,
             .ldc = p.k_stride,
             .transpose_a = true,
             .isa = isa});
  });
}

}  // namespace tl::cpu
