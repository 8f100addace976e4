// Cells that hold no value, Python's None: what keeps them, what prints them, and the sentence of whatever needs one.
#include <sstream>
#include <string>
#include <vector>

#include <tl/data/concatenate.hpp>
#include <tl/data/dataset.hpp>
#include <tl/data/dataset_dict.hpp>
#include <tl/data/stream/stream_types.hpp>

#include "support/catch.hpp"

using namespace tl;

namespace {

Dataset nulls_rows() {
  return Dataset::from_columns({{"text", std::vector<std::string>{"a", "", "c"}},
                                {"label", std::vector<std::int64_t>{1, 0, 1}},
                                {"n", std::vector<double>{1, 2, 3}}})
      .with_nulls("text", {false, true, false})
      .with_nulls("label", {false, false, true});
}

}  // namespace

TEST_CASE("null cells: access needs values") {
  const Dataset rows = nulls_rows();
  TL_REQUIRE_ERROR(rows.column<std::string>("text"),
                   "row 1, column 'text': expected a value, got null; fill it where the data come from, or drop such "
                   "rows with filter and is_null");
  TL_REQUIRE_ERROR(rows[1].at("text"), "row 1, column 'text': expected a value, got null");
  TL_REQUIRE_ERROR(rows[2].get<std::int64_t>("label"), "row 2, column 'label': expected a value, got null");
  TL_REQUIRE_ERROR(rows.class_labels("label"), "row 2, column 'label': expected a value, got null");
  CHECK(rows[0].get<std::string>("text") == "a");
  CHECK(rows.column<double>("n").size() == 3);
  CHECK(rows.column_with_nulls<std::string>("text").to_vector() == std::vector<std::string>{"a", "", "c"});
  CHECK(rows.nulls("text") == std::vector<bool>{false, true, false});
  CHECK(rows.nulls("n").empty());
  CHECK(rows[1].is_null("text"));
  CHECK_FALSE(rows[0].is_null("text"));
  std::ostringstream printed;
  printed << rows[1];
  CHECK(printed.str() == "{'text': None, 'label': 0, 'n': 2.0}");
  TL_REQUIRE_ERROR(rows.with_nulls("text", {true}), "with_nulls: expected a flag for 3 rows, got 1");
}

TEST_CASE("null cells: selections keep them, and may leave them out") {
  const Dataset rows = nulls_rows();
  const auto full = [](const Row& row) { return !row.is_null("text") && !row.is_null("label"); };
  CHECK(rows.filter(full).column<std::string>("text").to_vector() == std::vector<std::string>{"a"});
  CHECK(rows.select({1, 1, 0}).nulls("text") == std::vector<bool>{true, true, false});
  CHECK(rows.take(1).nulls("text").empty());
  const Dataset twice = rows.select({0, 0, 2}).with_nulls("text", {false, true, false});
  CHECK(twice.nulls("text") == std::vector<bool>{false, true, false});
  CHECK(twice[2].get<std::string>("text") == "c");
  CHECK(rows.take(1).column<std::string>("text").size() == 1);
  const Dataset named = rows.with_class_names("label", {"neg", "pos"}).rename_column("label", "y");
  CHECK(named.nulls("y") == std::vector<bool>{false, false, true});
  CHECK(named.class_names("y").size() == 2);
  const Dataset mapped = rows.map([](const Row& row) { return Example{{"m", row.get<double>("n")}}; });
  CHECK(mapped.nulls("text") == rows.nulls("text"));
  const Dataset filled = rows.map([](const Row& row) {
    return Example{{"text", row.is_null("text") ? std::string("none") : row.get<std::string>("text")}};
  });
  CHECK(filled.column<std::string>("text").to_vector() == std::vector<std::string>{"a", "none", "c"});
}

TEST_CASE("null cells: data sets one after the other") {
  const Dataset rows = nulls_rows().select_columns({"label"});
  const Dataset both = concatenate_datasets({rows.take(2), rows});
  CHECK(both.nulls("label") == std::vector<bool>{false, false, false, false, true});
  // a column without a value has no type of its own
  const Dataset none =
      Dataset::from_columns({{"label", std::vector<std::string>(2)}}).with_nulls("label", {true, true});
  const Dataset joined = concatenate_datasets({none, rows});
  CHECK(joined.column_type("label") == ColumnType::int64);
  CHECK(joined.nulls("label") == std::vector<bool>{true, true, false, false, true});
  const Dataset yes = Dataset::from_columns({{"label", std::vector<std::int64_t>{1}}}, {}, {"label"});
  CHECK(concatenate_datasets({none, yes, none}).is_boolean("label"));
  const Dataset named = rows.with_class_names("label", {"neg", "pos"});
  CHECK(concatenate_datasets({none, named, none}).class_names("label") == std::vector<std::string>{"neg", "pos"});
  CHECK(concatenate_datasets({rows.take(2), rows.take(1)}).nulls("label").empty());
  CHECK(concatenate_datasets({none, none}).nulls("label") == std::vector<bool>(4, true));
}

TEST_CASE("null cells: a piece of a stream that is given the types of the others keeps them") {
  const detail::StreamTypes types{{"label", ColumnType::float64, false}, {"text", ColumnType::int64, false}};
  const Dataset piece = nulls_rows().select_columns({"text", "label"}).with_nulls("text", {true, true, true});
  const Dataset rows = detail::conform(piece, types, "first.parquet");
  CHECK(rows.column_with_nulls<double>("label").to_vector() == std::vector<double>{1, 0, 1});
  CHECK(rows.nulls("label") == std::vector<bool>{false, false, true});
  CHECK(rows.nulls("text") == std::vector<bool>{true, true, true});
}
