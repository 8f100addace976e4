// What a launch has changed in device memory, page by page, so that it can be taken back and done again in another
// order. The hooks tell it of each write before it happens.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace tl::emulator {

class PageLog {
 public:
  static constexpr std::size_t page_bytes = 4096;
  using Page = std::array<unsigned char, page_bytes>;

  PageLog(std::uintptr_t begin, std::size_t bytes);

  /// Forgets what was logged.
  void begin();
  /// To be called before [address, address + bytes) is written.
  void before_write(std::uintptr_t address, std::size_t bytes) {
    for (std::uintptr_t page = (address - begin_) / page_bytes; page <= (address + bytes - 1 - begin_) / page_bytes;
         ++page)
      if (logged_[page] != run_) keep(page);
  }
  /// Keeps the new contents of the pages, to be compared with.
  void keep_results();
  /// Gives the pages their old contents back.
  void undo();
  /// The address of the first byte that now differs from what keep_results() has kept, or 0.
  std::uintptr_t first_difference() const;

 private:
  void keep(std::uintptr_t page);
  unsigned char* address(std::uintptr_t page) const {
    return reinterpret_cast<unsigned char*>(begin_ + page * page_bytes);
  }

  std::uintptr_t begin_;
  std::uint32_t run_ = 0;
  std::uint32_t* logged_;  // per page: the run that has logged it
  std::unordered_map<std::uintptr_t, Page> before_, after_;
};

}  // namespace tl::emulator
