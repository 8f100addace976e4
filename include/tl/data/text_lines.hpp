// Plain text files as data sets: one row per line.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/data/dataset.hpp>
#include <tl/data/text_file.hpp>

namespace tl {

/// Reads a text file, one row per line, as the column "text". A line ends with LF, CRLF or CR; empty lines are rows.
/// Throws io, invalid_argument for an encoding that is not known, or format with the line of a byte that does not fit.
inline Dataset load_text(const std::filesystem::path& path, std::string_view encoding = "utf-8") {
  const std::string content = detail::read_text_file(path, encoding);
  std::vector<std::string> lines;
  SourceLocations places{.file = path.native()};
  for (const detail::NumberedLine& line : detail::numbered_lines(content)) {
    lines.emplace_back(line.text);
    places.numbers.push_back(line.number);
  }
  return Dataset::from_columns({{"text", std::move(lines)}}, std::move(places));
}

}  // namespace tl
