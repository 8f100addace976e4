// The formats of files that hold tables, by name and by extension: csv, json, conll and text, and those that optional
// libraries register when they are linked, such as parquet.
#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/compression.hpp>
#include <tl/data/conll.hpp>
#include <tl/data/csv.hpp>
#include <tl/data/dataset.hpp>
#include <tl/data/json_lines.hpp>
#include <tl/data/load_options.hpp>
#include <tl/data/parse_text.hpp>
#include <tl/data/stream/table_stream.hpp>
#include <tl/data/text_lines.hpp>

namespace tl {

/// A format of files that hold a table.
struct TableFormat {
  std::string name;                       ///< "csv"
  std::vector<std::string> extensions;    ///< in lower case with the point: ".csv", ".tsv"
  std::vector<std::string> options = {};  ///< names of the fields of LoadOptions that it heeds
  /// Reads one file.
  std::function<Dataset(const std::filesystem::path&, const LoadOptions&)> read;
  /// Writes one file; empty: the format is only read.
  std::function<void(const Dataset&, const std::filesystem::path&)> write = {};
  /// Opens one file to read it piece by piece; empty: a stream reads it as a whole.
  std::function<std::unique_ptr<TableStream>(const std::filesystem::path&, const LoadOptions&)> stream = {};
  bool is_built_in = false;  ///< one of the library's own, whose streams are in <tl/data/stream/stream_source.hpp>
};

namespace detail {

/// The words between the spaces of a text.
inline std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t begin = 0, end = 0; end < text.size(); begin = end + 1) {
    end = std::min(text.find(' ', begin), text.size());
    words.emplace_back(text.substr(begin, end - begin));
  }
  return words;
}

inline std::vector<TableFormat> text_formats() {
  using Path = std::filesystem::path;
  const auto csv = [](const Path& path, const LoadOptions& o) {
    return load_csv(path,
                    {o.delimiter, o.has_header, o.column_names, o.columns, o.text_columns, o.encoding, o.quoting});
  };
  const auto json = [](const Path& path, const LoadOptions& o) {
    return load_jsonl(path, {o.columns, o.text_columns, o.encoding, o.field});
  };
  const auto conll = [](const Path& path, const LoadOptions& o) {
    return load_conll(path, {o.column_names, o.columns, o.encoding});
  };
  const auto text = [](const Path& path, const LoadOptions& o) { return load_text(path, o.encoding); };
  // The place of what tl::parquet registers.
  const auto parquet = [](const Path& path, const LoadOptions&) -> Dataset {
    fail(ErrorCode::invalid_argument, path.native(),
         ": expected a program that reads parquet, this one is not linked with ",
         "tl::parquet; link it, or save the data in Python with to_json()");
  };
  std::vector<TableFormat> formats;
  const auto add = [&formats](const char* name, std::string_view extensions, std::string_view options, auto read) {
    formats.push_back({name, words_of(extensions), words_of(options), read});
    formats.back().is_built_in = true;
  };
  add("csv", ".csv .tsv .tab", "delimiter has_header column_names columns text_columns encoding quoting", csv);
  add("json", ".json .jsonl .ndjson", "columns text_columns encoding field", json);
  add("conll", ".conll .conllu .bio", "column_names columns encoding", conll);
  add("text", ".txt .text", "encoding", text);
  add("parquet", ".parquet .geoparquet .gpq", "columns", parquet);
  return formats;
}

/// All formats; whatever reads or changes them holds the lock.
struct TableFormats {
  std::mutex mutex;
  std::vector<TableFormat> formats = text_formats();

  static TableFormats& instance() {
    static TableFormats formats;
    return formats;
  }
};

/// The extension that says what a file holds, in lower case and without that of a compression: ".csv" of "A.CSV.gz".
inline std::string data_extension(const std::filesystem::path& path) {
  return ascii_lower(without_compression(path).extension().native());
}

}  // namespace detail

/// Adds a format, or replaces the one of that name.
inline void register_table_format(TableFormat format) {
  auto& all = detail::TableFormats::instance();
  const std::lock_guard lock(all.mutex);
  std::erase_if(all.formats, [&](const TableFormat& known) { return known.name == format.name; });
  all.formats.push_back(std::move(format));
}

/// The formats that are known, in the order in which they were registered.
inline std::vector<TableFormat> table_formats() {
  auto& all = detail::TableFormats::instance();
  const std::lock_guard lock(all.mutex);
  return all.formats;
}

/// The format of that name; nothing if there is none.
inline std::optional<TableFormat> find_table_format(std::string_view name) {
  for (TableFormat& format : table_formats())
    if (format.name == name) return std::move(format);
  return std::nullopt;
}

/// The format of a file by its extension, which may be followed by that of a compression ("train.csv.gz"); nothing if
/// no format has it.
inline std::optional<TableFormat> table_format_of(const std::filesystem::path& path) {
  const std::string extension = detail::data_extension(path);
  for (TableFormat& format : table_formats())
    if (detail::holds_name(format.extensions, extension)) return std::move(format);
  return std::nullopt;
}

}  // namespace tl
