// Data sets from files: CSV, JSON lines and plain text, one file per split.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/csv.hpp>
#include <tl/data/dataset.hpp>
#include <tl/data/dataset_dict.hpp>
#include <tl/data/json_lines.hpp>
#include <tl/io/mapped_file.hpp>

namespace tl {

/// Reads a text file, one row per line, as the column "text". A line ends with LF, CRLF or CR; empty lines are rows.
/// Throws io, or format with the line of a byte that is not UTF-8.
inline Dataset load_text(const std::filesystem::path& path) {
  const MappedFile file(path);
  std::string_view text = detail::checked_text(file);
  std::vector<std::string> lines;
  RowPlaces places{.file = path.native()};
  while (!text.empty()) {
    const std::size_t length = std::min(text.find_first_of("\r\n"), text.size());
    lines.push_back(std::string(text.substr(0, length)));
    places.numbers.push_back(static_cast<std::int64_t>(lines.size()));
    text.remove_prefix(length);
    text.remove_prefix(text.starts_with("\r\n") ? 2 : text.empty() ? 0 : 1);
  }
  return Dataset::from_columns({{"text", std::move(lines)}}, std::move(places));
}

/// Split names and their files, e.g. {{"train", "train.csv"}, {"test", "test.csv"}}.
using DataFiles = std::vector<std::pair<std::string, std::filesystem::path>>;

/// Reads every split with load_csv ("csv"), load_jsonl ("json") or load_text ("text").
/// Throws invalid_argument for another format, and what the readers throw.
inline DatasetDict load_dataset(std::string_view format, const DataFiles& files) {
  DatasetDict splits;
  for (const auto& [name, path] : files) {
    if (format == "csv") splits.insert(name, load_csv(path));
    else if (format == "json") splits.insert(name, load_jsonl(path));
    else if (format == "text") splits.insert(name, load_text(path));
    else fail(ErrorCode::invalid_argument, "load_dataset: expected the format csv, json or text, got ", format);
  }
  return splits;
}

}  // namespace tl
