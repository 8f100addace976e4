// The losses of the kinds of problems: values and gradients of the reference, what decides the kind, what a folder
// keeps of it, and labels and settings that do not fit.
#include "models/model_cases.hpp"

#include <tl/io/json_file.hpp>
#include <tl/models/custom_model.hpp>
#include <tl/models/losses.hpp>

#include "support/temporary_folder.hpp"

using namespace tl::test;
using tl::DistilBertForSequenceClassification;

namespace {

tl::NamedTensors float_labels(const std::vector<float>& values, const tl::Shape& shape) {
  tl::NamedTensors labels;
  labels.set("labels", tl::Tensor<float>::from(values, shape));
  return labels;
}

tl::NamedTensors id_labels(const std::vector<std::int64_t>& ids) {
  tl::NamedTensors labels;
  labels.set("labels", tl::Tensor<std::int64_t>::from(ids, {static_cast<std::int64_t>(ids.size())}));
  return labels;
}

/// The model of make_problem_cases.py: the encoder of the small model, and the head that was drawn.
DistilBertForSequenceClassification problem_model(const nlohmann::json& stored) {
  const auto tiny = tiny_model();
  tl::DistilBertConfig config = tiny.config();
  if (stored.at("num_labels") == 1) config.set_labels({"price"});
  config.problem_type.reset();
  if (!stored.at("given").is_null()) config.problem_type = stored.at("given").get<std::string>();
  tl::Mt19937 generator(1);
  DistilBertForSequenceClassification model(config, generator);
  for (const auto& part : model.parameters().named()) {
    tl::Tensor<float> value = part.value();
    if (part.name == "classifier.weight") {
      std::size_t at = 0;
      for (const auto& row : stored.at("weight"))
        for (const float weight : row) value.span()[at++] = weight;
    } else if (part.shape() == tiny.parameters().at(part.name).value().shape()) {
      value.copy_from(tiny.parameters().at(part.name).value());
    }
  }
  model.train();
  return model;
}

std::vector<float> flat(const nlohmann::json& rows) {
  std::vector<float> values;
  for (const auto& row : rows) {
    if (!row.is_array()) values.push_back(row);
    else
      for (const float value : row) values.push_back(value);
  }
  return values;
}

/// Two logits of each sequence, which are the parameters.
struct TwoLogits {
  tl::nn::Linear<float> out{1, 2};
  template <class Visit> void members(Visit& visit) { visit("out", out); }
  tl::ModelOutput forward(const tl::Batch& batch, const tl::nn::ForwardContext& context) const {
    return {.logits = out(tl::Variable<float>(tl::Tensor<float>::full({batch.sequences(), 1}, 1.0F)), context)};
  }
};

}  // namespace

TEST_CASE("losses: several labels and numbers have the reference's losses and gradients") {
  const auto document = nlohmann::json::parse(read_text(reference_file("problem_cases.json")));
  const auto ids = document.at("ids").get<std::vector<std::vector<std::int32_t>>>();
  for (const auto& stored : document.at("cases")) {
    INFO(stored.at("name"));
    auto model = problem_model(stored);
    tl::Batch batch = tl::pack(ids);
    const std::vector<float> labels = flat(stored.at("labels"));
    const std::int64_t count = stored.at("num_labels");
    batch.labels = float_labels(labels, count == 1 ? tl::Shape{4} : tl::Shape{4, count});
    CHECK(model.problem_type().has_value() == !stored.at("given").is_null());
    const auto output = model(batch);
    const double loss = stored.at("loss");
    CHECK(std::abs(static_cast<double>(output.loss.value().item()) - loss) <= 1e-6 * loss);
    CHECK(to_string(*model.problem_type()) == stored.at("problem_type"));
    output.loss.backward();
    for (const auto& [name, norm] : stored.at("norms").items()) {
      double squares = 0.0;
      const tl::Tensor<float> gradient = model.parameters().at(name).gradient();
      for (const float g : gradient.span()) squares += static_cast<double>(g) * static_cast<double>(g);
      INFO(name);
      CHECK(std::abs(std::sqrt(squares) - norm.get<double>()) <= 1e-4 * norm.get<double>());
    }
    // The first labels decide, and the folder says it.
    const TemporaryFolder folder;
    model.save_pretrained(folder.path());
    CHECK(tl::read_json(folder / "config.json").at("problem_type") == stored.at("problem_type"));
    const auto again = DistilBertForSequenceClassification::from_pretrained(folder.path());
    CHECK(to_string(*again.problem_type()) == stored.at("problem_type"));
  }
}

TEST_CASE("losses: from_pretrained sets the problem_type") {
  const auto model = DistilBertForSequenceClassification::from_pretrained(
      tiny_folder(), {.problem_type = tl::ProblemType::multi_label_classification});
  CHECK(model.config().problem_type == "multi_label_classification");
}

TEST_CASE("losses: a user's network has them, too") {
  tl::CustomModel<TwoLogits> model;
  tl::Batch batch = tl::pack(std::vector<std::vector<std::int32_t>>{{1}, {2}});
  batch.labels = float_labels({1, 0, 0, 1}, {2, 2});
  CHECK(std::abs(model(batch).loss.value().item() - std::log(2.0F)) <= 1e-6F);  // logits are 0
  CHECK(model.problem_type() == tl::ProblemType::multi_label_classification);
  batch.labels = id_labels({1, 0});  // the first labels have decided
  TL_REQUIRE_ERROR(model(batch),
                   "labels: expected float labels [2, 2], as the logits are, because problem_type is "
                   "multi_label_classification, got i64[2]@cpu");
  tl::PretrainedConfig config;
  config.set_num_labels(2);
  config.problem_type = "regression";
  tl::CustomModel<TwoLogits> regression;
  regression.set_config(config);
  batch.labels = float_labels({1, -2, 3, 0}, {2, 2});
  CHECK(std::abs(regression(batch).loss.value().item() - 3.5F) <= 1e-6F);
  batch.labels = float_labels({1, -2}, {2});
  TL_REQUIRE_ERROR(regression(batch),
                   "labels: expected float labels [2, 2], as the logits are, because problem_type is regression, got "
                   "f32[2]@cpu");
}

TEST_CASE("losses: settings that the problem does not have") {
  tl::CustomModel<TwoLogits> model;
  tl::Batch batch = tl::pack(std::vector<std::vector<std::int32_t>>{{1}, {2}});
  const tl::ModelOutput output = model(batch);
  const tl::Tensor<float> weights = tl::Tensor<float>::full({2}, 2.0F);
  batch.labels = id_labels({1, 0});
  TL_REQUIRE_ERROR(tl::model_loss(model, output, batch, {.pos_weight = weights}),
                   "pos_weight: expected a model whose problem_type is multi_label_classification, got one for "
                   "single_label_classification");
  CHECK_NOTHROW(tl::model_loss(model, output, batch, {.focal_gamma = 2, .class_weights = weights}));
  tl::CustomModel<TwoLogits> several;
  batch.labels = float_labels({1, 0, 0, 1}, {2, 2});
  CHECK_NOTHROW(tl::model_loss(several, output, batch, {.pos_weight = weights}));
  const std::string sentence =
      ": expected a model whose problem_type is single_label_classification, got one for multi_label_classification";
  TL_REQUIRE_ERROR(tl::model_loss(several, output, batch, {.class_weights = weights}), "class_weights" + sentence);
  TL_REQUIRE_ERROR(tl::model_loss(several, output, batch, {.focal_gamma = 1}), "focal_gamma" + sentence);
  TL_REQUIRE_ERROR(tl::model_loss(several, output, batch, {.label_smoothing = 0.1}),
                   "label_smoothing_factor" + sentence);
}

TEST_CASE("losses: what the loss of a batch is a mean over") {
  tl::Batch batch = tl::pack(std::vector<std::vector<std::int32_t>>{{1}, {2}, {3}});
  CHECK(tl::loss_items(batch) == 0.0);
  batch.labels = id_labels({1, -100, 0});
  CHECK(tl::loss_items(batch) == 2.0);
  CHECK(tl::loss_items(batch, {.class_weights = tl::Tensor<float>::from({0.5F, 3}, {2})}) == 3.5);
  batch.labels = float_labels({1, 0, 0, 1, 1, 1}, {3, 2});
  CHECK(tl::loss_items(batch) == 6.0);
}
