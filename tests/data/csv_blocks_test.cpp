// The reader of blocks against the reader of whole texts: whatever the first one reads, the second one reads as well.
#include <tl/data/csv.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/core/mt19937.hpp>

#include "support/catch.hpp"
#include "support/table_text.hpp"
#include "support/temporary_folder.hpp"

using namespace tl;
using test::table_text;

namespace {

/// What the reader of blocks makes of a text in blocks of some bytes; "" if it leaves the text to the other one.
std::string csv_in_blocks(const std::filesystem::path& path, const CsvOptions& options, std::size_t bytes) {
  try {
    const auto table = detail::load_csv_in_blocks(path, options, {.block = bytes, .blocks = 3, .smallest = bytes});
    return table ? table_text(*table) : "";
  } catch (const Error&) {
    return "";
  }
}

std::string csv_whole(const std::filesystem::path& path, const CsvOptions& options) {
  try {
    return table_text(detail::load_csv_whole(path, options));
  } catch (const Error& error) {
    return error.what();
  }
}

std::string random_csv(Mt19937& random, std::string_view characters, std::size_t size) {
  std::string text;
  while (text.size() < size) text += characters[random.next_u32() % characters.size()];
  return text;
}

}  // namespace

TEST_CASE("random CSV files: the reader of blocks reads what the reader of whole texts reads", "[csv_blocks]") {
  const test::TemporaryFolder folder;
  Mt19937 random(11);
  int read = 0;
  for (int i = 0; i < 3000; ++i) {
    constexpr std::string_view alphabets[] = {"ab,\n",    "a\",\n",  "a,\n\r \t",   "1,\n",
                                              "12.,-e\n", "\"\n\r,", "\xc3\xa9,\n", "a\t\n\""};
    std::string text = i % 3 == 0 ? "x\n" : i % 3 == 1 ? "x,y\n" : "";
    text += random_csv(random, alphabets[random.next_u32() % std::size(alphabets)], random.next_u32() % 60);
    const auto path = folder.path() / (i % 7 == 0 ? "t.tsv" : "t.csv");
    test::write_text(path, text);
    CsvOptions options;
    options.has_header = i % 5 != 0;
    if (i % 11 == 0) options.columns = {"x"};
    if (i % 13 == 0) options.text_columns = {"x"};
    if (i % 17 == 0) options.column_names = {"x"};
    const std::string whole = csv_whole(path, options);
    for (const std::size_t bytes : {std::size_t{6}, std::size_t{24}, std::size_t{1000}}) {
      const std::string blocks = csv_in_blocks(path, options, bytes);
      INFO(python_repr(text) << " in blocks of " << bytes);
      read += blocks.empty() ? 0 : 1;
      if (!blocks.empty()) REQUIRE(blocks == whole);
    }
  }
  CHECK(read > 1000);
}

TEST_CASE("files of rows of the common form are read in blocks", "[csv_blocks]") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "t.csv";
  std::string text = "text,label,score,flag,number\r\n";
  for (int i = 0; i < 400; ++i)
    text += i % 3 == 0   ? "\"a, b\",1,0.5,true,7\n"
            : i % 3 == 1 ? "\"two\r\nlines, \"\"quoted\"\"\n\",-2,1e3,False,8\r\n\n"
                         : "5\" disk,3,7,true,9\n , ,\n";
  // As they are; an integer column becomes one of decimals, one of texts; one of booleans becomes one of texts; lines
  // of delimiters at the end, which are no rows.
  text += GENERATE(as<std::string>(), "", "x,1.5,1,true,eight\n", "x,1,1,1,1\n", ",,,,\n , ,,,\n\n,,,,");
  while (text.find("\n , ,\n") != std::string::npos) text.replace(text.find("\n , ,\n"), 6, "\n  \t\n");
  test::write_text(path, text);
  const std::string whole = csv_whole(path, {});
  REQUIRE(whole.find("num_rows: 40") != std::string::npos);
  for (const std::size_t bytes :
       {std::size_t{20}, std::size_t{64}, std::size_t{200}, std::size_t{1000}, std::size_t{100000}}) {
    INFO("blocks of " << bytes);
    CHECK(csv_in_blocks(path, {}, bytes) == whole);
  }
  CHECK(table_text(load_csv(path)) == whole);
}

TEST_CASE("what is wrong in the middle of a large CSV file is said as for a small one", "[csv_blocks]") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "t.csv";
  std::string text = "text,label\n";
  while (text.size() < 300000) text += "some words of a row,1\n";
  const auto fails = [&](const std::string& row, std::string_view sentence) {
    test::write_text(path, text + row + text.substr(11));
    CHECK(csv_in_blocks(path, {}, 1 << 16).empty());
    TL_REQUIRE_ERROR(load_csv(path), sentence);
  };
  fails("a,b,c\n", "line 13638: expected 2 fields");
  fails("\"a\"b,1\n", "line 13638: expected ',' or the end of the line");
  fails("\"a,1\n", "line 13638: expected a closing quote");
  fails("caf\xe9,1\n", "line 13638, byte 300006: expected UTF-8, got byte 233");
}
