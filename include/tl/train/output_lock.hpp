// One run per output_dir: two that write checkpoints into one folder would mix and delete each other's.
#pragma once

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <filesystem>

#include <tl/core/error.hpp>
#include <tl/io/own_names.hpp>

namespace tl {

/// Keeps others from training in a folder while it lives. The system releases the lock when the process ends in
/// whatever way. The folder itself is locked, so that no file is left over.
class OutputLock {
 public:
  /// Throws Error(state) if another run, of this process or another, has the lock. A file system that has no locks at
  /// all locks out no run.
  explicit OutputLock(const std::filesystem::path& output_dir) : locked_(detail::open_folder(output_dir)) {
    if (locked_.get() < 0) detail::fail_errno("open", output_dir, errno);
    detail::LockResult result = detail::try_lock(locked_.get(), LOCK_EX);
    if (result == detail::LockResult::impossible) result = lock_file_in(locked_.get());
    check(result != detail::LockResult::held, ErrorCode::state, "output_dir: another run is training in ",
          output_dir.native(), "; wait until it has ended, or choose another folder");
  }

  /// Network file systems lock files that are open for writing, but no folders; there a file ".tl-lock" stays.
  detail::LockResult lock_file_in(int folder) {
    locked_ = detail::FileDescriptor(::openat(folder, ".tl-lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666));
    return locked_.get() < 0 ? detail::LockResult::impossible : detail::try_lock(locked_.get(), LOCK_EX);
  }

 private:
  detail::FileDescriptor locked_;
};

}  // namespace tl
