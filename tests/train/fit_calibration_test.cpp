// Fitting a calibration: temperatures and thresholds that can be computed by hand, and sentences.
#include <tl/train/fit_calibration.hpp>

#include <cmath>

#include "support/catch.hpp"

using namespace tl;

namespace {

EvalPrediction single(std::vector<float> logits, std::int64_t classes, std::vector<std::int64_t> labels) {
  const auto rows = static_cast<std::int64_t>(labels.size());
  return {.predictions = Tensor<float>::from(logits, {rows, classes}),
          .label_ids = Tensor<std::int64_t>::from(labels, {rows})};
}

EvalPrediction several(std::vector<float> logits, std::int64_t classes, std::vector<float> labels) {
  const auto rows = static_cast<std::int64_t>(labels.size()) / classes;
  EvalPrediction p{.predictions = Tensor<float>::from(logits, {rows, classes})};
  p.label_values = Tensor<float>::from(labels, {rows, classes});
  return p;
}

}  // namespace

TEST_CASE("calibration: the temperature gives the probability that the labels have") {
  // Logits of 4 mean 0.982, the labels say 3 of 4: 4 / T = log(3).
  const auto fitted = fit_calibration(single({4, 0, 4, 0, 4, 0, 4, 0}, 2, {0, 0, 0, 1}), "single_label_classification");
  CHECK(fitted.calibration.temperature == Approx(4 / std::log(3.0)).epsilon(1e-9));
  CHECK(fitted.log_loss_after == Approx(-0.75 * std::log(0.75) - 0.25 * std::log(0.25)).epsilon(1e-9));
  CHECK(fitted.log_loss_before > fitted.log_loss_after);
  CHECK(fitted.rows == 4);
  const auto many = fit_calibration(several({4, 4, 4, 4}, 1, {1, 1, 1, 0}), "multi_label_classification");
  CHECK(many.calibration.temperature == Approx(4 / std::log(3.0)).epsilon(1e-9));
}

TEST_CASE("calibration: a classifier that is always right gets a low temperature, not none") {
  const auto fitted = fit_calibration(single({4, 0, 0, 4}, 2, {0, 1}), "single_label_classification");
  CHECK(fitted.calibration.temperature >= 1.0 / 20.0);
  CHECK(fitted.calibration.temperature < 0.2);
  CHECK(fitted.calibration.thresholds.empty());
  CHECK(fitted.macro_f1_after == 1.0);
}

TEST_CASE("calibration: thresholds of one label per text find the rare class") {
  // Class 1 never has the higher logit, but its rows have the higher ones of it; a row without label does not count.
  const std::vector<float> logits{3, 0, 3, 0.5F, 3, 0.2F, 3, 2, 3, 2.5F, 0, 9};
  const auto fitted = fit_calibration(single(logits, 2, {0, 0, 0, 1, 1, -100}), "single_label_classification");
  CHECK(fitted.rows == 5);
  CHECK(fitted.macro_f1_before == Approx((2.0 * 3 / 8) / 2));
  CHECK(fitted.macro_f1_after == 1.0);
  REQUIRE(fitted.calibration.thresholds.size() == 2);
  CHECK(fitted.calibration.thresholds[0] + fitted.calibration.thresholds[1] == Approx(1.0));
  CHECK(fitted.calibration.thresholds[1] < 0.5);
}

TEST_CASE("calibration: three classes, improved in turn") {
  const std::vector<float> logits{5, 1, 1, 5, 1, 0, 5, 4, 1, 5, 4, 0, 5, 1, 4, 5, 0, 4};
  const auto fitted = fit_calibration(single(logits, 3, {0, 0, 1, 1, 2, 2}), "single_label_classification");
  CHECK(fitted.macro_f1_before < 0.2);
  CHECK(fitted.macro_f1_after == 1.0);
}

TEST_CASE("calibration: thresholds of several labels are each class's own") {
  const std::vector<float> logits{-1, 3, -2, 3, -3, -3, -4, -3};
  const auto fitted = fit_calibration(several(logits, 2, {1, 1, 1, 1, 0, 0, 0, 0}), "multi_label_classification");
  const auto& thresholds = fitted.calibration.thresholds;
  REQUIRE(thresholds.size() == 2);
  CHECK(thresholds[1] == 0.5);  // right already
  CHECK(thresholds[0] < 0.5);
  CHECK(fitted.macro_f1_before == Approx(0.5));
  CHECK(fitted.macro_f1_after == 1.0);
  const auto rare = fit_calibration(several({2, -1}, 1, {0, 0}), "multi_label_classification");
  CHECK(rare.calibration.thresholds == std::vector<double>{0.5});  // nothing to learn from
}

TEST_CASE("calibration: error sentences") {
  const auto p = single({1, 2}, 2, {0});
  TL_REQUIRE_ERROR(
      fit_calibration(p, "regression"),
      "fit_calibration: expected single_label_classification or multi_label_classification, got regression");
  TL_REQUIRE_ERROR(fit_calibration(p, "multi_label_classification"),
                   "fit_calibration: expected a label of each of the 1 rows");
  TL_REQUIRE_ERROR(fit_calibration(single({1, 2}, 2, {-100}), "single_label_classification"),
                   "fit_calibration: expected rows with labels, got none");
  TL_REQUIRE_ERROR(fit_calibration(single({NAN, 2}, 2, {0}), "single_label_classification"),
                   "fit_calibration: expected finite logits, got nan in row 0");
  TL_REQUIRE_ERROR(fit_calibration(single({1}, 1, {0}), "single_label_classification"),
                   "fit_calibration: expected logits of texts [rows, C], C at least 2, got f32[1, 1]@cpu");
}
