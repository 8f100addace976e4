// Opening and reading what users give as files: a pipe or a device is refused before it can block, a Git LFS pointer is
// named as one, and a file that shrinks while it is read is a shorter file and no signal.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
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

/// Reads up to `size` bytes from byte `offset`; fewer only at the end of the file. Throws io.
inline std::size_t read_at(int descriptor, const std::filesystem::path& path, void* to, std::size_t size,
                           std::uint64_t offset) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count =
        ::pread(descriptor, static_cast<char*>(to) + done, size - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_errno("read", path, errno);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

/// Whether a file that begins with `text` and is `size` bytes long is what Git leaves of a file that its extension LFS
/// keeps elsewhere: fewer than 1024 bytes, of which the first line names the version and another one an object.
inline bool is_lfs_pointer(std::string_view text, std::uint64_t size) {
  const bool versioned = text.starts_with("version https://git-lfs.github.com/spec/") ||
                         text.starts_with("version https://hawser.github.com/spec/");
  return size < 1024 && versioned && text.find("\noid ") != std::string_view::npos;
}

/// Throws format if the text of a whole file is a Git LFS pointer.
inline void check_no_lfs_pointer(std::string_view text, const std::filesystem::path& path) {
  check(!is_lfs_pointer(text, text.size()), ErrorCode::format, path.native(),
        " is a Git LFS pointer, not the file itself; fetch it with git lfs pull");
}

/// A file that was opened, and how long it was then.
struct OpenFile {
  FileDescriptor descriptor;
  std::uint64_t size = 0;
};

/// Opens a file for reading, without waiting for anything. Throws io if it cannot be opened or is not a regular file,
/// format for a Git LFS pointer.
inline OpenFile open_file(const std::filesystem::path& path) {
  // A pipe without a writer would otherwise wait for ever, and a terminal would become the program's controlling one.
  OpenFile file{FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)), 0};
  if (file.descriptor.get() < 0) fail_errno("open", path, errno);
  struct stat status {};
  if (::fstat(file.descriptor.get(), &status) != 0) fail_errno("inspect", path, errno);
  check(S_ISREG(status.st_mode), ErrorCode::io, "cannot read ", path.native(), ": expected a regular file, got ",
        S_ISDIR(status.st_mode) ? "a folder" : "a device or pipe");
  file.size = static_cast<std::uint64_t>(status.st_size);
  if (file.size > 0 && file.size < 1024) {
    std::string text(static_cast<std::size_t>(file.size), '\0');
    text.resize(read_at(file.descriptor.get(), path, text.data(), text.size(), 0));
    check_no_lfs_pointer(text, path);
  }
  return file;
}

}  // namespace detail

/// The bytes of a file as it is now, also of one whose length changes meanwhile. Throws io if it cannot be read or is
/// not a regular file, format for a Git LFS pointer.
inline std::string read_file(const std::filesystem::path& path) {
  const detail::OpenFile file = detail::open_file(path);
  std::string bytes;
  std::size_t done = 0;
  do {  // the system's own files say that they are empty
    const std::size_t more = bytes.empty() ? static_cast<std::size_t>(file.size) + 1 : bytes.size();
    bytes.resize(done + more);
    done += detail::read_at(file.descriptor.get(), path, bytes.data() + done, more, done);
  } while (done == bytes.size());
  bytes.resize(done);
  return bytes;
}

}  // namespace tl
