// UTF-8: every code point there and back, and what is not well-formed.
#include <cstdint>
#include <string>

#include <tl/io/utf8.hpp>

#include "support/catch.hpp"

using namespace tl;

TEST_CASE("utf8: every code point is written, checked, decoded and counted alike") {
  std::string all;
  std::size_t count = 0, wrong = 0;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    std::string one;
    detail::append_utf8(one, c);
    const bool surrogate = c >= 0xD800 && c <= 0xDFFF;
    std::uint32_t checked = 0;
    if (surrogate) {
      wrong += decode_utf8(one, checked) != 0 || find_invalid_utf8(one) != 0;
      continue;
    }
    std::size_t at = 0;
    const char32_t decoded = detail::decode_valid_utf8(one, at);
    wrong += decode_utf8(one + "x", checked) != one.size() || checked != c || decoded != c || at != one.size();
    wrong += detail::previous_utf8("x" + one, one.size() + 1) != 1;
    all += one;
    ++count;
  }
  CHECK(wrong == 0);
  CHECK(find_invalid_utf8(all) == std::string::npos);
  CHECK(detail::count_code_points(all) == count);
}

TEST_CASE("utf8: the first byte that is not well-formed is found, at every offset") {
  for (const std::string bad :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2x", "\xE0\x9F\xBF", "\xE1\x80", "\xED\xA0\x80", "\xEF\xBF",
        "\xF0\x8F\xBF\xBF", "\xF0\x90\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF"})
    for (std::size_t before = 0; before < 20; ++before) {
      CAPTURE(bad, before);
      CHECK(find_invalid_utf8(std::string(before, 'a') + bad + "aaaaaaaaa") == before);
      CHECK(find_invalid_utf8(std::string(before, 'a') + "\xC3\xA9" + bad) == before + 2);
    }
  std::uint32_t code = 7;
  CHECK(decode_utf8("", code) == 0);
  CHECK(decode_utf8("\xC3", code) == 0);
  CHECK(code == 7);
}

TEST_CASE("utf8: bytes that are not well-formed are shown by their numbers") {
  CHECK(escape_invalid_utf8("a\xC3\xA9\xFF\xC3") == "a\xC3\xA9\\xff\\xc3");
  CHECK(escape_invalid_utf8("").empty());
}
