// Data sets from files: CSV, TSV, JSON, CoNLL and plain text, one file per split.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/conll.hpp>
#include <tl/data/csv.hpp>
#include <tl/data/dataset.hpp>
#include <tl/data/dataset_dict.hpp>
#include <tl/data/json_lines.hpp>
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

/// Split names and their files, e.g. {{"train", "train.csv"}, {"test", "test.csv"}}.
struct DataFile : std::pair<std::string, std::filesystem::path> {
  using pair::pair;
  // Two names in braces would be one path from the address of the first to that of the second.
  DataFile(std::string split, std::initializer_list<const char*> files) = delete;
};
/// Files by split; several of one split are read one after the other.
using DataFiles = std::vector<DataFile>;

/// How the files of load_dataset are read: the fields of CsvOptions, JsonOptions and ConllOptions. A field that the
/// format does not have must keep its default.
struct LoadOptions {
  char delimiter = '\0';                       ///< csv; '\0': a tab in a .tsv file, else a comma
  bool has_header = true;                      ///< csv
  std::vector<std::string> column_names = {};  ///< csv, conll
  std::vector<std::string> columns = {};       ///< csv, json, conll
  std::vector<std::string> text_columns = {};  ///< csv, json
  std::string encoding = "utf-8";              ///< all: or "utf-16", "latin-1", "cp1252"
  Quoting quoting = Quoting::automatic;        ///< csv
  std::string field = {};                      ///< json
};

namespace detail {

/// The name of an option that was given and means nothing for the format; empty: none.
inline std::string_view option_without_use(std::string_view format, const LoadOptions& options) {
  if (format != "csv") {
    if (options.delimiter != '\0') return "delimiter";
    if (!options.has_header) return "has_header";
    if (format != "conll" && !options.column_names.empty()) return "column_names";
    if (options.quoting != Quoting::automatic) return "quoting";
  }
  if (format != "json" && !options.field.empty()) return "field";
  if (format == "text" && !options.columns.empty()) return "columns";
  return format != "csv" && format != "json" && !options.text_columns.empty() ? "text_columns" : "";
}

}  // namespace detail

/// Reads every split with load_csv ("csv"), load_jsonl ("json"), load_conll ("conll") or load_text ("text").
/// Throws invalid_argument for another format or an option that the format does not have, and what the readers throw.
inline DatasetDict load_dataset(std::string_view format, const DataFiles& files, const LoadOptions& options = {}) {
  check(format == "csv" || format == "json" || format == "conll" || format == "text", ErrorCode::invalid_argument,
        "load_dataset: expected the format csv, json, conll or text, got ", format);
  const std::string_view useless = detail::option_without_use(format, options);
  check(useless.empty(), ErrorCode::invalid_argument, "load_dataset: expected no ", useless, " for the format ",
        format);
  DatasetDict splits;
  for (const auto& [name, path] : files) {
    if (format == "csv")
      splits.insert(name, load_csv(path, {options.delimiter, options.has_header, options.column_names, options.columns,
                                          options.text_columns, options.encoding, options.quoting}));
    else if (format == "json")
      splits.insert(name, load_jsonl(path, {options.columns, options.text_columns, options.encoding, options.field}));
    else if (format == "conll")
      splits.insert(name, load_conll(path, {options.column_names, options.columns, options.encoding}));
    else splits.insert(name, load_text(path, options.encoding));
  }
  return splits;
}

}  // namespace tl
