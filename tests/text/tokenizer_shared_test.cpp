// The large recorded collections with the real vocabularies, if they are at hand: every case must be equal.
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/reference.hpp"
#include "text/tokenizer_cases.hpp"

using namespace tl;
using namespace tl::test;

namespace {

// Tokenizers over the published vocabularies, loaded once each; "cased" and "uncased" are short names.
const Tokenizer& shared_tokenizer(const std::string& vocabulary, bool lower_case) {
  static std::map<std::string, Tokenizer> cache;
  const std::string key = vocabulary + (lower_case ? "+lower" : "");
  auto found = cache.find(key);
  if (found == cache.end()) {
    const auto path = shared_file("data/tokenizer/bert_vocab/" + vocabulary + "/vocab.txt").value();
    TemporaryFolder folder;
    std::filesystem::copy(path, folder / "vocab.txt");
    found = cache.emplace(key, Tokenizer::from_pretrained(folder.path(), {.do_lower_case = lower_case})).first;
  }
  return found->second;
}

const Tokenizer& by_short_name(const std::string& name) {
  return name == "uncased" ? shared_tokenizer("bert-base-uncased", true) : shared_tokenizer("bert-base-cased", false);
}

std::vector<json> lines_of(const std::string& name) {
  std::ifstream in(shared_file(name).value());
  std::vector<json> out;
  for (std::string line; std::getline(in, line);) out.push_back(json::parse(line));
  return out;
}

}  // namespace

TEST_CASE("tokenizer: the answers of the Rust library") {
  const std::string name = "reference/verified/tokenizer_extra.jsonl";
  if (!shared_file(name)) TL_SKIP("the shared collection is not here");
  const auto cases = lines_of(name);
  REQUIRE(cases.front().at("cases") == cases.size() - 1);
  for (std::size_t i = 1; i < cases.size(); ++i) check_case(cases[i], by_short_name);
}

TEST_CASE("tokenizer: the answers recorded by transformers.js") {
  const std::string name = "data/tokenizer/cases.jsonl";
  if (!shared_file(name)) TL_SKIP("the shared collection is not here");
  const auto cases = lines_of(name);
  REQUIRE(cases.size() == 137);
  for (const json& item : cases) {
    INFO(item.dump());
    const Tokenizer& tokenizer = shared_tokenizer(item.at("vocab"), item.at("lowercase").get<bool>());
    const std::string text = item.at("text");
    const bool pair = item.contains("text_pair") && !item["text_pair"].is_null();
    const Encoding got =
        pair ? tokenizer.encode_pair(text, item["text_pair"].get<std::string>()) : tokenizer.encode(text);
    check_encoding({{"ids", item.at("ids")}}, got);
    CHECK(tokenizer.decode(got.input_ids, {.clean_up_tokenization_spaces = true}) == item.at("decoded"));
  }
}

TEST_CASE("tokenizer: 10570 questions") {
  const std::string name = "data/tokenizer/squad_questions_ids.jsonl";
  if (!shared_file(name)) TL_SKIP("the shared collection is not here");
  const auto cases = lines_of(name);
  REQUIRE(cases.size() == 10570);
  std::vector<std::string> texts;
  for (const json& item : cases) texts.push_back(item.at("text"));
  const Tokenizer& tokenizer = by_short_name("uncased");
  const auto ids = tokenizer.encode_ids(texts, {.add_special_tokens = false});
  const auto full = tokenizer.encode_batch(texts, {.add_special_tokens = false});
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO("question " << i << ": " << texts[i]);
    CHECK(ids[i] == cases[i].at("ids").get<std::vector<std::int32_t>>());
    CHECK(full[i].input_ids == ids[i]);
    CHECK(full[i].tokens == cases[i].at("wordpiece").get<std::vector<std::string>>());
  }
}

TEST_CASE("tokenizer: vectors with offsets and word ids") {
  const auto path = shared_file("reference/tokenizer_vectors.txt");
  if (!path) TL_SKIP("the shared collection is not here");
  std::ifstream in(*path);
  int count = 0;
  std::string vocabulary;
  for (std::string line; std::getline(in, line);) {
    if (line.find("# ") == 0 && line.find("bert-base-") != std::string::npos)
      vocabulary = line.find("bert-base-cased") == std::string::npos ? "uncased" : "cased";
    if (line.empty() || line[0] == '#') continue;
    INFO(line);
    std::size_t close = 1;
    while (line[close] != '"') close += line[close] == '\\' ? 2 : 1;
    std::vector<std::string> fields;
    std::string rest = line.substr(close + 1);
    for (int i = 0; i < 3; ++i) {
      const auto bar = rest.rfind(" | [");
      REQUIRE(bar != std::string::npos);
      fields.insert(fields.begin(), rest.substr(bar + 3));
      rest.resize(bar);
    }
    for (char& c : fields[1]) c = c == '(' ? '[' : c == ')' ? ']' : c;
    const Tokenizer& tokenizer = by_short_name(vocabulary);
    const std::string text = json::parse(line.substr(0, close + 1));
    const Encoding inner = tokenizer.encode(text, {.add_special_tokens = false});
    CHECK(tokenizer.encode(text).input_ids == json::parse(fields[0]).get<std::vector<std::int32_t>>());
    CHECK(offsets_of(inner) == json::parse(fields[1]));
    CHECK(json(inner.word_ids) == json::parse(fields[2]));
    std::string tokens = " |";
    for (const auto& token : inner.tokens) tokens += " " + token;
    CHECK(tokens == (inner.tokens.empty() ? rest.substr(0, 2) : rest));
    ++count;
  }
  CHECK(count == 44);
}

TEST_CASE("tokenizer: the published tokenizer.json files load and save to the same bytes") {
  const std::string folder = "data/tokenizer/bert_vocab/";
  const auto pretty = shared_file(folder + "bert-base-uncased/tokenizer.saved_pretty.json");
  if (!pretty) TL_SKIP("the shared collection is not here");
  const std::string uncased = read_text(*pretty);
  for (const std::string name : {"bert-base-uncased/tokenizer.saved_pretty.json",
                                 "distilbert-base-uncased/tokenizer.json", "all-MiniLM-L6-v2/tokenizer.json"}) {
    INFO(name);
    TemporaryFolder in, out;
    std::filesystem::copy(shared_file(folder + name).value(), in / "tokenizer.json");
    std::ofstream(in / "config.json") << R"({"model_type": "bert"})";
    const Tokenizer tokenizer = Tokenizer::from_pretrained(in.path());
    CHECK(tokenizer.vocab_size() == 30522);
    CHECK(tokenizer.mask_token_id() == 103);
    tokenizer.save_pretrained(out.path());
    CHECK((read_text(out / "tokenizer.json") == uncased));
    CHECK((read_text(out / "vocab.txt") == read_text(shared_file(folder + "bert-base-uncased/vocab.txt").value())));
  }
  TemporaryFolder in, out;
  std::filesystem::copy(*pretty, in / "tokenizer.json");
  std::filesystem::copy(shared_file(folder + "bert-base-uncased/tokenizer_config.saved.json").value(),
                        in / "tokenizer_config.json");
  Tokenizer::from_pretrained(in.path()).save_pretrained(out.path());
  CHECK(read_text(out / "tokenizer_config.json") == read_text(in / "tokenizer_config.json"));
  CHECK(read_text(out / "special_tokens_map.json") ==
        read_text(shared_file(folder + "bert-base-uncased/special_tokens_map.json").value()));
}
