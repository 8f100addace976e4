// PyTorch's CPU generator and the distributions it draws from, bit for bit: with the same seed a new classification
// head, a data order or a dropout mask equals the one that the Python stack makes. Every function consumes exactly as
// many raw draws as PyTorch does, so the generator can be handed from one to the next. A multiply-add that PyTorch's
// build contracts is written as std::fma here, everything else must stay two roundings.
// Sources: Matsumoto and Nishimura 1998 (MT19937); Cephes logf, sinf, cosf in the form PyTorch's AVX2 build uses.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <tl/core/cpu_features.hpp>
#include <tl/core/error.hpp>

namespace tl {

/// The Mersenne Twister as torch.Generator("cpu") runs it; only the low 32 bits of a seed count.
class Mt19937 {
 public:
  static constexpr std::size_t words = 624;

  /// Everything the generator remembers; equal states continue with equal draws.
  struct State {
    std::array<std::uint32_t, words> key{};
    std::uint32_t position = words;     ///< words of `key` already used
    std::optional<double> next_normal;  ///< second value of the last scalar normal pair, see normal_

    friend bool operator==(const State&, const State&) = default;
  };

  explicit Mt19937(std::uint64_t seed = 5489) { this->seed(seed); }

  /// Starts over as torch.manual_seed(seed) does.
  void seed(std::uint64_t seed) {
    state_.key[0] = static_cast<std::uint32_t>(seed);
    for (std::uint32_t j = 1; j < words; ++j) {
      const std::uint32_t previous = state_.key[j - 1];
      state_.key[j] = 1812433253u * (previous ^ (previous >> 30)) + j;
    }
    state_.position = words;
    state_.next_normal.reset();
  }

  const State& state() const noexcept { return state_; }

  /// Continues from a saved state. Throws invalid_argument if its position is beyond the key.
  void restore(const State& state) {
    check(state.position <= words, ErrorCode::invalid_argument, "Mt19937 state: expected a position in [0, 624], got ",
          state.position);
    state_ = state;
  }

  std::uint32_t next_u32() {
    if (state_.position >= words) refill();
    std::uint32_t y = state_.key[state_.position++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
  }

  /// Two draws, the first is the high half.
  std::uint64_t next_u64() {
    const std::uint64_t high = next_u32();
    return (high << 32) | next_u32();
  }

  /// A non-negative int64 as torch.empty((), dtype=torch.int64).random_() draws it (a DataLoader's base seed).
  std::int64_t next_int64() { return static_cast<std::int64_t>(next_u64() & 0x7fffffffffffffffu); }

  /// A float in [0, 1) with 24 random bits; one draw.
  float next_float() { return static_cast<float>(next_u32() & 0xffffffu) * 0x1p-24f; }

  /// A double in [0, 1) with 53 random bits; two draws.
  double next_double() { return static_cast<double>(next_u64() & ((std::uint64_t{1} << 53) - 1)) * 0x1p-53; }

  /// One scalar standard normal in double precision. A pair is made from four draws; the second value is kept.
  double next_normal() {
    if (state_.next_normal) return *std::exchange(state_.next_normal, std::nullopt);
    const double u1 = next_double();
    const double u2 = next_double();
    const double radius = std::sqrt(-2.0 * std::log1p(-u2));
    const double angle = 2.0 * std::numbers::pi * u1;
    state_.next_normal = radius * std::sin(angle);
    return radius * std::cos(angle);
  }

  /// Skips draws.
  void discard(std::uint64_t draws) {
    for (; draws > 0; --draws) next_u32();
  }

 private:
  void refill() {
    auto& key = state_.key;
    const auto twist = [&key](std::size_t k, std::size_t next, std::size_t far) {
      const std::uint32_t y = (key[k] & 0x80000000u) | (key[next] & 0x7fffffffu);
      key[k] = key[far] ^ (y >> 1) ^ ((y & 1u) ? 0x9908b0dfu : 0u);
    };
    for (std::size_t k = 0; k < 227; ++k) twist(k, k + 1, k + 397);
    for (std::size_t k = 227; k < 623; ++k) twist(k, k + 1, k - 227);
    twist(623, 0, 396);
    state_.position = 0;
  }

  State state_;
};

namespace detail {

// The three helpers must be inlined into a function with the fma target, else every __builtin_fmaf is a library call.
inline __attribute__((always_inline)) float cephes_log(float x) {
  x = std::max(x, 0x1p-126f);
  const auto bits = std::bit_cast<std::int32_t>(x);
  float exponent = static_cast<float>((bits >> 23) - 0x7f) + 1.0f;
  x = std::bit_cast<float>((bits & 0x007fffff) | 0x3f000000);
  const bool small = x < 0.707106781186547524f;
  exponent = small ? exponent - 1.0f : exponent;
  x = (x - 1.0f) + (small ? x : 0.0f);
  const float z = x * x;
  float y = 7.0376836292E-2f;
  y = __builtin_fmaf(y, x, -1.1514610310E-1f);
  y = __builtin_fmaf(y, x, 1.1676998740E-1f);
  y = __builtin_fmaf(y, x, -1.2420140846E-1f);
  y = __builtin_fmaf(y, x, 1.4249322787E-1f);
  y = __builtin_fmaf(y, x, -1.6668057665E-1f);
  y = __builtin_fmaf(y, x, 2.0000714765E-1f);
  y = __builtin_fmaf(y, x, -2.4999993993E-1f);
  y = __builtin_fmaf(y, x, 3.3333331174E-1f);
  y = y * x;
  y = __builtin_fmaf(y, z, exponent * -2.12194440e-4f);
  y = __builtin_fmaf(-z, 0.5f, y);
  return __builtin_fmaf(exponent, 0.693359375f, x + y);
}

/// Sine and cosine of x >= 0.
inline __attribute__((always_inline)) void cephes_sincos(float x, float& sine, float& cosine) {
  const std::int32_t octant = (static_cast<std::int32_t>(x * 1.27323954473516f) + 1) & ~1;
  const auto y = static_cast<float>(octant);
  x = __builtin_fmaf(y, -0.78515625f, x);
  x = __builtin_fmaf(y, -2.4187564849853515625e-4f, x);
  x = __builtin_fmaf(y, -3.77489497744594108e-8f, x);
  const float z = x * x;
  float c = 2.443315711809948E-005f;
  c = __builtin_fmaf(c, z, -1.388731625493765E-003f);
  c = __builtin_fmaf(c, z, 4.166664568298827E-002f);
  c = __builtin_fmaf(c * z, z, -(z * 0.5f)) + 1.0f;
  float s = -1.9515295891E-4f;
  s = __builtin_fmaf(s, z, 8.3321608736E-3f);
  s = __builtin_fmaf(s, z, -1.6666654611E-1f);
  s = __builtin_fmaf(s * z, x, x);
  const bool swapped = (octant & 2) != 0;
  const float sine_magnitude = swapped ? c : s;
  const float cosine_magnitude = swapped ? s : c;
  sine = (octant & 4) != 0 ? -sine_magnitude : sine_magnitude;
  cosine = (~(octant - 2) & 4) != 0 ? -cosine_magnitude : cosine_magnitude;
}

/// Box-Muller on blocks of 16 uniforms: 8 radii, then 8 angles; every lane is independent.
inline __attribute__((always_inline)) void normal_blocks_body(float* data, std::size_t blocks, float mean, float std) {
  constexpr float two_pi = static_cast<float>(2.0 * std::numbers::pi);
  for (std::size_t block = 0; block < blocks; ++block, data += 16) {
    for (int lane = 0; lane < 8; ++lane) {
      const float radius = __builtin_sqrtf(-2.0f * cephes_log(1.0f - data[lane]));
      float sine = 0.0f, cosine = 0.0f;
      cephes_sincos(two_pi * data[lane + 8], sine, cosine);
      data[lane] = __builtin_fmaf(radius * cosine, std, mean);
      data[lane + 8] = __builtin_fmaf(radius * sine, std, mean);
    }
  }
}

inline void normal_blocks_portable(float* data, std::size_t blocks, float mean, float std) {
  normal_blocks_body(data, blocks, mean, std);
}

#ifdef TL_X86_64
__attribute__((target("avx2,fma"))) inline void normal_blocks_fma(float* data, std::size_t blocks, float mean,
                                                                  float std) {
  normal_blocks_body(data, blocks, mean, std);
}
#endif

/// Same bits on every machine; where the processor has FMA instructions the result only comes sooner.
inline void normal_blocks(float* data, std::size_t blocks, float mean, float std) {
#ifdef TL_X86_64
  if (cpu_isa() >= CpuIsa::avx2) return normal_blocks_fma(data, blocks, mean, std);
#endif
  normal_blocks_portable(data, blocks, mean, std);
}

}  // namespace detail

/// Fills `out` with N(mean, std^2) as a contiguous float tensor's normal_(mean, std) does on the CPU.
/// From 16 values on each costs one draw (and 16 more if the count is not a multiple of 16); below that a pair of
/// doubles costs four draws and an odd value stays in the generator. Throws invalid_argument if std is negative.
inline void normal_(std::span<float> out, double mean, double std, Mt19937& generator) {
  check(std >= 0.0, ErrorCode::invalid_argument, "normal_: expected std >= 0, got ", std);
  if (out.size() < 16) {
    for (float& value : out) value = static_cast<float>(std::fma(generator.next_normal(), std, mean));
    return;
  }
  const auto mean_float = static_cast<float>(mean);
  const auto std_float = static_cast<float>(std);
  for (float& value : out) value = generator.next_float();
  detail::normal_blocks(out.data(), out.size() / 16, mean_float, std_float);
  if (out.size() % 16 != 0) {  // the last 16 values are drawn afresh, also those a block has already transformed
    const auto tail = out.last(16);
    for (float& value : tail) value = generator.next_float();
    detail::normal_blocks(tail.data(), 1, mean_float, std_float);
  }
}

/// Fills `out` with uniform values in [from, to) as a float tensor's uniform_(from, to); one draw per value.
/// Throws invalid_argument if from > to.
inline void uniform_(std::span<float> out, double from, double to, Mt19937& generator) {
  check(from <= to, ErrorCode::invalid_argument, "uniform_: expected from <= to, got from ", from, " and to ", to);
  const auto low = static_cast<float>(from);
  const float range = static_cast<float>(to) - low;
  for (float& value : out) value = std::fma(generator.next_float(), range, low);
}

/// Writes 1 with the given probability, else 0, as tensor.bernoulli_(probability): two draws per value. A dropout
/// mask with rate p is bernoulli_(1 - p). Throws invalid_argument outside [0, 1].
inline void bernoulli_(std::span<std::uint8_t> out, double probability, Mt19937& generator) {
  check(probability >= 0.0 && probability <= 1.0, ErrorCode::invalid_argument,
        "bernoulli_: expected a probability in [0, 1], got ", probability);
  for (std::uint8_t& value : out) value = generator.next_double() < probability ? 1 : 0;
}

/// A random order of 0 .. n-1 as torch.randperm(n, generator=generator); n - 1 draws.
/// Throws invalid_argument for n < 0 or n >= 2^32 / 20, where the reference changes its method.
inline std::vector<std::int64_t> randperm(std::int64_t n, Mt19937& generator) {
  constexpr std::int64_t limit = (std::int64_t{1} << 32) / 20;
  check(n >= 0 && n < limit, ErrorCode::invalid_argument, "randperm: expected n in [0, ", limit, "), got ", n);
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::size_t i = 0; i + 1 < order.size(); ++i) {
    const std::size_t offset = generator.next_u32() % static_cast<std::uint32_t>(order.size() - i);
    std::swap(order[i], order[i + offset]);
  }
  return order;
}

}  // namespace tl
