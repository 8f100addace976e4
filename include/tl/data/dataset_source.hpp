// Where the files of a data set are: a folder, or a repository in the Hugging Face cache or on a hub.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/column.hpp>
#include <tl/data/file_patterns.hpp>
#include <tl/hub/resolve.hpp>
#include <tl/io/read_file.hpp>

namespace tl::detail {

/// The files of a data set, by paths relative to its root.
struct DatasetSource {
  std::string name;                ///< begins sentences: the folder, or the name of the repository
  std::filesystem::path root;      ///< of a folder; empty: the files are those of a repository
  std::vector<std::string> files;  ///< sorted
  std::function<std::optional<std::filesystem::path>(const std::string&)> fetch = {};  ///< of a repository
  std::string incomplete = {};  ///< why `files` may lack some; empty: it does not

  /// A file on this machine. Throws not_found if it cannot be had.
  std::filesystem::path path_of(const std::string& file) const {
    if (!fetch) return root / file;
    if (auto path = fetch(file)) return *path;
    fail(ErrorCode::not_found, name, ": expected the file ", file, ", it is not there",
         incomplete.empty() ? "" : ", and ", incomplete);
  }

  bool contains(std::string_view file) const { return std::binary_search(files.begin(), files.end(), file); }

  /// The files below a folder, which becomes the root.
  DatasetSource below(const std::string& folder) const {
    std::string prefix;
    for (const std::string_view part : path_parts(folder)) prefix += str_cat(part, "/");
    if (prefix.empty()) return *this;
    DatasetSource result{
        str_cat(name, "/", prefix.substr(0, prefix.size() - 1)), root.empty() ? root : root / prefix, {}};
    for (const std::string& file : files)
      if (file.starts_with(prefix)) result.files.push_back(file.substr(prefix.size()));
    if (fetch) result.fetch = [fetch = fetch, prefix](const std::string& file) { return fetch(prefix + file); };
    result.incomplete = incomplete;
    return result;
  }
};

/// Whether a link to a folder leads to one that it is in.
inline bool leads_upwards(const std::filesystem::path& link) {
  std::error_code error;
  const auto target = std::filesystem::canonical(link, error);
  const auto place = std::filesystem::canonical(link.parent_path(), error);
  if (error) return true;
  return std::mismatch(target.begin(), target.end(), place.begin(), place.end()).first == target.end();
}

/// A folder with all files below it.
inline DatasetSource folder_source(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  DatasetSource source{folder.native(), folder, {}};
  std::error_code error;
  fs::recursive_directory_iterator at(folder, fs::directory_options::follow_directory_symlink, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    std::error_code absent;
    if (at->is_regular_file(absent)) source.files.push_back(at->path().lexically_relative(folder).generic_string());
    else if (at->is_symlink(absent) && leads_upwards(at->path())) at.disable_recursion_pending();
  }
  if (error) fail_errno("read", folder, error.value());
  std::sort(source.files.begin(), source.files.end());
  return source;
}

/// The repository of a data set. Throws what hub::Snapshot throws.
inline DatasetSource hub_source(const hub::Repository& repository, const hub::Options& options) {
  const auto snapshot = std::make_shared<const hub::Snapshot>(repository, options);
  DatasetSource source{repository.id, {}, snapshot->list_files()};
  source.fetch = [snapshot](const std::string& file) { return snapshot->file(file); };
  if (!snapshot->can_download()) source.incomplete = snapshot->why_not();
  std::sort(source.files.begin(), source.files.end());
  return source;
}

}  // namespace tl::detail
