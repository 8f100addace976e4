// Whose rules a folder asks for: the class in tokenizer_config.json, config.json, or by model_type. The ids and the
// added tokens are those of transformers 5.24 for the same folders; what tl saves was read by 5.24 and 4.56.
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <tl/text/tokenizer.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"

using namespace tl;
using namespace tl::test;
using nlohmann::json;

namespace {

using Ids = std::vector<std::int32_t>;

const char* const vocabulary[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]",     "[MASK]", "a",
                                  "b",     "##b",   "A",     "caf\u00e9", "cafe"};

json cased_tokenizer() {
  json root = {{"version", "1.0"},
               {"truncation", nullptr},
               {"padding", nullptr},
               {"added_tokens", json::array()},
               {"normalizer",
                {{"type", "BertNormalizer"},
                 {"clean_text", true},
                 {"handle_chinese_chars", true},
                 {"strip_accents", nullptr},
                 {"lowercase", false}}},
               {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
               {"post_processor", {{"type", "BertProcessing"}, {"sep", {"[SEP]", 3}}, {"cls", {"[CLS]", 2}}}},
               {"decoder", {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}},
               {"model",
                {{"type", "WordPiece"},
                 {"unk_token", "[UNK]"},
                 {"continuing_subword_prefix", "##"},
                 {"max_input_chars_per_word", 100},
                 {"vocab", json::object()}}}};
  int id = 0;
  for (const char* piece : vocabulary) root["model"]["vocab"][piece] = id++;
  for (int special = 0; special < 5; ++special)
    root["added_tokens"].push_back({{"id", special},
                                    {"content", vocabulary[special]},
                                    {"single_word", false},
                                    {"lstrip", false},
                                    {"rstrip", false},
                                    {"normalized", false},
                                    {"special", true}});
  return root;
}

struct Folder {
  TemporaryFolder folder;
  void write(const char* name, const std::string& text) { write_text(folder / name, text); }
  explicit Folder(const json& config, const json& model = {{"model_type", "distilbert"}},
                  const json& tokenizer = cased_tokenizer()) {
    if (!tokenizer.is_null()) write("tokenizer.json", tokenizer.dump());
    if (!config.is_null()) write("tokenizer_config.json", config.dump());
    if (!model.is_null()) write("config.json", model.dump());
  }
  Tokenizer load(const TokenizerOptions& options = {}) const {
    return Tokenizer::from_pretrained(folder.path(), options);
  }
  std::string error() const {
    return error_of([&] { (void)load(); });
  }
};

const std::string text = "A ab caf\u00e9";
const Ids cased{2, 8, 5, 7, 9, 3}, lowered{2, 5, 5, 7, 10, 3};

void vocabulary_only(Folder& folder) {
  std::string lines;
  for (const char* piece : vocabulary) lines += std::string(piece) + "\n";
  folder.write("vocab.txt", lines);
}

json named(const char* name) { return {{"tokenizer_class", name}}; }

}  // namespace

TEST_CASE("tokenizer class: with a generic class tokenizer.json decides alone") {
  for (const char* name : {"PreTrainedTokenizerFast", "TokenizersBackend", "PreTrainedTokenizer", "PythonBackend"}) {
    INFO(name);
    json config = named(name);
    config.update({{"do_lower_case", true}, {"strip_accents", true}, {"tokenize_chinese_chars", false}});
    for (const Folder& folder : {Folder(named(name)), Folder(config), Folder(nullptr, named(name))}) {
      const Tokenizer tokenizer = folder.load();
      CHECK(tokenizer.encode(text).input_ids == cased);
      CHECK(tokenizer.tokenizer_class() == name);
      CHECK_FALSE(tokenizer.has_bert_rules());
      CHECK(folder.load({.do_lower_case = true}).encode(text).input_ids == cased);
      TemporaryFolder out;
      tokenizer.save_pretrained(out.path());
      const json saved = json::parse(read_text(out / "tokenizer_config.json"));
      CHECK(saved.at("tokenizer_class") == name);
      CHECK_FALSE(std::filesystem::exists(out / "vocab.txt"));
      CHECK(Tokenizer::from_pretrained(out.path()).encode(text).input_ids == cased);
    }
  }
  json other = cased_tokenizer();
  other["post_processor"] = nullptr;
  other["normalizer"] = nullptr;
  CHECK(Folder(named("PreTrainedTokenizerFast"), {}, other).load().encode(text).input_ids == Ids{8, 5, 7, 9});
}

TEST_CASE("tokenizer class: with Bert's classes the configuration makes everything but vocabulary and added tokens") {
  json other = cased_tokenizer();
  other["post_processor"] = nullptr;
  other["pre_tokenizer"] = {{"type", "Whitespace"}};
  other["normalizer"] = nullptr;
  other["model"]["continuing_subword_prefix"] = "@@";
  other["model"]["max_input_chars_per_word"] = 1;
  for (const char* name :
       {"BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "DistilBertTokenizerFast", "ElectraTokenizer",
        "ElectraTokenizerFast", "MobileBertTokenizer", "SqueezeBertTokenizerFast", "LayoutLMTokenizer",
        "LxmertTokenizer", "ConvBertTokenizer", "DPRContextEncoderTokenizer"}) {
    INFO(name);
    CHECK(Folder(named(name)).load().encode(text).input_ids == lowered);
    CHECK(Folder(named(name), {}, other).load().encode(text).input_ids == lowered);
    json config = named(name);
    config["do_lower_case"] = false;
    const Tokenizer tokenizer = Folder(config).load();
    CHECK(tokenizer.encode(text).input_ids == cased);
    TemporaryFolder out;
    tokenizer.save_pretrained(out.path());
    const std::string plain = std::string(name).substr(0, std::string(name).find("Fast"));
    CHECK(json::parse(read_text(out / "tokenizer_config.json")).at("tokenizer_class") == plain);
  }
  json listed = named("BertTokenizer");
  listed["added_tokens_decoder"] = {{"0", {{"content", "[PAD]"}, {"special", true}}}};
  other["added_tokens"].push_back({{"id", 11}, {"content", "new"}});
  CHECK(Folder(named("BertTokenizer"), {}, other).load().vocab_size() == 12);
  CHECK(Folder(listed, {}, other).load().vocab_size() == 11);
}

TEST_CASE("tokenizer class: tokenizer_config.json goes before config.json, which goes before model_type") {
  const json generic = named("PreTrainedTokenizerFast"), bert = named("BertTokenizer"),
             none = {{"tokenizer_class", nullptr}};
  CHECK(Folder(generic, bert).load().encode(text).input_ids == cased);
  CHECK(Folder(bert, generic).load().encode(text).input_ids == lowered);
  CHECK(Folder(none, generic).load().encode(text).input_ids == cased);
  CHECK(Folder(none, {{"tokenizer_class", nullptr}, {"model_type", "bert"}}).load().tokenizer_class() ==
        "BertTokenizer");
  CHECK(Folder(nullptr).load().tokenizer_class() == "DistilBertTokenizer");
  CHECK(Folder(nullptr).load().encode(text).input_ids == lowered);
  CHECK(Folder(nullptr, {{"model_type", "electra"}}).load().encode(text).input_ids == lowered);
  CHECK(Folder(nullptr, nullptr).load().encode(text).input_ids == cased);
  CHECK(Folder(json{{"do_lower_case", true}}, nullptr).load().encode(text).input_ids == cased);
  CHECK(Folder(nullptr, json::object()).load().tokenizer_class() == "PreTrainedTokenizerFast");
  Folder lines(nullptr, nullptr, nullptr);
  vocabulary_only(lines);
  CHECK(lines.load().tokenizer_class() == "DistilBertTokenizer");
  CHECK(lines.load().encode(text).input_ids == lowered);
}

TEST_CASE("tokenizer class: special tokens that a generic class is not told of are not added") {
  json root = cased_tokenizer();
  root["added_tokens"] = json::array();
  const json generic = {{"tokenizer_class", "PreTrainedTokenizerFast"}, {"unk_token", "[UNK]"}, {"pad_token", "<p>"}};
  const Tokenizer tokenizer = Folder(generic, {}, root).load();
  CHECK(tokenizer.vocab_size() == 12);
  CHECK(tokenizer.added_tokens().size() == 2);
  CHECK(tokenizer.pad_token_id() == 11);
  CHECK(tokenizer.sep_token().empty());
  TL_REQUIRE_ERROR(tokenizer.sep_token_id(), "is not in the vocabulary");
  CHECK(Folder(named("PreTrainedTokenizerFast"), {}, root).load().vocab_size() == 11);

  // In the order of the reference: those of generation, the roles, those that only some models have, the rest.
  json config = generic;
  config.update({{"additional_special_tokens", {"<a>"}},
                 {"extra_special_tokens", {{"y", "[Y]"}}},
                 {"x_token", "[X]"},
                 {"eos_token", "[SEP]"},
                 {"bos_token", "<s>"}});
  const Tokenizer more = Folder(config, {}, root).load();
  const std::pair<const char*, int> expected[] = {{"<s>", 11}, {"[SEP]", 3}, {"<p>", 12},
                                                  {"[X]", 13}, {"[Y]", 14},  {"<a>", 15}};
  for (const auto& [content, id] : expected) {
    CHECK(more.token_to_id(content) == id);
    CHECK(more.added_tokens().at(id).special);
  }
  TemporaryFolder out;
  more.save_pretrained(out.path());
  const json map = json::parse(read_text(out / "special_tokens_map.json"));
  CHECK(map.at("bos_token") == "<s>");
  CHECK_FALSE(map.contains("mask_token"));
  const Tokenizer again = Tokenizer::from_pretrained(out.path());
  CHECK(again.added_tokens() == more.added_tokens());

  const Tokenizer bert =
      Folder(json{{"tokenizer_class", "BertTokenizer"}, {"bos_token", "<s>"}, {"x_token", "[X]"}}).load();
  CHECK(bert.token_to_id("<s>") == 11);
  CHECK(bert.token_to_id("[X]") == 12);
}

TEST_CASE("tokenizer class: what tl does not have is refused by name") {
  for (const char* name : {"BertJapaneseTokenizer", "CustomTokenizer", "MPNetTokenizerFast", "RobertaTokenizer", ""}) {
    INFO(name);
    const std::string part =
        "tokenizer_class: expected a class with the rules of BertTokenizer or of tokenizer.json "
        "(PreTrainedTokenizerFast, TokenizersBackend), got \"" +
        std::string(name) + "\", which tl does not have";
    for (const Folder& folder : {Folder(named(name)), Folder(nullptr, named(name))})
      CHECK(folder.error().find(part) != std::string::npos);
    Folder lines(named(name), {{"model_type", "distilbert"}}, nullptr);
    vocabulary_only(lines);
    CHECK(lines.error().find(part) != std::string::npos);
  }
  TL_REQUIRE_ERROR(Folder(json{{"tokenizer_class", 5}}).load(), "tokenizer_class: expected a string, got 5");
  TL_REQUIRE_ERROR(Folder(nullptr, {{"model_type", "roberta"}}).load(),
                   "model_type: expected one whose tokenizer is BertTokenizer, got \"roberta\"");
  const json code = {{"AutoTokenizer", {"own.Own", nullptr}}};
  TL_REQUIRE_ERROR(Folder(json{{"auto_map", code}}).load(),
                   "auto_map: expected a tokenizer of BERT, got the class \"own.Own\"");
  TL_REQUIRE_ERROR(Folder(json{{"auto_map", {nullptr, "own.Fast"}}}).load(), "got the class \"own.Fast\"");
  CHECK(Folder(json{{"auto_map", code}, {"tokenizer_class", "BertTokenizer"}}).load().encode(text).input_ids ==
        lowered);
  Folder lines(named("PreTrainedTokenizerFast"), {{"model_type", "distilbert"}}, nullptr);
  vocabulary_only(lines);
  TL_REQUIRE_ERROR(lines.load(),
                   "\"PreTrainedTokenizerFast\": expected tokenizer.json, which is all that this class reads");
}

TEST_CASE("tokenizer class: model_max_length, or max_len of old folders") {
  const auto length = [](json config) {
    config["tokenizer_class"] = "BertTokenizer";
    return Folder(config).load().model_max_length();
  };
  CHECK(length({{"max_len", 16}}) == 16);
  CHECK(length({{"max_len", 16}, {"model_max_length", 20}}) == 20);
  CHECK(length({{"max_len", 16}, {"model_max_length", nullptr}}) == std::nullopt);
  CHECK(length({{"model_max_length", 16.0}}) == 16);
  CHECK(length({{"model_max_length", 1e30}}) == std::nullopt);
  const Tokenizer tokenizer = Folder(json{{"tokenizer_class", "BertTokenizer"}, {"max_len", 3}}).load();
  CHECK(tokenizer.encode(text, {.truncation = true}).size() == 3);
  TemporaryFolder out;
  tokenizer.save_pretrained(out.path());
  const json saved = json::parse(read_text(out / "tokenizer_config.json"));
  CHECK(saved.at("model_max_length") == 3);
  CHECK_FALSE(saved.contains("max_len"));
}
