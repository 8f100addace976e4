// The components of tokenizer.json: every combination of tests/reference/compare_tokenizer_parts.py as the reference
// answered (make_tokenizer_parts.py), ids with holes and repeated pieces, growth, and what is refused.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <tl/text/tokenizer.hpp>

#include "support/catch.hpp"
#include "support/crc32.hpp"
#include "support/growth.hpp"
#include "support/reference.hpp"

using namespace tl;
using namespace tl::test;
using nlohmann::json;

namespace {

using Ids = std::vector<std::int32_t>;

const json& recorded() {
  static const json parts = json::parse(read_text(reference_file("tokenizer_parts.json")));
  return parts;
}

// tokenizer.json of a combination, with the vocabulary that all of them share.
json with_vocabulary(json tokenizer) {
  const std::string prefix = tokenizer.at("model").at("continuing_subword_prefix");
  json& vocab = tokenizer["model"]["vocab"] = json::object();
  int number = 0;
  for (std::string piece : recorded().at("pieces")) {
    if (piece.compare(0, 2, "##") == 0) piece = prefix + piece.substr(2);
    const int id = number + number / 100;
    ++number;
    if (!vocab.contains(piece)) vocab[piece] = id;
  }
  return tokenizer;
}

void write_folder(const std::filesystem::path& folder, const json& tokenizer) {
  write_text(folder / "tokenizer.json", tokenizer.dump());
  json config{{"tokenizer_class", "PreTrainedTokenizerFast"}, {"unk_token", tokenizer["model"]["unk_token"]}};
  const json& normalizer = tokenizer.at("normalizer");
  if (normalizer.is_object() && normalizer.contains("lowercase")) config["do_lower_case"] = normalizer["lowercase"];
  write_text(folder / "tokenizer_config.json", config.dump());
}

void check_answer(const Encoding& got, const json& expected) {
  CHECK(got.input_ids == expected.at("ids").get<Ids>());
  CHECK(got.token_type_ids == expected.at("type_ids").get<Ids>());
  CHECK(got.special_tokens_mask == expected.at("special_tokens_mask").get<Ids>());
  CHECK(got.word_ids == expected.at("word_ids").get<Ids>());
  CHECK(got.sequence_ids == expected.at("sequence_ids").get<Ids>());
  Ids offsets;
  for (const auto& [begin, end] : got.offsets) offsets.insert(offsets.end(), {begin, end});
  CHECK(offsets == expected.at("offsets").get<Ids>());
}

void check_answers(const Tokenizer& tokenizer, const json& cases) {
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const json& text = recorded().at("texts")[i];
    INFO(text.dump());
    if (text.is_array()) {
      check_answer(tokenizer.encode_pair(text[0].get<std::string>(), text[1].get<std::string>()), cases[i]);
    } else {
      check_answer(tokenizer.encode(text.get<std::string>()), cases[i]);
      CHECK(tokenizer.encode_ids(std::vector{text.get<std::string>()})[0] == cases[i].at("ids").get<Ids>());
    }
  }
}

std::uint32_t code_point_sum(const std::function<std::string(const std::string&)>& answer) {
  std::uint32_t crc = 0;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text = "a";
    detail::append_utf8(text, c);
    crc = crc32(answer(text + "b") + "\n", crc);
  }
  return crc;
}

// A small tokenizer.json after a change.
json small_tokenizer(const std::function<void(json&)>& change) {
  json root = json::parse(R"({
    "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
    "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
              "max_input_chars_per_word": 100,
              "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "a": 5, "b": 6, "##b": 7}}})");
  change(root);
  return root;
}

Tokenizer load(const json& tokenizer) {
  TemporaryFolder folder;
  write_folder(folder.path(), tokenizer);
  return Tokenizer::from_pretrained(folder.path());
}

void check_refused(const std::function<void(json&)>& change, const std::string& part) {
  const std::string sentence = error_of([&] { (void)load(small_tokenizer(change)); });
  INFO("sentence: " << sentence);
  INFO("expected: " << part);
  CHECK(sentence.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("tokenizer parts: every recorded combination, also when it was saved") {
  REQUIRE(recorded().at("combinations").size() >= 20);
  for (const json& item : recorded().at("combinations")) {
    INFO(item.at("name").get<std::string>());
    const json written = with_vocabulary(item.at("tokenizer"));
    TemporaryFolder folder, saved;
    write_folder(folder.path(), written);
    const Tokenizer tokenizer = Tokenizer::from_pretrained(folder.path());
    check_answers(tokenizer, item.at("cases"));
    tokenizer.save_pretrained(saved.path());
    check_answers(Tokenizer::from_pretrained(saved.path()), item.at("cases"));
    const json again = json::parse(read_text(saved / "tokenizer.json"));
    for (const char* key : {"pre_tokenizer", "post_processor", "decoder", "model"})
      CHECK(again.at(key) == written.at(key));
    // BERT's normalizer in a sequence of its own is saved without that.
    if (item.at("name") != "bert_in_sequences") CHECK(again.at("normalizer") == written.at("normalizer"));
  }
}

TEST_CASE("tokenizer parts: every code point in every normalizer and splitter") {
  using Kind = NormalizerStep::Kind;
  const json& sums = recorded().at("code_points");
  const std::pair<const char*, Kind> normalizers[] = {{"NFC", Kind::nfc},
                                                      {"NFD", Kind::nfd},
                                                      {"NFKC", Kind::nfkc},
                                                      {"NFKD", Kind::nfkd},
                                                      {"Lowercase", Kind::lowercase},
                                                      {"StripAccents", Kind::strip_accents}};
  for (const auto& [name, kind] : normalizers) {
    INFO(name);
    CHECK(code_point_sum(Normalizer(NormalizerStep{.kind = kind})) == sums.at(name).get<std::uint32_t>());
  }
  using Split = PreTokenizerStep::Kind;
  const std::pair<const char*, Split> splitters[] = {{"Whitespace", Split::whitespace},
                                                     {"WhitespaceSplit", Split::whitespace_split},
                                                     {"Punctuation", Split::punctuation},
                                                     {"Digits", Split::digits}};
  for (const auto& [name, kind] : splitters) {
    INFO(name);
    const PreTokenizer splitter(PreTokenizerStep{.kind = kind, .individual_digits = true});
    CHECK(code_point_sum([&splitter](const std::string& text) {
            std::string line;
            splitter.split(text, [&](std::size_t begin, std::size_t end) {
              line.append(line.empty() ? "" : "|").append(text, begin, end - begin);
              return true;
            });
            return line;
          }) == sums.at(name).get<std::uint32_t>());
  }
}

TEST_CASE("tokenizer parts: ids with holes, shared ids and tokens after a gap") {
  const Tokenizer holes = load(small_tokenizer([](json& j) {
    j["model"]["vocab"]["b"] = 40;
    j["model"]["vocab"]["c"] = 5;
  }));
  CHECK(holes.encode("a ab b c zz").input_ids == Ids{5, 5, 7, 40, 5, 1});
  CHECK(holes.base_vocab_size() == 9);
  CHECK(holes.vocab_size() == 41);
  CHECK(holes.id_to_token(40) == "b");
  CHECK_FALSE(holes.id_to_token(39).has_value());
  CHECK(holes.decode(Ids{5, 39, 7, 40}) == "a ##b b");

  // A token gets the number of pieces as its id, even where a piece has it, and not the one it is listed with.
  Tokenizer added = load(small_tokenizer([](json& j) {
    j["model"]["vocab"]["b"] = 8;
    j["added_tokens"] = {{{"id", 1200}, {"content", "<user>"}}, {{"id", 3000}, {"content", "<b>"}}};
  }));
  CHECK(added.encode("a <user> <b> b").input_ids == Ids{5, 8, 9, 8});
  CHECK(added.vocab_size() == 10);
  CHECK(added.add_tokens({{.content = "<c>"}}) == 1);
  CHECK(added.token_to_id("<c>") == 10);
}

TEST_CASE("tokenizer parts: of equal lines in vocab.txt the last one counts, also when it was saved") {
  TemporaryFolder folder, saved;
  write_text(folder / "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\na\n##b\na\nc\n");
  const Tokenizer tokenizer = Tokenizer::from_pretrained(folder.path());
  CHECK(tokenizer.encode("a ab c b").input_ids == Ids{2, 9, 9, 8, 10, 6, 3});
  CHECK(tokenizer.base_vocab_size() == 9);
  CHECK(tokenizer.vocab_size() == 11);
  CHECK_FALSE(tokenizer.id_to_token(5).has_value());
  tokenizer.save_pretrained(saved.path());
  CHECK(Tokenizer::from_pretrained(saved.path()).encode("a ab c b").input_ids == Ids{2, 9, 9, 8, 10, 6, 3});
  std::filesystem::remove(saved / "tokenizer.json");
  CHECK(Tokenizer::from_pretrained(saved.path()).encode("a ab c b").input_ids == Ids{2, 9, 9, 8, 10, 6, 3});

  // Lines cannot say that two pieces share an id, nor are there lines for a gap of millions.
  for (const int id : {5, 2000000}) {
    TemporaryFolder out;
    load(small_tokenizer([id](json& j) { j["model"]["vocab"]["b"] = id; })).save_pretrained(out.path());
    CHECK_FALSE(std::filesystem::exists(out / "vocab.txt"));
    CHECK(std::filesystem::exists(out / "tokenizer.json"));
  }
}

TEST_CASE("tokenizer parts: settings of WordPiece") {
  const Tokenizer tokenizer = load(small_tokenizer([](json& j) {
    j["model"]["unk_token"] = "[PAD]";
    j["model"]["continuing_subword_prefix"] = "";
    j["model"]["max_input_chars_per_word"] = 3;
  }));
  CHECK(tokenizer.encode("aba abab zz").input_ids == Ids{5, 6, 5, 0, 0});
  const Tokenizer none = load(small_tokenizer([](json& j) { j["model"]["max_input_chars_per_word"] = 0; }));
  CHECK(none.encode("a b").input_ids == Ids{1, 1});
  const Tokenizer most =
      load(small_tokenizer([](json& j) { j["model"]["max_input_chars_per_word"] = 18446744073709551615u; }));
  CHECK(most.encode("a b").input_ids == Ids{5, 6});
}

TEST_CASE("tokenizer parts: an expression without special characters is a text") {
  const Tokenizer tokenizer = load(small_tokenizer([](json& j) {
    j["normalizer"] = {{"type", "Replace"}, {"pattern", {{"Regex", "zz"}}}, {"content", "a"}};
  }));
  CHECK(tokenizer.encode("zz b").input_ids == Ids{5, 6});
}

TEST_CASE("tokenizer parts: what is refused is named with its place") {
  check_refused(
      [](json& j) {
        j["normalizer"] = {{"type", "Nmt"}};
      },
      "normalizer.type: expected one of \"BertNormalizer\", \"NFD\", \"NFC\", \"NFKD\", \"NFKC\", "
      "\"Lowercase\", \"StripAccents\", \"Strip\", \"Replace\", \"Prepend\", \"Sequence\", got \"Nmt\"");
  check_refused(
      [](json& j) {
        j["normalizer"] = {{"type", "Sequence"}, {"normalizers", {{{"type", "NFC"}}, {{"type", "Precompiled"}}}}};
      },
      "normalizer.normalizers[1].type: expected one of");
  check_refused(
      [](json& j) {
        j["normalizer"] = {{"type", "Sequence"}, {"normalizers", {1}}};
      },
      "normalizer.normalizers[0]: expected an object, got 1");
  const auto replace = [](json& j, const json& pattern) {
    j["normalizer"] = {{"type", "Replace"}, {"pattern", pattern}, {"content", "x"}};
  };
  check_refused(
      [&](json& j) {
        replace(j, {{"Regex", " {2,}"}});
      },
      "normalizer.pattern: expected a text ({\"String\": ...}), got the regular expression \" {2,}\", which "
      "is not supported");
  check_refused(
      [&](json& j) {
        replace(j, {{"String", ""}});
      },
      "normalizer.pattern.String: expected a text that is not empty, got \"\"");
  check_refused(
      [](json& j) {
        j["normalizer"] = {{"type", "Prepend"}, {"prepend", ""}};
      },
      "normalizer.prepend: expected a text that is not empty, got \"\"");
  check_refused(
      [](json& j) {
        j["normalizer"] = {{"type", "Strip"}, {"strip_left", true}};
      },
      "normalizer: expected the key \"strip_right\", got none");
  check_refused([](json& j) { j["pre_tokenizer"] = {{"type", "Metaspace"}}; }, "got \"Metaspace\"");
  check_refused(
      [](json& j) {
        j["pre_tokenizer"] = {{"type", "Punctuation"}, {"behavior", "Merged"}};
      },
      "pre_tokenizer.behavior: expected one of \"Isolated\", \"Removed\", \"MergedWithPrevious\", "
      "\"MergedWithNext\", \"Contiguous\", got \"Merged\"");
  check_refused(
      [](json& j) {
        j["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", {{{"type", "Split"}}}}};
      },
      "pre_tokenizer.pretokenizers[0].type: expected one of");
  const json item = {{"type", "TemplateProcessing"},
                     {"single",
                      {{{"SpecialToken", {{"id", "[CLS]"}, {"type_id", 0}}}},
                       {{"Sequence", {{"id", "A"}, {"type_id", 0}}}},
                       {{"SpecialToken", {{"id", "[CLS]"}, {"type_id", 0}}}}}},
                     {"pair", json::array()},
                     {"special_tokens", {{"[CLS]", {{"id", "[CLS]"}, {"ids", {2}}, {"tokens", {"[CLS]"}}}}}}};
  check_refused(
      [&](json& j) {
        j["post_processor"] = {{"type", "Sequence"}, {"processors", {item, item}}};
      },
      "post_processor: expected one or two encodings in front of a TemplateProcessing, got 3 from the "
      "post-processor before it");
  check_refused(
      [&](json& j) {
        j["post_processor"] = item;
        j["post_processor"]["single"][1]["Sequence"]["id"] = "B";
      },
      "post_processor: expected the template of one text to use A only, got B");
  check_refused(
      [](json& j) {
        j["post_processor"] = {{"type", "Sequence"}, {"processors", {{{"type", "Roberta"}}}}};
      },
      "post_processor.processors[0].type: expected \"TemplateProcessing\"");
}

TEST_CASE("tokenizer parts: twice the marks or matches take at most two and a half times as long") {
  using Kind = NormalizerStep::Kind;
  const auto check_growth = [](const char* name, const Normalizer& normalizer, const std::string& unit, int count) {
    const std::string once = "a" + repeated(unit, count), twice = "a" + repeated(unit, 2 * count);
    std::size_t size = 0;
    const double times = growth([&] { size += normalizer(once).size(); }, [&] { size += normalizer(twice).size(); });
    INFO(name << ": " << times << " times as long, " << size);
    CHECK(times <= 2.5);
  };
  check_growth("BERT", Normalizer(), "\u302e\U0001d165", 8000);
  const std::string marks = "\u0316\u0301";  // of two classes, so that they change places
  for (const Kind kind : {Kind::nfd, Kind::nfc, Kind::nfkc, Kind::strip_accents, Kind::lowercase})
    check_growth("marks", Normalizer(NormalizerStep{.kind = kind}), marks, 8000);
  const NormalizerStep replace{.kind = Kind::replace, .pattern = "ab", .content = "xyz"};
  check_growth("matches", Normalizer(replace), "ab", 10000);
  const NormalizerStep no_match{.kind = Kind::replace, .pattern = std::string(10000, 'a') + "b", .content = "x"};
  check_growth("nearly matches", Normalizer(no_match), "a", 20000);
}
