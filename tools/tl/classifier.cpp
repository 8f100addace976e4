// The only file of `tl evaluate` and `tl predict` that compiles the model.
#include "classifier.hpp"

#include <iostream>

#include <tl/pipelines/text_classification.hpp>
#include <tl/train/evaluation.hpp>

#include "loaded.hpp"

namespace program {

namespace {

tl::DistilBertForSequenceClassification load(const std::string& folder, const tl::Tokenizer& tokenizer) {
  auto model = tl::DistilBertForSequenceClassification::from_pretrained(folder);
  const tl::LoadReport& report = model.load_report();
  tl::check(report.complete(), tl::ErrorCode::format, folder,
            ": expected a trained classifier, got a model without a head; make one with tl train");
  check_layers(report, model.config());
  tl::check_vocab_size(tokenizer, model.config().vocab_size, folder);
  if (const auto message = report.message(); !message.empty()) std::cerr << message << '\n';
  return model;
}

}  // namespace

struct Classifier::Model {
  Model(const std::string& folder, const tl::Tokenizer& tokenizer, bool bf16)
      : model(load(folder, tokenizer)),
        pipeline(tl::pipeline("text-classification", model, tokenizer, {.bf16 = bf16})) {}

  tl::DistilBertForSequenceClassification model;
  tl::TextClassificationPipeline<tl::DistilBertForSequenceClassification> pipeline;
};

Classifier::Classifier(const std::string& folder, const std::string& tokenizer, bool bf16)
    : tokenizer_(tl::Tokenizer::from_pretrained(tokenizer.empty() ? folder : tokenizer)),
      model_(new Model(folder, tokenizer_, bf16)) {}

Classifier::~Classifier() = default;

const tl::DistilBertConfig& Classifier::config() const { return model_->model.config(); }

std::vector<std::string> Classifier::labels() const {
  std::vector<std::string> names;
  for (const auto& [id, name] : config().id2label) names.push_back(name);
  return names;
}

tl::Tensor<float> Classifier::logits(const std::vector<std::vector<std::int32_t>>& input_ids) const {
  const tl::NoGradGuard no_grad;
  return model_->model(tl::pack(input_ids)).logits.value();
}

tl::Tensor<float> Classifier::scores(const tl::Tensor<float>& logits) const {
  return model_->pipeline.apply(logits, tl::FunctionToApply::automatic);
}

Classifier::Evaluation Classifier::evaluate(const tl::Dataset& rows, const std::string& name,
                                            std::int64_t batch_size) const {
  model_->model.check_trainable();
  const tl::PackedCollator collate(
      rows, {.name = name, .num_labels = config().num_labels(), .vocab_size = config().vocab_size});
  auto result = tl::run_evaluation(model_->model, collate, {.batch_size = batch_size});
  return {result.loss.value_or(0.0), std::move(result.prediction)};
}

}  // namespace program
