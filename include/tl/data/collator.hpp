// Collators make batches of rows. PackedCollator takes tokenised rows: a column "input_ids" (lists of token ids), token
// types from "token_type_ids", the windows of long texts from "window_lengths", and labels from "label", "labels" or
// "label_ids" if there is such a column: a class id of each row, a list of one for each token, or numbers, see
// data/label_values.hpp. Padding that the rows bring along on the right is dropped again if a column "attention_mask"
// marks it. Other columns are not looked at. A user's function does the same with any columns.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tl/core/batch.hpp>
#include <tl/core/problem_type.hpp>
#include <tl/data/dataset.hpp>
#include <tl/data/label_values.hpp>
#include <tl/data/window_lengths.hpp>

namespace tl {

struct CollatorOptions {
  std::string name = "dataset";               ///< what errors call the data set
  std::optional<std::int64_t> num_labels{};   ///< if given, labels must be in [0, num_labels), or -100 for "no label"
  std::optional<std::int64_t> max_length{};   ///< if given, no row may have more tokens
  std::optional<std::int64_t> vocab_size{};   ///< if given, token ids must be in [0, vocab_size)
  std::optional<std::int64_t> token_types{};  ///< if given, token types must be in [0, token_types)
  std::optional<bool> token_labels{};         ///< if given, whether labels are those of tokens, or of rows
  std::vector<std::string> class_names{};     ///< the model's; class ids of the same names in another order are refused
  /// What labels of rows are; default: numbers if they are numbers or lists of them and the model has one label,
  /// several classes at once if they are lists of floats or names, else class ids.
  std::optional<ProblemType> problem{};
};

/// Makes batches of rows, for training and evaluation: of a data set, or of whatever a custom Collator reads; that
/// one needs operator() only. The rows do not change while it is used, and calls may come from another thread.
class Collator {
 public:
  virtual ~Collator() = default;

  std::int64_t size() const noexcept { return rows_; }
  const std::string& name() const noexcept { return name_; }

  /// The batch of these rows, in this order. Throws what is wrong with one of them, naming it.
  virtual Batch operator()(std::span<const std::int64_t> rows) const = 0;

  /// Whether its batches have labels; those of the first row tell.
  virtual bool has_labels() const {
    const std::int64_t row = 0;
    return size() > 0 && !(*this)(std::span(&row, 1)).labels.empty();
  }
  /// Throws Error for the first row that cannot be in a batch, naming it; called before a run begins.
  virtual void check_rows() const {
    each_row([](const Batch&) {});
  }
  /// Token counts of all rows.
  virtual std::vector<std::int64_t> lengths() const {
    std::vector<std::int64_t> result;
    each_row([&](const Batch& batch) { result.push_back(batch.tokens()); });
    return result;
  }
  /// A hash of the tokens and labels of all rows, in their order. It tells whether data are those of an earlier run; a
  /// malicious file could defeat it.
  virtual std::uint64_t fingerprint() const {
    std::uint64_t hash = empty_fingerprint;
    each_row([&](const Batch& batch) {
      for (const std::int32_t id : batch.input_ids.span()) mix(hash, id);
      if (const auto* labels = batch.labels.find<std::int64_t>("labels"))
        for (const std::int64_t label : labels->span()) mix(hash, label);
      if (const auto* labels = batch.labels.find<float>("labels"))
        for (const float label : labels->span()) mix(hash, std::bit_cast<std::int32_t>(label));
    });
    return hash;
  }
  /// Whether a batch is so much work that it is worth making it while the step before runs, in a thread.
  virtual bool prepares_ahead() const { return true; }

  /// Whether an index is not a row but a batch of a stream, which is read in its order.
  virtual bool is_stream() const { return false; }

  /// "rows 3, 17 of eval_dataset (test.csv, lines 5, 19)", at most 32 of them; the places only if they are known.
  virtual std::string describe(std::span<const std::int64_t> rows) const {
    constexpr std::size_t most = 32;
    const auto shown = rows.first(std::min(most, rows.size()));
    std::string text = rows.size() == 1 ? "row" : "rows";
    for (std::size_t i = 0; i < shown.size(); ++i) text += str_cat(i > 0 ? ", " : " ", shown[i]);
    if (rows.size() > most) text += str_cat(" and ", rows.size() - most, " more");
    return str_cat(text, " of ", name_, in_brackets(places_ ? places_->place(shown) : std::string()));
  }

 protected:
  Collator(const Dataset& dataset, std::string name)
      : name_(std::move(name)), rows_(dataset.num_rows()), places_(dataset.select_columns({})) {}
  /// Rows that are in no data set. Throws Error(invalid_argument) for a negative number.
  Collator(std::int64_t rows, std::string name) : name_(std::move(name)), rows_(rows) {
    check(rows >= 0, ErrorCode::invalid_argument, name_, ": expected 0 or more rows, got ", rows);
  }

  /// "eval_dataset, row 3 (test.csv, line 5)".
  std::string where(std::int64_t row) const {
    return str_cat(name_, ", row ", row, in_brackets(places_ ? places_->place(row) : std::string()));
  }

  /// Adds a number to a fingerprint.
  static void mix(std::uint64_t& hash, std::int64_t value) {
    hash = (hash ^ static_cast<std::uint64_t>(value)) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
  }
  static constexpr std::uint64_t empty_fingerprint = 0xcbf29ce484222325u;

 private:
  template <class Take> void each_row(const Take& take) const {
    for (std::int64_t row = 0; row < size(); ++row) take((*this)(std::span(&row, 1)));
  }
  static std::string in_brackets(const std::string& place) { return place.empty() ? "" : str_cat(" (", place, ")"); }

  std::string name_;
  std::int64_t rows_;
  std::optional<Dataset> places_;  // no columns, only where the rows were read
};

/// The collator of tokenised rows.
class PackedCollator : public Collator {
 public:
  /// Throws Error(not_found) with the columns that are there, Error(dtype) for a column of another type,
  /// Error(invalid_argument) for classes in another order than the model's.
  explicit PackedCollator(const Dataset& dataset, CollatorOptions options = {})
      : Collator(dataset, options.name), options_(std::move(options)), ids_(ids_column(dataset, options_.name)) {
    if (dataset.has_column("attention_mask")) mask_ = dataset.column<Ids>("attention_mask");
    if (dataset.has_column("token_type_ids")) types_ = dataset.column<Ids>("token_type_ids");
    for (const char* name : {"labels", "label", "label_ids"}) {
      if (!dataset.has_column(name)) continue;
      label_name_ = name;
      take_labels(dataset);
      break;
    }
    if (dataset.has_column("window_lengths")) windows_ = dataset.column<Ids>("window_lengths");
  }

  bool has_labels() const override { return labels_ || token_labels_ || label_values_; }
  bool prepares_ahead() const override { return false; }  // copying ids takes less time than waking a thread

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

  std::uint64_t fingerprint() const override {
    std::uint64_t hash = empty_fingerprint;
    for (std::int64_t row = 0; row < size(); ++row) {
      const std::int64_t tokens = length(row);
      mix(hash, tokens);
      for (std::int64_t i = 0; i < tokens; ++i) mix(hash, ids_[row][static_cast<std::size_t>(i)]);
      // Types of 0 say nothing, and version 0.1, whose checkpoints are resumed, did not read any.
      for (std::int64_t i = 0; types_ && i < tokens; ++i)
        if (const std::int64_t type = (*types_)[row][static_cast<std::size_t>(i)]; type != 0)
          mix(hash, (i << 32) + type);
      if (windows_)
        for (const std::int32_t window : (*windows_)[row]) mix(hash, window);
      if (labels_) mix(hash, (*labels_)[row]);
      if (token_labels_)
        for (const std::int32_t label : (*token_labels_)[row]) mix(hash, label);
      if (label_values_)
        for (const float value : values_of(row)) mix(hash, std::bit_cast<std::int32_t>(value));
    }
    return hash;
  }

  std::vector<std::int64_t> lengths() const override {
    std::vector<std::int64_t> result;
    for (std::int64_t row = 0; row < size(); ++row) result.push_back(length(row));
    return result;
  }

  /// Throws what operator() would throw for any row: Error(shape) for a row without tokens, with more than max_length,
  /// or with another number of token types or labels, Error(invalid_argument) for a token id, a token type or a label
  /// outside its range; the sentence names the row.
  void check_rows() const override {
    for (std::int64_t row = 0; row < size(); ++row) check_row(row);
  }

  Batch operator()(std::span<const std::int64_t> rows) const override {
    Batch batch = windows_ ? packed_windows(rows) : packed_rows(rows);
    if (labels_) {
      auto labels = Tensor<std::int64_t>::empty({batch.texts()});
      std::ranges::transform(rows, labels.data(), [this](std::int64_t row) { return (*labels_)[row]; });
      batch.labels.set("labels", labels);
    } else if (token_labels_) {
      auto labels = Tensor<std::int64_t>::empty({batch.tokens()});
      std::int64_t* to = labels.data();
      for (const std::int64_t row : rows) to = std::ranges::copy(first((*token_labels_)[row], length(row)), to).out;
      batch.labels.set("labels", labels);
    } else if (label_values_) {
      const auto labels = Tensor<float>::empty({batch.texts(), label_values_->width()});
      float* to = Tensor<float>(labels).data();
      for (const std::int64_t row : rows) to = std::ranges::copy(values_of(row), to).out;
      batch.labels.set("labels", labels);
    }
    return batch;
  }

 private:
  using Ids = std::vector<std::int32_t>;

  Batch packed_rows(std::span<const std::int64_t> rows) const {
    std::vector<Ids> ids, types;
    for (const std::int64_t row : rows) {
      check_row(row);
      const std::int64_t tokens = length(row);
      ids.push_back(first(ids_[row], tokens));
      if (types_) types.push_back(first((*types_)[row], tokens));
    }
    return pack(ids, types);
  }

  Batch packed_windows(std::span<const std::int64_t> rows) const {
    std::vector<Ids> ids, types;
    std::vector<std::int32_t> counts;
    for (const std::int64_t row : rows) {
      check_row(row);
      const Ids& lengths = (*windows_)[row];
      detail::append_windows(ids, ids_[row], lengths);
      if (types_) detail::append_windows(types, (*types_)[row], lengths);
      counts.push_back(static_cast<std::int32_t>(lengths.size()));
    }
    Batch batch = pack(ids, types);
    batch.cu_windows = detail::window_offsets(counts);
    return batch;
  }

  static Ids first(const Ids& all, std::int64_t count) { return {all.begin(), all.begin() + count}; }

  static ColumnView<Ids> ids_column(const Dataset& dataset, const std::string& name) {
    if (!dataset.has_column("input_ids")) {
      std::string columns;
      for (const auto& column : dataset.column_names())
        columns += (columns.empty() ? "the columns are " : ", ") + column;
      fail(ErrorCode::not_found, name, ": expected a column input_ids with token ids, ",
           columns.empty() ? "there are no columns" : columns, "; tokenize the texts with map() first");
    }
    return dataset.column<Ids>("input_ids");
  }

  /// What the labels in column `label_name_` are, if no option says it.
  ProblemType problem_of(ColumnType type) const {
    if (options_.problem) return *options_.problem;
    if (options_.token_labels.value_or(false) || type == ColumnType::list_int32 || type == ColumnType::string)
      return ProblemType::single_label_classification;
    if (options_.num_labels == 1 && type != ColumnType::list_string) return ProblemType::regression;
    const bool lists = type == ColumnType::list_float32 || type == ColumnType::list_string;
    return lists ? ProblemType::multi_label_classification : ProblemType::single_label_classification;
  }

  /// Reads column `label_name_` as what it has to be for the model.
  void take_labels(const Dataset& dataset) {
    const ColumnType type = dataset.column_type(label_name_);
    const ProblemType problem = problem_of(type);
    const auto refuse = [&](bool bad, const char* expected, const char* model, std::string_view got) {
      check(!bad, ErrorCode::dtype, options_.name, ": expected ", expected, " in column ", label_name_,
            ", because the model classifies ", model, ", got ", got);
    };
    if (problem != ProblemType::single_label_classification) {
      label_values_.emplace(dataset, label_name_,
                            LabelValuesOptions{.name = options_.name,
                                               .problem = problem,
                                               .num_labels = options_.num_labels,
                                               .class_names = options_.class_names});
      return;
    }
    refuse(options_.token_labels.value_or(false) && type != ColumnType::list_int32,
           "a list with a class id of each token", "tokens",
           type == ColumnType::int64 ? "one class id of each row" : to_string(type));
    if (type == ColumnType::list_int32) {
      refuse(!options_.token_labels.value_or(true), "a class id of each row", "sequences",
             "a list; lists are labels of the problem_type multi_label_classification, or of regression");
      token_labels_ = dataset.column<Ids>(label_name_);
      return;
    }
    check(type == ColumnType::int64, ErrorCode::dtype, options_.name, ": expected class ids (int64) in column ",
          label_name_, options_.problem ? ", because problem_type is single_label_classification" : "", ", got ",
          to_string(type), "; turn texts or numbers into class ids with cast_column or class_encode_column",
          type == ColumnType::float64 ? ", or set the problem_type regression" : "");
    labels_ = dataset.column<std::int64_t>(label_name_);
    check_order_of_classes(dataset.class_names(label_name_));
  }

  std::vector<float> values_of(std::int64_t row) const {
    std::vector<float> values(static_cast<std::size_t>(label_values_->width()));
    label_values_->write(row, values.data());
    return values;
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

  void check_row(std::int64_t row) const {
    const std::int64_t tokens = length(row);
    if (tokens == 0) fail(ErrorCode::shape, where(row), ": expected at least one token, got none");
    if (windows_) {
      const std::string problem = detail::windows_problem((*windows_)[row], tokens, options_.max_length);
      if (!problem.empty()) fail(ErrorCode::shape, where(row), ": ", problem);
    } else if (options_.max_length && tokens > *options_.max_length) {
      fail(ErrorCode::shape, where(row), ": expected at most ", *options_.max_length,
           " tokens, which is what the model takes, got ", tokens, "; tokenize with truncation");
    }
    if (options_.vocab_size)
      check_range(row, ids_[row], tokens, *options_.vocab_size, "token ids",
                  "tokenize with the tokenizer of the model");
    if (types_) {
      check_count(row, "token_type_ids", (*types_)[row]);
      if (options_.token_types)
        check_range(row, (*types_)[row], tokens, *options_.token_types, "token types",
                    "leave the column token_type_ids out");
    }
    if (labels_) check_label(row, (*labels_)[row]);
    if (label_values_)
      if (const std::string problem = label_values_->problem(row); !problem.empty())
        fail(ErrorCode::invalid_argument, where(row), problem);
    if (!token_labels_) return;
    check_count(row, label_name_.c_str(), (*token_labels_)[row]);
    for (const std::int32_t label : (*token_labels_)[row]) check_label(row, label);
  }

  void check_label(std::int64_t row, std::int64_t label) const {
    if (options_.num_labels && label != -100 && (label < 0 || label >= *options_.num_labels))
      fail(ErrorCode::invalid_argument, where(row), ": expected ", label_name_, " in [0, ", *options_.num_labels,
           "), got ", label);
  }

  void check_count(std::int64_t row, const char* column, const Ids& values) const {
    if (values.size() != ids_[row].size())
      fail(ErrorCode::shape, where(row), ": expected as many ", column, " as input_ids, ", ids_[row].size(), ", got ",
           values.size());
  }

  void check_range(std::int64_t row, const Ids& values, std::int64_t tokens, std::int64_t most, const char* what,
                   const char* advice) const {
    const auto end = values.begin() + tokens;
    const auto bad = std::find_if(values.begin(), end, [most](auto id) { return id < 0 || id >= most; });
    if (bad != end)
      fail(ErrorCode::invalid_argument, where(row), ": expected ", what, " in [0, ", most,
           "), which are those of the model, got ", *bad, " for token ", bad - values.begin(), "; ", advice);
  }

  CollatorOptions options_;
  ColumnView<Ids> ids_;
  std::optional<ColumnView<Ids>> mask_, types_, token_labels_, windows_;
  std::optional<ColumnView<std::int64_t>> labels_;
  std::optional<LabelValues> label_values_;
  std::string label_name_;
};

/// Makes the batch of some rows of a data set; it may look at any of its columns.
using DataCollator = std::function<Batch(const Dataset& dataset, std::span<const std::int64_t> rows)>;

/// What batches are made of a stream of rows for a training run.
struct StreamRun {
  std::int64_t batch_size = 1;  ///< rows of a batch; the last one of a pass over the data may have fewer
  std::int64_t batches = 1;     ///< of the run
  bool drop_last = false;       ///< leaves shorter batches out
  CollatorOptions options = {};
  DataCollator data_collator = {};  ///< empty: batches are those of a PackedCollator
};

/// The collator of a user's function.
class FunctionCollator : public Collator {
 public:
  FunctionCollator(const Dataset& dataset, DataCollator function, std::string name)
      : Collator(dataset, std::move(name)), dataset_(dataset), function_(std::move(function)) {}

  /// Throws Error(shape) for a batch that has another number of sequences, or of texts in windows, than rows.
  Batch operator()(std::span<const std::int64_t> rows) const override {
    Batch batch = function_(dataset_, rows);
    check(batch.cu_seqlens.defined() && batch.texts() == static_cast<std::int64_t>(rows.size()), ErrorCode::shape,
          "data_collator: expected a batch of ", rows.size(), " sequences for ", describe(rows), ", got ",
          batch.cu_seqlens.defined() ? batch.texts() : 0);
    return batch;
  }

 private:
  Dataset dataset_;
  DataCollator function_;
};

}  // namespace tl
