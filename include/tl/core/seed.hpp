// The generator that fresh parameters are drawn from when a call gives no seed of its own.
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

/// Starts the process-wide generator over, as the reference's set_seed does for its CPU generator.
inline void set_seed(std::uint64_t seed) { default_generator().seed(seed); }

}  // namespace tl
