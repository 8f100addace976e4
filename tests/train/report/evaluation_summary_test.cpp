// What the report keeps of an evaluation, against the metrics and by hand.
#include <tl/train/report/evaluation_summary.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"

using namespace tl;
using namespace tl::detail::report;

namespace {

EvalPrediction summary_prediction() {
  EvalPrediction p;
  p.predictions = Tensor<float>::from({2.F, 0.F, 0.F, 1.F, 3.F, 0.F, 0.F, 4.F, 0.5F, 0.F}, {5, 2});
  p.label_ids = Tensor<std::int64_t>::from({0, 1, 1, -100, 0}, {5});
  return p;
}

}  // namespace

TEST_CASE("evaluation summary: confusions, scores and calibration are those of the metrics") {
  const EvalPrediction p = summary_prediction();
  const Json summary = evaluation_summary({p, nullptr, nullptr, {"no", "yes"}});
  CHECK(summary.at("rows") == 5);
  CHECK(summary.at("confusion") == Json{{2, 0}, {1, 1}});
  const LabelledPredictions all = labelled_predictions(p, {});
  const auto scores = metrics::classification_report(all.labels, all.predicted);
  CHECK(summary.at("classes")[1].at("recall") == scores.classes[1].scores.recall);
  CHECK(summary.at("classes")[1].at("name") == "yes");
  CHECK(summary.at("accuracy") == 0.75);
  CHECK(summary.at("calibration").at("error").get<double>() ==
        Approx(metrics::expected_calibration_error(all.labels, all.score_matrix(), calibration_bins)).epsilon(1e-12));
  CHECK(length_summary({}).is_null());
}

TEST_CASE("evaluation summary: the hardest rows come first, with place, text, label and prediction") {
  const EvalPrediction p = summary_prediction();
  const RowSource rows =
      Dataset::from_columns({{"text", std::vector<std::string>{"a", "b", std::string(1000, 'c'), "d", "e\xFF"}},
                             {"label", std::vector<std::int64_t>{0, 1, 1, -100, 0}}},
                            {"data\xFF.csv", "line", {11, 12, 13, 14, 15}});
  const Json hardest = evaluation_summary({p, &rows, nullptr, {"no", "yes"}}).at("hardest");
  REQUIRE(hardest.size() == 4);
  CHECK(hardest[0].at("row") == 2);
  CHECK(hardest[0].at("place") == "data\\xff.csv, line 13");
  CHECK(hardest[0].at("text").get<std::string>().size() == longest_text + 3);
  CHECK(hardest[0].at("label") == "yes");
  CHECK(hardest[0].at("prediction") == "no");
  CHECK(hardest[0].at("loss").get<double>() == Approx(std::log(1.0 + std::exp(3.0))));
  CHECK(hardest[0].at("score").get<double>() == Approx(1.0 / (1.0 + std::exp(-3.0))));
  CHECK(hardest[1].at("text") == "e\\xff");
}

TEST_CASE("evaluation summary: of tokens, the row and the token") {
  EvalPrediction p = summary_prediction();
  p.offsets = {0, 2, 5};
  const Json summary = evaluation_summary({p, nullptr, nullptr, {"O", "B"}});
  CHECK(summary.at("rows") == 2);
  CHECK(summary.at("hardest")[0].at("row") == 1);
  CHECK(summary.at("hardest")[0].at("token") == 0);
}

TEST_CASE("evaluation summary: several labels, numbers, and no labels") {
  EvalPrediction p;
  p.predictions = Tensor<float>::from({2.F, -1.F, -3.F, 1.F}, {2, 2});
  p.label_values = Tensor<float>::from({1.F, 0.F, 1.F, 0.F}, {2, 2});
  const Json several = evaluation_summary({p, nullptr, nullptr, {"a", "b"}, ProblemType::multi_label_classification});
  CHECK(several.at("hardest")[0].at("row") == 1);
  CHECK(several.at("hardest")[0].at("label") == "a");
  CHECK(several.at("hardest")[0].at("prediction") == "b");
  CHECK(several.at("hardest")[1].at("prediction") == "a");
  CHECK(several.at("classes").size() == 2);
  CHECK(!several.contains("confusion"));
  const Json numbers = evaluation_summary({p, nullptr, nullptr, {}, ProblemType::regression});
  CHECK(numbers.at("scatter").size() == 4);
  CHECK(numbers.at("hardest")[0].at("loss") == Approx((16.0 + 1.0) / 2));
  EvalPrediction without;
  without.predictions = p.predictions;
  CHECK(!evaluation_summary({without}).contains("hardest"));
}

TEST_CASE("evaluation summary: only the hardest of many rows are kept") {
  EvalPrediction p;
  std::vector<float> logits;
  std::vector<std::int64_t> labels(20000, 0);
  for (int row = 0; row < 20000; ++row) {
    logits.push_back(row == 12345 ? -9.F : 1.F + static_cast<float>(row % 7));
    logits.push_back(0.F);
  }
  p.predictions = Tensor<float>::from(logits, {20000, 2});
  p.label_ids = Tensor<std::int64_t>::from(labels, {20000});
  const Json summary = evaluation_summary({p});
  CHECK(summary.at("hardest").size() == hardest_rows);
  CHECK(summary.at("hardest")[0].at("row") == 12345);
  CHECK(summary.at("hardest")[1].at("row") == 0);
  CHECK(summary.at("hardest")[2].at("row") == 7);
}

TEST_CASE("length summary: shortest, median, longest, and how many are the longest") {
  const Json lengths = length_summary({5, 9, 2, 9, 9});
  CHECK(lengths.at("rows") == 5);
  CHECK(lengths.at("tokens") == 34);
  CHECK(lengths.at("shortest") == 2);
  CHECK(lengths.at("median") == 9);
  CHECK(lengths.at("at_longest") == 3);
}
