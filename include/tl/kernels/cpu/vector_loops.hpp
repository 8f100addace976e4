// Loops that the compiler turns into vector code, compiled once per instruction set and chosen at run time, so that a
// program built with plain -O2 uses the vector units of the machine it runs on.
//
// How it works: a kernel's body is an always-inlined lambda; with_vectors() calls it from functions with different
// target attributes. Inside, vector_loop() and vector_sum() have an inner loop of constant length, the form that even
// the cautious vectoriser of g++ -O2 accepts. Loop bodies must be free of branches: a comparison of floats counts as a
// branch for g++ (it may trap), a comparison of integers does not.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tl/core/cpu_features.hpp>
#include <tl/core/parallel.hpp>

/// Marks a function or (after the parameter list) a lambda whose code must end up in its caller.
#define TL_INLINE __attribute__((always_inline))

/// Says that the iterations of the next loop are independent of each other. clang would first unroll a loop this short
/// and then not find its vectors again.
#ifdef __clang__
#define TL_INDEPENDENT_ITERATIONS _Pragma("clang loop vectorize(assume_safety) unroll(disable)")
#else
#define TL_INDEPENDENT_ITERATIONS _Pragma("GCC ivdep")
#endif

namespace tl::cpu {

/// Elements that a vector loop handles together: one register of the widest instruction set in float.
inline constexpr std::int64_t vector_lanes = 16;

/// Calls body(i) for every i in [0, count); the calls must be independent of each other.
template <class Body> TL_INLINE inline void vector_loop(std::int64_t count, const Body& body) {
  std::int64_t i = 0;
  for (; i + vector_lanes <= count; i += vector_lanes) {
    TL_INDEPENDENT_ITERATIONS
    for (std::int64_t lane = 0; lane < vector_lanes; ++lane) body(i + lane);
  }
  for (; i < count; ++i) body(i);
}

/// `count` rounded up to whole vectors: the length of a row with room after its end for vector code without a tail.
constexpr std::int64_t padded(std::int64_t count) { return (count + vector_lanes - 1) / vector_lanes * vector_lanes; }

/// vector_loop() over a padded row: body(i) for every i in [0, padded(count)).
template <class Body> TL_INLINE inline void padded_loop(std::int64_t count, const Body& body) {
  for (std::int64_t i = 0; i < count; i += vector_lanes) {
    TL_INDEPENDENT_ITERATIONS
    for (std::int64_t lane = 0; lane < vector_lanes; ++lane) body(i + lane);
  }
}

/// out[i] = function(in[i]...) for i in [0, count); `out` may be one of `in`. For long functions: a short last vector
/// goes through the same code as the others, in memory of its own, where vector_loop() would have a second copy.
template <class T, class Function, class... In>
TL_INLINE inline void vector_map(std::int64_t count, T* out, const Function& function, const In*... in) {
  constexpr std::size_t inputs = sizeof...(In);
  T room[inputs][vector_lanes] = {};
  for (std::int64_t i = 0; i < count; i += vector_lanes) {
    const bool is_short = count - i < vector_lanes;
    const std::size_t here = static_cast<std::size_t>(is_short ? count - i : vector_lanes);
    std::array<const T*, inputs> from = {in + i...};
    for (std::size_t k = 0; is_short && k < inputs; ++k) {
      std::copy_n(from[k], here, room[k]);
      from[k] = room[k];
    }
    T* const to = is_short ? room[0] : out + i;
    [&]<std::size_t... k>(std::index_sequence<k...>) TL_INLINE {
      TL_INDEPENDENT_ITERATIONS
      for (std::int64_t lane = 0; lane < vector_lanes; ++lane) to[lane] = function(from[k][lane]...);
    }
    (std::index_sequence_for<In...>{});
    if (is_short) std::copy_n(to, here, out + i);
  }
}

/// The sum of term(i) for i in [0, count), as `vector_lanes` interleaved partial sums that are added in order.
template <class Sum, class Term> TL_INLINE inline Sum vector_sum(std::int64_t count, const Term& term) {
  Sum partial[vector_lanes] = {};
  std::int64_t i = 0;
  for (; i + vector_lanes <= count; i += vector_lanes) {
    for (std::int64_t lane = 0; lane < vector_lanes; ++lane) partial[lane] += term(i + lane);
  }
  for (; i < count; ++i) partial[i % vector_lanes] += term(i);
  Sum sum{};
  for (const Sum& value : partial) sum += value;
  return sum;
}

// clang reports loops that it leaves as they are, such as those over the standard library's functions in double.
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpass-failed"
#endif

namespace detail {
#ifdef TL_X86_64
// Any x86 machine of the last decade has AVX2: the fallback is compiled for size, which is quicker to compile.
template <class Body> __attribute__((noinline, cold)) void run_generic(const Body& body) { body(); }
template <class Body> __attribute__((noinline, target("avx2,fma"))) void run_avx2(const Body& body) { body(); }
template <class Body>
__attribute__((noinline, target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))) void run_avx512(const Body& body) {
  body();
}
#else
template <class Body> __attribute__((noinline)) void run_generic(const Body& body) { body(); }
#endif
}  // namespace detail

#ifdef __clang__
#pragma clang diagnostic pop
#endif

/// Calls body(), an always-inlined callable, compiled for an instruction set, by default this machine's, if T is float.
/// Double serves gradient checks and is compiled once. A body that waits for memory, or is a small part of a step, has
/// no copy for AVX-512: `widest` is avx2.
template <class T, CpuIsa widest = CpuIsa::avx512, class Body>
void with_vectors(const Body& body, [[maybe_unused]] CpuIsa isa = cpu_isa()) {
#ifdef TL_X86_64
  if constexpr (std::is_same_v<T, float>) {
    if constexpr (widest == CpuIsa::avx512)
      if (isa >= CpuIsa::avx512) return detail::run_avx512(body);
    if (isa >= CpuIsa::avx2) return detail::run_avx2(body);
  }
#endif
  detail::run_generic(body);
}

/// parallel_for(count, grain, body) with a body, always-inlined, that runs in with_vectors<T, widest>.
template <class T, CpuIsa widest = CpuIsa::avx512, class Body>
void parallel_vectorized(std::int64_t count, std::int64_t grain, const Body& body) {
  parallel_for(count, grain, [&body](std::int64_t begin, std::int64_t end) {
    with_vectors<T, widest>([&body, begin, end]() TL_INLINE { body(begin, end); });
  });
}

/// Elements per chunk of a flat range: long enough that handing it out costs nothing.
inline constexpr std::int64_t flat_grain = 16384;

/// Rows of `width` elements per chunk.
inline std::int64_t row_grain(std::int64_t width) {
  return width >= flat_grain ? 1 : flat_grain / (width > 0 ? width : 1);
}

}  // namespace tl::cpu
