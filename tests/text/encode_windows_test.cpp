// encode_windows: the windows of long texts and of pairs, as columns of a data set.
#include <string>
#include <vector>

#include <tl/text/encode_windows.hpp>

#include "support/catch.hpp"

using namespace tl;

namespace {

using Lists = std::vector<std::vector<std::int32_t>>;

// [CLS] is 2, [SEP] is 3, a to f are 5 to 10.
Tokenizer letters() {
  return Tokenizer::from_vocabulary({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "d", "e", "f"});
}

}  // namespace

TEST_CASE("encode_windows: a text that fits is one window, others overlap by the stride") {
  const std::vector<std::string> texts{"a b c d e", "f", ""};
  const WindowColumns columns = encode_windows(letters(), texts, {.max_length = 5, .stride = 1});
  CHECK(columns.input_ids == Lists{{2, 5, 6, 7, 3, 2, 7, 8, 9, 3}, {2, 10, 3}, {2, 3}});
  CHECK(columns.window_lengths == Lists{{5, 5}, {3}, {2}});
  CHECK(columns.token_type_ids.empty());
}

TEST_CASE("encode_windows: of a pair the second text is windowed, after the whole first one") {
  const std::vector<std::string> firsts{"a b", "a"}, seconds{"c d e f", "b"};
  const WindowColumns columns = encode_windows(letters(), firsts, seconds, {.max_length = 7});
  CHECK(columns.input_ids == Lists{{2, 5, 6, 3, 7, 8, 3, 2, 5, 6, 3, 9, 10, 3}, {2, 5, 3, 6, 3}});
  CHECK(columns.token_type_ids == Lists{{0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1}, {0, 0, 0, 1, 1}});
  CHECK(columns.window_lengths == Lists{{7, 7}, {5}});
}

TEST_CASE("encode_windows: error sentences") {
  const std::vector<std::string> one{"a b c d e"}, other{"f"};
  TL_REQUIRE_ERROR(
      encode_windows(letters(), one, other, {.max_length = 7}),
      "row 0: truncation strategy only_second: expected more than 2 tokens in the second text to reach the "
      "length limit, got 1");
  TL_REQUIRE_ERROR(encode_windows(letters(), one, {.max_length = 4, .stride = 2}),
                   "stride: expected less than the 2 tokens that remain of this text after truncation, got 2");
}
