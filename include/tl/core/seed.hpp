// What is drawn from when a call gives no seed of its own: the generator of fresh parameters, and the number of dropout
// masks so far.
#pragma once

#include <cstdint>
#include <random>

#include <tl/core/mt19937.hpp>

namespace tl {

/// The process-wide generator; seeded from the system's entropy until set_seed() is called. Not safe to share between
/// threads that draw at the same time.
[[gnu::visibility("default")]] inline Mt19937& default_generator() {
  static Mt19937 generator(std::random_device{}());
  return generator;
}

namespace detail {

/// The number of the next dropout mask that is drawn on this thread without a step of the caller's.
[[gnu::visibility("default")]] inline std::uint64_t& next_mask_number() {
  thread_local std::uint64_t number = 0;
  return number;
}

}  // namespace detail

/// Starts the process-wide generator over, as the reference's set_seed does for its CPU generator, and the dropout
/// masks of this thread that are drawn without a step of the caller's.
inline void set_seed(std::uint64_t seed) {
  default_generator().seed(seed);
  detail::next_mask_number() = seed * 0x9E3779B97F4A7C15U;  // far from the masks of other seeds
}

}  // namespace tl
