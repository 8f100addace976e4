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

/// A block of a wider row-major matrix, such as one head of one sequence.
template <class T> struct Block {
  T* values;
  std::int64_t stride, rows, columns;

  operator Block<const T>() const requires(!std::is_const_v<T>) { return {values, stride, rows, columns}; }
};

enum class Transposed { none, a, b };

/// c = a b, with one of the two transposed if asked for.
template <class T> void multiply(Block<const T> a, Block<const T> b, Block<T> c, Transposed transposed, CpuIsa isa) {
  gemm<T>({.a = a.values,
           .b = b.values,
           .c = c.values,
           .m = c.rows,
           .n = c.columns,
           .k = transposed == Transposed::a ? a.rows : a.columns,
           .lda = a.stride,
           .ldb = b.stride,
           .ldc = c.stride,
           .transpose_a = transposed == Transposed::a,
           .transpose_b = transposed == Transposed::b,
           .isa = isa});
}

/// One head of one sequence as products in bf16 take it: `rows` rows of `width` values that begin at `from`, `stride`
/// apart, rounded to bfloat16 and packed at `out`.
template <class T>
Block<const T> rounded_head(Stored<const T> from, std::int64_t stride, std::int64_t rows, std::int64_t width, T* out,
                            CpuIsa isa) {
  round_rows(from, stride, out, width, rows, width, isa);
  return {out, width, rows, width};
}

/// The part of a task (one head of one sequence) that both passes share: where its rows are, and its operands, which
/// are the given matrices themselves or, in bf16, rounded copies.
template <class T> struct AttentionTask {
  std::int64_t queries, keys, score_stride, first_query, first_key, column;
  std::int64_t mask_rows;  // whose dropout factors are drawn together
  Block<const T> q, k, v;
  T* scratch;  // room for the score buffers, the dropout factors, and the copies

  template <class Params> AttentionTask(const Params& p, std::int64_t task, std::int64_t score_buffers, CpuIsa isa) {
    const std::int64_t sequence = task / p.heads;
    first_query = p.cu_q ? p.cu_q[sequence] : sequence;
    first_key = p.cu_k[sequence];
    queries = p.cu_q ? p.cu_q[sequence + 1] - first_query : 1;
    keys = p.cu_k[sequence + 1] - first_key;
    score_stride = padded(keys);
    mask_rows = std::max<std::int64_t>(1, dropout_piece / std::max<std::int64_t>(1, score_stride));
    column = task % p.heads * p.head_width;
    const Stored<const T> given_q = p.q + first_query * p.q_stride + column;
    const Stored<const T> given_k = p.k + first_key * p.k_stride + column;
    const Stored<const T> given_v = p.v + first_key * p.v_stride + column;
    thread_local Scratch<T> memory;
    const std::int64_t scores = (score_buffers * queries + mask_rows) * score_stride;
    const std::int64_t copies = p.precision == Precision::bf16 ? (queries + 2 * keys) * p.head_width : 0;
    scratch = memory.get(scores + copies);
    if (p.precision != Precision::bf16) {
      q = {given_q.own(), p.q_stride, queries, p.head_width};
      k = {given_k.own(), p.k_stride, keys, p.head_width};
      v = {given_v.own(), p.v_stride, keys, p.head_width};
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

/// scores [queries, keys] become probabilities after dropout: softmax(scale scores) times the mask's factors.
template <class T>
void softmax_dropout(const kernels::AttentionForward<T>& p, const AttentionTask<T>& t, std::int64_t task, T* scores,
                     T* mask_room, CpuIsa isa) {
  with_vectors<T>(
      [&]() TL_INLINE {
        const T scale = static_cast<T>(p.scale), kept = static_cast<T>(p.dropout.scale());
        for (std::int64_t i = 0; i < t.queries; ++i) {
          T* const row = scores + i * t.score_stride;
          padded_loop(t.keys, [=](std::int64_t j) TL_INLINE { row[j] *= scale; });
          std::fill(row + t.keys, row + t.score_stride, -std::numeric_limits<T>::infinity());
          const T largest = largest_of(row, t.score_stride);
          padded_loop(t.keys, [=](std::int64_t j) TL_INLINE { row[j] = exp(row[j] - largest); });
          const T sum = vector_sum<T>(t.score_stride, [=](std::int64_t j) TL_INLINE { return row[j]; });
          if (p.lse) p.lse[(t.first_query + i) * p.heads + task % p.heads] = largest + std::log(sum);
          const T inverse = T(1) / sum;
          if (!p.dropout.active()) {
            padded_loop(t.keys, [=](std::int64_t j) TL_INLINE { row[j] *= inverse; });
            continue;
          }
          const T* const factors = query_factors(p.dropout, t, task, i, kept, mask_room, isa);
          padded_loop(t.keys, [=](std::int64_t j) TL_INLINE { row[j] *= inverse * factors[j]; });
        }
      },
      isa);
}

/// From scores q k^T in `probability` and gradients dout v^T in `dscores`, both [queries, keys]: the probabilities
/// after dropout, and the gradients of the scores.
template <class T>
void softmax_dropout_backward(const kernels::AttentionBackward<T>& p, const AttentionTask<T>& t, std::int64_t task,
                              Block<const T> dout, Stored<const T> out, T* probabilities, T* dscores, T* mask_room,
                              CpuIsa isa) {
  with_vectors<T>(
      [&]() TL_INLINE {
        const T scale = static_cast<T>(p.scale), kept = static_cast<T>(p.dropout.scale());
        for (std::int64_t i = 0; i < t.queries; ++i) {
          T* const probability = probabilities + i * t.score_stride;
          T* const ds = dscores + i * t.score_stride;
          const T lse = p.lse[(t.first_query + i) * p.heads + task % p.heads];
          const T* const dout_row = dout.values + i * dout.stride;
          const Stored<const T> out_row = out + i * dout.stride;
          // the mean gradient of a row's probabilities, which softmax takes off
          const T mean =
              out_row.bf16()
                  ? vector_sum<T>(dout.columns, [=, from = out_row.bf16()](std::int64_t x)
                                                    TL_INLINE { return dout_row[x] * static_cast<float>(from[x]); })
                  : vector_sum<T>(dout.columns, [=, from = out_row.own()](std::int64_t x)
                                                    TL_INLINE { return dout_row[x] * from[x]; });
          if (!p.dropout.active()) {
            padded_loop(t.keys, [=](std::int64_t j) TL_INLINE {
              const T value = exp(probability[j] * scale - lse);
              ds[j] = value * (ds[j] - mean) * scale;
              probability[j] = value;
            });
            continue;
          }
          const T* const factors = query_factors(p.dropout, t, task, i, kept, mask_room, isa);
          padded_loop(t.keys, [=](std::int64_t j) TL_INLINE {
            const T value = exp(probability[j] * scale - lse);
            ds[j] = value * (ds[j] * factors[j] - mean) * scale;
            probability[j] = value * factors[j];
          });
        }
      },
      isa);
}

/// Writes the operands and the result of a task, which are rounded already, in bfloat16 for the backward pass.
template <class T>
void save_rounded(const kernels::AttentionForward<T>& p, const AttentionTask<T>& t, Block<const T> out, CpuIsa isa) {
  const auto save = [&](Block<const T> from, bfloat16* to, std::int64_t first, std::int64_t stride) {
    store_rows(from.values, from.stride, to + first * stride + t.column, stride, from.rows, from.columns, isa);
  };
  save(t.q, p.q_saved, t.first_query, p.q_stride);
  save(t.k, p.k_saved, t.first_key, p.k_stride);
  save(t.v, p.v_saved, t.first_key, p.v_stride);
  save(out, p.out_saved, t.first_query, out.stride);
}

/// Zeros in rows [begin, end) of a block of `columns` columns, rows `stride` apart: rows that belong to no sequence.
template <class T>
void zero_rows(T* values, std::int64_t stride, std::int64_t columns, std::int64_t begin, std::int64_t end) {
  for (std::int64_t row = begin; values && row < end; ++row) std::fill_n(values + row * stride, columns, T(0.0F));
}

/// The row after the last query.
template <class Params> std::int64_t end_of_queries(const Params& p) { return p.cu_q ? p.cu_q[p.b] : p.b; }

}  // namespace detail

template <class T> void run(Cpu, const kernels::AttentionForward<T>& p, CpuIsa isa = cpu_isa()) {
  using detail::Block, detail::Transposed;
  const std::int64_t width = p.head_width, row_width = p.heads * width;
  parallel_for(p.b * p.heads, 1, [&](std::int64_t task, std::int64_t) {
    const detail::AttentionTask<T> t(p, task, 1, isa);
    T* const scores = t.scratch;                                  // [queries, score_stride]
    T* const mask_room = t.scratch + t.queries * t.score_stride;  // [mask_rows, score_stride]
    const Block<T> out{p.out.own() + t.first_query * row_width + t.column, row_width, t.queries, width};
    detail::multiply<T>(t.q, t.k, {scores, t.score_stride, t.queries, t.keys}, Transposed::b, isa);
    detail::softmax_dropout(p, t, task, scores, mask_room, isa);
    detail::multiply<T>({scores, t.score_stride, t.queries, t.keys}, t.v, out, Transposed::none, isa);
    if (p.precision != Precision::bf16) return;
    round_rows<T>(out.values, row_width, out.values, row_width, t.queries, width, isa);
    if (p.q_saved) detail::save_rounded<T>(p, t, out, isa);
  });
  const std::int64_t end = detail::end_of_queries(p);
  detail::zero_rows(p.out.own(), row_width, row_width, end, p.n_q);
  detail::zero_rows(p.out_saved, row_width, row_width, end, p.n_q);
  detail::zero_rows(p.lse, p.heads, p.heads, end, p.n_q);
}

template <class T> void run(Cpu, const kernels::AttentionBackward<T>& p, CpuIsa isa = cpu_isa()) {
  using detail::Block, detail::Transposed;
  const std::int64_t width = p.head_width, row_width = p.heads * width;
  parallel_for(p.b * p.heads, 1, [&](std::int64_t task, std::int64_t) {
    const detail::AttentionTask<T> t(p, task, 2, isa);
    const std::int64_t stride = t.score_stride, first_out = t.first_query * row_width + t.column;
    T* const probabilities = t.scratch;                     // [queries, stride], after dropout
    T* const dscores = probabilities + t.queries * stride;  // [queries, stride]
    T* const mask_room = dscores + t.queries * stride;      // [mask_rows, stride]
    const Block<const T> dout{p.dout.own() + first_out, row_width, t.queries, width};
    const auto scores = [&](T* values) { return Block<T>{values, stride, t.queries, t.keys}; };
    detail::multiply<T>(t.q, t.k, scores(probabilities), Transposed::b, isa);
    detail::multiply<T>(dout, t.v, scores(dscores), Transposed::b, isa);
    detail::softmax_dropout_backward<T>(p, t, task, dout, p.out + first_out, probabilities, dscores, mask_room, isa);
    const Block<T> dq{p.dq.own() + t.first_query * p.q_stride + t.column, p.q_stride, t.queries, width};
    const Block<T> dk{p.dk.own() + t.first_key * p.k_stride + t.column, p.k_stride, t.keys, width};
    const Block<T> dv{p.dv.own() + t.first_key * p.v_stride + t.column, p.v_stride, t.keys, width};
    detail::multiply<T>(scores(probabilities), dout, dv, Transposed::a, isa);
    detail::multiply<T>(scores(dscores), t.k, dq, Transposed::none, isa);
    detail::multiply<T>(scores(dscores), t.q, dk, Transposed::a, isa);
  });
  detail::zero_rows(p.dq.own(), p.q_stride, row_width, detail::end_of_queries(p), p.n_q);
  detail::zero_rows(p.dk.own(), p.k_stride, row_width, p.cu_k[p.b], p.n_k);
  detail::zero_rows(p.dv.own(), p.v_stride, row_width, p.cu_k[p.b], p.n_k);
}

}  // namespace tl::cpu
