// Atomic operations on device and shared memory. They do not race with each other, but with plain accesses, and order
// no other memory. The sum of floats depends on the order of the threads, which the schedules change.
#pragma once

#include <algorithm>
#include <cstddef>

namespace tl::emulator {

/// Checks an atomic access of the calling thread to `bytes` at `address`, before it happens.
void atomic_access(const void* address, std::size_t bytes);

template <class T, class Change> __attribute__((no_sanitize("thread"))) T atomic(T* address, Change change) {
  atomic_access(address, sizeof(T));
  const T before = *address;
  *address = change(before);
  return before;
}

}  // namespace tl::emulator

#define TL_EMULATED_ATOMIC(name, expression)                                                                      \
  template <class T> __attribute__((no_sanitize("thread"))) T name(T* address, std::type_identity_t<T> operand) { \
    return tl::emulator::atomic(address, [operand](T before) -> T { return static_cast<T>(expression); });        \
  }
TL_EMULATED_ATOMIC(atomicAdd, before + operand)
TL_EMULATED_ATOMIC(atomicSub, before - operand)
TL_EMULATED_ATOMIC(atomicMin, std::min(before, operand))
TL_EMULATED_ATOMIC(atomicMax, std::max(before, operand))
TL_EMULATED_ATOMIC(atomicAnd, before& operand)
TL_EMULATED_ATOMIC(atomicOr, before | operand)
TL_EMULATED_ATOMIC(atomicXor, before ^ operand)
TL_EMULATED_ATOMIC(atomicExch, ((void)before, operand))
#undef TL_EMULATED_ATOMIC

/// Wraps to 0 after `last`.
inline unsigned atomicInc(unsigned* address, unsigned last) {
  return tl::emulator::atomic(address, [last](unsigned before) { return before >= last ? 0U : before + 1; });
}

template <class T> T atomicCAS(T* address, std::type_identity_t<T> expected, std::type_identity_t<T> desired) {
  return tl::emulator::atomic(address, [=](T before) { return before == expected ? desired : before; });
}
