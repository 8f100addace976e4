// From predictions of tokens to tags: those of the words of each text, and, for seqeval's metrics, labels and
// predictions of the tokens that are labelled, which are words unless all tokens were labelled.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/dataset.hpp>
#include <tl/data/label_column.hpp>
#include <tl/metrics/tags.hpp>
#include <tl/train/metrics.hpp>

namespace tl {

/// The predicted tag of each word of each text, in the order of the words; empty for a word that has no token, but for
/// such words at the end of a text, which are left out. `predictions` [N, C] are those of `rows`, which
/// tokenize_and_align_labels() made, and `names` those of the classes. Throws Error(shape) for another number of tokens
/// or classes.
inline std::vector<std::vector<std::string>> word_tags(const Tensor<float>& predictions, const Dataset& rows,
                                                       const std::vector<std::string>& names) {
  check(predictions.rank() == 2 && predictions.size(1) == static_cast<std::int64_t>(names.size()), ErrorCode::shape,
        "word_tags: expected predictions [N, ", names.size(), "], got ", predictions);
  const std::vector<std::int64_t> ids = argmax(predictions);
  std::vector<std::vector<std::string>> tags;
  std::size_t token = 0;
  for (const auto& words : rows.column<std::vector<std::int32_t>>("word_ids")) {
    check(token + words.size() <= ids.size(), ErrorCode::shape,
          "word_tags: expected as many predictions as tokens, got ", ids.size());
    std::vector<std::string>& text = tags.emplace_back();
    for (const std::int32_t word : words) {
      const auto id = static_cast<std::size_t>(ids[token++]);
      if (word < 0) continue;
      text.resize(std::max(text.size(), static_cast<std::size_t>(word) + 1));
      text[static_cast<std::size_t>(word)] = names[id];
    }
  }
  check(token == ids.size(), ErrorCode::shape, "word_tags: expected as many predictions as the ", token,
        " tokens, got ", ids.size());
  return tags;
}

/// Tags of texts, as names of classes.
struct TagPrediction {
  std::vector<std::vector<std::string>> labels, predictions;
};

/// The tags of an evaluation of a model for tokens; those without a label are left out, and `names` are those of the
/// classes. Throws Error(invalid_argument) if there are no labels, or for a class without a name, Error(shape) for
/// predictions that are not those of tokens.
inline TagPrediction tag_prediction(const EvalPrediction& p, const std::vector<std::string>& names) {
  check(p.label_ids.defined(), ErrorCode::invalid_argument, "seqeval: the data set has no labels");
  check(!p.offsets.empty() && p.label_ids.elements() == p.offsets.back() && p.predictions.size(0) == p.offsets.back(),
        ErrorCode::shape, "seqeval: expected a prediction and a label of each token, got predictions ", p.predictions,
        " and ", p.label_ids.elements(), " labels");
  const std::vector<std::int64_t> predicted = argmax(p.predictions), labels = p.label_ids.to_vector();
  const auto name = [&names](std::int64_t id) {
    check(id >= 0 && id < static_cast<std::int64_t>(names.size()), ErrorCode::invalid_argument,
          "seqeval: expected class ids in [0, ", names.size(), "), got ", id);
    return names[static_cast<std::size_t>(id)];
  };
  TagPrediction tags;
  for (std::size_t row = 0; row + 1 < p.offsets.size(); ++row) {
    tags.labels.emplace_back();
    tags.predictions.emplace_back();
    for (auto token = static_cast<std::size_t>(p.offsets[row]); token < static_cast<std::size_t>(p.offsets[row + 1]);
         ++token) {
      if (labels[token] == no_label) continue;
      tags.labels.back().push_back(name(labels[token]));
      tags.predictions.back().push_back(name(predicted[token]));
    }
  }
  return tags;
}

/// "precision", "recall", "f1" and "accuracy" of tags in seqeval's default mode, or with `entity_level` those of each
/// type and overall, under the names of the reference's run_ner.py: "LOC_f1", "LOC_number", "overall_f1".
inline Metrics seqeval(const TagPrediction& tags, bool entity_level = false) {
  const metrics::TagSequences labels = tags.labels, predictions = tags.predictions;
  const auto overall = metrics::precision_recall_fscore("seqeval", labels, predictions, metrics::TagOptions{});
  const double accuracy = metrics::accuracy_score(labels, predictions);
  Metrics result;
  if (entity_level)
    for (const metrics::TypeScores& type : metrics::type_scores(labels, predictions)) {
      result.emplace_back(type.type + "_precision", type.scores.precision);
      result.emplace_back(type.type + "_recall", type.scores.recall);
      result.emplace_back(type.type + "_f1", type.scores.f_score);
      result.emplace_back(type.type + "_number", static_cast<double>(type.support));
    }
  const std::string prefix = entity_level ? "overall_" : "";
  result.emplace_back(prefix + "precision", overall.precision);
  result.emplace_back(prefix + "recall", overall.recall);
  result.emplace_back(prefix + "f1", overall.f_score);
  result.emplace_back(prefix + "accuracy", accuracy);
  return result;
}

/// The same of an evaluation.
inline Metrics seqeval(const EvalPrediction& prediction, const std::vector<std::string>& names,
                       bool entity_level = false) {
  return seqeval(tag_prediction(prediction, names), entity_level);
}

}  // namespace tl
