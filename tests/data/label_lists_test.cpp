// Several labels of a row, and numbers, as files write them: what they mean, and where one is wrong.
#include <tl/data/label_lists.hpp>

#include "support/catch.hpp"

using namespace tl;

namespace {

using Rows = std::vector<std::vector<std::string>>;
using Values = std::vector<std::vector<float>>;

LabelLists lists(Rows rows) {
  return {std::move(rows), "topics", "train.csv",
          [](std::int64_t row) { return str_cat("train.csv, line ", row + 2); }};
}

}  // namespace

TEST_CASE("label lists: the labels of a cell") {
  CHECK(split_labels("sport; money", ";", "x") == std::vector<std::string>{"sport", "money"});
  CHECK(split_labels(R"(["sport, indoor", "money"])", ",", "x") == std::vector<std::string>{"sport, indoor", "money"});
  CHECK(split_labels("[0, 2.5]", ",", "x") == std::vector<std::string>{"0", "2.5"});
  CHECK(split_labels("  ", ",", "x").empty());
  CHECK(split_labels("[]", ",", "x").empty());
  TL_REQUIRE_ERROR(split_labels("[0, ", ",", "train.csv, line 3"), "train.csv, line 3");
}

TEST_CASE("label lists: names, those that occur are the classes") {
  const NumericLabels found = read_label_sets(lists({{"sport"}, {}, {"money", "sport"}}));
  CHECK(found.names == std::vector<std::string>{"money", "sport"});
  CHECK(found.values == Values{{0, 1}, {0, 0}, {1, 1}});
  CHECK(found.decision == "train.csv: the labels in column topics are lists of names of 2 classes, ['money', 'sport']");
  CHECK(read_label_sets(lists({{"b"}}), {"a", "b", "c"}).values == Values{{0, 1, 0}});
  CHECK(read_label_sets(lists({{"2"}, {"0", "1"}}), {"0", "1", "2"}).values == Values{{0, 0, 1}, {1, 1, 0}});
  TL_REQUIRE_ERROR(read_label_sets(lists({{"a"}, {"x"}}), {"a", "b"}),
                   "train.csv, line 3: expected topics to hold names of classes, ['a', 'b'], got 'x'");
  TL_REQUIRE_ERROR(read_label_sets(lists({{"a", "a"}}), {"a", "b"}),
                   "train.csv, line 2: expected every class once in column topics, got 'a' twice");
}

TEST_CASE("label lists: ids, and a number for each class") {
  const NumericLabels ids = read_label_sets(lists({{"2", "0"}, {}, {"1"}}));
  CHECK(ids.names == std::vector<std::string>{"LABEL_0", "LABEL_1", "LABEL_2"});
  CHECK(ids.values == Values{{1, 0, 1}, {0, 0, 0}, {0, 1, 0}});
  const NumericLabels numbers = read_label_sets(lists({{"1", "0", "0.5"}, {"0", "0", "0"}}), {"a", "b", "c"});
  CHECK(numbers.values == Values{{1, 0, 0.5F}, {0, 0, 0}});
  CHECK(read_label_sets(lists({{"1", "0", "1"}, {"0", "0", "0"}})).values == Values{{1, 0, 1}, {0, 0, 0}});
  TL_REQUIRE_ERROR(read_label_sets(lists({{"2"}, {"0", "3"}}), {"a", "b", "c"}),
                   "train.csv, line 3: expected distinct class ids in [0, 3) in column topics, got ['0', '3']");
  TL_REQUIRE_ERROR(
      read_label_sets(lists({{"1", "0", "1"}, {"1", "0", "1"}, {"1", "0"}, {"1", "2", "1"}}), {"a", "b", "c"}),
      "train.csv, line 4: expected 3 numbers from 0 to 1 in column topics, one for each class, got ['1', "
      "'0']");
  TL_REQUIRE_ERROR(read_label_sets(lists({{"0", "1"}, {"1", "0"}}), {"a", "b"}),
                   "train.csv: the labels in column topics: expected either class ids or a number for each of the 2 "
                   "classes, got lists that may be both; write names");
  TL_REQUIRE_ERROR(read_label_sets(lists({{}, {}})), "expected at least one label");
}

TEST_CASE("label lists: numbers of a regression") {
  const NumericLabels one = read_label_numbers(lists({{"2.5"}, {"-3"}, {"1e2"}}));
  CHECK(one.names == std::vector<std::string>{"LABEL_0"});
  CHECK(one.values == Values{{2.5F}, {-3}, {100}});
  CHECK(one.decision == "train.csv: the labels in column topics are numbers");
  CHECK(read_label_numbers(lists({{"1", "2"}}), 2, {"a", "b"}).names == std::vector<std::string>{"a", "b"});
  for (const std::string bad : {"nan", "inf", "good", "1e300"})
    TL_REQUIRE_ERROR(read_label_numbers(lists({{"1"}, {bad}})),
                     "train.csv, line 3: expected a finite number in column topics, because the problem is regression, "
                     "got '" +
                         bad + "'");
  TL_REQUIRE_ERROR(read_label_numbers(lists({{"1"}, {}})),
                   "train.csv, line 3: expected 1 number in column topics, got 0");
}

TEST_CASE("label lists: fractions are no classes, whole numbers are") {
  const auto fractions = [](std::vector<std::string> values) { return are_fractions({std::move(values), "label"}); };
  CHECK(fractions({"1", "2.5"}));
  CHECK_FALSE(fractions({"1.0", "2"}));
  CHECK_FALSE(fractions({"0.5", "good"}));
  CHECK_FALSE(fractions({"0.5", "nan"}));
}
