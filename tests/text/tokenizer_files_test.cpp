// Loading and saving: bytes equal to what the reference saved (tests/reference/make_tokenizer_saved.py), which file
// wins, and a sentence for everything that can be wrong with a folder.
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <tl/text/tokenizer.hpp>

#include "support/catch.hpp"
#include "support/hub_cache.hpp"
#include "support/reference.hpp"

using namespace tl;
using namespace tl::test;
using nlohmann::json;

namespace {

std::filesystem::path saved(const std::string& name) { return reference_file("tokenizer_saved") / name; }

void check_same_files(const std::filesystem::path& expected, const std::filesystem::path& got) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(expected))
    names.push_back(entry.path().filename().string());
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(got)) ++count;
  CHECK(count == names.size());
  for (const auto& name : names) {
    INFO(name);
    CHECK(read_text(got / name) == read_text(expected / name));
  }
}

// A small folder that loads; a test changes one file of it.
const std::string small_vocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n##b\n";

std::string load_error(const std::string& file, const std::string& text) {
  TemporaryFolder folder;
  write_text(folder / "vocab.txt", small_vocab);
  write_text(folder / file, text);
  return error_of([&] { (void)Tokenizer::from_pretrained(folder.path()); });
}

// The sentence for a valid tokenizer.json after a change.
std::string json_error(const std::function<void(json&)>& change) {
  json root = json::parse(read_text(saved("v4_plain") / "tokenizer.json"));
  change(root);
  return load_error("tokenizer.json", root.dump());
}

void check_contains(const std::string& sentence, const std::string& part) {
  INFO("sentence: " << sentence);
  INFO("expected: " << part);
  CHECK(sentence.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("tokenizer files: what the reference saved loads and is saved to the same bytes") {
  for (const char* name : {"v4_plain", "v4_added", "v4_cased"}) {
    INFO(name);
    TemporaryFolder out;
    Tokenizer::from_pretrained(saved(name)).save_pretrained(out / "new/folder");
    check_same_files(saved(name), out / "new/folder");
  }
}

TEST_CASE("tokenizer files: adding the tokens that the reference added gives the same files") {
  Tokenizer tokenizer = Tokenizer::from_pretrained(saved("v4_plain"));
  CHECK(tokenizer.model_max_length() == 64);
  CHECK(tokenizer.add_tokens({{.content = "river"}, {.content = "NEWTOK", .lstrip = true}}) == 2);
  CHECK(tokenizer.add_special_tokens({{.content = "<x>"}, {.content = "<y>", .rstrip = true}}) == 2);
  TemporaryFolder out;
  tokenizer.save_pretrained(out.path());
  check_same_files(saved("v4_added"), out.path());
}

TEST_CASE("tokenizer files: a vocabulary alone gives the same tokenizer.json and vocab.txt") {
  TemporaryFolder in, out;
  std::filesystem::copy(reference_file("tokenizer_vocab.txt"), in / "vocab.txt");
  const Tokenizer tokenizer = Tokenizer::from_pretrained(in.path());
  CHECK_FALSE(tokenizer.model_max_length().has_value());
  tokenizer.save_pretrained(out.path());
  CHECK(read_text(out / "tokenizer.json") == read_text(saved("v4_plain") / "tokenizer.json"));
  CHECK(read_text(out / "vocab.txt") == read_text(saved("v4_plain") / "vocab.txt"));
  CHECK_FALSE(std::filesystem::exists(out / "added_tokens.json"));
}

TEST_CASE("tokenizer files: the form of transformers 5, and the older post-processor") {
  const std::string text = "The tokenizer reads [MASK] caf\u00e9";
  const Tokenizer plain = Tokenizer::from_pretrained(saved("v4_plain"));
  const Tokenizer five = Tokenizer::from_pretrained(saved("v5_plain"));
  CHECK(five.encode(text).tokens == plain.encode(text).tokens);
  CHECK_FALSE(five.model_max_length().has_value());
  TemporaryFolder out;
  five.save_pretrained(out.path());
  const json config = json::parse(read_text(out / "tokenizer_config.json"));
  CHECK(config.at("tokenizer_class") == "BertTokenizer");
  CHECK(config.at("added_tokens_decoder").size() == 5);
  CHECK_FALSE(config.contains("is_local"));
  CHECK_FALSE(config.contains("local_files_only"));

  const Tokenizer old = Tokenizer::from_pretrained(saved("bert_processing"));
  CHECK(old.encode_pair(text, "a b").input_ids == plain.encode_pair(text, "a b").input_ids);
  CHECK(old.encode_pair(text, "a b").token_type_ids == plain.encode_pair(text, "a b").token_type_ids);
  CHECK(old.encode("the the the the the the the the").size() == 10);
  TemporaryFolder again;
  old.save_pretrained(again.path());
  json expected = json::parse(read_text(saved("bert_processing") / "tokenizer.json"));
  expected["truncation"] = expected["padding"] = nullptr;
  CHECK(json::parse(read_text(again / "tokenizer.json")) == expected);
}

TEST_CASE("tokenizer files: the configuration decides about case, accents and CJK") {
  TemporaryFolder folder;
  json root = json::parse(read_text(saved("v4_plain") / "tokenizer.json"));
  root["normalizer"]["lowercase"] = false;
  root["normalizer"]["handle_chinese_chars"] = false;
  write_text(folder / "tokenizer.json", root.dump());
  const auto tokens = [&](const TokenizerOptions& options = {}) {
    return Tokenizer::from_pretrained(folder.path(), options)
        .encode("The caf\u00e9 \u4e2d\u4e2d", {.add_special_tokens = false})
        .tokens;
  };
  using List = std::vector<std::string>;
  const List lower{"the", "cafe", "\u4e2d", "\u4e2d"};
  write_text(folder / "config.json", R"({"model_type": "distilbert"})");
  CHECK(tokens() == lower);
  write_text(folder / "tokenizer_config.json", "{}");
  CHECK(tokens() == lower);
  write_text(folder / "tokenizer_config.json", R"({"do_lower_case": false, "tokenize_chinese_chars": false})");
  CHECK(tokens() == List{"The", "caf\u00e9", "\u4e2d", "##\u4e2d"});
  CHECK(tokens({.do_lower_case = true, .tokenize_chinese_chars = true}) == lower);
  CHECK(tokens({.strip_accents = true})[1] == "cafe");
  write_text(folder / "tokenizer_config.json", R"({"do_lower_case": true, "strip_accents": false})");
  CHECK(tokens()[1] == "caf\u00e9");
  root["normalizer"]["clean_text"] = false;  // Bert's classes clean always
  write_text(folder / "tokenizer.json", root.dump());
  CHECK(Tokenizer::from_pretrained(folder.path()).encode("a\u0001b", {.add_special_tokens = false}).tokens ==
        Tokenizer::from_pretrained(folder.path()).encode("ab", {.add_special_tokens = false}).tokens);
}

TEST_CASE("tokenizer files: names and flags of the special tokens") {
  TemporaryFolder folder;
  write_text(folder / "vocab.txt", "<pad>\n<unk>\n<s>\n</s>\na\nb\n##b\n[MASK]\n");
  write_text(folder / "tokenizer_config.json",
             R"({"pad_token": "wrong", "unk_token": "<unk>", "sep_token": {"content": "</s>", "rstrip": true},
                 "model_max_length": 1000000000000000019884624838656, "padding_side": "left", "truncation_side": "left",
                 "additional_special_tokens": ["<t>"], "clean_up_tokenization_spaces": true,
                 "custom": {"kept": [1], "model_max_length": null}})");
  write_text(folder / "special_tokens_map.json",
             R"({"pad_token": "<pad>", "cls_token": {"content": "<s>", "lstrip": true}})");
  write_text(folder / "config.json", R"({"model_type": "bert"})");
  const Tokenizer tokenizer = Tokenizer::from_pretrained(folder.path());
  CHECK(tokenizer.pad_token_id() == 0);
  CHECK(tokenizer.unk_token_id() == 1);
  CHECK(tokenizer.cls_token_id() == 2);
  CHECK(tokenizer.sep_token_id() == 3);
  CHECK(tokenizer.token_to_id("<t>") == 8);
  CHECK(tokenizer.added_tokens().at(3).rstrip);
  CHECK(tokenizer.added_tokens().at(2).lstrip);
  CHECK(tokenizer.added_tokens().at(3).special);
  CHECK(tokenizer.padding_side() == Side::left);
  CHECK(tokenizer.truncation_side() == Side::left);
  CHECK_FALSE(tokenizer.model_max_length().has_value());
  CHECK(tokenizer.encode("a</s> b zz").input_ids == std::vector<std::int32_t>{2, 4, 3, 5, 1, 3});
  CHECK(tokenizer.encode("a b a b", {.max_length = 3}).input_ids == std::vector<std::int32_t>{2, 5, 3});
  CHECK(tokenizer.decode(std::vector<std::int32_t>{2, 4, 6}) == "<s> ab");

  TemporaryFolder out;
  tokenizer.save_pretrained(out.path());
  const json config = json::parse(read_text(out / "tokenizer_config.json"));
  CHECK(config.at("custom") == json{{"kept", {1}}, {"model_max_length", nullptr}});
  CHECK(config.at("tokenizer_class") == "BertTokenizer");
  CHECK(config.at("padding_side") == "left");
  CHECK(config.at("additional_special_tokens") == json{"<t>"});
  CHECK(read_text(out / "tokenizer_config.json").find("1000000000000000019884624838656,\n") != std::string::npos);
  const json map = json::parse(read_text(out / "special_tokens_map.json"));
  CHECK(map.at("cls_token").at("lstrip") == true);
  CHECK(map.at("pad_token") == "<pad>");
  const Tokenizer again = Tokenizer::from_pretrained(out.path());
  CHECK(again.encode("a</s> b zz").tokens == tokenizer.encode("a</s> b zz").tokens);
  CHECK(again.padding_side() == Side::left);

  const Tokenizer renamed =
      Tokenizer::from_pretrained(folder.path(), {.model_max_length = 9, .pad_token = "b", .padding_side = Side::right});
  CHECK(renamed.pad_token_id() == 5);
  CHECK(renamed.model_max_length() == 9);
  CHECK(renamed.padding_side() == Side::right);
}

TEST_CASE("tokenizer files: flags of added_tokens_decoder win, split_special_tokens and added_tokens.json count") {
  TemporaryFolder folder;
  write_text(folder / "vocab.txt", small_vocab);
  write_text(folder / "tokenizer_config.json",
             R"({"added_tokens_decoder": {"4": {"content": "[MASK]", "lstrip": true, "special": true},
                                   "8": {"content": "new", "normalized": true}}})");
  const Tokenizer tokenizer = Tokenizer::from_pretrained(folder.path());
  CHECK(tokenizer.encode("a [MASK] NEW").tokens == std::vector<std::string>{"[CLS]", "a", " [MASK]", "new", "[SEP]"});
  CHECK(tokenizer.vocab_size() == 9);
  CHECK(tokenizer.base_vocab_size() == 8);

  TemporaryFolder legacy;
  write_text(legacy / "vocab.txt", "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n[MASK]\r\na\r\nb");
  write_text(legacy / "added_tokens.json", R"({"new": 7, "other": 8})");
  write_text(legacy / "tokenizer_config.json", R"({"split_special_tokens": true, "extra_special_tokens": ["other"]})");
  const Tokenizer old = Tokenizer::from_pretrained(legacy.path());
  CHECK(old.encode("a NEW b").input_ids == std::vector<std::int32_t>{2, 5, 7, 6, 3});
  CHECK(old.added_tokens().at(8).special);
  CHECK_FALSE(old.added_tokens().at(7).special);
  CHECK(old.encode("[MASK]").input_ids == std::vector<std::int32_t>{2, 1, 1, 1, 3});
  CHECK(old.encode("[MASK]", {.split_special_tokens = false}).input_ids == std::vector<std::int32_t>{2, 4, 3});
}

TEST_CASE("tokenizer files: a tokenizer without post-processor or decoder") {
  TemporaryFolder folder, out;
  json root = json::parse(read_text(saved("v4_plain") / "tokenizer.json"));
  root["post_processor"] = root["decoder"] = nullptr;
  root["model"].erase("type");
  write_text(folder / "tokenizer.json", root.dump());
  const Tokenizer tokenizer = Tokenizer::from_pretrained(folder.path());
  CHECK(tokenizer.encode("tokens a").tokens == std::vector<std::string>{"tokens", "a"});
  const Encoding pair = tokenizer.encode_pair("a", "b c", {.max_length = 2});
  CHECK(pair.token_type_ids == std::vector<std::int32_t>{0, 1});
  CHECK(tokenizer.decode(tokenizer.encode("unable.").input_ids) == "unable .");
  tokenizer.save_pretrained(out.path());
  const json saved_json = json::parse(read_text(out / "tokenizer.json"));
  CHECK(saved_json.at("post_processor").is_null());
  CHECK(saved_json.at("decoder").is_null());
}

TEST_CASE("tokenizer files: folders that are none") {
  const HubCache cache;
  TL_REQUIRE_ERROR(
      Tokenizer::from_pretrained("owner/name"),
      "expected a model folder or the name of a model on a hub, got \"owner/name\"; there is no folder of");
  cache.add("models--owner--name", std::string(40, 'a'), {{"vocab.txt", "[UNK]\n[CLS]\n[SEP]\na\n"}});
  CHECK(Tokenizer::from_pretrained("owner/name").encode("a").input_ids == std::vector<std::int32_t>{1, 3, 2});
  TL_REQUIRE_ERROR(Tokenizer::from_pretrained("owner/name", {.hub = {.revision = "v2"}}), "but not its revision v2");
  TL_REQUIRE_ERROR(Tokenizer::from_pretrained("./no/such"), "got \"./no/such\", which does not exist");
  CHECK(error_of([] { (void)Tokenizer::from_pretrained("./no/such"); }).find("hub") == std::string::npos);
  TemporaryFolder folder;
  TL_REQUIRE_ERROR(Tokenizer::from_pretrained(folder.path()), "which holds neither");
  write_text(folder / "file", "");
  TL_REQUIRE_ERROR(Tokenizer::from_pretrained(folder / "file"), "got the file");
  write_text(folder / "vocab.txt", small_vocab);
  TL_REQUIRE_ERROR(Tokenizer::from_pretrained(folder.path(), {.model_max_length = 0}),
                   "model_max_length: expected at least 1, got 0");
  std::filesystem::create_directory(folder / "tokenizer.json");
  TL_REQUIRE_ERROR(Tokenizer::from_pretrained(folder.path()),
                   "cannot read " + (folder / "tokenizer.json").string() + ": expected a regular file, got a folder");
  const Tokenizer tokenizer = Tokenizer::from_vocabulary({"[UNK]"});
  TL_REQUIRE_ERROR(tokenizer.save_pretrained(folder / "file" / "below"), "cannot make the folder ");
  TL_REQUIRE_ERROR(tokenizer.save_pretrained(folder.path()), "cannot replace " + (folder / "tokenizer.json").string());
}

TEST_CASE("tokenizer files: vocabularies that are wrong") {
  check_contains(load_error("vocab.txt", ""), "vocab.txt: expected one piece per line, got an empty file");
  check_contains(load_error("vocab.txt", "a\nb\xff\n"),
                 "vocab.txt: expected UTF-8 text, got an invalid sequence at byte 3");
  TL_REQUIRE_ERROR(Tokenizer::from_vocabulary({"a", "\xc3"}),
                   "vocabulary: expected UTF-8, got something else in piece 1");
  TL_REQUIRE_ERROR(Tokenizer::from_vocabulary({"a", "a"}), "vocabulary: the piece \"a\" appears twice");
  check_contains(load_error("added_tokens.json", R"({"x": "y"})"), "added_tokens.json: x: expected an id, got \"y\"");
}

TEST_CASE("tokenizer files: a special token with an empty name has no id") {
  const Tokenizer tokenizer = Tokenizer::from_vocabulary({"a", "[UNK]"}, {.pad_token = ""});
  TL_REQUIRE_ERROR(tokenizer.pad_token_id(), "tokenizer: the token \"\" is not in the vocabulary");
}

TEST_CASE("tokenizer files: a missing unknown token matters when it is needed") {
  const Tokenizer tokenizer = Tokenizer::from_vocabulary({"a", "[CLS]", "[SEP]"});
  CHECK(tokenizer.encode("a").input_ids == std::vector<std::int32_t>{1, 0, 2});
  TL_REQUIRE_ERROR(tokenizer.encode("a zz"),
                   "the word \"zz\" is not in the vocabulary, and neither is the unknown token \"[UNK]\"");
}

TEST_CASE("tokenizer files: tokenizer.json that is wrong") {
  check_contains(load_error("tokenizer.json", "{\"a\": nul}"),
                 "tokenizer.json, byte 9: expected JSON, got invalid literal");
  check_contains(load_error("tokenizer.json", "[]"), "tokenizer.json: expected a JSON object, got array");
  check_contains(load_error("tokenizer.json", "{}"), "tokenizer.json: expected the key \"model\", got none");
  check_contains(load_error("tokenizer.json", "{\"a\": 1e999}"),
                 "tokenizer.json, byte 6: expected a number in the range of a double, got 1e999");
  check_contains(load_error("tokenizer.json", "{\"a\": " + std::string(501, '[')),
                 "tokenizer.json, byte 505: expected at most 500 nested arrays and objects, got more");
  check_contains(json_error([](json& j) { j["model"]["type"] = "BPE"; }),
                 "model.type: expected \"WordPiece\", got \"BPE\"");
  check_contains(json_error([](json& j) { j["model"]["vocab"] = 3; }), "model.vocab: expected an object, got 3");
  check_contains(json_error([](json& j) { j["model"].erase("vocab"); }), "model: expected the key \"vocab\", got none");
  check_contains(json_error([](json& j) { j["model"]["unk_token"] = json::array(); }),
                 "model.unk_token: expected a string, got an array");
  check_contains(json_error([](json& j) { j["model"]["max_input_chars_per_word"] = -1; }),
                 "model.max_input_chars_per_word: expected a number of characters, got -1");
  check_contains(json_error([](json& j) { j["model"]["vocab"]["a"] = "b"; }),
                 "model.vocab: expected an id from 0 to 2147483647 for the piece \"a\", got \"b\"");
  check_contains(json_error([](json& j) { j["model"]["vocab"]["a"] = 4294967295; }), "the piece \"a\", got 4294967295");
  check_contains(json_error([](json& j) { j["normalizer"]["clean_text"] = 1; }),
                 "normalizer.clean_text: expected true or false, got 1");
  check_contains(json_error([](json& j) { j["pre_tokenizer"]["type"] = "ByteLevel"; }),
                 "pre_tokenizer.type: expected one of \"BertPreTokenizer\", \"Whitespace\", \"WhitespaceSplit\", "
                 "\"Punctuation\", \"Digits\", \"Sequence\", got \"ByteLevel\"");
  check_contains(json_error([](json& j) { j["decoder"]["type"] = "BPE"; }),
                 "decoder.type: expected \"WordPiece\", got \"BPE\"");
  check_contains(json_error([](json& j) { j["post_processor"]["type"] = "Roberta"; }),
                 "expected \"TemplateProcessing\", \"BertProcessing\" or \"Sequence\" of these, got \"Roberta\"");
  check_contains(json_error([](json& j) { j["post_processor"]["single"][1] = 5; }),
                 "post_processor.single[1]: expected an object, got 5");
  check_contains(json_error([](json& j) { j["post_processor"]["single"][1]["Sequence"]["id"] = "C"; }),
                 "Sequence.id: expected \"A\" or \"B\", got \"C\"");
  check_contains(json_error([](json& j) { j["post_processor"]["single"][0]["SpecialToken"]["id"] = "[X]"; }),
                 "expected a name in special_tokens, got \"[X]\"");
  check_contains(json_error([](json& j) { j["post_processor"]["special_tokens"]["[CLS]"]["ids"][0] = 9999; }),
                 "post_processor: expected an id below 570 for \"[CLS]\", got 9999");
  check_contains(json_error([](json& j) { j["post_processor"]["special_tokens"]["[CLS]"]["ids"][0] = "x"; }),
                 "ids: expected an array of ids");
  check_contains(json_error([](json& j) { j["post_processor"]["special_tokens"]["[CLS]"]["tokens"][0] = 1; }),
                 "tokens: expected an array of strings");
  check_contains(json_error([](json& j) { j["post_processor"]["special_tokens"]["[CLS]"]["tokens"] = json::array(); }),
                 "expected as many tokens as ids");
  check_contains(json_error([](json& j) { j["post_processor"]["special_tokens"]["[CLS]"] = 1; }),
                 "special_tokens.[CLS]: expected an object, got 1");
  check_contains(json_error([](json& j) {
                   j["post_processor"] = {{"type", "BertProcessing"}, {"sep", {"[SEP]"}}, {"cls", {"[CLS]", 2}}};
                 }),
                 "post_processor.sep: expected a token and its id");
  check_contains(json_error([](json& j) { j["added_tokens"][1] = "x"; }),
                 "added_tokens[1]: expected an object, got \"x\"");
  check_contains(json_error([](json& j) { j["added_tokens"][1]["id"] = 1.5; }),
                 "added_tokens[1].id: expected an integer, got 1.5");
}

TEST_CASE("tokenizer files: configurations that are wrong") {
  const auto error = [](const std::string& text) { return load_error("tokenizer_config.json", text); };
  check_contains(error("{"), "tokenizer_config.json, byte 1: expected string literal, got end of input");
  check_contains(error(R"({"do_lower_case": "yes"})"),
                 "tokenizer_config.json: do_lower_case: expected true or false, got \"yes\"");
  check_contains(error(R"({"unk_token": 3})"),
                 "unk_token: expected a string or an object with the key \"content\", got 3");
  check_contains(error(R"({"unk_token": {"lstrip": true}})"), "unk_token: expected the key \"content\", got none");
  check_contains(error(R"({"model_max_length": "long"})"),
                 "model_max_length: expected a number of at least 1, got \"long\"");
  check_contains(error(R"({"model_max_length": 0})"), "model_max_length: expected a number of at least 1, got 0");
  check_contains(error(R"({"padding_side": "top"})"), "padding_side: expected \"right\" or \"left\", got \"top\"");
  check_contains(error(R"({"additional_special_tokens": "x"})"),
                 "additional_special_tokens: expected an array, got \"x\"");
  check_contains(error(R"({"added_tokens_decoder": {"x": {"content": "y"}}})"),
                 "added_tokens_decoder.x: expected an id as the key");
  check_contains(error(R"({"added_tokens_decoder": {"8": "y"}})"),
                 "added_tokens_decoder.8: expected an object, got \"y\"");
  check_contains(load_error("special_tokens_map.json", R"({"cls_token": 1})"),
                 "tokenizer_config.json with special_tokens_map.json: cls_token: expected a string");
}

TEST_CASE("tokenizer files: a Git LFS pointer in place of any of them has its own sentence") {
  const std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 231508\n";
  for (const char* name : {"vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
                           "added_tokens.json", "config.json"})
    check_contains(load_error(name, pointer), std::string(name) + " is a Git LFS pointer, not the file itself");
}
