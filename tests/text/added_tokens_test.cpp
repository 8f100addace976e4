// Added tokens in texts and folders that are made to be slow: twice the input may take at most 2.5 times as long.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <tl/text/tokenizer.hpp>

#include "support/catch.hpp"
#include "support/growth.hpp"
#include "support/reference.hpp"

using namespace tl;
using namespace tl::test;

namespace {

Tokenizer small() {
  return Tokenizer::from_vocabulary({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##b"});
}

// work(n) is called with two sizes.
template <class Work> void check_growth(int size, const Work& work) {
  CHECK(test::growth([&] { work(size); }, [&] { work(2 * size); }) <= 2.5);
}

}  // namespace

TEST_CASE("added tokens: the longest token wins at every place, however long it is") {
  const std::string base = std::string(70, 'a');
  Tokenizer tokenizer = small();
  tokenizer.add_tokens({{.content = "a", .normalized = false},
                        {.content = base + "b", .normalized = false},
                        {.content = base + "bb", .normalized = false},
                        {.content = "ba", .normalized = false}});
  Tokenizer shorter = small();
  shorter.add_tokens({{.content = "a", .normalized = false}, {.content = "ba", .normalized = false}});
  const auto ids = [&](const std::string& text) {
    return tokenizer.encode(text, {.add_special_tokens = false}).input_ids;
  };
  CHECK(ids("a " + base + "b") == std::vector<std::int32_t>{5, 8});
  CHECK(ids(base + "bb") == std::vector<std::int32_t>{9});
  CHECK(ids(base + "ba").front() == 8);
  CHECK(ids("aa" + base + "b") == std::vector<std::int32_t>{5, 5, 8});
  for (const std::string& text : {base, base + " ba", std::string("b a ab ba bba"), std::string("c caa")})
    CHECK(tokenizer.encode(text).tokens == shorter.encode(text).tokens);
  const Encoding encoding = tokenizer.encode("a " + base + "bb a", {.add_special_tokens = false});
  CHECK(encoding.offsets[1] == std::pair<std::int32_t, std::int32_t>{2, 74});
}

// Where the second token takes the white space before it, too, the reference's library ends with "bad split".
TEST_CASE("added tokens: white space that the token before has taken is taken once") {
  for (const auto& [lstrip, normalized] : {std::pair(false, false), {false, true}, {true, false}, {true, true}}) {
    Tokenizer tokenizer = small();
    tokenizer.add_tokens({{.content = "b", .rstrip = true, .normalized = normalized},
                          {.content = " ", .lstrip = lstrip, .normalized = normalized}});
    const Encoding encoding = tokenizer.encode("ab  a", {.add_special_tokens = false});
    using Offsets = std::vector<std::pair<std::int32_t, std::int32_t>>;
    if (lstrip) {
      CHECK(encoding.input_ids == std::vector<std::int32_t>{5, 6, 8, 5});
      CHECK(encoding.offsets == Offsets{{0, 1}, {1, 4}, {4, 4}, {4, 5}});
    } else {
      CHECK(encoding.input_ids == std::vector<std::int32_t>{5, 6, 8, 8, 5});
      CHECK(encoding.offsets == Offsets{{0, 1}, {1, 4}, {2, 3}, {3, 4}, {4, 5}});
    }
  }
}

TEST_CASE("added tokens: linear time in a text of a long token's first letter") {
  check_growth(20000, [](int size) {
    Tokenizer tokenizer = small();
    tokenizer.add_tokens(
        {{.content = repeated("a", size) + "b", .normalized = false}, {.content = "a", .normalized = false}});
    const std::vector<std::string> texts{repeated("a", 4 * size)};
    CHECK(tokenizer.encode_ids(texts)[0].size() == static_cast<std::size_t>(4 * size) + 2);
  });
}

TEST_CASE("added tokens: linear time in their number") {
  check_growth(8000, [](int size) {
    Tokenizer tokenizer = small();
    std::vector<AddedToken> tokens;
    for (int i = 0; i < size; ++i) tokens.push_back({.content = "<" + std::to_string(i) + ">"});
    CHECK(tokenizer.add_special_tokens(tokens) == size);
    CHECK(tokenizer.encode("a<7>").size() == 4);
  });
}

TEST_CASE("added tokens: linear time in the special tokens of a folder") {
  TemporaryFolder folder;
  check_growth(1500, [&folder](int size) {
    Tokenizer tokenizer = small();
    std::vector<AddedToken> tokens;
    for (int i = 0; i < size; ++i) tokens.push_back({.content = "<" + std::to_string(i) + ">"});
    tokenizer.add_special_tokens(tokens);
    tokenizer.save_pretrained(folder.path());
    CHECK(Tokenizer::from_pretrained(folder.path()).vocab_size() == size + 8);
  });
}

TEST_CASE("added tokens: linear time in keys of special_tokens_map.json that mean nothing") {
  TemporaryFolder folder;
  std::ofstream(folder / "vocab.txt") << "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n";
  check_growth(10000, [&folder](int size) {
    std::string text = "{\"pad_token\": \"[PAD]\"";
    for (int i = 0; i < size; ++i) text += ", \"unknown" + std::to_string(i) + "\": 1";
    std::ofstream(folder / "special_tokens_map.json") << text << "}";
    CHECK(Tokenizer::from_pretrained(folder.path()).vocab_size() == 6);
  });
}
