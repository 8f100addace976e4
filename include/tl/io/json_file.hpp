// JSON files: read with errors that name the file, written atomically.
#pragma once

#include <cmath>
#include <concepts>
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

/// Gives the value of `key` in an object of the file `path` to `read`, which puts it to `value`.
inline void read_member(const Json& json, const char* key, void* value, void (*read)(const Json&, void*),
                        const std::filesystem::path& path) {
  const Json* const member = json.find(key);
  check(member != nullptr, ErrorCode::format, path.native(), ": expected the key \"", key, "\", which is missing");
  try {
    read(*member, value);
  } catch (const Error&) {
    fail(ErrorCode::format, path.native(), ", key \"", key, "\": got a value of the wrong type, ", member->type_name());
  }
}

/// Reads the value of `key` from an object of the file `path`; a fraction is no integer. Throws Error(format) naming
/// file and key.
template <class T> void read_member(const Json& json, const char* key, T& value, const std::filesystem::path& path) {
  const auto read = [](const Json& member, void* place) {
    if constexpr (std::integral<T> && !std::same_as<T, bool>)
      check(!member.is_number_float() || std::trunc(member.get<double>()) == member.get<double>(), ErrorCode::format,
            "JSON: expected an integer");
    *static_cast<T*>(place) = member.get<T>();
  };
  read_member(json, key, &value, read, path);
}

}  // namespace detail

}  // namespace tl
