// The project's own recorded cases: a small vocabulary, and what the real libraries answer about it
// (tests/reference/make_tokenizer_cases.py).
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/crc32.hpp"
#include "support/reference.hpp"
#include "text/tokenizer_cases.hpp"

using namespace tl;
using namespace tl::test;

namespace {

std::vector<std::string> pieces() {
  std::ifstream in(reference_file("tokenizer_vocab.txt"));
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

// The flag sets of make_tokenizer_cases.py.
NormalizerOptions flags_of(const std::string& name) {
  NormalizerOptions flags;
  if (name == "cased" || name == "stripped") flags.lowercase = false;
  if (name == "stripped") flags.strip_accents = true;
  if (name == "accents") flags.strip_accents = false;
  if (name == "no_cjk") flags.handle_chinese_chars = false;
  if (name == "raw") flags.clean_text = false;
  return flags;
}

// clean_text has no place in the configuration, only in tokenizer.json, which counts with a generic class.
Tokenizer without_cleaning(const Tokenizer& tokenizer) {
  TemporaryFolder folder;
  tokenizer.save_pretrained(folder.path());
  std::string text = read_text(folder / "tokenizer.json");
  const std::string on = "\"clean_text\": true", off = "\"clean_text\": false";
  text.replace(text.find(on), on.size(), off);
  std::ofstream(folder / "tokenizer.json", std::ios::binary) << text;
  std::ofstream(folder / "tokenizer_config.json", std::ios::binary)
      << R"({"tokenizer_class": "PreTrainedTokenizerFast"})";
  return Tokenizer::from_pretrained(folder.path());
}

const Tokenizer& own_tokenizer(const std::string& name) {
  static std::map<std::string, Tokenizer> cache;
  auto found = cache.find(name);
  if (found == cache.end()) {
    const NormalizerOptions flags = flags_of(name);
    Tokenizer tokenizer = Tokenizer::from_vocabulary(pieces(), {.do_lower_case = flags.lowercase,
                                                                .strip_accents = flags.strip_accents,
                                                                .tokenize_chinese_chars = flags.handle_chinese_chars});
    if (!flags.clean_text) tokenizer = without_cleaning(tokenizer);
    found = cache.emplace(name, std::move(tokenizer)).first;
  }
  return found->second;
}

const std::vector<json>& recorded_folders() {
  static const std::vector<json> cases = [] {
    std::ifstream in(reference_file("tokenizer_cases.jsonl"));
    std::vector<json> out;
    for (std::string line; std::getline(in, line);) out.push_back(json::parse(line));
    return out;
  }();
  return cases;
}

std::vector<json> recorded(const std::string& kind) {
  std::vector<json> out;
  for (const json& item : recorded_folders())
    if (item.value("k", "") == kind) out.push_back(item);
  return out;
}

std::optional<int> number_or_none(const json& value) {
  return value.is_null() ? std::nullopt : std::optional(value.get<int>());
}

}  // namespace

TEST_CASE("tokenizer: every recorded case") {
  REQUIRE(recorded_folders().front().at("cases") == recorded_folders().size() - 1);
  std::map<std::string, int> counts;
  for (const json& item : recorded_folders()) {
    const std::string kind = item.value("k", "pad");
    ++counts[kind];
    if (kind != "pad" && kind != "call") check_case(item, own_tokenizer);
  }
  for (const char* kind : {"single", "pair", "words", "trunc", "decode", "added", "split_special"}) {
    INFO(kind);
    CHECK(counts[kind] > 1);
  }
}

TEST_CASE("tokenizer: padding as recorded") {
  const auto cases = recorded("pad");
  REQUIRE(cases.size() == 10);
  for (const json& item : cases) {
    INFO(item.dump());
    const Tokenizer& tokenizer = own_tokenizer(item.at("vocab"));
    const EncodeOptions options{.max_length = number_or_none(item.at("max_length")),
                                .stride = item.at("stride").get<int>()};
    const PaddingOptions padding{.mode = item.at("mode") == "longest" ? PaddingMode::longest : PaddingMode::max_length,
                                 .max_length = number_or_none(item.at("pad_length")),
                                 .pad_to_multiple_of = number_or_none(item.at("multiple")),
                                 .side = item.at("side") == "left" ? Side::left : Side::right};
    auto batch = tokenizer.encode_batch(item.at("texts").get<std::vector<std::string>>(), options);
    tokenizer.pad(batch, padding);
    REQUIRE(batch.size() == item.at("rows").size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const json& rows = item["rows"][i];
      REQUIRE(rows.size() == 1 + batch[i].overflowing.size());
      check_encoding(rows[0], batch[i]);
      for (std::size_t j = 1; j < rows.size(); ++j) check_encoding(rows[j], batch[i].overflowing[j - 1]);
    }
  }
}

TEST_CASE("tokenizer: which call arguments truncate") {
  const auto cases = recorded("call");
  REQUIRE(cases.size() == 34);
  for (const json& item : cases) {
    INFO(item.dump());
    const Tokenizer tokenizer =
        Tokenizer::from_vocabulary(pieces(), {.model_max_length = number_or_none(item.at("model_max_length"))});
    EncodeOptions options;
    const json& arguments = item.at("arguments");
    options.add_special_tokens = arguments.value("add_special_tokens", true);
    if (arguments.contains("max_length")) options.max_length = arguments["max_length"].get<int>();
    if (arguments.contains("truncation")) {
      const json& truncation = arguments["truncation"];
      options.truncation = truncation.is_string() || truncation.get<bool>();
      if (truncation == "only_first") options.truncation_strategy = TruncationStrategy::only_first;
      if (truncation == "do_not_truncate") options.truncation_strategy = TruncationStrategy::do_not_truncate;
    }
    const std::string text = item.at("text");
    const Encoding got = item.at("text_pair").is_null()
                             ? tokenizer.encode(text, options)
                             : tokenizer.encode_pair(text, item["text_pair"].get<std::string>(), options);
    CHECK(got.input_ids == item.at("ids").get<std::vector<std::int32_t>>());
  }
}

TEST_CASE("tokenizer: every code point is normalised, split and matched as recorded") {
  const json sums = json::parse(read_text(reference_file("tokenizer_code_points.json")));
  const PreTokenizer pre_tokenizer;
  for (const char* name : {"uncased", "cased", "stripped", "accents", "no_cjk", "raw"}) {
    const Normalizer normalizer(flags_of(name));
    for (char32_t block = 0; block < 0x110; ++block) {
      std::uint32_t crc = 0;
      for (char32_t c = block << 12; c < (block + 1) << 12; ++c) {
        if (c >= 0xD800 && c <= 0xDFFF) continue;
        std::string text = "a";
        detail::append_utf8(text, c);
        const std::string normal = normalizer(text + "b");
        std::string line = normal;
        pre_tokenizer.split(normal, [&](std::size_t begin, std::size_t end) {
          line.append("|").append(normal, begin, end - begin);
          return true;
        });
        crc = crc32(line + "\n", crc);
      }
      INFO(name << ", code points from " << (block << 12));
      CHECK(crc == sums.at(name)[block].get<std::uint32_t>());
    }
  }
}

TEST_CASE("tokenizer: every code point as the neighbour of a single_word token") {
  const json sums = json::parse(read_text(reference_file("tokenizer_code_points.json")));
  Tokenizer tokenizer = own_tokenizer("uncased");
  REQUIRE(tokenizer.add_tokens({{.content = "<q>", .single_word = true, .normalized = false}}) == 1);
  const std::int32_t id = tokenizer.token_to_id("<q>").value();
  CHECK(id == static_cast<std::int32_t>(pieces().size()));
  for (char32_t block = 0; block < 0x110; ++block) {
    std::vector<std::string> texts;
    for (char32_t c = block << 12; c < (block + 1) << 12; ++c) {
      if (c >= 0xD800 && c <= 0xDFFF) continue;
      detail::append_utf8(texts.emplace_back(), c);
      texts.back() += "<q>";
    }
    std::uint32_t crc = 0;
    for (const auto& ids : tokenizer.encode_ids(texts)) crc = crc32(ids[ids.size() - 2] == id ? "1" : "0", crc);
    INFO("code points from " << (block << 12));
    CHECK(crc == sums.at("single_word")[block].get<std::uint32_t>());
  }
}

TEST_CASE("tokenizer: batches equal single calls for any number of threads") {
  std::vector<std::string> texts;
  std::vector<std::vector<std::string>> words;
  for (const json& item : recorded("single")) texts.push_back(item.at("text"));
  for (const json& item : recorded("words")) words.push_back(item.at("words"));
  const Tokenizer& tokenizer = own_tokenizer("uncased");
  const EncodeOptions options{.truncation = true, .max_length = 8, .stride = 2};
  const int threads = num_threads();
  for (const int count : {1, 4}) {
    set_num_threads(count);
    const auto batch = tokenizer.encode_batch(texts, options);
    const auto pairs = tokenizer.encode_batch(texts, texts, {.max_length = 20});
    const auto ids = tokenizer.encode_ids(texts, options);
    const auto split = tokenizer.encode_words_batch(words, options);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const Encoding one = tokenizer.encode(texts[i], options);
      CHECK(batch[i].input_ids == one.input_ids);
      CHECK(batch[i].offsets == one.offsets);
      CHECK(batch[i].overflowing.size() == one.overflowing.size());
      CHECK(ids[i] == one.input_ids);
      CHECK(pairs[i].input_ids == tokenizer.encode_pair(texts[i], texts[i], {.max_length = 20}).input_ids);
    }
    for (std::size_t i = 0; i < words.size(); ++i)
      CHECK(split[i].word_ids == tokenizer.encode_words(words[i], options).word_ids);
  }
  set_num_threads(threads);
  CHECK(tokenizer.encode_batch(std::vector<std::string>{}).empty());
  CHECK(tokenizer.encode_ids(std::vector<std::string>{}).empty());
}

TEST_CASE("tokenizer: left truncation of ids alone") {
  const Tokenizer& tokenizer = own_tokenizer("uncased");
  const std::vector<std::string> texts{"the cat is on the bridge", "a river", ""};
  for (const int length : {0, 1, 2, 3, 5, 100}) {
    for (const Side side : {Side::left, Side::right}) {
      const EncodeOptions options{.max_length = length, .truncation_side = side};
      const auto ids = tokenizer.encode_ids(texts, options);
      for (std::size_t i = 0; i < texts.size(); ++i) CHECK(ids[i] == tokenizer.encode(texts[i], options).input_ids);
    }
  }
}

TEST_CASE("tokenizer: special tokens and sizes") {
  const Tokenizer& tokenizer = own_tokenizer("uncased");
  CHECK(tokenizer.pad_token_id() == 0);
  CHECK(tokenizer.unk_token_id() == 1);
  CHECK(tokenizer.cls_token_id() == 2);
  CHECK(tokenizer.sep_token_id() == 3);
  CHECK(tokenizer.mask_token_id() == 4);
  CHECK(tokenizer.pad_token() + tokenizer.unk_token() + tokenizer.cls_token() == "[PAD][UNK][CLS]");
  CHECK(tokenizer.sep_token() + tokenizer.mask_token() == "[SEP][MASK]");
  CHECK(tokenizer.vocab_size() == static_cast<std::int32_t>(pieces().size()));
  CHECK(tokenizer.base_vocab_size() == tokenizer.vocab_size());
  CHECK(tokenizer.num_special_tokens_to_add() == 2);
  CHECK(tokenizer.num_special_tokens_to_add(true) == 3);
  CHECK(tokenizer.id_to_token(4).value() == "[MASK]");
  CHECK(tokenizer.token_to_id("the").value() == tokenizer.encode("The").input_ids[1]);
  CHECK_FALSE(tokenizer.id_to_token(-1).has_value());
  CHECK_FALSE(tokenizer.id_to_token(100000).has_value());
  CHECK_FALSE(tokenizer.token_to_id("nosuchpiece").has_value());
  CHECK_FALSE(tokenizer.model_max_length().has_value());
  CHECK(tokenizer.do_lower_case());
  CHECK_FALSE(own_tokenizer("cased").do_lower_case());
}

TEST_CASE("tokenizer: special tokens that are no pieces get ids after the vocabulary") {
  const Tokenizer tokenizer =
      Tokenizer::from_vocabulary({"[UNK]", "a", "b"}, {.sep_token = "</s>", .cls_token = "<s>"});
  CHECK(tokenizer.unk_token_id() == 0);
  CHECK(tokenizer.sep_token_id() == 3);
  CHECK(tokenizer.pad_token_id() == 4);
  CHECK(tokenizer.cls_token_id() == 5);
  CHECK(tokenizer.mask_token_id() == 6);
  CHECK(tokenizer.vocab_size() == 7);
  CHECK(tokenizer.encode("a").input_ids == std::vector<std::int32_t>{5, 1, 3});
}

TEST_CASE("tokenizer: adding tokens") {
  Tokenizer tokenizer = own_tokenizer("uncased");
  const Tokenizer before = tokenizer;
  const std::int32_t size = tokenizer.vocab_size();
  CHECK(tokenizer.add_tokens({{.content = "river"}, {.content = ""}, {.content = "new one"}}) == 2);
  CHECK(tokenizer.token_to_id("new one") == size);
  CHECK(tokenizer.token_to_id("river") == before.token_to_id("river"));
  CHECK(tokenizer.add_tokens({{.content = "new one"}}) == 0);
  CHECK(tokenizer.add_tokens({{.content = "new one", .lstrip = true}}) == 1);
  CHECK(tokenizer.vocab_size() == size + 1);
  CHECK(tokenizer.encode("a new one").tokens[2] == " new one");
  CHECK(tokenizer.add_special_tokens({{.content = "<e>"}, {.content = "[SEP]"}}) == 1);
  CHECK(tokenizer.token_to_id("<e>") == size + 1);
  CHECK(tokenizer.additional_special_tokens() == std::vector<std::string>{"<e>"});
  CHECK(tokenizer.added_tokens().at(size + 1).special);
  CHECK_FALSE(tokenizer.added_tokens().at(size + 1).is_normalized());
  const auto ids = tokenizer.encode("a<e>rivers").input_ids;
  CHECK(tokenizer.decode(ids) == "[CLS] a <e> river s [SEP]");
  CHECK(tokenizer.decode(ids, {.skip_special_tokens = true}) == "a river s");
  CHECK(before.vocab_size() == size);
  CHECK(before.encode("a<e>").input_ids.size() == 6);
}
