// A file that grows by whole pieces, for logs that others read while they are written: what append() was given is
// handed to the system before it returns, so a process that is killed later loses nothing, and a piece for which the
// disk has no room is taken back.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include <tl/io/read_file.hpp>

namespace tl {

/// A file open for appending.
class AppendFile {
 public:
  /// Makes the file; nothing if there is one of that name already. Throws Error(io).
  static std::optional<AppendFile> create(const std::filesystem::path& path) {
    detail::FileDescriptor file(::open(path.c_str(), flags | O_CREAT | O_EXCL, 0666));
    if (file.get() < 0 && errno == EEXIST) return std::nullopt;
    if (file.get() < 0) detail::fail_errno("create", path, errno);
    return AppendFile(path, std::move(file));
  }

  /// Opens a file that is there, and cuts it after `size` bytes. Throws Error(io).
  static AppendFile open(const std::filesystem::path& path, std::size_t size) {
    detail::FileDescriptor file(::open(path.c_str(), flags));
    if (file.get() < 0) detail::fail_errno("open", path, errno);
    if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0) detail::fail_errno("shorten", path, errno);
    return AppendFile(path, std::move(file));
  }

  const std::filesystem::path& path() const { return path_; }

  /// Adds `piece` as a whole or not at all. Throws Error(io).
  void append(std::string_view piece) {
    struct stat before {};
    if (::fstat(file_.get(), &before) != 0) detail::fail_errno("write", path_, errno);
    while (!piece.empty()) {
      const ssize_t count = ::write(file_.get(), piece.data(), piece.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) {
        const int error = count < 0 ? errno : ENOSPC;
        static_cast<void>(::ftruncate(file_.get(), before.st_size) == 0);  // the error to tell is the first one
        detail::fail_errno("write", path_, error);
      }
      piece.remove_prefix(static_cast<std::size_t>(count));
    }
  }

 private:
  static constexpr int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY;

  AppendFile(std::filesystem::path path, detail::FileDescriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}

  std::filesystem::path path_;
  detail::FileDescriptor file_;
};

}  // namespace tl
