// Labels of tokens: the first token of each word, all tokens with B- and I-, and which window owns a token.
#include <string>
#include <vector>

#include <tl/data/token_labels.hpp>

#include "support/catch.hpp"

using namespace tl;
using TagIds = std::vector<std::int32_t>;

TEST_CASE("token_labels: the first token of a word has its label") {
  CHECK(align_labels_with_tokens(TagIds{-1, 0, 1, 1, 2, -1}, TagIds{5, 6, 7}) == TagIds{-100, 5, 6, -100, 7, -100});
  CHECK(align_labels_with_tokens(TagIds{1, 1, 3}, TagIds{5, 6, 7, -100}) == TagIds{6, -100, -100});
  CHECK(align_labels_with_tokens(TagIds{}, TagIds{}).empty());
  TL_REQUIRE_ERROR(align_labels_with_tokens(TagIds{0, 1}, TagIds{5}),
                   "labels of words: expected one for word 1, got 1");
}

TEST_CASE("token_labels: all tokens, those after the first with I- for B-") {
  const std::vector<std::string> names{"B-LOC", "B-PER", "I-PER", "O", "B-X-B-Y", "I-X-B-Y"};
  const TagIds b_to_i = b_to_i_labels(names);
  CHECK(b_to_i == TagIds{0, 2, 2, 3, 5, 5});
  CHECK(align_labels_with_tokens(TagIds{-1, 0, 0, 0, 1, 1, 2, 2, -1}, TagIds{1, 0, -100}, b_to_i) ==
        TagIds{-100, 1, 2, 2, 0, 0, -100, -100, -100});
  TL_REQUIRE_ERROR(align_labels_with_tokens(TagIds{0, 0}, TagIds{9}, b_to_i), "expected one in [0, 6), got 9");
}

TEST_CASE("token_labels: of windows that overlap, each token has one owner") {
  const auto owners = [](const TagIds& words, const std::vector<std::int64_t>& begins, std::int64_t stride) {
    const detail::TokenOwners owners(words, begins, stride);
    std::string text;
    for (std::size_t token = 0; token < words.size(); ++token) {
      int count = 0;
      for (std::size_t window = 0; window < begins.size(); ++window)
        if (owners.owns(window, static_cast<std::int64_t>(token))) {
          text += static_cast<char>('a' + window);
          ++count;
        }
      CHECK(count == 1);
    }
    return text;
  };
  CHECK(owners({0, 1, 2}, {0}, 2) == "aaa");
  CHECK(owners({0, 1, 2, 3, 4, 5}, {0, 2}, 2) == "aaabbb");            // they share 2 and 3
  CHECK(owners({0, 1, 2, 2, 3, 3}, {0, 2}, 2) == "aabbbb");            // not within a word
  CHECK(owners({0, 1, 1, 1, 3, 3}, {0, 2}, 2) == "aaaabb");            // the word's begin is not in both
  CHECK(owners({0, 0, 0, 0, 0, 0}, {0, 2}, 2) == "aaabbb");            // no place for a border
  CHECK(owners({0, 1, 2, 3, 4, 5}, {0, 3}, 0) == "aaabbb");            // nothing is shared
  CHECK(owners({0, 1, 2, 3, 4, 5, 6}, {0, 1, 2, 3}, 3) == "aaabcdd");  // three windows have the same token
}
