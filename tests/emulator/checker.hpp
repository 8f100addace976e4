// Whether an access of a thread is one that it may make: to memory that exists and that it may touch, at an address
// that the instruction can use, written before, and in order with the accesses of all other threads to the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tl::emulator {

enum class Access { read, write, atomic };

/// Checks an access of the thread that runs, if a kernel's thread runs. `caller` is where, for the report.
void check_access(const void* address, std::size_t bytes, Access access, const void* caller);
/// The same for an instruction that needs an address that is a multiple of `bytes`.
void check_aligned_access(const void* address, std::size_t bytes, Access access, const void* caller);

/// Marks bytes of shared memory as being written by cp.async at an unknown time, or as written.
void set_in_flight(std::uintptr_t address, std::size_t bytes, bool in_flight);

/// True if the caller is on the stack of a kernel's thread.
bool in_kernel();

}  // namespace tl::emulator
