#include "shared_memory.hpp"

#include <cstring>
#include <sstream>

#include "device_memory.hpp"

namespace tl::emulator {

SharedMemory::SharedMemory()
    : begin_(reinterpret_cast<std::uintptr_t>(reserve(arena_bytes, true))), shadow_(begin_, arena_bytes) {}

void SharedMemory::begin_launch(std::size_t dynamic_bytes) {
  arrays_.clear();
  arrays_.push_back({nullptr, "of the launch", begin_ + gap, dynamic_bytes});
  next_ = begin_ + gap + (dynamic_bytes + gap - 1) / gap * gap + gap;
  declared_ = 0;
}

void SharedMemory::begin_block() {
  std::memset(reinterpret_cast<void*>(begin_), 0xFF, next_ - begin_);
  shadow_.forget_lanes();
}

void* SharedMemory::array(const void* tag, const char* name, std::size_t bytes, std::size_t alignment) {
  for (const Array& known : arrays_)
    if (known.tag == tag) return reinterpret_cast<void*>(known.begin);
  declared_ += (bytes + alignment - 1) / alignment * alignment;
  // Only the alignment of the type is promised; more would hide an access that needs more.
  const std::uintptr_t begin = next_ + (alignment < gap ? alignment : 0);
  if (begin + bytes + 2 * gap > begin_ + arena_bytes) return nullptr;
  arrays_.push_back({tag, name, begin, bytes});
  next_ = (begin + bytes + gap - 1) / gap * gap + gap;
  std::memset(reinterpret_cast<void*>(begin), 0xFF, next_ - begin);
  return reinterpret_cast<void*>(begin);
}

bool SharedMemory::is_allocated(std::uintptr_t address, std::size_t bytes) const {
  for (const Array& array : arrays_)
    if (address >= array.begin && address + bytes <= array.begin + array.bytes) return true;
  return false;
}

std::string SharedMemory::describe(std::uintptr_t address) const {
  const Array* nearest = &arrays_[0];
  for (const Array& array : arrays_)
    if (array.begin <= address && array.begin >= nearest->begin) nearest = &array;
  std::ostringstream text;
  text << "byte " << static_cast<std::ptrdiff_t>(address - nearest->begin) << " of the shared "
       << (nearest->tag == nullptr ? "memory " : "array ") << nearest->name << " of " << nearest->bytes << " bytes";
  return text.str();
}

}  // namespace tl::emulator
