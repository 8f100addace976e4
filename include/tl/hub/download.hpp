// Files of a repository by name, for programs that want them as files: Python's hf_hub_download() and
// snapshot_download().
#pragma once

#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <tl/hub/resolve.hpp>

namespace tl::hub {

namespace detail {

/// Whether one of the patterns fits: "*" stands for any characters, "/" too, and a folder for all that is in it.
inline bool matches_any(const std::string& path, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return ::fnmatch((pattern.ends_with('/') ? pattern + '*' : pattern).c_str(), path.c_str(), FNM_NOESCAPE) == 0;
  });
}

}  // namespace detail

/// One file of a repository in the cache, downloaded if it is missing. Throws not_found if the repository has no such
/// file, and what Snapshot throws.
inline std::filesystem::path hf_hub_download(const Repository& repository, std::string_view filename,
                                             const Options& options = {}) {
  const Snapshot snapshot(repository, options);
  if (auto file = snapshot.file(filename)) return *file;
  const Repository& found = snapshot.repository();
  if (snapshot.can_download() || snapshot.missing(filename))
    fail(ErrorCode::not_found, "expected ", filename, " in the repository ", found.id, ", it has none at commit ",
         found.revision);
  fail(ErrorCode::not_found, snapshot.folder().native(), ": expected ", filename, ", the cache has only a part of ",
       found.id, ", and ", snapshot.why_not());
}

/// The folder of a repository's snapshot with all files that fit one of `allow_patterns`, if there are any, and none of
/// `ignore_patterns`; those that are missing are downloaded. Throws not_found if no file fits, and what Snapshot
/// throws.
inline std::filesystem::path snapshot_download(const Repository& repository, const Options& options = {},
                                               const std::vector<std::string>& allow_patterns = {},
                                               const std::vector<std::string>& ignore_patterns = {}) {
  const Snapshot snapshot(repository, options);
  bool any = false;
  for (const std::string& path : snapshot.list_files()) {
    if (!allow_patterns.empty() && !detail::matches_any(path, allow_patterns)) continue;
    if (detail::matches_any(path, ignore_patterns)) continue;
    any = snapshot.file(path).has_value() || any;
  }
  check(any, ErrorCode::not_found, "expected files of the repository ", snapshot.repository().id,
        " that fit the patterns, it has none at commit ", snapshot.repository().revision,
        snapshot.can_download() ? "" : ", as far as the cache knows; " + snapshot.why_not());
  return snapshot.folder();
}

}  // namespace tl::hub
