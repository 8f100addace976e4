// Loading: the same texts through the Python stack's loaders, the sentence of every error with its line, and files that
// were damaged at random.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <tl/core/mt19937.hpp>
#include <tl/data/load_dataset.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"

using namespace tl;
using nlohmann::json;
using Ids = std::vector<std::int64_t>;
using Texts = std::vector<std::string>;

namespace {

/// A cell as the reference wrote it: booleans as numbers, a missing text as an empty one.
void check_cell(const Value& value, const json& expected) {
  if (expected.is_null()) CHECK(value == Value(""));
  else if (expected.is_string()) CHECK(value == Value(expected.get<std::string>()));
  else if (expected.is_boolean()) CHECK(value == Value(expected.get<bool>() ? 1 : 0));
  else if (expected.is_number_integer()) CHECK(value == Value(expected.get<std::int64_t>()));
  else if (expected.is_number()) CHECK(value == Value(expected.get<double>()));
  else if (value.type() == ColumnType::list_int32) CHECK(value == Value(expected.get<std::vector<std::int32_t>>()));
  else if (value.type() == ColumnType::list_float32) CHECK(value == Value(expected.get<std::vector<float>>()));
  else CHECK(value == Value(expected.get<Texts>()));
}

Dataset load(const std::string& kind, const std::filesystem::path& path) {
  return load_dataset(kind, {{"train", path}})["train"];
}

}  // namespace

TEST_CASE("load_dataset: csv, json and text as the Python stack loads them") {
  const test::TemporaryFolder folder;
  const json stored = json::parse(test::read_text(test::reference_file("dataset.json")));
  for (const std::string kind : {"csv", "json", "text"}) {
    for (const auto& entry : stored.at(kind)) {
      INFO(kind << ": " << entry.at("text"));
      test::write_text(folder / "file", entry.at("text").get<std::string>());
      const Dataset data = load(kind, folder / "file");
      CHECK(data.column_names() == entry.at("columns").get<Texts>());
      REQUIRE(data.num_rows() == static_cast<std::int64_t>(entry.at("rows").size()));
      for (const Row row : data)
        for (const auto& [name, expected] : entry.at("rows").at(static_cast<std::size_t>(row.index())).items())
          check_cell(row.at(name), expected);
    }
  }
}

TEST_CASE("load_dataset: several files make several splits") {
  const test::TemporaryFolder folder;
  test::write_text(folder / "a", "text\nx\ny\n");
  test::write_text(folder / "b", "text\nz\n");
  const auto splits = load_dataset("csv", {{"train", folder / "a"}, {"test", folder / "b"}});
  CHECK(splits.names() == Texts{"train", "test"});
  CHECK(splits["train"].num_rows() == 2);
  std::string texts;
  for (const Row row : load_dataset("csv", {{"train", folder / "a"}})["train"]) texts += row.get<std::string>("text");
  CHECK(texts == "xy");
  TL_REQUIRE_ERROR(load_dataset("parquets", {{"train", folder / "a"}}, {.hub = {.cache_dir = folder.path()}}),
                   "expected a folder or the name of a dataset on a hub, got \"parquets\"");
  TL_REQUIRE_ERROR(load_dataset("csv", {{"train", folder / "none"}}), "cannot open " + (folder / "none").string());
}

TEST_CASE("csv: options and files without rows") {
  const test::TemporaryFolder folder;
  test::write_text(folder / "x", "1\ta,b\n2\t\"c\td\"\n");
  const auto tabs = load_csv(folder / "x", {.delimiter = '\t', .has_header = false, .column_names = {"label", "text"}});
  CHECK(tabs.column<std::int64_t>("label").to_vector() == Ids{1, 2});
  CHECK(tabs.column<std::string>("text").to_vector() == Texts{"a,b", "c\td"});
  CHECK(load_csv(folder / "x", {.delimiter = '\t', .has_header = false}).column_names() == Texts{"0", "1"});
  CHECK(load_csv(folder / "x", {.delimiter = '\t', .column_names = {"n", "t"}}).column<std::int64_t>("n").to_vector() ==
        Ids{2});
  test::write_text(folder / "x", "");
  CHECK(load_csv(folder / "x").num_rows() == 0);
  CHECK(load_csv(folder / "x").column_names().empty());
  test::write_text(folder / "x", "text,label\n\n");
  CHECK(load_csv(folder / "x").num_rows() == 0);
  CHECK(load_csv(folder / "x").column_names() == Texts{"text", "label"});
  test::write_text(folder / "x", "a\rb\rc");
  CHECK(load_csv(folder / "x").column<std::string>("a").to_vector() == Texts{"b", "c"});
}

TEST_CASE("csv: chosen columns, whatever the others are") {
  const test::TemporaryFolder folder;
  test::write_text(folder / "x", "a,b,a,c\n1,x,2,0.5\n3,,4,1\n");
  const auto data = load_csv(folder / "x", {.columns = {"c", "b"}});
  CHECK(data.column_names() == Texts{"c", "b"});
  CHECK(data.column<double>("c").to_vector() == std::vector<double>{0.5, 1.0});
  CHECK(data.column<std::string>("b").to_vector() == Texts{"x", ""});
  TL_REQUIRE_ERROR(load_csv(folder / "x", {.columns = {"b", "d"}}),
                   (folder / "x").string() + ": expected a column 'd', the columns are ['a', 'b', 'a', 'c']");
  TL_REQUIRE_ERROR(load_csv(folder / "x", {.columns = {"a"}}), "expected every column name once, got 'a' twice");
  test::write_text(folder / "x", "");
  CHECK(load_csv(folder / "x", {.columns = {"b"}}).column<std::string>("b").size() == 0);
}

TEST_CASE("load_dataset: a row knows its line through selections and maps") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "x").string();
  test::write_text(path, "n,text\n0,\"two\nlines\"\n\n1,b\n2,c\n");
  const Dataset csv = load_csv(path);
  CHECK(csv.place(0) == path + ", line 2");
  CHECK(csv.place(1) == path + ", line 5");
  const Dataset turned = csv.select({2, 0, 1}).select_columns({"n"}).select({2, 1, 1});
  CHECK(turned.place(0) == path + ", line 5");
  CHECK(turned.place(std::vector<std::int64_t>{0, 1, 2}) == path + ", lines 5, 2, 2");
  const Dataset mapped = csv.shuffle(3).map(
      [](const Row& row) {
        return Example{{"m", row.get<std::int64_t>("n")}};
      },
      {.remove_columns = {"n", "text"}});
  for (const Row row : mapped) CHECK(mapped.place(row.index()) == csv.place(row.get<std::int64_t>("m")));
  const auto doubled = [](const Dataset&) { return Columns{{"n", std::vector<std::int64_t>{1, 2, 3, 4}}}; };
  CHECK(csv.map_batched(doubled, {.remove_columns = {"text"}}).place(0).empty());  // other rows than those of the file
  CHECK(Dataset::from_columns({{"n", std::vector<std::int64_t>{1}}}).place(0).empty());
  TL_REQUIRE_ERROR(csv.place(3), "row 3 of a data set with 3 rows");
  TL_REQUIRE_ERROR(Dataset::from_columns({{"n", std::vector<std::int64_t>{1}}}, {.file = "x", .numbers = {1, 2}}),
                   "Dataset: expected the places of 1 rows, got 2");

  test::write_text(path, "{\"a\": 1}\n\n{\"a\": 2}\n");
  CHECK(load_jsonl(path).place(1) == path + ", line 3");
  test::write_text(path, "[{\"a\": 1},\n\n{\"a\": 2}]");
  CHECK(load_jsonl(path).place(1) == path + ", object 2");
  test::write_text(path, "a\n\nb\n");
  CHECK(load_text(path).skip(2).place(0) == path + ", line 3");
}

TEST_CASE("csv: which texts are numbers") {
  const test::TemporaryFolder folder;
  const auto type = [&](const std::string& first, const std::string& second) {
    test::write_text(folder / "x", "a,b\n" + first + ",x\n" + second + ",x\n");
    return load_csv(folder / "x").column_type("a");
  };
  CHECK(type("1", "-2") == ColumnType::int64);
  CHECK(type("9223372036854775807", "0") == ColumnType::int64);
  CHECK(type("9223372036854775808", "0") == ColumnType::string);
  CHECK(type("1", "2.5e-3") == ColumnType::float64);
  CHECK(type("1e999", "1") == ColumnType::string);
  CHECK(type("nan", "inf") == ColumnType::string);
  CHECK(type("0x10", "1") == ColumnType::string);
  CHECK(type("+-1", "1") == ColumnType::string);
  CHECK(type("+", "1") == ColumnType::string);
  CHECK(type("1", "") == ColumnType::string);
  CHECK(type("  ", "1") == ColumnType::string);
  CHECK(type("true", "1") == ColumnType::string);
  CHECK(type("NA", "null") == ColumnType::string);
}

TEST_CASE("csv: errors say the line") {
  const test::TemporaryFolder folder;
  const auto path = folder / "x.csv";
  const auto refused = [&](const std::string& text, const std::string& part) {
    test::write_text(path, text);
    TL_REQUIRE_ERROR(load_csv(path), path.string() + part);
  };
  refused("a,b\n1,2\n3\n", ", line 3: expected 2 fields for the columns ['a', 'b'], got 1");
  refused("a,b\n\"x\ny\",2\n\n1,2,3\n", ", line 5: expected 2 fields for the columns ['a', 'b'], got 3");
  refused("a,b\n\"x\"y,2\n", ", line 2: expected ',' or the end of the line after a closing quote, got 'y'");
  refused("a,b\n1,\"x\r\ny\" ,2\n", ", line 3: expected ',' or the end of the line after a closing quote, got ' '");
  refused("a,b\n1,2\n3,\"x\ny\n",
          ", line 3: expected a closing quote for the field that starts here, got the end of the file");
  refused("a,b\n1,\"", ", line 2: expected a closing quote");
  refused("a\nx\n\xe9t\xe9\n", ", line 3, byte 4: expected UTF-8, got byte 233");
  TL_REQUIRE_ERROR(load_csv(path, {.delimiter = '"'}),
                   "CsvOptions::delimiter: expected a printable ASCII character or a tab, got byte 34");
  TL_REQUIRE_ERROR(load_csv(path, {.delimiter = '\n'}), "got byte 10");
}

TEST_CASE("json lines: kinds of values, chosen keys, files without rows") {
  const test::TemporaryFolder folder;
  const auto path = folder / "x.jsonl";
  test::write_text(path,
                   "{\"a\": [], \"b\": 1, \"c\": [1], \"d\": true}\n{\"a\": [], \"b\": 2, \"c\": [0.5], \"d\": 0}\n");
  auto data = load_jsonl(path);
  CHECK(data.column_type("a") == ColumnType::list_int32);
  CHECK(data.column_type("c") == ColumnType::list_float32);
  CHECK(data.column<std::int64_t>("d").to_vector() == Ids{1, 0});
  test::write_text(path, "{\"a\": [], \"n\": 18446744073709551615}\n{\"a\": [\"x\"], \"n\": 1}\n");
  data = load_jsonl(path);
  CHECK(data.column<Texts>("a").to_vector() == std::vector<Texts>{{}, {"x"}});
  CHECK(data.column<double>("n")[0] == 0x1p64);
  test::write_text(path, "{\"text\": \"a\", \"extra\": {\"deep\": null}}\n{\"text\": \"b\"}\n");
  CHECK(load_jsonl(path, {.columns = {"text"}}).column<std::string>("text").to_vector() == Texts{"a", "b"});
  test::write_text(path, "{\"loss\": NaN}\n");
  CHECK(std::isnan(load_jsonl(path).column<double>("loss")[0]));
  for (const char* empty : {"", "\n \r\n", "[]"}) {
    test::write_text(path, empty);
    CHECK(load_jsonl(path).num_rows() == 0);
  }
  CHECK(load_jsonl(path, {.columns = {"text"}}).column_names() == Texts{"text"});
  CHECK(load_jsonl(path, {.columns = {"text"}}).num_rows() == 0);
}

TEST_CASE("json lines: errors say the line and the key") {
  const test::TemporaryFolder folder;
  const auto path = folder / "x.jsonl";
  const auto refused = [&](const std::string& text, const std::string& part) {
    test::write_text(path, text);
    TL_REQUIRE_ERROR(load_jsonl(path), path.string() + part);
  };
  refused("{\"a\": true}\n{\"a\": 0.5}\n", ", line 2, key a: expected a boolean as in line 1, got a number");
  refused("{\"a\": 0.5}\n{\"a\": true}\n", ", line 2, key a: expected a number as in line 1, got a boolean");
  refused("{\"a\": 1}\n{\"a\": 0.5}\n{\"a\": \"x\"}\n{\"a\": }\n",
          ", line 3, key a: expected a number as in line 2, got a text");
  refused("{\"a\": 1}\n{\"a\": }\n", ", line 2, byte 6: expected '[', '{', or a literal, got '}'");
  refused("{\"a\": 1}\n\n{\"a\": \"\xff\"}\n", ", line 3, byte 17: expected UTF-8, got byte 255");
  refused("{\"a\": 1}\n3\n", ", line 2: expected an object, got number");
  refused("{\"a\": 1, \"b\": 2}\n{\"a\": 1}\n", ", line 2: expected the key b, it is missing; the keys are ['a']");
  refused("{\"a\": 1}\n{\"a\": 1, \"b\": 2}\n", ", line 2: expected only the keys of the first row, got b as well");
  refused("{\"a\": 1}\n\n{\"a\": \"x\"}\n", ", line 3, key a: expected a whole number as in line 1, got a text");
  refused("{\"a\": 1}\n{\"a\": 1.5}\n{\"a\": []}\n",
          ", line 3, key a: expected a number as in line 2, got an empty list");
  refused("{\"a\": []}\n{\"a\": [1]}\n{\"a\": [\"x\"]}\n",
          ", line 3, key a: expected a list of whole numbers as in line 2, got a list of texts");
  refused("{\"a\": [0.5]}\n{\"a\": \"x\"}\n", ", line 2, key a: expected a list of numbers as in line 1, got a text");
  refused("{\"a\": null}\n",
          ", line 1, key a: expected a text, number, boolean or list, got null; fill it, or "
          "choose other keys with the option columns");
  refused("{\"a\": [1, \"x\"]}\n", ", line 1, key a: expected a list of texts or a list of numbers, got [1, \"x\"]");
  refused("{\"a\": [1]}\n{\"a\": [2147483648]}\n",
          ", line 2, key a: expected list elements in the range of int32, got 2147483648");
  refused("{\"a\": [0.5]}\n{\"a\": [1e300, 1]}\n",
          ", line 2, key a: expected list elements in the range of float32, got 1e+300");
  refused("[{\"a\": 1}, {\"b\": 1}]", ", object 2: expected the key a, it is missing; the keys are ['b']");
  refused("[{\"a\": 1}, ]", ", byte 11: expected '[', '{', or a literal, got ']'");
}

TEST_CASE("text: lines that are not UTF-8") {
  const test::TemporaryFolder folder;
  test::write_text(folder / "x", "a\r\rb\xc3");
  TL_REQUIRE_ERROR(load_text(folder / "x"), (folder / "x").string() + ", line 1, byte 4: expected UTF-8, got byte 195");
  test::write_text(folder / "x", "a\r\rb");
  CHECK(load_text(folder / "x").column<std::string>("text").to_vector() == Texts{"a", "", "b"});
  test::write_text(folder / "x", "");
  CHECK(load_text(folder / "x").num_rows() == 0);
}

TEST_CASE("load_dataset: damaged and random files are read or refused, never worse") {
  const test::TemporaryFolder folder;
  const std::string csv = "text,label\n\"a \"\"b\"\", c\",1\r\n\"two\nlines é\",0\nplain,2.5\n";
  const std::string lines =
      "{\"text\": \"a\\u00e9\", \"ids\": [1, 2], \"n\": 1}\n{\"text\": \"中\", \"ids\": [], \"n\": 2.5}\n";
  Mt19937 random(17);
  int read = 0, refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = round % 2 == 0 ? csv : lines;
    if (round % 7 == 0) {
      text.resize(random.next_u32() % 64);
      for (char& c : text) c = static_cast<char>(random.next_u32());
    }
    for (std::uint32_t edits = random.next_u32() % 5; edits > 0 && !text.empty(); --edits) {
      const std::size_t at = random.next_u32() % text.size();
      if (random.next_u32() % 3 == 0) text.erase(at, 1 + random.next_u32() % 4);
      else text[at] = "\",\n\r\t{}[]:0e.\xff"[random.next_u32() % 15];
    }
    const auto path = folder / std::to_string(round);
    test::write_text(path, text);
    try {
      const Dataset data = load(round % 2 == 0 ? "csv" : "json", path);
      for (const Row row : data)
        for (const auto& name : data.column_names()) CHECK(row.at(name).type() == data.column_type(name));
      ++read;
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::format);
      ++refused;
    }
  }
  CHECK(read > 300);
  CHECK(refused > 300);
}

TEST_CASE("load_dataset: the shared corpora load whole") {
  const auto path = test::shared_file("data/rotten_tomatoes/train.csv");
  if (!path) TL_SKIP("the shared reference collection is not at hand");
  const Dataset csv = load_csv(*path);
  const Dataset lines = load_jsonl(path->parent_path() / "train.jsonl");
  REQUIRE(csv.num_rows() == 8530);
  REQUIRE(lines.num_rows() == 8530);
  CHECK(csv.column<std::string>("text").to_vector() == lines.column<std::string>("text").to_vector());
  CHECK(csv.column<std::int64_t>("label").to_vector() == lines.column<std::int64_t>("label").to_vector());
  if (const auto news = test::shared_file("data/ag_news/test.csv")) {
    const Dataset data = load_csv(*news, {.has_header = false, .column_names = {"label", "title", "description"}});
    CHECK(data.num_rows() == 7600);
    CHECK(data.column_type("label") == ColumnType::int64);
  }
  if (const auto names = test::shared_file("data/conll2003/test.jsonl"))
    CHECK(load_jsonl(*names).column_type("ner_tags") == ColumnType::list_string);
}

TEST_CASE("csv: TSV files, whose quotes are text, and quoting by option") {
  const test::TemporaryFolder folder;
  const std::string swallow =
      "sentence\tlabel\n\"we stay , they go .\t1\nthey go .\t0\nis this the end \"\t0\nfine\t1\n";
  test::write_text(folder / "x.tsv", swallow);
  const Texts sentences = {"\"we stay , they go .", "they go .", "is this the end \"", "fine"};
  CHECK(load_csv(folder / "x.tsv").column<std::string>("sentence").to_vector() == sentences);
  CHECK(load_csv(folder / "x.tsv").column<std::int64_t>("label").to_vector() == Ids{1, 0, 0, 1});
  CHECK(load_csv(folder / "x.tsv", {.quoting = Quoting::minimal}).num_rows() == 2);
  test::write_text(folder / "x.txt", swallow);
  const auto data = load_dataset("csv", {{"a", folder / "x.txt"}},
                                 {.delimiter = '\t', .encoding = "utf-8", .quoting = Quoting::none})["a"];
  CHECK(data.column<std::string>("sentence").to_vector() == sentences);
  test::write_text(
      folder / "mrpc.tsv",
      "\xef\xbb\xbfQuality\t#1 String\t#2 String\n1\tHe said \"yes\".\t\"Yes,\" he said.\n0\t\"We stay, they go.\tThe "
      "\"end.\n");
  CHECK(load_csv(folder / "mrpc.tsv").column<std::string>("#2 String").to_vector() ==
        Texts{"\"Yes,\" he said.", "The \"end."});
  test::write_text(folder / "y.tsv", "a\tb\n\"1\n2\"\t3\n");
  TL_REQUIRE_ERROR(load_csv(folder / "y.tsv"),
                   ", line 2: expected 2 fields for the columns ['a', 'b'], got 1; if a field is quoted, read the file "
                   "with quoting minimal");
  CHECK(load_csv(folder / "y.tsv", {.quoting = Quoting::minimal}).column<std::string>("a")[0] == "1\n2");
  test::write_text(folder / "x.csv", "a,b\n\"x\"y,1\n");
  TL_REQUIRE_ERROR(load_csv(folder / "x.csv"), "if quotes are text, read the file with quoting none");
  CHECK(load_csv(folder / "x.csv", {.quoting = Quoting::none}).column<std::string>("a")[0] == "\"x\"y");
  test::write_text(folder / "x.csv", "a;b\n1;2\n");
  CHECK(load_csv(folder / "x.csv", {.delimiter = ';'}).column<std::int64_t>("b")[0] == 2);
}

TEST_CASE("csv: columns without a name and repeated names, as pandas names them") {
  const test::TemporaryFolder folder;
  const auto names = [&](const std::string& header) {
    test::write_text(folder / "x", header + "\n");
    return load_csv(folder / "x").column_names();
  };
  CHECK(names("v1,v2,,,") == Texts{"v1", "v2", "Unnamed: 2", "Unnamed: 3", "Unnamed: 4"});
  CHECK(names(",a") == Texts{"Unnamed: 0", "a"});
  CHECK(names("a,a,a.1") == Texts{"a", "a.2", "a.1"});
  CHECK(names("note,b,note,note") == Texts{"note", "b", "note.1", "note.2"});
  test::write_text(folder / "x", "text,label,note,note\nx,0,a,b\n");
  CHECK(load_csv(folder / "x", {.columns = {"text", "note.1"}}).column<std::string>("note.1")[0] == "b");
  TL_REQUIRE_ERROR(load_csv(folder / "x", {.columns = {"note"}}), "expected every column name once, got 'note' twice");
}

TEST_CASE("csv: lines of blanks, and of delimiters at the end, are skipped") {
  const test::TemporaryFolder folder;
  const auto rows = [&](const std::string& text) {
    test::write_text(folder / "x", text);
    return load_csv(folder / "x").num_rows();
  };
  CHECK(rows("text,label\r\na fine day,1\r\na bad day,0\r\n,\r\n,\r\n") == 2);
  CHECK(rows("text,label\nx,1\n  \n \t\ny,0\n   ") == 2);
  CHECK(rows("text,label\nx,1\n,\ny,0\n , \n\n,") == 3);  // one in the middle is a row
  CHECK(rows("text,label\nx,1\n,0\n") == 2);
  CHECK(rows("text,label\nx,1\n\"\",\n") == 2);
  test::write_text(folder / "x.tsv", "a\tb\n1\t2\n\t\n");
  CHECK(load_csv(folder / "x.tsv").num_rows() == 1);
}

TEST_CASE("load_dataset: numbers and booleans in a column of texts are texts") {
  const test::TemporaryFolder folder;
  test::write_text(folder / "x.csv", "text,label\n2020,0\n1.50,1\nTrue,1\n");
  CHECK(load_csv(folder / "x.csv", {.text_columns = {"text"}}).column<std::string>("text").to_vector() ==
        Texts{"2020", "1.50", "True"});
  test::write_text(folder / "x.csv", "text,label\n2020,0\n1984,1\n");
  const auto data = load_dataset("csv", {{"a", folder / "x.csv"}}, {.text_columns = {"text"}})["a"];
  CHECK(data.column<std::string>("text").to_vector() == Texts{"2020", "1984"});
  CHECK(data.column<std::int64_t>("label").to_vector() == Ids{0, 1});
  test::write_text(folder / "x.jsonl",
                   "{\"text\": 2020}\n{\"text\": 1.50}\n{\"text\": true}\n{\"text\": 18446744073709551615}\n{\"text\": "
                   "\"x\"}\n{\"text\": -3}\n");
  CHECK(load_jsonl(folder / "x.jsonl", {.text_columns = {"text"}}).column<std::string>("text").to_vector() ==
        Texts{"2020", "1.5", "True", "18446744073709551615", "x", "-3"});
  test::write_text(folder / "x.jsonl", "{\"text\": 1}\n{\"text\": null}\n");
  TL_REQUIRE_ERROR(load_jsonl(folder / "x.jsonl", {.text_columns = {"text"}}),
                   "line 2, key text: expected a text, number or boolean, got null");
}

TEST_CASE("json: the shapes that Python reads") {
  const test::TemporaryFolder folder;
  const auto path = folder / "x.json";
  const auto texts = [&](const std::string& content, const JsonOptions& options = {}) {
    test::write_text(path, content);
    return load_jsonl(path, options).column<std::string>("text").to_vector();
  };
  const Texts both = {"a", "b"};
  const JsonOptions roles = {.columns = {"text", "label"}, .text_columns = {"text"}};
  CHECK(texts("{\n  \"text\": \"a\",\n  \"label\": 0\n}\n{\n  \"text\": \"b\",\n  \"label\": 1\n}\n") == both);
  CHECK(load_jsonl(path).place(1) == path.string() + ", line 5");
  CHECK(texts("{\"text\": \"a\"} {\"text\": \"b\"}") == both);
  CHECK(load_jsonl(path).place(1) == path.string() + ", object 2");
  CHECK(texts("{\"text\": \"a\", \"x\": {\"y\": [\"}\\\"\"]}}{\"text\": \"b\"}\n", {.columns = {"text"}}) == both);
  CHECK(texts("{\"version\": 1, \"data\": [{\"text\": \"a\"}, {\"text\": \"b\"}]}", {.field = "data"}) == both);
  CHECK(texts("{\"data\": {\"text\": [\"a\", \"b\"], \"label\": [0, 1]}}", {.field = "data"}) == both);
  CHECK(texts("[\"a\", \"b\"]") == both);
  CHECK(texts("{\"text\": \"x\", \"label\": 0, \"text\": \"a\"}\n{\"text\": \"b\", \"label\": 1}\n") ==
        both);  // the last of repeated keys counts
  CHECK(texts("{\"text\": [\"a\", \"b\"], \"label\": [0, 1]}", roles) == both);
  CHECK(load_jsonl(path, roles).column<std::int64_t>("label").to_vector() == Ids{0, 1});
  CHECK(load_jsonl(path, roles).place(1) == path.string() + ", row 2");
  CHECK(load_jsonl(path).column<Texts>("text")[0] == both);  // without roles one row, as Python's datasets
  CHECK(texts("{\"text\": {\"0\": \"a\", \"1\": \"b\"}, \"label\": {\"0\": 0, \"1\": 1}}", roles) == both);
  test::write_text(path, "{\"a\": 1, \"b\": 2}\n{\"b\": 3, \"a\": 4}\n");
  CHECK(load_jsonl(path).column<std::int64_t>("a").to_vector() == Ids{1, 4});

  const auto refused = [&](const std::string& content, const std::string& part, const JsonOptions& options = {}) {
    test::write_text(path, content);
    TL_REQUIRE_ERROR(load_jsonl(path, options), path.string() + part);
  };
  refused("{\"version\": 1, \"data\": [{\"text\": \"a\"}]}",
          ", line 1: expected the key text, it is missing; the keys are ['version', 'data']; if the rows are under the "
          "key data, name it as the field",
          {.columns = {"text"}});
  refused("{\"rows\": 3}", ": expected the field data, it is missing; the keys are ['rows']", {.field = "data"});
  refused("{\"data\": 3}", ", field data: expected a list of objects or an object of columns, got number",
          {.field = "data"});
  refused("[1]", ": expected an object with the field data, got array", {.field = "data"});
  refused("{\"text\": [\"a\", \"b\"], \"label\": [0]}", ", key label: expected 2 values as for the key text, got 1",
          roles);
  refused("{\"text\": [\"a\", \"b\"], \"label\": 0}", ", key label: expected a list with a value per row, got number",
          roles);
  refused("{\"text\": [\"a\"]}", ": expected the key label, it is missing", roles);
  refused("{\"a\": 1}\n{\"a\": 2},\n", ", line 2, byte 8: expected '[', '{', or a literal, got ','");
  refused("{\"a\": 1}\n{\"a\": \n{\"a\": 3}\n", ", line 2, byte 6");
  refused("{\"a\": 1}\n{\n \"a\": x\n}\n", ", the object that begins in line 2, byte 8");
  refused("{\"a\": 1}\n{\"a\": \"x\n{\"a\": 3}\n", ", line 2, byte ");
  refused("[[1]]", ", object 1: expected an object, got array");
}

TEST_CASE("load_dataset: options that a format does not have") {
  TL_REQUIRE_ERROR(load_dataset("json", {}, {.delimiter = ';'}),
                   "load_dataset: expected no delimiter for the format json");
  TL_REQUIRE_ERROR(load_dataset("json", {}, {.has_header = false}), "expected no has_header for the format json");
  TL_REQUIRE_ERROR(load_dataset("text", {}, {.column_names = {"a"}}), "expected no column_names for the format text");
  TL_REQUIRE_ERROR(load_dataset("json", {}, {.quoting = Quoting::none}), "expected no quoting for the format json");
  TL_REQUIRE_ERROR(load_dataset("csv", {}, {.field = "data"}), "expected no field for the format csv");
  TL_REQUIRE_ERROR(load_dataset("text", {}, {.columns = {"a"}}), "expected no columns for the format text");
  TL_REQUIRE_ERROR(load_dataset("text", {}, {.text_columns = {"a"}}), "expected no text_columns for the format text");
}
