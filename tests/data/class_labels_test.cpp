// What labels mean: every kind of label as names and as positions, the sentence of every refusal, and equal classes
// whatever the format of the file is.
#include <fstream>
#include <string>
#include <vector>

#include <tl/data/class_labels.hpp>
#include <tl/data/load_dataset.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"

using namespace tl;
using Ids = std::vector<std::int64_t>;
using Texts = std::vector<std::string>;

namespace {

LabelTexts labels(Texts values) {
  return {std::move(values), "label", "x.csv", [](std::int64_t row) { return str_cat("x.csv, line ", row + 2); }};
}

ClassLabels read(Texts values) { return read_class_labels(labels(std::move(values))); }
ClassLabels read(Texts values, Texts names, std::string origin = "") {
  return read_class_labels(labels(std::move(values)), {std::move(names), std::move(origin)});
}

Dataset column(ColumnValues values) { return Dataset::from_columns({{"label", std::move(values)}}); }

}  // namespace

TEST_CASE("class labels: without names the sorted distinct labels are the classes") {
  const auto names = [](Texts values) { return read(std::move(values)).names; };
  CHECK(names({"5", "1", "3", "2", "4"}) == Texts{"1", "2", "3", "4", "5"});
  CHECK(names({"10", "9", "2"}) == Texts{"2", "9", "10"});
  CHECK(names({"4", "0"}) == Texts{"0", "4"});
  CHECK(names({"1", "-1"}) == Texts{"-1", "1"});
  CHECK(names({"1.0", "0.0"}) == Texts{"0", "1"});
  CHECK(names({"1.0", "0", "0.0"}) == Texts{"0", "1"});
  CHECK(names({"02", "01"}) == Texts{"01", "02"});
  CHECK(names({"True", "False"}) == Texts{"False", "True"});
  CHECK(names({"true", "FALSE"}) == Texts{"False", "True"});
  CHECK(names({"b", "B2", "a"}) == Texts{"B2", "a", "b"});
  CHECK(names({" pos", " neg"}) == Texts{"neg", "pos"});
  CHECK(read({"4", "0", "4"}).ids == Ids{1, 0, 1});
  CHECK(read({"4", "0"}).decision == "x.csv: the labels in column label name 2 classes, ['0', '4']");
  CHECK(read({"4", "0"}).as_written);
  CHECK_FALSE(read({"1.0", "0.0"}).as_written);
}

TEST_CASE("class labels: a label is a name first") {
  const Texts stars = {"1", "2", "3", "4", "5"};
  CHECK(read({"4", "1", "2"}, stars).ids == Ids{3, 0, 1});
  CHECK(read({"4.0", "1.0"}, stars).ids == Ids{3, 0});
  CHECK(read({"1", "0"}, {"1.0", "0.0"}).ids == Ids{0, 1});
  CHECK(read({"0", "2", "10"}, {"0", "1", "10", "2"}).ids == Ids{0, 3, 2});  // names in byte order
  CHECK(read({"True", "False"}, {"True", "False"}).ids == Ids{0, 1});
  CHECK(read({"true", "FALSE"}, {"True", "False"}).ids == Ids{0, 1});
  CHECK(read({"-1", "1"}, {"-1", "1"}).ids == Ids{0, 1});
  CHECK(read({"pos", "neg"}, {"neg", "pos"}).decision == "x.csv: the labels in column label are names of classes");
  const auto near = read({" Pos", "NEG", "neg"}, {"neg", "pos"});
  CHECK(near.ids == Ids{1, 0, 0});
  CHECK_FALSE(near.as_written);
  CHECK(near.decision.ends_with("are names of classes; ' Pos' is read as 'pos', 'NEG' is read as 'neg'"));
  CHECK(read({"a ", "a  ", "b ", "b  ", "c"}, {"a", "b", "c"}).decision.ends_with("'b ' is read as 'b' and 1 more"));
  CHECK(read({"pos"}, {"Pos", "pos"}).ids == Ids{1});
  TL_REQUIRE_ERROR(
      read({"POS"}, {"Pos", "pos"}),
      "x.csv, line 2: expected label to be one of ['Pos', 'pos'], got 'POS', which may be 'Pos' and 'pos'");
  TL_REQUIRE_ERROR(read({"01"}, {"1", "1.0"}), "which may be '1' and '1.0'");
}

TEST_CASE("class labels: positions only if no label is a name") {
  const auto positions = read({"1", "0", "1"}, {"NEG", "POS"});
  CHECK(positions.ids == Ids{1, 0, 1});
  CHECK(positions.as_written);
  CHECK(positions.decision ==
        "x.csv: the labels in column label are positions, from 0, among the classes ['NEG', 'POS']");
  CHECK(read({"1", "2"}, {"a", "b", "c"}).decision.ends_with("; none of them is 0"));
  CHECK(read({"1.0", "0.0"}, {"NEG", "POS"}).ids == Ids{1, 0});
  CHECK(read({"0", "1"}, {"10", "20"}).ids == Ids{0, 1});
  CHECK(read({"0", "1"}, {"False", "True"}).ids == Ids{0, 1});
  CHECK(read({"True", "False"}, {"LABEL_0", "LABEL_1"}).ids == Ids{1, 0});
  CHECK(read({"True", "False"}, {"0", "1"}).ids == Ids{1, 0});
  const Texts stars = {"1", "2", "3", "4", "5"};
  TL_REQUIRE_ERROR(
      read({"1", "0", "2"}, stars),
      "x.csv, line 3: expected the labels in column label to be all names or all positions, got '0', the position of "
      "'1', beside '1' in line 2, the name of class 0; write all as names");
  TL_REQUIRE_ERROR(read({"pos", "0"}, {"neg", "pos"}), "got '0', the position of 'neg', beside 'pos' in line 2");
  TL_REQUIRE_ERROR(
      read({"0", "0"}, {"-1", "1"}),
      "x.csv, line 2: expected label to be one of ['-1', '1'], got '0', which is no name and may be a position");
  TL_REQUIRE_ERROR(read({"1", "0"}, {"True", "False"}),
                   "x.csv, line 2: got '1' in column label, which is a boolean of another class than its position "
                   "among ['True', 'False']");
  TL_REQUIRE_ERROR(read({"True", "False"}, {"NEG", "POS"}),
                   "x.csv, line 2: expected label to be one of ['NEG', 'POS'], got 'True'");
}

TEST_CASE("class labels: labels that are no class") {
  TL_REQUIRE_ERROR(
      read({"0", "1", "7"}, {"a", "b"}, "the classes of the model"),
      "x.csv, line 4: expected label in [0, 2), got 7; the classes are ['a', 'b'], the classes of the model");
  TL_REQUIRE_ERROR(read({"-1", "1"}, {"a", "b"}), "x.csv, line 2: expected label in [0, 2), got -1");
  TL_REQUIRE_ERROR(
      read({"a", "b", "c"}, {"a", "b"}, "the labels of train.csv"),
      "x.csv, line 4: expected label to be one of ['a', 'b'], got 'c'; the classes are the labels of train.csv");
  TL_REQUIRE_ERROR(read({"1", "9"}, {"1", "2"}), "expected label to be one of ['1', '2'], got '9'");
  TL_REQUIRE_ERROR(read({"0", "1.5"}, {"a", "b"}),
                   "x.csv, line 3: expected class ids or names in column label, got float64 1.5");
  TL_REQUIRE_ERROR(read({"0", "1", "nan"}, {"a", "b"}),
                   "x.csv, line 4: expected a class id in column label as in line 2, got 'nan'");
  TL_REQUIRE_ERROR(read({"x"}, {"a", "a"}), "label: expected every class name once, got ['a', 'a']");
  TL_REQUIRE_ERROR(read({"x"}, Texts(30, "a")), "every class name once");
  Texts many;
  for (int i = 0; i < 30; ++i) many.push_back(str_cat("n", i));
  TL_REQUIRE_ERROR(read({"x"}, many), "'n19', ... 10 more], got 'x'");
  for (const char* empty : {"", "  ", "\t"}) {
    TL_REQUIRE_ERROR(read({"a", empty}, {"a", "b"}),
                     "x.csv, line 3: expected a label in column label, got an empty one");
    TL_REQUIRE_ERROR(read({"a", "b", empty}), "x.csv, line 4: expected a label in column label, got an empty one");
  }
  TL_REQUIRE_ERROR(read({"pos", "pos"}), "x.csv: expected at least two classes in column label, got one, 'pos'");
  TL_REQUIRE_ERROR(read({"0", "1", "0.5"}),
                   "x.csv, line 4: expected class ids or names in column label, got float64 0.5");
  TL_REQUIRE_ERROR(read({"0", "1", "pos"}),
                   "x.csv, line 4: expected a class id in column label as in line 2, got 'pos'");
  TL_REQUIRE_ERROR(read({"True", "False", "False", "1"}),
                   "expected a class id in column label as in line 5, got 'True'");
  TL_REQUIRE_ERROR(read({"pos", "neg", "Pos"}),
                   "x.csv, line 4: expected labels that differ in more than case, blanks or zeros, got 'Pos' beside "
                   "'pos' in line 2");
  TL_REQUIRE_ERROR(read({"pos", "neg", "pos "}), "got 'pos ' beside 'pos' in line 2");
  TL_REQUIRE_ERROR(read({"1", "2", "01"}), "got '01' beside '1' in line 2");
}

TEST_CASE("class labels: -100 is no label") {
  const auto some = read({"0", "-100", "1", "-100"});
  CHECK(some.names == Texts{"0", "1"});
  CHECK(some.ids == Ids{0, no_label, 1, no_label});
  CHECK(some.decision.ends_with("; 2 rows with -100 have no label"));
  CHECK(read({"b", "-100"}, {"a", "b"}).ids == Ids{1, no_label});
  CHECK(read({"1", "-100.0"}, {"a", "b"}).ids == Ids{1, no_label});
  CHECK(read({"-100", "b"}, {"-100", "b"}).ids == Ids{0, 1});
  TL_REQUIRE_ERROR(read({"-100"}), "x.csv: expected at least one label in column label, got -100 in every row");
  TL_REQUIRE_ERROR(read({"-100"}, {"a", "b"}), "got -100 in every row");
  TL_REQUIRE_ERROR(read({}, {"a", "b"}), "got no rows");
}

TEST_CASE("class labels: columns of a data set, whatever their type") {
  CHECK(column(Ids{4, 1, 2}).class_labels("label", {{"1", "2", "3", "4", "5"}}).ids == Ids{3, 0, 1});
  CHECK(column(std::vector<double>{1, 0}).class_labels("label").names == Texts{"0", "1"});
  CHECK(column(Texts{"b", "a"}).class_labels("label").ids == Ids{1, 0});
  const Dataset boolean = Dataset::from_columns({{"label", Ids{1, 0}}}, {}, {"label"});
  CHECK(boolean.class_labels("label").names == Texts{"False", "True"});
  CHECK(boolean.select({1, 0}).class_labels("label", {{"True", "False"}}).ids == Ids{1, 0});
  CHECK(boolean.class_encode_column("label").class_names("label") == Texts{"False", "True"});  // as Python's datasets
  CHECK(boolean.cast_column("label", {{"True", "False"}}).column<std::int64_t>("label").to_vector() == Ids{0, 1});
  const Dataset named = column(Texts{"x", "y"}).cast_column("label", {{"y", "x"}});
  CHECK(named.class_labels("label", {{"x", "y"}}).ids == Ids{0, 1});  // ids that have names are these names
  CHECK(named.cast_column("label", {{"p", "q"}}).column<std::int64_t>("label").to_vector() == Ids{1, 0});
  TL_REQUIRE_ERROR(named.cast_column("label", {{"p"}}),
                   "cast_column 'label', row 0: expected one of ['p'], got the class id 1");
  CHECK(column(Ids{4, 1}).cast_column("label", {{"1", "2", "3", "4", "5"}}).column<std::int64_t>("label").to_vector() ==
        Ids{3, 0});
  TL_REQUIRE_ERROR(column(Ids{0, 1}).cast_column("label", {{"1", "2"}}),
                   "cast_column 'label', row 0: expected the labels in column label to be all names or all positions");
  CHECK(column(Ids{0, -100}).cast_column("label", {{"a", "b"}}).column<std::int64_t>("label").to_vector() ==
        Ids{0, -100});
  const Dataset encoded = column(Ids{7, -100, 3}).class_encode_column("label");
  CHECK(encoded.class_names("label") == Texts{"3", "7"});
  CHECK(encoded.column<std::int64_t>("label").to_vector() == Ids{1, -100, 0});
  TL_REQUIRE_ERROR(column(Texts{"a", ""}).class_encode_column("label"),
                   "class_encode_column 'label', row 1: expected a label, got an empty one");
  TL_REQUIRE_ERROR(column(std::vector<Texts>{{"a"}}).class_labels("label"),
                   "column 'label': expected int64, got list of string");
  TL_REQUIRE_ERROR(Dataset::from_columns({{"a", Texts{"x"}}}, {}, {"a"}), "column 'a': expected int64, got string");
  CHECK(boolean.map([](const Row&) -> Example {
                 return {{"label", 1}};
               })
            .class_encode_column("label")
            .class_names("label") == Texts{"1"});
}

TEST_CASE("class labels: the same classes from every format") {
  const test::TemporaryFolder folder;
  const auto load = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder / name) << text;
    return name.ends_with("jsonl") ? load_jsonl(folder / name, {.text_columns = {"label"}})
                                   : load_csv(folder / name, {.text_columns = {"label"}});
  };
  struct Case {
    Texts csv, json;
  };
  const std::vector<Case> cases = {
      {{"0", "11", "2"}, {"0", "11", "2"}},   {{"0", "11", "2"}, {"\"0\"", "\"11\"", "\"2\""}},
      {{"0.0", "1.0"}, {"0.0", "1.0"}},       {{"0", "1"}, {"0.0", "1.0"}},
      {{"False", "True"}, {"false", "true"}}, {{"-1", "1"}, {"-1", "1"}},
      {{"TRUE", "FALSE"}, {"true", "false"}}};
  for (const auto& [csv, json] : cases) {
    std::string table = "text,label\n", tabs = "text\tlabel\n", lines;
    for (std::size_t i = 0; i < csv.size(); ++i) {
      table += "x," + csv[i] + "\n";
      tabs += "x\t" + csv[i] + "\n";
      lines += "{\"text\": \"x\", \"label\": " + json[i] + "}\n";
    }
    INFO(table << lines);
    const auto expected = load("a.csv", table).class_labels("label");
    for (const Dataset& other :
         {load("a.tsv", tabs), load("a.jsonl", lines), load_csv(folder / "a.csv"), load_jsonl(folder / "a.jsonl")}) {
      CHECK(other.class_labels("label").names == expected.names);
      CHECK(other.class_labels("label").ids == expected.ids);
      CHECK(other.class_labels("label", {expected.names}).ids == expected.ids);
    }
  }
  TL_REQUIRE_ERROR(load("b.csv", "text,label\nx,a\ny,b\nz,\n").class_labels("label"),
                   "b.csv, line 4: expected a label in column label, got an empty one");
}
