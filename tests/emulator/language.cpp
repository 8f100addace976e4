// What kernels see of the machine: their place in the grid, the barriers of the block, shared memory, vectors.
#include "include/emulator/language.hpp"

#include <string>

#include "checker.hpp"
#include "include/emulator/atomics.hpp"
#include "machine.hpp"
#include "source_places.hpp"

dim3 tl_grid_dim __asm__("tl_emulated_grid_dim"), tl_block_dim __asm__("tl_emulated_block_dim");

namespace tl::emulator {

void set_sizes(dim3 grid, dim3 block) {
  tl_grid_dim = grid;
  tl_block_dim = block;
}

bool is_size(std::uintptr_t address) {
  const auto is_in = [address](const dim3& size) {
    return address - reinterpret_cast<std::uintptr_t>(&size) < sizeof size;
  };
  return is_in(tl_grid_dim) || is_in(tl_block_dim);
}

uint3 thread_index() { return machine().block.thread().index; }
uint3 block_index() { return machine().block.index(); }

void* shared_array(const void* tag, const char* name, std::size_t bytes, std::size_t alignment) {
  Machine& m = machine();
  void* const array = m.shared.array(tag, name, bytes, alignment);
  if (array == nullptr || m.shared.declared_bytes() > SharedMemory::default_limit)
    fail_thread(
        m.block.current(), std::string("at the shared array ") + name,
        "a kernel may declare 49152 bytes of shared memory, here are " + std::to_string(m.shared.declared_bytes()));
  return array;
}

void* dynamic_shared_memory() { return machine().shared.dynamic(); }

void block_barrier(const Place& place) { machine().block.barrier(3, false, place); }
int block_vote(int kind, bool value, const Place& place) {
  return machine().block.barrier(static_cast<std::uint8_t>(kind), value, place);
}

void refuse(const char* what, const Place& place) { fail_thread(machine().block.current(), describe(place), what); }

void require_alignment(const void* address, std::size_t bytes) {
  if (reinterpret_cast<std::uintptr_t>(address) % bytes != 0)
    check_aligned_access(address, bytes, Access::read, __builtin_return_address(0));
}

void atomic_access(const void* address, std::size_t bytes) {
  check_aligned_access(address, bytes, Access::atomic, __builtin_return_address(0));
}

}  // namespace tl::emulator
