// What the fast readers of CSV and JSON lines share. A window of the file is cut into blocks at ends of records, blocks
// are read in parallel into columns of their own, and those are appended to the columns of the table; so no more than
// a window of text is in memory. The readers know the common forms only. Whatever else comes makes them give up, and
// the reader of whole texts begins again: it decides what is right and what the sentence of an error is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/heap_room.hpp>
#include <tl/core/parallel.hpp>
#include <tl/data/column.hpp>
#include <tl/data/columns.hpp>
#include <tl/data/scan.hpp>
#include <tl/io/byte_source.hpp>
#include <tl/io/utf8.hpp>

namespace tl::detail {

/// The part of a file that is in memory, from the first byte that no reader has taken yet.
class TextWindow {
 public:
  /// `size` is how many bytes are in memory, as long as a record needs no more.
  TextWindow(std::unique_ptr<ByteSource> source, std::size_t size) : source_(std::move(source)) {
    const std::uint64_t all = source_->total().value_or(size);
    resize(all < size ? static_cast<std::size_t>(all) + 1 : size);
    fill();
    if (text().starts_with("\xef\xbb\xbf")) begin_ = 3;
  }

  std::string_view text() const { return {bytes_.get() + begin_, end_ - begin_}; }
  /// Whether the file ends with text().
  bool at_end() const { return at_end_; }
  /// How many bytes were read so far, a byte order mark included.
  std::uint64_t bytes_read() const { return bytes_read_; }
  std::optional<std::uint64_t> total() const { return source_->total(); }

  /// Drops the first bytes of text() and reads what comes next. Without any to drop, the window grows.
  void advance(std::size_t taken) {
    begin_ += taken;
    const std::size_t left = end_ - begin_;
    if (left > capacity_ / 2 && !at_end_) resize(2 * capacity_);
    else std::memmove(bytes_.get(), bytes_.get() + begin_, left);
    begin_ = 0;
    end_ = left;
    fill();
  }

 private:
  /// Moves text() to the front of a new buffer.
  void resize(std::size_t capacity) {
    auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
    if (bytes_) std::memcpy(bytes.get(), bytes_.get() + begin_, end_ - begin_);
    bytes_ = std::move(bytes);
    capacity_ = capacity;
  }

  void fill() {
    if (at_end_) return;
    const std::size_t got = source_->read(bytes_.get() + end_, capacity_ - end_);
    at_end_ = got < capacity_ - end_;
    end_ += got;
    bytes_read_ += got;
  }

  std::unique_ptr<ByteSource> source_;
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
  std::uint64_t bytes_read_ = 0;
  bool at_end_ = false;
};

/// What the cells of a column are, as far as the fast readers know it.
enum class CellKind { skipped, text, integer, decimal, boolean, text_list, integer_list };

/// A column of a block, or of a table: the values that its kind says.
struct CellColumn {
  CellKind kind = CellKind::text;
  std::vector<std::string> texts = {};
  std::vector<std::int64_t> integers = {};  // booleans, too
  std::vector<double> decimals = {};
  std::vector<std::vector<std::string>> text_lists = {};
  std::vector<std::vector<std::int32_t>> integer_lists = {};

  void clear() {
    texts.clear();
    integers.clear();
    decimals.clear();
    text_lists.clear();
    integer_lists.clear();
  }

  ColumnValues finish() {
    switch (kind) {
      case CellKind::integer:
      case CellKind::boolean: return std::move(integers);
      case CellKind::decimal: return std::move(decimals);
      case CellKind::text_list: return std::move(text_lists);
      case CellKind::integer_list: return std::move(integer_lists);
      default: return std::move(texts);
    }
  }
};

/// Makes room for more values. `expected` is how many there will be in all, as far as one can tell: memory that is
/// asked for at once and not touched costs nothing, but a vector that grows is copied, and there twice meanwhile.
template <class T> void make_room(std::vector<T>& values, std::size_t more, std::size_t expected) {
  const std::size_t needed = values.size() + more;
  if (needed > values.capacity()) values.reserve(std::max({needed, expected, values.capacity() * 3 / 2}));
}

template <class T> void append_values(std::vector<T>& to, std::vector<T>& from, std::size_t expected) {
  make_room(to, from.size(), expected);
  for (T& value : from) to.push_back(std::move(value));
  from.clear();
}

/// Moves the values of a block behind those of the table.
inline void append_cells(CellColumn& to, CellColumn& from, std::size_t expected) {
  append_values(to.texts, from.texts, expected);
  append_values(to.integers, from.integers, expected);
  append_values(to.decimals, from.decimals, expected);
  append_values(to.text_lists, from.text_lists, expected);
  append_values(to.integer_lists, from.integer_lists, expected);
}

/// A piece of a window, and what was read from it.
struct TableBlock {
  const char* begin = nullptr;  ///< where its first record begins
  const char* limit = nullptr;  ///< records that begin before this are its own
  const char* stop = nullptr;   ///< where the first record begins that it has not read
  enum class State { read, wider, refused } state = State::read;
  std::size_t wider_column = 0;  ///< the column with a cell that does not have the kind of the others
  std::string wider_text = {};   ///< and that cell
  std::vector<CellColumn> columns = {};
  std::vector<std::int64_t> lines = {};  ///< of each record, from 0 at `begin`
  std::int64_t line_count = 0;           ///< line breaks in [begin, stop)
  std::int64_t nul_count = 0;
  HeapRoom heap = {};

  void restart(const char* at) {
    begin = stop = at;
    state = State::read;
    for (CellColumn& column : columns) column.clear();
    lines.clear();
    line_count = nul_count = 0;
  }

  void add_text(CellColumn& column, std::string_view text) {
    heap.take(text);
    column.texts.emplace_back(text);
  }

  /// Whether what was read is UTF-8; counts NUL bytes, of which UTF-16 is full.
  bool check_text() {
    const std::string_view text(begin, static_cast<std::size_t>(stop - begin));
    for (const char* nul = begin;
         (nul = static_cast<const char*>(std::memchr(nul, 0, static_cast<std::size_t>(stop - nul)))) != nullptr; ++nul)
      ++nul_count;
    return find_invalid_utf8(text) == std::string_view::npos;
  }
};

/// How the fast readers share out their work; tests make the blocks tiny.
struct BlockSizes {
  std::size_t block = std::size_t{1} << 20;                          ///< small enough for a processor's own cache
  std::size_t blocks = 2 * static_cast<std::size_t>(num_threads());  ///< so that none waits long for another
  std::size_t smallest = std::size_t{1} << 16;                       ///< less is not worth a thread
  std::size_t longest = std::size_t(-1);                             ///< a record that needs more memory is an error
};

/// For so many columns of a wider type a file is read from its beginning; for more, whole.
inline constexpr std::size_t most_readings = 8;

/// The rows of a table that is read window by window. A format derives from it: where records begin, and how the
/// records of a block are read.
class BlockReader {
 public:
  enum class Step { rows, end, wider, refused, too_long };

  BlockReader(std::unique_ptr<ByteSource> source, const BlockSizes& sizes)
      : sizes_(sizes), window_(std::move(source), std::max<std::size_t>(16, sizes.block * sizes.blocks)) {}
  virtual ~BlockReader() = default;
  BlockReader(const BlockReader&) = delete;
  BlockReader& operator=(const BlockReader&) = delete;

  /// Reads the records of the next window into the blocks.
  Step next() {
    for (;;) {
      if (is_too_long()) return Step::too_long;
      window_.advance(std::exchange(taken_, 0));
      const std::string_view text = window_.text();
      const std::size_t ends = end_of_records(text, window_.at_end());
      if (ends > 0) {
        const char* const end = text.data() + (window_.at_end() ? ends : text.size());
        cut(text.substr(0, ends));
        parallel_for(static_cast<std::int64_t>(used_), 1, [&](std::int64_t begin, std::int64_t) {
          read(blocks_[static_cast<std::size_t>(begin)], end, window_.at_end());
        });
        const Step step = connect(text.data(), end);
        if (step != Step::end) return step;
      }
      if (window_.at_end()) return Step::end;
    }
  }

  /// The records that the last step could not read (`again`), or those after it, as text for another reader;
  /// first_line() is the number of lines before them. Empty at the end, or before a record that is too long.
  std::string_view next_text(bool again) {
    for (;; again = false) {
      if (!again && is_too_long()) return {};
      if (!again) window_.advance(std::exchange(taken_, 0));
      const std::string_view text = window_.text().substr(0, end_of_records(window_.text(), window_.at_end()));
      if (!text.empty()) {
        taken_ = text.size();
        consumed_ += taken_;
        if (!again) first_line_ = next_line_;
        next_line_ = first_line_ + count_char(text, '\n');
        return text;
      }
      if (window_.at_end()) return {};
    }
  }

  /// Whether a record has no end within the memory that it may take.
  bool is_too_long() const { return taken_ == 0 && !window_.at_end() && window_.text().size() >= sizes_.longest; }

  /// The blocks of the last step, in order, and the lines before the first of them.
  std::size_t blocks() const { return used_; }
  TableBlock& block(std::size_t i) { return blocks_[i]; }
  std::int64_t first_line() const { return first_line_; }

  /// The block that made the last step `wider` or `refused`.
  const TableBlock& failed_block() const { return blocks_[failed_]; }
  /// The line of the record that was not read, from 1.
  std::int64_t failed_line() const {
    std::int64_t line = first_line_ + 1 + blocks_[failed_].line_count;
    for (std::size_t i = 0; i < failed_; ++i) line += blocks_[i].line_count;
    return line;
  }

  /// How many rows there will be, if those that come are as long as the `rows` that were read; 0: who knows.
  std::size_t expected_rows(std::size_t rows) const {
    const auto total = window_.total();
    if (!total || consumed_ == 0) return 0;
    const double share = static_cast<double>(*total) / static_cast<double>(consumed_);
    return static_cast<std::size_t>(static_cast<double>(rows) * std::max(1.0, share) * 1.05) + 64;
  }

 protected:
  /// How much of a window may be read: up to where a record that is not the last one ends.
  virtual std::size_t end_of_records(std::string_view text, bool at_end) const = 0;
  /// Reads the records that begin in a block; they may go on beyond it, up to `end`.
  virtual void read(TableBlock& block, const char* end, bool at_end) const = 0;
  /// Whether line breaks may be inside quotes.
  virtual bool quotes() const = 0;

  const TextWindow& window() const { return window_; }
  /// Makes more text fit into memory, before anything is read.
  void grow() { window_.advance(0); }
  /// What comes before the first record is taken: a header of some lines.
  void skip(std::size_t bytes, std::int64_t lines) {
    taken_ = bytes;
    next_line_ = lines;
    consumed_ = bytes;
  }

  void set_kinds(const std::vector<CellKind>& kinds) {
    blocks_.resize(std::max<std::size_t>(1, sizes_.blocks));
    for (TableBlock& block : blocks_) {
      block.columns.resize(kinds.size());
      for (std::size_t i = 0; i < kinds.size(); ++i) block.columns[i].kind = kinds[i];
    }
  }

 private:
  /// Cuts a text into blocks after line breaks that are likely to end records: those with an even number of quotes
  /// before them. connect() finds out about the others.
  void cut(std::string_view text) {
    const std::size_t wanted = std::clamp<std::size_t>(text.size() / sizes_.smallest, 1, blocks_.size());
    const auto place = [&](std::size_t i) { return text.size() / wanted * i; };
    std::vector<std::int64_t> quotes(wanted);
    if (this->quotes() && wanted > 1)
      parallel_for(static_cast<std::int64_t>(wanted), 1, [&](std::int64_t begin, std::int64_t) {
        const auto i = static_cast<std::size_t>(begin);
        quotes[i] = count_char(text.substr(place(i), place(1)), '"');
      });
    used_ = 0;
    add_block(text.data(), text);
    std::int64_t before = 0;
    for (std::size_t i = 1; i < wanted; ++i) {
      before += quotes[i - 1];
      if (text.data() + place(i) < blocks_[used_ - 1].begin) continue;
      std::int64_t inside = before;
      std::size_t at = place(i);
      for (std::size_t next; (next = text.find('\n', at)) != std::string_view::npos; at = next) {
        ++next;
        if (this->quotes()) inside += count_char(text.substr(at, next - at), '"');
        if (inside % 2 == 0 && next < text.size()) {
          add_block(text.data() + next, text);
          break;
        }
        if (i + 1 < wanted && next > place(i + 1)) break;
      }
    }
  }

  void add_block(const char* begin, std::string_view text) {
    if (used_ > 0) blocks_[used_ - 1].limit = begin;
    blocks_[used_].restart(begin);
    blocks_[used_++].limit = text.data() + text.size();
  }

  /// Checks that each block began where the one before ended, or reads it again from there.
  Step connect(const char* begin, const char* end) {
    first_line_ = next_line_;
    bool any = false;
    for (std::size_t i = 0; i < used_; ++i) {
      TableBlock& block = blocks_[i];
      if (i > 0 && block.begin != blocks_[i - 1].stop) {
        block.restart(blocks_[i - 1].stop);
        if (block.begin < block.limit) read(block, end, window_.at_end());
      }
      failed_ = i;
      if (block.state == TableBlock::State::refused) return Step::refused;
      if (block.state == TableBlock::State::wider) return Step::wider;
      any = any || !block.lines.empty();
      next_line_ += block.line_count;
      nul_count_ += block.nul_count;
    }
    taken_ = static_cast<std::size_t>(blocks_[used_ - 1].stop - begin);
    consumed_ += taken_;
    if (4 * nul_count_ > static_cast<std::int64_t>(window_.bytes_read())) return Step::refused;  // UTF-16, likely
    return any ? Step::rows : Step::end;
  }

  BlockSizes sizes_;
  TextWindow window_;
  std::vector<TableBlock> blocks_;
  std::size_t used_ = 0, failed_ = 0;
  std::size_t taken_ = 0;
  std::uint64_t consumed_ = 0;
  std::int64_t first_line_ = 0, next_line_ = 0, nul_count_ = 0;
};

/// The table that blocks are put together to.
struct TableParts {
  std::vector<CellColumn> columns = {};
  SourceLocations places = {};

  void set_kinds(const std::vector<CellKind>& kinds) {
    columns.resize(kinds.size());
    for (std::size_t i = 0; i < kinds.size(); ++i) columns[i].kind = kinds[i];
  }

  /// Takes the rows of the reader's last step. `all`: those of the other steps will follow.
  void append(BlockReader& reader, bool all = true) {
    std::size_t rows = places.numbers.size();
    for (std::size_t i = 0; i < reader.blocks(); ++i) rows += reader.block(i).lines.size();
    const std::size_t expected = all ? reader.expected_rows(rows) : rows;
    std::int64_t line = reader.first_line() + 1;
    for (std::size_t i = 0; i < reader.blocks(); ++i) {
      TableBlock& block = reader.block(i);
      for (std::size_t c = 0; c < columns.size(); ++c) append_cells(columns[c], block.columns[c], expected);
      for (std::int64_t& number : block.lines) number += line;
      append_values(places.numbers, block.lines, expected);
      line += block.line_count;
    }
  }
};

}  // namespace tl::detail
