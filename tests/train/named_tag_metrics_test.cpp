// Metrics of tags by name; the values are those of tl/metrics.
#include <tl/train/named_tag_metrics.hpp>

#include "support/catch.hpp"

using namespace tl;

namespace {

const std::vector<std::string> tag_names{"B-PER", "I-PER", "O"};

/// Logits of two texts that predict these classes.
EvalPrediction prediction(const std::vector<std::int64_t>& labels, const std::vector<std::int64_t>& predicted,
                          std::vector<std::int64_t> offsets) {
  const auto tokens = static_cast<std::int64_t>(predicted.size());
  EvalPrediction p{.predictions = Tensor<float>::zeros({tokens, 3}), .offsets = std::move(offsets)};
  for (std::int64_t i = 0; i < tokens; ++i) p.predictions.data()[3 * i + predicted[static_cast<std::size_t>(i)]] = 1;
  p.label_ids = Tensor<std::int64_t>::from(labels, {tokens});
  return p;
}

}  // namespace

TEST_CASE("named_tag_metrics: by default those of the reference's script, else those that are chosen") {
  // The second text has an I- without its B-, which is an entity unless entities have to follow the scheme.
  const EvalPrediction p = prediction({0, 1, 2, 2, 1, 2}, {0, 1, 2, 2, 1, 0}, {0, 3, 6});
  CHECK(tag_metrics(tag_names)(p) == seqeval(p, tag_names));
  const Metrics chosen = tag_metrics(tag_names, {"f1_strict", "f1_macro", "precision_weighted"})(p);
  REQUIRE(chosen.size() == 3);
  CHECK(chosen[0].first == "f1_strict");
  CHECK(chosen[0].second == Approx(2.0 / 3));  // one of one is found, two are predicted
  CHECK(chosen[1].second == Approx(0.8));      // two of two, three are predicted
  CHECK(chosen[2].second == Approx(2.0 / 3));
  const Metrics all = tag_metrics(tag_names, tag_metric_names())(p);
  CHECK(all.size() == tag_metric_names().size());
}

TEST_CASE("named_tag_metrics: sentences") {
  TL_REQUIRE_ERROR(tag_metrics(tag_names, {"roc_auc"}),
                   "metrics: expected metrics of tags, which are precision, recall, f1, accuracy, ");
  TL_REQUIRE_ERROR(tag_metrics({"NN", "VB"}, {"f1_strict"}),
                   "detect_scheme: expected the letters of IOB2, IOE2, IOBES or BILOU, got NV; name the scheme");
}
