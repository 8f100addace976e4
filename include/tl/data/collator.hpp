// The packed collator: rows of a tokenised data set become one batch without padding. It needs a column "input_ids"
// (lists of token ids) and takes class ids from "label", "labels" or "label_ids" if there is such a column. Padding
// that the rows bring along on the right is dropped again if a column "attention_mask" marks it. Other columns are not
// looked at.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tl/core/packed.hpp>
#include <tl/data/dataset.hpp>

namespace tl {

/// B rows as a model takes them.
struct Batch {
  PackedSequences inputs;
  std::optional<Tensor<std::int64_t>> labels;  ///< [B]; nothing if the data set has no labels

  /// Whether any row has a label; a batch of rows with -100 alone has no loss.
  bool has_loss() const {
    return labels && std::ranges::any_of(labels->span(), [](std::int64_t label) { return label != -100; });
  }

  /// Elements that the batch would have if it were padded to its longest row.
  std::int64_t padded_tokens() const { return inputs.sequences() * inputs.max_length; }
};

struct CollatorOptions {
  std::string name = "dataset";              ///< what errors call the data set
  std::optional<std::int64_t> num_labels{};  ///< if given, labels must be in [0, num_labels), or -100 for "no label"
  std::optional<std::int64_t> max_length{};  ///< if given, no row may have more tokens
  std::optional<std::int64_t> vocab_size{};  ///< if given, token ids must be in [0, vocab_size)
  std::vector<std::string> class_names{};    ///< the model's; class ids of the same names in another order are refused
};

class PackedCollator {
 public:
  /// Throws Error(not_found) with the columns that are there, Error(dtype) for a column of another type,
  /// Error(invalid_argument) for classes in another order than the model's.
  explicit PackedCollator(const Dataset& dataset, CollatorOptions options = {})
      : options_(std::move(options)), ids_(ids_column(dataset, options_.name)), places_(dataset.select_columns({})) {
    if (dataset.has_column("attention_mask")) mask_ = dataset.column<std::vector<std::int32_t>>("attention_mask");
    for (const char* name : {"labels", "label", "label_ids"}) {
      if (!dataset.has_column(name)) continue;
      check(dataset.column_type(name) == ColumnType::int64, ErrorCode::dtype, options_.name,
            ": expected class ids (int64) in column ", name, ", got ", to_string(dataset.column_type(name)),
            "; turn texts or numbers into class ids with cast_column or class_encode_column");
      labels_ = dataset.column<std::int64_t>(name);
      label_name_ = name;
      check_order_of_classes(dataset.class_names(name));
      break;
    }
  }

  std::int64_t size() const noexcept { return ids_.size(); }
  bool has_labels() const noexcept { return labels_.has_value(); }
  const std::string& name() const noexcept { return options_.name; }

  /// "rows 3, 17 of eval_dataset (test.csv, lines 5, 19)", at most 32 of them; the places only if they are known.
  std::string describe(std::span<const std::int64_t> rows) const {
    constexpr std::size_t most = 32;
    const auto shown = rows.first(std::min(most, rows.size()));
    std::string text = rows.size() == 1 ? "row" : "rows";
    for (std::size_t i = 0; i < shown.size(); ++i) text += join(i > 0 ? ", " : " ", shown[i]);
    if (rows.size() > most) text += join(" and ", rows.size() - most, " more");
    return join(text, " of ", options_.name, in_brackets(places_.place(shown)));
  }

  /// Number of tokens of a row, padding left out. Throws Error(shape) if its attention_mask is not 1 .. 1 0 .. 0.
  std::int64_t length(std::int64_t row) const {
    const auto& ids = ids_[row];
    if (!mask_) return static_cast<std::int64_t>(ids.size());
    const auto& mask = (*mask_)[row];
    if (mask.size() != ids.size())
      fail(ErrorCode::shape, where(row), ": expected an attention_mask as long as the ", ids.size(), " input_ids, got ",
           mask.size());
    const std::string problem = detail::padding_problem(std::span(mask));
    if (!problem.empty()) fail(ErrorCode::shape, where(row), problem);
    return std::count(mask.begin(), mask.end(), 1);
  }

  /// A hash of the tokens and labels of all rows, in their order. It tells whether data are those of an earlier run; a
  /// malicious file could defeat it.
  std::uint64_t fingerprint() const {
    std::uint64_t hash = 0xcbf29ce484222325u;
    const auto add = [&hash](std::int64_t value) {
      hash = (hash ^ static_cast<std::uint64_t>(value)) * 0x9e3779b97f4a7c15u;
      hash ^= hash >> 32;
    };
    for (std::int64_t row = 0; row < size(); ++row) {
      const std::int64_t tokens = length(row);
      const auto& ids = ids_[row];
      add(tokens);
      for (std::int64_t i = 0; i < tokens; ++i) add(ids[static_cast<std::size_t>(i)]);
      if (labels_) add((*labels_)[row]);
    }
    return hash;
  }

  /// Token counts of all rows.
  std::vector<std::int64_t> lengths() const {
    std::vector<std::int64_t> result;
    for (std::int64_t row = 0; row < size(); ++row) result.push_back(length(row));
    return result;
  }

  /// Throws what operator() would throw for any row: Error(shape) for a row without tokens or with more than
  /// max_length, Error(invalid_argument) for a token id or a label outside its range; the sentence names the row.
  void check_rows() const {
    for (std::int64_t row = 0; row < size(); ++row) check_row(row);
  }

  /// The batch of these rows, in this order. Throws as check_rows().
  Batch operator()(std::span<const std::int64_t> rows) const {
    std::vector<std::vector<std::int32_t>> ids;
    for (const std::int64_t row : rows) {
      check_row(row);
      const auto& all = ids_[row];
      ids.push_back({all.begin(), all.begin() + length(row)});
    }
    Batch batch{pack(ids), {}};
    if (labels_) {
      batch.labels = Tensor<std::int64_t>::empty({static_cast<std::int64_t>(rows.size())});
      std::transform(rows.begin(), rows.end(), batch.labels->data(),
                     [this](std::int64_t row) { return (*labels_)[row]; });
    }
    return batch;
  }

 private:
  static ColumnView<std::vector<std::int32_t>> ids_column(const Dataset& dataset, const std::string& name) {
    if (!dataset.has_column("input_ids")) {
      std::string columns;
      for (const auto& column : dataset.column_names())
        columns += (columns.empty() ? "the columns are " : ", ") + column;
      fail(ErrorCode::not_found, name, ": expected a column input_ids with token ids, ",
           columns.empty() ? "there are no columns" : columns, "; tokenize the texts with map() first");
    }
    return dataset.column<std::vector<std::int32_t>>("input_ids");
  }

  /// The same class names in another order are other classes, and nothing later would show it.
  void check_order_of_classes(const std::vector<std::string>& names) const {
    const std::vector<std::string>& known = options_.class_names;
    if (names == known || names.size() != known.size()) return;
    if (std::set(names.begin(), names.end()) == std::set(known.begin(), known.end()))
      fail(ErrorCode::invalid_argument, options_.name, ": expected the classes of column ", label_name_,
           " in the order of the model's, ", detail::shown_names(known), ", got ", detail::shown_names(names),
           "; load the model with these labels, or make class ids by its names");
  }

  std::string where(std::int64_t row) const {
    return join(options_.name, ", row ", row, in_brackets(places_.place(row)));
  }

  static std::string in_brackets(const std::string& place) { return place.empty() ? "" : join(" (", place, ")"); }

  void check_row(std::int64_t row) const {
    const std::int64_t tokens = length(row);
    if (tokens == 0) fail(ErrorCode::shape, where(row), ": expected at least one token, got none");
    if (options_.max_length && tokens > *options_.max_length)
      fail(ErrorCode::shape, where(row), ": expected at most ", *options_.max_length,
           " tokens, which is what the model takes, got ", tokens, "; tokenize with truncation");
    if (options_.vocab_size) check_ids(row, tokens);
    if (!labels_ || !options_.num_labels) return;
    const std::int64_t label = (*labels_)[row];
    if (label != -100 && (label < 0 || label >= *options_.num_labels))
      fail(ErrorCode::invalid_argument, where(row), ": expected ", label_name_, " in [0, ", *options_.num_labels,
           "), got ", label);
  }

  void check_ids(std::int64_t row, std::int64_t tokens) const {
    const auto& ids = ids_[row];
    const auto bad = std::find_if(ids.begin(), ids.begin() + tokens,
                                  [most = *options_.vocab_size](auto id) { return id < 0 || id >= most; });
    if (bad != ids.begin() + tokens)
      fail(ErrorCode::invalid_argument, where(row), ": expected token ids in [0, ", *options_.vocab_size,
           "), which are those of the model, got ", *bad, " for token ", bad - ids.begin(),
           "; tokenize with the tokenizer of the model");
  }

  CollatorOptions options_;
  ColumnView<std::vector<std::int32_t>> ids_;
  std::optional<ColumnView<std::vector<std::int32_t>>> mask_;
  std::optional<ColumnView<std::int64_t>> labels_;
  std::string label_name_;
  Dataset places_;  // no columns, only where the rows were read
};

}  // namespace tl
