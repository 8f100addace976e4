// tests/support/local_hub.py for a test in C++: started in a folder of the test, and named by the environment, so that
// the client asks it and no other.
#pragma once

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <forward_list>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/io/json.hpp>

#include "support/environment_variable.hpp"
#include "support/temporary_folder.hpp"

namespace tl::test {

/// Several variables of the environment, which are as before when this object goes.
class Environment {
 public:
  Environment() = default;
  ~Environment() {
    while (!variables_.empty()) variables_.pop_front();  // the last one that was set is the first that is set back
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  void set(const std::string& name, const std::optional<std::string>& value) { variables_.emplace_front(name, value); }

 private:
  std::forward_list<EnvironmentVariable> variables_;
};

/// Whether a program of that name can be run.
inline bool has_program(const std::string& name) {
  return std::system(("command -v " + name + " > /dev/null 2>&1").c_str()) == 0;
}

class LocalHub {
 public:
  /// With files of a certificate and its key the servers speak TLS.
  explicit LocalHub(const std::filesystem::path& certificate = {}, const std::filesystem::path& key = {}) {
    std::filesystem::create_directories(root());
    std::vector<std::string> words = {"python3", std::string(TL_TESTS_DIR) + "/support/local_hub.py", root().string()};
    if (!certificate.empty()) words.insert(words.end(), {"--certificate", certificate.string(), "--key", key.string()});
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    check(::posix_spawnp(&process_, "python3", nullptr, nullptr, arguments.data(), environ) == 0, ErrorCode::io,
          "python3 cannot be started");
    for (int i = 0; !std::filesystem::exists(root() / "ready"); ++i) {
      check(i < 1000, ErrorCode::io, "the local hub did not start within 10 seconds");
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    const Json ready = parse_json(read_text(root() / "ready"), "ready");
    address_ = ready["hub"].get<std::string>();
    store_ = ready["store"].get<std::string>();
    environment.set("HF_ENDPOINT", address_);
    environment.set("HF_HOME", home().string());
    for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE", "HF_HUB_CACHE",
                             "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_OFFLINE", "http_proxy", "https_proxy",
                             "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "HF_HUB_DISABLE_IMPLICIT_TOKEN",
                             "HF_HUB_DISABLE_SYMLINKS", "HF_HUB_ETAG_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT"})
      environment.set(name, std::nullopt);
  }
  ~LocalHub() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  LocalHub(const LocalHub&) = delete;
  LocalHub& operator=(const LocalHub&) = delete;

  std::filesystem::path root() const { return folder_.path() / "root"; }
  std::filesystem::path home() const { return folder_.path() / "home"; }
  std::filesystem::path cache() const { return home() / "hub"; }
  const std::string& address() const { return address_; }
  const std::string& store() const { return store_; }

  /// Writes a file of a repository: add("models/org/name", "config.json", "{}").
  void add(const std::string& repository, const std::string& path, std::string_view content) const {
    const auto file = root() / repository / path;
    std::filesystem::create_directories(file.parent_path());
    write_text(file, content);
  }

  /// What is special about a repository, a JSON.
  void about(const std::string& repository, const std::string& json) const {
    const std::filesystem::path file = root() / (repository + ".json");
    std::filesystem::create_directories(file.parent_path());
    write_text(file, json);
  }

  /// What goes wrong from now on, a JSON array as local_hub.py describes it.
  void faults(const std::string& json) const {
    write_text(root() / "faults.new", json);
    std::filesystem::rename(root() / "faults.new", root() / "faults.json");
  }

  /// All requests up to now that have `part` in their path.
  std::vector<Json> requests(const std::string& part = "") const {
    std::vector<Json> found;
    if (!std::filesystem::exists(root() / "requests.jsonl")) return found;
    std::istringstream lines(read_text(root() / "requests.jsonl"));
    for (std::string line; std::getline(lines, line);) {
      Json request = parse_json(line, "requests.jsonl");
      if (request["path"].get<std::string>().find(part) != std::string::npos) found.push_back(std::move(request));
    }
    return found;
  }

  Environment environment;

 private:
  TemporaryFolder folder_;
  pid_t process_ = 0;
  std::string address_, store_;
};

/// The paths of all files and links below a folder, sorted.
inline std::vector<std::string> tree_of(const std::filesystem::path& folder) {
  std::vector<std::string> paths;
  if (!std::filesystem::exists(folder)) return paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (!entry.is_directory()) paths.push_back(entry.path().lexically_relative(folder).string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// `size` bytes that look random and are the same each time.
inline std::string noise(std::size_t size, std::uint32_t seed = 1) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>((seed = seed * 1664525U + 1013904223U) >> 24);
  return bytes;
}

}  // namespace tl::test

/// Ends the test case here where there is no python3 for the server.
#define TL_NEED_LOCAL_HUB() \
  if (!tl::test::has_program("python3")) TL_SKIP("the local hub needs python3")
