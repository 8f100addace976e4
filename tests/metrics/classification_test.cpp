// Values of scikit-learn 1.9.1; tests/reference/compare_metrics.py compares many more.
#include <tl/metrics/classification.hpp>

#include "support/catch.hpp"

using namespace tl::metrics;
using Ids = std::vector<std::int64_t>;

namespace {

const Ids labels{0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 3};
const Ids predicted{0, 0, 0, 1, 2, 1, 0, 2, 2, 3, 0, 4};

}  // namespace

TEST_CASE("metrics: accuracy, balanced accuracy and Matthews' correlation") {
  CHECK(accuracy_score(labels, predicted) == Approx(0.5833333333333334).epsilon(1e-14));
  CHECK(balanced_accuracy_score(labels, predicted) == Approx(0.6083333333333334).epsilon(1e-14));
  CHECK(matthews_corrcoef(labels, predicted) == Approx(0.446622991493855).epsilon(1e-14));
  CHECK(matthews_corrcoef(Ids{1, 1, 1}, Ids{1, 0, 1}) == 0.0);  // constant labels
  CHECK(matthews_corrcoef(Ids{1, 0}, Ids{1, 0}) == 1.0);
  const Ids some{1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0}, other{1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0};
  CHECK(accuracy_score(LabelMatrix{some, 3}, LabelMatrix{other, 3}) == 0.5);
}

TEST_CASE("metrics: the confusion matrix has a row per label and a column per prediction") {
  const ConfusionMatrix all = confusion_matrix(labels, predicted);
  CHECK(all.labels == Ids{0, 1, 2, 3, 4});
  CHECK(all.counts == Ids{3, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 2, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0});
  CHECK(all.at(3, 4) == 1);
  CHECK(confusion_matrix(labels, predicted, {3, 0}).counts == Ids{1, 1, 0, 3});
  CHECK(confusion_matrix(labels, predicted, {0, 1, 2, 3, 4, 5}).counts.size() == 36);
  TL_REQUIRE_ERROR(confusion_matrix(labels, predicted, {7}),
                   "confusion_matrix: expected at least one of the classes among the labels");
  TL_REQUIRE_ERROR(confusion_matrix(labels, predicted, {1, 1}),
                   "confusion_matrix: expected each class once, got 2 of which 1 differ");
}

TEST_CASE("metrics: labels and predictions have to fit") {
  TL_REQUIRE_ERROR(accuracy_score(Ids{1, 0}, Ids{1}),
                   "accuracy_score: expected as many predictions as labels, got 1 and 2");
  TL_REQUIRE_ERROR(accuracy_score(Ids{}, Ids{}), "accuracy_score: expected at least one row, got none");
  TL_REQUIRE_ERROR(balanced_accuracy_score(Ids{}, Ids{}), "balanced_accuracy_score: expected at least one row");
  TL_REQUIRE_ERROR(matthews_corrcoef(Ids{1}, Ids{}), "matthews_corrcoef: expected as many predictions as labels");
  const Ids four{1, 0, 0, 1}, two{1, 0}, five{1, 0, 0, 1, 1};
  TL_REQUIRE_ERROR(accuracy_score(LabelMatrix{four, 2}, LabelMatrix{two, 2}),
                   "accuracy_score: expected predictions of the shape of the labels, [2, 2], got [1, 2]");
  TL_REQUIRE_ERROR(accuracy_score(LabelMatrix{five, 2}, LabelMatrix{four, 2}),
                   "accuracy_score: expected labels in rows of 2 columns, got 5 values");
}
