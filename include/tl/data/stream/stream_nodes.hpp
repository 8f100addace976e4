// What a stream does to its rows, as a chain of nodes that begins with the files. It follows Python's datasets 5.2,
// node for node, because the order of a shuffled stream depends on all of them: on how many files feed the buffer, on
// which nodes fix the order of the files, and on whether rows or tables of rows come in. A node never changes; a pass
// over the data is a RowCursor.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/pcg64.hpp>
#include <tl/data/stream/stream_rows.hpp>

namespace tl::detail {

class StreamNode;
using StreamNodePtr = std::shared_ptr<const StreamNode>;

/// A step of a stream.
class StreamNode {
 public:
  virtual ~StreamNode() = default;

  /// Begins a pass. `tables`: over tables, if has_tables(), else over rows.
  virtual std::unique_ptr<RowCursor> open(bool tables) const = 0;
  /// Whether the reference passes tables on, of sizes that shuffle() depends on; after map() and filter() it does not.
  virtual bool has_tables() const { return true; }
  /// How many files come in.
  virtual std::int64_t num_shards() const = 0;
  /// The same with the files in the order of a generator; null if skip() or take() fix their order.
  virtual StreamNodePtr shuffle_sources(const Pcg64& generator) const = 0;
  /// The same with the files of part `index` of `count` consecutive parts.
  virtual StreamNodePtr shard(std::int64_t count, std::int64_t index) const = 0;
  /// The same with other generators for another epoch.
  virtual StreamNodePtr shift(std::uint64_t epoch) const = 0;
};

/// A node after another one, which makes copies of itself for other ways of reading that one.
template <class Derived> class InnerNode : public StreamNode {
 public:
  explicit InnerNode(StreamNodePtr inner) : inner_(std::move(inner)) {}

  bool has_tables() const override { return inner_->has_tables(); }
  std::int64_t num_shards() const override { return inner_->num_shards(); }
  StreamNodePtr shuffle_sources(const Pcg64& generator) const override {
    StreamNodePtr inner = inner_->shuffle_sources(generator);
    return inner ? with(std::move(inner)) : nullptr;
  }
  StreamNodePtr shard(std::int64_t count, std::int64_t index) const override {
    return with(inner_->shard(count, index));
  }
  StreamNodePtr shift(std::uint64_t epoch) const override { return with(inner_->shift(epoch)); }

 protected:
  std::shared_ptr<Derived> with(StreamNodePtr inner) const {
    auto copy = std::make_shared<Derived>(static_cast<const Derived&>(*this));
    copy->inner_ = std::move(inner);
    return copy;
  }

  StreamNodePtr inner_;
};

/// Tables of `size` rows, of which the last may be shorter. Rows pass through.
class RebatchNode : public InnerNode<RebatchNode> {
 public:
  RebatchNode(StreamNodePtr inner, std::size_t size) : InnerNode(std::move(inner)), size_(size) {}

  std::unique_ptr<RowCursor> open(bool tables) const override {
    if (!tables) return inner_->open(false);
    return std::make_unique<Cursor>(inner_->open(true), size_);
  }

 private:
  class Cursor : public RowCursor {
   public:
    Cursor(std::unique_ptr<RowCursor> inner, std::size_t size) : inner_(std::move(inner)), size_(size) {}
    StreamRows next(std::size_t) override {
      StreamRows table;
      while (table.size() < size_) {
        if (rest_.empty()) rest_ = inner_->next(size_);
        if (rest_.empty()) break;
        for (StreamRow& row : take_rows(rest_, at_, size_ - table.size())) table.push_back(std::move(row));
      }
      return table;
    }

   private:
    std::unique_ptr<RowCursor> inner_;
    std::size_t size_, at_ = 0;
    StreamRows rest_;
  };

  std::size_t size_;
};

/// Reads several parts of the files in turn: a row, or a table, of each.
class InterleaveNode : public InnerNode<InterleaveNode> {
 public:
  InterleaveNode(StreamNodePtr inner, std::int64_t most) : InnerNode(std::move(inner)), most_(most) {}

  std::unique_ptr<RowCursor> open(bool tables) const override {
    std::vector<Part> parts;
    const std::int64_t count = std::min(inner_->num_shards(), most_);
    for (std::int64_t i = 0; i < count; ++i) parts.push_back({inner_->shard(count, i), nullptr, {}, 0});
    return std::make_unique<Cursor>(std::move(parts), tables);
  }

 private:
  struct Part {
    StreamNodePtr node;
    std::unique_ptr<RowCursor> cursor;
    StreamRows rows;
    std::size_t at = 0;
  };

  class Cursor : public RowCursor {
   public:
    Cursor(std::vector<Part> parts, bool tables) : parts_(std::move(parts)), tables_(tables) {}
    StreamRows next(std::size_t most) override {
      StreamRows rows;
      while (!parts_.empty() && rows.size() < (tables_ ? 1 : most)) {
        Part& part = parts_[turn_];
        if (!part.cursor) part.cursor = part.node->open(tables_);
        if (part.rows.empty()) part.rows = part.cursor->next(rows_ahead);
        if (part.rows.empty()) {
          parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(turn_));
          if (turn_ == parts_.size()) turn_ = 0;
          continue;
        }
        if (tables_) rows = std::exchange(part.rows, {});
        else rows.push_back(std::move(take_rows(part.rows, part.at, 1).front()));
        turn_ = (turn_ + 1) % parts_.size();
      }
      return rows;
    }

   private:
    static constexpr std::size_t rows_ahead = 16;  // one at a time would be slow
    std::vector<Part> parts_;
    std::size_t turn_ = 0;
    bool tables_;
  };

  std::int64_t most_;
};

/// The shuffle buffer: when it is full, half of it goes out in random order. The other half is copied, so that the
/// pieces that its rows were read with need not stay in memory.
class BufferNode : public InnerNode<BufferNode> {
 public:
  BufferNode(StreamNodePtr inner, std::int64_t size, const Pcg64& generator)
      : InnerNode(std::move(inner)), size_(static_cast<std::size_t>(size)), generator_(generator) {}

  std::unique_ptr<RowCursor> open(bool tables) const override {
    return std::make_unique<Cursor>(inner_->open(tables), size_, generator_, tables);
  }

  StreamNodePtr shift(std::uint64_t epoch) const override {
    Pcg64 generator = generator_;
    const std::uint64_t drawn = generator.next_u64() >> 1;  // integers(0, 1 << 63)
    check(drawn >= epoch, ErrorCode::invalid_argument, "set_epoch: expected an epoch of at most ", drawn, ", got ",
          epoch);
    auto copy = with(inner_->shift(epoch));
    copy->generator_ = Pcg64(drawn - epoch);
    return copy;
  }

 private:
  class Cursor : public RowCursor {
   public:
    Cursor(std::unique_ptr<RowCursor> inner, std::size_t size, const Pcg64& generator, bool tables)
        : inner_(std::move(inner)), size_(size), generator_(generator), tables_(tables) {}

    StreamRows next(std::size_t most) override {
      if (ready_.empty()) fill();
      return take_rows(ready_, at_, tables_ ? ready_.size() : most);
    }

   private:
    void fill() {
      while (buffer_.size() < size_) {
        StreamRows more = inner_->next(size_ - buffer_.size());
        if (more.empty()) break;
        for (StreamRow& row : more) buffer_.push_back(std::move(row));
      }
      const bool is_full = buffer_.size() >= size_;
      const std::size_t kept = is_full ? size_ / 2 : 0, out = buffer_.size() - kept;
      const std::vector<std::int64_t> order = generator_.permutation(static_cast<std::int64_t>(buffer_.size()));
      StreamRows rest;
      for (std::size_t i = 0; i < order.size(); ++i)
        (i < out ? ready_ : rest).push_back(std::move(buffer_[static_cast<std::size_t>(order[i])]));
      buffer_ = rest.empty() ? StreamRows() : rows_of(gather(rest, true));
    }

    std::unique_ptr<RowCursor> inner_;
    std::size_t size_;
    Pcg64 generator_;
    bool tables_;
    StreamRows buffer_, ready_;
    std::size_t at_ = 0;
  };

  std::size_t size_;
  Pcg64 generator_;
};

/// All rows but the first, or only the first. The order of the files is fixed below it, as otherwise it would be other
/// rows.
class RangeNode : public InnerNode<RangeNode> {
 public:
  /// Rows from `first` on, at most `count`.
  RangeNode(StreamNodePtr inner, std::size_t first, std::size_t count)
      : InnerNode(std::move(inner)), first_(first), count_(count) {}

  StreamNodePtr shuffle_sources(const Pcg64&) const override { return nullptr; }
  /// Never needed: only files in an order that may change are read in parts.
  StreamNodePtr shard(std::int64_t, std::int64_t) const override {
    fail(ErrorCode::state, "a stream after take() or skip() has no parts");
  }

  std::unique_ptr<RowCursor> open(bool tables) const override {
    if (count_ == 0) return std::make_unique<Cursor>(nullptr, 0, 0);
    return std::make_unique<Cursor>(inner_->open(tables), first_, count_);
  }

  static constexpr std::size_t all_rows = std::size_t(-1);

 private:
  class Cursor : public RowCursor {
   public:
    Cursor(std::unique_ptr<RowCursor> inner, std::size_t skip, std::size_t left)
        : inner_(std::move(inner)), skip_(skip), left_(left) {}

    StreamRows next(std::size_t most) override {
      while (left_ != 0) {
        StreamRows rows = inner_->next(skip_ > 0 ? std::min(skip_, rows_at_once) : std::min(most, left_));
        if (rows.empty()) break;
        const auto skipped = std::min(skip_, rows.size());
        skip_ -= skipped;
        rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(skipped));
        if (rows.size() > left_) rows.resize(left_);  // of a table
        if (left_ != all_rows) left_ -= rows.size();
        if (!rows.empty()) return rows;
      }
      return {};
    }

   private:
    static constexpr std::size_t rows_at_once = 1000;  // of those that are skipped
    std::unique_ptr<RowCursor> inner_;
    std::size_t skip_, left_;
  };

  std::size_t first_, count_;
};

}  // namespace tl::detail
