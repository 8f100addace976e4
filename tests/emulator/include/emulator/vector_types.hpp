// CUDA's small vectors. nvcc reads and writes those of 8 and 16 bytes with one instruction, which needs an aligned
// address; g++ splits them into their members, so that the copy itself asks the checker whether the address is aligned.
#pragma once

#include <cstddef>

namespace tl::emulator {

/// Reports a kernel that reads or writes a vector of `bytes` at an address that is not a multiple of it.
void require_alignment(const void* address, std::size_t bytes);

}  // namespace tl::emulator

struct uint3 {
  unsigned x, y, z;
};

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
  constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
};

#define TL_EMULATED_VECTOR2(name, T)                                                                             \
  struct alignas(2 * sizeof(T)) name {                                                                           \
    T x, y;                                                                                                      \
    name() = default;                                                                                            \
    name(T x_, T y_) : x(x_), y(y_) {}                                                                           \
    name(const name& other) : x((tl::emulator::require_alignment(&other, sizeof(name)), other.x)), y(other.y) {} \
    name& operator=(const name& other) {                                                                         \
      tl::emulator::require_alignment(&other, sizeof(name));                                                     \
      tl::emulator::require_alignment(this, sizeof(name));                                                       \
      x = other.x, y = other.y;                                                                                  \
      return *this;                                                                                              \
    }                                                                                                            \
  };                                                                                                             \
  inline name make_##name(T x, T y) { return {x, y}; }

#define TL_EMULATED_VECTOR4(name, T)                                                                                  \
  struct alignas(4 * sizeof(T) < 16 ? 4 * sizeof(T) : 16) name {                                                      \
    T x, y, z, w;                                                                                                     \
    name() = default;                                                                                                 \
    name(T x_, T y_, T z_, T w_) : x(x_), y(y_), z(z_), w(w_) {}                                                      \
    name(const name& other)                                                                                           \
        : x((tl::emulator::require_alignment(&other, alignof(name)), other.x)), y(other.y), z(other.z), w(other.w) {} \
    name& operator=(const name& other) {                                                                              \
      tl::emulator::require_alignment(&other, alignof(name));                                                         \
      tl::emulator::require_alignment(this, alignof(name));                                                           \
      x = other.x, y = other.y, z = other.z, w = other.w;                                                             \
      return *this;                                                                                                   \
    }                                                                                                                 \
  };                                                                                                                  \
  inline name make_##name(T x, T y, T z, T w) { return {x, y, z, w}; }

TL_EMULATED_VECTOR2(float2, float)
TL_EMULATED_VECTOR2(double2, double)
TL_EMULATED_VECTOR2(int2, int)
TL_EMULATED_VECTOR2(uint2, unsigned)
TL_EMULATED_VECTOR4(float4, float)
TL_EMULATED_VECTOR4(double4, double)
TL_EMULATED_VECTOR4(int4, int)
TL_EMULATED_VECTOR4(uint4, unsigned)
TL_EMULATED_VECTOR4(ushort4, unsigned short)

#undef TL_EMULATED_VECTOR2
#undef TL_EMULATED_VECTOR4
