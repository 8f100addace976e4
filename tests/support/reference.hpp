// Where tests find files: reference values committed beside the tests, and the larger shared collection if it is at
// hand.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "temporary_folder.hpp"

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
inline std::filesystem::path reference_file(const std::string& name) {
  return tests_dir() / "reference" / "data" / name;
}

/// A file of the optional shared collection (TL_SHARED_DIR, else ../shared beside the project), or nothing.
inline std::optional<std::filesystem::path> shared_file(const std::string& name) {
  const char* given = std::getenv("TL_SHARED_DIR");
  const auto root = given ? std::filesystem::path(given) : tests_dir().parent_path().parent_path() / "shared";
  const auto path = root / name;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

}  // namespace tl::test
