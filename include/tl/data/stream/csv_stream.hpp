// CSV and TSV files read piece by piece, by the reader of blocks that load_csv() has. A record that it cannot read is
// given to the reader of whole texts, which has every rule and every sentence.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/csv.hpp>
#include <tl/data/csv_blocks.hpp>
#include <tl/data/stream/stream_types.hpp>
#include <tl/data/stream/table_stream.hpp>
#include <tl/data/stream/text_streams.hpp>
#include <tl/data/table_blocks.hpp>

namespace tl::detail {

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

}  // namespace tl::detail
