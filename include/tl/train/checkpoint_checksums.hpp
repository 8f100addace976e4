// The checksums of a checkpoint: "checksums.xxh64", one line per file, which "xxhsum -c" checks as well. A flipped bit
// in weights or moments would otherwise be trained on in silence.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <tl/io/atomic_file.hpp>
#include <tl/io/checksum.hpp>
#include <tl/io/mapped_file.hpp>

namespace tl {

namespace detail {

constexpr const char* checksums_name = "checksums.xxh64";

inline std::string file_checksum(const std::filesystem::path& path) {
  const MappedFile file(path);
  Xxh64 checksum;
  checksum.update(file.bytes());
  return checksum_text(checksum.digest());
}

/// One line of a file of checksums: 16 hexadecimal digits, two characters that do not matter, and the name.
struct ChecksumLine {
  std::string_view digits, name;
};

inline std::optional<ChecksumLine> parse_checksum_line(std::string_view line) {
  constexpr std::size_t digits = 16;
  if (line.size() < digits + 3 || line[digits] != ' ') return std::nullopt;
  if (line.substr(0, digits).find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
  return ChecksumLine{line.substr(0, digits), line.substr(digits + 2)};
}

/// Writes the checksums of all files in `folder`, not of those in folders below; what `log` does not know is read.
/// Throws Error(io).
inline void write_checksums(const std::filesystem::path& folder, const ChecksumLog& log) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (std::filesystem::is_regular_file(entry.symlink_status(error)) &&
        entry.path().native().find('\n') == std::string::npos)
      names.push_back(entry.path().filename().native());
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) {
    const auto known = log.find(folder / name);
    text += str_cat(known ? checksum_text(*known) : file_checksum(folder / name), "  ", name, '\n');
  }
  write_file(folder / checksums_name, text);
}

/// Compares every file that is listed in the checksums of a checkpoint, and there, with its checksum. A checkpoint of
/// an earlier version, which has none, passes. Throws Error(format) naming the file that is not as it was written.
inline void verify_checksums(const std::filesystem::path& folder) {
  const auto path = folder / checksums_name;
  if (!path_exists(path)) return;
  const MappedFile file(path);
  std::string_view text = file.text();
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto parsed = parse_checksum_line(line);
    check(parsed.has_value(), ErrorCode::format, path.native(), ", line ", number,
          ": expected 16 hexadecimal digits, two blanks and a file name");
    const auto listed = folder / parsed->name;
    check(parsed->name.find('/') == std::string_view::npos, ErrorCode::format, path.native(), ", line ", number,
          ": expected the name of a file of this folder");
    if (!path_exists(listed)) continue;
    const std::string found = file_checksum(listed);
    check(found == parsed->digits, ErrorCode::format, listed.native(), ": expected the checksum ", parsed->digits,
          ", which it was written with, got ", found,
          ": the file is damaged; if it was changed on purpose, remove its "
          "line from ",
          path.native());
  }
}

}  // namespace detail

}  // namespace tl
