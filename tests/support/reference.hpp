// Where tests find files: reference values committed beside the tests, and the larger shared collection if it is at hand.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include <tl/core/error.hpp>

namespace tl::test {

/// The tests/ folder of the source tree (set by CMake, else found from this header).
inline std::filesystem::path tests_dir() {
#ifdef TL_TESTS_DIR
  return TL_TESTS_DIR;
#else
  return std::filesystem::path(__FILE__).parent_path().parent_path();
#endif
}

/// A file below tests/reference/data.
inline std::filesystem::path reference_file(const std::string& name) { return tests_dir() / "reference" / "data" / name; }

/// A file of the optional shared collection (TL_SHARED_DIR, else ../shared beside the project), or nothing.
inline std::optional<std::filesystem::path> shared_file(const std::string& name) {
  const char* given = std::getenv("TL_SHARED_DIR");
  const auto root = given ? std::filesystem::path(given) : tests_dir().parent_path().parent_path() / "shared";
  const auto path = root / name;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

/// The whole content of a file.
inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  check(in.good(), ErrorCode::io, "cannot open ", path.string());
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

/// A fresh folder below the system's temporary folder that disappears with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tl_test_XXXXXX").string();
    check(::mkdtemp(pattern.data()) != nullptr, ErrorCode::io, "cannot make a temporary folder like ", pattern);
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace tl::test
