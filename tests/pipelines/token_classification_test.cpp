// The token-classification pipeline against the Python stack's: all strategies, texts, words and windows; and its own
// promises: order, bytes, threads, errors.
#include <thread>

#include <tl/io/json_file.hpp>
#include <tl/pipelines/text_classification.hpp>
#include <tl/pipelines/token_classification.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"

using namespace tl;

namespace {

std::filesystem::path tagger_folder() { return test::reference_file("token_pipeline"); }

const Json& tagger_reference() {
  static const Json reference = read_json(tagger_folder() / "results.json");
  return reference;
}

TokenClassificationOptions options_of(const Json& json) {
  TokenClassificationOptions options{
      .aggregation_strategy = aggregation_strategy(json.at("aggregation_strategy").get<std::string>()),
      .truncation = true};  // as in Python
  if (json.contains("ignore_labels")) options.ignore_labels = json.at("ignore_labels").get<std::vector<std::string>>();
  if (json.contains("stride")) options.stride = json.at("stride").get<std::int64_t>();
  if (json.contains("delimiter")) options.delimiter = json.at("delimiter").get<std::string>();
  return options;
}

/// "word:entity[start,end)index" of each, which have to be equal; scores apart.
std::string shown(const std::vector<Entity>& entities) {
  std::string text;
  for (const Entity& e : entities) text += str_cat(e.word, ":", e.entity, "[", e.start, ",", e.end, ")", e.index, " ");
  return text;
}

std::string shown(const Json& entities) {
  std::string text;
  for (const Json& e : entities)
    text += str_cat(e.at("word").get<std::string>(), ":",
                    e.at(e.contains("entity") ? "entity" : "entity_group").get<std::string>(), "[",
                    e.at("start").get<std::int64_t>(), ",", e.at("end").get<std::int64_t>(), ")",
                    e.value("index", std::int64_t{-1}), " ");
  return text;
}

void check_entities(const std::vector<Entity>& got, const Json& expected) {
  REQUIRE(shown(got) == shown(expected));
  for (std::size_t i = 0; i < got.size(); ++i) {
    CHECK(std::abs(got[i].score - expected[i].at("score").get<double>()) <= 1e-5);
    CHECK(got[i].is_group() == expected[i].contains("entity_group"));
  }
}

DistilBertForTokenClassification tagger_with(const std::string& labels) {
  auto config = DistilBertConfig::from_pretrained(tagger_folder());
  config.set_labels(tagger_reference().at("labels").at(labels).get<std::vector<std::string>>());
  DistilBertForTokenClassification model(config);
  model.load_weights(tagger_folder());
  return model;
}

/// A text of 25 tokens; the model takes 16.
const std::string long_text =
    "Ann lives in Rome and Bob lived near Zurich, at Acme Corp! Ann lives in Rome and Bob lived!";

}  // namespace

TEST_CASE("token classification: entities of the reference") {
  std::size_t groups = 0;
  for (const Json& item : tagger_reference().at("cases")) {
    auto model = tagger_with(item.at("labels").get<std::string>());
    const bool marked = item.at("tokenizer") == "marked";
    const auto tokenizer = Tokenizer::from_pretrained(marked ? tagger_folder() : tagger_folder() / "unmarked");
    const auto classify = pipeline<"token-classification">(model, tokenizer, options_of(item.at("options")));
    CHECK(classify.knows_words() == marked);
    const Json& inputs = item.at("inputs");
    INFO(item.at("labels") << " " << item.at("tokenizer") << " " << item.at("options"));
    const auto results = item.at("options").contains("is_split_into_words")
                             ? classify.of_words(inputs.get<std::vector<std::vector<std::string>>>())
                             : classify(inputs.get<std::vector<std::string>>());
    REQUIRE(results.size() == inputs.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
      INFO(inputs[i]);
      check_entities(results[i], item.at("results")[i]);
      groups += results[i].size();
    }
  }
  CHECK(groups > 1000);
}

TEST_CASE("token classification: one text, several, words, any batch size") {
  const auto classify = pipeline<"ner">(tagger_folder(), {.aggregation_strategy = AggregationStrategy::simple});
  const std::vector<std::string> texts{"Ann lives in Rome.", "", "annen Bobs workscorp", "Bob"};
  const auto expected = classify(texts);
  for (const std::int64_t batch_size : {1, 2, 3}) {
    const auto got = classify(texts, {.aggregation_strategy = AggregationStrategy::simple, .batch_size = batch_size});
    for (std::size_t i = 0; i < texts.size(); ++i) CHECK(shown(got[i]) == shown(expected[i]));
  }
  CHECK(shown(classify("Ann lives in Rome.")) == shown(expected[0]));
  CHECK(shown(classify(texts[2])) == shown(expected[2]));
  CHECK(classify({"Ann", "Bob"}).size() == 2);
  CHECK(shown(classify.of_words({"annen", "Bobs", "workscorp"})) == shown(expected[2]));
  CHECK(classify.of_words(std::vector<std::string>{}).empty());
  CHECK(classify(std::vector<std::string>{}).empty());
  CHECK(classify("Bob", {}).front().index == 1);
}

TEST_CASE("token classification: offsets in code points and in bytes") {
  const auto classify = pipeline<"ner">(tagger_folder());
  const std::string text = "É \U0001F600 Ann, 東京";  // 2, 4 and 3 bytes a character
  const auto entities = classify(text, {.ignore_labels = {}});
  const std::string expected[] = {"É", "\U0001F600", "Ann", ",", "東", "京"};
  REQUIRE(entities.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) CHECK(entities[i].text_in(text) == expected[i]);
  CHECK(entities[2].start == 4);
  CHECK(entities[2].start_byte == 8);
  CHECK(entities[5].end == 11);
  CHECK(entities[5].end_byte == text.size());
  TL_REQUIRE_ERROR(entities[5].text_in("short"), "Entity::text_in: expected the text of the entity, 19 bytes at least");
}

TEST_CASE("token classification: texts that are longer than the model") {
  const auto classify = pipeline<"ner">(tagger_folder(), {.aggregation_strategy = AggregationStrategy::simple});
  const std::vector<std::string> texts{"Ann", long_text};
  TL_REQUIRE_ERROR(classify(texts),
                   "text 1: expected at most 16 tokens, which is what the model takes, got 25; set stride for windows, "
                   "or truncation = true, or shorten the text");
  const auto cut = classify(long_text, {.ignore_labels = {}, .truncation = true});
  CHECK(cut.size() == 14);
  CHECK(classify(long_text, {.ignore_labels = {}, .max_length = 5}).size() == 3);
  TL_REQUIRE_ERROR(classify(texts, {.truncation = false, .max_length = 5}), "text 1: expected at most 16 tokens");
  const auto all =
      classify(long_text,
               {.aggregation_strategy = AggregationStrategy::first, .ignore_labels = {}, .stride = 2, .max_length = 8});
  CHECK(all.back().end == static_cast<std::int64_t>(long_text.size()));
  for (std::size_t i = 1; i < all.size(); ++i) CHECK(all[i].start >= all[i - 1].end);
}

TEST_CASE("token classification: options that are not possible") {
  const auto make = [](const TokenClassificationOptions& options) { (void)pipeline<"ner">(tagger_folder(), options); };
  const auto simple = AggregationStrategy::simple;
  TL_REQUIRE_ERROR((make({.stride = 2}), 0),
                   "stride: expected an aggregation_strategy, because windows are merged by their groups, got none");
  TL_REQUIRE_ERROR((make({.aggregation_strategy = simple, .stride = 14}), 0),
                   "stride: expected a number from 0 to 13, less than the 14 tokens of a window without the special "
                   "ones, got 14");
  TL_REQUIRE_ERROR((make({.aggregation_strategy = simple, .stride = -1}), 0), "stride: expected a number from 0 to 13");
  TL_REQUIRE_ERROR((make({.max_length = 2}), 0), "max_length: expected more than the 2 special tokens, got 2");
  TL_REQUIRE_ERROR((make({.batch_size = 0}), 0), "batch_size: expected at least 1, got 0");
  CHECK(aggregation_strategy("Average") == AggregationStrategy::average);
  TL_REQUIRE_ERROR(aggregation_strategy("last"),
                   "aggregation_strategy: expected none, simple, first, average or max, got last");
  const auto classify = pipeline<"ner">(tagger_folder());
  TL_REQUIRE_ERROR(classify("a\xff"), "expected UTF-8, got an invalid sequence at byte 1");
}

TEST_CASE("token classification: models and tasks that do not fit") {
  TL_REQUIRE_ERROR(pipeline("token-classification", tagger_folder()),
                   "got token-classification; its results are of another type, so write "
                   "pipeline<\"token-classification\">(...)");
  const test::TemporaryFolder headless;
  DistilBertModel::from_pretrained(tagger_folder()).save_pretrained(headless.path());
  TL_REQUIRE_ERROR(pipeline<"ner">(headless.path()),
                   "expected a fine-tuned token classifier, its classification head is missing");
  const auto folder = test::reference_file("pipeline");
  TL_REQUIRE_ERROR(pipeline<"ner">(folder),
                   "config.json: expected a model that classifies tokens, got DistilBertForSequenceClassification");
  const auto tokenizer = Tokenizer::from_pretrained(folder);
  auto of_texts = DistilBertForSequenceClassification::from_pretrained(folder);
  TL_REQUIRE_ERROR(
      pipeline<"ner">(of_texts, tokenizer),
      "token-classification: expected a model that classifies tokens, got DistilBertForSequenceClassification");
  auto of_tokens = tagger_with("IOB");
  TL_REQUIRE_ERROR(pipeline<"text-classification">(of_tokens, tokenizer),
                   "text-classification: expected a model that classifies texts, got DistilBertForTokenClassification");
  CHECK(pipeline<"text-classification">(of_texts, tokenizer)("a film").label ==
        pipeline<"sentiment-analysis">(folder)("a film").label);
  of_tokens.parameters().at("classifier.bias").value().data()[1] = std::nanf("");
  TL_REQUIRE_ERROR(pipeline<"ner">(of_tokens, Tokenizer::from_pretrained(tagger_folder()))("Ann"),
                   "pipeline: expected finite logits, got nan; the weights of the model are damaged");
}

TEST_CASE("token classification: BERT takes the token types of the template, DistilBERT has none") {
  const test::TemporaryFolder folder;
  Json json = read_json(tagger_folder() / "tokenizer.json");
  for (Json& place : json["post_processor"]["single"]) place.front()["type_id"] = 1;
  write_json(folder / "tokenizer.json", json);
  // Of the class whose tokenizer.json says everything; that of BERT makes the template itself.
  std::filesystem::copy(tagger_folder() / "unmarked" / "tokenizer_config.json", folder.path());
  const auto typed = Tokenizer::from_pretrained(folder.path()), plain = Tokenizer::from_pretrained(tagger_folder());
  CHECK(typed.encode("Ann").token_type_ids == std::vector<std::int32_t>{1, 1, 1});
  auto model = tagger_with("IOB");
  CHECK(shown(pipeline<"ner">(model, typed)(long_text.substr(0, 40))) ==
        shown(pipeline<"ner">(model, plain)(long_text.substr(0, 40))));
  BertConfig config;
  config.vocab_size = plain.vocab_size();
  config.hidden_size = 16;
  config.num_hidden_layers = 1;
  config.num_attention_heads = 2;
  config.intermediate_size = 24;
  config.max_position_embeddings = 16;
  config.set_labels({"O", "B-PER", "I-PER"});
  BertForTokenClassification bert(config);
  CHECK(pipeline<"ner">(bert, typed)("Ann", {.ignore_labels = {}})[0].score !=
        pipeline<"ner">(bert, plain)("Ann", {.ignore_labels = {}})[0].score);
}

TEST_CASE("token classification: several threads use one pipeline") {
  const TokenClassificationOptions options{
      .aggregation_strategy = AggregationStrategy::average, .stride = 2, .batch_size = 2};
  const auto classify = pipeline<"ner">(tagger_folder(), options);
  const std::vector<std::string> texts{"Ann lives in Rome.", long_text, "Bobs", "É 東京"};
  const auto expected = classify(texts);
  std::vector<std::vector<std::vector<Entity>>> got(3);
  std::vector<std::thread> threads;
  for (auto& results : got)
    threads.emplace_back([&] {
      for (int i = 0; i < 4; ++i) results = classify(texts);
    });
  for (auto& thread : threads) thread.join();
  for (const auto& results : got)
    for (std::size_t i = 0; i < texts.size(); ++i) {
      REQUIRE(shown(results[i]) == shown(expected[i]));
      for (std::size_t j = 0; j < results[i].size(); ++j) CHECK(results[i][j].score == expected[i][j].score);
    }
}
