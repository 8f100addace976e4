// Data sets from files: CSV, TSV, JSON, CoNLL and plain text, one file per split.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <optional>
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
#include <tl/data/load_options.hpp>
#include <tl/data/table_format.hpp>
#include <tl/data/text_lines.hpp>

namespace tl {

/// Split names and their files, e.g. {{"train", "train.csv"}, {"test", "test.csv"}}.
struct DataFile : std::pair<std::string, std::filesystem::path> {
  using pair::pair;
  // Two names in braces would be one path from the address of the first to that of the second.
  DataFile(std::string split, std::initializer_list<const char*> files) = delete;
};
/// Files by split; several of one split are read one after the other.
using DataFiles = std::vector<DataFile>;

namespace detail {

/// The name of an option that was given and means nothing for the format; empty: none.
inline std::string_view option_without_use(const TableFormat& format, const LoadOptions& options) {
  const LoadOptions none;
  const std::pair<std::string_view, bool> given[] = {{"delimiter", options.delimiter != none.delimiter},
                                                     {"has_header", options.has_header != none.has_header},
                                                     {"column_names", !options.column_names.empty()},
                                                     {"quoting", options.quoting != none.quoting},
                                                     {"field", !options.field.empty()},
                                                     {"columns", !options.columns.empty()},
                                                     {"text_columns", !options.text_columns.empty()},
                                                     {"encoding", options.encoding != none.encoding}};
  for (const auto& [name, is_given] : given)
    if (is_given && std::ranges::find(format.options, name) == format.options.end()) return name;
  return "";
}

/// Names of the formats with commas between, "or" before the last: "csv, json, conll or text".
inline std::string format_names() {
  const std::vector<TableFormat> formats = table_formats();
  std::string names;
  for (std::size_t i = 0; i < formats.size(); ++i)
    names += str_cat(i == 0 ? "" : i + 1 == formats.size() ? " or " : ", ", formats[i].name);
  return names;
}

}  // namespace detail

/// Reads every split in the format of that name: load_csv ("csv"), load_jsonl ("json"), load_conll ("conll"), load_text
/// ("text"), or one that was registered. Throws invalid_argument for another format or an option that the format does
/// not have, and what the readers throw.
inline DatasetDict load_dataset(std::string_view format, const DataFiles& files, const LoadOptions& options = {}) {
  const std::optional<TableFormat> found = find_table_format(format);
  check(found.has_value(), ErrorCode::invalid_argument, "load_dataset: expected the format ", detail::format_names(),
        ", got ", format);
  const std::string_view useless = detail::option_without_use(*found, options);
  check(useless.empty(), ErrorCode::invalid_argument, "load_dataset: expected no ", useless, " for the format ",
        format);
  DatasetDict splits;
  for (const auto& [name, path] : files) splits.insert(name, found->read(path, options));
  return splits;
}

}  // namespace tl
