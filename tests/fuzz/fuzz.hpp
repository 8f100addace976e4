// What every fuzzer needs: an input cut into parts, files to give to readers of files, and the rule that all of them
// check: whatever comes in, nothing but tl::Error is thrown, and it says something.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <tl/core/error.hpp>

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

/// A folder in memory for this process alone, deleted when it ends.
class Folder {
 public:
  Folder() {
    std::error_code none;
    const std::filesystem::path memory = "/dev/shm";
    path_ = (std::filesystem::is_directory(memory, none) ? memory : std::filesystem::temp_directory_path()) /
            ("tl_fuzz_" + std::to_string(::getpid()));
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code none;
    std::filesystem::remove_all(path_, none);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// Writes a file of the folder and returns its path.
  std::filesystem::path write(const char* name, std::string_view content) const {
    const std::filesystem::path file = path_ / name;
    std::ofstream(file, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
    return file;
  }

  /// The same, or no file if there is nothing to write.
  void write_or_remove(const char* name, std::string_view content) const {
    if (content.empty()) ::unlink((path_ / name).c_str());
    else write(name, content);
  }

 private:
  std::filesystem::path path_;
};

inline const Folder& folder() {
  static const Folder one;
  return one;
}

}  // namespace tl::fuzz
