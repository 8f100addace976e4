// Exchanges between the lanes of a warp: shuffles, votes, matches. Each waits for all lanes of the mask and orders no
// memory; only __syncwarp does.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include <emulator/language.hpp>

namespace tl::emulator {

enum class Shuffle { from, up, down, exclusive_or };

/// The `value` (up to 8 bytes) of the lane that `kind` and `operand` choose.
std::uint64_t shuffle(Shuffle kind, unsigned mask, std::uint64_t value, int operand, int width, const Place& place);

enum class Vote { ballot, any, all, match_any, match_all };
struct VoteResult {
  unsigned lanes;
  bool all_equal;
};
VoteResult vote(Vote kind, unsigned mask, std::uint64_t value, const Place& place);

enum class Reduction { add, minimum, maximum, bit_and, bit_or, bit_xor };
std::int64_t reduce(Reduction kind, unsigned mask, std::int64_t value, const Place& place);

template <class T> inline std::uint64_t to_bits(T value) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);
  std::uint64_t bits = 0;
  __builtin_memcpy(&bits, &value, sizeof value);
  return bits;
}

template <class T> inline T from_bits(std::uint64_t bits) {
  T value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace tl::emulator

#define TL_EMULATED_SHUFFLE(name, kind, Operand)                                                                   \
  template <class T>                                                                                               \
  T name(unsigned mask, T value, Operand operand, int width = 32,                                                  \
         tl::emulator::Place place = tl::emulator::Place::current()) {                                             \
    return tl::emulator::from_bits<T>(                                                                             \
        tl::emulator::shuffle(kind, mask, tl::emulator::to_bits(value), static_cast<int>(operand), width, place)); \
  }
TL_EMULATED_SHUFFLE(__shfl_sync, tl::emulator::Shuffle::from, int)
TL_EMULATED_SHUFFLE(__shfl_up_sync, tl::emulator::Shuffle::up, unsigned)
TL_EMULATED_SHUFFLE(__shfl_down_sync, tl::emulator::Shuffle::down, unsigned)
TL_EMULATED_SHUFFLE(__shfl_xor_sync, tl::emulator::Shuffle::exclusive_or, int)
#undef TL_EMULATED_SHUFFLE

inline unsigned __ballot_sync(unsigned mask, int predicate,
                              tl::emulator::Place place = tl::emulator::Place::current()) {
  return tl::emulator::vote(tl::emulator::Vote::ballot, mask, predicate != 0, place).lanes;
}
inline int __any_sync(unsigned mask, int predicate, tl::emulator::Place place = tl::emulator::Place::current()) {
  return tl::emulator::vote(tl::emulator::Vote::any, mask, predicate != 0, place).all_equal;
}
inline int __all_sync(unsigned mask, int predicate, tl::emulator::Place place = tl::emulator::Place::current()) {
  return tl::emulator::vote(tl::emulator::Vote::all, mask, predicate != 0, place).all_equal;
}
template <class T>
unsigned __match_any_sync(unsigned mask, T value, tl::emulator::Place place = tl::emulator::Place::current()) {
  return tl::emulator::vote(tl::emulator::Vote::match_any, mask, tl::emulator::to_bits(value), place).lanes;
}
template <class T>
unsigned __match_all_sync(unsigned mask, T value, int* equal,
                          tl::emulator::Place place = tl::emulator::Place::current()) {
  const auto result = tl::emulator::vote(tl::emulator::Vote::match_all, mask, tl::emulator::to_bits(value), place);
  *equal = result.all_equal;
  return result.lanes;
}

#define TL_EMULATED_REDUCTION(name, T, kind)                                                          \
  inline T name(unsigned mask, T value, tl::emulator::Place place = tl::emulator::Place::current()) { \
    return static_cast<T>(tl::emulator::reduce(tl::emulator::Reduction::kind, mask, value, place));   \
  }
TL_EMULATED_REDUCTION(__reduce_add_sync, int, add)
TL_EMULATED_REDUCTION(__reduce_min_sync, int, minimum)
TL_EMULATED_REDUCTION(__reduce_max_sync, int, maximum)
TL_EMULATED_REDUCTION(__reduce_add_sync, unsigned, add)
TL_EMULATED_REDUCTION(__reduce_min_sync, unsigned, minimum)
TL_EMULATED_REDUCTION(__reduce_max_sync, unsigned, maximum)
TL_EMULATED_REDUCTION(__reduce_and_sync, unsigned, bit_and)
TL_EMULATED_REDUCTION(__reduce_or_sync, unsigned, bit_or)
TL_EMULATED_REDUCTION(__reduce_xor_sync, unsigned, bit_xor)
#undef TL_EMULATED_REDUCTION
