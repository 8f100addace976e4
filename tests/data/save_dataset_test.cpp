// Data sets that are written as CSV and as JSON lines: the bytes, which are Python's where the head of save_text.hpp
// names no difference, the same values read again, and the sentences for what a format cannot hold.
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <tl/data/load_dataset.hpp>
#include <tl/data/save_dataset.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"

using namespace tl;
using Texts = std::vector<std::string>;

namespace {

constexpr double save_nan = std::numeric_limits<double>::quiet_NaN();
constexpr double save_infinity = std::numeric_limits<double>::infinity();

/// Texts that formats must protect, and the extremes of numbers.
Columns save_columns() {
  return {{"text", Texts{"é 😀", "", "two\nlines\n\n", "q\"x", "a,b", "cr\rx", " lead", "a\\b\x7f\x01\u2028", "\""}},
          {"a \"name\", twice", Texts{"", "", " ", "\t", "NA", "\r\n", "\ufeffx", "'", "null"}},
          {"label", std::vector<std::int64_t>{1, -100, 0, 1, INT64_MAX, INT64_MIN, 4, 5, 6}},
          {"score", std::vector<double>{0.1, -1e300, 3, 0.30000000000000004, 5e-324, 1.7976931348623157e308, -0.0, 1e16,
                                        123456789012345680}}};
}

template <class T> void save_check_column(const Dataset& got, const Dataset& expected, const std::string& name) {
  INFO(name);
  CHECK(got.column<T>(name).to_vector() == expected.column<T>(name).to_vector());
}

void save_check_equal(const Dataset& got, const Dataset& expected) {
  CHECK(got.column_names() == expected.column_names());
  REQUIRE(got.num_rows() == expected.num_rows());
  for (const auto& [name, type, classes] : expected.features()) {
    REQUIRE(got.column_type(name) == type);
    if (type == ColumnType::string) save_check_column<std::string>(got, expected, name);
    if (type == ColumnType::int64) save_check_column<std::int64_t>(got, expected, name);
    if (type == ColumnType::float64) save_check_column<double>(got, expected, name);
    if (type == ColumnType::list_int32) save_check_column<std::vector<std::int32_t>>(got, expected, name);
    if (type == ColumnType::list_float32) save_check_column<std::vector<float>>(got, expected, name);
    if (type == ColumnType::list_string) save_check_column<Texts>(got, expected, name);
    CHECK(got.is_boolean(name) == expected.is_boolean(name));
  }
}

Dataset save_booleans() {
  return Dataset::from_columns({{"b", std::vector<std::int64_t>{1, 0}}, {"n", std::vector<std::int64_t>{1, 0}}}, {},
                               {"b"});
}

}  // namespace

TEST_CASE("save dataset: CSV is Python's") {
  const test::TemporaryFolder folder;
  const auto path = folder / "a.csv";
  to_csv(Dataset::from_columns({{"text", Texts{"é", "", "two\nlines", "q\"x", "a,b", " lead"}},
                                {"l", std::vector<std::int64_t>{1, -5, 0, 1, 2, 3}},
                                {"s", std::vector<double>{1e-5, -1e300, 3, save_nan, save_infinity, -save_infinity}}})
             .with_class_names("l", {"a", "b", "c", "d"}),
         path);
  CHECK(test::read_text(path) ==
        "text,l,s\né,1,1e-05\n,-5,-1e+300\n\"two\nlines\",0,3.0\n\"q\"\"x\",1,\n\"a,b\",2,inf\n lead,3,-inf\n");
  CHECK(load_csv(path).column_type("s") == ColumnType::string);  // an empty field is a text
  to_csv(save_booleans(), path);
  CHECK(test::read_text(path) == "b,n\nTrue,1\nFalse,0\n");
  save_check_equal(load_csv(path), save_booleans());
  to_csv(Dataset::from_columns({{"x", Texts{"", "a", ""}}}), path);
  CHECK(test::read_text(path) == "x\n\"\"\na\n\"\"\n");
  to_csv(Dataset::from_columns({{"x", Texts{}}}), path);
  CHECK(test::read_text(path) == "x\n");
  CHECK(load_csv(path).num_rows() == 0);
}

TEST_CASE("save dataset: CSV is read again with equal columns") {
  const test::TemporaryFolder folder;
  const auto path = folder / "a.csv";
  const Dataset rows = Dataset::from_columns(save_columns());
  to_csv(rows, path);
  save_check_equal(load_csv(path), rows);
  save_check_equal(detail::load_csv_whole(path, {}), rows);
  for (const auto& order : std::vector<std::vector<std::int64_t>>{{8, 0, 3}, {5, 5}, {2}, {0, 1, 2, 3, 4}}) {
    to_csv(rows.select(order), path);
    save_check_equal(load_csv(path), rows.select(order));
  }
  // rows of blanks, also at the end
  const Dataset blank = Dataset::from_columns({{"a", Texts{"", "x", " ", ""}}, {"b", Texts{"\t", "", "", ""}}});
  to_csv(blank, path);
  CHECK(test::read_text(path) == "a,b\n\"\",\t\nx,\n\" \",\n\"\",\n");
  save_check_equal(load_csv(path), blank);
  // a name that begins as a byte order mark does
  const Dataset marked = Dataset::from_columns({{"\ufeffx", Texts{"a"}}, {"y", Texts{"b"}}});
  to_csv(marked, path);
  save_check_equal(load_csv(path), marked);
}

TEST_CASE("save dataset: JSON lines") {
  const test::TemporaryFolder folder;
  const auto path = folder / "a.jsonl";
  to_json(Dataset::from_columns({{"té", Texts{"é 😀", "two\nlines", "q\"x"}},
                                 {"l", std::vector<std::int64_t>{1, -5, 0}},
                                 {"s", std::vector<double>{0.1, save_nan, 3}},
                                 {"w", std::vector<std::vector<float>>{{0.1F, 2}, {}, {NAN}}}})
              .with_class_names("l", {"a", "b"}),
          path);
  CHECK(test::read_text(path) ==
        "{\"t\\u00e9\":\"\\u00e9 \\ud83d\\ude00\",\"l\":1,\"s\":0.1,\"w\":[0.10000000149011612,2.0]}\n"
        "{\"t\\u00e9\":\"two\\nlines\",\"l\":-5,\"s\":null,\"w\":[]}\n"
        "{\"t\\u00e9\":\"q\\\"x\",\"l\":0,\"s\":3.0,\"w\":[null]}\n");
  TL_REQUIRE_ERROR(load_jsonl(path), "line 2, key s: expected a text, number, boolean or list, got null");
  to_json(save_booleans(), path);
  CHECK(test::read_text(path) == "{\"b\":true,\"n\":1}\n{\"b\":false,\"n\":0}\n");
  save_check_equal(load_jsonl(path), save_booleans());
  Columns columns = save_columns();
  columns.push_back({"ids", std::vector<std::vector<std::int32_t>>{{1, -2}, {}, {INT32_MAX}, {}, {}, {}, {}, {}, {}}});
  columns.push_back({"weights", std::vector<std::vector<float>>{{}, {0.1F}, {1, 2}, {1e-45F}, {}, {}, {}, {}, {}}});
  columns.push_back({"words", std::vector<Texts>{{"é\"", ""}, {}, {"\n"}, {}, {}, {}, {}, {}, {}}});
  const Dataset rows = Dataset::from_columns(std::move(columns));
  to_json(rows, path);
  save_check_equal(load_jsonl(path), rows);
  save_check_equal(detail::load_jsonl_whole(path, {}), rows);
  to_json(rows.select({2, 1, 2}), path);
  save_check_equal(load_jsonl(path), rows.select({2, 1, 2}));
  to_json(rows.take(0), path);
  CHECK(test::read_text(path).empty());
}

TEST_CASE("save dataset: large files go to the disk in pieces") {
  const test::TemporaryFolder folder;
  Texts texts;
  for (int i = 0; i < 30'000; ++i) texts.push_back(std::to_string(i) + ", a text of some length\n");
  const Dataset rows = Dataset::from_columns({{"text", texts}});
  to_csv(rows, folder / "a.csv");
  save_check_equal(load_csv(folder / "a.csv"), rows);
  to_json(rows, folder / "a.json");
  save_check_equal(load_jsonl(folder / "a.json"), rows);
}

TEST_CASE("save dataset: cells that hold no value are empty fields and null") {
  const test::TemporaryFolder folder;
  const Dataset rows = Dataset::from_columns({{"t", Texts{"a", "b"}}, {"n", std::vector<std::int64_t>{1, 2}}})
                           .with_nulls("t", {false, true})
                           .with_nulls("n", {true, false});
  to_csv(rows, folder / "a.csv");
  CHECK(test::read_text(folder / "a.csv") == "t,n\na,\n,2\n");
  to_json(rows.select({1, 0}), folder / "a.json");
  CHECK(test::read_text(folder / "a.json") == "{\"t\":null,\"n\":2}\n{\"t\":\"a\",\"n\":null}\n");
}

TEST_CASE("save dataset: .tsv has tabs and no quotes") {
  const test::TemporaryFolder folder;
  const auto path = folder / "a.tsv";
  const Dataset rows =
      Dataset::from_columns({{"a", Texts{"\"x\"", "a,b", ""}}, {"n", std::vector<std::int64_t>{1, 2, 3}}});
  to_csv(rows, path);
  CHECK(test::read_text(path) == "a\tn\n\"x\"\t1\na,b\t2\n\t3\n");
  save_check_equal(load_csv(path), rows);
  TL_REQUIRE_ERROR(to_csv(Dataset::from_columns({{"a", Texts{"x", "a\tb"}}}), path),
                   "a.tsv, row 1, column 'a': expected a text without tabs and line breaks, because a .tsv file has no "
                   "quotes; give the file a name with .csv");
  TL_REQUIRE_ERROR(to_csv(Dataset::from_columns({{"a\n", Texts{}}}), path),
                   "a.tsv: expected names of columns without tabs and line breaks, got 'a\\n'");
  TL_REQUIRE_ERROR(to_csv(Dataset::from_columns({{"a", Texts{"x", " "}}}), path),
                   "a.tsv, row 1: expected a value in a row of a .tsv file, got only blanks; give the file a name");
  TL_REQUIRE_ERROR(to_csv(Dataset::from_columns({{"\ufeffx", Texts{}}}), path), "a byte order mark");
  save_check_equal(load_csv(path), rows);  // what was there stays
}

TEST_CASE("save dataset: the sentences for what a file cannot hold") {
  const test::TemporaryFolder folder;
  const Dataset lists = Dataset::from_columns({{"ids", std::vector<std::vector<std::int32_t>>{{1}}}});
  TL_REQUIRE_ERROR(
      to_csv(lists, folder / "a.csv"),
      "a.csv: expected texts or numbers in column 'ids' because CSV has no lists, got list of int32; write "
      "JSON with to_json, or remove the column");
  const Dataset infinite = Dataset::from_columns({{"s", std::vector<double>{1, -save_infinity}}});
  TL_REQUIRE_ERROR(
      to_json(infinite, folder / "a.json"),
      "a.json, row 1, column 's': expected a finite number, because JSON has no other, got -inf; write CSV");
  const Dataset broken = Dataset::from_columns({{"t", Texts{"x", "\xff"}}});
  TL_REQUIRE_ERROR(to_csv(broken, folder / "a.csv"), "a.csv, row 1, column 't': expected UTF-8");
  TL_REQUIRE_ERROR(to_json(broken, folder / "a.json"), "a.json, row 1, column 't': expected UTF-8");
  for (const auto& write : {to_csv, +[](const Dataset&r, const std::filesystem::path&p) { to_json(r, p); }})
    TL_REQUIRE_ERROR(write(broken.rename_column("t", "\xff"), folder / "a.json"),
                     "a.json: expected names of columns in UTF-8, got ");
  TL_REQUIRE_ERROR(to_csv(broken.take(1), folder / "a.csv.gz"),
                   "a.csv.gz: expected a name without the extension of a compression");
  TL_REQUIRE_ERROR(to_json(broken.remove_columns({"t"}), folder / "a.json"),
                   "a.json: expected a data set with columns, got 2 rows without any");
  TL_REQUIRE_ERROR(to_csv(broken.take(1), folder / "no/a.csv"), "cannot create ");
  TL_REQUIRE_ERROR(
      to_parquet(broken.take(1), folder / "a.parquet"),
      "a.parquet: expected a program that writes parquet, this one is not linked with tl::parquet; link it, "
      "or write JSON with to_json");
  CHECK(std::filesystem::is_empty(folder.path()));
}
