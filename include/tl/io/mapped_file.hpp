// A whole file as read-only memory. Pages are read when touched, so opening a large checkpoint costs nothing. To touch
// a page that others have cut off the file meanwhile ends the program, so what may be cut is copied out with read(),
// which reports it (replacing the file by rename, as AtomicFile does, is safe either way).
#pragma once

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <tl/core/error.hpp>
#include <tl/io/read_file.hpp>

namespace tl {

/// A regular file mapped into memory for reading; move-only.
class MappedFile {
 public:
  /// Throws io if the file cannot be opened or is not a regular file, format for a Git LFS pointer.
  explicit MappedFile(std::filesystem::path path) : path_(std::move(path)) {
    detail::OpenFile file = detail::open_file(path_);
    size_ = static_cast<std::size_t>(file.size);
    if (size_ == 0) return;
    void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.descriptor.get(), 0);
    if (address == MAP_FAILED) detail::fail_errno("map", path_, errno);
    data_ = static_cast<const std::byte*>(address);
    descriptor_ = std::move(file.descriptor);
  }

  ~MappedFile() { unmap(); }
  MappedFile(MappedFile&& other) noexcept
      : path_(std::move(other.path_)),
        descriptor_(std::move(other.descriptor_)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    if (this != &other) {
      unmap();
      path_ = std::move(other.path_);
      descriptor_ = std::move(other.descriptor_);
      data_ = std::exchange(other.data_, nullptr);
      size_ = std::exchange(other.size_, 0);
    }
    return *this;
  }

  const std::filesystem::path& path() const noexcept { return path_; }
  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data_), size_}; }

  /// Copies out.size() bytes from byte `offset`. Throws io if the file ends before them by now.
  void read(std::span<std::byte> out, std::uint64_t offset) const {
    const std::size_t got = detail::read_at(descriptor_.get(), path_, out.data(), out.size(), offset);
    if (got == out.size()) return;
    struct stat status {};  // the end may be before `offset`
    const std::uint64_t end =
        ::fstat(descriptor_.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : offset + got;
    fail(ErrorCode::io, "cannot read ", path_.native(), ": expected ", size_,
         " bytes, as many as it had when it was opened, got a file that ends at byte ", end);
  }

 private:
  void unmap() noexcept {
    if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
  }

  std::filesystem::path path_;
  detail::FileDescriptor descriptor_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace tl
