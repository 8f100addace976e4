// A file of a hub becomes a blob of the cache: resumed where an earlier download stopped, checked, and there at once
// and whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include <tl/hub/progress.hpp>
#include <tl/io/read_file.hpp>

#include "session.hpp"

namespace tl::hub::detail {

/// What the hub said about a file.
struct FileInfo {
  std::string repository, path;  // for sentences and progress
  std::string url;               // on the hub
  std::string location;          // where the bytes are, for an hour or so
  std::string commit;
  std::string etag;  // a name for the blob
  std::optional<std::uint64_t> size;
};

/// Downloads the file to `blob`, unless that has the right size already; with `force`, in any case. The caller holds
/// the lock of the blob. Throws Unreachable if that fails for now, what was received then stays for the next time; io
/// if the disk is full or cannot be written, format if the bytes are not those that the hub announced: then nothing
/// stays.
void download_blob(Session& session, const FileInfo& file, const std::filesystem::path& blob, bool force);

/// A lock between processes, as huggingface_hub takes it: flock() on a file that stays. Where the file system has no
/// locks there is none, and each process downloads for itself.
class FileLock {
 public:
  /// Waits until the lock is free; calls `waiting` some times a second. Throws io if the file cannot be made.
  FileLock(const std::filesystem::path& path, const std::function<void()>& waiting);

 private:
  tl::detail::FileDescriptor file_;
};

}  // namespace tl::hub::detail
