// JSON files as data sets, in the shapes that Python reads: objects one per line, over several lines or side by side,
// an array of objects, one of texts, any of these under a key (JsonOptions::field), and one object of columns. What
// rows become is in json_rows.hpp; files of one object per line are read in blocks, see json_blocks.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/column.hpp>
#include <tl/data/compression.hpp>
#include <tl/data/dataset.hpp>
#include <tl/data/json_blocks.hpp>
#include <tl/data/json_rows.hpp>
#include <tl/data/text_file.hpp>
#include <tl/io/json.hpp>

namespace tl {

namespace detail {

/// Where a value of a JSON file is.
struct JsonSpan {
  std::size_t begin, end, line_begin;
  std::int64_t line;
};

/// Finds the values of a file that holds one after the other. An object may go over several lines; all else, and an
/// object that never ends, is a line for the parser to refuse.
class JsonSplitter {
 public:
  explicit JsonSplitter(std::string_view text) : text_(text) {}

  std::optional<JsonSpan> next() {
    for (; at_ < text_.size() && blanks.find(text_[at_]) != std::string_view::npos; ++at_) step_line();
    if (at_ >= text_.size()) return std::nullopt;
    JsonSpan span{at_, end_of_value(), line_begin_, line_};
    if (broken_) at_ = text_.size();
    for (; at_ < span.end; ++at_) step_line();
    return span;
  }

 private:
  static constexpr std::string_view blanks = " \t\r\n";

  void step_line() {
    if (text_[at_] != '\n') return;
    ++line_;
    line_begin_ = at_ + 1;
  }

  std::size_t end_of_value() {
    const std::size_t line_end = std::min(text_.find('\n', at_), text_.size());
    if (text_[at_] != '{') return line_end;
    std::size_t depth = 0;
    for (std::size_t at = at_; at < text_.size(); ++at) {
      const char c = text_[at];
      if (c == '"') {
        at = end_of_string(at);
        if (at >= text_.size()) break;
      } else if (c == '{' || c == '[') {
        ++depth;
      } else if ((c == '}' || c == ']') && --depth == 0) {
        return at + 1;
      }
    }
    broken_ = true;                                          // the parser will refuse it, and nothing comes after
    const std::size_t next_object = text_.find("\n{", at_);  // it is likely that one line per object is meant
    return std::min(next_object, text_.size());
  }

  /// The closing quote of the string that opens at `at`, or the end of the text if the string is not closed on its
  /// line.
  std::size_t end_of_string(std::size_t at) const {
    for (++at; at < text_.size() && text_[at] != '"'; ++at) {
      if (text_[at] == '\n') return text_.size();
      if (text_[at] == '\\') ++at;
    }
    return at;
  }

  std::string_view text_;
  std::size_t at_ = 0, line_begin_ = 0;
  std::int64_t line_ = 1;
  bool broken_ = false;
};

/// Rows of an array: objects, or texts, which are a column "text".
inline Dataset rows_of_array(Json&& array, JsonRows& rows) {
  const auto is_text = [](const Json& row) { return row.is_string(); };
  const bool texts = !array.empty() && std::all_of(array.begin(), array.end(), is_text);
  std::int64_t place = 0;
  for (Json& row : array) {
    if (texts) row = Json::object({{"text", std::move(row)}});
    rows.add(std::move(row), ++place);
  }
  return rows.finish();
}

/// The rows or columns under a key of the one object of a file.
inline Dataset rows_of_field(Json&& root, const std::string& field, const std::string& path, JsonRows& rows) {
  if (!root.is_object())
    fail(ErrorCode::format, path, ": expected an object with the field ", field, ", got ", root.type_name());
  Json* const found = find_member(root, field);
  if (found == nullptr)
    fail(ErrorCode::format, path, ": expected the field ", field, ", it is missing; the keys are ",
         python_text(keys_of(root)));
  if (found->is_array()) return rows_of_array(std::move(*found), rows);
  if (!found->is_object())
    fail(ErrorCode::format, path, ", field ", field, ": expected a list of objects or an object of columns, got ",
         found->type_name());
  return rows.finish(std::move(*found));
}

/// Reads a JSON file whose text is in memory as a whole: any that load_jsonl can read, and the sentence of every error.
inline Dataset load_jsonl_whole(const std::filesystem::path& path, const JsonOptions& options) {
  const std::string& name = path.native();
  const std::string text = read_text_file(path, options.encoding);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool is_array = first != std::string::npos && text[first] == '[';
  if (!options.field.empty()) {
    JsonRows rows(name, "object", options);
    return rows_of_field(parse_json(text, name), options.field, name, rows);
  }
  if (is_array) {
    JsonRows rows(name, "object", options);
    return rows_of_array(parse_json(text, name), rows);
  }
  std::vector<JsonSpan> spans;
  bool shared_line = false;  // then lines do not tell objects apart
  for (JsonSplitter splitter(text); const auto span = splitter.next();) {
    shared_line = shared_line || (!spans.empty() && spans.back().line == span->line);
    spans.push_back(*span);
  }
  JsonRows rows(name, shared_line ? "object" : "line", options);
  std::int64_t number = 0;
  for (const auto& span : spans) {
    const std::string_view value = std::string_view(text).substr(span.begin, span.end - span.begin);
    const bool one_line = value.find('\n') == std::string_view::npos;
    const std::string where = str_cat(name, one_line ? ", line " : ", the object that begins in line ", span.line);
    Json row = parse_json(value, where, one_line ? span.begin - span.line_begin : 0);
    if (spans.size() == 1 && row.is_object() && rows.are_columns(row)) return rows.finish(std::move(row));
    ++number;
    rows.add(std::move(row), shared_line ? number : span.line);
  }
  return rows.finish();
}

/// The kind of the cells of a column of which this is the first; skipped: that is for the reader of whole texts.
inline CellKind json_kind(const Json& value) {
  if (value.is_string()) return CellKind::text;
  if (value.is_boolean()) return CellKind::boolean;
  if (value.is_number()) return is_int64(value) ? CellKind::integer : CellKind::decimal;
  if (!value.is_array() || value.empty()) return CellKind::skipped;
  const auto all = [&](bool (*fits)(const Json&)) { return std::all_of(value.begin(), value.end(), fits); };
  if (all([](const Json& element) { return element.is_string(); })) return CellKind::text_list;
  return all([](const Json& element) { return is_int64(element); }) ? CellKind::integer_list : CellKind::skipped;
}

/// The keys of the first row of a file of JSON lines. None if that is for the reader of whole texts.
inline std::vector<JsonBlockKey> first_json_row(JsonBlockReader& reader, const std::string& where,
                                                const JsonOptions& options) {
  std::size_t begin = 0, end = 0;
  for (;; reader.grow()) {
    const std::string_view text = reader.text();
    begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos && reader.at_end()) return {};
    end = begin == std::string_view::npos ? begin : text.find('\n', begin);
    if (end != std::string_view::npos) break;
    if (reader.at_end()) return {};  // one row at most: it may be an object of columns
  }
  if (reader.text()[begin] != '{') return {};
  Json row = parse_json(reader.text().substr(begin, end - begin), where);
  const std::vector<std::string> names = options.columns.empty() ? keys_of(row) : options.columns;
  if (names.size() > 64) return {};  // the block's parser compares a key with each
  std::vector<JsonBlockKey> keys;
  for (const std::string& name : names) {
    const Json* const value = find_member(row, name);
    if (value == nullptr) return {};
    for (const JsonBlockKey& other : keys)
      if (other.name == name) return {};
    const auto& texts = options.text_columns;
    const bool as_text = std::find(texts.begin(), texts.end(), name) != texts.end();
    const CellKind kind = as_text ? CellKind::text : json_kind(*value);
    if (kind == CellKind::skipped) return {};
    keys.push_back({name, kind, as_text});
  }
  return keys;
}

/// Reads a file of JSON lines of the common form with all threads and little memory; nothing for any other. The kinds
/// of the columns are those of the first row, and the file is read again from its beginning if whole numbers turn out
/// to be decimal.
inline std::optional<Dataset> load_jsonl_in_blocks(const std::filesystem::path& path, const JsonOptions& options,
                                                   const BlockSizes& sizes = {}) {
  if (!options.field.empty() || text_encoding(options.encoding) != TextEncoding::utf_8) return std::nullopt;
  std::set<std::size_t> decimals;
  for (;;) {
    JsonBlockReader reader(open_data_file(path), sizes);
    std::vector<JsonBlockKey> keys = first_json_row(reader, path.native(), options);
    if (keys.empty()) return std::nullopt;
    for (const std::size_t key : decimals) keys[key].kind = CellKind::decimal;
    reader.set_keys(keys, !options.columns.empty());
    TableParts parts{.places = {.file = path.native()}};
    for (const JsonBlockKey& key : keys) parts.columns.push_back({.kind = key.kind});
    BlockReader::Step step = BlockReader::Step::end;
    while ((step = reader.next()) == BlockReader::Step::rows) parts.append(reader);
    if (step == BlockReader::Step::refused || (step == BlockReader::Step::end && parts.places.numbers.size() < 2))
      return std::nullopt;
    if (step == BlockReader::Step::wider) {
      if (decimals.size() == most_readings) return std::nullopt;
      decimals.insert(reader.failed_block().wider_column);
      continue;
    }
    Columns columns;
    std::vector<std::string> bool_columns;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i].kind == CellKind::boolean) bool_columns.push_back(keys[i].name);
      columns.push_back({std::move(keys[i].name), parts.columns[i].finish()});
    }
    return Dataset::from_columns(std::move(columns), std::move(parts.places), bool_columns);
  }
}

}  // namespace detail

/// Reads a JSON file in any shape that the head of this file lists; empty lines are skipped. An object that is alone in
/// its file is one row, unless the values of its JsonOptions::text_columns are lists: then it is an object of columns.
/// Throws io, invalid_argument for an encoding that is not known, format with the line (or the number of the object,
/// from 1) and the key.
inline Dataset load_jsonl(const std::filesystem::path& path, const JsonOptions& options = {}) {
  try {
    if (auto table = detail::load_jsonl_in_blocks(path, options)) return *std::move(table);
  } catch (const Error&) {  // the other reader finds it, too, or what comes before it
  }
  return detail::load_jsonl_whole(path, options);
}

/// Two names in braces would be one path from the address of the first to that of the second.
Dataset load_jsonl(std::initializer_list<const char*> paths, const JsonOptions& options = {}) = delete;

}  // namespace tl
