// The functions that g++ -fsanitize=thread calls before each access to memory. ThreadSanitizer's own library is not
// linked: these hand the access to the checker.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "checker.hpp"

using tl::emulator::Access;
using tl::emulator::check_access;
using tl::emulator::check_aligned_access;

#define TL_CALLER __builtin_return_address(0)

extern "C" {

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}

#define TL_HOOKS(bytes)                                                                                      \
  void __tsan_read##bytes(void* at) { check_aligned_access(at, bytes, Access::read, TL_CALLER); }            \
  void __tsan_write##bytes(void* at) { check_aligned_access(at, bytes, Access::write, TL_CALLER); }          \
  void __tsan_volatile_read##bytes(void* at) { check_aligned_access(at, bytes, Access::read, TL_CALLER); }   \
  void __tsan_volatile_write##bytes(void* at) { check_aligned_access(at, bytes, Access::write, TL_CALLER); } \
  void __tsan_unaligned_read##bytes(void* at) { check_access(at, bytes, Access::read, TL_CALLER); }          \
  void __tsan_unaligned_write##bytes(void* at) { check_access(at, bytes, Access::write, TL_CALLER); }
TL_HOOKS(1)
TL_HOOKS(2)
TL_HOOKS(4)
TL_HOOKS(8)
TL_HOOKS(16)

void __tsan_read_range(void* at, std::size_t bytes) { check_access(at, bytes, Access::read, TL_CALLER); }
void __tsan_write_range(void* at, std::size_t bytes) { check_access(at, bytes, Access::write, TL_CALLER); }

// What the header of the emulator makes of memcpy, memmove and memset.
void* tl_emulated_memcpy(void* to, const void* from, std::size_t bytes) {
  check_access(from, bytes, Access::read, TL_CALLER);
  check_access(to, bytes, Access::write, TL_CALLER);
  return __builtin_memmove(to, from, bytes);
}
void* tl_emulated_memmove(void* to, const void* from, std::size_t bytes) { return tl_emulated_memcpy(to, from, bytes); }
void* tl_emulated_memset(void* to, int value, std::size_t bytes) {
  check_access(to, bytes, Access::write, TL_CALLER);
  return __builtin_memset(to, value, bytes);
}

// std::atomic and __atomic builtins. Host code of the same sources uses them, too: shared_ptr, the guards of statics.
#define TL_ATOMICS(bits)                                                                                               \
  using Word##bits = std::uint##bits##_t;                                                                              \
  Word##bits __tsan_atomic##bits##_load(const volatile Word##bits* at, int) {                                          \
    check_access(const_cast<Word##bits*>(at), bits / 8, Access::read, TL_CALLER);                                      \
    return __atomic_load_n(at, __ATOMIC_SEQ_CST);                                                                      \
  }                                                                                                                    \
  void __tsan_atomic##bits##_store(volatile Word##bits* at, Word##bits value, int) {                                   \
    check_access(const_cast<Word##bits*>(at), bits / 8, Access::atomic, TL_CALLER);                                    \
    __atomic_store_n(at, value, __ATOMIC_SEQ_CST);                                                                     \
  }                                                                                                                    \
  Word##bits __tsan_atomic##bits##_exchange(volatile Word##bits* at, Word##bits value, int) {                          \
    check_access(const_cast<Word##bits*>(at), bits / 8, Access::atomic, TL_CALLER);                                    \
    return __atomic_exchange_n(at, value, __ATOMIC_SEQ_CST);                                                           \
  }                                                                                                                    \
  int __tsan_atomic##bits##_compare_exchange_strong(volatile Word##bits* at, Word##bits* expected, Word##bits desired, \
                                                    int, int) {                                                        \
    check_access(const_cast<Word##bits*>(at), bits / 8, Access::atomic, TL_CALLER);                                    \
    return __atomic_compare_exchange_n(at, expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);              \
  }                                                                                                                    \
  int __tsan_atomic##bits##_compare_exchange_weak(volatile Word##bits* at, Word##bits* expected, Word##bits desired,   \
                                                  int, int) {                                                          \
    check_access(const_cast<Word##bits*>(at), bits / 8, Access::atomic, TL_CALLER);                                    \
    return __atomic_compare_exchange_n(at, expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);              \
  }                                                                                                                    \
  TL_ATOMIC_FETCH(bits, add)                                                                                           \
  TL_ATOMIC_FETCH(bits, sub)                                                                                           \
  TL_ATOMIC_FETCH(bits, and)                                                                                           \
  TL_ATOMIC_FETCH(bits, or)                                                                                            \
  TL_ATOMIC_FETCH(bits, xor)
#define TL_ATOMIC_FETCH(bits, operation)                                                               \
  Word##bits __tsan_atomic##bits##_fetch_##operation(volatile Word##bits* at, Word##bits value, int) { \
    check_access(const_cast<Word##bits*>(at), bits / 8, Access::atomic, TL_CALLER);                    \
    return __atomic_fetch_##operation(at, value, __ATOMIC_SEQ_CST);                                    \
  }
TL_ATOMICS(8)
TL_ATOMICS(16)
TL_ATOMICS(32)
TL_ATOMICS(64)
void __tsan_atomic_thread_fence(int) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
void __tsan_atomic_signal_fence(int) {}

}  // extern "C"
