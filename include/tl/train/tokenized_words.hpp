// Texts that are split into words become the rows that a model for token classification trains on: token ids, and the
// label of each token. A text longer than the limit is cut, as the reference's run_ner.py cuts it, or, with a stride,
// is read in windows that overlap, and each of its words is labelled in one of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/tag_labels.hpp>
#include <tl/data/token_labels.hpp>
#include <tl/text/tokenizer.hpp>

namespace tl {

/// How tokenize_and_align_labels() makes rows.
struct AlignOptions {
  TagColumns columns{};
  std::optional<int> max_length{};  ///< tokens of a row, special tokens included; nothing: the tokenizer's limit
  std::optional<int> stride{};      ///< tokens that two windows of a longer text share; nothing: longer texts are cut
  bool truncation = true;           ///< false: longer texts stay as they are
  bool label_all_tokens = false;    ///< label all tokens of a word, not the first alone; needs the names of the classes
  std::vector<std::string> names{};
};

/// Rows for a model, one of each text, with the columns "input_ids", "word_ids", with a stride "window_lengths" (see
/// data/window_lengths.hpp), and "labels" if there are tags. word_ids has the word whose prediction a token gives, at
/// one token of each word, else -1.
struct TokenizedWords {
  Dataset rows;
  std::int64_t long_texts = 0;        ///< texts that were cut, or that have several windows
  std::int64_t unlabelled_words = 0;  ///< words without a token: cut off, or of characters that make none
};

namespace detail {

/// Makes the rows, text by text.
class WordRows {
 public:
  using Ids = std::vector<std::int32_t>;

  explicit WordRows(const AlignOptions& options) : options_(options) {
    check(!options.label_all_tokens || !options.names.empty(), ErrorCode::invalid_argument,
          "label_all_tokens: expected the names of the classes, got none");
    if (options.label_all_tokens) b_to_i_ = b_to_i_labels(options.names);
  }

  /// Adds the rows of the next text, which has so many words; `labels` is null if it has none.
  void add(Encoding&& text, std::size_t words, const Ids* labels) {
    long_texts_ += text.overflowing.empty() ? 0 : 1;
    const std::vector<Encoding> windows = kept_windows(std::move(text));
    const auto [word_ids, begins] = joined(windows);
    Ids first(words);
    std::iota(first.begin(), first.end(), 0);
    first = align_labels_with_tokens(word_ids, first);
    const Ids token_labels = labels == nullptr ? Ids() : align_labels_with_tokens(word_ids, *labels, b_to_i_);
    const TokenOwners owners(word_ids, begins, stride());
    Ids& ids = input_ids_.emplace_back();
    Ids& word_row = word_ids_.emplace_back();
    Ids& label_row = labels_.emplace_back();
    Ids& lengths = window_lengths_.emplace_back();
    for (std::size_t i = 0; i < windows.size(); ++i) {
      std::int64_t token = begins[i];
      for (const std::int32_t word : windows[i].word_ids) {
        const bool own = word >= 0 && owners.owns(i, token);
        const std::size_t at = word >= 0 ? static_cast<std::size_t>(token++) : 0;
        word_row.push_back(own && first[at] != none ? first[at] : -1);
        if (labels != nullptr) label_row.push_back(own ? token_labels[at] : none);
      }
      ids.insert(ids.end(), windows[i].input_ids.begin(), windows[i].input_ids.end());
      lengths.push_back(static_cast<std::int32_t>(windows[i].size()));
    }
    const auto seen = std::ranges::count_if(first, [](std::int32_t word) { return word != none; });
    unlabelled_words_ += static_cast<std::int64_t>(words) - seen;
  }

  /// The rows in the places of the texts of `dataset`.
  TokenizedWords finish(const Dataset& dataset, bool labelled) && {
    const auto columns = [&](const Dataset&) {
      Columns made{{"input_ids", std::move(input_ids_)}};
      if (labelled) made.push_back({"labels", std::move(labels_)});
      made.push_back({"word_ids", std::move(word_ids_)});
      if (options_.stride) made.push_back({"window_lengths", std::move(window_lengths_)});
      return made;
    };
    const std::int64_t all = std::max<std::int64_t>(1, dataset.num_rows());
    return {dataset.map_batched(columns, {.batch_size = all, .remove_columns = dataset.column_names()}), long_texts_,
            unlabelled_words_};
  }

 private:
  static constexpr auto none = static_cast<std::int32_t>(no_label);

  std::int64_t stride() const { return options_.stride.value_or(0); }

  std::vector<Encoding> kept_windows(Encoding&& text) const {
    std::vector<Encoding> overflow = std::move(text.overflowing), windows;
    windows.push_back(std::move(text));
    if (options_.stride)
      for (Encoding& window : overflow) windows.push_back(std::move(window));
    return windows;
  }

  /// The words of the text's tokens, those that windows share once, and where each window begins in them.
  std::pair<Ids, std::vector<std::int64_t>> joined(const std::vector<Encoding>& windows) const {
    Ids word_ids;
    std::vector<std::int64_t> begins;
    for (const Encoding& window : windows) {
      std::int64_t shared = begins.empty() ? 0 : stride();
      begins.push_back(static_cast<std::int64_t>(word_ids.size()) - shared);
      for (const std::int32_t word : window.word_ids)
        if (word >= 0 && shared-- <= 0) word_ids.push_back(word);
    }
    return {std::move(word_ids), std::move(begins)};
  }

  const AlignOptions& options_;
  Ids b_to_i_;
  std::vector<Ids> input_ids_, labels_, word_ids_, window_lengths_;
  std::int64_t long_texts_ = 0, unlabelled_words_ = 0;
};

}  // namespace detail

/// Token ids and labels of texts that are split into words, with class ids in the column of the tags (encode_tags()
/// makes them), or without that column. A row keeps the place of its text. Throws Error(dtype) or Error(not_found) for
/// the columns, Error(shape) for another number of tags than words, Error(invalid_argument) for options that contradict
/// each other.
inline TokenizedWords tokenize_and_align_labels(const Dataset& dataset, const Tokenizer& tokenizer,
                                                const AlignOptions& options = {}) {
  check(options.truncation || !options.stride, ErrorCode::invalid_argument,
        "stride: expected truncation, which makes the windows, got none");
  const auto words = dataset.column<std::vector<std::string>>(options.columns.tokens);
  std::optional<ColumnView<std::vector<std::int32_t>>> labels;
  if (dataset.has_column(options.columns.tags)) {
    detail::check_tag_counts(dataset, options.columns);
    labels = dataset.column<std::vector<std::int32_t>>(options.columns.tags);
  }
  EncodeOptions encode{
      .truncation = options.truncation, .max_length = options.max_length, .stride = options.stride.value_or(0)};
  if (options.stride) encode.truncation_side = Side::right;
  detail::WordRows rows(options);
  constexpr std::int64_t batch = 1000;  // texts whose encodings are in memory
  for (std::int64_t begin = 0; begin < dataset.num_rows(); begin += batch) {
    std::vector<std::vector<std::string>> texts;
    for (std::int64_t row = begin; row < std::min(begin + batch, dataset.num_rows()); ++row)
      texts.push_back(words[row]);
    std::vector<Encoding> encodings = tokenizer.encode_words_batch(texts, encode);
    for (std::size_t i = 0; i < texts.size(); ++i)
      rows.add(std::move(encodings[i]), texts[i].size(),
               labels ? &(*labels)[begin + static_cast<std::int64_t>(i)] : nullptr);
  }
  return std::move(rows).finish(dataset, labels.has_value());
}

}  // namespace tl
