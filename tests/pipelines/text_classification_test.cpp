// The text-classification pipeline against the Python stack's, and its own promises: order, mode, errors.
#include <tl/io/json_file.hpp>
#include <tl/pipelines/text_classification.hpp>

#include "support/catch.hpp"
#include "support/hub_cache.hpp"
#include "support/reference.hpp"

using namespace tl;
using Classifier = DistilBertForSequenceClassification;

namespace {

std::filesystem::path model_folder() { return test::reference_file("pipeline"); }

void check_results(const std::vector<Classification>& got, const Json& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CHECK(got[i].label == expected[i].at("label"));
    CHECK(std::abs(got[i].score - expected[i].at("score").get<double>()) <= 1e-5);
  }
}

}  // namespace

TEST_CASE("pipeline: labels and scores of the reference") {
  const Json reference = read_json(model_folder() / "results.json");
  const auto texts = reference.at("texts").get<std::vector<std::string>>();
  const auto classify = pipeline("text-classification", model_folder());
  check_results(classify(texts), reference.at("best"));
  const auto all = classify.top_k(texts);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    INFO(texts[i]);
    check_results(all[i], reference.at("all")[i]);
    check_results({classify(texts[i])}, Json::array({reference.at("best")[i]}));
  }
  const Tensor<float> logits = classify.logits(texts);
  const auto sigmoid = classify.ranked(classify.apply(logits, FunctionToApply::sigmoid));
  const auto none = classify.ranked(classify.apply(logits, FunctionToApply::none));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    check_results(sigmoid[i], reference.at("sigmoid")[i]);
    REQUIRE(none[i].size() == 3);
    for (std::size_t c = 0; c < 3; ++c)
      CHECK(none[i][c].score ==
            Approx(reference.at("none")[i][c].at("score").get<double>()).epsilon(1e-4).margin(1e-4));
  }
}

TEST_CASE("pipeline: a model by its name in the cache") {
  const test::HubCache cache;
  cache.add_folder("models--owner--name", std::string(40, 'a'), model_folder());
  const auto by_name = pipeline("text-classification", "owner/name");
  CHECK(by_name("a great film").score == pipeline("text-classification", model_folder())("a great film").score);
  TL_REQUIRE_ERROR(pipeline("text-classification", "owner/name", {.hub = {.revision = "v2"}}),
                   "but not its revision v2");
}

TEST_CASE("pipeline: any batch size gives the results in the order of the texts") {
  const auto classify = pipeline("sentiment-analysis", model_folder());
  const std::vector<std::string> texts{"a", "a very very great film", "", "not bad", "the film was awful ! ! !", "me"};
  const auto expected = classify(texts, {.batch_size = 1});
  for (const std::int64_t batch_size : {2, 4, 100}) {
    const auto got = classify(texts, {.batch_size = batch_size});
    for (std::size_t i = 0; i < texts.size(); ++i) {
      CHECK(got[i].label == expected[i].label);
      CHECK(std::abs(got[i].score - expected[i].score) <= 1e-6);
    }
  }
  CHECK(classify(std::vector<std::string>{}).empty());
  CHECK(classify({"a", "me"}).size() == 2);
}

TEST_CASE("pipeline: two texts in braces are two texts, with options, in top_k and in logits") {
  const auto classify = pipeline("text-classification", model_folder());
  const std::vector<std::string> texts{"not bad", "the film was awful ! ! !"};
  const auto expected = classify.logits(texts).to_vector();
  const char* const second = "the film was awful ! ! !";
  CHECK(classify.logits({"not bad", second}).to_vector() == expected);
  CHECK(classify.logits({"not bad", second}, {.batch_size = 1}).size(0) == 2);
  const auto best = classify({"not bad", second}, {.truncation = true});
  REQUIRE(best.size() == 2);
  CHECK(best[1].label == classify(second).label);
  CHECK(classify({"not bad", second}).size() == 2);
  CHECK(classify({texts[0], texts[1]}).size() == 2);
  CHECK(classify.top_k({"not bad", second}).size() == 2);
  const auto ranked = classify.top_k({"not bad", second}, 1);
  REQUIRE(ranked.size() == 2);
  CHECK(ranked[1].size() == 1);
  CHECK(ranked[1][0].label == best[1].label);
  CHECK(classify.top_k("not bad").size() == 3);
  CHECK(classify.tokenizer().encode_batch({"not bad", second}).size() == 2);
  CHECK(classify.tokenizer().encode_ids({"not bad", second}) == classify.tokenizer().encode_ids(texts));
  CHECK(classify.tokenizer().encode_words({"not", "bad"}).input_ids ==
        classify.tokenizer().encode("not bad").input_ids);
}

TEST_CASE("pipeline: bf16 rounds the operands of products, no more") {
  const std::vector<std::string> texts{"a very very great film", "not bad", "the film was awful ! ! !"};
  const Tensor<float> exact = pipeline("text-classification", model_folder()).logits(texts);
  const auto classify = pipeline("text-classification", model_folder(), {.bf16 = true});
  const Tensor<float> rounded = classify.logits(texts);
  float difference = 0, largest = 0;
  for (std::size_t i = 0; i < exact.span().size(); ++i) {
    difference = std::max(difference, std::abs(exact.span()[i] - rounded.span()[i]));
    largest = std::max(largest, std::abs(exact.span()[i]));
  }
  CHECK(difference > 0);
  CHECK(difference < largest / 32);  // a dozen roundings to eight bits
  CHECK(classify.model().context().precision == Precision::bf16);
}

TEST_CASE("pipeline: in bf16 the weights of a frozen model are packed once, those of others in each call") {
  const std::vector<std::string> texts{"a very very great film", "not bad", "the film was awful ! ! !", "me"};
  const auto own = pipeline("text-classification", model_folder(), {.batch_size = 2, .bf16 = true});
  auto model = Classifier::from_pretrained(model_folder());
  const auto tokenizer = Tokenizer::from_pretrained(model_folder());
  const auto shared = pipeline("text-classification", model, tokenizer, {.batch_size = 2, .bf16 = true});
  const auto expected = shared.logits(texts).to_vector();
  for (int round = 0; round < 2; ++round) CHECK(own.logits(texts).to_vector() == expected);

  // Training goes on: the shared pipeline sees it, from the first call on.
  const auto& weight = model.parameters().at("distilbert.transformer.layer.0.ffn.lin1.weight");
  for (float& value : weight.value().span()) value *= 2;
  const auto changed = shared.logits(texts).to_vector();
  CHECK(changed != expected);
  CHECK(pipeline("text-classification", model, tokenizer, {.bf16 = true}).logits(texts).to_vector() == changed);
  CHECK(own.logits(texts).to_vector() == expected);
}

TEST_CASE("pipeline: top_k") {
  const auto classify = pipeline("text-classification", model_folder());
  const auto two = classify.top_k("great film", 2);
  REQUIRE(two.size() == 2);
  CHECK(two[0].score >= two[1].score);
  CHECK(two[0].label == classify("great film").label);
  CHECK(classify.top_k("great film", 99).size() == 3);
  CHECK(classify.top_k("great film").size() == 3);
  TL_REQUIRE_ERROR(classify.top_k("x", 0), "top_k: expected at least 1, got 0");
  const auto ties = classify.ranked(Tensor<float>::from({0.5F, 0.5F, 0.0F}, {1, 3}));
  CHECK(ties[0][0].label == "NEGATIVE");
}

TEST_CASE("pipeline: texts that are too long") {
  const Json reference = read_json(model_folder() / "results.json");
  const auto text = reference.at("long_text").get<std::string>(), other = reference.at("texts")[4].get<std::string>();
  const auto classify = pipeline("text-classification", model_folder());
  const std::vector<std::string> texts{"a", text};
  TL_REQUIRE_ERROR(classify(texts),
                   "text 1: expected at most 16 tokens, which is what the model takes, got 42; set truncation = true");
  check_results({classify(text, {.truncation = true})}, Json::array({reference.at("long_truncated")}));
  check_results({classify(other, {.truncation = true, .max_length = 5})},
                Json::array({reference.at("short_truncated")}));
  // as in the reference, max_length alone means truncation, and false means none whatever max_length is
  check_results({classify(other, {.max_length = 5})}, Json::array({reference.at("short_truncated")}));
  check_results({classify(text, {.max_length = 1000})}, Json::array({reference.at("long_truncated")}));
  check_results({classify(other, {.truncation = false, .max_length = 5})}, Json::array({reference.at("best")[4]}));
  TL_REQUIRE_ERROR(classify(texts, {.truncation = false, .max_length = 5}),
                   "text 1: expected at most 16 tokens, which is what the model takes, got 42; set truncation = true");
}

TEST_CASE("pipeline: it switches the model to evaluation, also if it is trained later") {
  Classifier model =
      Classifier::from_pretrained(model_folder(), {.config_overrides = "dropout=0.5,seq_classif_dropout=0.5"});
  model.train(true);
  const auto classify = pipeline("text-classification", model, Tokenizer::from_pretrained(model_folder()));
  CHECK_FALSE(model.training());
  const double score = classify("great film").score;
  model.train(true);
  CHECK(classify("great film").score == score);
  CHECK_FALSE(model.training());
  CHECK(&classify.model() == &model);
}

TEST_CASE("pipeline: a tokenizer that does not fit the model, or gives a text no token") {
  Tokenizer larger = Tokenizer::from_pretrained(model_folder());
  larger.add_tokens({{.content = "[NEW]"}});
  Classifier model = Classifier::from_pretrained(model_folder());
  TL_REQUIRE_ERROR(pipeline("text-classification", model, larger),
                   "pipeline: the tokenizer has " + std::to_string(model.config().vocab_size + 1) +
                       " tokens, but the model's vocab_size (config.json) is " +
                       std::to_string(model.config().vocab_size) + "; they do not belong together");
  const test::TemporaryFolder folder;
  Json json = read_json(model_folder() / "tokenizer.json");
  json["post_processor"] = nullptr;
  write_json(folder / "tokenizer.json", json);
  const auto classify = pipeline("text-classification", model, Tokenizer::from_pretrained(folder.path()));
  TL_REQUIRE_ERROR(classify(std::vector<std::string>{"film", " "}),
                   "text 1: expected a text with at least one token, got none");
}

TEST_CASE("pipeline: arguments that are not possible") {
  TL_REQUIRE_ERROR(pipeline("translation", model_folder()),
                   "pipeline: expected the task text-classification or sentiment-analysis, got translation");
  TL_REQUIRE_ERROR(pipeline("text-classification", model_folder(), {.batch_size = 0}),
                   "batch_size: expected at least 1, got 0");
  const auto classify = pipeline("text-classification", model_folder());
  TL_REQUIRE_ERROR(classify("a", {.truncation = true, .max_length = 0}),
                   "max_length: expected at least 2, the number of special tokens, got 0");
  TL_REQUIRE_ERROR(classify("a great film", {.truncation = true, .max_length = 1}),
                   "max_length: expected at least 2, the number of special tokens, got 1");
  TL_REQUIRE_ERROR(pipeline("text-classification", model_folder(), {.max_length = 1}),
                   "max_length: expected at least 2, the number of special tokens, got 1");
  CHECK(classify("a great film", {.max_length = 2}).score == classify("").score);
  TL_REQUIRE_ERROR(classify("a\xff"), "expected UTF-8, got an invalid sequence at byte 1");
  CHECK(function_to_apply("Softmax") == FunctionToApply::softmax);
  CHECK(function_to_apply("SIGMOID") == FunctionToApply::sigmoid);
  CHECK(function_to_apply("none") == FunctionToApply::none);
  TL_REQUIRE_ERROR(function_to_apply("relu"), "function_to_apply: expected softmax, sigmoid or none, got relu");
}

TEST_CASE("pipeline: logits that are not finite are no answer") {
  Classifier model = Classifier::from_pretrained(model_folder());
  const auto classify = pipeline("text-classification", model, Tokenizer::from_pretrained(model_folder()));
  model.parameters().at("classifier.bias").value().data()[1] = -std::nanf("");
  TL_REQUIRE_ERROR(classify("a film"),
                   "pipeline: expected finite logits, got nan; the weights of the model are damaged");
}

TEST_CASE("pipeline: a folder without a classification head is refused") {
  const test::TemporaryFolder folder;
  DistilBertModel::from_pretrained(model_folder()).save_pretrained(folder.path());
  Tokenizer::from_pretrained(model_folder()).save_pretrained(folder.path());
  TL_REQUIRE_ERROR(pipeline("text-classification", folder.path()),
                   "expected a fine-tuned classifier, its classification head is missing");
}

TEST_CASE("pipeline: the function follows from the kind of problem") {
  const std::vector<std::string> texts{"great film"};
  const auto function_of = [&](const char* problem, std::int64_t labels) {
    DistilBertConfig config = DistilBertConfig::from_pretrained(model_folder());
    if (problem) config.problem_type = problem;
    config.set_num_labels(labels);
    Classifier model(config);
    const auto classify = pipeline("text-classification", model, Tokenizer::from_pretrained(model_folder()));
    CHECK(classify(texts)[0].score ==  // the model predicts, although it has no loss for all of these problems
          classify.ranked(classify.apply(classify.logits(texts), FunctionToApply::automatic), 1)[0][0].score);
    const auto applied = classify.apply(Tensor<float>::from({1.0F, 3.0F}, {1, 2}), FunctionToApply::automatic);
    return applied.at({0, 0}) == 1.0F                                         ? "none"
           : std::abs(applied.at({0, 0}) + applied.at({0, 1}) - 1.0F) < 1e-5F ? "softmax"
                                                                              : "sigmoid";
  };
  CHECK(function_of(nullptr, 2) == std::string("softmax"));
  CHECK(function_of("single_label_classification", 3) == std::string("softmax"));
  CHECK(function_of(nullptr, 1) == std::string("sigmoid"));
  CHECK(function_of("multi_label_classification", 2) == std::string("sigmoid"));
  CHECK(function_of("regression", 1) == std::string("none"));
}

TEST_CASE("pipeline: long texts in windows are pooled, as the model says or as asked") {
  const auto classify = pipeline("text-classification", model_folder());
  const std::string text = "the film was awful not bad a very very great film me";
  const auto windows = encode_windows(classify.tokenizer(), std::vector{text}, {.max_length = 6, .stride = 1});
  REQUIRE(windows.window_lengths[0].size() > 2);
  const LongTexts how{.windows = true, .length = 6, .stride = 1, .pooling = WindowPooling::max};
  auto model = Classifier::from_pretrained(model_folder(), {.long_texts = how});
  detail::TokenIds sequences;
  detail::append_windows(sequences, windows.input_ids[0], windows.window_lengths[0]);
  Batch batch = pack(sequences);
  batch.cu_windows = detail::window_offsets(std::vector{static_cast<std::int32_t>(sequences.size())});
  const auto expected = model(batch).logits.value().to_vector();
  const auto asked = classify.logits({text, "me"}, {.batch_size = 2, .long_texts = how});
  CHECK(asked.size(0) == 2);
  const auto of_model = pipeline("text-classification", model, classify.tokenizer()).logits({text});
  for (std::size_t c = 0; c < expected.size(); ++c) {
    CHECK(asked.data()[c] == Approx(expected[c]).margin(1e-5));
    CHECK(of_model.data()[c] == Approx(expected[c]).margin(1e-5));
  }
  const auto whole = pipeline("text-classification", model, classify.tokenizer()).logits({text}, {.truncation = true});
  CHECK(std::abs(whole.data()[0] - expected[0]) > 1e-4F);  // truncation that is given wins
}

TEST_CASE("pipeline: a calibration decides, and no decision is unknown") {
  auto classify = pipeline("text-classification", model_folder());
  const std::string text = "not bad";
  const auto before = classify.top_k(text);
  const auto labels = classify.model().config().label_names();
  REQUIRE(labels.size() == 3);
  std::vector<double> thresholds(3, 0.499);  // the least likely class gets the least threshold
  for (std::size_t c = 0; c < 3; ++c)
    if (labels[c] == before[2].label) thresholds[c] = 0.0;
  classify.set_calibration({.temperature = 2.0, .thresholds = thresholds});
  CHECK(classify(text).label == before[2].label);
  CHECK(classify(text).score > before[2].score);  // a temperature above 1 levels
  CHECK(classify.top_k(text)[0].label == before[2].label);
  CHECK(classify.decide({text})[0].size() == 1);
  CHECK(classify(text, {.function_to_apply = FunctionToApply::softmax}).label == before[0].label);
  CHECK(classify(text, {.min_score = 0.99}).label == "unknown");
  classify.set_calibration({.min_score = 0.99});
  CHECK(classify(text).label == "unknown");
  CHECK(classify(text).score == Approx(before[0].score));
  CHECK(classify.decide({text})[0].empty());
  TL_REQUIRE_ERROR(classify.set_calibration({.thresholds = {0.5, 0.5}}),
                   "calibration: expected a threshold for each of the 3 classes, got 2");
  TL_REQUIRE_ERROR(classify(text, {.min_score = 1.5}), "pipeline: expected min_score in [0, 1], got 1.5");
  TL_REQUIRE_ERROR(classify(text, {.function_to_apply = FunctionToApply::none, .min_score = 0.5}),
                   "min_score: expected scores that are probabilities, got those of function_to_apply none");
}
