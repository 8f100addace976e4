// Each kernel here has one mistake that a GPU forgives often enough for tests on hardware to pass.
#include <tl/kernels/cuda/ptx.cuh>
#include <tl/kernels/cuda/shared_memory.cuh>

#include "emulator/kernel_cases.hpp"
#include "emulator/start_kernel.hpp"

namespace tl::emulator {
namespace {

constexpr unsigned full = 0xFFFFFFFFU;

__global__ void missing_barrier(float* y) {
  TL_SHARED(float, s, 64);
  const unsigned t = threadIdx.x;
  s[t] = 1.0F;
  y[t] = t == 0 ? 0.0F : s[t - 1];
}

__global__ void missing_barrier_of_next_turn(float* y) {
  TL_SHARED(float, s, 64);
  const unsigned t = threadIdx.x;
  float sum = 0.0F;
  for (int turn = 0; turn < 3; ++turn) {
    s[t] = static_cast<float>(turn);
    __syncthreads();
    sum += s[63 - t];  // and the next turn overwrites it
  }
  y[t] = sum;
}

__global__ void missing_warp_barrier(float* y) {
  TL_SHARED(float, s, 32);
  const unsigned t = threadIdx.x;
  s[t] = 1.0F;
  y[t] = t == 0 ? 0.0F : s[t - 1];
}

__global__ void warp_barrier_of_others(float* y) {
  TL_SHARED(float, s, 32);
  const unsigned t = threadIdx.x;
  s[t] = 1.0F;
  __syncwarp(t < 16 ? 0xFFFFU : 0xFFFF0000U);
  y[t] = t == 16 ? s[15] : 0.0F;
}

__global__ void shuffle_as_barrier(float* y) {
  TL_SHARED(float, s, 32);
  const unsigned t = threadIdx.x;
  s[t] = 1.0F;
  const float v = __shfl_xor_sync(full, 1.0F, 1);
  y[t] = s[t ^ 1] + v;
}

__global__ void shuffles_of_parts_as_order(float* y) {
  TL_SHARED(float, s, 32);
  const unsigned t = threadIdx.x;
  float r = 0.0F;
  if (t < 16) {
    r = __shfl_xor_sync(0xFFFFU, 1.0F, 1);
    if (t == 0) s[0] = r;
  } else {
    r = __shfl_xor_sync(0xFFFF0000U, 1.0F, 1);
    if (t == 20) r += s[0];
  }
  y[t] = r;
}

__global__ void full_mask_in_half_warp(float* y) {
  y[threadIdx.x] = __shfl_xor_sync(full, static_cast<float>(threadIdx.x), 1);
}

__global__ void full_mask_in_branch(float* y) {
  if (threadIdx.x < 16) y[threadIdx.x] = __shfl_xor_sync(full, 1.0F, 1);
  __syncthreads();
}

__global__ void shuffle_from_outside_the_mask(float* y) {
  if (threadIdx.x < 8) y[threadIdx.x] = __shfl_xor_sync(0xFFU, 1.0F, 16);
}

__global__ void mask_without_the_caller(float* y) {
  if (threadIdx.x < 8) y[threadIdx.x] = __shfl_sync(0xFF00U, 1.0F, 8);
}

__global__ void masks_that_differ(float* y) {
  const unsigned t = threadIdx.x;
  y[t] = __shfl_xor_sync(t < 16 ? 0xFFFFU : full, 1.0F, 1);
}

__global__ void left_lane_in_mask(float* y, int n) {
  if (static_cast<int>(threadIdx.x) >= n) return;
  y[threadIdx.x] = __shfl_down_sync(full, 1.0F, 1);
}

__global__ void left_lane_in_vote(int* y, int n) {
  if (static_cast<int>(threadIdx.x) >= n) return;
  y[threadIdx.x] = __any_sync(full, 1);
}

__global__ void barriers_in_two_branches(float* y) {
  threadIdx.x < 40 ? __syncthreads() : __syncthreads();
  y[threadIdx.x] = 1.0F;
}

__global__ void barrier_in_one_branch(float* y) {
  if (threadIdx.x < 32) __syncthreads();
  y[threadIdx.x] = __shfl_sync(full, 1.0F, 0);
  if (threadIdx.x >= 32) y[threadIdx.x] += static_cast<float>(__syncthreads_count(1));
}

__global__ void off_by_one(float* y, int n) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i > n) return;
  y[i] = 1.0F;
}

__global__ void off_by_one_read(const float* x, float* y) { y[threadIdx.x] = x[threadIdx.x + 1]; }
__global__ void before_the_beginning(const float* x, float* y) { y[threadIdx.x] = *(x + threadIdx.x - 1); }

__global__ void misaligned_vector(float* y) {
  if (threadIdx.x == 0) *reinterpret_cast<float4*>(y + 1) = make_float4(1, 2, 3, 4);
}

__global__ void misaligned_vector_read(const float* x, float* y) {
  const float2 v = *reinterpret_cast<const float2*>(x + 2 * threadIdx.x + 1);
  y[threadIdx.x] = v.x + v.y;
}

struct Four {
  float values[4];
};
__global__ void vector_past_the_end(float* y) {
  const Four four{{1, 2, 3, 4}};
  __builtin_memcpy(y + 62, &four, sizeof four);
}

__global__ void fill_past_the_end(float* y, int n) { __builtin_memset(y, 0, static_cast<std::size_t>(n) * 4 + 1); }

__global__ void blocks_write_one_word(float* y) { y[0] = static_cast<float>(blockIdx.x); }

__global__ void block_reads_what_another_writes(float* y) {
  if (threadIdx.x != 0) return;
  const float v = y[(blockIdx.x + 1) % gridDim.x];
  y[blockIdx.x] = v + 1.0F;
}

__global__ void two_threads_write_one_word(float* y) {
  if (threadIdx.x % 32 < 2) y[0] = static_cast<float>(threadIdx.x);
}

__global__ void threads_race_in_global_memory(float* y) {
  y[threadIdx.x] = 1.0F;
  if (threadIdx.x < 32) y[threadIdx.x] += y[threadIdx.x + 32];
}

__global__ void uninitialised_shared(float* y) {
  TL_SHARED(float, s, 64);
  if (threadIdx.x < 63) s[threadIdx.x] = 1.0F;
  __syncthreads();
  y[threadIdx.x] = s[threadIdx.x];
}

__global__ void writer_is_last_reader(float* y) {
  TL_SHARED(float, s, 1);
  if (threadIdx.x == 0) s[0] = 1.0F;
  __syncthreads();
  const float v = s[0];
  if (threadIdx.x == 63) s[0] = 2.0F;
  y[threadIdx.x] = v;
}

__global__ void reads_the_host(const float* host, float* y) { y[threadIdx.x] = host[threadIdx.x]; }
__global__ void writes_the_host(float* host) { host[threadIdx.x] = 1.0F; }

__global__ void atomic_and_plain(int* y) {
  if (threadIdx.x % 2 == 0) atomicAdd(&y[0], 1);
  else y[1 + threadIdx.x] = y[0];
}

__global__ void float_atomics(const float* x, float* sum) { atomicAdd(sum, x[threadIdx.x]); }

__global__ void order_of_tickets(int* y) { y[atomicAdd(&y[64], 1)] = static_cast<int>(threadIdx.x); }

__global__ void too_little_dynamic_memory(float* y) {
  TL_DYNAMIC_SHARED(float, s);
  s[threadIdx.x] = 1.0F;
  y[threadIdx.x] = s[threadIdx.x];
}

__global__ void into_the_next_array(float* y) {
  TL_SHARED(float, first, 32);
  TL_SHARED(float, second, 32);
  if (threadIdx.x < 32) second[threadIdx.x] = 0.0F;
  first[threadIdx.x] = 1.0F;
  y[threadIdx.x] = 1.0F;
}

__global__ void stray_local_variable(float* y) {
  TL_SHARED(float*, pointer, 1);
  float mine[2] = {static_cast<float>(threadIdx.x), 1.0F};
  if (threadIdx.x == 0) pointer[0] = mine;
  __syncthreads();
  y[threadIdx.x] = pointer[0][threadIdx.x % 2];
}

/// y[row] = the sum of 4 rows of x, brought by cp.async; `Wait` groups may be missing at the end.
template <int Wait, bool Barrier> __global__ void copied_rows(const float4* x, float* y) {
  TL_DYNAMIC_SHARED(float4, s);
  for (unsigned row = 0; row < 2; ++row) {
    cuda::ptx::start_copy(&s[row * 32 + threadIdx.x], x + row * 32 + threadIdx.x);
    cuda::ptx::commit_copies();
  }
  if (Wait < 2) cuda::ptx::wait_copies<Wait>();
  if (Barrier) __syncthreads();
  y[threadIdx.x] = s[32 + (threadIdx.x ^ (Barrier ? 1U : 0U))].x + (Barrier ? 0.0F : s[31].x);
}

__global__ void source_of_copy_changes(float4* x, float* y) {
  TL_DYNAMIC_SHARED(float4, s);
  cuda::ptx::start_copy(&s[threadIdx.x], x + threadIdx.x);
  cuda::ptx::commit_copies();
  if (threadIdx.x == 1) x[0].x = 2.0F;
  cuda::ptx::wait_copies<0>();
  y[threadIdx.x] = s[threadIdx.x].x;
}

/// One product of tiles, with the columns of a's second half taken for its first.
__global__ void wrong_fragment(const unsigned short* a, const unsigned short* b, float* c, bool wrong) {
  const unsigned lane = threadIdx.x, g = lane / 4, t = lane % 4;
  const auto pair = [](unsigned short low, unsigned short high) { return low | static_cast<unsigned>(high) << 16; };
  unsigned fa[4], fb[2];
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned row = g + (wrong ? i / 2 : i % 2) * 8, column = 2 * t + (wrong ? i % 2 : i / 2) * 8;
    fa[i] = pair(a[row * 16 + column], a[row * 16 + column + 1]);
  }
  for (unsigned i = 0; i < 2; ++i) fb[i] = pair(b[(2 * t + 8 * i) * 8 + g], b[(2 * t + 8 * i + 1) * 8 + g]);
  float sums[4] = {};
  cuda::ptx::multiply_bf16(sums, fa, fb);
  for (unsigned i = 0; i < 4; ++i) c[(g + i / 2 * 8) * 8 + 2 * t + i % 2] = sums[i];
}

__global__ void matrix_row_misaligned(float* y) {
  TL_DYNAMIC_SHARED(unsigned short, s);
  for (unsigned i = threadIdx.x; i < 8 * 9; i += 32) s[i] = 0;
  __syncthreads();
  unsigned r[1];
  cuda::ptx::load_matrices(r, s + threadIdx.x % 8 * 9);
  y[threadIdx.x] = static_cast<float>(r[0]);
}

__global__ void matrix_without_barrier(float* y) {
  TL_DYNAMIC_SHARED(unsigned short, s);
  for (unsigned i = threadIdx.x; i < 64; i += 32) s[i] = 0;
  unsigned r[1];
  cuda::ptx::load_matrices(r, s + threadIdx.x % 8 * 8);
  y[threadIdx.x] = static_cast<float>(r[0]);
}

__global__ void active_mask(unsigned* y) { y[threadIdx.x] = __activemask(); }

/// Runs `kernel(y)` on device memory for 64 numbers.
template <class T = float>
std::string on_64(void (*kernel)(T*), unsigned blocks, unsigned threads, std::size_t shared = 0) {
  const DeviceArray<T> neighbour_below(64), y(64), neighbour_above(64);
  return start(kernel, dim3(blocks), dim3(threads), shared, y.data());
}

std::string run_copied_rows(void (*kernel)(const float4*, float*)) {
  const DeviceArray<float> x(std::vector<float>(256, 1.0F)), y(64);
  return start(kernel, dim3(1), dim3(32), 1024, reinterpret_cast<const float4*>(x.data()), y.data());
}

std::string run_fragment(bool wrong) {
  // Small whole numbers are exact in bfloat16: the upper half of a float.
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
  const std::string report = start(wrong_fragment, dim3(1), dim3(32), 0, da.data(), db.data(), c.data(), wrong);
  if (!report.empty()) return report;
  return c.values() == expected ? "" : "the product is another one";
}

std::string run_freed() {
  float* address = nullptr;
  {
    const DeviceArray<float> freed(64);
    address = freed.data();
  }
  return start(blocks_write_one_word, dim3(1), dim3(1), 0, address);
}

std::string run_reads_host() {
  const std::vector<float> host(64, 1.0F);
  const DeviceArray<float> y(64);
  return start(reads_the_host, dim3(1), dim3(64), 0, host.data(), y.data());
}

std::string run_writes_host() {
  std::vector<float> host(64);
  return start(writes_the_host, dim3(1), dim3(64), 0, host.data());
}

std::string run_pair(void (*kernel)(const float*, float*), unsigned threads) {
  const DeviceArray<float> x(std::vector<float>(64, 1.0F)), y(64);
  return start(kernel, dim3(1), dim3(threads), 0, x.data(), y.data());
}

std::string run_float_atomics() {
  std::vector<float> values(64, 3.0F);  // each alone is less than half a unit in the last place of 1e8
  values[0] = 1e8F;
  const DeviceArray<float> x(values), sum(std::vector<float>{0.0F});
  return start(float_atomics, dim3(1), dim3(64), 0, x.data(), sum.data());
}

std::string run_tickets() {
  const DeviceArray<int> y(std::vector<int>(65, 0));
  return start(order_of_tickets, dim3(1), dim3(64), 0, y.data());
}

std::string run_n(void (*kernel)(float*, int), unsigned blocks, unsigned threads, int n) {
  const DeviceArray<float> y(64), next(64);
  return start(kernel, dim3(blocks), dim3(threads), 0, y.data(), n);
}

std::string run_vote(unsigned threads, int n) {
  const DeviceArray<int> y(64);
  return start(left_lane_in_vote, dim3(1), dim3(threads), 0, y.data(), n);
}

std::string run_changed_source() {
  const DeviceArray<float> x(std::vector<float>(128, 1.0F)), y(64);
  return start(source_of_copy_changes, dim3(1), dim3(32), 512, reinterpret_cast<float4*>(x.data()), y.data());
}

}  // namespace

std::vector<KernelCase> broken_kernels() {
  return {
      {"missing barrier", "a race", [] { return on_64(missing_barrier, 1, 64); }},
      {"missing barrier before the next turn", "a race", [] { return on_64(missing_barrier_of_next_turn, 1, 64); }},
      {"missing __syncwarp", "a race", [] { return on_64(missing_warp_barrier, 1, 32); }},
      {"__syncwarp of other lanes", "a race", [] { return on_64(warp_barrier_of_others, 1, 32); }},
      {"shuffle taken as a barrier of memory", "shared array s", [] { return on_64(shuffle_as_barrier, 1, 32); }},
      {"shuffles of two halves taken as order", "a race", [] { return on_64(shuffles_of_parts_as_order, 1, 32); }},
      {"full mask in a half warp", "names lanes that do not exist: the warp has 16 threads",
       [] { return on_64(full_mask_in_half_warp, 1, 48); }},
      {"full mask in a branch", "no thread can go on", [] { return on_64(full_mask_in_branch, 1, 32); }},
      {"shuffle from outside the mask", "reads lane 16, which is not in its mask",
       [] { return on_64(shuffle_from_outside_the_mask, 1, 32); }},
      {"mask that does not name the caller", "does not name the lane that calls it",
       [] { return on_64(mask_without_the_caller, 1, 32); }},
      {"masks that differ", "which has left the kernel", [] { return on_64(masks_that_differ, 1, 32); }},
      {"lane that has left in the mask of a shuffle", "which has left the kernel",
       [] { return run_n(left_lane_in_mask, 1, 32, 31); }},
      {"lane that has left in the mask of a vote", "which has left the kernel", [] { return run_vote(32, 20); }},
      {"barriers in two branches on one line", "waits at another one",
       [] { return on_64(barriers_in_two_branches, 1, 64); }},
      {"barrier in one branch", "waits at another one", [] { return on_64(barrier_in_one_branch, 1, 64); }},
      {"off by one, into the next allocation", "0 bytes behind the end of one of 256 bytes: out of bounds",
       [] { return run_n(off_by_one, 2, 64, 64); }},
      {"reading one too far", "out of bounds", [] { return run_pair(off_by_one_read, 64); }},
      {"reading before the beginning", "out of bounds", [] { return run_pair(before_the_beginning, 64); }},
      {"misaligned vector store", "not a multiple of 16", [] { return on_64(misaligned_vector, 1, 32); }},
      {"misaligned vector load", "not a multiple of 8", [] { return run_pair(misaligned_vector_read, 16); }},
      {"vector past the end", "16 bytes at byte 248", [] { return on_64(vector_past_the_end, 1, 1); }},
      {"fill past the end", "writes 257 bytes at byte 0 of a device allocation of 256 bytes: out of bounds",
       [] { return run_n(fill_past_the_end, 1, 1, 64); }},
      {"memory that was freed", "not allocated", run_freed},
      {"blocks that write one word", "of block (0, 0, 0) has written",
       [] { return on_64(blocks_write_one_word, 2, 1); }},
      {"block that reads what another writes", "of block (0, 0, 0)",
       [] { return on_64(block_reads_what_another_writes, 4, 32); }},
      {"threads that write one word", "a race", [] { return on_64(two_threads_write_one_word, 1, 32); }},
      {"warps that race in device memory", "a race", [] { return on_64(threads_race_in_global_memory, 1, 64); }},
      {"shared memory that was not written", "which no thread of the block has written",
       [] { return on_64(uninitialised_shared, 1, 64); }},
      {"writer that is the last reader", "has read", [] { return on_64(writer_is_last_reader, 1, 64); }},
      {"host memory read by a kernel", "reads 4 bytes at host memory", run_reads_host},
      {"host memory written by a kernel", "writes 4 bytes at host memory", run_writes_host},
      {"atomic and plain access", "a race", [] { return on_64<int>(atomic_and_plain, 1, 32); }},
      {"sum of floats by atomics", "is another one when threads and blocks run in reverse order", run_float_atomics},
      {"result that depends on who comes first", "run in reverse order", run_tickets},
      {"too little dynamic shared memory", "of the shared memory of the launch of 128 bytes: out of bounds",
       [] { return on_64(too_little_dynamic_memory, 1, 64, 128); }},
      {"index into the next shared array", "of the shared array first of 128 bytes: out of bounds",
       [] { return on_64(into_the_next_array, 1, 33); }},
      {"local variable of another thread", "a local variable of thread (0, 0, 0)",
       [] { return on_64(stray_local_variable, 1, 32); }},
      {"missing wait for cp.async", "cp.async.wait_group is missing",
       [] { return run_copied_rows(copied_rows<2, false>); }},
      {"wait for one group too few", "cp.async.wait_group is missing",
       [] { return run_copied_rows(copied_rows<1, true>); }},
      {"missing barrier after cp.async", "shared memory of the launch",
       [] { return run_copied_rows(copied_rows<0, false>); }},
      {"source of cp.async that changes", "a race", run_changed_source},
      {"wrong index of an mma fragment", "the product is another one", [] { return run_fragment(true); }},
      {"misaligned row of ldmatrix", "not a multiple of 16", [] { return on_64(matrix_row_misaligned, 1, 32, 256); }},
      {"ldmatrix without a barrier", "shared memory of the launch",
       [] { return on_64(matrix_without_barrier, 1, 32, 256); }},
      {"__activemask", "depends on how the hardware schedules", [] { return on_64<unsigned>(active_mask, 1, 32); }},
      {"too many threads", "a block has 1 to 1024 threads, not 1025",
       [] { return on_64(blocks_write_one_word, 1, 1025); }},
      {"more dynamic shared memory than agreed", "may have 49152 bytes of dynamic shared memory, not 50000",
       [] { return on_64(blocks_write_one_word, 1, 1, 50000); }},
  };
}

}  // namespace tl::emulator
