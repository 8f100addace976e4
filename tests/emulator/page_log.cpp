#include "page_log.hpp"

#include <algorithm>
#include <cstring>

#include "device_memory.hpp"

namespace tl::emulator {

PageLog::PageLog(std::uintptr_t begin, std::size_t bytes)
    : begin_(begin), logged_(static_cast<std::uint32_t*>(reserve(bytes / page_bytes * sizeof(std::uint32_t), true))) {}

void PageLog::begin() {
  ++run_;
  before_.clear();
  after_.clear();
}

void PageLog::keep(std::uintptr_t page) {
  logged_[page] = run_;
  std::memcpy(before_[page].data(), address(page), page_bytes);
}

void PageLog::keep_results() {
  for (const auto& [page, contents] : before_) std::memcpy(after_[page].data(), address(page), page_bytes);
}

void PageLog::undo() {
  for (const auto& [page, contents] : before_) std::memcpy(address(page), contents.data(), page_bytes);
}

std::uintptr_t PageLog::first_difference() const {
  std::uintptr_t first = 0;
  for (const auto& [page, contents] : before_) {
    // A page that only this run has written had its old contents after the first.
    const auto found = after_.find(page);
    const Page& expected = found == after_.end() ? contents : found->second;
    const auto [differing, unused] = std::mismatch(expected.begin(), expected.end(), address(page));
    if (differing == expected.end()) continue;
    const std::uintptr_t at = begin_ + page * page_bytes + static_cast<std::uintptr_t>(differing - expected.begin());
    if (first == 0 || at < first) first = at;
  }
  return first;
}

}  // namespace tl::emulator
