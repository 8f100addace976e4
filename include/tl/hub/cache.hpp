// The cache of the Hugging Face libraries by its written layout, so that one download serves Python and C++:
//
//   CACHE/models--OWNER--NAME/refs/REVISION             a text: the commit that the revision named last
//   CACHE/models--OWNER--NAME/snapshots/COMMIT/PATH     a relative link to ../../blobs/ETAG
//   CACHE/models--OWNER--NAME/blobs/ETAG                the content
//   CACHE/models--OWNER--NAME/.no_exist/COMMIT/PATH     an empty file: that commit has no such file
//   CACHE/.locks/models--OWNER--NAME/ETAG.lock          held while the blob is written
//
// Everything here reads; what writes is the client's (client.hpp).
#pragma once

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <tl/hub/environment.hpp>
#include <tl/hub/options.hpp>
#include <tl/hub/repository.hpp>
#include <tl/io/read_file.hpp>

namespace tl::hub {

namespace detail {

/// A path of several parts.
inline std::filesystem::path joined(std::filesystem::path folder, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) folder /= part;
  return folder;
}

inline void check_commit(const Repository& repository, std::string_view commit) {
  check(is_commit(commit), ErrorCode::invalid_argument, repository.id,
        ": expected a commit of 40 hexadecimal digits, got \"", commit, "\"");
}

/// Whether the path leads to a file. Throws io if that cannot be seen: what may not be read is not missing.
inline bool is_file(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::none) tl::detail::fail_errno("read", path, error.value());
  return std::filesystem::is_regular_file(status);
}

}  // namespace detail

/// The cache's folder: that of the options, else that of the environment.
inline std::filesystem::path cache_dir(const Options& options) {
  return options.cache_dir.empty() ? cache_dir() : options.cache_dir;
}

/// "models--owner--name" or "datasets--owner--name". Throws invalid_argument for what cannot be a repository's name.
inline std::string repository_folder_name(const Repository& repository) {
  check_repository(repository);
  std::string name = str_cat(to_string(repository.kind), "s--", repository.id);
  if (const auto slash = name.find('/'); slash != std::string::npos) name.replace(slash, 1, "--");
  return name;
}

/// The repository's folder in the cache, whether it exists or not.
inline std::filesystem::path repository_folder(const Repository& repository, const Options& options = {}) {
  return detail::joined(cache_dir(options), {repository_folder_name(repository)});
}

/// The file that says which commit the revision named last, whether it exists or not.
inline std::filesystem::path ref_file(const Repository& repository, const Options& options = {}) {
  return detail::joined(repository_folder(repository, options), {"refs", repository.revision});
}

/// The folder of a commit's files, whether it exists or not.
inline std::filesystem::path snapshot_folder(const Repository& repository, std::string_view commit,
                                             const Options& options = {}) {
  detail::check_commit(repository, commit);
  return detail::joined(repository_folder(repository, options), {"snapshots", commit});
}

/// The empty file that says that the commit has no file of that path, whether it exists or not.
inline std::filesystem::path no_exist_file(const Repository& repository, std::string_view commit, std::string_view path,
                                           const Options& options = {}) {
  check_file_path(repository, path);
  detail::check_commit(repository, commit);
  return detail::joined(repository_folder(repository, options), {".no_exist", commit, path});
}

/// The commit that the revision names as far as the cache knows: the revision itself if it is a commit, else what refs/
/// says. Throws io if refs/ cannot be read, format if what stands there is no commit.
inline std::optional<std::string> cached_commit(const Repository& repository, const Options& options = {}) {
  if (is_commit(repository.revision)) return repository.revision;
  const auto path = ref_file(repository, options);
  if (!detail::is_file(path)) return std::nullopt;
  std::string commit = detail::trimmed(read_file(path));
  check(is_commit(commit), ErrorCode::format, path.native(), ": expected a commit of 40 hexadecimal digits, got \"",
        commit.substr(0, 60), "\"; remove the file, and the next download writes it again");
  return commit;
}

/// The file of the commit that the revision names, if its content is there. A link without its blob is no file. Throws
/// what cached_commit() throws, and format for a path that leads out of the repository.
inline std::optional<std::filesystem::path> cached_file(const Repository& repository, std::string_view path,
                                                        const Options& options = {}) {
  check_file_path(repository, path);
  const auto commit = cached_commit(repository, options);
  if (!commit) return std::nullopt;
  std::filesystem::path file = detail::joined(snapshot_folder(repository, *commit, options), {path});
  if (!detail::is_file(file)) return std::nullopt;
  return file;
}

/// Whether the cache knows that the commit that the revision names has no file of that path.
inline bool known_missing(const Repository& repository, std::string_view path, const Options& options = {}) {
  const auto commit = cached_commit(repository, options);
  return commit && detail::is_file(no_exist_file(repository, *commit, path, options));
}

/// The paths of the files that the cache has of the commit that the revision names, sorted: not more than what was
/// downloaded, so perhaps not all of the repository's.
inline std::vector<std::string> cached_listing(const Repository& repository, const Options& options = {}) {
  namespace fs = std::filesystem;
  std::vector<std::string> paths;
  const auto commit = cached_commit(repository, options);
  if (!commit) return paths;
  const fs::path folder = snapshot_folder(repository, *commit, options);
  std::error_code error;
  if (!fs::is_directory(folder, error)) return paths;
  fs::recursive_directory_iterator at(folder, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    std::error_code absent;
    if (at->is_regular_file(absent)) paths.push_back(at->path().lexically_relative(folder).generic_string());
  }
  if (error) tl::detail::fail_errno("read", folder, error.value());
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// The repository and the commit whose snapshot `folder` is, if it is one of a cache.
inline std::optional<Repository> repository_of(const std::filesystem::path& folder) {
  const auto snapshots = folder.parent_path(), repository = snapshots.parent_path();
  const std::string commit = folder.filename().string(), name = repository.filename().string();
  if (snapshots.filename() != "snapshots" || !is_commit(commit)) return std::nullopt;
  for (const RepositoryKind kind : {RepositoryKind::model, RepositoryKind::dataset}) {
    const std::string begin = str_cat(to_string(kind), "s--");
    if (!name.starts_with(begin)) continue;
    std::string id = name.substr(begin.size());
    if (const auto dashes = id.find("--"); dashes != std::string::npos) id.replace(dashes, 2, "/");
    if (is_repository_id(id)) return Repository{kind, id, commit};
  }
  return std::nullopt;
}

}  // namespace tl::hub
