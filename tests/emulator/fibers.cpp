#include "fibers.hpp"

#include <sys/mman.h>

#include <new>

// Saves the callee-saved registers and the stack pointer of the one that leaves, and loads those of the one that goes
// on.
extern "C" void tl_emulator_switch(void** save, void* load);
asm(R"(
.text
.globl tl_emulator_switch
.type tl_emulator_switch, @function
tl_emulator_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rcx
  jmp *%rcx
.size tl_emulator_switch, .-tl_emulator_switch
)");

// AddressSanitizer marks parts of a stack as it is used; a fiber that was left for good never takes the marks back.
extern "C" [[gnu::weak]] void __asan_unpoison_memory_region(const volatile void* begin, std::size_t bytes);

namespace tl::emulator {

Fibers::Fibers() {
  constexpr std::size_t guard = 4096;
  void* const memory = mmap(nullptr, stack_bytes * most_threads, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  begin_ = reinterpret_cast<std::uintptr_t>(memory);
  for (unsigned i = 0; i < most_threads; ++i)
    mprotect(static_cast<char*>(memory) + i * stack_bytes, guard, PROT_NONE);  // the lowest page: stacks grow downwards
}

void Fibers::prepare(unsigned index, void (*entry)()) {
  const std::uintptr_t end = begin_ + (index + 1) * stack_bytes;
  if (__asan_unpoison_memory_region != nullptr)
    __asan_unpoison_memory_region(reinterpret_cast<void*>(end - stack_bytes + 4096), stack_bytes - 4096);
  auto** top = reinterpret_cast<void**>(end);
  *--top = nullptr;                              // the return address of entry, which never returns
  *--top = reinterpret_cast<void*>(entry);       // where the first switch goes
  for (int i = 0; i < 6; ++i) *--top = nullptr;  // the registers that it loads
  stack_pointers_[index] = top;
}

void Fibers::enter(unsigned index) { tl_emulator_switch(&scheduler_, stack_pointers_[index]); }
void Fibers::leave(unsigned index) { tl_emulator_switch(&stack_pointers_[index], scheduler_); }

}  // namespace tl::emulator
