// Room for texts: what was made stays as it is, also where the heap grows in between.
#include <tl/core/heap_room.hpp>

#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"

TEST_CASE("heap room: texts keep their values, in the first thread and in another") {
  std::vector<std::string> first, other;
  const auto fill = [](std::vector<std::string>& texts) {
    tl::detail::HeapRoom room;
    for (int i = 0; i < 4000; ++i) {
      const std::string text(static_cast<std::size_t>(i % 300), static_cast<char>('a' + i % 26));
      room.take(text);
      texts.push_back(text);
    }
  };
  std::thread thread([&] { fill(other); });
  fill(first);
  thread.join();
  REQUIRE(first.size() == 4000);
  CHECK(first == other);
  CHECK(first[299] == std::string(299, 'n'));
}
