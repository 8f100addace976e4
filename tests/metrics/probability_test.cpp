// Values of scikit-learn 1.9.1; tests/reference/compare_metrics.py compares many more.
#include <tl/metrics/probability.hpp>

#include "support/catch.hpp"

using namespace tl::metrics;
using Ids = std::vector<std::int64_t>;
using Numbers = std::vector<double>;

TEST_CASE("metrics: log loss and Brier score") {
  const Ids two{0, 0, 1, 1, 0, 1};
  const Numbers ones{.1, .4, .4, .8, .8, .3};
  CHECK(log_loss(two, ones) == Approx(0.7615051898953697).epsilon(1e-14));
  CHECK(brier_score_loss(two, ones) == Approx(0.2833333333333334).epsilon(1e-14));
  const Ids labels{0, 1, 2, 2, 1, 0, 2};
  const Numbers p{.7, .2, .1, .3, .4, .3, .2, .2, .6, .5, .3, .2, .1, .8, .1, .25, .5, .25, .2, .2, .6};
  CHECK(log_loss(labels, ScoreMatrix{p, 3}) == Approx(0.7876418211732956).epsilon(1e-14));
  CHECK(brier_score_loss(labels, ScoreMatrix{p, 3}) == Approx(0.43928571428571433).epsilon(1e-14));
  // The score of two columns is that of the second one; a probability of 0 costs what the precision of a double gives.
  const Numbers pairs{.9, .1, .6, .4, .6, .4, .2, .8, .2, .8, .7, .3};
  CHECK(brier_score_loss(two, ScoreMatrix{pairs, 2}) == Approx(0.2833333333333334).epsilon(1e-14));
  CHECK(log_loss(two, ScoreMatrix{pairs, 2}) == Approx(0.7615051898953697).epsilon(1e-14));
  CHECK(log_loss(Ids{1}, Numbers{0.0}) == Approx(36.04365338911715).epsilon(1e-14));
}

TEST_CASE("metrics: the expected calibration error") {
  const Ids labels{0, 1, 1, 0};
  const Numbers p{.9, .1, .2, .8, .7, .3, .4, .6};
  // two bins of (0.5, 1]: right are the rows 0 and 1 of four; mean confidence 0.75
  CHECK(expected_calibration_error(labels, ScoreMatrix{p, 2}, 2) == Approx(0.25));
  // ten bins: 0.9, 0.8, 0.7 and 0.6 each in one of its own
  CHECK(expected_calibration_error(labels, ScoreMatrix{p, 2}, 10) == Approx((0.1 + 0.2 + 0.7 + 0.6) / 4));
  // of class 1: an upper end belongs to its bin, 0 to the first one
  CHECK(expected_calibration_error(Ids{0, 1, 1}, Numbers{0.0, 0.5, 0.75}, 2) == Approx((0.5 + 0.25) / 3));
  TL_REQUIRE_ERROR(expected_calibration_error(labels, ScoreMatrix{p, 2}, 0),
                   "expected_calibration_error: expected at least one bin, got 0");
}

TEST_CASE("metrics: probabilities are checked") {
  TL_REQUIRE_ERROR(log_loss(Ids{1, 0}, Numbers{.5, 1.5}),
                   "log_loss: expected probabilities from 0 to 1, got 1.5 in row 1");
  TL_REQUIRE_ERROR(brier_score_loss(Ids{1}, Numbers{-1}),
                   "brier_score_loss: expected probabilities from 0 to 1, got -1");
  TL_REQUIRE_ERROR(brier_score_loss(Ids{3}, Numbers{1}), "brier_score_loss: expected labels 0 or 1, got 3 in row 0");
}
