// Parquet files: those that Python's pyarrow writes, where it is at hand, with every type and codec; files of our own
// read again by both; and the sentences for what cannot be read.
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <tl/data/load_dataset.hpp>
#include <tl/data/save_dataset.hpp>
#include <tl/data/stream_dataset.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"

using namespace tl;
using namespace tl::test;

namespace {

using Texts = std::vector<std::string>;

/// Runs tests/parquet/make_parquet.py; false if there is no Python with pyarrow.
bool python(const std::string& what, const std::filesystem::path& folder) {
  const char* const named = std::getenv("TL_REFERENCE_PYTHON");
  const std::string program = named != nullptr ? named : std::string("PYTHONPATH='") + TL_PYTHONPATH + "' python3";
  if (std::system((program + " -c 'import pyarrow.parquet' > /dev/null 2>&1").c_str()) != 0) return false;
  const std::string command = program + " " + TL_TESTS_DIR + "/parquet/make_parquet.py " + what + " " + folder.string();
  REQUIRE(std::system(command.c_str()) == 0);
  return true;
}

Dataset read(const std::filesystem::path& file, const Texts& columns = {}) {
  return load_dataset("parquet", {{"train", file}}, {.columns = columns})["train"];
}

Dataset sample() {
  return Dataset::from_columns({{"text", Texts{"é", "", "two\nlines"}},
                                {"label", std::vector<std::int64_t>{1, 0, 1}},
                                {"score", std::vector<double>{0.1, -1e300, 3}},
                                {"ids", std::vector<std::vector<std::int32_t>>{{1, -2}, {}, {2147483647}}},
                                {"weights", std::vector<std::vector<float>>{{0.5F}, {}, {1.0F, 2.0F}}},
                                {"words", std::vector<Texts>{{"a", ""}, {}, {"b"}}}})
      .with_class_names("label", {"neg", "pos"});
}

void check_equal(const Dataset& got, const Dataset& expected) {
  CHECK(got.column_names() == expected.column_names());
  REQUIRE(got.num_rows() == expected.num_rows());
  CHECK(got.column<std::string>("text").to_vector() == expected.column<std::string>("text").to_vector());
  CHECK(got.column<std::int64_t>("label").to_vector() == expected.column<std::int64_t>("label").to_vector());
  CHECK(got.class_names("label") == expected.class_names("label"));
  CHECK(got.column<double>("score").to_vector() == expected.column<double>("score").to_vector());
  CHECK(got.column<std::vector<std::int32_t>>("ids").to_vector() ==
        expected.column<std::vector<std::int32_t>>("ids").to_vector());
  CHECK(got.column<std::vector<float>>("weights").to_vector() ==
        expected.column<std::vector<float>>("weights").to_vector());
  CHECK(got.column<Texts>("words").to_vector() == expected.column<Texts>("words").to_vector());
}

void write(const Dataset& rows, const std::filesystem::path& file) { table_format_of(file)->write(rows, file); }

}  // namespace

TEST_CASE("parquet: what is written is read again, with classes and places") {
  const TemporaryFolder folder;
  write(sample(), folder / "a.parquet");
  const Dataset rows = read(folder / "a.parquet");
  check_equal(rows, sample());
  CHECK(rows.place(1) == (folder / "a.parquet").string() + ", row 2");
  CHECK(read(folder / "a.parquet", {"words", "text"}).column_names() == Texts{"words", "text"});
  CHECK(load_dataset((folder / "a.parquet").string(), Split("train[:1]")).num_rows() == 1);
  to_parquet(sample().select({2, 0}), folder / "b.parquet");
  check_equal(read(folder / "b.parquet"), sample().select({2, 0}));
  write(sample().take(0), folder / "empty.parquet");
  CHECK(read(folder / "empty.parquet").num_rows() == 0);
}

TEST_CASE("parquet: files of pyarrow have pyarrow's values") {
  const TemporaryFolder folder;
  if (!python("types", folder.path())) TL_SKIP("there is no Python with pyarrow");
  for (const char* const codec : {"none", "snappy", "gzip", "brotli", "lz4", "zstd"}) {
    INFO(codec);
    check_equal(read(folder / (std::string(codec) + ".parquet"), {"text", "label", "score", "ids", "weights", "words"}),
                sample());
  }
  const Dataset rows = read(folder / "types.parquet");
  for (const char* const name : {"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"})
    CHECK(rows.column<std::int64_t>(name).to_vector() == std::vector<std::int64_t>{0, 7, 100});
  for (const char* const name : {"float16", "float32", "float64"})
    CHECK(rows.column<double>(name).to_vector() == std::vector<double>{0.5, -2, 1024});
  CHECK(rows.column<std::int64_t>("bool").to_vector() == std::vector<std::int64_t>{1, 0, 1});
  CHECK(rows.is_boolean("bool"));
  for (const char* const name : {"string", "large_string", "string_view", "dictionary"})
    CHECK(rows.column<std::string>(name).to_vector() == Texts{"a", "b", "a"});
  for (const char* const name : {"list_int", "large_list", "fixed_list"})
    CHECK(rows.column<std::vector<std::int32_t>>(name).to_vector() ==
          std::vector<std::vector<std::int32_t>>{{1, 2}, {3, 4}, {5, 6}});
  CHECK(rows.column<std::vector<float>>("list_float")[0] == std::vector<float>{0.5F});
  CHECK(rows.column<Texts>("list_string")[2] == Texts{"x", "y"});
  CHECK(read(folder / "tags.parquet").class_names("tags") == Texts{"O", "B"});
  const Dataset many = read(folder / "groups.parquet");
  REQUIRE(many.num_rows() == 2500);
  CHECK(many.column<std::int64_t>("n")[2499] == 2499);
  CHECK(many.place(2499).ends_with("groups.parquet, row 2500"));
  const IterableDataset stream =
      stream_dataset("parquet", DataFiles{{"train", folder / "groups.parquet"}}, tl::Split("train"));
  std::vector<std::int64_t> streamed, sizes;
  for (const Row row : stream) streamed.push_back(row.get<std::int64_t>("n"));
  CHECK(streamed == many.column<std::int64_t>("n").to_vector());
  CHECK(stream.skip(2400).to_dataset().place(99).ends_with("groups.parquet, row 2500"));
  const auto groups =
      table_format_of("x.parquet")->stream(folder / "groups.parquet", {});  // a group at a time is in memory
  while (const std::optional<Dataset> rows_of_group = groups->next()) sizes.push_back(rows_of_group->num_rows());
  CHECK(sizes == std::vector<std::int64_t>{1000, 1000, 500});
  if (decompressor("gzip") == nullptr) TL_REQUIRE_ERROR(read(folder / "groups.parquet.gz"), "link tl::compression");
  else CHECK(read(folder / "groups.parquet.gz").column<std::int64_t>("n")[2499] == 2499);
}

TEST_CASE("parquet: groups of rows are written one after the other") {
  const TemporaryFolder folder;
  Texts texts;
  for (int i = 0; i < 250'000; ++i) texts.push_back(std::to_string(i));
  const Dataset rows = Dataset::from_columns({{"t", texts}});
  write(rows, folder / "a.parquet");
  CHECK(read(folder / "a.parquet").column<std::string>("t").to_vector() == texts);
  texts[200'007] = "\xff";
  TL_REQUIRE_ERROR(write(Dataset::from_columns({{"t", texts}}), folder / "a.parquet"),
                   "a.parquet, row 200007, column 't': expected UTF-8, got \\xff");
  CHECK(read(folder / "a.parquet").num_rows() == 250'000);  // what was there stays
}

TEST_CASE("parquet: nulls are cells without a value") {
  const TemporaryFolder folder;
  if (!python("nulls", folder.path())) TL_SKIP("there is no Python with pyarrow");
  const Dataset rows = read(folder / "nulls.parquet");
  const std::vector<bool> second = {false, true, false, false, true};
  for (const char* const name : {"text", "large_text", "dictionary", "label", "score", "bool", "ids", "words"}) {
    INFO(name);
    CHECK(rows.nulls(name) == second);
    CHECK(rows[1].is_null(name));
  }
  CHECK(rows.nulls("none") == std::vector<bool>(5, true));
  CHECK(rows.nulls("n").empty());
  CHECK(rows.class_names("label") == Texts{"neg", "pos"});
  const Dataset kept = rows.filter([](const Row& row) { return !row.is_null("text"); });
  for (const char* const name : {"text", "large_text", "dictionary"})
    CHECK(kept.column<std::string>(name).to_vector() == Texts{"a", "c\u00e9", ""});
  CHECK(kept.column<std::int64_t>("label").to_vector() == std::vector<std::int64_t>{1, 0, 1});
  CHECK(kept.column<double>("score").to_vector() == std::vector<double>{1, 3, 4});
  CHECK(kept.column<std::vector<std::int32_t>>("ids").to_vector() ==
        std::vector<std::vector<std::int32_t>>{{1, 2}, {}, {3}});
  write(rows, folder / "again.parquet");
  if (!python("same", folder.path())) FAIL("pyarrow went away");
  const Dataset again = read(folder / "again.parquet");
  CHECK(again.nulls("words") == second);
  CHECK(again.nulls("none") == std::vector<bool>(5, true));
}

TEST_CASE("parquet: the shared data set has the values of its JSON form") {
  const auto parquet = shared_file("data/emotion/validation.parquet");
  const auto json = shared_file("data/emotion/validation.jsonl");
  if (!parquet || !json) TL_SKIP("the shared reference collection is not at hand");
  const Dataset rows = read(*parquet), expected = load_jsonl(*json);
  CHECK(rows.column<std::string>("text").to_vector() == expected.column<std::string>("text").to_vector());
  CHECK(rows.column<std::int64_t>("label").to_vector() == expected.column<std::int64_t>("label").to_vector());
  CHECK(rows.num_rows() == 2000);
}

TEST_CASE("parquet: pyarrow reads what is written here") {
  const TemporaryFolder folder;
  write(sample(), folder / "ours.parquet");
  write(Dataset::from_columns(
            {{"b", std::vector<std::int64_t>{1, 0}}, {"tags", std::vector<std::vector<std::int32_t>>{{1}, {}}}}, {},
            {"b"})
            .with_class_names("tags", {"O", "B"}),
        folder / "classes.parquet");
  if (!python("check", folder.path())) TL_SKIP("there is no Python with pyarrow");
}

TEST_CASE("parquet: a byte that is damaged is found, or changes no value") {
  const TemporaryFolder folder;
  write(sample(), folder / "a.parquet");
  const std::string whole = read_text(folder / "a.parquet");
  int found = 0, by_checksum = 0;
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    const auto file = folder / (std::to_string(at) + ".parquet");  // a new one: to write another again takes long
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
    write_text(file, damaged);
    try {
      const Dataset rows = read(file);
      REQUIRE(rows.num_rows() == 3);  // names of columns and classes have no checksum
      for (std::size_t column = 0; column < 6; ++column)
        for (std::int64_t row = 0; row < 3; ++row)
          REQUIRE(rows[row].at(rows.column_names()[column]) == sample()[row].at(sample().column_names()[column]));
    } catch (const Error& error) {
      ++found;
      by_checksum += std::string(error.what()).find("CRC") != std::string::npos ? 1 : 0;
    }
    std::filesystem::remove(file);
  }
  CHECK(found > 400);
  CHECK(by_checksum > 50);
}

TEST_CASE("parquet: the sentences for what cannot be read") {
  const TemporaryFolder folder;
  write(sample(), folder / "a.parquet");
  const std::string whole = read_text(folder / "a.parquet");
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{3}, std::size_t{12}, whole.size() / 2, whole.size() - 1}) {
    INFO(length);
    write_text(folder / "cut.parquet", whole.substr(0, length));
    TL_REQUIRE_ERROR(read(folder / "cut.parquet"),
                     "cut.parquet: expected a parquet file that can be read, Arrow says: ");
  }
  std::string damaged = whole;
  for (std::size_t i = 4; i < 60; ++i) damaged[i] = '\x55';
  write_text(folder / "damaged.parquet", damaged);
  TL_REQUIRE_ERROR(read(folder / "damaged.parquet"), "damaged.parquet: expected a parquet file that can be read");
  write_text(folder / "text.parquet", "text,label\na,1\n");
  TL_REQUIRE_ERROR(read(folder / "text.parquet"), "text.parquet: expected a parquet file that can be read");
  TL_REQUIRE_ERROR(read(folder / "none.parquet"), "none.parquet");
  TL_REQUIRE_ERROR(read(folder / "a.parquet", {"txt"}), "expected a column 'txt', the columns are ['text', 'label'");
  TL_REQUIRE_ERROR(write(sample(), folder / "no/folder.parquet"), "folder.parquet");
  TL_REQUIRE_ERROR(write(Dataset::from_columns({{"t", Texts{"a", "\xff"}}}), folder / "b.parquet"),
                   "b.parquet, row 1, column 't': expected UTF-8, got \\xff");
  CHECK_FALSE(std::filesystem::exists(folder / "b.parquet"));
  std::filesystem::rename(folder / "a.parquet", folder / "a.csv");
  TL_REQUIRE_ERROR(load_dataset("csv", {{"train", folder / "a.csv"}}),
                   "got a parquet file; its name must end with .parquet");
  if (!python("bad", folder.path())) TL_SKIP("there is no Python with pyarrow");
  TL_REQUIRE_ERROR(read(folder / "null.parquet").column<std::string>("text"),
                   "null.parquet, row 1502, column 'text': expected a value, got null; fill it");
  TL_REQUIRE_ERROR(read(folder / "binary.parquet"),
                   "binary.parquet, column 'b': expected texts, numbers, booleans or lists of texts or numbers, got "
                   "binary; cast it to a type of texts if the bytes are UTF-8, or choose other columns with the option "
                   "columns");
  TL_REQUIRE_ERROR(read(folder / "lists.parquet"),
                   "column 'l': expected texts, numbers, booleans or lists of texts or "
                   "numbers, got lists or dictionaries of lists; choose other columns");
  TL_REQUIRE_ERROR(read(folder / "latin.parquet"), "row 2, column 't': expected UTF-8, got caf\\xe9");
  TL_REQUIRE_ERROR(read(folder / "struct.parquet"),
                   "struct.parquet, column 's': expected texts, numbers, booleans or lists");
  TL_REQUIRE_ERROR(read(folder / "time.parquet"), "got timestamp");
  TL_REQUIRE_ERROR(read(folder / "large.parquet"),
                   "row 2, column 'u': expected a number of 64 bits, got 18446744073709551615");
  TL_REQUIRE_ERROR(read(folder / "long_list.parquet"),
                   "row 1, column 'l': expected a number of 32 bits, got 4294967296");
  TL_REQUIRE_ERROR(read(folder / "wide_list.parquet"), "row 2, column 'l': expected a number of 32 bits, got 1e+300");
  TL_REQUIRE_ERROR(read(folder / "null_in_list.parquet"), "row 2, column 'l': expected values in the list, got null");
}
