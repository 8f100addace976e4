// Single instructions of ptx.cuh, run by one warp, for tests of their models.
#pragma once

#include <cstdint>
#include <vector>

namespace tl::emulator {

/// The registers [32][count] of ldmatrix for `count` matrices [8][8].
std::vector<unsigned> run_load_matrices(int count, bool transposed, const std::vector<std::uint16_t>& matrices);

/// c [16][8] after c += a b by mma.sync on fragments; `format` is "f16", "bf16" or "tf32", a is [16][16] or [16][8].
std::vector<float> run_multiply(const char* format, const std::vector<float>& a, const std::vector<float>& b,
                                const std::vector<float>& c);

/// 32 x 16 bytes after cp.async of `source_bytes` of each.
std::vector<std::uint8_t> run_copies(const std::vector<std::uint8_t>& bytes, int source_bytes);

/// What 64 threads leave of eight words that begin as 5: add, sub, min, max, exchange, inc to 3, compare and swap, or.
std::vector<std::uint32_t> run_atomics();

}  // namespace tl::emulator
