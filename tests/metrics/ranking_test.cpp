// Values of scikit-learn 1.9.1; tests/reference/compare_metrics.py compares many more.
#include <tl/metrics/ranking.hpp>

#include <cmath>

#include "support/catch.hpp"

using namespace tl::metrics;
using Ids = std::vector<std::int64_t>;
using Numbers = std::vector<double>;

TEST_CASE("metrics: ROC AUC and average precision of two classes") {
  const Ids labels{0, 0, 1, 1, 0, 1};
  const Numbers scores{.1, .4, .4, .8, .8, .3};  // with ties
  CHECK(roc_auc_score(labels, scores) == Approx(0.5555555555555556).epsilon(1e-14));
  CHECK(average_precision_score(labels, scores) == Approx(0.5333333333333333).epsilon(1e-14));
  CHECK(roc_auc_score(labels, Numbers(6, 0.5)) == 0.5);  // constant scores
  CHECK(std::isnan(roc_auc_score(Ids{1, 1}, Numbers{.1, .2})));
  CHECK(average_precision_score(Ids{0, 0}, Numbers{.1, .2}) == 0.0);
  CHECK(average_precision_score(Ids{1, 1}, Numbers{.1, .2}) == 1.0);
  TL_REQUIRE_ERROR(roc_auc_score(labels, Numbers{.1}),
                   "roc_auc_score: expected as many predictions as labels, got 1 and 6");
  TL_REQUIRE_ERROR(roc_auc_score(Ids{0, 2}, Numbers{.1, .2}), "roc_auc_score: expected labels 0 or 1, got 2 in row 1");
  TL_REQUIRE_ERROR(average_precision_score(Ids{0, 1}, Numbers{.1, NAN}),
                   "average_precision_score: expected finite scores, got nan in row 1");
}

TEST_CASE("metrics: ROC AUC and average precision of several classes") {
  const Ids labels{0, 1, 2, 2, 1, 0, 2};
  const Numbers scores{.7, .2, .1, .3, .4, .3, .2, .2, .6, .5, .3, .2, .1, .8, .1, .25, .5, .25, .2, .2, .6};
  const ScoreMatrix s{scores, 3};
  CHECK(roc_auc_score(labels, s) == Approx(0.8444444444444444).epsilon(1e-14));
  CHECK(roc_auc_score(labels, s, {.average = Average::weighted}) == Approx(0.8428571428571429).epsilon(1e-14));
  CHECK(roc_auc_score(labels, s, {.average = Average::micro}) == Approx(0.8367346938775511).epsilon(1e-14));
  CHECK(roc_auc_score(labels, s, {.multi_class = MultiClass::ovo}) == Approx(0.8333333333333334).epsilon(1e-14));
  CHECK(roc_auc_score(labels, s, {.multi_class = MultiClass::ovo, .average = Average::weighted}) ==
        Approx(0.8392857142857142).epsilon(1e-14));
  CHECK(average_precision_score(labels, s) == Approx(0.8166666666666668).epsilon(1e-14));
  CHECK(average_precision_score(labels, s, Average::weighted) == Approx(0.8238095238095238).epsilon(1e-14));
  // A class without a row
  const Ids missing{0, 1, 0, 1, 1, 0, 0};
  CHECK(std::isnan(roc_auc_score(missing, s)));
  CHECK(roc_auc_score(missing, s, {.average = Average::weighted}) > 0.0);
  CHECK(roc_auc_score(missing, s, {.multi_class = MultiClass::ovo}) > 0.0);
  TL_REQUIRE_ERROR(roc_auc_score(Ids{0, 1, 2, 3, 1, 0, 2}, s),
                   "roc_auc_score: expected labels from 0 to 2, got 3 in row 3");
  const Numbers logits{1, 2, 3};
  TL_REQUIRE_ERROR(roc_auc_score(Ids{1}, ScoreMatrix{logits, 3}),
                   "roc_auc_score: expected probabilities that sum to 1 over the classes, got 6 in row 0");
  TL_REQUIRE_ERROR(roc_auc_score(labels, s, {.multi_class = MultiClass::ovo, .average = Average::micro}),
                   "roc_auc_score: expected Average::macro or weighted for MultiClass::ovo");
}

TEST_CASE("metrics: ROC AUC and average precision of several labels per row") {
  const Ids labels{1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0};
  const Numbers scores{.9, .2, .1, .3, .4, .3, .2, .2, .6, .5, .3, .2};
  const LabelMatrix l{labels, 3};
  const ScoreMatrix s{scores, 3};
  const auto both = [&](Average average, double auc, double precision) {
    CHECK(roc_auc_score(l, s, {.average = average}) == Approx(auc).epsilon(1e-14));
    CHECK(average_precision_score(l, s, average) == Approx(precision).epsilon(1e-14));
  };
  both(Average::micro, 0.8857142857142858, 0.8357142857142856);
  both(Average::macro, 0.9166666666666666, 0.9444444444444443);
  both(Average::weighted, 0.9, 0.9333333333333332);
  both(Average::samples, 0.8125, 0.8333333333333333);
  TL_REQUIRE_ERROR(roc_auc_score(l, s, {.average = Average::binary}),
                   "roc_auc_score: expected Average::macro, weighted, micro or samples, got binary");
}
