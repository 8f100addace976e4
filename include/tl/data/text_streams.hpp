// CSV, JSON lines and texts read piece by piece, by the readers of blocks that load_csv() and load_jsonl() have. A
// piece is what fits in a window of some megabytes, whatever the number of threads, so that the types of columns, which
// the first piece decides, do not depend on the machine. A record that the reader of blocks cannot read is given to the
// reader of whole texts, which has every rule and every sentence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/csv.hpp>
#include <tl/data/json_lines.hpp>
#include <tl/data/load_options.hpp>
#include <tl/data/stream_types.hpp>
#include <tl/data/table_blocks.hpp>
#include <tl/data/table_stream.hpp>
#include <tl/data/text_lines.hpp>

namespace tl::detail {

/// The window of a stream: as large as the reader of whole files has with two threads.
inline constexpr BlockSizes stream_sizes{.block = std::size_t{1} << 20, .blocks = 4, .longest = std::size_t{1} << 26};

/// What a stream is told about a file.
struct StreamedFile {
  std::filesystem::path path;
  LoadOptions options;
  StreamTypes types = {};   // of the stream; empty: the file's first piece decides
  std::string origin = {};  // the file that decided them
  BlockSizes sizes = stream_sizes;

  bool names(const std::vector<std::string>& list, std::string_view column) const {
    return std::ranges::find(list, column) != list.end();
  }
};

[[noreturn]] inline void fail_too_long(const StreamedFile& file, std::int64_t lines) {
  fail(ErrorCode::format, file.path.native(), ", line ", lines + 1, ": expected a record of at most ",
       file.sizes.longest, " bytes, got a longer one; if a quote is not closed, correct it");
}

[[noreturn]] inline void fail_to_stream(const StreamedFile& file, std::string_view what) {
  fail(ErrorCode::invalid_argument, file.path.native(), ": expected ", what,
       " to read it as a stream; convert the file, or read it as a whole with load_dataset()");
}

/// Throws for bytes that are no UTF-8. `line` is that of the first byte.
inline void check_streamed_utf8(const StreamedFile& file, std::string_view text, std::int64_t line) {
  const std::size_t bad = find_invalid_utf8(text);
  if (bad == std::string_view::npos) return;
  fail(ErrorCode::format, file.path.native(), ", line ", line + count_char(text.substr(0, bad), '\n'),
       ": expected UTF-8, got byte ", static_cast<int>(static_cast<unsigned char>(text[bad])),
       "; a stream reads UTF-8: convert the file, or read it as a whole with load_dataset() and its encoding");
}

/// The kind of cells that a column of the stream has; skipped: no reader of blocks has it.
inline CellKind kind_of(const StreamType& type) {
  switch (type.type) {
    case ColumnType::string: return CellKind::text;
    case ColumnType::int64: return type.is_boolean ? CellKind::boolean : CellKind::integer;
    case ColumnType::float64: return CellKind::decimal;
    case ColumnType::list_int32: return CellKind::integer_list;
    case ColumnType::list_string: return CellKind::text_list;
    case ColumnType::list_float32: break;
  }
  return CellKind::skipped;
}

/// A CSV or TSV file.
class CsvStream : public TableStream {
 public:
  explicit CsvStream(StreamedFile file)
      : file_(std::move(file)), options_{file_.options.delimiter,    file_.options.has_header,
                                         file_.options.column_names, file_.options.columns,
                                         file_.options.text_columns, file_.options.encoding,
                                         file_.options.quoting} {}

  std::optional<Dataset> next() override {
    if (at_end_) return std::nullopt;
    BlockReader::Step step = reader_ ? reader_->next() : begin();
    if (step == BlockReader::Step::rows) {
      TableParts parts{.places = {.file = file_.path.native()}};
      parts.set_kinds(layout_.kinds);
      parts.append(*reader_, false);
      return finish_csv(layout_, std::move(parts));
    }
    if (step == BlockReader::Step::wider) fail_wider();
    if (step == BlockReader::Step::refused) fail_refused();
    if (step == BlockReader::Step::too_long) fail_too_long(file_, reader_->first_line());
    at_end_ = true;
    return std::exchange(whole_, std::nullopt);
  }

 private:
  using Step = BlockReader::Step;

  /// The first step. A column whose type is not known gets one that all cells of the first window have.
  Step begin() {
    std::map<std::size_t, CellKind> wider;
    for (;;) {
      if (!open()) return Step::end;
      for (std::size_t i = 0; i < layout_.fields.size(); ++i) {
        const StreamType* const type = find_type(file_.types, layout_.names[i]);
        CellKind& kind = layout_.kinds[layout_.fields[i]];
        if (type != nullptr) kind = kind_of(*type);
        else if (file_.names(options_.text_columns, layout_.names[i])) kind = CellKind::text;
        else if (file_.names(file_.options.float_columns, layout_.names[i])) kind = CellKind::decimal;
      }
      for (const auto& [field, kind] : wider) layout_.kinds[field] = kind;
      reader_->set_kinds(layout_.kinds);
      const Step step = reader_->next();
      const std::size_t field = step == Step::wider ? reader_->failed_block().wider_column : 0;
      if (step != Step::wider || !file_.types.empty() || is_declared(field)) return step;
      wider[field] = wider_csv_kind(layout_.kinds[field], reader_->failed_block().wider_text);
    }
  }

  /// Reads the header and the first row. False if the file is read, because it fits in the window and is for the reader
  /// of whole texts.
  bool open() {
    reader_ = std::make_unique<CsvBlockReader>(open_data_file(file_.path), csv_delimiter(file_.path, options_),
                                               may_quote(file_.path, options_), file_.sizes);
    layout_ = {};
    const bool utf_8 = text_encoding(options_.encoding) == TextEncoding::utf_8;
    for (; utf_8; reader_->grow()) {
      try {
        if (begin_csv(*reader_, file_.path, options_, layout_)) return check_columns(), true;
        break;
      } catch (const Error& error) {  // likely a quote that is closed later
        if (reader_->at_end()) break;
        if (error.code() != ErrorCode::format || reader_->text().size() >= file_.sizes.longest) throw;
      }
    }
    if (!reader_->at_end()) fail_beginning(utf_8);
    CsvOptions options = options_;
    for (const StreamType& type : file_.types)
      if (type.type == ColumnType::string) options.text_columns.push_back(type.name);
    Dataset rows = load_csv(file_.path, options);
    if (rows.num_rows() > 0) whole_ = std::move(rows);
    return false;
  }

  void check_columns() const {
    if (file_.types.empty()) return;
    std::vector<std::string> expected = names_of_types(file_.types), got = layout_.names;
    std::ranges::sort(expected);
    std::ranges::sort(got);
    if (expected != got)
      fail(ErrorCode::invalid_argument, file_.path.native(), ": expected the columns ",
           python_text(names_of_types(file_.types)), " as in ", file_.origin, ", got ", python_text(layout_.names));
  }

  bool is_declared(std::size_t field) const {
    for (std::size_t i = 0; i < layout_.fields.size(); ++i)
      if (layout_.fields[i] == field) return file_.names(file_.options.float_columns, layout_.names[i]);
    return false;
  }

  /// A file whose header or first row the reader of blocks does not take.
  [[noreturn]] void fail_beginning(bool utf_8) const {
    const std::string_view text = reader_->text();
    if (!utf_8 || text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) fail_to_stream(file_, "UTF-8");
    check_streamed_utf8(file_, text.substr(0, text.rfind('\n')), 1);
    CsvParser parser(text, csv_delimiter(file_.path, options_), may_quote(file_.path, options_), file_.path.native());
    std::vector<std::string> header = options_.column_names, fields;
    if (options_.has_header && parser.next(fields) && header.empty()) header = fields;
    if (parser.next(fields) && !header.empty() && header.size() != fields.size())
      fail_fields(parser, file_.path.native(), header, fields.size(), may_quote(file_.path, options_));
    fail_to_stream(file_, "each column once");
  }

  /// A cell that does not have the type of its column.
  [[noreturn]] void fail_wider() const {
    check_record();
    const TableBlock& block = reader_->failed_block();
    const CellKind kind = layout_.kinds[block.wider_column];
    const StreamType own{field_names()[block.wider_column],
                         kind == CellKind::decimal ? ColumnType::float64 : ColumnType::int64,
                         kind == CellKind::boolean};
    double number = 0;
    const ColumnType got = parse_decimal(block.wider_text, number) ? ColumnType::float64 : ColumnType::string;
    fail(ErrorCode::dtype, file_.path.native(), ", line ", reader_->failed_line(), ", column ", Repr{own.name},
         ": expected ", text_of(own), " as in ", file_.types.empty() ? "the rows before" : file_.origin, ", got ",
         Repr{block.wider_text}, remedy_for(own, got));
  }

  [[noreturn]] void fail_refused() const {
    check_record();
    fail(ErrorCode::format, file_.path.native(), ", line ", reader_->failed_line(),
         ": expected UTF-8, got text of another encoding; convert the file, or read it as a whole with load_dataset()");
  }

  /// Throws what the reader of whole texts says about the record that the last step did not read.
  void check_record() const {
    const TableBlock& block = reader_->failed_block();
    const std::int64_t line = reader_->failed_line();
    check_streamed_utf8(file_, {block.begin, static_cast<std::size_t>(block.stop - block.begin)},
                        line - block.line_count);
    const std::string_view text = reader_->text();
    const std::string_view rest(block.stop, static_cast<std::size_t>(text.data() + text.size() - block.stop));
    const bool quotes = may_quote(file_.path, options_);
    CsvParser parser(rest, csv_delimiter(file_.path, options_), quotes, file_.path.native(), line);
    std::vector<std::string> fields;
    if (parser.next(fields) && fields.size() != layout_.kinds.size())
      fail_fields(parser, file_.path.native(), field_names(), fields.size(), quotes);
    check_streamed_utf8(file_, rest.substr(0, parser.bytes_read()), line);
  }

  /// The names of all fields; those that are not read have none.
  std::vector<std::string> field_names() const {
    std::vector<std::string> names(layout_.kinds.size());
    for (std::size_t i = 0; i < layout_.fields.size(); ++i) names[layout_.fields[i]] = layout_.names[i];
    return names;
  }

  StreamedFile file_;
  CsvOptions options_;
  std::unique_ptr<CsvBlockReader> reader_;
  CsvLayout layout_;
  std::optional<Dataset> whole_;  // a small file
  bool at_end_ = false;
};

/// A file of JSON lines.
class JsonStream : public TableStream {
 public:
  explicit JsonStream(StreamedFile file)
      : file_(std::move(file)),
        options_{file_.options.columns, file_.options.text_columns, file_.options.encoding, file_.options.field} {}

  std::optional<Dataset> next() override {
    for (;;) {
      if (at_end_) return std::nullopt;
      if (!reader_ && !begin()) return finish();
      bool again = false;
      if (in_blocks_) {
        const BlockReader::Step step = reader_->next();
        if (step == BlockReader::Step::rows) return piece();
        if (step == BlockReader::Step::end) return finish();
        if (step == BlockReader::Step::too_long) fail_too_long(file_, reader_->first_line());
        again = true;
      }
      auto rows = by_lines(reader_->next_text(again));
      if (!rows) return finish();
      if (rows->num_rows() > 0) return rows;
    }
  }

 private:
  std::optional<Dataset> finish() {
    at_end_ = true;
    return std::exchange(whole_, std::nullopt);
  }

  /// Opens the file. False if it fits in the window and is read as a whole, because it may have any shape of JSON then.
  bool begin() {
    reader_ = std::make_unique<JsonBlockReader>(open_data_file(file_.path), file_.sizes);
    const bool utf_8 = text_encoding(options_.encoding) == TextEncoding::utf_8;
    const std::size_t first = reader_->text().find_first_not_of(" \t\r\n");
    const char begins = first == std::string_view::npos ? '\0' : reader_->text()[first];
    if (reader_->at_end()) {
      Dataset rows = load_jsonl(file_.path, options_);
      if (rows.num_rows() > 0) whole_ = with_floats(rows);
      return false;
    }
    if (!utf_8 || reader_->text().starts_with("\xff\xfe") || reader_->text().starts_with("\xfe\xff"))
      fail_to_stream(file_, "UTF-8");
    if (!options_.field.empty() || begins != '{') fail_to_stream(file_, "JSON lines, an object on each line,");
    std::vector<JsonBlockKey> keys = first_row();
    in_blocks_ = !keys.empty();
    if (in_blocks_) reader_->set_keys(std::move(keys), !options_.columns.empty());
    return true;
  }

  /// The keys with the kinds of the stream; none if no reader of blocks has them.
  std::vector<JsonBlockKey> first_row() {
    try {
      keys_ = first_json_row(*reader_, file_.path.native(), options_);
    } catch (const Error&) {  // by_lines() finds it, too
      keys_.clear();
    }
    for (JsonBlockKey& key : keys_) {
      const StreamType* const type = find_type(file_.types, key.name);
      if (!file_.types.empty() && type == nullptr) return {};
      if (type != nullptr && !key.as_text) key.kind = kind_of(*type);
      else if (is_float(key.name) && key.kind == CellKind::integer) key.kind = CellKind::decimal;
      if (key.kind == CellKind::skipped) return {};
    }
    return keys_;
  }

  bool is_float(std::string_view name) const { return file_.names(file_.options.float_columns, name); }

  /// The rows of the last step.
  Dataset piece() {
    TableParts parts{.places = {.file = file_.path.native()}};
    std::vector<CellKind> kinds;
    for (const JsonBlockKey& key : keys_) kinds.push_back(key.kind);
    parts.set_kinds(kinds);
    parts.append(*reader_, false);
    Columns columns;
    std::vector<std::string> bool_columns;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (keys_[i].kind == CellKind::boolean) bool_columns.push_back(keys_[i].name);
      columns.push_back({keys_[i].name, parts.columns[i].finish()});
    }
    return decided(Dataset::from_columns(std::move(columns), std::move(parts.places), bool_columns));
  }

  /// The rows of a text, line by line; nothing at the end.
  std::optional<Dataset> by_lines(std::string_view text) {
    if (text.empty()) {
      if (reader_->is_too_long()) fail_too_long(file_, reader_->first_line());
      return std::nullopt;
    }
    const std::int64_t before = reader_->first_line();
    check_streamed_utf8(file_, text, before + 1);
    JsonRows rows(file_.path.native(), "line", options_);
    each_line(text, before, [&](Json row, std::int64_t line) { rows.add(std::move(row), line); });
    Dataset result = with_floats(rows.finish());
    if (result.num_rows() == 0) return result;
    if (file_.types.empty()) return decided(std::move(result));
    try {
      return conform(result, file_.types, file_.origin);
    } catch (const Error&) {  // says only where the piece begins
      each_line(text, before, [&](Json row, std::int64_t line) {
        JsonRows one(file_.path.native(), "line", options_);
        one.add(std::move(row), line);
        (void)conform(with_floats(one.finish()), file_.types, file_.origin);
      });
      throw;
    }
  }

  template <class Take> void each_line(std::string_view text, std::int64_t before, const Take& take) const {
    for (std::int64_t line = before + 1; !text.empty(); ++line) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      const std::string_view one = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (one.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      take(parse_json(one, str_cat(file_.path.native(), ", line ", line)), line);
    }
  }

  /// The first rows of the stream decide its types.
  Dataset decided(Dataset rows) {
    if (!file_.types.empty()) return rows;
    file_.types = types_of(rows);
    file_.origin = "the rows before";
    if (!in_blocks_) return rows;
    for (JsonBlockKey& key : keys_) {
      key.kind = key.as_text ? CellKind::text : kind_of(*find_type(file_.types, key.name));
      in_blocks_ = in_blocks_ && key.kind != CellKind::skipped;
    }
    if (in_blocks_) reader_->set_keys(keys_, !options_.columns.empty());
    return rows;
  }

  /// Whole numbers of the columns that are declared to have others as well.
  Dataset with_floats(const Dataset& rows) const {
    StreamTypes types = types_of(rows);
    for (StreamType& type : types)
      if (is_float(type.name) && type.type == ColumnType::int64 && !type.is_boolean) type.type = ColumnType::float64;
    return conform(rows, types, file_.path.native());
  }

  StreamedFile file_;
  JsonOptions options_;
  std::unique_ptr<JsonBlockReader> reader_;
  std::vector<JsonBlockKey> keys_;
  std::optional<Dataset> whole_;  // a small file
  bool in_blocks_ = false, at_end_ = false;
};

/// A text file: a row is a line.
class TextStream : public TableStream {
 public:
  explicit TextStream(StreamedFile file) : file_(std::move(file)) {}

  std::optional<Dataset> next() override {
    if (!window_) begin();
    if (whole_) return std::exchange(whole_, std::nullopt);
    while (!at_end_) {
      window_->advance(std::exchange(taken_, 0));
      const std::string_view text = window_->text().substr(0, end_of_lines());
      at_end_ = window_->at_end();
      taken_ = text.size();
      if (!text.empty()) return rows_of(text);
      if (window_->text().size() >= file_.sizes.longest) fail_too_long(file_, lines_);
    }
    return std::nullopt;
  }

 private:
  void begin() {
    window_.emplace(open_data_file(file_.path), std::max<std::size_t>(16, file_.sizes.block * file_.sizes.blocks));
    const std::string_view text = window_->text();
    const bool utf_16 = text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");
    if (text_encoding(file_.options.encoding) == TextEncoding::utf_8 && !utf_16) return;
    if (!window_->at_end()) fail_to_stream(file_, "UTF-8");
    Dataset rows = load_text(file_.path, file_.options.encoding);
    if (rows.num_rows() > 0) whole_ = std::move(rows);
    at_end_ = true;
  }

  /// Where the last line that is whole ends. A CR may be the first half of a line break.
  std::size_t end_of_lines() const {
    const std::string_view text = window_->text();
    if (window_->at_end()) return text.size();
    std::size_t end = text.find_last_of("\r\n");
    if (end != std::string_view::npos && end + 1 == text.size() && text[end] == '\r')
      end = end == 0 ? std::string_view::npos : text.find_last_of("\r\n", end - 1);
    return end == std::string_view::npos ? 0 : end + 1;
  }

  Dataset rows_of(std::string_view text) {
    check_streamed_utf8(file_, text, lines_ + 1);
    std::vector<std::string> lines;
    SourceLocations places{.file = file_.path.native()};
    for (const NumberedLine& line : numbered_lines(text)) {
      lines.emplace_back(line.text);
      places.numbers.push_back(lines_ + line.number);
    }
    lines_ += static_cast<std::int64_t>(lines.size());
    return Dataset::from_columns({{"text", std::move(lines)}}, std::move(places));
  }

  StreamedFile file_;
  std::optional<TextWindow> window_;
  std::optional<Dataset> whole_;  // a small file
  std::size_t taken_ = 0;
  std::int64_t lines_ = 0;
  bool at_end_ = false;
};

}  // namespace tl::detail
