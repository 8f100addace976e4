// Names that writers give to what is not finished: ".NAME.tl-MARK.KIND" beside NAME. The mark is random, so that no
// link and no folder can have been put under the name before, and a part of it is computed from the rest, so that no
// file of a user is taken for ours. A writer holds a lock on what it writes, which the system releases when the process
// ends in whatever way: what is not locked is a left-over and may be removed. Nothing here follows a link.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
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

/// A folder to work in by descriptor; links in the path that a user gave are followed. -1 with errno if that fails.
inline FileDescriptor open_folder(const std::filesystem::path& folder) {
  return FileDescriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/// A folder in the open folder `parent`, unless it is a link.
inline FileDescriptor open_subfolder(int parent, const std::string& name) {
  return FileDescriptor(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

/// Flushes what is open to the disk; `path` is for the message.
inline void sync_descriptor(int descriptor, const std::filesystem::path& path) {
  // some file systems refuse to flush a folder (EINVAL); they then need none
  if (::fsync(descriptor) != 0 && errno != EINVAL) fail_errno("flush", path, errno);
}

/// What is under a name: the type and the permissions of the link itself, if it is one.
inline std::optional<mode_t> mode_at(int folder, const std::string& name) {
  struct stat status {};
  if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return status.st_mode;
}

enum class LockResult { taken, held, impossible };

/// Tries to lock an open file or folder; `kind` is LOCK_EX or LOCK_SH. Not every file system has locks.
inline LockResult try_lock(int descriptor, int kind) {
  while (::flock(descriptor, kind | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    return errno == EWOULDBLOCK ? LockResult::held : LockResult::impossible;
  }
  return LockResult::taken;
}

/// ".NAME.tl-MARK.KIND" in its parts.
struct OwnName {
  std::string owner, kind;

  static constexpr std::string_view file = "tmp", folder = "partial", former = "former", deleted = "deleted";

  /// A new name that cannot be guessed. It is cut where the system's limit of 255 bytes would not leave room.
  static std::string make(const std::string& owner, std::string_view kind) {
    return str_cat('.', shortened(owner), ".tl-", mark(random_bits()), '.', kind);
  }

  /// The parts of a name that make() gave, or nothing.
  static std::optional<OwnName> parse(std::string_view name) {
    constexpr std::string_view infix = ".tl-";
    const std::size_t at = name.rfind(infix);
    if (!name.starts_with('.') || at == std::string_view::npos || at < 2) return std::nullopt;
    const std::string_view rest = name.substr(at + infix.size());
    if (rest.size() < mark_size + 2 || rest[mark_size] != '.') return std::nullopt;
    std::uint64_t bits = 0;
    for (const char c : rest.substr(0, random_digits)) {
      const std::size_t digit = std::string_view("0123456789abcdef").find(c);
      if (digit == std::string_view::npos) return std::nullopt;
      bits = bits << 4 | digit;
    }
    if (rest.substr(0, mark_size) != mark(bits)) return std::nullopt;
    return OwnName{std::string(name.substr(1, at - 1)), std::string(rest.substr(mark_size + 1))};
  }

  bool belongs_to(const std::string& name) const { return owner == shortened(name); }

 private:
  static constexpr std::size_t random_digits = 12, mark_size = 16;

  static std::string shortened(const std::string& owner) { return owner.substr(0, 200); }

  static std::string mark(std::uint64_t bits) {
    char text[mark_size + 1];
    std::snprintf(text, sizeof text, "%012llx%04llx", static_cast<unsigned long long>(bits),
                  static_cast<unsigned long long>(bits * 0x9E3779B97F4A7C15U >> 48));
    return text;
  }

  static std::uint64_t random_bits() {
    std::uint64_t bits = 0;
    if (::getrandom(&bits, sizeof bits, GRND_NONBLOCK) != static_cast<ssize_t>(sizeof bits)) {
      static std::atomic<std::uint64_t> counter{0};
      bits = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()) +
             (static_cast<std::uint64_t>(::getpid()) << 32) + counter.fetch_add(1);
      bits *= 0xD6E8FEB86659FD93U;
    }
    return bits >> 16;
  }
};

/// The names in an open folder but for "." and "..". What cannot be read is left out; `error` is then the number of the
/// system's error, else 0.
inline std::vector<std::string> names_in_folder(int folder, int& error) {
  std::vector<std::string> names;
  FileDescriptor copy(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DIR* const stream = copy.get() < 0 ? nullptr : ::fdopendir(copy.get());
  error = stream == nullptr ? errno : 0;
  if (stream == nullptr) return names;
  copy.release();
  for (errno = 0; const dirent* const entry = ::readdir(stream); errno = 0)
    if (const std::string_view name = entry->d_name; name != "." && name != "..") names.emplace_back(name);
  error = errno;
  ::closedir(stream);
  return names;
}

/// The same where names that are missing do no harm.
inline std::vector<std::string> names_in_folder(int folder) {
  int ignored = 0;
  return names_in_folder(folder, ignored);
}

/// The same where every name counts; `path` is the folder's. Throws io.
inline std::vector<std::string> all_names_in_folder(int folder, const std::filesystem::path& path) {
  int error = 0;
  std::vector<std::string> names = names_in_folder(folder, error);
  if (error != 0) fail_errno("read the folder", path, error);
  return names;
}

/// Removes `name` in the open folder `parent` with everything in it, itself if it is a link. Goes on after an error;
/// the number of the first one, or 0.
inline int remove_tree(int parent, const std::string& name) {
  if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return 0;
  int first = errno;
  if (first != EISDIR && first != EPERM) return first;
  const FileDescriptor folder = open_subfolder(parent, name);
  if (folder.get() < 0) return errno == ENOTDIR || errno == ELOOP ? first : errno;
  first = 0;
  for (const std::string& entry : names_in_folder(folder.get()))
    if (const int error = remove_tree(folder.get(), entry); error != 0 && first == 0) first = error;
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT && first == 0) first = errno;
  return first;
}

/// Removes the left-over `name`, which has the parts `own`; false if a writer holds it.
inline bool remove_leftover(int folder, const std::string& name, const OwnName& own) {
  if (own.kind == OwnName::file) {
    const FileDescriptor file(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat status {};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return true;
    const LockResult lock = try_lock(file.get(), LOCK_SH);
    if (lock == LockResult::taken) ::unlinkat(folder, name.c_str(), 0);
    return lock != LockResult::held;
  }
  const FileDescriptor tree = open_subfolder(folder, name);
  if (tree.get() < 0) return true;
  // the writer of a folder holds a shared lock: an exclusive one is refused by file systems that cannot lock folders
  const LockResult lock = try_lock(tree.get(), LOCK_EX);
  if (lock != LockResult::taken) return lock != LockResult::held;
  if (own.kind == OwnName::former && !mode_at(folder, own.owner))
    ::renameat(folder, name.c_str(), folder, own.owner.c_str());  // a kill came before the new one had its place
  else if (own.kind == OwnName::folder || own.kind == OwnName::former || own.kind == OwnName::deleted)
    remove_tree(folder, name);
  return true;
}

}  // namespace detail

/// Removes what writers that are no more left unfinished in `folder`. What cannot be removed stays.
inline void remove_leftovers(const std::filesystem::path& folder) {
  const detail::FileDescriptor open = detail::open_folder(folder);
  if (open.get() < 0) return;
  for (const std::string& name : detail::names_in_folder(open.get()))
    if (const auto own = detail::OwnName::parse(name)) detail::remove_leftover(open.get(), name, *own);
}

}  // namespace tl
