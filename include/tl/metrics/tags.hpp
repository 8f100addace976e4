// Precision, recall and F1 of entities, as seqeval computes them from sequences of tags: an entity is right if one of
// the same type is predicted for exactly its words.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tl/metrics/entities.hpp>
#include <tl/metrics/precision_recall.hpp>

namespace tl::metrics {

struct TagOptions {
  Average average = Average::micro;  ///< micro, macro or weighted
  bool strict = false;               ///< only what the scheme allows is an entity
  std::optional<Scheme> scheme{};    ///< of strict; nothing: the one that the labels have
  bool suffix = false;               ///< tags are PER-B instead of B-PER
  double zero_division = 0.0;        ///< 0 or 1: a ratio without a denominator
};

/// Scores of the entities of one type, and how many of the labels are.
struct TypeScores {
  std::string type;
  PrecisionRecallFScore scores{};
  std::int64_t support = 0;
};

namespace detail {

inline void check_sequences(const char* metric, TagSequences labels, TagSequences predictions) {
  check(labels.size() == predictions.size(), ErrorCode::shape, metric,
        ": expected as many sequences of predicted tags as of labels, got ", predictions.size(), " and ",
        labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i)
    check(labels[i].size() == predictions[i].size(), ErrorCode::shape, metric,
          ": expected as many predicted tags as labels, got ", predictions[i].size(), " and ", labels[i].size(),
          " in sequence ", i);
}

/// Counts of the entities of each type that occurs, by name.
using TypeCounts = std::map<std::string, Counts>;

inline TypeCounts type_counts(const char* metric, TagSequences labels, TagSequences predictions,
                              const TagOptions& options) {
  check_sequences(metric, labels, predictions);
  check(options.zero_division == 0.0 || options.zero_division == 1.0, ErrorCode::invalid_argument, metric,
        ": expected zero_division 0 or 1, got ", options.zero_division);
  const auto scheme =
      options.strict && !options.scheme ? detect_scheme(labels, options.suffix) : options.scheme.value_or(Scheme::iob2);
  const auto find = [&](TagSequences tags) {
    auto entities = options.strict ? get_entities(tags, scheme, options.suffix) : get_entities(tags, options.suffix);
    std::sort(entities.begin(), entities.end());
    return entities;
  };
  const std::vector<Entity> expected = find(labels), got = find(predictions);
  TypeCounts counts;
  for (const Entity& entity : expected) {
    Counts& of_type = counts[entity.type];
    ++of_type.occurring;
    of_type.hits += std::binary_search(got.begin(), got.end(), entity);
  }
  for (const Entity& entity : got) ++counts[entity.type].predicted;
  return counts;
}

/// seqeval's F1 is that of the two ratios, so that with zero_division 1 it is 1 where both are undefined.
inline PrecisionRecallFScore tag_scores(const Counts& c, double zero_division) {
  const auto hits = static_cast<double>(c.hits);
  const double precision = divide(hits, static_cast<double>(c.predicted), zero_division);
  const double recall = divide(hits, static_cast<double>(c.occurring), zero_division);
  return {precision, recall, divide(2.0 * precision * recall, precision + recall, 0.0)};
}

inline Counts sum_of(const TypeCounts& types) {
  Counts sum;
  for (const auto& [type, c] : types) {
    sum.hits += c.hits;
    sum.predicted += c.predicted;
    sum.occurring += c.occurring;
  }
  return sum;
}

inline PrecisionRecallFScore tag_average(const char* metric, const TypeCounts& types, Average average,
                                         double zero_division) {
  check(average == Average::micro || average == Average::macro || average == Average::weighted,
        ErrorCode::invalid_argument, metric, ": expected Average::micro, macro or weighted for tags");
  const Counts sum = sum_of(types);
  if (average == Average::micro) return tag_scores(sum, zero_division);
  if (average == Average::weighted && sum.occurring == 0) {
    const double without = sum.predicted == 0 ? zero_division : 0.0;
    return {without, zero_division, without};
  }
  std::vector<double> precision, recall, f_score, weights;
  for (const auto& [type, c] : types) {
    const PrecisionRecallFScore scores = tag_scores(c, zero_division);
    precision.push_back(scores.precision);
    recall.push_back(scores.recall);
    f_score.push_back(scores.f_score);
    weights.push_back(average == Average::weighted ? static_cast<double>(c.occurring) : 1.0);
  }
  return {mean_of(precision, weights), mean_of(recall, weights), mean_of(f_score, weights)};
}

}  // namespace detail

/// Precision, recall and F1 of the entities of all sequences; a macro average without any entity is NaN.
/// Throws Error(shape) for sequences of different lengths, and Error(invalid_argument) for an empty tag, with `strict`
/// also for one that the scheme does not have.
inline PrecisionRecallFScore precision_recall_fscore(const char* metric, TagSequences labels, TagSequences predictions,
                                                     const TagOptions& options) {
  return detail::tag_average(metric, detail::type_counts(metric, labels, predictions, options), options.average,
                             options.zero_division);
}

/// Share of the predicted entities that are right; throws as precision_recall_fscore does.
inline double precision_score(TagSequences labels, TagSequences predictions, const TagOptions& options = {}) {
  return precision_recall_fscore("precision_score", labels, predictions, options).precision;
}

/// Share of the entities that are found; throws as precision_recall_fscore does.
inline double recall_score(TagSequences labels, TagSequences predictions, const TagOptions& options = {}) {
  return precision_recall_fscore("recall_score", labels, predictions, options).recall;
}

/// 2 precision recall / (precision + recall); throws as precision_recall_fscore does.
inline double f1_score(TagSequences labels, TagSequences predictions, const TagOptions& options = {}) {
  return precision_recall_fscore("f1_score", labels, predictions, options).f_score;
}

/// The scores of each type that occurs, by name; throws as precision_recall_fscore does.
inline std::vector<TypeScores> type_scores(TagSequences labels, TagSequences predictions,
                                           const TagOptions& options = {}) {
  std::vector<TypeScores> all;
  for (const auto& [type, c] : detail::type_counts("type_scores", labels, predictions, options))
    all.push_back({type, detail::tag_scores(c, options.zero_division), c.occurring});
  return all;
}

/// Share of the words, not entities, whose tag is the predicted one.
/// Throws Error(shape) for sequences of different lengths, or without a word.
inline double accuracy_score(TagSequences labels, TagSequences predictions) {
  detail::check_sequences("accuracy_score", labels, predictions);
  std::int64_t words = 0, right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i)
    for (std::size_t word = 0; word < labels[i].size(); ++word, ++words)
      right += labels[i][word] == predictions[i][word];
  check(words > 0, ErrorCode::shape, "accuracy_score: expected at least one tag, got none");
  return static_cast<double>(right) / static_cast<double>(words);
}

}  // namespace tl::metrics
