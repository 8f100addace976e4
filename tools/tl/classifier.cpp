// The only file of `tl evaluate` and `tl predict` that compiles the model.
#include "classifier.hpp"

#include <iostream>

#include <tl/pipelines/text_classification.hpp>
#include <tl/train/evaluation.hpp>

#include "loaded.hpp"

namespace program {

namespace {

std::shared_ptr<tl::Model> load(const std::string& folder, const tl::Tokenizer& tokenizer) {
  std::shared_ptr<tl::Model> model = tl::AutoModelForSequenceClassification::from_pretrained(folder);
  const tl::LoadReport& report = model->load_report();
  tl::check(report.complete(), tl::ErrorCode::format, folder,
            ": expected a trained classifier, got a model without a head; make one with tl train");
  check_layers(report, *model);
  tl::check_vocab_size(tokenizer, model->config().vocab_size, folder);
  if (const auto message = report.message(); !message.empty()) std::cerr << message << '\n';
  return model;
}

}  // namespace

struct Classifier::Model {
  Model(const std::string& folder, const tl::Tokenizer& tokenizer, bool bf16)
      : model(load(folder, tokenizer)),
        pipeline(tl::pipeline("text-classification", *model, tokenizer, {.bf16 = bf16})) {}

  std::shared_ptr<tl::Model> model;
  tl::TextClassificationPipeline pipeline;
};

Classifier::Classifier(const std::string& folder, const std::string& tokenizer, bool bf16)
    : tokenizer_(tl::Tokenizer::from_pretrained(tokenizer.empty() ? folder : tokenizer)),
      model_(new Model(folder, tokenizer_, bf16)) {}

Classifier::~Classifier() = default;

const tl::PretrainedConfig& Classifier::config() const { return model_->model->config(); }

std::vector<std::string> Classifier::labels() const { return config().label_names(); }

tl::Tensor<float> Classifier::logits(const std::vector<std::vector<std::int32_t>>& input_ids,
                                     const std::vector<std::vector<std::int32_t>>& token_types) const {
  const tl::NoGradGuard no_grad;
  return (*model_->model)(tl::pack(input_ids, token_types)).logits.value();
}

tl::Tensor<float> Classifier::scores(const tl::Tensor<float>& logits) const {
  return model_->pipeline.apply(logits, tl::FunctionToApply::automatic);
}

Classifier::Evaluation Classifier::evaluate(const tl::Dataset& rows, const std::string& name,
                                            std::int64_t batch_size) const {
  model_->model->check_trainable();
  const tl::PackedCollator collate(rows, tl::collator_options(*model_->model, name));
  auto result = tl::run_evaluation(*model_->model, collate, {.batch_size = batch_size});
  return {result.loss.value_or(0.0), std::move(result.prediction)};
}

}  // namespace program
