// Files and folders that appear complete or not at all. Everything is written under a name beside the target that
// cannot be guessed (own_names.hpp), flushed to the disk and renamed; a reader, or a run that was killed, sees the old
// content or the new, never a mixture. A target that is a symbolic link is replaced, what it points to stays as it is.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/io/checksum.hpp>
#include <tl/io/mapped_file.hpp>
#include <tl/io/own_names.hpp>

namespace tl {

namespace detail {

constexpr int max_attempts = 100;  // to create a name that is still free

}  // namespace detail

/// Makes `folder` and those above it if they are not there, so that they stay after a power cut. Throws io, with a
/// sentence that begins with `subject`.
inline void make_folder(const std::filesystem::path& folder, std::string_view subject = "") {
  std::error_code error;
  const auto is_folder = [&error](const std::filesystem::path& path) {
    return std::filesystem::is_directory(path, error);
  };
  std::vector<std::filesystem::path> missing;
  for (std::filesystem::path path = folder; !path.empty() && !is_folder(path); path = path.parent_path()) {
    if (path.has_filename()) missing.push_back(path);
    if (path == path.parent_path()) break;
  }
  for (; !missing.empty(); missing.pop_back()) {
    const std::filesystem::path& path = missing.back();
    const int failure = ::mkdir(path.c_str(), 0777) == 0 ? 0 : errno;
    check(failure == 0 || (failure == EEXIST && is_folder(path)), ErrorCode::io, subject, "cannot make the folder ",
          folder.native(), ": ",
          failure == EEXIST ? "a file of that name exists" : std::generic_category().message(failure));
    if (failure != 0) continue;  // another made it at this moment
    const std::filesystem::path above = detail::parent_folder(path);
    if (const auto parent = detail::open_folder(above); parent.get() >= 0) detail::sync_descriptor(parent.get(), above);
  }
}

/// One file under construction. Without commit() (an exception, an early return) the target stays as it was and the
/// temporary file disappears. A file that takes the place of another has its permissions, a new one those that the
/// process gives to new files.
class AtomicFile {
 public:
  /// `expected_bytes`, if known, makes the message of a full disk say how much was wanted.
  /// Throws io if the folder does not exist or is not writable, or if the target is a folder.
  explicit AtomicFile(std::filesystem::path path, std::uint64_t expected_bytes = 0)
      : path_(std::move(path)),
        name_(path_.filename().native()),
        folder_(detail::open_folder(detail::parent_folder(path_))),
        expected_bytes_(expected_bytes) {
    if (folder_.get() < 0) detail::fail_errno("create", path_, errno);
    const auto former = detail::mode_at(folder_.get(), name_);
    if (name_.empty() || (former && S_ISDIR(*former))) detail::fail_errno("replace", path_, EISDIR);
    std::optional<mode_t> permissions;
    if (former && S_ISREG(*former)) permissions = *former & 0777;
    for (int attempt = 1; !create(permissions); ++attempt)
      if (attempt == detail::max_attempts) detail::fail_errno("create", path_, EEXIST);
  }

  ~AtomicFile() {
    if (!committed_) ::unlinkat(folder_.get(), temporary_.c_str(), 0);
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends bytes. Throws io with the wanted and the written number of bytes. Larger data goes in pieces, of which the
  /// disk gets each while the next is being copied, so that the flush in the end has little left to wait for.
  void write(std::span<const std::byte> data) {
    check(!flushed_, ErrorCode::state, "cannot write ", path_.native(), ": it is already committed");
    const std::uint64_t wanted = std::max(expected_bytes_, written_ + data.size());
    while (!data.empty()) {
      const auto piece = data.first(std::min(data.size(), max_write));
      const auto count = ::write(file_.get(), piece.data(), piece.size());
      const int error = errno;
      if (count < 0 && error == EINTR) continue;
      if (count <= 0)
        fail(ErrorCode::io, "cannot write ", path_.native(), ": ",
             std::generic_category().message(count < 0 ? error : ENOSPC), "; wanted ", wanted, " bytes, wrote ",
             written_);
      const auto done = static_cast<std::size_t>(count);
      if (log_ != nullptr) checksum_.update(piece.first(done));
#if defined(SYNC_FILE_RANGE_WRITE)
      if (done == max_write)  // begins, does not wait; whatever fails is said by the flush
        ::sync_file_range(file_.get(), static_cast<off_t>(written_), count, SYNC_FILE_RANGE_WRITE);
#endif
      written_ += done;
      data = data.subspan(done);
    }
  }

  void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

  /// Bytes written so far.
  std::uint64_t size() const noexcept { return written_; }

  /// Brings everything to the disk, the first half of commit(). Throws io.
  void flush() {
    if (::fsync(file_.get()) != 0) detail::fail_errno("flush", path_, errno);
    flushed_ = true;
  }

  /// Flushes and renames: from here on the target has the new content, also after a power cut. Throws io.
  void commit() {
    check(!committed_, ErrorCode::state, "cannot commit ", path_.native(), " twice");
    if (!flushed_) flush();
    // renamed before it is closed, because until then its lock keeps it from being taken for a left-over
    if (::renameat(folder_.get(), temporary_.c_str(), folder_.get(), name_.c_str()) != 0)
      detail::fail_errno("replace", path_, errno);
    committed_ = true;
    if (log_ != nullptr) log_->add(path_, checksum_.digest());
    file_ = detail::FileDescriptor();
    detail::sync_descriptor(folder_.get(), detail::parent_folder(path_));
  }

 private:
  static constexpr std::size_t max_write = std::size_t{4} << 20;

  /// Creates the temporary file; false if the name was taken, or the file was taken for a left-over before its lock.
  bool create(std::optional<mode_t> permissions) {
    temporary_ = detail::OwnName::make(name_, detail::OwnName::file);
    constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    file_ = detail::FileDescriptor(::openat(folder_.get(), temporary_.c_str(), flags, permissions.value_or(0666)));
    if (file_.get() < 0 && errno == EEXIST) return false;
    if (file_.get() < 0) detail::fail_errno("create", path_, errno);
    struct stat status {};
    const bool ours = detail::try_lock(file_.get(), LOCK_EX) != detail::LockResult::held &&
                      ::fstat(file_.get(), &status) == 0 && status.st_nlink > 0;
    if (!ours) ::unlinkat(folder_.get(), temporary_.c_str(), 0);
    if (ours && permissions && (status.st_mode & 0777) != *permissions) ::fchmod(file_.get(), *permissions);
    return ours;
  }

  std::filesystem::path path_;
  std::string name_;
  std::string temporary_;
  detail::FileDescriptor folder_;
  detail::FileDescriptor file_;
  std::uint64_t expected_bytes_;
  std::uint64_t written_ = 0;
  ChecksumLog* log_ = ChecksumLog::active();
  Xxh64 checksum_;
  bool flushed_ = false, committed_ = false;
};

/// Writes a whole file atomically. Throws io.
inline void write_file(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path, text.size());
  file.write(text);
  file.commit();
}

/// A file's name and its content.
struct NamedText {
  std::string name, text;
};

/// Writes files into an existing folder; none takes its place before all are on the disk. Throws io.
inline void write_files(const std::filesystem::path& folder, std::span<const NamedText> files) {
  std::deque<AtomicFile> written;
  for (const NamedText& file : files) {
    written.emplace_back(folder / file.name, file.text.size());
    written.back().write(file.text);
  }
  for (AtomicFile& file : written) file.flush();
  for (AtomicFile& file : written) file.commit();
}

namespace detail {

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

}  // namespace detail

/// What an AtomicFolder does when its target is a folder that is not empty.
enum class IfExists { fail, replace };

/// A folder under construction: fill path(), then commit(). What a killed run left of the same target is removed; a
/// lock keeps a second writer out. While it is being filled only its owner can read it.
class AtomicFolder {
 public:
  /// Throws io if the temporary folder cannot be made, state if another AtomicFolder is filling one for the same
  /// target, invalid_argument if the target is a folder with content that is not to be replaced.
  explicit AtomicFolder(const std::filesystem::path& target, IfExists if_exists = IfExists::fail)
      : target_(detail::folder_with_name(target)),
        name_(target_.filename().native()),
        parent_path_(detail::parent_folder(target_)),
        parent_(detail::open_folder(parent_path_)),
        if_exists_(if_exists) {
    if (parent_.get() < 0) detail::fail_errno("create", target_, errno);
    if (if_exists_ == IfExists::fail) {
      remove_leftovers(target_);
      std::error_code none;  // whatever cannot be looked at now is reported by what follows
      if (std::filesystem::is_directory(target_, none) && !std::filesystem::is_empty(target_, none) && !none)
        fail_not_empty();
    }
    tidy();
    for (int attempt = 1; !create(); ++attempt)
      if (attempt == detail::max_attempts) detail::fail_errno("create", path_, EEXIST);
  }

  ~AtomicFolder() {
    if (!committed_) detail::remove_tree(parent_.get(), temporary_);
  }
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  /// Where to write until commit().
  const std::filesystem::path& path() const noexcept { return path_; }

  /// Flushes all files and puts the folder in the target's place; a former folder of that name, if it is to be
  /// replaced, is swapped out in one step and then removed; the new one has its permissions. Throws io,
  /// invalid_argument as the constructor.
  void commit() {
    const auto former = detail::mode_at(parent_.get(), name_);
    check(committed_ || !former || S_ISDIR(*former), ErrorCode::io, "cannot replace ", target_.native(),
          ": expected a folder or nothing, got a file");
    const bool swaps = former && if_exists_ == IfExists::replace;
    const detail::FileDescriptor former_folder =
        swaps ? detail::open_subfolder(parent_.get(), name_) : detail::FileDescriptor();
    flush(former_folder.get());
    ::fchmod(folder_.get(), swaps ? *former & 07777 : permissions_);
    detail::sync_descriptor(folder_.get(), path_);
    if (swaps) swap_with_target();
    else if (::renameat(parent_.get(), temporary_.c_str(), parent_.get(), name_.c_str()) != 0) {
      // it takes the place of an empty folder, but of no other
      if (errno == ENOTEMPTY || errno == EEXIST) fail_not_empty();
      detail::fail_errno("create", target_, errno);
    }
    committed_ = true;
    detail::sync_descriptor(parent_.get(), parent_path_);
  }

  /// Instead of commit(): flushes all files and moves them into `folder`, where each takes the place and the
  /// permissions of one of its name and the others stay. Nothing is moved before everything is written and every place
  /// is looked at, so a full disk changes nothing there; whoever looks meanwhile may see some of the files new and some
  /// not yet. Throws io; what is complete then stays, as keep() says, in a folder that the sentence names.
  void commit_files(const std::filesystem::path& folder) {
    const detail::FileDescriptor into = detail::open_folder(folder);
    if (into.get() < 0) detail::fail_errno("open", folder, errno);
    flush(into.get());
    try {
      check_places(folder_.get(), into.get(), folder);
      move_files(folder_.get(), into.get(), folder);
    } catch (const Error& error) {
      fail(error.code(), error.what(), "; what was to be written is in ", keep().native());
    }
    detail::remove_tree(parent_.get(), temporary_);
    committed_ = true;
    detail::sync_descriptor(into.get(), folder);
  }

  /// Instead of commit(), when the target cannot be had: gives the folder the name "NAME-unsaved" (or "NAME-unsaved-2",
  /// ...) beside the target, where it stays, and returns its path.
  std::filesystem::path keep() {
    committed_ = true;
    ::fchmod(folder_.get(), permissions_);
    for (int number = 1; number < 1000; ++number) {
      const std::string name = number == 1 ? str_cat(name_, "-unsaved") : str_cat(name_, "-unsaved-", number);
      if (detail::mode_at(parent_.get(), name)) continue;
      if (::renameat(parent_.get(), temporary_.c_str(), parent_.get(), name.c_str()) != 0) break;
      ::fsync(parent_.get());
      return path_ = parent_path_ / name;
    }
    return path_;
  }

 private:
  /// Removes what killed writers left of the same target. Throws state if one of them is alive.
  void tidy() const {
    for (const std::string& name : detail::names_in_folder(parent_.get())) {
      const auto own = detail::OwnName::parse(name);
      if (!own || !own->belongs_to(name_)) continue;
      const bool free = detail::remove_leftover(parent_.get(), name, *own);
      check(free || own->kind != detail::OwnName::folder, ErrorCode::state, "cannot write ", target_.native(),
            ": another writer is filling ", (parent_path_ / name).native());
    }
  }

  /// Makes the temporary folder; false if the name was taken, or it was taken for a left-over before its lock.
  bool create() {
    temporary_ = detail::OwnName::make(name_, detail::OwnName::folder);
    path_ = parent_path_ / temporary_;
    if (::mkdirat(parent_.get(), temporary_.c_str(), 0777) != 0) {
      if (errno == EEXIST) return false;
      detail::fail_errno("create", target_, errno);
    }
    folder_ = detail::open_subfolder(parent_.get(), temporary_);
    if (folder_.get() < 0 && errno == ENOENT) return false;
    if (folder_.get() < 0) detail::fail_errno("open", path_, errno);
    struct stat status {};
    if (detail::try_lock(folder_.get(), LOCK_SH) == detail::LockResult::held || ::fstat(folder_.get(), &status) != 0 ||
        status.st_nlink == 0) {
      ::unlinkat(parent_.get(), temporary_.c_str(), AT_REMOVEDIR);
      return false;
    }
    permissions_ = status.st_mode & 07777;
    ::fchmod(folder_.get(), permissions_ & 07700);
    return true;
  }

  void flush(int former) {
    check(!committed_, ErrorCode::state, "cannot commit ", target_.native(), " twice");
    flush_folder(folder_.get(), former, path_);
  }

  /// Flushes everything in the open folder `folder`; a file has the permissions of its namesake in `former`, if any.
  static void flush_folder(int folder, int former, const std::filesystem::path& path) {
    for (const std::string& name : detail::all_names_in_folder(folder, path)) {
      const auto mode = detail::mode_at(folder, name);
      if (!mode || !(S_ISREG(*mode) || S_ISDIR(*mode))) continue;
      const detail::FileDescriptor open(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
      if (open.get() < 0) detail::fail_errno("open", path / name, errno);
      if (S_ISDIR(*mode)) {
        const detail::FileDescriptor below =
            former < 0 ? detail::FileDescriptor() : detail::open_subfolder(former, name);
        flush_folder(open.get(), below.get(), path / name);
      } else if (const auto old = former < 0 ? std::nullopt : detail::mode_at(former, name); old && S_ISREG(*old)) {
        ::fchmod(open.get(), *old & 0777);
      }
      if (S_ISREG(*mode)) detail::sync_descriptor(open.get(), path / name);
    }
    detail::sync_descriptor(folder, path);
  }

  /// Throws io if a file of `from` cannot take its place in `into` because a folder is there, or the other way round.
  static void check_places(int from, int into, const std::filesystem::path& path) {
    for (const std::string& name : detail::all_names_in_folder(from, path)) {
      const auto mode = detail::mode_at(from, name), there = detail::mode_at(into, name);
      if (!mode || !there) continue;
      check(S_ISDIR(*mode) == S_ISDIR(*there), ErrorCode::io, "cannot write ", (path / name).native(), ": a ",
            S_ISDIR(*there) ? "folder" : "file", " of that name exists");
      if (!S_ISDIR(*mode)) continue;
      check_places(detail::open_subfolder(from, name).get(), detail::open_subfolder(into, name).get(), path / name);
    }
  }

  static void move_files(int from, int into, const std::filesystem::path& path) {
    for (const std::string& name : detail::all_names_in_folder(from, path)) {
      const auto mode = detail::mode_at(from, name);
      if (mode && S_ISDIR(*mode) && detail::mode_at(into, name)) {
        const detail::FileDescriptor below = detail::open_subfolder(into, name);
        move_files(detail::open_subfolder(from, name).get(), below.get(), path / name);
        detail::sync_descriptor(below.get(), path / name);
      } else if (::renameat(from, name.c_str(), into, name.c_str()) != 0) {
        detail::fail_errno("move", path / name, errno);
      }
    }
  }

  [[noreturn]] void fail_not_empty() const {
    fail(ErrorCode::invalid_argument, "expected a new or empty folder to write to, got ", target_.native(),
         ", where there is something already");
  }

  void swap_with_target() {
#if defined(RENAME_EXCHANGE)
    if (::renameat2(parent_.get(), temporary_.c_str(), parent_.get(), name_.c_str(), RENAME_EXCHANGE) == 0) {
      detail::remove_tree(parent_.get(), temporary_);  // what stays of the former content is a left-over
      return;
    }
    if (errno != EINVAL && errno != ENOSYS) detail::fail_errno("replace", target_, errno);
#endif
    const std::string former = detail::OwnName::make(name_, detail::OwnName::former);
    if (::renameat(parent_.get(), name_.c_str(), parent_.get(), former.c_str()) != 0)
      detail::fail_errno("replace", target_, errno);
    if (::renameat(parent_.get(), temporary_.c_str(), parent_.get(), name_.c_str()) != 0) {
      const int error = errno;
      ::renameat(parent_.get(), former.c_str(), parent_.get(), name_.c_str());
      detail::fail_errno("replace", target_, error);
    }
    detail::remove_tree(parent_.get(), former);
  }

  std::filesystem::path target_;
  std::string name_;
  std::filesystem::path parent_path_;
  detail::FileDescriptor parent_;
  IfExists if_exists_;
  std::string temporary_;
  std::filesystem::path path_;
  detail::FileDescriptor folder_;
  mode_t permissions_ = 0;
  bool committed_ = false;
};

}  // namespace tl
