// JSON files: read with errors that name the file, written atomically.
#pragma once

#include <filesystem>
#include <string>

#include <tl/io/atomic_file.hpp>
#include <tl/io/json.hpp>
#include <tl/io/read_file.hpp>

namespace tl {

/// Reads a whole file. Throws io if it cannot be read, format with path and byte offset if it is not JSON, or for a Git
/// LFS pointer.
inline Json read_json(const std::filesystem::path& path) { return parse_json(read_file(path), path.native()); }

/// Writes json.dumps(value, ...) and a newline atomically. Throws io.
inline void write_json(const std::filesystem::path& path, const Json& value, const JsonStyle& style = {}) {
  write_file(path, dump_json(value, style) + "\n");
}

namespace detail {

/// Reads the value of `key` from an object of the file `path`; a fraction is no integer. Throws Error(format) naming
/// file and key.
template <class T> void read_member(const Json& json, const char* key, T& value, const std::filesystem::path& path) {
  const Json* const member = find_member(json, key);
  check(member != nullptr, ErrorCode::format, path.native(), ": expected the key \"", key, "\", which is missing");
  try {
    value = json_get<T>(*member);
  } catch (const Error&) {
    fail(ErrorCode::format, path.native(), ", key \"", key, "\": got a value of the wrong type, ", member->type_name());
  }
}

}  // namespace detail

}  // namespace tl
