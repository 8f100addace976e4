// Metrics of a kind of problem by name. The values are those of tl/metrics, which tests/metrics compares with the
// reference; here is what an evaluation makes of logits.
#include <tl/train/problem_metrics.hpp>

#include <cmath>

#include "support/catch.hpp"

using namespace tl;

namespace {

constexpr auto one_label = ProblemType::single_label_classification;
constexpr auto multi = ProblemType::multi_label_classification;

double value(const Metrics& all, const std::string& name) {
  for (const auto& [key, number] : all)
    if (key == name) return number;
  FAIL("no metric " << name);
  return 0.0;
}

std::vector<std::string> names_of(const Metrics& all) {
  std::vector<std::string> names;
  for (const auto& [key, number] : all) names.push_back(key);
  return names;
}

EvalPrediction classes(const std::vector<float>& logits, const std::vector<std::int64_t>& labels) {
  const auto rows = static_cast<std::int64_t>(labels.size());
  return {.predictions = Tensor<float>::from(logits, {rows, static_cast<std::int64_t>(logits.size()) / rows}),
          .label_ids = Tensor<std::int64_t>::from(labels, {rows})};
}

EvalPrediction numbers(const std::vector<float>& predicted, const std::vector<float>& labels, std::int64_t columns) {
  const auto rows = static_cast<std::int64_t>(labels.size()) / columns;
  return {.predictions = Tensor<float>::from(predicted, {rows, columns}),
          .label_values = Tensor<float>::from(labels, {rows, columns})};
}

}  // namespace

TEST_CASE("problem_metrics: one label per row") {
  // predicted 1 0 0 1 against 1 1 0 0; the last row does not count
  const auto two = classes({0, 1, 1, 0, 2, 0, 0, 1, 5, 0}, {1, 1, 0, 0, -100});
  const Metrics usual = problem_metrics({})(two);
  CHECK(names_of(usual) == std::vector<std::string>{"accuracy", "f1"});
  CHECK(value(usual, "accuracy") == 0.5);
  CHECK(value(usual, "f1") == f1(two));
  const Metrics all = problem_metrics({}, metric_names(one_label))(two);
  CHECK(all.size() == metric_names(one_label).size());
  CHECK(value(all, "f1_micro") == 0.5);
  CHECK(value(all, "roc_auc") == 0.625);
  CHECK(value(all, "roc_auc_ovo") == 0.625);
  const double p = 1 / (1 + std::exp(-1.0)), q = 1 / (1 + std::exp(-2.0));
  CHECK(value(all, "log_loss") == Approx(-(std::log(p) + 2 * std::log(1 - p) + std::log(q)) / 4).epsilon(1e-14));
  CHECK(value(all, "brier_score") == Approx(((1 - p) * (1 - p) + 2 * p * p + (1 - q) * (1 - q)) / 4).epsilon(1e-14));
  // three classes: F1 is the mean over them
  const auto three = classes({1, 0, 0, 0, 1, 0, 0, 1, 0}, {0, 1, 0});
  CHECK(value(problem_metrics({})(three), "f1") == f1(three, F1Average::macro));
  CHECK(std::isnan(value(problem_metrics({}, {"roc_auc"})(three), "roc_auc")));  // class 2 has no row
  CHECK(value(problem_metrics({}, {"roc_auc_ovo"})(three), "roc_auc_ovo") == 0.75);
}

TEST_CASE("problem_metrics: several labels per row") {
  const auto p = numbers({2, -1, 0, -1, 3, 1}, {1, 0, 1, 0, 1, 0}, 3);
  const Metrics usual = problem_metrics({.problem_type = multi})(p);
  CHECK(names_of(usual) == std::vector<std::string>{"f1", "f1_macro", "accuracy"});
  CHECK(value(usual, "f1") == Approx(2.0 / 3));  // a logit of 0 is none: 2 hits of 3 predicted, of 3 labels
  CHECK(value(usual, "accuracy") == 0.0);
  const Metrics all = problem_metrics({.problem_type = multi}, metric_names(multi))(p);
  CHECK(value(all, "f1_samples") == Approx(2.0 / 3));
  CHECK(value(all, "roc_auc_micro") == Approx(8.0 / 9));
  // 1 / (1 + exp(-2)) = 0.88 is above 0.5, not above 0.9
  CHECK(value(problem_metrics({.problem_type = multi, .thresholds = {0.9, 0.5, 0.4}})(p), "f1") == Approx(4.0 / 6));
  CHECK(value(problem_metrics({.problem_type = multi, .thresholds = {0.5, 0.5, 0.8}})(p), "f1") == Approx(0.8));
}

TEST_CASE("problem_metrics: thresholds and temperature of one label per row") {
  const auto p = classes({1, 0, 0, 3}, {1, 1});
  CHECK(value(problem_metrics({})(p), "accuracy") == 0.5);
  CHECK(value(problem_metrics({.thresholds = {0.8, 0.2}})(p), "accuracy") == 1.0);  // 0.73 / 0.8 < 0.27 / 0.2
  const Metrics mild = problem_metrics({.temperature = 2.0}, {"log_loss"})(p);
  CHECK(value(mild, "log_loss") ==
        Approx((std::log(1 + std::exp(0.5)) + std::log(1 + std::exp(-1.5))) / 2).epsilon(1e-14));
}

TEST_CASE("problem_metrics: regression") {
  const auto p = numbers({1.5F, 1, 2.5F, 2.5F, 6}, {1, 2, 2, 4, 5.5F}, 1);
  const Metrics usual = problem_metrics({.problem_type = ProblemType::regression})(p);
  CHECK(names_of(usual) == std::vector<std::string>{"mse", "mae", "r2", "pearsonr", "spearmanr"});
  CHECK(value(usual, "mse") == Approx(0.8));
  CHECK(value(usual, "pearsonr") == Approx(0.8690290144785418));
  const Metrics one = problem_metrics({.problem_type = ProblemType::regression})(numbers({1}, {2}, 1));
  CHECK(value(one, "mse") == 1.0);
  CHECK(std::isnan(value(one, "pearsonr")));
  CHECK(smaller_is_better("mse"));
  CHECK(smaller_is_better("log_loss"));
  CHECK_FALSE(smaller_is_better("f1"));
}

TEST_CASE("problem_metrics: sentences") {
  TL_REQUIRE_ERROR(
      problem_metrics({.problem_type = ProblemType::regression}, {"mse", "f1"}),
      "metrics: expected metrics of regression, which are mse, mae, rmse, r2, pearsonr or spearmanr, got f1");
  TL_REQUIRE_ERROR(problem_metrics({}, {"f1_samples"}), "metrics: expected metrics of single_label_classification");
  const auto p = classes({1, 0}, {0});
  TL_REQUIRE_ERROR(problem_metrics({.problem_type = multi})(p),
                   "metrics: expected labels of multi_label_classification, the data set has none");
  TL_REQUIRE_ERROR(problem_metrics({})(numbers({1, 0}, {1, 0}, 2)),
                   "metrics: expected labels of single_label_classification, the data set has none");
  TL_REQUIRE_ERROR(problem_metrics({.thresholds = {0.5}})(p),
                   "metrics: expected a threshold for each of the 2 classes, got 1");
  TL_REQUIRE_ERROR(problem_metrics({})(classes({1, 0}, {-100})), "metrics: expected a row with a label, got none");
  TL_REQUIRE_ERROR(problem_metrics({.problem_type = multi})(numbers({1, 0}, {1, 0.5F}, 2)),
                   "metrics: expected labels 0 or 1, got 0.5 in row 0");
}
