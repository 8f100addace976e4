// Tags of words become class ids, by the one rule of <tl/data/class_labels.hpp>: a tag is a name first, and only if
// none is, tags are positions. Without names the distinct tags are the classes, sorted as the reference's run_ner.py
// does.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/class_labels.hpp>
#include <tl/data/dataset.hpp>

namespace tl {

/// The columns of texts that are split into words: lists of words, and lists of a tag for each.
struct TagColumns {
  std::string tokens = "tokens";
  std::string tags = "ner_tags";
};

/// Rows whose tags became class ids.
struct TagLabels {
  Dataset dataset;                 ///< with class ids, lists of int32, in the column of the tags; no_label for -100
  std::vector<std::string> names;  ///< of the classes, in the order of their ids
  std::string decision;            ///< how the tags were read, in one line
  bool as_written = true;          ///< every tag is a name letter by letter, or every one a position
};

namespace detail {

/// Throws Error(dtype) if the words are no texts, Error(shape) for the first row with another number of tags than
/// words.
inline void check_tag_counts(const Dataset& dataset, const TagColumns& columns) {
  const auto words = dataset.column<std::vector<std::string>>(columns.tokens);
  const auto check_rows = [&](const auto& tags) {
    for (std::int64_t row = 0; row < dataset.num_rows(); ++row) {
      if (tags[row].size() == words[row].size()) continue;
      const std::string place = dataset.place(row);
      fail(ErrorCode::shape, place.empty() ? str_cat("row ", row) : place, ": expected as many ", columns.tags, " as ",
           columns.tokens, ", ", words[row].size(), ", got ", tags[row].size());
    }
  };
  const ColumnType type = dataset.column_type(columns.tags);
  if (type == ColumnType::list_string) check_rows(dataset.column<std::vector<std::string>>(columns.tags));
  else if (type == ColumnType::list_int32) check_rows(dataset.column<std::vector<std::int32_t>>(columns.tags));
  else
    fail(ErrorCode::dtype, "column ", Repr{columns.tags},
         ": expected a list with a tag of each word, texts or whole numbers, got ", to_string(type));
}

/// The tags of all rows one after the other, as labels that know row and word.
class TagTexts {
 public:
  TagTexts(const Dataset& dataset, const TagColumns& columns)
      : dataset_(dataset), words_(dataset.column<std::vector<std::string>>(columns.tokens)) {
    labels_.column = columns.tags;
    if (dataset.num_rows() > 0) {
      const std::string place = dataset.place(0);  // "train.conll, line 3"
      labels_.source = place.substr(0, place.empty() ? 0 : place.rfind(", "));
    }
    labels_.where = [this](std::int64_t tag) { return where(tag); };
    if (dataset.column_type(columns.tags) == ColumnType::list_string) {
      for (const auto& tags : dataset.column<std::vector<std::string>>(columns.tags))
        append(tags, [](const std::string& tag) { return tag; });
    } else {
      for (const auto& tags : dataset.column<std::vector<std::int32_t>>(columns.tags))
        append(tags, [](std::int32_t tag) { return std::to_string(tag); });
    }
  }
  TagTexts(const TagTexts&) = delete;  // where() is bound to this object
  TagTexts& operator=(const TagTexts&) = delete;

  const LabelTexts& labels() const { return labels_; }

  /// Class ids of all tags, cut into rows again.
  std::vector<std::vector<std::int32_t>> rows(const std::vector<std::int64_t>& ids) const {
    std::vector<std::vector<std::int32_t>> result;
    for (std::size_t row = 0; row + 1 < begins_.size(); ++row)
      result.emplace_back(ids.begin() + begins_[row], ids.begin() + begins_[row + 1]);
    return result;
  }

 private:
  template <class Tags, class Text> void append(const Tags& tags, const Text& text) {
    for (const auto& tag : tags) labels_.values.push_back(text(tag));
    begins_.push_back(static_cast<std::int64_t>(labels_.values.size()));
  }

  /// "train.conll, line 3, word 2 ('Rome')"; words count from 1, as lines do.
  std::string where(std::int64_t tag) const {
    const auto row = std::upper_bound(begins_.begin(), begins_.end(), tag) - begins_.begin() - 1;
    const std::int64_t word = tag - begins_[static_cast<std::size_t>(row)];
    const std::string place = dataset_.place(row);
    return str_cat(place.empty() ? str_cat("row ", row) : place, ", word ", word + 1, " (",
                   Repr{words_[row][static_cast<std::size_t>(word)]}, ")");
  }

  const Dataset& dataset_;
  ColumnView<std::vector<std::string>> words_;
  std::vector<std::int64_t> begins_{0};  // of each row, and the end
  LabelTexts labels_;
};

}  // namespace detail

/// Class ids of the tags of words: with `classes` a tag is one of their names, or else a position among them; without,
/// the distinct tags are the classes. Throws Error(not_found) or Error(dtype) for the columns, Error(shape) for another
/// number of tags than words, and what read_class_labels throws; the sentence names row and word.
inline TagLabels encode_tags(const Dataset& dataset, const TagColumns& columns = {}, const KnownClasses& classes = {}) {
  detail::check_tag_counts(dataset, columns);
  const detail::TagTexts tags(dataset, columns);
  ClassLabels read =
      classes.names.empty() ? read_class_labels(tags.labels()) : read_class_labels(tags.labels(), classes);
  const auto ids = [&](const Dataset&) { return Columns{{columns.tags, tags.rows(read.ids)}}; };
  const std::int64_t all = std::max<std::int64_t>(1, dataset.num_rows());
  return {dataset.map_batched(ids, {.batch_size = all}), std::move(read.names), std::move(read.decision),
          read.as_written};
}

}  // namespace tl
