// A cache of the Hugging Face libraries in a folder of the test, written by its layout.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "support/environment_variable.hpp"
#include "support/reference.hpp"

namespace tl::test {

/// An empty cache that the environment names, so that a test neither reads nor writes that of the user.
class HubCache {
 public:
  const std::filesystem::path& path() const { return folder_.path(); }
  std::filesystem::path folder(const std::string& name) const { return folder_.path() / name; }

  /// Writes a repository's files as a download does, and the commit that `revision` names. `name` is that of the
  /// folder, "models--owner--name".
  void add(const std::string& name, const std::string& commit, const std::map<std::string, std::string>& files,
           const std::string& revision = "main") const {
    namespace fs = std::filesystem;
    const fs::path repository = folder(name);
    for (const auto& [path, content] : files) {
      const fs::path link = repository / "snapshots" / commit / path;
      fs::create_directories(link.parent_path());
      fs::create_directories(repository / "blobs");
      const std::string blob = std::to_string(std::hash<std::string>{}(path + content));
      write_text(repository / "blobs" / blob, content);
      fs::remove(link);
      fs::create_symlink(fs::relative(repository / "blobs" / blob, link.parent_path()), link);
    }
    if (revision.empty()) return;
    fs::create_directories((repository / "refs" / revision).parent_path());
    write_text(repository / "refs" / revision, commit);
  }

  /// Adds all files of a folder.
  void add_folder(const std::string& name, const std::string& commit, const std::filesystem::path& from) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(from))
      if (entry.is_regular_file()) files[entry.path().filename().string()] = read_text(entry.path());
    add(name, commit, files);
  }

 private:
  TemporaryFolder folder_;
  EnvironmentVariable cache_{"HF_HUB_CACHE", folder_.path().string()};
  EnvironmentVariable token_{"HF_TOKEN", std::nullopt}, offline_{"HF_HUB_OFFLINE", std::nullopt};
  EnvironmentVariable older_offline_{"TRANSFORMERS_OFFLINE", std::nullopt};
};

}  // namespace tl::test
