// What every fuzzer needs: an input cut into parts, files to give to readers of files, and the rule that all of them
// check: whatever comes in, nothing but tl::Error is thrown, and it says something.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include <tl/core/error.hpp>

#include "../support/temporary_folder.hpp"

namespace tl::fuzz {

/// Ends the fuzzer, which then keeps the input, unless `good`.
inline void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "fuzz: broken: %s\n", what);
  std::abort();
}

/// Runs `work`; returns false if it threw tl::Error. Any other exception ends the fuzzer.
template <class Work> bool guarded(const Work& work) {
  try {
    work();
    return true;
  } catch (const Error& error) {
    require(*error.what() != '\0', "an error without a sentence");
    return false;
  }
}

/// The input, taken from the front.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  /// The next byte; 0 at the end.
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    return first;
  }

  /// What comes before the next byte 0xFF, which no UTF-8 text has; without one all that is left.
  std::string_view part() {
    const std::size_t end = std::min(rest_.find('\xff'), rest_.size());
    const std::string_view found = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return found;
  }

  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

/// A folder, in memory where there is one, deleted when the process ends.
class Folder {
 public:
  const std::filesystem::path& path() const { return folder_.path(); }

  /// Writes a file of the folder and returns its path.
  std::filesystem::path write(const char* name, std::string_view content) const {
    test::write_text(folder_ / name, content);
    return folder_ / name;
  }

  /// The same, or no file if there is nothing to write.
  void write_or_remove(const char* name, std::string_view content) const {
    if (content.empty()) ::unlink((folder_ / name).c_str());
    else write(name, content);
  }

 private:
  static std::filesystem::path parent() {
    std::error_code none;
    const std::filesystem::path memory = "/dev/shm";
    return std::filesystem::is_directory(memory, none) ? memory : std::filesystem::temp_directory_path();
  }

  test::TemporaryFolder folder_{parent()};
};

inline const Folder& folder() {
  static const Folder one;
  return one;
}

}  // namespace tl::fuzz
