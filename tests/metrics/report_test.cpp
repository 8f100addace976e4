// The tables of scikit-learn 1.9.1 and seqeval 1.2.2; tests/reference/compare_metrics.py compares many more.
#include <tl/metrics/report.hpp>

#include "support/catch.hpp"

using namespace tl::metrics;
using Ids = std::vector<std::int64_t>;

namespace {

const Ids labels{0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 3};
const Ids predicted{0, 0, 0, 1, 2, 1, 0, 2, 2, 3, 0, 4};
const std::vector<std::string> names{"anger", "fear", "joy", "love", "sadness"};

}  // namespace

TEST_CASE("metrics: the report of classes as scikit-learn prints it") {
  CHECK(to_string(classification_report(labels, predicted, names)) ==
        "              precision    recall  f1-score   support\n"
        "\n"
        "       anger       0.60      0.60      0.60         5\n"
        "        fear       0.50      0.50      0.50         2\n"
        "         joy       0.67      1.00      0.80         2\n"
        "        love       1.00      0.33      0.50         3\n"
        "     sadness       0.00      0.00      0.00         0\n"
        "\n"
        "    accuracy                           0.58        12\n"
        "   macro avg       0.55      0.49      0.48        12\n"
        "weighted avg       0.69      0.58      0.59        12\n");
  CHECK(to_string(classification_report(labels, predicted, names, {.labels = {3, 1}}), 4) ==
        "              precision    recall  f1-score   support\n"
        "\n"
        "        love     1.0000    0.3333    0.5000         3\n"
        "        fear     0.5000    0.5000    0.5000         2\n"
        "\n"
        "   micro avg     0.6667    0.4000    0.5000         5\n"
        "   macro avg     0.7500    0.4167    0.5000         5\n"
        "weighted avg     0.8000    0.4000    0.5000         5\n");
  TL_REQUIRE_ERROR(classification_report(labels, Ids{}),
                   "classification_report: expected as many predictions as labels");
}

TEST_CASE("metrics: the report of several labels per row") {
  const Ids truth{1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0}, guess{1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0};
  const std::vector<std::string> letters{"a", "b"};  // the third class has no name
  CHECK(to_string(classification_report(LabelMatrix{truth, 3}, LabelMatrix{guess, 3}, letters)) ==
        "              precision    recall  f1-score   support\n"
        "\n"
        "           a       0.50      0.50      0.50         2\n"
        "           b       1.00      1.00      1.00         2\n"
        "           2       0.00      0.00      0.00         0\n"
        "\n"
        "   micro avg       0.60      0.75      0.67         4\n"
        "   macro avg       0.50      0.50      0.50         4\n"
        "weighted avg       0.75      0.75      0.75         4\n"
        " samples avg       0.50      0.62      0.54         4\n");
}

TEST_CASE("metrics: the report of tags as seqeval prints it") {
  const std::vector<std::vector<std::string>> truth{
      {"B-PER", "I-PER", "O", "I-LOC"}, {"B-LOC", "B-LOC", "O", "O", "I-ORG", "I-ORG"}, {"O"}};
  const std::vector<std::vector<std::string>> guess{
      {"B-PER", "I-PER", "O", "B-LOC"}, {"B-LOC", "I-LOC", "O", "O", "B-ORG", "I-ORG"}, {"I-PER"}};
  CHECK(to_string(classification_report(truth, guess)) ==
        "              precision    recall  f1-score   support\n"
        "\n"
        "         LOC       0.50      0.33      0.40         3\n"
        "         ORG       1.00      1.00      1.00         1\n"
        "         PER       0.50      1.00      0.67         1\n"
        "\n"
        "   micro avg       0.60      0.60      0.60         5\n"
        "   macro avg       0.67      0.78      0.69         5\n"
        "weighted avg       0.60      0.60      0.57         5\n");
}

TEST_CASE("metrics: the confusion matrix as a table") {
  CHECK(to_string(confusion_matrix(labels, predicted), names) ==
        "         predicted\n"
        "  label  anger  fear  joy  love  sadness\n"
        "  anger      3     1    1     0        0\n"
        "   fear      1     1    0     0        0\n"
        "    joy      0     0    2     0        0\n"
        "   love      1     0    0     1        1\n"
        "sadness      0     0    0     0        0\n");
  const std::vector<std::string> umlauts{"gr\xc3\xbcn", "rot"};  // letters of two bytes are one column wide
  CHECK(to_string(confusion_matrix(Ids{0, 1}, Ids{0, 0}), umlauts) ==
        "       predicted\n"
        "label  gr\xc3\xbcn  rot\n"
        " gr\xc3\xbcn     1    0\n"
        "  rot     1    0\n");
}
