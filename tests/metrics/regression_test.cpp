// Values of scikit-learn 1.9.1 and scipy; tests/reference/compare_metrics.py compares many more.
#include <tl/metrics/regression.hpp>

#include <cmath>

#include "support/catch.hpp"

using namespace tl::metrics;
using Numbers = std::vector<double>;

TEST_CASE("metrics: errors and correlations of numbers") {
  const Numbers x{1, 2, 2, 4, 5.5}, y{1.5, 1, 2.5, 2.5, 6};
  CHECK(mean_squared_error(x, y) == Approx(0.8).epsilon(1e-14));
  CHECK(root_mean_squared_error(x, y) == Approx(0.8944271909999159).epsilon(1e-14));
  CHECK(mean_absolute_error(x, y) == Approx(0.8).epsilon(1e-14));
  CHECK(r2_score(x, y) == Approx(0.696969696969697).epsilon(1e-14));
  CHECK(pearsonr(x, y) == Approx(0.8690290144785418).epsilon(1e-14));
  CHECK(spearmanr(x, y) == Approx(0.7631578947368421).epsilon(1e-14));
}

TEST_CASE("metrics: several outputs are the mean over the columns") {
  const Numbers x{1, 2, 2, 4, 4, 3}, y{1.5, 2, 1, 5, 4, 4};
  CHECK(mean_squared_error(ScoreMatrix{x, 2}, ScoreMatrix{y, 2}) == Approx(0.5416666666666666).epsilon(1e-14));
  CHECK(root_mean_squared_error(ScoreMatrix{x, 2}, ScoreMatrix{y, 2}) == Approx(0.7309969026478145).epsilon(1e-14));
  CHECK(r2_score(ScoreMatrix{x, 2}, ScoreMatrix{y, 2}) == Approx(0.36607142857142855).epsilon(1e-14));
  TL_REQUIRE_ERROR(r2_score(ScoreMatrix{x, 2}, ScoreMatrix{y, 3}),
                   "r2_score: expected predictions of the shape of the labels, [3, 2], got [2, 3]");
}

TEST_CASE("metrics: constant numbers, one row and NaN") {
  const Numbers same{2.5, 2.5, 2.5}, other{1, 2, 3};
  CHECK(r2_score(same, same) == 1.0);
  CHECK(r2_score(same, other) == 0.0);
  CHECK(std::isnan(pearsonr(same, other)));
  CHECK(std::isnan(pearsonr(other, same)));
  CHECK(std::isnan(spearmanr(same, other)));
  CHECK(std::isnan(r2_score(Numbers{1}, Numbers{2})));
  CHECK(std::isnan(spearmanr(Numbers{1}, Numbers{2})));
  CHECK(std::isnan(spearmanr(other, Numbers{1, NAN, 2})));
  CHECK(std::isnan(pearsonr(other, Numbers{1, NAN, 2})));
  CHECK(pearsonr(Numbers{1, 2}, Numbers{5, 4.5}) == -1.0);
  TL_REQUIRE_ERROR(pearsonr(Numbers{1}, Numbers{2}), "pearsonr: expected at least two rows, got 1");
  TL_REQUIRE_ERROR(mean_squared_error(Numbers{1}, Numbers{}),
                   "mean_squared_error: expected as many predictions as labels, got 0 and 1");
  TL_REQUIRE_ERROR(mean_absolute_error(Numbers{1, NAN}, Numbers{1, 2}),
                   "mean_absolute_error: expected finite labels, got nan in row 1");
  TL_REQUIRE_ERROR(r2_score(Numbers{1, 2}, Numbers{1, INFINITY}),
                   "r2_score: expected finite predictions, got inf in row 1");
}
