// JSON lines read piece by piece, by the reader of blocks that load_jsonl() has. A window of lines that it cannot read
// is given to the reader of whole texts, line by line.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/json_blocks.hpp>
#include <tl/data/json_lines.hpp>
#include <tl/data/json_rows.hpp>
#include <tl/data/stream/stream_types.hpp>
#include <tl/data/stream/table_stream.hpp>
#include <tl/data/stream/text_streams.hpp>
#include <tl/data/table_blocks.hpp>

namespace tl::detail {

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

}  // namespace tl::detail
