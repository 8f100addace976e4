// Random input: whatever comes in, the tokenizer answers with a valid encoding or with a tl::Error, and the relations
// between offsets, words and windows hold.
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <tl/text/tokenizer.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"

using namespace tl;
using namespace tl::test;

namespace {

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t limit) { return random() % limit; }

const Tokenizer& plain() {
  static const Tokenizer tokenizer = Tokenizer::from_pretrained(reference_file("tokenizer_saved") / "v4_added");
  return tokenizer;
}

std::string random_bytes(Random& random) {
  static const std::string likely[] = {"\xc3",     "\xa9",  "\xe0\xa0", "\xed\xa0\x80", "\xf4\x90", "\xf0\x9f\x98\x80",
                                       "\xc0\xaf", "[SEP]", "<y>",      "the ",         "a"};
  std::string out;
  for (std::size_t i = below(random, 20); i > 0; --i) {
    if (below(random, 2)) out += likely[below(random, std::size(likely))];
    else out += static_cast<char>(random() & 255);
  }
  return out;
}

std::string random_text(Random& random) {
  static const char32_t likely[] = {0x301, 0x302E, 0x1D165, 0x1D15E, 0xE9,   0x130,   0x4E2D, 0xAC01, 0xAD,
                                    0x85,  0xA0,   0xFFFD,  0,       0x200D, 0x1F600, 0x344,  0x3000, 0x2B820};
  static const std::string words[] = {"the", "river",  "unable", " ", " ",    "NEWTOK", " <y> ",
                                      "<x>", "[MASK]", "[sep]",  ".", "cafe", "tokens"};
  std::string out;
  for (std::size_t i = below(random, 16); i > 0; --i) {
    const std::size_t kind = below(random, 4);
    if (kind == 0) {
      detail::append_utf8(out, likely[below(random, std::size(likely))]);
    } else if (kind == 1) {
      const auto c = static_cast<char32_t>(below(random, 0x110000));
      detail::append_utf8(out, c >= 0xD800 && c <= 0xDFFF ? U' ' : c);
    } else {
      out += words[below(random, std::size(words))];
    }
  }
  return out;
}

// The definition of UTF-8, without any of the shortcuts of the library.
std::size_t first_bad_byte(const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = [&](std::size_t i) {
      return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
    };
    const unsigned lead = byte(0);
    const std::size_t size = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
    if (size == 0) return at;
    std::uint32_t c = size == 1 ? lead : lead & (0xFFu >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
      if (byte(i) >> 6 != 2) return at;
      c = c << 6 | (byte(i) & 0x3F);
    }
    const std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (c < least[size] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return at;
    at += size;
  }
  return std::string::npos;
}

void check_columns(const Encoding& encoding) {
  const std::size_t size = encoding.size();
  const bool equal = encoding.token_type_ids.size() == size && encoding.attention_mask.size() == size &&
                     encoding.special_tokens_mask.size() == size && encoding.tokens.size() == size &&
                     encoding.offsets.size() == size && encoding.word_ids.size() == size &&
                     encoding.sequence_ids.size() == size;
  REQUIRE(equal);
}

// Offsets are within the text, do not run backwards, and words are counted without a gap.
void check_single(const Encoding& encoding, std::size_t code_points) {
  check_columns(encoding);
  std::int32_t last_begin = 0, last_word = -1;
  for (std::size_t i = 0; i < encoding.size(); ++i) {
    const auto [begin, end] = encoding.offsets[i];
    if (encoding.special_tokens_mask[i]) {
      REQUIRE((begin == 0 && end == 0 && encoding.word_ids[i] == -1));
      continue;
    }
    REQUIRE((begin >= last_begin && begin < end && end <= static_cast<std::int32_t>(code_points)));
    REQUIRE((encoding.word_ids[i] == last_word || encoding.word_ids[i] == last_word + 1));
    last_begin = begin;
    last_word = encoding.word_ids[i];
  }
}

}  // namespace

TEST_CASE("tokenizer fuzz: random bytes give a format error at the right byte or a valid encoding") {
  Random random(1);
  int valid = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string text = random_bytes(random);
    const std::size_t bad = first_bad_byte(text);
    INFO("round " << i);
    if (bad == std::string::npos) {
      ++valid;
      check_single(plain().encode(text), detail::count_code_points(text));
      continue;
    }
    try {
      (void)plain().encode(text);
      FAIL("expected an error at byte " << bad);
    } catch (const Error& error) {
      REQUIRE(error.code() == ErrorCode::format);
      REQUIRE(error.what() ==
              str_cat("text: expected UTF-8, got an invalid sequence at byte ", bad, " of ", text.size()));
    }
  }
  CHECK(valid > 1000);
}

TEST_CASE("tokenizer fuzz: random code points give valid offsets, and windows that cover the text") {
  Random random(2);
  for (int i = 0; i < 10000; ++i) {
    const std::string text = random_text(random);
    INFO("round " << i << ": " << text);
    const Encoding whole = plain().encode(text);
    check_single(whole, detail::count_code_points(text));
    REQUIRE(plain().encode_ids(std::vector{text})[0] == whole.input_ids);
    static_cast<void>(plain().decode(whole.input_ids));

    const int length = 3 + static_cast<int>(below(random, 8));
    const int stride = static_cast<int>(below(random, static_cast<std::size_t>(length - 2)));
    const Side side = below(random, 2) ? Side::left : Side::right;
    const EncodeOptions options{.max_length = length, .stride = stride, .truncation_side = side};
    const Encoding first = plain().encode(text, options);
    REQUIRE(plain().encode_ids(std::vector{text}, options)[0] == first.input_ids);
    std::vector<const Encoding*> windows{&first};
    for (const Encoding& window : first.overflowing) windows.push_back(&window);
    if (side == Side::left) std::reverse(windows.begin(), windows.end());
    std::vector<std::int32_t> joined;
    for (std::size_t w = 0; w < windows.size(); ++w) {
      check_columns(*windows[w]);
      const auto& ids = windows[w]->input_ids;
      REQUIRE(ids.size() <= static_cast<std::size_t>(length));
      const std::ptrdiff_t overlap = w == 0 ? 0 : stride;
      // A short window at the far end may share more than the stride with the one before; only its new tokens count.
      const std::ptrdiff_t count = static_cast<std::ptrdiff_t>(ids.size()) - 2;
      const bool short_first = side == Side::left && w == 0;
      REQUIRE((short_first || w + 1 == windows.size() || count == length - 2));
      joined.insert(joined.end(), ids.begin() + 1 + std::min(overlap, count), ids.end() - 1);
    }
    REQUIRE(joined == std::vector<std::int32_t>(whole.input_ids.begin() + 1, whole.input_ids.end() - 1));
  }
}

TEST_CASE("tokenizer fuzz: damaged files load or throw tl::Error") {
  Random random(3);
  const auto folder = reference_file("tokenizer_saved") / "v4_added";
  for (const char* name :
       {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.txt"}) {
    const std::string text = read_text(folder / name);
    int failures = 0;
    for (int i = 0; i < 250; ++i) {
      TemporaryFolder copy;
      std::filesystem::copy(folder, copy.path());
      if (std::string(name) == "vocab.txt" || std::string(name) == "added_tokens.json")
        std::filesystem::remove(copy / "tokenizer.json");
      if (std::string(name) == "special_tokens_map.json" || std::string(name) == "added_tokens.json")
        std::filesystem::remove(copy / "tokenizer_config.json");
      std::string damaged = text;
      // Damage near the front reaches the structure; the long tail is the vocabulary.
      const std::size_t reach = below(random, 2) ? damaged.size() : std::min<std::size_t>(damaged.size(), 3000);
      for (std::size_t n = 1 + below(random, 3); n > 0; --n) {
        const std::size_t at = below(random, std::min(reach, damaged.size()));
        switch (below(random, 4)) {
          case 0: damaged[at] = static_cast<char>(random() & 255); break;
          case 1: damaged.erase(at, 1 + below(random, 12)); break;
          case 2: damaged[at] = "{}[]\",:0-9tfn"[below(random, 13)]; break;
          default: damaged.resize(std::max<std::size_t>(at, 1)); break;
        }
      }
      std::ofstream(copy / name, std::ios::binary) << damaged;
      INFO(name << ", round " << i);
      try {
        const Tokenizer tokenizer = Tokenizer::from_pretrained(copy.path());
        check_columns(tokenizer.encode("a river NEWTOK <y> unable"));
        TemporaryFolder out;
        tokenizer.save_pretrained(out.path());
      } catch (const Error&) {
        ++failures;
      }
    }
    INFO(name);
    CHECK(failures > 20);
  }
}
