// Data sets: what datasets.Dataset prints, maps, selects, shuffles, splits and encodes, and the sentence of every
// error.
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <tl/data/dataset.hpp>
#include <tl/data/dataset_dict.hpp>

#include "support/catch.hpp"
#include "support/random_reference.hpp"
#include "support/reference.hpp"

using namespace tl;
using nlohmann::json;
using Ids = std::vector<std::int64_t>;
using Texts = std::vector<std::string>;
using Tokens = std::vector<std::vector<std::int32_t>>;

namespace {

json reference() { return json::parse(test::read_text(test::reference_file("dataset.json"))); }

Dataset example() {
  return Dataset::from_columns(
             {{"text", Texts{"it's", "a \"b\"", "both ' and \"", "tab\t\\ é 中 \x7f\n"}},
              {"label", Ids{0, 1, 1, 0}},
              {"score", std::vector<double>{1.0, 1e-5, std::numeric_limits<double>::quiet_NaN(), 0.25}},
              {"ids", Tokens{{1, 2}, {}, {3}, {4}}}})
      .cast_column("label", {{"neg", "pos"}});
}

Dataset numbered(std::int64_t n) {
  Ids ids(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) ids[static_cast<std::size_t>(i)] = i;
  return Dataset::from_columns({{"i", ids}});
}

template <class T> std::string printed(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

}  // namespace

TEST_CASE("dataset: prints as Python does") {
  const json expected = reference().at("printed");
  const Dataset data = example();
  CHECK(printed(data) == expected.at("dataset"));
  for (const Row row : data) CHECK(printed(row) == expected.at("rows").at(static_cast<std::size_t>(row.index())));
  CHECK(printed(DatasetDict{{"train", data}, {"test", data.select({1})}}) == expected.at("dict"));
  CHECK(printed(Dataset()) == expected.at("empty"));
  std::string features;
  for (const Feature& feature : data.features()) features += printed(feature) + ";";
  CHECK(features == "Value('string');ClassLabel(names=['neg', 'pos']);Value('float64');List(Value('int32'));");
  CHECK(printed(Value(std::vector<float>{0.5f, -1.0f})) == "[0.5, -1.0]");
  CHECK(printed(Value(Texts{"a", "it's"})) == "['a', \"it's\"]");
  CHECK(printed(Value(-std::numeric_limits<double>::infinity())) == "-inf");
}

TEST_CASE("dataset: rows and columns") {
  const Dataset data = example();
  CHECK(data.num_rows() == 4);
  CHECK(data.column_names() == Texts{"text", "label", "score", "ids"});
  CHECK(data[1].get<std::string>("text") == "a \"b\"");
  CHECK(data[-1].get<std::int64_t>("label") == 0);
  CHECK(data[0].get<std::vector<std::int32_t>>("ids") == std::vector<std::int32_t>{1, 2});
  CHECK(data[0].at("score") == Value(1.0));
  CHECK(data[2].at("label").type() == ColumnType::int64);
  const auto texts = data.column<std::string>("text");
  CHECK(texts.size() == 4);
  CHECK(texts[0] == "it's");
  CHECK(data.column<std::int64_t>("label").to_vector() == Ids{0, 1, 1, 0});
  CHECK(data.class_names("label") == Texts{"neg", "pos"});
  CHECK(data.class_names("text").empty());
  CHECK(data.has_column("ids"));
  CHECK_FALSE(data.has_column("id"));
  const auto kept = Dataset(data).select({1}).column<std::string>("text");  // outlives its Dataset
  CHECK(kept.to_vector() == Texts{"a \"b\""});
  for (const std::string& text : Dataset(data).column<std::string>("text")) CHECK_FALSE(text.empty());
  TL_REQUIRE_ERROR(data[4], "row 4 of a data set with 4 rows");
  TL_REQUIRE_ERROR(data[-5], "row -5 of a data set with 4 rows");
  TL_REQUIRE_ERROR(texts[4], "row 4 of a column with 4 rows");
  TL_REQUIRE_ERROR(data[0].get<std::string>("txt"),
                   "expected a column 'txt', the columns are ['text', 'label', 'score', 'ids']");
  TL_REQUIRE_ERROR(data[0].get<std::string>("label"), "column 'label': expected string, got int64");
  TL_REQUIRE_ERROR(data.column<double>("ids"), "column 'ids': expected float64, got list of int32");
  TL_REQUIRE_ERROR(data[0].at("x"), "expected a column 'x'");
}

TEST_CASE("dataset: every column type has its name in errors") {
  const Dataset data = Dataset::from_columns(
      {{"n", std::vector<double>{1}}, {"f", std::vector<std::vector<float>>{{1}}}, {"t", std::vector<Texts>{{"x"}}}});
  TL_REQUIRE_ERROR(data.column<std::string>("n"), "got float64");
  TL_REQUIRE_ERROR(data.column<std::string>("f"), "got list of float32");
  TL_REQUIRE_ERROR(data.column<std::string>("t"), "got list of string");
  CHECK(data.column<Texts>("t")[0] == Texts{"x"});
}

TEST_CASE("dataset: columns must fit together") {
  TL_REQUIRE_ERROR(Dataset::from_columns({{"a", Ids{1}}, {"a", Ids{2}}}),
                   "Dataset: expected every column once, got 'a' twice");
  TL_REQUIRE_ERROR(Dataset::from_columns({{"a", Ids{1}}, {"b", Ids{}}}),
                   "Dataset: expected 1 rows in column 'b' as in 'a', got 0");
}

TEST_CASE("dataset: selections compose and share the texts") {
  const Dataset data = example();
  const Dataset some = data.select({3, 1, 1});
  CHECK(some.column<std::int64_t>("label").to_vector() == Ids{0, 1, 1});
  const Dataset again = some.select({2, 0});
  CHECK(again.column<std::int64_t>("label").to_vector() == Ids{1, 0});
  CHECK(&again[1].get<std::string>("text") == &data[3].get<std::string>("text"));
  CHECK(data.take(2).num_rows() == 2);
  CHECK(data.skip(3)[0].get<std::int64_t>("label") == 0);
  CHECK(data.slice(1, 1).num_rows() == 0);
  CHECK(
      data.filter([](const Row& row) { return row.get<std::int64_t>("label") == 1; }).column<std::string>("text")[1] ==
      "both ' and \"");
  TL_REQUIRE_ERROR(data.select({0, 4}), "select: expected row numbers in [0, 4), got 4");
  TL_REQUIRE_ERROR(data.select({-1}), "select: expected row numbers in [0, 4), got -1");
  CHECK(data.take(5).num_rows() == 4);  // as Python's take; select(range(5)) throws there, too
  CHECK(data.take(0).num_rows() == 0);
  TL_REQUIRE_ERROR(data.take(-1), "take: expected at least 0 rows, got -1");
  TL_REQUIRE_ERROR(data.skip(5), "got begin 5 and end 4");
  TL_REQUIRE_ERROR(data.skip(-1), "got begin -1 and end 4");
}

TEST_CASE("dataset: ranges of rows, as Python's range() gives them") {
  CHECK(tl::range(3) == Ids{0, 1, 2});
  CHECK(tl::range(2, 5) == Ids{2, 3, 4});
  CHECK(tl::range(-1, 1) == Ids{-1, 0});
  CHECK(tl::range(0).empty());
  CHECK(tl::range(5, 3).empty());
  const Dataset shuffled = numbered(10).shuffle(42);
  CHECK(shuffled.select(tl::range(4)).column<std::int64_t>("i").to_vector() ==
        shuffled.take(4).column<std::int64_t>("i").to_vector());
  CHECK(numbered(10).select(tl::range(7, 9)).column<std::int64_t>("i").to_vector() == Ids{7, 8});
  TL_REQUIRE_ERROR(numbered(10).select(tl::range(11)), "select: expected row numbers in [0, 10), got 10");
}

TEST_CASE("dataset: a selection of columns with different histories stays aligned") {
  const Dataset selected = numbered(6).select({5, 3, 1});
  const Dataset mapped = selected.map([](const Row& row) -> Example {
    return {{"twice", 2 * row.get<std::int64_t>("i")}};
  });
  const Dataset again = mapped.select({2, 0});
  CHECK(again.column<std::int64_t>("i").to_vector() == Ids{1, 5});
  CHECK(again.column<std::int64_t>("twice").to_vector() == Ids{2, 10});
}

TEST_CASE("dataset: shuffle and split give the rows of the Python stack") {
  const json stored = json::parse(test::read_text(test::reference_file("random.json")));
  for (const auto& entry : stored.at("datasets_shuffle"))
    test::check_order(
        numbered(entry.at("n")).shuffle(entry.at("seed").get<std::uint64_t>()).column<std::int64_t>("i").to_vector(),
        entry.at("order"));
  std::vector<json> cases = stored.at("train_test_split");
  if (const auto path = test::shared_file("reference/verified/permutations.json")) {
    const json shared = json::parse(test::read_text(*path));
    for (const auto& entry : shared.at("train_test_split")) cases.push_back(entry);
  }
  for (const auto& entry : cases) {
    INFO(entry.at("args"));
    TrainTestSplitOptions options;
    const auto size = [](const json& value) {
      return value.is_number_integer() ? SplitSize(value.get<int>()) : SplitSize(value.get<double>());
    };
    if (entry.at("args").contains("test_size")) options.test_size = size(entry.at("args").at("test_size"));
    if (entry.at("args").contains("train_size")) options.train_size = size(entry.at("args").at("train_size"));
    options.shuffle = entry.at("args").value("shuffle", true);
    const DatasetDict parts = numbered(entry.at("n")).train_test_split(options);
    test::check_order(parts["train"].column<std::int64_t>("i").to_vector(), entry.at("train"));
    test::check_order(parts["test"].column<std::int64_t>("i").to_vector(), entry.at("test"));
  }
  CHECK(numbered(0).train_test_split()["test"].num_rows() == 0);
}

TEST_CASE("dataset: split sizes that cannot be") {
  const Dataset data = numbered(10);
  TL_REQUIRE_ERROR(data.train_test_split({.test_size = 1.0}),
                   "test_size: expected a fraction in (0, 1) or a number of rows in (0, 10), got 1");
  TL_REQUIRE_ERROR(data.train_test_split({.train_size = 10}),
                   "train_size: expected a number of rows in (0, 10) or a fraction in (0, 1), got 10");
  TL_REQUIRE_ERROR(data.train_test_split({.test_size = 0.5, .train_size = 6}),
                   "train_test_split: expected at most 10 rows in both parts, got train 6 and test 5");
  TL_REQUIRE_ERROR(numbered(1).train_test_split(),
                   "expected at least one row for training, got none of 1 with 1 for testing");
}

TEST_CASE("dataset: map adds, replaces and removes columns in the order of the Python stack") {
  const json expected = reference().at("mapped");
  const Dataset data = example();
  const auto added = data.map([](const Row& row) -> Example {
    return {{"length", row.get<std::string>("text").size()}, {"label", 1 - row.get<std::int64_t>("label")}};
  });
  CHECK(added.column_names() == expected.at("added").get<Texts>());
  CHECK(printed(added.features()[1]) == expected.at("label"));
  CHECK(added.column<std::int64_t>("label").to_vector() == Ids{1, 0, 0, 1});
  CHECK(added.column<std::int64_t>("length")[0] == 4);
  const auto replaced = data.map([](const Row& row) -> Example {
    return {{"new", 1.5f}, {"text", row.get<std::string>("text") + "!"}};
  });
  CHECK(replaced.column_names() == expected.at("replaced").get<Texts>());
  CHECK(replaced[0].get<std::string>("text") == "it's!");
  const auto removed = data.map(
      [](const Row&) -> Example {
        return {{"z", true}, {"text", "x"}};
      },
      {.remove_columns = {"text", "ids"}});
  CHECK(removed.column_names() == expected.at("removed").get<Texts>());
  const auto lengthened = data.map_batched(
      [](const Dataset&) {
        return Columns{{"n", Ids(7, 1)}};
      },
      {.remove_columns = data.column_names()});
  CHECK(lengthened.num_rows() == expected.at("lengthened"));
  CHECK(data.map([](const Row&) -> Example { return {{"label", "text now"}}; }).class_names("label").empty());
  CHECK(numbered(0).map([](const Row&) -> Example { return {{"b", 1}}; }).column_names() == Texts{"i"});
  CHECK(numbered(3).map([](const Row&) -> Example { return {}; }).num_rows() == 3);
}

TEST_CASE("dataset: map_batched sees consecutive pieces, the last one short") {
  Ids sizes;
  const Dataset data = numbered(25).shuffle(1);
  const Dataset mapped = data.map_batched(
      [&](const Dataset& batch) {
        sizes.push_back(batch.num_rows());
        Tokens ids;
        for (const std::int64_t i : batch.column<std::int64_t>("i")) ids.push_back({static_cast<std::int32_t>(i), 0});
        return Columns{{"input_ids", ids}};
      },
      {.batch_size = 10});
  CHECK(sizes == Ids{10, 10, 5});
  for (const Row row : mapped) CHECK(row.get<std::vector<std::int32_t>>("input_ids")[0] == row.get<std::int64_t>("i"));
}

TEST_CASE("dataset: what map functions may not return") {
  const Dataset data = numbered(4);
  const auto at_row_2 = [](Example usual, Example odd) {
    return [=](const Row& row) { return row.index() == 2 ? odd : usual; };
  };
  TL_REQUIRE_ERROR(data.map(at_row_2({{"a", 1}}, {{"b", 1}})),
                   "map, row 2: expected the columns ['a'] as in row 0, got ['b']");
  TL_REQUIRE_ERROR(data.map(at_row_2({{"a", 1}}, {{"a", "x"}})),
                   "map, row 2, column 'a': expected int64 as in row 0, got string");
  TL_REQUIRE_ERROR(data.map(at_row_2({{"a", 1}}, {{"a", 1}}), {.remove_columns = {"j"}}),
                   "expected a column 'j', the columns are ['i']");
  const auto batches = [&](Columns first, Columns second) {
    return data.map_batched([&](const Dataset& batch) { return batch[0].get<std::int64_t>("i") == 0 ? first : second; },
                            {.batch_size = 2});
  };
  TL_REQUIRE_ERROR(batches({{"a", Ids{1}}}, {{"a", Ids{1}}}),
                   "map: expected 4 rows in column 'a', got 2; name the other columns in remove_columns");
  TL_REQUIRE_ERROR(batches({{"a", Ids{1, 2}}, {"b", Ids{1}}}, {}),
                   "map_batched, rows 0 to 2: expected 2 rows in column 'b' as in 'a', got 1");
  TL_REQUIRE_ERROR(batches({{"a", Ids{1, 2}}}, {{"b", Ids{1, 2}}}),
                   "map_batched, rows 2 to 4: expected the columns ['a'] as in the first batch, got ['b']");
  TL_REQUIRE_ERROR(batches({{"a", Ids{1, 2}}}, {{"a", Texts{"x", "y"}}}),
                   "map_batched, rows 2 to 4, column 'a': expected int64 as in the first batch, got string");
  TL_REQUIRE_ERROR(batches({{"a", Ids{1, 2}}, {"b", Ids{1, 2}}}, {{"a", Ids{1, 2}}, {"b", Ids{1}}}),
                   "map_batched, rows 2 to 4: expected 2 rows in column 'b' as in 'a', got 1");
  TL_REQUIRE_ERROR(data.map_batched([](const Dataset&) { return Columns{}; }, {.batch_size = 0}),
                   "map_batched: expected batch_size >= 1, got 0");
}

TEST_CASE("dataset: renaming, removing and choosing columns") {
  const Dataset data = example();
  CHECK(data.rename_column("label", "labels").column_names() == Texts{"text", "labels", "score", "ids"});
  CHECK(data.rename_column("label", "labels").class_names("labels") == Texts{"neg", "pos"});
  CHECK(data.rename_column("label", "label").column_names() == data.column_names());
  CHECK(data.remove_columns({"text", "score"}).column_names() == Texts{"label", "ids"});
  CHECK(data.select_columns({"ids", "text"}).column_names() == Texts{"ids", "text"});
  TL_REQUIRE_ERROR(data.rename_column("x", "y"), "expected a column 'x'");
  TL_REQUIRE_ERROR(data.rename_column("ids", "text"),
                   "rename_column: expected a new name, got 'text' which is a column already");
  TL_REQUIRE_ERROR(data.remove_columns({"text", "text"}),
                   "expected a column 'text', the columns are ['label', 'score', 'ids']");
  TL_REQUIRE_ERROR(data.select_columns({"text", "text"}),
                   "select_columns: expected every column once, got 'text' twice");
}

TEST_CASE("dataset: class ids from names and from the data") {
  const Dataset data =
      Dataset::from_columns({{"label", Texts{"pos", "neg", "Neutral", "neg"}}, {"stars", Ids{10, 9, 2, 9}}});
  const json stored = reference();
  for (const auto& entry : stored.at("encoded")) {
    const auto name = entry.at("column").get<std::string>();
    const Dataset encoded = data.class_encode_column(name);
    CHECK(encoded.class_names(name) == entry.at("names").get<Texts>());
    CHECK(encoded.column<std::int64_t>(name).to_vector() == entry.at("ids").get<Ids>());
  }
  const Dataset cast = data.shuffle(3).cast_column("label", {{"neg", "pos", "Neutral"}});
  for (const Row row : cast)
    CHECK(row.get<std::int64_t>("label") == (row.get<std::int64_t>("stars") == 9    ? 0
                                             : row.get<std::int64_t>("stars") == 10 ? 1
                                                                                    : 2));
  CHECK(data.cast_column("stars", {Texts(11, "")}).class_names("stars").size() == 11);
  TL_REQUIRE_ERROR(data.cast_column("label", {{"neg", "pos"}}),
                   "cast_column 'label', row 2: expected label to be one of ['neg', 'pos'], got 'Neutral'");
  TL_REQUIRE_ERROR(data.cast_column("stars", {{"a", "b"}}),
                   "cast_column 'stars', row 0: expected stars in [0, 2), got 10; the classes are ['a', 'b']");
  TL_REQUIRE_ERROR(data.cast_column("label", {{"a", "a"}}), "label: expected every class name once, got ['a', 'a']");
}

TEST_CASE("dataset: class ids from floating-point numbers") {
  const Dataset data = Dataset::from_columns(
      {{"x", std::vector<double>{1, 0, 10, 1}}, {"y", std::vector<double>{0.5, 2, 1e-5, 2}}, {"list", Tokens(4)}});
  const Dataset cast = data.select({2, 0, 1}).cast_column("x", {Texts(11, "")});
  CHECK(cast.column<std::int64_t>("x").to_vector() == Ids{10, 1, 0});
  CHECK(cast.class_names("x").size() == 11);
  const Dataset encoded = data.class_encode_column("x").class_encode_column("y");  // as Python's datasets 5.2
  CHECK(encoded.class_names("x") == Texts{"0.0", "1.0", "10.0"});
  CHECK(encoded.column<std::int64_t>("x").to_vector() == Ids{1, 0, 2, 1});
  CHECK(encoded.class_names("y") == Texts{"0.5", "1e-05", "2.0"});
  CHECK(encoded.column<std::int64_t>("y").to_vector() == Ids{0, 2, 1, 2});
  TL_REQUIRE_ERROR(data.cast_column("y", {{"a", "b", "c"}}),
                   "cast_column 'y', row 0: expected class ids or names in column y, got float64 0.5");
  const auto refused = [](double value) {
    return Dataset::from_columns({{"x", std::vector<double>{0, value}}}).cast_column("x", {{"a"}});
  };
  TL_REQUIRE_ERROR(refused(std::numeric_limits<double>::quiet_NaN()),
                   "cast_column 'x', row 1: expected x to be one of ['a'], got 'nan'");
  TL_REQUIRE_ERROR(refused(std::numeric_limits<double>::infinity()), "got 'inf'");
  TL_REQUIRE_ERROR(refused(1e300), "got float64 1e+300");
  TL_REQUIRE_ERROR(refused(1), "cast_column 'x', row 1: expected x in [0, 1), got 1");
  TL_REQUIRE_ERROR(data.cast_column("list", {{"a"}}), "column 'list': expected int64, got list of int32");
  TL_REQUIRE_ERROR(data.class_encode_column("list"), "column 'list': expected int64, got list of int32");
}

TEST_CASE("dataset dict: named splits in order") {
  DatasetDict splits{{"train", numbered(5)}, {"test", numbered(3)}};
  CHECK(splits.names() == Texts{"train", "test"});
  CHECK(splits.size() == 2);
  CHECK(splits.contains("test"));
  CHECK_FALSE(splits.contains("validation"));
  TL_REQUIRE_ERROR(splits["validation"], "expected a split 'validation', the splits are ['train', 'test']");
  splits.insert("test", numbered(2));
  CHECK(splits["test"].num_rows() == 2);
  const auto mapped = splits.map([](const Row& row) -> Example {
                              return {{"j", row.index()}};
                            })
                          .filter([](const Row& row) { return row.get<std::int64_t>("j") > 0; })
                          .map_batched([](const Dataset& batch) {
                            return Columns{{"k", Ids(static_cast<std::size_t>(batch.num_rows()))}};
                          })
                          .rename_column("j", "label")
                          .remove_columns({"i"})
                          .cast_column("label", {{"0", "1", "2", "3", "4"}})
                          .shuffle(42);
  std::int64_t rows = 0;
  for (const auto& [name, dataset] : mapped) rows += dataset.num_rows();
  CHECK(rows == 5);
  CHECK(mapped["train"].column_names() == Texts{"label", "k"});
  CHECK(mapped["train"].class_names("label").size() == 5);
}

TEST_CASE("dataset dict: choosing columns, and class ids of every split by its own values") {
  const DatasetDict splits{{"train", Dataset::from_columns({{"text", Texts{"x", "y"}}, {"label", Texts{"b", "a"}}})},
                           {"test", Dataset::from_columns({{"text", Texts{"x", "y"}}, {"label", Texts{"c", "b"}}})}};
  const DatasetDict encoded = splits.select_columns({"label"}).class_encode_column("label");
  CHECK(encoded["test"].column_names() == Texts{"label"});
  CHECK(encoded["train"].class_names("label") == Texts{"a", "b"});
  CHECK(encoded["test"].class_names("label") == Texts{"b", "c"});  // as Python's datasets 5.2
  CHECK(encoded["train"].column<std::int64_t>("label").to_vector() == Ids{1, 0});
  CHECK(encoded["test"].column<std::int64_t>("label").to_vector() == Ids{1, 0});
}
