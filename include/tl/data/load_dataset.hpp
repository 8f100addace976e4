// Data sets from files, by the names of splits: of a format, of a folder, or of a repository on a hub. What is read is
// found in dataset_files.hpp.
#pragma once

#include <concepts>
#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/concatenate.hpp>
#include <tl/data/conll.hpp>
#include <tl/data/csv.hpp>
#include <tl/data/dataset.hpp>
#include <tl/data/dataset_dict.hpp>
#include <tl/data/dataset_files.hpp>
#include <tl/data/json_lines.hpp>
#include <tl/data/load_options.hpp>
#include <tl/data/split_spec.hpp>
#include <tl/data/table_format.hpp>
#include <tl/data/text_lines.hpp>
#include <tl/io/read_file.hpp>

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
    if (is_given && !holds_name(format.options, name)) return name;
  return "";
}

/// Throws format for a Git LFS pointer, and for a file that is not what its extension says as far as its first bytes
/// tell; io if it cannot be read.
inline void check_content(const std::filesystem::path& path, const TableFormat& format) {
  std::error_code absent;
  if (!std::filesystem::is_regular_file(path, absent)) return;  // reading from a pipe would take its bytes
  const OpenFile file = open_file(path);
  char bytes[64];
  const std::string_view begin(bytes, read_at(file.descriptor.get(), path, bytes, sizeof bytes, 0));
  const bool parquet = format.name == "parquet";
  check(parquet || !begin.starts_with("PAR1"), ErrorCode::format, path.native(), ": expected the format ", format.name,
        ", got a parquet file; its name must end with .parquet");
  const std::string lower = ascii_lower(begin);
  check(!lower.starts_with("<!doctype html") && !lower.starts_with("<html"), ErrorCode::format, path.native(),
        ": expected the format ", format.name, ", got a web page; download the file itself");
}

/// Class ids get the names that README.md gives them; texts become the ids of their names.
inline Dataset with_classes(const Dataset& rows, const CardFeature& feature) {
  const ColumnType type = rows.column_type(feature.name);
  if (type == ColumnType::string) return rows.cast_column(feature.name, {feature.class_names});
  if (type == ColumnType::int64 || type == ColumnType::list_int32)
    return rows.with_class_names(feature.name, feature.class_names);
  return rows;  // tags by their names
}

/// Reads the files of a data set, split by split.
class DatasetLoader {
 public:
  explicit DatasetLoader(DatasetFiles files) : files_(std::move(files)) {
    const std::string_view useless = option_without_use(files_.format, files_.options);
    check(useless.empty(), ErrorCode::invalid_argument, "load_dataset: expected no ", useless, " for the format ",
          files_.format.name);
    check(files_.options.float_columns.empty(), ErrorCode::invalid_argument,
          "load_dataset: expected no float_columns, which are for stream_dataset(); here all rows of a column decide");
  }

  /// The splits of these names, or all.
  DatasetDict load(const std::vector<std::string>& wanted = {}) const {
    DatasetDict splits;
    for (const SplitFiles& split : files_.splits)
      if (wanted.empty() || holds_name(wanted, split.name)) splits.insert(split.name, read(split));
    if (!files_.is_whole || !wanted.empty()) return splits;
    for (const auto& [name, rows] : files_.info.rows)
      check(splits.contains(name), ErrorCode::not_found, files_.source.name, ": expected files of the split ", name,
            ", which README.md counts ", rows, " rows of, found those of ", python_text(splits.names()),
            files_.source.incomplete.empty() ? "" : "; ", files_.source.incomplete);
    return splits;
  }

 private:
  Dataset read(const SplitFiles& split) const {
    check(split.missing.empty(), ErrorCode::not_found, split.missing);
    std::vector<std::filesystem::path> paths;
    for (const std::string& file : split.files) paths.push_back(files_.source.path_of(file));
    Dataset rows = typed(paths);
    for (const CardFeature& feature : files_.info.features)
      if (!feature.class_names.empty() && rows.has_column(feature.name)) rows = with_classes(rows, feature);
    if (!files_.is_whole) return rows;
    for (const auto& [name, count] : files_.info.rows)
      check(name != split.name || count == rows.num_rows(), ErrorCode::format, files_.source.name, ": expected ", count,
            " rows in the split ", name, ", as README.md says, got ", rows.num_rows());
    return rows;
  }

  /// The rows of all files. A column that README.md calls a text, or that is one in another file, is read as a text.
  Dataset typed(const std::vector<std::filesystem::path>& paths) const {
    LoadOptions options = files_.options;
    std::vector<Dataset> parts = parts_of(paths, options);
    if (!holds_name(files_.format.options, "text_columns")) return concatenate_datasets(std::move(parts));
    const std::size_t texts = options.text_columns.size();
    for (const std::string& name : parts.front().column_names()) {
      bool number = false, text = declared_text(name);
      for (const Dataset& part : parts) {
        if (!part.has_column(name) || part.num_rows() == 0) continue;
        const ColumnType type = part.column_type(name);
        number = number || type == ColumnType::int64 || type == ColumnType::float64;
        text = text || (files_.format.name == "csv" && type == ColumnType::string);
      }
      if (number && text) options.text_columns.push_back(name);
    }
    if (options.text_columns.size() > texts) parts = parts_of(paths, options);
    return concatenate_datasets(std::move(parts));
  }

  bool declared_text(const std::string& name) const {
    for (const CardFeature& feature : files_.info.features)
      if (feature.name == name)
        return !feature.is_list && (feature.dtype == "string" || feature.dtype == "large_string");
    return false;
  }

  std::vector<Dataset> parts_of(const std::vector<std::filesystem::path>& paths, const LoadOptions& options) const {
    std::vector<Dataset> parts;
    for (const std::filesystem::path& path : paths) {
      check_content(path, files_.format);
      parts.push_back(files_.format.read(path, options));
    }
    return parts;
  }

  DatasetFiles files_;
};

/// The names that are needed. Throws not_found for one that is not there, before anything is read.
inline const std::vector<std::string>& present(const DatasetFiles& files, const Split& split,
                                               const std::vector<std::string>& needed) {
  const std::vector<std::string> names = files.names();
  for (const std::string& name : needed)
    check(holds_name(names, name), ErrorCode::not_found, "split ", Repr{split.spec}, ": expected one of ",
          python_text(names), ", got ", Repr{name});
  return needed;
}

/// The files of each split as patterns.
inline SplitPatterns patterns_of(const DataFiles& files) {
  SplitPatterns patterns;
  for (const auto& [split, path] : files) {
    std::size_t at = 0;
    while (at < patterns.size() && patterns[at].first != split) ++at;
    if (at == patterns.size()) patterns.push_back({split, {}});
    patterns[at].second.push_back(path.native());
  }
  return patterns;
}

inline DatasetDict load_files(std::string_view path, const DataFiles& files, const LoadOptions& options) {
  if (files.empty())
    if (auto format = find_table_format(path)) return DatasetLoader({{}, std::move(*format), {}, options}).load();
  return DatasetLoader(find_dataset_files(path, options, patterns_of(files))).load();
}

inline Dataset load_rows(std::string_view path, const DataFiles& files, const Split& split,
                         const LoadOptions& options) {
  const std::vector<std::string> needed = needed_splits(split);
  const DatasetFiles found = find_dataset_files(path, options, patterns_of(files));
  return select_split(DatasetLoader(found).load(present(found, split, needed)), split);
}

}  // namespace detail

/// Reads a data set that is a folder, a file, or the name of a repository on a hub, which is downloaded into the
/// Hugging Face cache if the program is linked with tl::hub. Which files are its splits says the YAML head of README.md
/// (`options.name` chooses one of its configurations), else their names do: train.csv, dev.jsonl,
/// data/test-00000-of-00002.parquet; else all are the split "train". Throws not_found, invalid_argument and format, and
/// what readers and hub throw.
inline DatasetDict load_dataset(std::string_view path, const LoadOptions& options = {}) {
  return detail::DatasetLoader(find_dataset_files(path, options)).load();
}

/// The rows of splits: `load_dataset("rotten_tomatoes", tl::Split("train[:10%]"))`. Reads what it needs.
inline Dataset load_dataset(std::string_view path, const Split& split, const LoadOptions& options = {}) {
  const std::vector<std::string> needed = detail::needed_splits(split);
  const DatasetFiles files = find_dataset_files(path, options);
  return select_split(detail::DatasetLoader(files).load(detail::present(files, split, needed)), split);
}

/// Reads the files of each split, which may be patterns such as "data/*.csv": of a format ("csv", "json", "conll",
/// "text", "parquet", or one that was registered), or in a folder or a repository.
template <std::same_as<DataFiles> Files>  // not by conversion: g++ takes two options in braces for two iterators
DatasetDict load_dataset(std::string_view path, const Files& files, const LoadOptions& options = {}) {
  return detail::load_files(path, files, options);
}
inline DatasetDict load_dataset(std::string_view path, std::initializer_list<DataFile> files,
                                const LoadOptions& options = {}) {
  return detail::load_files(path, files, options);
}

/// The same for rows of splits.
template <std::same_as<DataFiles> Files>
Dataset load_dataset(std::string_view path, const Files& files, const Split& split, const LoadOptions& options = {}) {
  return detail::load_rows(path, files, split, options);
}
inline Dataset load_dataset(std::string_view path, std::initializer_list<DataFile> files, const Split& split,
                            const LoadOptions& options = {}) {
  return detail::load_rows(path, files, split, options);
}

}  // namespace tl
