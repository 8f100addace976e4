// Nodes of a stream that call a function of the user: map, filter, and other columns of the same rows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <tl/data/dataset.hpp>
#include <tl/data/stream/stream_nodes.hpp>
#include <tl/data/stream/stream_rows.hpp>
#include <tl/data/stream/stream_types.hpp>

namespace tl::detail {

/// Rows that a function makes of pieces of some rows.
class MapNode : public InnerNode<MapNode> {
 public:
  using Function = std::function<Dataset(const Dataset&)>;

  /// `exact`: pieces of `size` rows, as far as there are so many; else of that or fewer. `tables`: those below are
  /// read.
  MapNode(StreamNodePtr inner, Function function, std::size_t size, bool exact, bool tables)
      : InnerNode(std::move(inner)), function_(std::move(function)), size_(size), exact_(exact), tables_(tables) {}

  bool has_tables() const override { return false; }
  std::unique_ptr<RowCursor> open(bool) const override {
    return std::make_unique<Cursor>(inner_->open(tables_), function_, size_, exact_);
  }

 private:
  class Cursor : public RowCursor {
   public:
    Cursor(std::unique_ptr<RowCursor> inner, Function function, std::size_t size, bool exact)
        : inner_(std::move(inner)), function_(std::move(function)), size_(size), exact_(exact) {}

    StreamRows next(std::size_t most) override {
      while (ready_.empty()) {
        StreamRows rows;
        const std::size_t size = exact_ ? size_ : std::min(size_, most);
        while (rows.size() < size) {
          if (input_.empty()) input_ = inner_->next(size - rows.size());
          if (input_.empty()) break;
          for (StreamRow& row : take_rows(input_, input_at_, size - rows.size())) rows.push_back(std::move(row));
          if (!exact_) break;
        }
        if (rows.empty()) return {};
        Dataset made = function_(gather(rows));
        if (types_.empty()) types_ = types_of(made);
        else if (made.num_rows() > 0) made = conform(made, types_, "the rows before");
        ready_ = rows_of(std::move(made));
      }
      return take_rows(ready_, at_, most);
    }

   private:
    std::unique_ptr<RowCursor> inner_;
    Function function_;
    std::size_t size_;
    bool exact_;
    StreamTypes types_;
    StreamRows input_, ready_;
    std::size_t input_at_ = 0, at_ = 0;
  };

  Function function_;
  std::size_t size_;
  bool exact_, tables_;
};

/// The rows for which a function is true.
class FilterNode : public InnerNode<FilterNode> {
 public:
  using Keep = std::function<bool(const Row&)>;

  FilterNode(StreamNodePtr inner, Keep keep, bool tables)
      : InnerNode(std::move(inner)), keep_(std::move(keep)), tables_(tables) {}

  bool has_tables() const override { return false; }
  std::unique_ptr<RowCursor> open(bool) const override {
    return std::make_unique<Cursor>(inner_->open(tables_), keep_);
  }

 private:
  class Cursor : public RowCursor {
   public:
    Cursor(std::unique_ptr<RowCursor> inner, Keep keep) : inner_(std::move(inner)), keep_(std::move(keep)) {}

    StreamRows next(std::size_t most) override {
      while (ready_.empty()) {
        StreamRows rows;
        if (input_.empty()) input_ = inner_->next(most);
        rows = take_rows(input_, input_at_, most);
        if (rows.empty()) return {};
        for (StreamRow& row : rows)
          if (keep_(Row(*row.piece, row.row))) ready_.push_back(std::move(row));
      }
      return take_rows(ready_, at_, most);
    }

   private:
    std::unique_ptr<RowCursor> inner_;
    Keep keep_;
    StreamRows input_, ready_;
    std::size_t input_at_ = 0, at_ = 0;
  };

  Keep keep_;
  bool tables_;
};

/// Rows with the same numbers and other columns: chosen ones, or class ids for texts. Tables stay tables.
class ViewNode : public InnerNode<ViewNode> {
 public:
  using Function = std::function<Dataset(const Dataset&)>;

  ViewNode(StreamNodePtr inner, Function function) : InnerNode(std::move(inner)), function_(std::move(function)) {}

  std::unique_ptr<RowCursor> open(bool tables) const override {
    return std::make_unique<Cursor>(inner_->open(tables), function_);
  }

 private:
  class Cursor : public RowCursor {
   public:
    Cursor(std::unique_ptr<RowCursor> inner, Function function)
        : inner_(std::move(inner)), function_(std::move(function)) {}

    StreamRows next(std::size_t most) override {
      StreamRows rows = inner_->next(most);
      for (StreamRow& row : rows) row.piece = view_of(row.piece);
      std::erase_if(views_, [](const auto& view) { return view.first.expired(); });
      return rows;
    }

   private:
    std::shared_ptr<const Dataset> view_of(const std::shared_ptr<const Dataset>& piece) {
      for (auto view = views_.rbegin(); view != views_.rend(); ++view)
        if (view->first.lock() == piece) return view->second;
      views_.emplace_back(piece, std::make_shared<const Dataset>(function_(*piece)));
      return views_.back().second;
    }

    std::unique_ptr<RowCursor> inner_;
    Function function_;
    std::vector<std::pair<std::weak_ptr<const Dataset>, std::shared_ptr<const Dataset>>> views_;
  };

  Function function_;
};

}  // namespace tl::detail
