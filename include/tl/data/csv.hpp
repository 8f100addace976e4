// CSV files (RFC 4180) as data sets. Fields may be quoted, a quote inside is doubled, a quoted field may hold line
// breaks; lines end with LF, CRLF or CR; empty lines are skipped. A quote inside an unquoted field is an ordinary
// character. Texts such as "NA" or "null" stay texts.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/column.hpp>
#include <tl/data/dataset.hpp>
#include <tl/io/mapped_file.hpp>
#include <tl/io/utf8.hpp>

namespace tl {

/// How a CSV file is read.
struct CsvOptions {
  char delimiter = ',';
  bool has_header = true;
  std::vector<std::string> column_names = {};  ///< instead of the header; without either the names are "0", "1", ...
  std::vector<std::string> columns = {};       ///< read only these, in this order; empty: all
};

namespace detail {

/// Throws format with the line of the first byte that is not UTF-8. A byte order mark is taken off.
inline std::string_view checked_text(const MappedFile& file) {
  std::string_view text = file.text();
  const std::size_t bad = find_invalid_utf8(text);
  if (bad != std::string_view::npos) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bad), '\n');
    fail(ErrorCode::format, file.path().string(), ", line ", line, ", byte ", bad, ": expected UTF-8, got byte ",
         static_cast<int>(static_cast<unsigned char>(text[bad])));
  }
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return text;
}

/// Hands out the records of a CSV text one by one.
class CsvParser {
 public:
  CsvParser(std::string_view text, char delimiter, std::string path)
      : text_(text), delimiter_(delimiter), path_(std::move(path)) {}

  /// The line on which the last record began, from 1.
  std::int64_t record_line() const noexcept { return record_line_; }

  /// Reads the next record, or returns false at the end.
  bool next(std::vector<std::string>& fields) {
    while (at_ < text_.size() && end_of_line()) {
    }
    if (at_ >= text_.size()) return false;
    fields.clear();
    record_line_ = line_;
    for (;;) {
      fields.push_back(at_ < text_.size() && text_[at_] == '"' ? quoted_field() : plain_field());
      if (at_ >= text_.size() || end_of_line()) return true;
      ++at_;  // the delimiter
    }
  }

 private:
  /// Steps over one line break, if there is one here.
  bool end_of_line() {
    const bool single = text_[at_] == '\n' || text_[at_] == '\r';
    const std::size_t length = text_.substr(at_).starts_with("\r\n") ? 2 : single ? 1 : 0;
    at_ += length;
    line_ += length > 0 ? 1 : 0;
    return length > 0;
  }

  std::string plain_field() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != delimiter_ && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string quoted_field() {
    const std::int64_t opened = line_;
    std::string field;
    for (++at_;;) {
      const std::size_t quote = text_.find('"', at_);
      check(quote != std::string_view::npos, ErrorCode::format, path_, ", line ", opened,
            ": expected a closing quote for the field that starts here, got the end of the file");
      for (; at_ < quote;) {
        const std::size_t begin = at_;
        if (!end_of_line()) ++at_;
        field.append(text_, begin, at_ - begin);
      }
      at_ = quote + 1;
      if (at_ >= text_.size() || text_[at_] == delimiter_ || text_[at_] == '\n' || text_[at_] == '\r') return field;
      check(text_[at_] == '"', ErrorCode::format, path_, ", line ", line_, ": expected '", delimiter_,
            "' or the end of the line after a closing quote, got '", text_[at_],
            "' (write a quote inside a field twice)");
      field += text_[at_++];
    }
  }

  std::string_view text_;
  char delimiter_;
  std::string path_;
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
  std::int64_t record_line_ = 1;
};

inline std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

/// Reads a whole text as a number that may have a plus sign; false if it is none or has no place in T.
template <class T> bool parse_number(std::string_view text, T& value) {
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

/// A whole number of 64 bits, with blanks around it if need be.
inline bool parse_integer(std::string_view text, std::int64_t& value) { return parse_number(trimmed(text), value); }

/// A decimal number that is no integer too long for 64 bits: such digits are somebody's key, not a quantity.
inline bool parse_decimal(std::string_view text, double& value) {
  text = trimmed(text);
  if (text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return false;  // "inf", "nan", "0x1"
  std::int64_t whole = 0;
  if (text.find_first_of(".eE") == std::string_view::npos && !parse_integer(text, whole)) return false;
  return parse_number(text, value);
}

inline bool parse_truth(std::string_view text, std::int64_t& value) {
  value = text == "True" || text == "true" || text == "TRUE";
  return value == 1 || text == "False" || text == "false" || text == "FALSE";
}

/// All values through `parse`, which is false for a text that it refuses; no values then.
template <class T>
std::vector<T> parse_all(const std::vector<std::string>& texts, bool (*parse)(std::string_view, T&)) {
  std::vector<T> values(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i)
    if (!parse(texts[i], values[i])) return {};
  return values;
}

/// int64 if every text is a whole number or every one a truth value, float64 if every one is a number, else texts.
inline ColumnValues infer_column(std::vector<std::string> texts) {
  if (auto values = parse_all(texts, parse_integer); !values.empty()) return values;
  if (auto values = parse_all(texts, parse_decimal); !values.empty()) return values;
  if (auto values = parse_all(texts, parse_truth); !values.empty()) return values;
  return texts;
}

}  // namespace detail

/// Reads a CSV file; the type of a column follows from its texts. A file without rows gives a data set without rows.
/// Throws io, invalid_argument for a delimiter that cannot be one, not_found for a chosen column that is not there,
/// format with the line otherwise.
inline Dataset load_csv(const std::filesystem::path& path, const CsvOptions& options = {}) {
  const auto delimiter = static_cast<unsigned char>(options.delimiter);
  check(options.delimiter != '"' && (options.delimiter == '\t' || (delimiter >= 0x20 && delimiter < 0x7f)),
        ErrorCode::invalid_argument, "CsvOptions::delimiter: expected a printable ASCII character or a tab, got byte ",
        static_cast<int>(delimiter));
  const MappedFile file(path);
  detail::CsvParser parser(detail::checked_text(file), options.delimiter, path.native());
  std::vector<std::string> names = options.column_names;
  std::vector<std::string> fields;
  if (options.has_header && parser.next(fields) && names.empty()) names = fields;
  RowPlaces places{.file = path.native()};
  bool more = parser.next(fields);
  if (more && names.empty())
    for (std::size_t i = 0; i < fields.size(); ++i) names.push_back(std::to_string(i));
  if (names.empty()) names = options.columns;  // an empty file has any column, without rows
  const auto& chosen = options.columns.empty() ? names : options.columns;
  std::vector<std::size_t> fields_of;  // the field of each chosen column
  for (const std::string& name : chosen) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
      fail(ErrorCode::not_found, path.native(), ": expected a column ", detail::Repr{name}, ", the columns are ",
           detail::python_text(names));
    check(std::count(names.begin(), names.end(), name) == 1, ErrorCode::format, path.native(),
          ": expected every column name once, got ", detail::Repr{name}, " twice");
    fields_of.push_back(static_cast<std::size_t>(found - names.begin()));
  }
  std::vector<std::vector<std::string>> columns(chosen.size());
  for (; more; more = parser.next(fields)) {
    if (fields.size() != names.size())
      fail(ErrorCode::format, path.native(), ", line ", parser.record_line(), ": expected ", names.size(),
           " fields for the columns ", detail::python_text(names), ", got ", fields.size());
    for (std::size_t i = 0; i < chosen.size(); ++i) columns[i].push_back(std::move(fields[fields_of[i]]));
    places.numbers.push_back(parser.record_line());
  }
  Columns result;
  for (std::size_t i = 0; i < chosen.size(); ++i)
    result.push_back({chosen[i], detail::infer_column(std::move(columns[i]))});
  if (result.empty()) return {};
  return Dataset::from_columns(std::move(result), std::move(places));
}

}  // namespace tl
