// Labels of several classes at once and of regression: what a column may hold, the batch, and a sentence with the row
// for every label that does not fit.
#include <tl/data/collator.hpp>
#include <tl/data/label_values.hpp>

#include "support/catch.hpp"

using namespace tl;

namespace {

using Tokens = std::vector<std::vector<std::int32_t>>;
using LabelRows = std::vector<std::vector<float>>;
using NameLists = std::vector<std::vector<std::string>>;

constexpr ProblemType multi = ProblemType::multi_label_classification, regression = ProblemType::regression;

Dataset with_labels(ColumnValues labels) {
  const std::int64_t rows = detail::column_size(labels);
  Columns columns{{"input_ids", Tokens(static_cast<std::size_t>(rows), {1, 2})}};
  columns.push_back({"labels", std::move(labels)});
  return Dataset::from_columns(columns);
}

CollatorOptions three_classes(std::optional<ProblemType> problem = multi) {
  return {.name = "train_dataset", .num_labels = 3, .class_names = {"a", "b", "c"}, .problem = problem};
}

/// The labels of all rows, one after the other.
std::vector<float> values(const ColumnValues& labels, const CollatorOptions& options) {
  const PackedCollator collate(with_labels(labels), options);
  collate.check_rows();
  std::vector<std::int64_t> rows;
  for (std::int64_t row = 0; row < collate.size(); ++row) rows.push_back(row);
  const Batch batch = collate(rows);
  const auto& tensor = batch.labels.at<float>("labels");
  CHECK(tensor.shape() == Shape{collate.size(), *options.num_labels});
  CHECK(batch.has_loss());
  return tensor.to_vector();
}

}  // namespace

TEST_CASE("label values: several labels as numbers, ids or names are the same") {
  const std::vector<float> expected{1, 0, 1, 0, 0, 0, 0, 1, 0};
  CHECK(values(LabelRows{{1, 0, 1}, {0, 0, 0}, {0, 1, 0}}, three_classes()) == expected);
  CHECK(values(Tokens{{1, 0, 1}, {0, 0, 0}, {0, 1, 0}}, three_classes()) == expected);
  CHECK(values(Tokens{{2, 0}, {}, {1}}, three_classes()) == expected);
  CHECK(values(NameLists{{"a", "c"}, {}, {"b"}}, three_classes()) == expected);
  CHECK(values(LabelRows{{0.25F, 0, 1}}, three_classes()) == std::vector<float>{0.25F, 0, 1});  // soft targets
}

TEST_CASE("label values: without a problem_type floats and names are several labels, one label is regression") {
  CHECK(values(LabelRows{{1, 0, 1}}, three_classes({})) == std::vector<float>{1, 0, 1});
  CHECK(values(NameLists{{"b"}}, three_classes({})) == std::vector<float>{0, 1, 0});
  const CollatorOptions one{.num_labels = 1};
  CHECK(values(std::vector<double>{0.5, -3}, one) == std::vector<float>{0.5F, -3});
  CHECK(values(std::vector<std::int64_t>{4, -100}, one) == std::vector<float>{4, -100});  // a number like any other
  CHECK(values(LabelRows{{0.5F}}, one) == std::vector<float>{0.5F});
}

TEST_CASE("label values: regression with several values") {
  CHECK(values(LabelRows{{1.5F, -2, 3}}, three_classes(regression)) == std::vector<float>{1.5F, -2, 3});
  CHECK(values(Tokens{{7, -2, 3}}, three_classes(regression)) == std::vector<float>{7, -2, 3});
  const PackedCollator collate(with_labels(LabelRows{{1, 2}, {3, 4}}), {.problem = regression});
  const std::int64_t row = 1;  // the number of values is that of the first row
  CHECK(collate(std::span(&row, 1)).labels.at<float>("labels").shape() == Shape{1, 2});
}

TEST_CASE("label values: labels of the wrong kind for the problem") {
  const auto check_rows = [](const ColumnValues& labels, const CollatorOptions& options) {
    PackedCollator(with_labels(labels), options).check_rows();
  };
  TL_REQUIRE_ERROR(check_rows(std::vector<std::int64_t>{1}, three_classes()),
                   "train_dataset: expected lists of numbers, of class ids or of names in column labels, because "
                   "problem_type is multi_label_classification, got int64");
  TL_REQUIRE_ERROR(check_rows(std::vector<double>{1}, three_classes()), "got float64");
  TL_REQUIRE_ERROR(check_rows(NameLists{{"a"}}, three_classes(regression)),
                   "train_dataset: expected numbers, or lists of them in column labels, because problem_type is "
                   "regression, got list of string");
  TL_REQUIRE_ERROR(check_rows(LabelRows{{1, 0, 0}}, three_classes(ProblemType::single_label_classification)),
                   "train_dataset: expected class ids (int64) in column labels, because problem_type is "
                   "single_label_classification, got list of float32");
  TL_REQUIRE_ERROR(
      check_rows(std::vector<double>{0.5}, three_classes({})),
      "expected class ids (int64) in column labels, got float64; turn texts or numbers into class ids with "
      "cast_column or class_encode_column, or set the problem_type regression");
  TL_REQUIRE_ERROR(check_rows(std::vector<double>{0.5}, three_classes(regression)),
                   "train_dataset, row 0: expected 3 numbers in column labels, got 1");
  CollatorOptions tokens = three_classes({});
  tokens.token_labels = true;
  TL_REQUIRE_ERROR(check_rows(LabelRows{{1, 0, 0}}, tokens),
                   "train_dataset: expected a list with a class id of each token in column labels, because the model "
                   "classifies tokens, got list of float32");
}

TEST_CASE("label values: rows that do not fit are named with their place") {
  const auto check_rows = [](const ColumnValues& labels, const CollatorOptions& options) {
    PackedCollator(with_labels(labels), options).check_rows();
  };
  TL_REQUIRE_ERROR(check_rows(LabelRows{{1, 0, 0}, {1, 0}}, three_classes()),
                   "train_dataset, row 1: expected 3 numbers in column labels, one for each class, got 2");
  TL_REQUIRE_ERROR(check_rows(LabelRows{{1, 0, 2}}, three_classes()),
                   "train_dataset, row 0: expected numbers from 0 to 1 in column labels, which say whether a class "
                   "applies, got 2.0");
  TL_REQUIRE_ERROR(check_rows(std::vector<double>{1, std::nan("")}, {.name = "eval_dataset", .num_labels = 1}),
                   "eval_dataset, row 1: expected finite numbers in column labels, got nan");
  TL_REQUIRE_ERROR(check_rows(std::vector<double>{1e300}, {.name = "eval_dataset", .num_labels = 1}),
                   "eval_dataset, row 0: expected finite numbers in column labels, got 1e+300");
  TL_REQUIRE_ERROR(check_rows(Tokens{{2, 0}, {3}}, three_classes()),
                   "train_dataset, row 1: expected class ids in [0, 3) in column labels, got 3");
  TL_REQUIRE_ERROR(check_rows(Tokens{{2, 0}, {1}, {1, 1}}, three_classes()),
                   "train_dataset, row 2: expected every class id once in column labels, got 1 twice");
  TL_REQUIRE_ERROR(check_rows(Tokens{{1, 0, 1}, {0, 0, 0}, {1}}, three_classes()),
                   "train_dataset, row 2: expected 3 numbers in column labels, one for each class, got 1");
  TL_REQUIRE_ERROR(check_rows(NameLists{{"a"}, {"x"}}, three_classes()),
                   "train_dataset, row 1: expected names of classes in column labels, ['a', 'b', 'c'], got 'x'");
  TL_REQUIRE_ERROR(check_rows(NameLists{{"a", "a"}}, three_classes()),
                   "train_dataset, row 0: expected every class once in column labels, got 'a' twice");
  const CollatorOptions two{.name = "train_dataset", .num_labels = 2, .problem = multi};
  TL_REQUIRE_ERROR(check_rows(Tokens{{0, 1}, {1, 0}}, two),
                   "train_dataset: expected lists in column labels that are either class ids or 0 and 1 for each of "
                   "the 2 classes, got lists that may be both; write them as floats, [0.0, 1.0], or as names");
  CHECK_NOTHROW(check_rows(Tokens{{0, 1}, {1, 1}}, two));
  CHECK_NOTHROW(check_rows(Tokens{{0, 1}, {1}}, two));
  TL_REQUIRE_ERROR(check_rows(Tokens{{0, 1}, {1}}, {.name = "d", .problem = multi}),
                   "d: expected the number of classes, because column labels holds class ids; give num_labels");
}

TEST_CASE("label values: the fingerprint sees them") {
  const auto of = [](const LabelRows& labels) { return PackedCollator(with_labels(labels)).fingerprint(); };
  CHECK(of({{1, 0}}) == of({{1, 0}}));
  CHECK(of({{1, 0}}) != of({{0, 1}}));
}
