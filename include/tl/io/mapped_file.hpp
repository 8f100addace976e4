// A whole file as read-only memory. Pages are read when touched, so opening a large checkpoint costs nothing; the file
// must not be truncated by others while it is mapped (replacing it by rename, as AtomicFile does, is safe).
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <tl/core/error.hpp>

namespace tl {

namespace detail {

/// Throws io: "cannot <action> <path>: <what the system says>".
[[noreturn]] inline void fail_errno(std::string_view action, const std::filesystem::path& path, int error) {
  fail(ErrorCode::io, "cannot ", action, " ", path.native(), ": ", std::generic_category().message(error));
}

/// Whether `path` exists. Throws io if that cannot be seen: a folder that may not be read is not an empty one.
inline bool path_exists(const std::filesystem::path& path) {
  std::error_code error;
  const bool there = std::filesystem::exists(path, error);
  if (error) fail_errno("read", path.has_parent_path() ? path.parent_path() : path, error.value());
  return there;
}

/// An open file that closes itself.
class FileDescriptor {
 public:
  explicit FileDescriptor(int descriptor = -1) : descriptor_(descriptor) {}
  ~FileDescriptor() { reset(); }
  FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      reset();
      descriptor_ = std::exchange(other.descriptor_, -1);
    }
    return *this;
  }

  int get() const noexcept { return descriptor_; }
  int release() noexcept { return std::exchange(descriptor_, -1); }

 private:
  void reset() noexcept {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

  int descriptor_;
};

}  // namespace detail

/// A regular file mapped into memory for reading; move-only.
class MappedFile {
 public:
  /// Throws io if the file cannot be opened or is not a regular file.
  explicit MappedFile(std::filesystem::path path) : path_(std::move(path)) {
    const detail::FileDescriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) detail::fail_errno("open", path_, errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) detail::fail_errno("inspect", path_, errno);
    check(S_ISREG(status.st_mode), ErrorCode::io, "cannot read ", path_.native(), ": expected a regular file, got ",
          S_ISDIR(status.st_mode) ? "a folder" : "a device or pipe");
    size_ = static_cast<std::size_t>(status.st_size);
    if (size_ == 0) return;
    void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (address == MAP_FAILED) detail::fail_errno("map", path_, errno);
    data_ = static_cast<const std::byte*>(address);
  }

  ~MappedFile() { unmap(); }
  MappedFile(MappedFile&& other) noexcept
      : path_(std::move(other.path_)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    if (this != &other) {
      unmap();
      path_ = std::move(other.path_);
      data_ = std::exchange(other.data_, nullptr);
      size_ = std::exchange(other.size_, 0);
    }
    return *this;
  }

  const std::filesystem::path& path() const noexcept { return path_; }
  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  void unmap() noexcept {
    if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
  }

  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace tl
