// ldmatrix and mma.sync, by the layouts that the PTX manual documents for their fragments.
#include "include/emulator/matrix.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <string>

#include "checker.hpp"
#include "machine.hpp"
#include "source_places.hpp"

namespace tl::emulator {
namespace {

using Calls = std::array<WarpCall*, lanes_of_warp>;

template <class Operands> Operands& operands(WarpCall* call) { return *static_cast<Operands*>(call->operands); }

struct LoadOperands {
  unsigned* registers;
  const void* row;
  const void* rows[4][8];  // of all lanes
};

void exchange_rows(unsigned, const Calls& calls) {
  for (WarpCall* const to : calls)
    for (unsigned lane = 0; lane < lanes_of_warp; ++lane)
      operands<LoadOperands>(to).rows[lane / 8][lane % 8] = operands<LoadOperands>(calls[lane]).row;
}

/// The 16 bits at `address`, read by the calling lane.
unsigned read_element(const void* row, unsigned column, const void* caller) {
  const auto* const address = static_cast<const unsigned char*>(row) + 2 * column;
  check_access(address, 2, Access::read, caller);
  std::uint16_t element;
  std::memcpy(&element, address, sizeof element);
  return element;
}

struct MultiplyOperands {
  float* d;
  const unsigned* a;
  const unsigned* b;
  const float* c;
};

float from_half(unsigned bits) {
  const unsigned exponent = bits >> 10 & 31U, mantissa = bits & 1023U;
  const float sign = (bits & 0x8000U) != 0 ? -1.0F : 1.0F;
  if (exponent == 31) return mantissa == 0 ? sign * INFINITY : NAN;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(mantissa), -24);
  return sign * std::ldexp(static_cast<float>(1024 + mantissa), static_cast<int>(exponent) - 25);
}

/// Element `i` of a fragment: 16-bit elements lie in pairs in a register, the first in the low half.
float element(MatrixFormat format, const unsigned* registers, unsigned i) {
  if (format == MatrixFormat::tf32) return std::bit_cast<float>(registers[i] & 0xFFFFE000U);  // 10 bits of mantissa
  const unsigned bits = registers[i / 2] >> (i % 2 * 16) & 0xFFFFU;
  return format == MatrixFormat::bf16 ? std::bit_cast<float>(bits << 16) : from_half(bits);
}

struct Tile {
  float a[16][16], b[16][8];
};

/// Puts one lane's fragments of A and B where they belong.
void scatter(MatrixFormat format, unsigned lane, const MultiplyOperands& o, Tile& tile) {
  const unsigned group = lane / 4, member = lane % 4;
  if (format == MatrixFormat::tf32) {
    for (unsigned i = 0; i < 4; ++i) tile.a[group + i % 2 * 8][member + i / 2 * 4] = element(format, o.a, i);
    for (unsigned i = 0; i < 2; ++i) tile.b[member + i * 4][group] = element(format, o.b, i);
    return;
  }
  for (unsigned i = 0; i < 8; ++i)
    tile.a[group + i / 2 % 2 * 8][2 * member + i % 2 + i / 4 * 8] = element(format, o.a, i);
  for (unsigned i = 0; i < 4; ++i) tile.b[2 * member + i % 2 + i / 2 * 8][group] = element(format, o.b, i);
}

// The products are exact in double, and so is their sum but for its last bits: the hardware does not say in which order
// and precision it adds.
void complete_multiply(unsigned, const Calls& calls) {
  const auto format = static_cast<MatrixFormat>(calls[0]->kind);
  const unsigned depth = format == MatrixFormat::tf32 ? 8 : 16;
  Tile tile{};
  for (unsigned lane = 0; lane < lanes_of_warp; ++lane)
    scatter(format, lane, operands<MultiplyOperands>(calls[lane]), tile);
  for (unsigned lane = 0; lane < lanes_of_warp; ++lane) {
    const auto& o = operands<MultiplyOperands>(calls[lane]);
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned row = lane / 4 + i / 2 * 8, column = 2 * (lane % 4) + i % 2;
      double sum = static_cast<double>(o.c[i]);
      for (unsigned k = 0; k < depth; ++k)
        sum += static_cast<double>(tile.a[row][k]) * static_cast<double>(tile.b[k][column]);
      o.d[i] = static_cast<float>(sum);
    }
  }
}

}  // namespace

void load_matrices(unsigned* registers, int count, bool transposed, const void* row, const Place& place) {
  LoadOperands values{registers, row, {}};
  WarpCall call{"ldmatrix", 0xFFFFFFFFU, count + (transposed ? 8 : 0), &values, &exchange_rows, place};
  Machine& m = machine();
  m.block.warp_call(call);
  const void* const caller = __builtin_return_address(0);
  const unsigned lane = m.block.current() % lanes_of_warp;
  for (int matrix = 0; matrix < count; ++matrix) {
    for (const void* const address : values.rows[matrix])
      if (!m.shared.contains(reinterpret_cast<std::uintptr_t>(address)) ||
          reinterpret_cast<std::uintptr_t>(address) % 16 != 0)
        fail_thread(m.block.current(), describe(place),
                    "ldmatrix reads a row at an address that is not a multiple of 16 in shared memory",
                    cudaErrorMisalignedAddress);
    const auto read = [&](unsigned r, unsigned column) { return read_element(values.rows[matrix][r], column, caller); };
    const unsigned one = lane / 4, two = lane % 4 * 2;
    registers[matrix] =
        transposed ? read(two, one) | read(two + 1, one) << 16 : read(one, two) | read(one, two + 1) << 16;
  }
}

void multiply_add(MatrixFormat format, float* d, const unsigned* a, const unsigned* b, const float* c,
                  const Place& place) {
  MultiplyOperands values{d, a, b, c};
  WarpCall call{"mma.sync", 0xFFFFFFFFU, static_cast<int>(format), &values, &complete_multiply, place};
  machine().block.warp_call(call);
}

}  // namespace tl::emulator
