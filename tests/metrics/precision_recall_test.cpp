// Values of scikit-learn 1.9.1; tests/reference/compare_metrics.py compares many more.
#include <tl/metrics/precision_recall.hpp>

#include <cmath>
#include <limits>

#include "support/catch.hpp"

using namespace tl::metrics;
using Ids = std::vector<std::int64_t>;

namespace {

const Ids labels{0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 3};
const Ids predicted{0, 0, 0, 1, 2, 1, 0, 2, 2, 3, 0, 4};  // class 4 is never a label

void check_scores(const PrecisionRecallFScore& got, double precision, double recall, double f1) {
  CHECK(got.precision == Approx(precision).epsilon(1e-14));
  CHECK(got.recall == Approx(recall).epsilon(1e-14));
  CHECK(got.f_score == Approx(f1).epsilon(1e-14));
}

PrecisionRecallFScore scores(const PrecisionRecallOptions& options) {
  return precision_recall_fscore("scores", Classes(labels), Classes(predicted), options);
}

}  // namespace

TEST_CASE("metrics: precision, recall and F1 of several classes") {
  check_scores(scores({.average = Average::micro}), 0.5833333333333334, 0.5833333333333334, 0.5833333333333334);
  check_scores(scores({.average = Average::macro}), 0.5533333333333333, 0.4866666666666667, 0.4800000000000001);
  check_scores(scores({.average = Average::weighted}), 0.6944444444444443, 0.5833333333333334, 0.5916666666666667);
  CHECK(fbeta_score(labels, predicted, {.average = Average::macro, .beta = 2.0}) == Approx(0.4787412587412588));
  CHECK(precision_score(labels, predicted, {.average = Average::macro}) == Approx(0.5533333333333333));
  CHECK(recall_score(labels, predicted, {.average = Average::macro}) == Approx(0.4866666666666667));
  CHECK(f1_score(labels, predicted, {.average = Average::macro}) == Approx(0.48));
  check_scores(scores({.average = Average::micro, .labels = {3, 1}}), 2.0 / 3, 0.4, 0.5);
}

TEST_CASE("metrics: a class without a row counts as zero_division") {
  check_scores(scores({.average = Average::macro, .zero_division = 1.0}), 0.5533333333333333, 0.6866666666666668, 0.48);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  check_scores(scores({.average = Average::macro, .zero_division = nan}), 0.5533333333333333, 0.6083333333333334, 0.48);
  const Ids zeros{0, 0};
  CHECK(f1_score(zeros, zeros) == 0.0);  // class 1 neither occurs nor is predicted
  CHECK(f1_score(zeros, zeros, {.zero_division = 1.0}) == 1.0);
  CHECK(std::isnan(f1_score(zeros, zeros, {.zero_division = nan})));
  TL_REQUIRE_ERROR(scores({.average = Average::macro, .zero_division = 0.5}),
                   "scores: expected zero_division 0, 1 or NaN, got 0.5");
}

TEST_CASE("metrics: two classes") {
  const Ids truth{1, 1, 0, 0, 1}, guess{1, 0, 0, 1, 1};
  CHECK(precision_score(truth, guess) == Approx(2.0 / 3));
  CHECK(recall_score(truth, guess, {.pos_label = 0}) == 0.5);
  CHECK(f1_score(truth, guess) == Approx(2.0 / 3));
  TL_REQUIRE_ERROR(f1_score(labels, predicted),
                   "f1_score: expected two classes for Average::binary, got 5; use Average::micro, macro or weighted");
  TL_REQUIRE_ERROR(recall_score(truth, guess, {.pos_label = 2}),
                   "recall_score: expected a pos_label that occurs, one of 0 and 1, got 2");
  TL_REQUIRE_ERROR(
      precision_score(truth, guess, {.average = Average::samples}),
      "precision_score: Average::samples is for several labels per row, a LabelMatrix; got one label per row");
  TL_REQUIRE_ERROR(fbeta_score(truth, guess, {.beta = -1.0}), "fbeta_score: expected a beta of at least 0, got -1");
}

TEST_CASE("metrics: several labels per row") {
  const Ids truth{1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0}, guess{1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0};
  const LabelMatrix l{truth, 3}, p{guess, 3};
  const auto average = [&](Average a) { return precision_recall_fscore("scores", l, p, {.average = a}); };
  check_scores(average(Average::micro), 0.6, 0.75, 2.0 / 3);
  check_scores(average(Average::macro), 0.5, 0.5, 0.5);
  check_scores(average(Average::weighted), 0.75, 0.75, 0.75);
  check_scores(average(Average::samples), 0.5, 0.625, 0.5416666666666666);
  CHECK(f1_score(l, p, {.average = Average::macro, .labels = {1}}) == 1.0);
  const auto classes = class_scores(l, p, {});
  REQUIRE(classes.size() == 3);
  CHECK(classes[0].support == 2);
  CHECK(classes[0].scores.f_score == 0.5);
  TL_REQUIRE_ERROR(f1_score(l, p, {}), "f1_score: Average::binary is for one label per row; use Average::micro");
  TL_REQUIRE_ERROR(f1_score(l, p, {.average = Average::macro, .labels = {3}}),
                   "f1_score: expected labels from 0 to 2, got 3");
  const Ids wrong{1, 0, 0, 1, 2, 0, 0, 0, 0, 0, 1, 0};
  TL_REQUIRE_ERROR(precision_score(LabelMatrix{wrong, 3}, p, {.average = Average::micro}),
                   "precision_score: expected labels 0 or 1, got 2 in row 1");
}
