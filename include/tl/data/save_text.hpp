// Data sets as CSV files and as JSON lines, as Python's Dataset.to_csv(path) and Dataset.to_json(path) write them, so
// that load_csv and load_jsonl read the same values again. Differences from Python: numbers in JSON have all digits
// that they need (Python keeps ten), a CSV field is also quoted where our reader would skip its line, and what a format
// cannot hold is an error. NaN, and a cell that holds no value, is an empty field or null, as in Python.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/finite.hpp>
#include <tl/data/column.hpp>
#include <tl/data/compression.hpp>
#include <tl/data/csv.hpp>
#include <tl/data/dataset.hpp>
#include <tl/io/atomic_file.hpp>
#include <tl/io/json_writer.hpp>
#include <tl/io/utf8.hpp>

namespace tl {

namespace detail {

/// Begins sentences about a cell that cannot be written; rows count from 0 as in `dataset[row]`.
inline std::string unwritten(const std::filesystem::path& path, std::int64_t row, std::string_view column) {
  return str_cat("cannot write ", path.native(), ", row ", row, ", column ", python_repr(column), ": ");
}

/// Throws invalid_argument for a path or a data set that no text file can have.
inline void check_text_target(const Dataset& rows, const std::filesystem::path& path) {
  check(without_compression(path) == path, ErrorCode::invalid_argument, "cannot write ", path.native(),
        ": expected a name without the extension of a compression; write the file and compress it afterwards");
  check(!rows.column_names().empty() || rows.num_rows() == 0, ErrorCode::invalid_argument, "cannot write ",
        path.native(), ": expected a data set with columns, got ", rows.num_rows(), " rows without any");
  for (const std::string& name : rows.column_names())
    check(find_invalid_utf8(name) == std::string::npos, ErrorCode::format, "cannot write ", path.native(),
          ": expected names of columns in UTF-8, got ", Repr{name});
}

/// Appends the cell of a row to a text.
using CellWriter = std::function<void(std::string&, std::int64_t)>;

/// The same, with `null` for cells that hold no value.
inline CellWriter or_null(CellWriter write, std::vector<bool> nulls, std::string_view null) {
  if (nulls.empty()) return write;
  return [write = std::move(write), nulls = std::move(nulls), null](std::string& out, std::int64_t row) {
    if (nulls[static_cast<std::size_t>(row)]) out += null;
    else write(out, row);
  };
}

/// Writes a heading and then row after row, some hundred kilobytes at a time; the file appears when all is written.
template <class AppendRow>
void write_rows(const Dataset& rows, const std::filesystem::path& path, std::string text, AppendRow&& append_row) {
  constexpr std::size_t piece = std::size_t{1} << 18;
  AtomicFile file(path);
  for (std::int64_t row = 0; row < rows.num_rows(); ++row) {
    append_row(text, row);
    if (text.size() < piece) continue;
    file.write(text);
    text.clear();
  }
  file.write(text);
  file.commit();
}

/// Writes the lines of one CSV file. A .tsv file has tabs and no quotes, as load_csv reads it.
class CsvWriter {
 public:
  explicit CsvWriter(const std::filesystem::path& path)
      : path_(path), quotes_(!is_tsv(path)), delimiter_(quotes_ ? ',' : '\t') {}

  /// What appends the fields of a column. Throws invalid_argument for lists.
  CellWriter cells(const Dataset& rows, const std::string& name) const {
    switch (rows.column_type(name)) {
      case ColumnType::string:
        return [this, name, column = rows.column_with_nulls<std::string>(name)](std::string& out, std::int64_t row) {
          const std::string& text = column[row];
          check(find_invalid_utf8(text) == std::string_view::npos, ErrorCode::format, unwritten(path_, row, name),
                "expected UTF-8");
          check(quotes_ || text.find_first_of("\t\r\n") == std::string::npos, ErrorCode::invalid_argument,
                unwritten(path_, row, name), "expected a text without tabs and line breaks, because a .tsv file has ",
                "no quotes; give the file a name with .csv");
          append_field(out, text);
        };
      case ColumnType::int64:
        return [boolean = rows.is_boolean(name), column = rows.column_with_nulls<std::int64_t>(name)](
                   std::string& out, std::int64_t row) {
          out += boolean ? (column[row] != 0 ? "True" : "False") : std::to_string(column[row]);
        };
      case ColumnType::float64:
        return [column = rows.column_with_nulls<double>(name)](std::string& out, std::int64_t row) {
          if (!is_nan(column[row])) out += python_text(column[row]);
        };
      default: break;
    }
    fail(ErrorCode::invalid_argument, "cannot write ", path_.native(), ": expected texts or numbers in column ",
         Repr{name}, " because CSV has no lists, got ", to_string(rows.column_type(name)),
         "; write JSON with to_json, or remove the column");
  }

  /// Appends the line of a row.
  void append_line(std::string& out, const std::vector<CellWriter>& cells, std::int64_t row) const {
    const std::size_t begin = out.size();
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) out += delimiter_;
      cells[i](out, row);
    }
    end_line(out, begin, [&] {
      return str_cat("cannot write ", path_.native(), ", row ", row, ": expected a value in a row of a .tsv file");
    });
  }

  /// The first line.
  std::string heading(const std::vector<std::string>& names) const {
    std::string out;
    const auto where = [&] { return str_cat("cannot write ", path_.native(), ": expected names of columns"); };
    for (const std::string& name : names) {
      check(quotes_ || name.find_first_of("\t\r\n") == std::string::npos, ErrorCode::invalid_argument, where(),
            " without tabs and line breaks, got ", Repr{name}, "; give the file a name with .csv");
      check(quotes_ || !name.starts_with("\xef\xbb\xbf"), ErrorCode::invalid_argument, where(),
            " without a byte order mark, got ", Repr{name}, "; give the file a name with .csv");
      if (&name != names.data()) out += delimiter_;
      append_field(out, name);
    }
    if (!names.empty()) end_line(out, 0, where);
    return out;
  }

 private:
  void append_field(std::string& out, std::string_view text) const {
    // what looks like a byte order mark would vanish from the beginning of a file
    const bool special = text.find_first_of(",\"\r\n") != std::string_view::npos || text.starts_with("\xef\xbb\xbf");
    if (!quotes_ || !special) {
      out += text;
      return;
    }
    out += '"';
    for (const char c : text) out.append(c == '"' ? 2 : 1, c);
    out += '"';
  }

  /// Ends a line that began at `begin`. A line of nothing but blanks and delimiters would be skipped by the reader, so
  /// its first field is quoted.
  template <class Sentence> void end_line(std::string& out, std::size_t begin, Sentence&& sentence) const {
    if (out.find_first_not_of(", \t", begin) == std::string::npos) {
      if (!quotes_) fail(ErrorCode::invalid_argument, sentence(), ", got only blanks; give the file a name with .csv");
      const std::size_t end = std::min(out.find(',', begin), out.size());
      out.insert(end, 1, '"').insert(begin, 1, '"');
    }
    out += '\n';
  }

  const std::filesystem::path& path_;
  bool quotes_;
  char delimiter_;
};

/// A number as JSON has it: null for NaN, as Python writes it. Throws invalid_argument for an infinity.
inline void append_json_number(std::string& out, double value, const std::filesystem::path& path, std::int64_t row,
                               const std::string& name) {
  if (is_nan(value)) {
    out += "null";
    return;
  }
  if (!is_finite(value))
    fail(ErrorCode::invalid_argument, unwritten(path, row, name),
         "expected a finite number, because JSON has no other, got ", python_text(value), "; write CSV or parquet");
  out += python_float(value);
}

/// What appends the JSON values of a column.
class JsonCells {
 public:
  JsonCells(const Dataset& rows, const std::filesystem::path& path, std::string name)
      : rows_(rows), path_(path), name_(std::move(name)) {}

  CellWriter writer() const {
    switch (rows_.column_type(name_)) {
      case ColumnType::string: return cells<std::string>();
      case ColumnType::int64: return rows_.is_boolean(name_) ? booleans() : cells<std::int64_t>();
      case ColumnType::float64: return cells<double>();
      case ColumnType::list_int32: return cells<std::vector<std::int32_t>>();
      case ColumnType::list_float32: return cells<std::vector<float>>();
      case ColumnType::list_string: return cells<std::vector<std::string>>();
    }
    return {};
  }

 private:
  template <class T> CellWriter cells() const {
    return [self = *this, column = rows_.column_with_nulls<T>(name_)](std::string& out, std::int64_t row) {
      self.append(out, column[row], row);
    };
  }

  CellWriter booleans() const {
    return [column = rows_.column_with_nulls<std::int64_t>(name_)](std::string& out, std::int64_t row) {
      out += column[row] != 0 ? "true" : "false";
    };
  }

  void append(std::string& out, const std::string& text, std::int64_t row) const {
    check(find_invalid_utf8(text) == std::string_view::npos, ErrorCode::format, unwritten(path_, row, name_),
          "expected UTF-8");
    append_json_string(out, text, true);
  }
  void append(std::string& out, std::int64_t value, std::int64_t) const { out += std::to_string(value); }
  void append(std::string& out, double value, std::int64_t row) const {
    append_json_number(out, value, path_, row, name_);
  }
  template <class T> void append(std::string& out, const std::vector<T>& list, std::int64_t row) const {
    out += '[';
    for (const T& element : list) {
      if (&element != list.data()) out += ',';
      if constexpr (std::is_same_v<T, std::int32_t>) append(out, std::int64_t{element}, row);
      else if constexpr (std::is_same_v<T, float>) append(out, double{element}, row);
      else append(out, element, row);
    }
    out += ']';
  }

  const Dataset& rows_;  // lives as long as the call that writes
  const std::filesystem::path& path_;
  std::string name_;
};

}  // namespace detail

/// Writes a CSV file with a header, as Python's Dataset.to_csv(path); class ids are numbers, booleans True and False. A
/// .tsv file has tabs and no quotes. An existing file is replaced when all is written. Throws io, format for a text
/// that is not UTF-8, invalid_argument for lists, for the extension of a compression and for what a .tsv file cannot
/// hold.
inline void to_csv(const Dataset& rows, const std::filesystem::path& path) {
  detail::check_text_target(rows, path);
  const detail::CsvWriter writer(path);
  std::vector<detail::CellWriter> cells;
  for (const std::string& name : rows.column_names())
    cells.push_back(detail::or_null(writer.cells(rows, name), rows.nulls(name), ""));
  detail::write_rows(rows, path, writer.heading(rows.column_names()),
                     [&](std::string& out, std::int64_t row) { writer.append_line(out, cells, row); });
}

/// Writes JSON lines, as Python's Dataset.to_json(path): an object per row, ASCII only; class ids are numbers. An
/// existing file is replaced when all is written. Throws io, format for a text that is not UTF-8, invalid_argument for
/// an infinite number and for the extension of a compression.
inline void to_json(const Dataset& rows, const std::filesystem::path& path) {
  detail::check_text_target(rows, path);
  std::vector<detail::CellWriter> cells;
  std::vector<std::string> keys;
  for (const std::string& name : rows.column_names()) {
    cells.push_back(detail::or_null(detail::JsonCells(rows, path, name).writer(), rows.nulls(name), "null"));
    detail::append_json_string(keys.emplace_back(keys.empty() ? "{" : ","), name, true);
    keys.back() += ':';
  }
  detail::write_rows(rows, path, "", [&](std::string& out, std::int64_t row) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      out += keys[i];
      cells[i](out, row);
    }
    out += "}\n";
  });
}

}  // namespace tl
