#include <tl/core/error.hpp>
#include <tl/kernels/cuda/ptx.cuh>
#include <tl/kernels/cuda/shared_memory.cuh>

#include <string>

#include "emulator/instructions.hpp"
#include "emulator/start_kernel.hpp"

namespace tl::emulator {
namespace {

template <int Count, bool Transposed> __global__ void load(const uint4* matrices, unsigned* registers) {
  TL_DYNAMIC_SHARED(uint4, rows);
  const unsigned lane = threadIdx.x;
  if (lane < 8 * Count) rows[lane] = matrices[lane];
  __syncwarp();
  unsigned r[Count];
  if (Transposed) cuda::ptx::load_transposed(r, rows + lane % (8 * Count));
  else cuda::ptx::load_matrices(r, rows + lane % (8 * Count));
  for (int i = 0; i < Count; ++i) registers[lane * Count + i] = r[i];
}

enum class Format { f16, bf16, tf32 };

/// The 16 bits of small whole numbers.
unsigned bits_of(float value, Format format) {
  const unsigned bits = __float_as_uint(value);
  if (format == Format::bf16) return bits >> 16;
  if (value == 0.0F) return 0;
  return (bits >> 16 & 0x8000U) | ((bits >> 23 & 0xFFU) - 112U) << 10 | (bits >> 13 & 0x3FFU);
}

// The fragments as the manual lists them: for each register the row and column of its first element.
__global__ void multiply(Format format, const float* a, const float* b, float* c) {
  const unsigned group = threadIdx.x >> 2, member = threadIdx.x & 3;
  unsigned fa[4], fb[2];
  if (format == Format::tf32) {
    fa[0] = __float_as_uint(a[group * 8 + member]);
    fa[1] = __float_as_uint(a[(group + 8) * 8 + member]);
    fa[2] = __float_as_uint(a[group * 8 + member + 4]);
    fa[3] = __float_as_uint(a[(group + 8) * 8 + member + 4]);
    fb[0] = __float_as_uint(b[member * 8 + group]);
    fb[1] = __float_as_uint(b[(member + 4) * 8 + group]);
  } else {
    const auto pair = [format](float low, float high) { return bits_of(low, format) | bits_of(high, format) << 16; };
    const auto of_a = [&](unsigned row, unsigned column) {
      return pair(a[row * 16 + column], a[row * 16 + column + 1]);
    };
    const auto of_b = [&](unsigned row) { return pair(b[row * 8 + group], b[(row + 1) * 8 + group]); };
    fa[0] = of_a(group, member * 2);
    fa[1] = of_a(group + 8, member * 2);
    fa[2] = of_a(group, member * 2 + 8);
    fa[3] = of_a(group + 8, member * 2 + 8);
    fb[0] = of_b(member * 2);
    fb[1] = of_b(member * 2 + 8);
  }
  float* const upper = c + group * 8 + member * 2;
  float* const lower = c + (group + 8) * 8 + member * 2;
  float sums[4] = {upper[0], upper[1], lower[0], lower[1]};
  if (format == Format::f16) cuda::ptx::multiply_f16(sums, fa, fb);
  else if (format == Format::bf16) cuda::ptx::multiply_bf16(sums, fa, fb);
  else cuda::ptx::multiply_tf32(sums, fa, fb);
  upper[0] = sums[0], upper[1] = sums[1], lower[0] = sums[2], lower[1] = sums[3];
}

__global__ void copy(const uint4* from, uint4* to, int source_bytes) {
  TL_DYNAMIC_SHARED(uint4, s);
  cuda::ptx::start_copy(&s[threadIdx.x], from + threadIdx.x, source_bytes);
  cuda::ptx::commit_copies();
  cuda::ptx::wait_copies<0>();
  to[threadIdx.x] = s[threadIdx.x];
}

__global__ void change(unsigned* words) {
  atomicAdd(&words[0], threadIdx.x);
  atomicSub(&words[1], 1U);
  atomicMin(&words[2], threadIdx.x);
  atomicMax(&words[3], threadIdx.x);
  atomicExch(&words[4], 9U);
  atomicInc(&words[5], 3U);
  atomicCAS(&words[6], 5U, 6U);
  atomicOr(&words[7], 1U << threadIdx.x % 32);
}

void expect_success(const std::string& report) {
  if (!report.empty()) throw tl::Error(tl::ErrorCode::device, report);
}

}  // namespace

std::vector<unsigned> run_load_matrices(int count, bool transposed, const std::vector<std::uint16_t>& matrices) {
  const DeviceArray<std::uint16_t> from(matrices);
  const DeviceArray<unsigned> registers(32 * static_cast<std::size_t>(count));
  void (*const kernels[])(const uint4*, unsigned*) = {load<1, false>, load<2, false>, load<4, false>,
                                                      load<1, true>,  load<2, true>,  load<4, true>};
  expect_success(start(kernels[count / 2 + (transposed ? 3 : 0)], dim3(1), dim3(32), 512,
                       reinterpret_cast<const uint4*>(from.data()), registers.data()));
  return registers.values();
}

std::vector<float> run_multiply(const char* format, const std::vector<float>& a, const std::vector<float>& b,
                                const std::vector<float>& c) {
  const std::string name = format;
  const DeviceArray<float> da(a), db(b), dc(c);
  expect_success(start(multiply, dim3(1), dim3(32), 0,
                       name == "f16"    ? Format::f16
                       : name == "bf16" ? Format::bf16
                                        : Format::tf32,
                       da.data(), db.data(), dc.data()));
  return dc.values();
}

std::vector<std::uint8_t> run_copies(const std::vector<std::uint8_t>& bytes, int source_bytes) {
  const DeviceArray<std::uint8_t> from(bytes), to(bytes.size());
  expect_success(start(copy, dim3(1), dim3(32), 512, reinterpret_cast<const uint4*>(from.data()),
                       reinterpret_cast<uint4*>(to.data()), source_bytes));
  return to.values();
}

std::vector<std::uint32_t> run_atomics() {
  const DeviceArray<unsigned> words(std::vector<unsigned>(8, 5U));
  expect_success(start(change, dim3(2), dim3(32), 0, words.data()));
  return words.values();
}

}  // namespace tl::emulator
