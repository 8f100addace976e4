// Characters found and counted sixteen at a time, at every offset and past what a byte can count.
#include <tl/data/scan.hpp>

#include <algorithm>
#include <string>

#include "support/catch.hpp"

using namespace tl;

TEST_CASE("scan: characters are counted as one by one", "[scan]") {
  std::string text(20'000, '"');
  for (std::size_t i = 0; i < text.size(); i += 7) text[i] = 'a';
  for (std::size_t begin = 0; begin < 40; ++begin)
    for (const std::size_t size : {0, 1, 15, 16, 17, 4079, 4080, 4081, 19'000}) {
      const std::string_view part = std::string_view(text).substr(begin, size);
      CHECK(detail::count_char(part, '"') == std::count(part.begin(), part.end(), '"'));
      CHECK(detail::count_char(part, 'b') == 0);
    }
}

TEST_CASE("scan: the first of the characters is found at every offset", "[scan]") {
  for (std::size_t at = 0; at < 50; ++at) {
    std::string text(50, 'x');
    text[at] = '\n';
    const char* const begin = text.data();
    CHECK(detail::find_any(begin, begin + text.size(), ',', '\r', '\n') == begin + at);
    CHECK(detail::find_json_special(begin, begin + text.size()) == begin + at);
    CHECK(detail::find_any(begin, begin + text.size(), 'a', 'b', 'c') == begin + text.size());
  }
}
