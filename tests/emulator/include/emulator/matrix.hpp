// The other side of tl/kernels/cuda/ptx.cuh: instructions that C++ has no words for.
#pragma once

#include <emulator/language.hpp>

namespace tl::emulator {

/// ldmatrix: `count` matrices of 8 x 8 16-bit elements from shared memory; lane 8 m + r has the address of row r of
/// matrix m.
void load_matrices(unsigned* registers, int count, bool transposed, const void* row, const Place& place);

enum class MatrixFormat { f16, bf16, tf32 };

/// mma.sync: d = a b + c for one 16 x 8 tile with float accumulators; the depth is 16, that of tf32 8.
void multiply_add(MatrixFormat format, float* d, const unsigned* a, const unsigned* b, const float* c,
                  const Place& place);

/// cp.async of `bytes` (4, 8 or 16), of which `source_bytes` are read and the rest is zero.
void start_copy(void* shared, const void* global, int bytes, int source_bytes);
void commit_copies();
/// Waits for all groups but the `newest` ones.
void wait_copies(int newest);

}  // namespace tl::emulator

namespace tl::cuda::ptx {

template <int Count>
void load_matrices(unsigned (&registers)[Count], const void* row, emulator::Place place = emulator::Place::current()) {
  emulator::load_matrices(registers, Count, false, row, place);
}
template <int Count>
void load_transposed(unsigned (&registers)[Count], const void* row,
                     emulator::Place place = emulator::Place::current()) {
  emulator::load_matrices(registers, Count, true, row, place);
}
inline void multiply_f16(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2],
                         emulator::Place place = emulator::Place::current()) {
  emulator::multiply_add(emulator::MatrixFormat::f16, c, a, b, c, place);
}
inline void multiply_bf16(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2],
                          emulator::Place place = emulator::Place::current()) {
  emulator::multiply_add(emulator::MatrixFormat::bf16, c, a, b, c, place);
}
inline void multiply_tf32(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2],
                          emulator::Place place = emulator::Place::current()) {
  emulator::multiply_add(emulator::MatrixFormat::tf32, c, a, b, c, place);
}
inline void start_copy(void* shared, const void* global, int source_bytes = 16) {
  emulator::start_copy(shared, global, 16, source_bytes);
}
inline void commit_copies() { emulator::commit_copies(); }
template <int Newest> void wait_copies() { emulator::wait_copies(Newest); }

}  // namespace tl::cuda::ptx
