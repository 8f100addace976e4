// Kernels without a mistake that use what the broken ones use. None may be reported, in a second launch either, and
// each computes what it should.
#include <tl/kernels/cuda/ptx.cuh>
#include <tl/kernels/cuda/reduce.cuh>
#include <tl/kernels/cuda/shared_memory.cuh>

#include "emulator/kernel_cases.hpp"
#include "emulator/start_kernel.hpp"

namespace tl::emulator {
namespace {

constexpr unsigned full = 0xFFFFFFFFU;

__global__ void sum_of_block(float* y) {
  const float sum = cuda::block_sum(static_cast<float>(threadIdx.x));
  y[blockIdx.x * blockDim.x + threadIdx.x] = sum;
}

__global__ void turns_with_two_barriers(float* y) {
  TL_SHARED(float, s, 64);
  const unsigned t = threadIdx.x;
  float sum = 0.0F;
  for (int turn = 0; turn < 3; ++turn) {
    s[t] = static_cast<float>(turn);
    __syncthreads();
    sum += s[63 - t];
    __syncthreads();
  }
  y[t] = sum;
}

__global__ void exchange_in_warps(float* y) {
  TL_SHARED(float, s, 64);
  const unsigned t = threadIdx.x;
  s[t] = 3.0F;
  __syncwarp();
  y[t] = s[t ^ 1];
}

__global__ void exchange_by_steps(float* y) {
  // Lane 0 hands over to 1, 1 to 2: order that only several barriers together give.
  TL_SHARED(float, s, 1);
  const unsigned t = threadIdx.x;
  if (t == 0) s[0] = 3.0F;
  if (t < 2) __syncwarp(0x3U);
  if (t == 1 || t == 2) __syncwarp(0x6U);
  if (t <= 2) y[t] = t == 2 ? s[0] : 3.0F;
  else y[t] = 3.0F;
}

__global__ void halves_of_a_warp(float* y) {
  const unsigned t = threadIdx.x, mask = t % 32 < 16 ? 0xFFFFU : 0xFFFF0000U;
  float v = 1.0F;
  for (int distance = 8; distance > 0; distance /= 2) v += __shfl_xor_sync(mask, v, distance, 16);
  y[t] = v - 13.0F;
}

__global__ void part_of_a_warp(float* y) {
  const unsigned mask = threadIdx.x < 32 ? full : 0xFFFFU;
  y[threadIdx.x] = __shfl_xor_sync(mask, 3.0F, 1);
}

__global__ void shuffle_in_a_branch(float* y) {
  float v = 3.0F;
  if (threadIdx.x % 32 < 8) v = __shfl_down_sync(0xFFU, v, 1, 8);
  else v = __shfl_up_sync(0xFFFFFF00U, v, 1, 8);
  y[threadIdx.x] = v;
}

__global__ void threads_that_leave_early(float* y, int n) {
  const int t = static_cast<int>(threadIdx.x);
  if (t >= n) return;
  TL_SHARED(float, s, 64);
  s[t] = 3.0F;
  __syncthreads();
  y[t] = s[n - 1 - t];
}

__global__ void barrier_in_a_common_branch(float* y, int n) {
  TL_SHARED(float, s, 64);
  for (int i = 0; i < n; ++i) {
    if (i % 2 == 0) {
      s[threadIdx.x] = 3.0F;
      __syncthreads();
    } else {
      y[threadIdx.x] = s[63 - threadIdx.x];
      __syncthreads();
    }
  }
}

__global__ void counts(int* y) {
  atomicAdd(&y[threadIdx.x % 4], 1);
  atomicMax(&y[4], static_cast<int>(threadIdx.x));
}

__global__ void bytes_of_a_word(unsigned char* y) {
  TL_SHARED(unsigned char, s, 64);
  s[threadIdx.x] = 3;
  __syncthreads();
  y[threadIdx.x] = s[threadIdx.x ^ 1];
}

__global__ void vectors(const float4* x, float4* y) {
  float4 v = x[threadIdx.x];
  v.x += 2.0F, v.y += 2.0F, v.z += 2.0F, v.w += 2.0F;
  y[threadIdx.x] = v;
}

__global__ void all_blocks_read_one_word(const float* x, float* y) {
  y[blockIdx.x * blockDim.x + threadIdx.x] = x[0] + x[threadIdx.x % 2] + x[3];
}

__global__ void transpose(const float* x, float* y) {
  TL_SHARED(float, s, 32 * 33);
  for (unsigned row = threadIdx.y; row < 32; row += blockDim.y) s[row * 33 + threadIdx.x] = x[row * 32 + threadIdx.x];
  __syncthreads();
  for (unsigned row = threadIdx.y; row < 32; row += blockDim.y) y[row * 32 + threadIdx.x] = s[threadIdx.x * 33 + row];
}

/// Rows of 32 vectors through two buffers, one row copied while the one before is used.
__global__ void double_buffer(const float4* x, float* y, int rows) {
  TL_DYNAMIC_SHARED(float4, s);
  const int t = static_cast<int>(threadIdx.x);
  cuda::ptx::start_copy(&s[t], x + t);
  cuda::ptx::commit_copies();
  float sum = 0.0F;
  for (int row = 0; row < rows; ++row) {
    if (row + 1 < rows) cuda::ptx::start_copy(&s[(row + 1) % 2 * 32 + t], x + (row + 1) * 32 + t);
    cuda::ptx::commit_copies();
    cuda::ptx::wait_copies<1>();
    __syncthreads();
    sum += s[row % 2 * 32 + (t ^ 1)].x;
    __syncthreads();
  }
  y[t] = sum;
}

/// c = a b for one tile, through shared memory, ldmatrix and mma.
__global__ void product_of_tiles(const uint4* a, const uint4* b, float* c) {
  TL_DYNAMIC_SHARED(uint4, s);  // a: 16 rows of 2 vectors; b: 16 rows of 1
  const unsigned lane = threadIdx.x;
  s[lane] = a[lane];
  if (lane < 16) s[32 + lane] = b[lane];
  __syncwarp();
  unsigned fa[4], fb[2];
  cuda::ptx::load_matrices(fa, s + lane % 16 * 2 + lane / 16);
  cuda::ptx::load_transposed(fb, s + 32 + lane % 16);
  float sums[4] = {};
  cuda::ptx::multiply_bf16(sums, fa, fb);
  for (unsigned i = 0; i < 4; ++i) c[(lane / 4 + i / 2 * 8) * 8 + 2 * (lane % 4) + i % 2] = sums[i];
}

__global__ void votes(float* y) {
  const unsigned t = threadIdx.x, lane = t % 32;
  const bool good = __ballot_sync(full, lane < 5) == 31U && __any_sync(full, lane == 7) &&
                    !__all_sync(full, lane == 7) &&
                    __match_any_sync(full, lane % 2) == (lane % 2 == 0 ? 0x55555555U : 0xAAAAAAAAU) &&
                    __syncthreads_count(t < 9) == 9 && __syncthreads_or(t == 3) && !__syncthreads_and(t == 3);
  y[t] = good ? 3.0F : 0.0F;
}

__global__ void large_shared_memory(float* y) {
  TL_DYNAMIC_SHARED(float, s);
  s[threadIdx.x * 256] = 3.0F;
  __syncthreads();
  y[threadIdx.x] = s[(63 - threadIdx.x) * 256];
}

/// Runs `kernel(y)` for 64 threads, all of which must write `expected`.
std::string on_64(void (*kernel)(float*), float expected = 3.0F, unsigned threads = 64, std::size_t shared = 0) {
  const DeviceArray<float> y(threads);
  const std::string report = start(kernel, dim3(1), dim3(threads), shared, y.data());
  if (!report.empty()) return report;
  return y.values() == std::vector<float>(threads, expected) ? "" : "wrong values";
}

std::string on_n(void (*kernel)(float*, int), int n) {
  const DeviceArray<float> y(64);
  const std::string report = start(kernel, dim3(1), dim3(64), 0, y.data(), n);
  if (!report.empty()) return report;
  return y.values()[0] == 3.0F ? "" : "wrong values";
}

std::string run_sum_of_block() {
  const DeviceArray<float> y(128 * 3);
  const std::string report = start(sum_of_block, dim3(3), dim3(128), 0, y.data());
  if (!report.empty()) return report;
  return y.values() == std::vector<float>(384, 127 * 64) ? "" : "wrong values";
}

std::string run_counts() {
  const DeviceArray<int> y(std::vector<int>(5, 0));
  const std::string report = start(counts, dim3(3), dim3(64), 0, y.data());
  if (!report.empty()) return report;
  return y.values() == std::vector<int>{48, 48, 48, 48, 63} ? "" : "wrong values";
}

std::string run_bytes() {
  const DeviceArray<unsigned char> y(63);
  const std::string report = start(bytes_of_a_word, dim3(1), dim3(62), 0, y.data());
  if (!report.empty()) return report;
  return y.values()[61] == 3 ? "" : "wrong values";
}

std::string run_vectors() {
  const DeviceArray<float> x(std::vector<float>(128, 1.0F)), y(128);
  const std::string report = start(vectors, dim3(1), dim3(32), 0, reinterpret_cast<const float4*>(x.data()),
                                   reinterpret_cast<float4*>(y.data()));
  if (!report.empty()) return report;
  return y.values() == std::vector<float>(128, 3.0F) ? "" : "wrong values";
}

std::string run_all_blocks_read() {
  const DeviceArray<float> x(std::vector<float>(4, 1.0F)), y(96);
  const std::string report = start(all_blocks_read_one_word, dim3(3), dim3(32), 0, x.data(), y.data());
  if (!report.empty()) return report;
  return y.values() == std::vector<float>(96, 3.0F) ? "" : "wrong values";
}

std::string run_transpose() {
  std::vector<float> values(1024), expected(1024);
  for (std::size_t i = 0; i < 1024; ++i) values[i] = expected[i % 32 * 32 + i / 32] = static_cast<float>(i);
  const DeviceArray<float> x(values), y(1024);
  const std::string report = start(transpose, dim3(1), dim3(32, 8), 0, x.data(), y.data());
  if (!report.empty()) return report;
  return y.values() == expected ? "" : "wrong values";
}

std::string run_double_buffer() {
  const DeviceArray<float> x(std::vector<float>(4 * 32 * 5, 0.5F)), y(32);
  const std::string report =
      start(double_buffer, dim3(1), dim3(32), 1024, reinterpret_cast<const float4*>(x.data()), y.data(), 5);
  if (!report.empty()) return report;
  return y.values() == std::vector<float>(32, 2.5F) ? "" : "wrong values";
}

std::string run_product() {
  const auto upper = [](float value) { return static_cast<unsigned short>(__float_as_uint(value) >> 16); };
  std::vector<unsigned short> a(256), b(128);
  std::vector<float> expected(128);
  for (unsigned i = 0; i < 256; ++i) a[i] = upper(static_cast<float>(i % 13));
  for (unsigned i = 0; i < 128; ++i) b[i] = upper(static_cast<float>(i % 7));
  for (unsigned i = 0; i < 128; ++i)
    for (unsigned k = 0; k < 16; ++k)
      expected[i] += static_cast<float>((i / 8 * 16 + k) % 13) * static_cast<float>((k * 8 + i % 8) % 7);
  const DeviceArray<unsigned short> da(a), db(b);
  const DeviceArray<float> c(128);
  const std::string report = start(product_of_tiles, dim3(1), dim3(32), 768, reinterpret_cast<const uint4*>(da.data()),
                                   reinterpret_cast<const uint4*>(db.data()), c.data());
  if (!report.empty()) return report;
  return c.values() == expected ? "" : "wrong values";
}

std::string run_large_shared_memory() {
  const auto kernel = reinterpret_cast<const void*>(large_shared_memory);
  if (cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 65536) != cudaSuccess) return "refused";
  return on_64(large_shared_memory, 3.0F, 64, 65536);
}

}  // namespace

std::vector<KernelCase> correct_kernels() {
  return {
      {"sum of a block", "", run_sum_of_block},
      {"turns with two barriers", "", [] { return on_64(turns_with_two_barriers); }},
      {"exchange in warps", "", [] { return on_64(exchange_in_warps); }},
      {"exchange by steps", "", [] { return on_64(exchange_by_steps, 3.0F, 32); }},
      {"halves of a warp", "", [] { return on_64(halves_of_a_warp); }},
      {"part of a warp", "", [] { return on_64(part_of_a_warp, 3.0F, 48); }},
      {"shuffle in a branch", "", [] { return on_64(shuffle_in_a_branch); }},
      {"threads that leave early", "", [] { return on_n(threads_that_leave_early, 40); }},
      {"barrier in a common branch", "", [] { return on_n(barrier_in_a_common_branch, 4); }},
      {"counts by atomics", "", run_counts},
      {"bytes of a word", "", run_bytes},
      {"vectors", "", run_vectors},
      {"blocks that read one word", "", run_all_blocks_read},
      {"transpose", "", run_transpose},
      {"double buffer by cp.async", "", run_double_buffer},
      {"product of tiles by ldmatrix and mma", "", run_product},
      {"votes", "", [] { return on_64(votes); }},
      {"large shared memory", "", run_large_shared_memory},
  };
}

}  // namespace tl::emulator
