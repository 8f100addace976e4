// Tags of an evaluation: texts by their offsets, labels of -100 left out, seqeval's numbers under both kinds of names.
#include <string>
#include <vector>

#include <tl/train/tag_metrics.hpp>

#include "support/catch.hpp"

using namespace tl;
using Tags = std::vector<std::vector<std::string>>;

namespace {

const std::vector<std::string> entity_tags{"B-PER", "I-PER", "O"};

/// Logits that predict these classes.
EvalPrediction tagged_texts(const std::vector<std::int64_t>& labels, const std::vector<std::int64_t>& predicted,
                            std::vector<std::int64_t> offsets) {
  const auto tokens = static_cast<std::int64_t>(predicted.size());
  EvalPrediction p{.predictions = Tensor<float>::zeros({tokens, 3}), .offsets = std::move(offsets)};
  for (std::int64_t i = 0; i < tokens; ++i) p.predictions.data()[3 * i + predicted[static_cast<std::size_t>(i)]] = 1;
  p.label_ids = Tensor<std::int64_t>::from(labels, {static_cast<std::int64_t>(labels.size())});
  return p;
}

double metric_of(const Metrics& metrics, const std::string& name) {
  for (const auto& [key, number] : metrics)
    if (key == name) return number;
  return -1;
}

}  // namespace

TEST_CASE("tag_metrics: tags of each text, those without a label left out") {
  const TagPrediction tags =
      tag_prediction(tagged_texts({-100, 0, 1, -100, -100, 2, -100}, {2, 0, 2, 1, 2, 2, 0}, {0, 4, 7}), entity_tags);
  CHECK(tags.labels == Tags{{"B-PER", "I-PER"}, {"O"}});
  CHECK(tags.predictions == Tags{{"B-PER", "O"}, {"O"}});
}

TEST_CASE("tag_metrics: seqeval's numbers") {
  // Two entities of which one is found, one that is none; an entity does not go on in the next text.
  const EvalPrediction p = tagged_texts({0, 1, 2, 2, 1, 2}, {0, 1, 2, 0, 2, 2}, {0, 4, 6});
  const Metrics overall = seqeval(p, entity_tags);
  CHECK(metric_of(overall, "precision") == 0.5);
  CHECK(metric_of(overall, "recall") == 0.5);
  CHECK(metric_of(overall, "f1") == 0.5);
  CHECK(metric_of(overall, "accuracy") == 4.0 / 6.0);
  CHECK(overall.size() == 4);
  const Metrics entities = seqeval(p, entity_tags, true);
  CHECK(metric_of(entities, "PER_f1") == 0.5);
  CHECK(metric_of(entities, "PER_number") == 2);
  CHECK(metric_of(entities, "overall_recall") == 0.5);
  CHECK(metric_of(entities, "overall_accuracy") == 4.0 / 6.0);
  CHECK(entities.size() == 8);
}

TEST_CASE("tag_metrics: the tags of words") {
  const Dataset rows = Dataset::from_columns(
      {{"word_ids", std::vector<std::vector<std::int32_t>>{{-1, 0, -1, 2, -1, -1, -1}, {-1, -1}, {0}}}});
  const Tensor<float> logits = tagged_texts({}, {2, 0, 1, 1, 2, 2, 2, 0, 0, 2}, {}).predictions;
  CHECK(word_tags(logits, rows, entity_tags) == Tags{{"B-PER", "", "I-PER"}, {}, {"O"}});
  TL_REQUIRE_ERROR(word_tags(logits, rows.take(2), entity_tags),
                   "word_tags: expected as many predictions as the 9 tokens, got 10");
  TL_REQUIRE_ERROR(word_tags(logits.rows(0, 9), rows, entity_tags),
                   "word_tags: expected as many predictions as tokens, got 9");
  TL_REQUIRE_ERROR(word_tags(logits, rows, {"O"}), "word_tags: expected predictions [N, 1], got f32[10, 3]");
}

TEST_CASE("tag_metrics: sentences") {
  EvalPrediction p = tagged_texts({0, 1}, {0, 1}, {0, 2});
  TL_REQUIRE_ERROR(seqeval(p, {"O"}), "seqeval: expected class ids in [0, 1), got 1");
  p.offsets = {};
  TL_REQUIRE_ERROR(seqeval(p, entity_tags),
                   "seqeval: expected a prediction and a label of each token, got predictions");
  p.label_ids = {};
  TL_REQUIRE_ERROR(seqeval(p, entity_tags), "seqeval: the data set has no labels");
}
