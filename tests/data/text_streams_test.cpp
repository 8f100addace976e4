// Streamed pieces against the readers of whole files: the same rows, types and places, or a sentence.
#include <tl/data/stream/text_streams.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/mt19937.hpp>
#include <tl/data/concatenate.hpp>
#include <tl/data/stream/csv_stream.hpp>
#include <tl/data/stream/json_stream.hpp>

#include "support/catch.hpp"
#include "support/table_text.hpp"
#include "support/temporary_folder.hpp"

using namespace tl;
using test::table_text;

namespace {

/// Windows of some bytes, as streams have them of some megabytes.
detail::BlockSizes stream_windows(std::size_t bytes) { return {.block = bytes, .blocks = 2, .smallest = bytes}; }

/// All pieces of a stream together; "" if it has no rows.
template <class Stream> std::string streamed(const detail::StreamedFile& file, std::size_t* pieces = nullptr) {
  std::vector<Dataset> parts;
  Stream stream(file);
  while (std::optional<Dataset> piece = stream.next()) {
    REQUIRE(piece->num_rows() > 0);
    parts.push_back(*std::move(piece));
  }
  if (pieces != nullptr) *pieces += parts.size();
  return parts.empty() ? "" : table_text(concatenate_datasets(std::move(parts)));
}

/// The rows of a file that was read as a whole, or its error; "" if there are none.
template <class Load> std::string stream_expected(const Load& load) {
  try {
    const Dataset rows = load();
    return rows.num_rows() == 0 ? "" : table_text(rows);
  } catch (const Error& error) {
    return error.what();
  }
}

std::string random_lines(Mt19937& random, std::string_view characters, std::size_t size) {
  std::string text;
  while (text.size() < size) text += characters[random.next_u32() % characters.size()];
  return text;
}

/// Rows of two cells, of which few are of another type than the first.
std::string random_table(Mt19937& random) {
  constexpr std::string_view cells[][4] = {
      {"1", "-2", "30", "1"}, {"0.5", "1", "2e3", "7"}, {"true", "False", "TRUE", "false"}, {"a", "\"b,\n\"", "1", ""}};
  const auto& one = cells[random.next_u32() % 4];
  const auto& other = cells[random.next_u32() % 4];
  std::string text = "x,y\n";
  for (std::uint32_t row = 1 + random.next_u32() % 12; row > 0; --row) {
    const bool odd = random.next_u32() % 16 == 0;
    text += str_cat((odd ? other : one)[random.next_u32() % 4], ",", other[random.next_u32() % 4], "\n");
    if (random.next_u32() % 7 == 0) text += " \n";
  }
  return text;
}

/// Whether a stream that gives other rows than the file as a whole says so.
bool is_about_types(std::string_view sentence) {
  return sentence.find("a stream takes the type") != std::string_view::npos;
}

}  // namespace

TEST_CASE("random CSV files: a stream has the rows of the file, or says what is wrong", "[text_streams]") {
  const test::TemporaryFolder folder;
  Mt19937 random(5);
  int equal = 0, types = 0, errors = 0;
  for (int i = 0; i < 700; ++i) {
    constexpr std::string_view alphabets[] = {"ab,\n",    "a\",\n",  "a,\n\r \t",   "1,\n",
                                              "12.,-e\n", "\"\n\r,", "\xc3\xa9,\n", "a\t\n\""};
    std::string text = i % 3 == 0 ? "x\n" : i % 3 == 1 ? "x,y\n" : "";
    if (i % 2 == 0)
      text += random_lines(random, alphabets[random.next_u32() % std::size(alphabets)], random.next_u32() % 90);
    else text = random_table(random);
    const auto path = folder.path() / "t.csv";
    test::write_text(path, text);
    LoadOptions options;
    options.has_header = i % 5 != 0;
    if (i % 13 == 0) options.text_columns = {"x"};
    const std::string whole = stream_expected(
        [&] { return load_csv(path, {.has_header = options.has_header, .text_columns = options.text_columns}); });
    for (const std::size_t bytes : {std::size_t{8}, std::size_t{20}, std::size_t{1000}}) {
      INFO(python_repr(text) << " in windows of " << 2 * bytes << ", as a whole " << whole);
      try {
        const std::string rows = streamed<detail::CsvStream>({path, options, {}, "", stream_windows(bytes)});
        REQUIRE(rows == whole);
        ++equal;
      } catch (const Error& error) {
        INFO(error.what());
        const bool same = std::string_view(error.what()) == whole;
        const bool about_types = is_about_types(error.what());
        // What is wrong in a later window is found later, and what one cannot stream is said.
        const bool both = whole.find("expected") != std::string::npos;
        const bool refuses = std::string_view(error.what()).find("as a stream") != std::string_view::npos;
        REQUIRE((same || about_types || both || refuses));
        ++(about_types ? types : errors);
      }
    }
  }
  CHECK(equal > 600);
  CHECK(types > 5);
  CHECK(errors > 50);
}

TEST_CASE("random JSON lines: a stream has the rows of the file, or says what is wrong", "[text_streams]") {
  const test::TemporaryFolder folder;
  Mt19937 random(6);
  int equal = 0, types = 0;
  std::size_t pieces = 0;
  constexpr std::string_view cells[][4] = {{"1", "2", "-30", "7"},
                                           {"1", "2.5", "3", "1e2"},
                                           {"\"a\"", "\"\\n\"", "\"\"", "\"long text\""},
                                           {"true", "false", "true", "false"},
                                           {"[1, 2]", "[3]", "[]", "[4, 5, 6]"},
                                           {"[0.5]", "[1]", "[2.25, 3]", "[]"},
                                           {"[\"a\"]", "[\"b\", \"c\"]", "[]", "[\"d\"]"},
                                           {"1", "\"a\"", "1", "1"}};
  for (int i = 0; i < 600; ++i) {
    const auto& one = cells[random.next_u32() % std::size(cells)];
    const auto& other = cells[random.next_u32() % (std::size(cells) - 1)];
    std::string text;
    for (std::uint32_t row = 2 + random.next_u32() % 12; row > 0; --row) {
      const auto a = one[random.next_u32() % 4], b = other[random.next_u32() % 4];
      text += random.next_u32() % 9 == 0 ? str_cat("{\"b\": ", b, ", \"a\": ", a, "}\n")
                                         : str_cat("{\"a\": ", a, ", \"b\": ", b, "}\n");
      if (random.next_u32() % 7 == 0) text += " \n";
    }
    const auto path = folder.path() / "t.jsonl";
    test::write_text(path, text);
    const std::string whole = stream_expected([&] { return load_jsonl(path); });
    for (const std::size_t bytes : {std::size_t{16}, std::size_t{60}, std::size_t{1000}}) {
      INFO(text << " in windows of " << 2 * bytes << ", as a whole " << whole);
      try {
        const std::string rows = streamed<detail::JsonStream>({path, {}, {}, "", stream_windows(bytes)}, &pieces);
        REQUIRE(rows == whole);
        ++equal;
      } catch (const Error& error) {
        INFO(error.what());
        const bool about_types = is_about_types(error.what());
        REQUIRE((about_types || whole.find("expected") != std::string::npos));
        types += about_types ? 1 : 0;
      }
    }
  }
  CHECK(equal > 600);
  CHECK(types > 20);
  CHECK(pieces > 2000);
}

TEST_CASE("random texts: a stream has the lines of the file", "[text_streams]") {
  const test::TemporaryFolder folder;
  Mt19937 random(7);
  const auto path = folder.path() / "t.txt";
  for (int i = 0; i < 500; ++i) {
    const std::string text = random_lines(random, i % 2 == 0 ? "ab\n\r" : "a\xc3\xa9\n", random.next_u32() % 80);
    test::write_text(path, text);
    const std::string whole = stream_expected([&] { return load_text(path); });
    for (const std::size_t bytes : {std::size_t{8}, std::size_t{12}, std::size_t{100}}) {
      INFO(python_repr(text) << " in windows of " << 2 * bytes << ", as a whole " << whole);
      try {
        const std::string rows = streamed<detail::TextStream>({path, {}, {}, "", stream_windows(bytes)});
        REQUIRE(rows == whole);
      } catch (const Error& error) {
        INFO(error.what());
        REQUIRE(whole.find("expected UTF-8") != std::string::npos);
      }
    }
  }
}

TEST_CASE("what is wrong in a file that is streamed is said with its line and what to do", "[text_streams]") {
  const test::TemporaryFolder folder;
  const auto csv = folder.path() / "t.csv", json = folder.path() / "t.jsonl", text = folder.path() / "t.txt";
  std::string rows, objects, lines;
  for (int i = 0; i < 200; ++i) rows += "some words,1\n", objects += "{\"text\": \"w\", \"n\": 1}\n", lines += "w\n";
  const auto csv_fails = [&](const std::string& row, std::string_view sentence, const LoadOptions& options = {}) {
    test::write_text(csv, "text,n\n" + rows + row + rows);
    TL_REQUIRE_ERROR(streamed<detail::CsvStream>({csv, options, {}, "", stream_windows(100)}), sentence);
  };
  csv_fails("a,1.5\n",
            "t.csv, line 202, column 'n': expected int64 as in the rows before, got '1.5'; a stream takes "
            "the type of a column from its first rows: name the column in float_columns");
  csv_fails("a,x\n",
            "t.csv, line 202, column 'n': expected int64 as in the rows before, got 'x'; a stream takes the "
            "type of a column from its first rows: name the column in text_columns to read texts");
  csv_fails("a,b,c\n", "t.csv, line 202: expected 2 fields for the columns ['text', 'n'], got 3");
  csv_fails("\"a\"b,1\n", "t.csv, line 202: expected ',' or the end of the line after a closing quote");
  csv_fails("\"a,1\n", "t.csv, line 202: expected a closing quote");
  csv_fails("caf\xe9,1\n", "t.csv, line 202: expected UTF-8, got byte 233; a stream reads UTF-8");
  test::write_text(csv, "text,n\na,b,c\n" + rows);
  TL_REQUIRE_ERROR(streamed<detail::CsvStream>({csv, {}, {}, "", stream_windows(100)}),
                   "line 2: expected 2 fields for the columns ['text', 'n'], got 3");
  test::write_text(csv, "text,n\n" + rows);
  LoadOptions latin;
  latin.encoding = "latin-1";
  TL_REQUIRE_ERROR(streamed<detail::CsvStream>({csv, latin, {}, "", stream_windows(100)}),
                   "t.csv: expected UTF-8 to read it as a stream; convert the file, or read it as a whole with "
                   "load_dataset()");
  detail::BlockSizes short_records = stream_windows(100);
  short_records.longest = 400;
  test::write_text(csv, "text,n\n" + rows + "\"" + rows);
  TL_REQUIRE_ERROR(streamed<detail::CsvStream>({csv, {}, {}, "", short_records}),
                   "expected a record of at most 400 bytes, got a longer one; if a quote is not closed, correct it");

  const auto json_fails = [&](const std::string& row, std::string_view sentence) {
    test::write_text(json, objects + row + objects);
    TL_REQUIRE_ERROR(streamed<detail::JsonStream>({json, {}, {}, "", stream_windows(100)}), sentence);
  };
  json_fails("{\"text\": \"w\", \"n\": 1.5}\n",
             "t.jsonl, line 201 on, column 'n': expected int64 as in the rows "
             "before, got float64; a stream takes the type of a column from its "
             "first rows: name the column in float_columns");
  json_fails("{\"text\": \"w\", \"n\": null}\n", "line 201, key n: expected a text, number, boolean or list, got null");
  json_fails("{\"text\": \"w\"}\n", "line 201: expected the key n, it is missing");
  json_fails("{\"text\": \"w\", \"n\": 1\n", "t.jsonl, line 201");
  test::write_text(json, "[\n" + objects + "]");
  TL_REQUIRE_ERROR(streamed<detail::JsonStream>({json, {}, {}, "", stream_windows(100)}),
                   "t.jsonl: expected JSON lines, an object on each line, to read it as a stream");
  test::write_text(text, lines + "caf\xe9\n" + lines);
  TL_REQUIRE_ERROR(streamed<detail::TextStream>({text, {}, {}, "", stream_windows(16)}),
                   "t.txt, line 201: expected UTF-8, got byte 233");
  test::write_text(text, std::string(1000, 'w'));
  detail::BlockSizes short_lines = stream_windows(16);
  short_lines.longest = 100;
  TL_REQUIRE_ERROR(streamed<detail::TextStream>({text, {}, {}, "", short_lines}),
                   "line 1: expected a record of at most 100 bytes");
}

TEST_CASE("columns that are declared have their type from the first row of a stream on", "[text_streams]") {
  const test::TemporaryFolder folder;
  const auto csv = folder.path() / "t.csv", json = folder.path() / "t.jsonl";
  std::string rows = "text,n\n", objects;
  for (int i = 0; i < 100; ++i) rows += "words,1\n", objects += "{\"n\": 1}\n";
  test::write_text(csv, rows + "a,1.5\n");
  test::write_text(json, objects + "{\"n\": 1.5}\n");
  LoadOptions floats, texts;
  floats.float_columns = {"n"};
  texts.text_columns = {"n"};
  CHECK(streamed<detail::CsvStream>({csv, floats, {}, "", stream_windows(50)}) == table_text(load_csv(csv)));
  CHECK(streamed<detail::CsvStream>({csv, texts, {}, "", stream_windows(50)}) ==
        table_text(load_csv(csv, {.text_columns = {"n"}})));
  CHECK(streamed<detail::JsonStream>({json, floats, {}, "", stream_windows(50)}) == table_text(load_jsonl(json)));
  CHECK(streamed<detail::JsonStream>({json, texts, {}, "", stream_windows(50)}) ==
        table_text(load_jsonl(json, {.text_columns = {"n"}})));
}
