// The reader of blocks against the reader of whole texts: whatever the first one reads, the second one reads as well.
#include <tl/data/json_lines.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/core/mt19937.hpp>

#include "support/catch.hpp"
#include "support/table_text.hpp"
#include "support/temporary_folder.hpp"

using namespace tl;
using test::table_text;

namespace {

/// What the reader of blocks makes of a text in blocks of some bytes; "" if it leaves the text to the other one.
std::string json_in_blocks(const std::filesystem::path& path, const JsonOptions& options, std::size_t bytes) {
  try {
    const auto table = detail::load_jsonl_in_blocks(path, options, {.block = bytes, .blocks = 3, .smallest = bytes});
    return table ? table_text(*table) : "";
  } catch (const Error&) {
    return "";
  }
}

std::string json_whole(const std::filesystem::path& path, const JsonOptions& options) {
  try {
    return table_text(detail::load_jsonl_whole(path, options));
  } catch (const Error& error) {
    return error.what();
  }
}

std::string one_of(Mt19937& random, const std::vector<std::string>& choices) {
  return choices[random.next_u32() % choices.size()];
}

/// Mostly right, so that wrong is found in the middle.
std::string random_row(Mt19937& random, int wrong) {
  const std::vector<std::string> texts = {
      R"("a")", R"("")", R"("\n\t\"\\\/\b\f\r")", R"("\u00e9\ud83d\ude00")", "\"caf\xc3\xa9\"", R"("12")"};
  const std::vector<std::string> odd_texts = {R"("\ud83d")", R"("\u12")",         R"("\x")", "\"\x01\"", "\"\xe9\"",
                                              "\"a",         R"("\udc00\ud800")", "null",    "{}"};
  const std::vector<std::string> numbers = {"1", "0", "-12", "123456789012345678", "-0"};
  const std::vector<std::string> odd_numbers = {"1.5",
                                                "-0.0",
                                                "1e3",
                                                "1E-2",
                                                "01",
                                                "1.",
                                                "-",
                                                "1e400",
                                                "NaN",
                                                "12345678901234567890",
                                                "true",
                                                ".5",
                                                "9223372036854775807"};
  const std::vector<std::string> lists = {"[1, 2]", "[ ]", "[ 3,-4 ]", "[0]"};
  const std::vector<std::string> odd_lists = {"[1,]", "[2147483648]", R"(["a"])", "[1.5]", "[[1]]", "[true]"};
  const auto cell = [&](const auto& usual, const auto& odd) {
    return random.next_u32() % 100 < static_cast<unsigned>(wrong) ? one_of(random, odd) : one_of(random, usual);
  };
  const std::string text = R"("t":)" + cell(texts, odd_texts), number = R"( "n" : )" + cell(numbers, odd_numbers),
                    list = R"("l": )" + cell(lists, odd_lists),
                    flag = R"("b":)" + cell(std::vector<std::string>{"true", "false"}, odd_numbers);
  const auto odd = [&] { return random.next_u32() % 300 < static_cast<unsigned>(wrong); };
  std::string row = odd() ? "{" + list + "," + number + "," + text + "," + flag + "}"
                          : "{" + text + "," + number + "," + list + "," + flag + (odd() ? R"(,"t":"again"})" : "}");
  if (odd()) row += one_of(random, {" ", "{}", ",", "x", "\r"});
  return row + one_of(random, {"\n", "\n", "\r\n", "\n \n"});
}

}  // namespace

TEST_CASE("random JSON lines: the reader of blocks reads what the reader of whole texts reads", "[json_blocks]") {
  const test::TemporaryFolder folder;
  Mt19937 random(12);
  const auto path = folder / "t.jsonl";
  int read = 0;
  for (int i = 0; i < 1500; ++i) {
    std::string text = i % 10 == 0 ? "\xef\xbb\xbf" : "";
    const int rows = static_cast<int>(random.next_u32() % 8);
    for (int row = 0; row < rows; ++row) text += random_row(random, i % 4 * 4);
    if (i % 9 == 0 && !text.empty())
      text.resize(text.size() - random.next_u32() % std::min<std::size_t>(text.size(), 9));
    test::write_text(path, text);
    JsonOptions options;
    if (i % 5 == 0) options.columns = {"n", "t"};
    if (i % 3 == 0) options.text_columns = {"n", "b"};
    const std::string whole = json_whole(path, options);
    for (const std::size_t bytes : {std::size_t{24}, std::size_t{100}, std::size_t{5000}}) {
      const std::string blocks = json_in_blocks(path, options, bytes);
      INFO(text << " in blocks of " << bytes);
      read += blocks.empty() ? 0 : 1;
      if (!blocks.empty()) REQUIRE(blocks == whole);
    }
  }
  CHECK(read > 700);
}

TEST_CASE("JSON lines of the common form are read in blocks", "[json_blocks]") {
  const test::TemporaryFolder folder;
  const auto path = folder / "t.jsonl";
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += i % 2 == 0 ? R"({"text": "a \"b\" \u00e9", "label": 1, "score": 0.25, "flag": true, "tags": ["B", "I"]})"
                         "\n"
                       : R"({"label":2,"text":"","score":3,"flag":false,"tags":[]})"
                         "\r\n\n";
  // As they are; a column of whole numbers that becomes one of decimals.
  text += GENERATE(as<std::string>(), "", R"({"text":"","label":1.5,"score":3,"flag":false,"tags":[]})");
  test::write_text(path, text);
  const std::string whole = json_whole(path, {});
  REQUIRE(whole.find("num_rows: 30") != std::string::npos);
  for (const std::size_t bytes : {std::size_t{50}, std::size_t{200}, std::size_t{1000}, std::size_t{100000}}) {
    INFO("blocks of " << bytes);
    CHECK(json_in_blocks(path, {}, bytes) == whole);
  }
  CHECK(table_text(load_jsonl(path)) == whole);
}

TEST_CASE("what is wrong in the middle of a large JSON file is said as for a small one", "[json_blocks]") {
  const test::TemporaryFolder folder;
  const auto path = folder / "t.jsonl";
  std::string text;
  while (text.size() < 300000) text += "{\"text\": \"some words\", \"label\": 1}\n";
  const auto fails = [&](const std::string& row, std::string_view sentence) {
    test::write_text(path, text + row + "\n" + text);
    CHECK(json_in_blocks(path, {}, 1 << 16).empty());
    TL_REQUIRE_ERROR(load_jsonl(path), sentence);
  };
  fails(R"({"text": "a"})", "line 8573: expected the key label, it is missing");
  fails(R"({"text": "a", "label": "b"})", "line 8573, key label: expected a whole number as in line 1, got a text");
  fails(R"({"text": "a", "label": null})", "line 8573, key label: expected a text, number, boolean or list, got null");
  fails(R"({"text": "a", "label": 1)", "line 8573");
}
