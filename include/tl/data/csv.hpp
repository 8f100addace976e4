// CSV and TSV files (RFC 4180) as data sets. Fields may be quoted, a quote inside is doubled, a quoted field may hold
// line breaks; lines end with LF, CRLF or CR; empty lines and lines of blanks are skipped, and so are lines of nothing
// but delimiters at the end, which spreadsheets leave behind. A quote inside an unquoted field is an ordinary
// character; with Quoting::none every quote is. Texts such as "NA" or "null" stay texts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/column.hpp>
#include <tl/data/compression.hpp>
#include <tl/data/csv_blocks.hpp>
#include <tl/data/dataset.hpp>
#include <tl/data/parse_text.hpp>
#include <tl/data/text_file.hpp>

namespace tl {

/// What a quote at the beginning of a field means. `automatic`: none in a .tsv file, whose quotes are text as in
/// those of GLUE, else minimal.
enum class Quoting { automatic, minimal, none };

/// How a CSV file is read.
struct CsvOptions {
  char delimiter = '\0';  ///< '\0': a tab in a .tsv file, else a comma
  bool has_header = true;
  std::vector<std::string> column_names = {};  ///< instead of the header; without either the names are "0", "1", ...
  std::vector<std::string> columns = {};       ///< read only these, in this order; empty: all
  std::vector<std::string> text_columns = {};  ///< columns of texts, whatever these look like
  std::string encoding = "utf-8";              ///< or "utf-16", "latin-1", "cp1252"
  Quoting quoting = Quoting::automatic;
};

namespace detail {

/// Hands out the records of a CSV text one by one.
class CsvParser {
 public:
  /// `line` is the number of the line that the text begins with.
  CsvParser(std::string_view text, char delimiter, bool quotes, std::string path, std::int64_t line = 1)
      : text_(text), delimiter_(delimiter), quotes_(quotes), path_(std::move(path)), line_(line) {
    cut_tail();
  }

  /// The line on which the last record began, from 1.
  std::int64_t record_line() const noexcept { return record_line_; }
  /// How many bytes and line breaks were read.
  std::size_t bytes_read() const noexcept { return at_; }
  std::int64_t lines_read() const noexcept { return line_ - 1; }  // if it began with line 1
  /// Whether nothing comes after what was read.
  bool at_end() const noexcept { return at_ >= text_.size(); }

  /// Reads the next record, or returns false at the end.
  bool next(std::vector<std::string>& fields) {
    while (at_ < text_.size() && (skip_blank_line() || end_of_line())) {
    }
    if (at_ >= text_.size()) return false;
    fields.clear();
    record_line_ = line_;
    for (;;) {
      fields.push_back(quotes_ && at_ < text_.size() && text_[at_] == '"' ? quoted_field() : plain_field());
      if (at_ >= text_.size() || end_of_line()) return true;
      ++at_;  // the delimiter
    }
  }

 private:
  bool is_blank(char c) const { return c != delimiter_ && (c == ' ' || c == '\t'); }

  /// Drops the lines after the last one that holds more than delimiters and blanks.
  void cut_tail() {
    std::size_t end = text_.size();
    while (end > 0 && (text_[end - 1] == delimiter_ || text_[end - 1] == '\n' || text_[end - 1] == '\r' ||
                       is_blank(text_[end - 1])))
      --end;
    if (end == 0) return;  // no header either
    const std::size_t line_end = text_.find_first_of("\r\n", end);
    if (line_end != std::string_view::npos) text_ = text_.substr(0, line_end);
  }

  /// Steps to the end of a line that holds nothing but blanks.
  bool skip_blank_line() {
    std::size_t end = at_;
    while (end < text_.size() && is_blank(text_[end])) ++end;
    if (end == at_ || (end < text_.size() && text_[end] != '\n' && text_[end] != '\r')) return false;
    at_ = end;
    return true;
  }

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
            "' (write a quote inside a field twice; if quotes are text, read the file with quoting none)");
      field += text_[at_++];
    }
  }

  std::string_view text_;
  char delimiter_;
  bool quotes_;  // a field may be quoted
  std::string path_;
  std::size_t at_ = 0;
  std::int64_t line_;
  std::int64_t record_line_ = 1;
};

/// All values through `parse`, which is false for a text that it refuses; no values then.
template <class T>
std::vector<T> parse_all(const std::vector<std::string>& texts, bool (*parse)(std::string_view, T&)) {
  std::vector<T> values(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i)
    if (!parse(texts[i], values[i])) return {};
  return values;
}

/// int64 if every text is a whole number or every one a boolean, float64 if every one is a number, else texts.
inline ColumnValues infer_column(std::vector<std::string> texts, bool& booleans) {
  if (auto values = parse_all(texts, parse_integer); !values.empty()) return values;
  if (auto values = parse_all(texts, parse_decimal); !values.empty()) return values;
  auto values = parse_all(texts, parse_bool);
  booleans = !values.empty();
  if (booleans) return values;
  return texts;
}

/// The names of a header as pandas gives them: the third column without a name is "Unnamed: 2", the second "x" is
/// "x.1".
inline std::vector<std::string> unique_names(std::vector<std::string> names) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i].empty()) names[i] = str_cat("Unnamed: ", i);
  std::set<std::string> taken(names.begin(), names.end()), seen;
  std::map<std::string, std::int64_t> next;
  for (std::string& name : names) {
    if (seen.insert(name).second) continue;
    std::int64_t& number = next[name];
    std::string other;
    do other = str_cat(name, ".", ++number);
    while (!taken.insert(other).second);
    seen.insert(other);
    name = std::move(other);
  }
  return names;
}

/// The field of each chosen column. Throws not_found for a name that is not there, format for one that is repeated.
inline std::vector<std::size_t> fields_of(const std::vector<std::string>& chosen,
                                          const std::vector<std::string>& header, const std::vector<std::string>& names,
                                          const std::string& path) {
  std::map<std::string_view, std::size_t> place, count;
  for (std::size_t i = 0; i < names.size(); ++i) place.emplace(names[i], i);
  for (const std::string& name : header) ++count[name];
  std::vector<std::size_t> fields;
  for (const std::string& name : chosen) {
    const auto found = place.find(name);
    if (found == place.end())
      fail(ErrorCode::not_found, path, ": expected a column ", Repr{name}, ", the columns are ", python_text(header));
    check(count[name] <= 1, ErrorCode::format, path, ": expected every column name once, got ", Repr{name}, " twice");
    fields.push_back(found->second);
  }
  return fields;
}

inline bool is_tsv(const std::filesystem::path& path) {
  const std::string extension = ascii_lower(without_compression(path).extension().native());
  return extension == ".tsv" || extension == ".tab";
}

/// Throws invalid_argument for a delimiter that cannot be one.
inline char csv_delimiter(const std::filesystem::path& path, const CsvOptions& options) {
  const char delimiter = options.delimiter != '\0' ? options.delimiter : is_tsv(path) ? '\t' : ',';
  const auto byte = static_cast<unsigned char>(delimiter);
  check(delimiter != '"' && (delimiter == '\t' || (byte >= 0x20 && byte < 0x7f)), ErrorCode::invalid_argument,
        "CsvOptions::delimiter: expected a printable ASCII character or a tab, got byte ", static_cast<int>(byte));
  return delimiter;
}

inline bool may_quote(const std::filesystem::path& path, const CsvOptions& options) {
  return options.quoting == Quoting::minimal || (options.quoting == Quoting::automatic && !is_tsv(path));
}

/// A sentence about a row with too many or too few fields; the remedy is the likeliest cause.
[[noreturn]] inline void fail_fields(const CsvParser& parser, const std::string& path,
                                     const std::vector<std::string>& header, std::size_t got, bool quotes) {
  const std::string names = header.size() <= 20 ? str_cat(" for the columns ", python_text(header)) : "";
  fail(ErrorCode::format, path, ", line ", parser.record_line(), ": expected ", header.size(),
       header.size() == 1 ? " field" : " fields", names, ", got ", got,
       quotes ? "" : "; if a field is quoted, read the file with quoting minimal");
}

}  // namespace detail

/// The names of the columns of a CSV or TSV file, which load_csv gives them. Throws what load_csv throws.
inline std::vector<std::string> csv_column_names(const std::filesystem::path& path, const CsvOptions& options = {}) {
  if (!options.column_names.empty()) return detail::unique_names(options.column_names);
  const std::string text = detail::read_text_file(path, options.encoding);
  detail::CsvParser parser(text, detail::csv_delimiter(path, options), detail::may_quote(path, options), path.native());
  std::vector<std::string> fields;
  parser.next(fields);
  if (options.has_header) return detail::unique_names(std::move(fields));
  for (std::size_t i = 0; i < fields.size(); ++i) fields[i] = std::to_string(i);
  return fields;
}

namespace detail {

/// Reads a CSV file whose text is in memory as a whole: any that load_csv can read, and the sentence of every error.
inline Dataset load_csv_whole(const std::filesystem::path& path, const CsvOptions& options) {
  const char delimiter = csv_delimiter(path, options);
  const bool quotes = may_quote(path, options);
  const std::string text = read_text_file(path, options.encoding);
  CsvParser parser(text, delimiter, quotes, path.native());
  std::vector<std::string> header = options.column_names;
  std::vector<std::string> fields;
  if (options.has_header && parser.next(fields) && header.empty()) header = fields;
  SourceLocations places{.file = path.native()};
  bool more = parser.next(fields);
  if (more && header.empty())
    for (std::size_t i = 0; i < fields.size(); ++i) header.push_back(std::to_string(i));
  if (header.empty()) header = options.columns;  // an empty file has any column, without rows
  const std::vector<std::string> names = unique_names(header);
  const auto& chosen = options.columns.empty() ? names : options.columns;
  const auto places_of = fields_of(chosen, options.columns.empty() ? names : header, names, path.native());
  std::vector<std::vector<std::string>> columns(chosen.size());
  for (; more; more = parser.next(fields)) {
    if (fields.size() != header.size()) fail_fields(parser, path.native(), header, fields.size(), quotes);
    for (std::size_t i = 0; i < chosen.size(); ++i) columns[i].push_back(std::move(fields[places_of[i]]));
    places.numbers.push_back(parser.record_line());
  }
  const std::set<std::string> texts(options.text_columns.begin(), options.text_columns.end());
  Columns result;
  std::vector<std::string> bool_columns;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    bool boolean = false;
    result.push_back({chosen[i], texts.contains(chosen[i]) ? ColumnValues(std::move(columns[i]))
                                                           : infer_column(std::move(columns[i]), boolean)});
    if (boolean) bool_columns.push_back(chosen[i]);
  }
  if (result.empty()) return {};
  return Dataset::from_columns(std::move(result), std::move(places), bool_columns);
}

/// The columns of a CSV file that is read in blocks.
struct CsvLayout {
  std::vector<std::string> names = {};   // of the chosen columns
  std::vector<std::size_t> fields = {};  // and the field of each
  std::vector<CellKind> kinds = {};      // of all fields
};

/// Reads the header and the first row. False if that is for the reader of whole texts.
inline bool begin_csv(CsvBlockReader& reader, const std::filesystem::path& path, const CsvOptions& options,
                      CsvLayout& layout) {
  std::vector<std::string> header, fields;
  for (;; reader.grow()) {
    const std::string_view text = reader.text();
    if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) return false;  // UTF-16
    if (reader.end_of_records(text, true) == 0 && reader.at_end()) return false;
    CsvParser parser(text, csv_delimiter(path, options), may_quote(path, options), path.native());
    header = options.column_names;
    if (options.has_header && parser.next(fields) && header.empty()) header = fields;
    const std::size_t bytes = parser.bytes_read();
    const std::int64_t lines = parser.lines_read();
    const bool more = parser.next(fields);
    if (parser.at_end() && !reader.at_end()) continue;
    const std::string_view first_line = text.substr(0, bytes);
    if (!more || first_line.find('\0') != std::string_view::npos || find_invalid_utf8(first_line) != std::string::npos)
      return false;
    for (std::size_t i = header.size();
         header.size() < fields.size() && options.column_names.empty() && !options.has_header; ++i)
      header.push_back(std::to_string(i));
    if (header.size() != fields.size()) return false;
    const std::vector<std::string> names = unique_names(header);
    layout.names = options.columns.empty() ? names : options.columns;
    layout.fields = fields_of(layout.names, options.columns.empty() ? names : header, names, path.native());
    const std::set<std::string> texts(options.text_columns.begin(), options.text_columns.end());
    if (std::set<std::size_t>(layout.fields.begin(), layout.fields.end()).size() < layout.fields.size()) return false;
    layout.kinds.assign(header.size(), CellKind::skipped);
    for (std::size_t i = 0; i < layout.fields.size(); ++i)
      layout.kinds[layout.fields[i]] =
          texts.contains(layout.names[i]) ? CellKind::text : csv_kind(fields[layout.fields[i]]);
    reader.begin(bytes, lines);
    return true;
  }
}

/// The data set of rows that were read in blocks.
inline Dataset finish_csv(const CsvLayout& layout, TableParts&& parts) {
  Columns result;
  std::vector<std::string> bool_columns;
  for (std::size_t i = 0; i < layout.fields.size(); ++i) {
    CellColumn& column = parts.columns[layout.fields[i]];
    if (column.kind == CellKind::boolean) bool_columns.push_back(layout.names[i]);
    result.push_back({layout.names[i], column.finish()});
  }
  return Dataset::from_columns(std::move(result), std::move(parts.places), bool_columns);
}

/// Reads a CSV file of the common form with all threads and little memory; nothing for any other. The kinds of the
/// columns are those of the first row, and the file is read again from its beginning for a cell of a wider kind.
inline std::optional<Dataset> load_csv_in_blocks(const std::filesystem::path& path, const CsvOptions& options,
                                                 const BlockSizes& sizes = {}) {
  if (text_encoding(options.encoding) != TextEncoding::utf_8) return std::nullopt;
  std::map<std::size_t, CellKind> wider;
  for (;;) {
    CsvBlockReader reader(open_data_file(path), csv_delimiter(path, options), may_quote(path, options), sizes);
    CsvLayout layout;
    if (!begin_csv(reader, path, options, layout)) return std::nullopt;
    for (const auto& [field, kind] : wider) layout.kinds[field] = kind;
    reader.set_kinds(layout.kinds);
    TableParts parts{.places = {.file = path.native()}};
    parts.set_kinds(layout.kinds);
    BlockReader::Step step = BlockReader::Step::end;
    while ((step = reader.next()) == BlockReader::Step::rows) parts.append(reader);
    if (step == BlockReader::Step::end) return finish_csv(layout, std::move(parts));
    if (step == BlockReader::Step::refused) return std::nullopt;
    if (wider.size() == most_readings) return std::nullopt;
    const std::size_t field = reader.failed_block().wider_column;
    wider[field] = wider_csv_kind(layout.kinds[field], reader.failed_block().wider_text);
  }
}

}  // namespace detail

/// Reads a CSV or TSV file; the type of a column follows from its texts unless it is one of text_columns. Names that
/// are missing or repeated become "Unnamed: 2" and "x.1", as in pandas; a repeated name cannot be chosen.
/// A file without rows gives a data set without rows. Throws io, invalid_argument for a delimiter or an encoding that
/// cannot be one, not_found for a chosen column that is not there, format with the line otherwise.
inline Dataset load_csv(const std::filesystem::path& path, const CsvOptions& options = {}) {
  try {
    if (auto table = detail::load_csv_in_blocks(path, options)) return *std::move(table);
  } catch (const Error&) {  // the other reader finds it, too, or what comes before it
  }
  return detail::load_csv_whole(path, options);
}

/// Two names in braces would be one path from the address of the first to that of the second.
Dataset load_csv(std::initializer_list<const char*> paths, const CsvOptions& options = {}) = delete;

}  // namespace tl
