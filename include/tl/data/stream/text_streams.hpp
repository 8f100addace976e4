// What streams of text files share, and the stream of plain texts. A piece is what fits in a window of some megabytes,
// whatever the number of threads, so that the types of columns, which the first piece decides, do not depend on the
// machine.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/compression.hpp>
#include <tl/data/load_options.hpp>
#include <tl/data/scan.hpp>
#include <tl/data/stream/stream_types.hpp>
#include <tl/data/stream/table_stream.hpp>
#include <tl/data/table_blocks.hpp>
#include <tl/data/text_file.hpp>
#include <tl/data/text_lines.hpp>
#include <tl/io/utf8.hpp>

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
