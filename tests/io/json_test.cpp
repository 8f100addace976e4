// JSON: text against Python's json.dumps, reading it back, the sentence of every error, and bytes that no one meant.
#include <bit>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <sstream>

#include <tl/core/mt19937.hpp>
#include <tl/io/json.hpp>

#include "support/catch.hpp"
#include "support/growth.hpp"
#include "support/reference.hpp"

using namespace tl;

namespace {

std::string error_of(std::string_view text) {
  return test::error_of([&] { (void)parse_json(text, "some.json"); });
}

}  // namespace

TEST_CASE("json: floats and documents are written as Python writes them and read back") {
  std::istringstream lines(test::read_text(test::reference_file("json_dumps.jsonl")));
  int cases = 0;
  for (std::string line; std::getline(lines, line); ++cases) {
    INFO(line);
    const Json entry = parse_json(line, "json_dumps.jsonl");
    if (entry.contains("bits")) {
      const auto bits = std::strtoull(entry.at("bits").get<std::string>().c_str(), nullptr, 16);
      const auto value = std::bit_cast<double>(static_cast<std::uint64_t>(bits));
      const auto expected = entry.at("repr").get<std::string>();
      CHECK(tl::detail::python_float(value) == expected);
      const double again = parse_json(expected, "repr").get<double>();
      CHECK((std::isnan(value) ? std::isnan(again) : again == value && std::signbit(again) == std::signbit(value)));
    } else {
      const JsonStyle style{.indent = entry.at("indent").is_null() ? -1 : entry.at("indent").get<int>(),
                            .sort_keys = entry.at("sort_keys").get<bool>(),
                            .ensure_ascii = entry.at("ensure_ascii").get<bool>(),
                            .compact = entry.at("compact").get<bool>()};
      const auto text = entry.at("text").get<std::string>();
      CHECK(dump_json(entry.at("value"), style) == text);
      CHECK(dump_json(parse_json(text, "text"), style) == text);
    }
  }
  CHECK(cases > 200);
}

TEST_CASE("json: numbers keep their kind") {
  CHECK(parse_json("-0", "x").is_number_integer());
  CHECK(parse_json("9223372036854775807", "x").get<std::int64_t>() == std::numeric_limits<std::int64_t>::max());
  CHECK(parse_json("18446744073709551615", "x").get<std::uint64_t>() == std::numeric_limits<std::uint64_t>::max());
  CHECK(parse_json("18446744073709551616", "x").get<double>() == 0x1p64);
  CHECK(parse_json("-9223372036854775809", "x").get<double>() == -0x1p63);
  CHECK(parse_json("1e2", "x").is_number_float());
  CHECK(parse_json(" [1 , 2.0E+1]\r\n\t", "x") == Json::array({1, 20.0}));
}

TEST_CASE("json: strings, escapes, byte order mark, order of keys") {
  CHECK(parse_json(R"("\u00e9\ud83d\ude00\/\b\f\n\r\t\"\\")", "x").get<std::string>() == "é😀/\b\f\n\r\t\"\\");
  CHECK(parse_json("\xef\xbb\xbf[true,false,null]", "x") == Json::array({true, false, nullptr}));
  CHECK(dump_json(parse_json(R"({"b":1,"a":2})", "x"), {.indent = -1, .sort_keys = false}) == R"({"b": 1, "a": 2})");
}

TEST_CASE("json: Python's words for numbers are numbers outside strings only, and what stands for them is no word") {
  const std::string text = R"([NaN, -Infinity, Infinity, "NaN", "\"Infinity\\", "a", "Infinit", {"NaN": NaN}])";
  const Json list = parse_json(text, "x");
  CHECK(std::isnan(list[0].get<double>()));
  CHECK(list[1].get<double>() == -std::numeric_limits<double>::infinity());
  CHECK(list[2].get<double>() == std::numeric_limits<double>::infinity());
  CHECK(dump_json(list, {.indent = -1}) == text);
  for (const char* wrong : {"[NaN NaN]", "NaNNaN", "[1NaN]", "xNaN", "Nan", "nan", "Infinity1", "\"a\"Infinity"}) {
    INFO(wrong);
    CHECK(error_of(wrong).find("some.json, byte ") == 0);
  }
}

TEST_CASE("json: a large object is read in linear time") {
  std::string text = "{";
  for (int i = 0; i < 200000; ++i) text += str_cat(i ? ",\"" : "\"", "token", i, "\":", i);
  CHECK(parse_json(text + "}", "vocab").size() == 200000);
}

TEST_CASE("json: every error says where and what was expected") {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "some.json, byte 0: expected '[', '{', or a literal, got end of input"},
      {"[1", "byte 2: expected ']', got end of input"},
      {"[1,]", "byte 3: expected '[', '{', or a literal, got ']'"},
      {"{\"a\":1 \"b\"}", "byte 9: expected '}', got string literal"},
      {"{a:1}", "byte 1: expected string literal, got invalid literal"},
      {"{NaN:1}", "byte 3: expected string literal, got a number"},
      {"{\"a\" 1}", "byte 5: expected ':', got number literal"},
      {"1 2", "byte 2: expected end of input, got number literal"},
      {"\"abc", "byte 4: expected JSON, got invalid string: missing closing quote"},
      {"\"a\nb\"", "byte 2: expected JSON, got invalid string: control character U+000A (LF) must be escaped"},
      {"\"\xff\"", "byte 1: expected JSON, got invalid string: ill-formed UTF-8 byte"},
      {"\"\xed\xa0\x80\"", "byte 2: expected JSON, got invalid string: ill-formed UTF-8 byte"},
      {"\xef\xbb[]", "byte 2: expected JSON, got invalid BOM; must be 0xEF 0xBB 0xBF if given"},
      {"\"\\x\"", "byte 2: expected JSON, got invalid string: forbidden character after backslash"},
      {"\"\\u12g4\"", "byte 5: expected JSON, got invalid string: '\\u' must be followed by 4 hex digits"},
      {"\"\\ud800x\"", "byte 7: expected JSON, got invalid string: surrogate U+D800..U+DBFF must be followed by"},
      {"\"\\ud800\\u0041\"", "byte 12: expected JSON, got invalid string: surrogate U+D800..U+DBFF must be followed"},
      {"\"\\udc00\"", "byte 6: expected JSON, got invalid string: surrogate U+DC00..U+DFFF must follow"},
      {"-x", "byte 1: expected digit after '-', got invalid number"},
      {"-NaN", "byte 1: expected digit after '-', got invalid number"},
      {"1.x", "byte 2: expected digit after '.', got invalid number"},
      {"1e+", "byte 3: expected digit after exponent sign, got invalid number"},
      {"[1e999]", "byte 1: expected a number in the range of a double, got 1e999"},
      {"é", "byte 0: expected JSON, got invalid literal"},
      {std::string_view("1\0x", 3), "byte 1: expected JSON in UTF-8, got a NUL byte"},
  };
  for (const auto& [text, part] : cases) {
    INFO(text << " gave: " << error_of(text));
    CHECK(error_of(text).find(part) != std::string::npos);
  }
  TL_REQUIRE_ERROR(parse_json(std::string(501, '['), "deep"),
                   "byte 500: expected at most 500 nested arrays and objects");
  CHECK_NOTHROW(parse_json(std::string(500, '[') + std::string(500, ']'), "deep"));
  TL_REQUIRE_ERROR(dump_json(Json("a\xff")),
                   "JSON text: expected UTF-8, got byte 255 at offset 1 of a string of 2 bytes");
}

TEST_CASE("json: mutated and random text is read or refused, never worse") {
  const std::string seed_text =
      R"({"a": [1, 2.5e-3, "x\u00e9\ud83d\ude00"], "b": {"c": null, "d": -Infinity}, "e": "中"})";
  Mt19937 random(11);
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = seed_text;
    for (std::uint32_t edits = 1 + random.next_u32() % 4; edits > 0 && !text.empty(); --edits) {
      const std::size_t at = random.next_u32() % text.size();
      switch (random.next_u32() % 3) {
        case 0: text[at] = static_cast<char>(random.next_u32()); break;
        case 1: text.erase(at, 1 + random.next_u32() % 8); break;
        default: text.insert(at, 1, "{}[]\",:\\u0-.eE"[random.next_u32() % 14]); break;
      }
    }
    try {
      const Json value = parse_json(text, "fuzz");
      CHECK(parse_json(dump_json(value), "again").size() == value.size());
    } catch (const Error& error) {
      ++refused;
      CHECK(error.code() == ErrorCode::format);
    }
  }
  CHECK(refused > 5000);
}

TEST_CASE("JSON: the last value of a repeated key counts, in the place of the first key, as in Python") {
  const auto compact = [](const std::string& text) {
    return dump_json(parse_json(text, "x"), {.indent = -1, .sort_keys = false, .compact = true});
  };
  CHECK(compact(R"({"a":1,"b":2,"a":3})") == R"({"a":3,"b":2})");
  CHECK(compact(R"([{"a":{"x":1,"x":[2]},"a":null}])") == R"([{"a":null}])");
  CHECK(compact(R"({"":1,"":2,"":3})") == R"({"":3})");
  std::string text = "{";
  for (int round = 0; round < 3; ++round)
    for (int i = 0; i < 1000; ++i) text += '"' + std::to_string(i) + "\":" + std::to_string(round) + ",";
  text.back() = '}';
  const Json many = parse_json(text, "x");
  REQUIRE(many.size() == 1000);
  CHECK(many.begin().key() == "0");
  CHECK(std::prev(many.end()).key() == "999");
  for (const Json& value : many) CHECK(value == 2);
}

namespace {

/// Keys whose std::hash is the same modulo a large power of two, as an attacker who knows the hash could find.
std::vector<std::string> colliding_keys(std::size_t count, std::size_t modulus) {
  std::vector<std::string> keys;
  for (std::uint64_t i = 0; keys.size() < count; ++i)
    if (std::string key = std::to_string(i); std::hash<std::string_view>{}(key) % modulus < 4) keys.push_back(key);
  return keys;
}

}  // namespace

TEST_CASE("JSON: keys that collide are told apart all the same") {
  const auto keys = colliding_keys(2000, 1024);
  std::string text = "{";
  for (int round = 0; round < 2; ++round)
    for (const auto& key : keys) text += '"' + key + "\":" + std::to_string(round) + ",";
  text.back() = '}';
  const Json read = parse_json(text, "x");
  REQUIRE(read.size() == keys.size());
  std::vector<std::string> read_keys;
  for (const auto& [key, value] : read.items()) {
    read_keys.push_back(key);
    CHECK(value == 1);
  }
  CHECK(read_keys == keys);
}

TEST_CASE("JSON: time grows with the number of keys, whatever they are") {
  const auto object_of = [](const std::vector<std::string>& keys) {
    std::string text = "{";
    for (const auto& key : keys) text += '"' + key + "\":0,";
    text.back() = '}';
    return text;
  };
  const auto numbered = [&](int count) {
    std::vector<std::string> keys;
    for (int i = 0; i < count; ++i) keys.push_back("key" + std::to_string(i));
    return object_of(keys);
  };
  const auto read = [](const std::string& text) { return parse_json(text, "x").size(); };
  CHECK(test::growth([&, text = numbered(10000)] { read(text); }, [&, text = numbered(20000)] { read(text); }) < 2.5);
  const auto keys = colliding_keys(16000, 1024);
  const std::vector<std::string> half(keys.begin(), keys.begin() + 8000);
  CHECK(test::growth([&, text = object_of(half)] { read(text); }, [&, text = object_of(keys)] { read(text); }) < 2.5);
}
