// CPU kernels of the contract in kernels/attention.hpp: one task per (sequence, head), with the scores of that task in
// a scratch buffer. The backward pass recomputes the probabilities from q, k and lse.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include <tl/core/parallel.hpp>
#include <tl/cpu/rounding.hpp>
#include <tl/cpu/scratch.hpp>
#include <tl/kernels/attention.hpp>

namespace tl::cpu {

namespace detail {

/// One head of one sequence copied out of a wider matrix: [rows, width], rounded in bf16.
template <class T>
void gather_head(const T* from, std::int64_t stride, std::int64_t rows, std::int64_t width, Precision precision,
                 T* to) {
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t i = 0; i < width; ++i)
      to[row * width + i] =
          precision == Precision::bf16 ? round_to_bf16(from[row * stride + i]) : from[row * stride + i];
}

}  // namespace detail

template <class T> void attention_forward(const kernels::AttentionForward<T>& p) {
  const std::int64_t width = p.head_width;
  const T scale = static_cast<T>(p.scale);
  parallel_for(p.b * p.heads, 1, [&](std::int64_t task, std::int64_t) {
    const std::int64_t b = task / p.heads, head = task % p.heads;
    const std::int64_t q0 = p.cu_q[b], queries = p.cu_q[b + 1] - q0, k0 = p.cu_k[b], keys = p.cu_k[b + 1] - k0;
    thread_local Scratch<T> scratch;
    T* const q = scratch.get(queries * width + 2 * keys * width + 2 * keys);  // [queries, width]
    T* const k = q + queries * width;                                         // [keys, width]
    T* const v = k + keys * width;                                            // [keys, width]
    T* const s = v + keys * width;                                            // [keys]
    T* const factors = s + keys;                                              // [keys]
    detail::gather_head(p.q + q0 * p.q_stride + head * width, p.q_stride, queries, width, p.precision, q);
    detail::gather_head(p.k + k0 * p.k_stride + head * width, p.k_stride, keys, width, p.precision, k);
    detail::gather_head(p.v + k0 * p.v_stride + head * width, p.v_stride, keys, width, p.precision, v);
    for (std::int64_t i = 0; i < queries; ++i) {
      T* const out = p.out + ((q0 + i) * p.heads + head) * width;
      std::fill_n(out, width, T(0));
      T largest = -std::numeric_limits<T>::infinity();
      for (std::int64_t j = 0; j < keys; ++j) {
        T dot = 0;
        for (std::int64_t x = 0; x < width; ++x) dot += q[i * width + x] * k[j * width + x];
        s[j] = dot * scale;
        largest = std::max(largest, s[j]);
      }
      T sum = 0;
      for (std::int64_t j = 0; j < keys; ++j) sum += s[j] = std::exp(s[j] - largest);
      if (p.lse) p.lse[(q0 + i) * p.heads + head] = largest + std::log(sum);
      if (p.dropout.active()) {
        p.dropout.factors(static_cast<std::uint32_t>(task), static_cast<std::uint32_t>(i), keys,
                          static_cast<T>(p.dropout.scale()), factors);
        for (std::int64_t j = 0; j < keys; ++j) s[j] *= factors[j];
      }
      for (std::int64_t j = 0; j < keys; ++j)
        for (std::int64_t x = 0; x < width; ++x) out[x] += s[j] / sum * v[j * width + x];
      if (p.precision == Precision::bf16)
        for (std::int64_t x = 0; x < width; ++x) out[x] = round_to_bf16(out[x]);
    }
  });
}

template <class T> void attention_backward(const kernels::AttentionBackward<T>& p) {
  const std::int64_t width = p.head_width;
  const T scale = static_cast<T>(p.scale);
  parallel_for(p.b * p.heads, 1, [&](std::int64_t task, std::int64_t) {
    const std::int64_t b = task / p.heads, head = task % p.heads;
    const std::int64_t q0 = p.cu_q[b], queries = p.cu_q[b + 1] - q0, k0 = p.cu_k[b], keys = p.cu_k[b + 1] - k0;
    thread_local Scratch<T> scratch;
    T* const q = scratch.get(queries * width + 2 * keys * width + keys);  // [queries, width]
    T* const k = q + queries * width;                                     // [keys, width]
    T* const v = k + keys * width;                                        // [keys, width]
    T* const factors = v + keys * width;                                  // [keys]
    detail::gather_head(p.q + q0 * p.q_stride + head * width, p.q_stride, queries, width, p.precision, q);
    detail::gather_head(p.k + k0 * p.k_stride + head * width, p.k_stride, keys, width, p.precision, k);
    detail::gather_head(p.v + k0 * p.v_stride + head * width, p.v_stride, keys, width, p.precision, v);
    for (std::int64_t j = 0; j < keys; ++j) {
      std::fill_n(p.dk + (k0 + j) * p.k_stride + head * width, width, T(0));
      std::fill_n(p.dv + (k0 + j) * p.v_stride + head * width, width, T(0));
    }
    std::fill_n(factors, keys, T(1));
    for (std::int64_t i = 0; i < queries; ++i) {
      const T* const dout = p.dout + ((q0 + i) * p.heads + head) * width;
      const T* const out = p.out + ((q0 + i) * p.heads + head) * width;
      const T lse = p.lse[(q0 + i) * p.heads + head];
      T* const dq = p.dq + (q0 + i) * p.q_stride + head * width;
      std::fill_n(dq, width, T(0));
      T mean = 0;  // sum over keys of probability * its gradient
      for (std::int64_t x = 0; x < width; ++x) mean += dout[x] * out[x];
      if (p.dropout.active())
        p.dropout.factors(static_cast<std::uint32_t>(task), static_cast<std::uint32_t>(i), keys,
                          static_cast<T>(p.dropout.scale()), factors);
      for (std::int64_t j = 0; j < keys; ++j) {
        T dot = 0, gradient = 0;
        for (std::int64_t x = 0; x < width; ++x) dot += q[i * width + x] * k[j * width + x];
        for (std::int64_t x = 0; x < width; ++x) gradient += dout[x] * v[j * width + x];
        const T probability = std::exp(dot * scale - lse);
        const T ds = probability * (gradient * factors[j] - mean) * scale;
        T* const dk = p.dk + (k0 + j) * p.k_stride + head * width;
        T* const dv = p.dv + (k0 + j) * p.v_stride + head * width;
        for (std::int64_t x = 0; x < width; ++x) {
          dq[x] += ds * k[j * width + x];
          dk[x] += ds * q[i * width + x];
          dv[x] += probability * factors[j] * dout[x];
        }
      }
    }
  });
}

}  // namespace tl::cpu
