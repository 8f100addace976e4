// Files and folders that appear complete or not at all. Everything is written under a temporary name beside the
// target, flushed to the disk and renamed; a reader, or a run that was killed, sees the old content or the new, never a
// mixture. A target that is a symbolic link is replaced, what it points to stays as it is.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/io/mapped_file.hpp>

namespace tl {

namespace detail {

inline std::filesystem::path parent_folder(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// The hidden neighbour of a file or folder, ".NAME" and the suffix.
inline std::filesystem::path hidden_neighbour(const std::filesystem::path& path, std::string_view suffix) {
  return parent_folder(path) / join(".", path.filename().native(), suffix);
}

/// Flushes a file or folder to the disk.
inline void sync_path(const std::filesystem::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail_errno("open", path, errno);
  // some file systems refuse to flush a folder (EINVAL); they then need none
  if (::fsync(file.get()) != 0 && errno != EINVAL) fail_errno("flush", path, errno);
}

}  // namespace detail

/// Makes `folder` and those above it if they are not there. Throws io.
inline void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  check(!error && std::filesystem::is_directory(folder, error), ErrorCode::io, "cannot make the folder ",
        folder.native(), ": ", error ? error.message() : "a file of that name exists");
}

/// One file under construction. Without commit() (an exception, an early return) the target stays as it was and the
/// temporary file disappears.
class AtomicFile {
 public:
  /// `expected_bytes`, if known, makes the message of a full disk say how much was wanted.
  /// Throws io if the folder does not exist or is not writable.
  explicit AtomicFile(std::filesystem::path path, std::uint64_t expected_bytes = 0)
      : path_(std::move(path)), expected_bytes_(expected_bytes) {
    static std::atomic<std::uint64_t> counter{0};
    temporary_ = detail::hidden_neighbour(path_, join(".tmp-", ::getpid(), "-", counter.fetch_add(1)));
    file_ = detail::FileDescriptor(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file_.get() < 0) detail::fail_errno("create", path_, errno);
  }

  ~AtomicFile() {
    if (!committed_) ::unlink(temporary_.c_str());
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends bytes. Throws io with the wanted and the written number of bytes.
  void write(std::span<const std::byte> data) {
    check(file_.get() >= 0, ErrorCode::state, "cannot write ", path_.native(), ": it is already committed");
    const std::uint64_t wanted = std::max(expected_bytes_, written_ + data.size());
    while (!data.empty()) {
      const auto count = ::write(file_.get(), data.data(), std::min(data.size(), max_write));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0)
        fail(ErrorCode::io, "cannot write ", path_.native(), ": ",
             std::generic_category().message(count < 0 ? errno : ENOSPC), "; wanted ", wanted, " bytes, wrote ",
             written_);
      written_ += static_cast<std::uint64_t>(count);
      data = data.subspan(static_cast<std::size_t>(count));
    }
  }

  void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

  /// Bytes written so far.
  std::uint64_t size() const noexcept { return written_; }

  /// Flushes and renames: from here on the target has the new content, also after a power cut. Throws io.
  void commit() {
    check(file_.get() >= 0, ErrorCode::state, "cannot commit ", path_.native(), " twice");
    if (::fsync(file_.get()) != 0) fail_full(errno);
    if (::close(file_.release()) != 0) fail_full(errno);
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) detail::fail_errno("replace", path_, errno);
    committed_ = true;
    detail::sync_path(detail::parent_folder(path_));
  }

 private:
  static constexpr std::size_t max_write = std::size_t{1} << 30;

  [[noreturn]] void fail_full(int error) const { detail::fail_errno("flush", path_, error); }

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  detail::FileDescriptor file_;
  std::uint64_t expected_bytes_;
  std::uint64_t written_ = 0;
  bool committed_ = false;
};

/// Writes a whole file atomically. Throws io.
inline void write_file(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path, text.size());
  file.write(text);
  file.commit();
}

/// The path that AtomicFolder gives the folder `path`: "a/new/.." is "a", and "results/" is "results". Whoever looks at
/// the target before must look at this one, because the system takes "a/new/.." for a path that does not exist while
/// "a/new" does not. Throws invalid_argument if it is not the path of a folder with a name.
inline std::filesystem::path folder_with_name(const std::filesystem::path& given) {
  std::filesystem::path path = given.lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  check(path.has_filename() && path.native() != "." && path.filename().native() != "..", ErrorCode::invalid_argument,
        "expected the path of a folder with a name, got \"", given.native(), "\"");
  return path;
}

/// What an AtomicFolder does when its target is a folder that is not empty.
enum class FormerFolder { refuse, replace };

/// A folder under construction: fill path(), then commit(). The temporary folder ".NAME.partial" beside the target is
/// reused, emptied, if a killed run left it behind; a lock keeps a second writer out.
class AtomicFolder {
 public:
  /// Throws io if the temporary folder cannot be made, state if another AtomicFolder is filling it, invalid_argument
  /// if the target is a folder with content that is not to be replaced.
  explicit AtomicFolder(const std::filesystem::path& target, FormerFolder former = FormerFolder::refuse)
      : target_(folder_with_name(target)), former_(former) {
    std::error_code none;  // whatever cannot be looked at now is reported by what follows
    if (former_ == FormerFolder::refuse && std::filesystem::is_directory(target_, none) &&
        !std::filesystem::is_empty(target_, none) && !none)
      fail_not_empty();
    partial_ = detail::hidden_neighbour(target_, ".partial");
    lock();
    guarded("empty", [this] {
      for (const auto& entry : std::filesystem::directory_iterator(partial_)) std::filesystem::remove_all(entry.path());
    });
  }

  ~AtomicFolder() {
    if (committed_) return;
    std::error_code ignored;
    std::filesystem::remove_all(partial_, ignored);
  }
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  /// Where to write until commit().
  const std::filesystem::path& path() const noexcept { return partial_; }

  /// Flushes all files and puts the folder in the target's place; a former folder of that name, if it is to be
  /// replaced, is swapped out in one step and then removed. Throws io, invalid_argument as the constructor.
  void commit() {
    flush();
    struct stat status {};
    const bool there = ::lstat(target_.c_str(), &status) == 0;
    check(!there || S_ISDIR(status.st_mode), ErrorCode::io, "cannot replace ", target_.native(),
          ": expected a folder or nothing, got a file");
    if (there && former_ == FormerFolder::replace) {
      swap_with_target();
    } else {
      if (::rename(partial_.c_str(), target_.c_str()) != 0) {  // takes the place of an empty folder, but of no other
        if (errno == ENOTEMPTY || errno == EEXIST) fail_not_empty();
        detail::fail_errno("create", target_, errno);
      }
      committed_ = true;
    }
    detail::sync_path(detail::parent_folder(target_));
  }

  /// Instead of commit(): flushes all files and moves them into `folder`, where each takes the place of one of its name
  /// and the others stay. Nothing is moved before everything is written, so a full disk changes nothing there; whoever
  /// looks meanwhile may see some of the files new and some not yet. Throws io.
  void commit_files(const std::filesystem::path& folder) {
    flush();
    guarded("move", [&] {
      std::vector<std::string> files;
      for (const auto& entry : std::filesystem::recursive_directory_iterator(partial_))
        if (!entry.is_directory()) files.push_back(entry.path().lexically_relative(partial_).string());
      for (const auto& file : files) {
        std::filesystem::create_directories((folder / file).parent_path());
        std::filesystem::rename(partial_ / file, folder / file);
      }
      std::filesystem::remove_all(partial_);
    });
    committed_ = true;
    detail::sync_path(folder);
  }

 private:
  void flush() {
    check(!committed_, ErrorCode::state, "cannot commit ", target_.native(), " twice");
    guarded("flush", [this] {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(partial_))
        if (!entry.is_symlink() && (entry.is_regular_file() || entry.is_directory())) detail::sync_path(entry.path());
    });
    detail::sync_path(partial_);
  }

  [[noreturn]] void fail_not_empty() const {
    fail(ErrorCode::invalid_argument, "expected a new or empty folder to write to, got ", target_.native(),
         ", where there is something already");
  }

  /// Runs `action` with the standard library's file system errors turned into tl::Error.
  template <class Action>
  void guarded(std::string_view verb, Action&& action) {
    try {
      action();
    } catch (const std::filesystem::filesystem_error& error) {
      detail::fail_errno(verb, partial_, error.code().value());
    }
  }

  void remove(std::string_view verb, const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::remove_all(folder, error);
    if (error) detail::fail_errno(verb, partial_, error.value());
  }

  void lock() {
    for (;;) {
      if (::mkdir(partial_.c_str(), 0777) != 0 && errno != EEXIST) detail::fail_errno("create", partial_, errno);
      folder_ = detail::FileDescriptor(::open(partial_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (folder_.get() < 0 && errno == ENOENT) continue;
      if (folder_.get() < 0) detail::fail_errno("open", partial_, errno);
      check(::flock(folder_.get(), LOCK_EX | LOCK_NB) == 0, ErrorCode::state, "cannot write ", target_.native(),
            ": another writer is filling ", partial_.native());
      // between open and lock the former writer may have renamed this very folder into place: then take a new one
      struct stat locked {}, named {};
      if (::fstat(folder_.get(), &locked) == 0 && ::stat(partial_.c_str(), &named) == 0 &&
          locked.st_ino == named.st_ino && locked.st_dev == named.st_dev)
        return;
    }
  }

  void swap_with_target() {
#if defined(RENAME_EXCHANGE)
    if (::renameat2(AT_FDCWD, partial_.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE) == 0) {
      committed_ = true;
      remove("remove the former content in", partial_);
      return;
    }
    if (errno != EINVAL && errno != ENOSYS) detail::fail_errno("replace", target_, errno);
#endif
    const auto former = detail::hidden_neighbour(target_, ".former");
    remove("remove leftovers of", former);
    if (::rename(target_.c_str(), former.c_str()) != 0) detail::fail_errno("replace", target_, errno);
    if (::rename(partial_.c_str(), target_.c_str()) != 0) {
      const int error = errno;
      ::rename(former.c_str(), target_.c_str());
      detail::fail_errno("replace", target_, error);
    }
    committed_ = true;
    remove("remove the former content of", former);
  }

  std::filesystem::path target_;
  FormerFolder former_;
  std::filesystem::path partial_;
  detail::FileDescriptor folder_;
  bool committed_ = false;
};

}  // namespace tl
