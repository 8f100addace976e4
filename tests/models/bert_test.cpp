// BERT and the heads for tokens against the reference's answers for very small models:
// tests/reference/make_bert_cases.py.
#include <tl/models/auto_model.hpp>
#include <tl/models/bert.hpp>

#include "models/model_cases.hpp"
#include "support/catch.hpp"
#include "support/compare.hpp"
#include "support/reference.hpp"

using namespace tl;
using namespace tl::test;

namespace {

std::filesystem::path bert_folder() { return reference_file("tiny_bert"); }

const SafetensorsReader& bert_cases() {
  static const SafetensorsReader reader(reference_file("bert_cases.safetensors"));
  return reader;
}

Tensor<float> expected_of_bert(const std::string& name) {
  const auto& stored = bert_cases().at(name);
  Tensor<float> tensor = Tensor<float>::empty(stored.shape);
  read_floats(stored, tensor.span());
  return tensor;
}

template <class T> std::vector<T> integers_of_bert(const std::string& name) {
  const auto& stored = bert_cases().at(name);
  std::vector<T> values(stored.data.size() / sizeof(T));
  std::memcpy(values.data(), stored.data.data(), stored.data.size());
  return values;
}

// The stored rows of a column, cut into sequences.
std::vector<std::vector<std::int32_t>> sequences_of(const std::string& column) {
  const auto values = integers_of_bert<std::int32_t>(column);
  std::vector<std::vector<std::int32_t>> result;
  auto at = values.begin();
  for (const std::int32_t length : integers_of_bert<std::int32_t>("lengths")) {
    result.emplace_back(at, at + length);
    at += length;
  }
  return result;
}

Batch pairs() { return pack(sequences_of("input_ids"), sequences_of("token_type_ids")); }

Tensor<std::int64_t> labels_of(const std::string& name) {
  const auto values = integers_of_bert<std::int64_t>(name);
  return Tensor<std::int64_t>::from(values, {static_cast<std::int64_t>(values.size())});
}

constexpr const char* no_dropout = "hidden_dropout_prob=0,attention_probs_dropout_prob=0";

// Logits, loss and every gradient of one training step.
void check_step(Model& model, const Batch& batch, const Tensor<std::int64_t>& labels, const std::string& prefix) {
  model.train();
  const ModelOutput output = model(batch, labels);
  CHECK(largest_difference(output.logits.value(), expected_of_bert(prefix + "logits")) <= 2e-5);
  const double loss = expected_of_bert(prefix + "loss").item();
  CHECK(std::abs(output.loss.value().item() - loss) <= 1e-6 * loss);
  output.loss.backward();
  for (const auto& part : model.parameters().named()) {
    const Tensor<float> reference = expected_of_bert(prefix + "gradient." + part.name);
    INFO(part.name << ": norm " << norm(reference));
    // A constant added to all keys changes no softmax: the gradient of their bias is rounding errors around zero.
    const bool is_zero =
        part.name.find("key.bias") != std::string::npos || part.name.find("k_lin.bias") != std::string::npos;
    if (is_zero) CHECK(norm(part.gradient().clone()) <= 1e-6);
    else CHECK(relative_difference(part.gradient().clone(), reference) <= 1e-4);
  }
}

// The classifier of the token heads in the cases, which the checkpoints do not have.
void set_token_classifier(Model& model) {
  Tensor<float> weight = model.parameters().at("classifier.weight").value();
  for (std::int64_t i = 0; i < weight.elements(); ++i) weight.data()[i] = (static_cast<float>(i) - 36.0F) / 100.0F;
  Tensor<float> bias = model.parameters().at("classifier.bias").value();
  for (std::int64_t i = 0; i < 3; ++i) bias.data()[i] = std::array{0.1F, -0.2F, 0.3F}[static_cast<std::size_t>(i)];
}

}  // namespace

TEST_CASE("BERT: logits, loss and every gradient on pairs are the reference's") {
  auto model = BertForSequenceClassification::from_pretrained(bert_folder(), {.config_overrides = no_dropout});
  CHECK(model.load_report().message().empty());
  CHECK(model.parameters().named().size() == 57);
  check_step(model, pairs(), labels_of("labels"), "");
}

TEST_CASE("BERT: hidden states and pooler output without a head") {
  const auto model = AutoModel::from_pretrained(bert_folder());
  CHECK(model->class_name() == "BertModel");
  const ModelOutput output = (*model)(pairs());
  CHECK(largest_difference(output.last_hidden_state.value(), expected_of_bert("hidden")) <= 2e-5);
  CHECK(largest_difference(output.pooler_output.value(), expected_of_bert("pooler")) <= 2e-5);
}

TEST_CASE("the head for tokens: logits, loss and every gradient on BERT and DistilBERT") {
  const auto bert = AutoModelForTokenClassification::from_pretrained(bert_folder(), {.config_overrides = no_dropout});
  CHECK(bert->class_name() == "BertForTokenClassification");
  CHECK(bert->load_report().unexpected ==
        std::vector<std::string>{"bert.pooler.dense.bias", "bert.pooler.dense.weight"});
  set_token_classifier(*bert);
  check_step(*bert, pairs(), labels_of("token_labels"), "tokens.");

  const auto distilbert = AutoModelForTokenClassification::from_pretrained(
      tiny_folder(), {.config_overrides = "dropout=0,attention_dropout=0"});
  CHECK(distilbert->class_name() == "DistilBertForTokenClassification");
  set_token_classifier(*distilbert);
  check_step(*distilbert, pack(sequences_of("input_ids")), labels_of("token_labels"), "distilbert.");
}

TEST_CASE("BERT: without token types all are 0, and a saved folder gives the same bits") {
  const auto model = BertForSequenceClassification::from_pretrained(bert_folder());
  const auto ids = sequences_of("input_ids");
  std::vector<std::vector<std::int32_t>> zeros;
  for (const auto& row : ids) zeros.emplace_back(row.size(), 0);
  const Tensor<float> logits = model(pack(ids)).logits.value();
  CHECK(same_bits(logits, model(pack(ids, zeros)).logits.value()));
  CHECK_FALSE(same_bits(logits, model(pairs()).logits.value()));
  const TemporaryFolder folder;
  model.save_pretrained(folder.path());
  const auto again = AutoModelForSequenceClassification::from_pretrained(folder.path());
  CHECK(same_bits((*again)(pairs()).logits.value(), model(pairs()).logits.value()));
  CHECK(read_json(folder / "config.json").at("model_type") == "bert");
}

TEST_CASE("BERT: with dropout the last block for [CLS] alone has the values of the full pass") {
  auto model = BertForSequenceClassification::from_pretrained(bert_folder());
  model.train();
  model.context().step = 3;
  const Tensor<float> once = model(pairs()).logits.value(), twice = model(pairs()).logits.value();
  CHECK(same_bits(once, twice));
  model.context().step = 4;
  CHECK_FALSE(same_bits(once, model(pairs()).logits.value()));
}

TEST_CASE("BERT: the module tree is the reference's") {
  const std::string tree = to_string(BertForTokenClassification::from_pretrained(bert_folder()));
  for (const char* line : {"BertForTokenClassification(\n  (bert): BertModel(\n    (embeddings): BertEmbeddings(",
                           "(0-2): 3 x BertLayer(", "(self): BertSelfAttention(", "(output): BertSelfOutput(",
                           "(intermediate_act_fn): GELUActivation()", "(output): BertOutput("})
    CHECK(tree.find(line) != std::string::npos);
  CHECK(tree.find("pooler") == std::string::npos);
}

// The tiny BERT in `folder`, its tensors renamed, its configuration without `left_out`.
template <class Rename>
void write_renamed(const std::filesystem::path& folder, const Rename& rename, const std::string& left_out = "") {
  const SafetensorsReader reader(bert_folder());
  std::vector<SafetensorView> tensors = reader.tensors();
  for (SafetensorView& tensor : tensors) rename(tensor.name);
  write_safetensors(folder / "model.safetensors", tensors);
  Json config = read_json(bert_folder() / "config.json");
  if (!left_out.empty()) config.erase(left_out);
  write_json(folder / "config.json", config);
}

TEST_CASE("BERT: old names of layer norms, an encoder without prefix, both, and a folder without model_type") {
  const auto replace = [](std::string& name, std::string_view from, std::string_view to) {
    if (const auto at = name.find(from); at != std::string::npos) name.replace(at, from.size(), to);
  };
  const auto old_names = [&](std::string& name) {
    replace(name, "LayerNorm.weight", "LayerNorm.gamma");
    replace(name, "LayerNorm.bias", "LayerNorm.beta");
  };
  const auto no_prefix = [&](std::string& name) { replace(name, "bert.", ""); };
  const auto both = [&](std::string& name) { old_names(name), no_prefix(name); };
  const auto original = BertForSequenceClassification::from_pretrained(bert_folder());
  const auto same = [&](const std::filesystem::path& folder) {
    const auto model = AutoModelForSequenceClassification::from_pretrained(folder);
    CHECK(model->class_name() == "BertForSequenceClassification");
    CHECK(model->load_report().message() == "");
    return same_bits(model->parameters().values(), original.parameters().values());
  };
  const TemporaryFolder a, b, c, d;
  write_renamed(a.path(), old_names);
  CHECK(same(a.path()));
  write_renamed(b.path(), no_prefix);
  CHECK(same(b.path()));
  write_renamed(c.path(), both);
  CHECK(same(c.path()));
  write_renamed(
      d.path(), [](std::string&) {}, "model_type");
  CHECK(same(d.path()));
}

TEST_CASE("BERT: configurations that tl does not have, and families without a model") {
  const auto config = [](const std::string& text) { return BertConfig::from_json(parse_json(text, "x"), "x"); };
  TL_REQUIRE_ERROR(config(R"({"position_embedding_type": "relative_key", "is_decoder": true})"),
                   "x: position_embedding_type: expected absolute, got relative_key, which tl does not have; "
                   "is_decoder: expected an encoder, got true");
  TL_REQUIRE_ERROR(config(R"({"hidden_size": 10, "num_attention_heads": 4})"),
                   "x: hidden_size: expected a multiple of num_attention_heads = 4, got 10");
  CHECK(config(R"({"position_embedding_type": null})").to_json("BertModel").at("position_embedding_type").is_null());
  TL_REQUIRE_ERROR(config(R"({"position_embedding_type": 1})"),
                   "x: expected a string or null for \"position_embedding_type\", got 1");
  CHECK(config(R"({"classifier_dropout": null})").head_dropout() == 0.1);
  CHECK(config(R"({"classifier_dropout": 0.3})").head_dropout() == 0.3);
  const TemporaryFolder folder;
  write_json(folder / "config.json", {{"model_type", "roberta"}});
  TL_REQUIRE_ERROR(AutoModelForTokenClassification::from_pretrained(folder.path()),
                   "expected a \"model_type\" that has a model for token classification, distilbert, bert, got "
                   "\"roberta\"");
}

TEST_CASE("AutoModel: a custom model_type") {
  ModelRegistry::instance().add(Task::sequence_classification, "mine",
                                [](const std::filesystem::path&, const FromPretrainedOptions& options) {
                                  return std::make_unique<BertForSequenceClassification>(
                                      BertForSequenceClassification::from_pretrained(bert_folder(), options));
                                });
  const TemporaryFolder folder;
  write_json(folder / "config.json", {{"model_type", "mine"}});
  CHECK(AutoModelForSequenceClassification::from_pretrained(folder.path())->config().num_labels() == 3);
}
