// A cache of the Hugging Face libraries in a folder of the test, written by its layout, and environment variables that
// are as before at the end of the test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "support/reference.hpp"

namespace tl::test {

/// Sets a variable of the environment, or removes it, for as long as this object lives.
class EnvironmentVariable {
 public:
  EnvironmentVariable(std::string name, const std::optional<std::string>& value) : name_(std::move(name)) {
    if (const char* const before = std::getenv(name_.c_str())) before_ = before;
    set(value);
  }
  ~EnvironmentVariable() { set(before_); }
  EnvironmentVariable(const EnvironmentVariable&) = delete;
  EnvironmentVariable& operator=(const EnvironmentVariable&) = delete;

 private:
  void set(const std::optional<std::string>& value) const {
    if (value) ::setenv(name_.c_str(), value->c_str(), 1);
    else ::unsetenv(name_.c_str());
  }

  std::string name_;
  std::optional<std::string> before_;
};

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
