// What CUDA adds to the language: attributes of functions, where a thread is in the grid, barriers, shared memory.
#pragma once

#include <cstddef>
#include <source_location>

#include <emulator/vector_types.hpp>

#define __global__
#define __device__
#define __host__
#define __constant__ static const
#define __forceinline__ inline
#define __noinline__
#define __launch_bounds__(...)
#define __grid_constant__

namespace tl::emulator {

using Place = std::source_location;

uint3 thread_index();
uint3 block_index();

/// Where the shared array begins that is declared by `tag`, the same for all threads of the block.
void* shared_array(const void* tag, const char* name, std::size_t bytes, std::size_t alignment);
void* dynamic_shared_memory();

void block_barrier(const Place& place);
/// The barrier that also counts (kind 0) or combines with and (1) or or (2) what the threads bring.
int block_vote(int kind, bool value, const Place& place);
void warp_barrier(unsigned mask, const Place& place);
[[noreturn]] void refuse(const char* what, const Place& place);

}  // namespace tl::emulator

#define threadIdx (::tl::emulator::thread_index())
#define blockIdx (::tl::emulator::block_index())

// Variables and not macros, because members of cudaLaunchConfig_t have these names. They change between launches, and
// are constant to everything that is compiled with this header.
extern const dim3 gridDim __asm__("tl_emulated_grid_dim");
extern const dim3 blockDim __asm__("tl_emulated_block_dim");

inline constexpr int warpSize = 32;

/// `T name[count]`, shared by the threads of a block.
#define TL_SHARED(T, name, count)             \
  static constexpr char tl_tag_of_##name = 0; \
  T(&name)                                    \
  [count] = *reinterpret_cast<T(*)[count]>(   \
      ::tl::emulator::shared_array(&tl_tag_of_##name, #name, sizeof(T) * (count), alignof(T)))

/// `T* name`, the shared memory that the launch asked for.
#define TL_DYNAMIC_SHARED(T, name) T* const name = static_cast<T*>(::tl::emulator::dynamic_shared_memory())

inline void __syncthreads(tl::emulator::Place place = tl::emulator::Place::current()) {
  tl::emulator::block_barrier(place);
}
inline int __syncthreads_count(int value, tl::emulator::Place place = tl::emulator::Place::current()) {
  return tl::emulator::block_vote(0, value != 0, place);
}
inline int __syncthreads_and(int value, tl::emulator::Place place = tl::emulator::Place::current()) {
  return tl::emulator::block_vote(1, value != 0, place);
}
inline int __syncthreads_or(int value, tl::emulator::Place place = tl::emulator::Place::current()) {
  return tl::emulator::block_vote(2, value != 0, place);
}
inline void __syncwarp(unsigned mask = 0xFFFFFFFFU, tl::emulator::Place place = tl::emulator::Place::current()) {
  tl::emulator::warp_barrier(mask, place);
}
inline unsigned __activemask(tl::emulator::Place place = tl::emulator::Place::current()) {
  tl::emulator::refuse("__activemask() depends on how the hardware schedules a warp", place);
}

// Order of memory between threads comes from barriers alone here: a fence without one proves nothing.
inline void __threadfence() {}
inline void __threadfence_block() {}
