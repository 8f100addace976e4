// The only file of `tl evaluate` and `tl predict` that compiles the model.
#include "classifier.hpp"

#include <tl/pipelines/text_classification.hpp>
#include <tl/train/evaluation.hpp>

namespace program {

struct Classifier::Model {
  Model(const std::string& folder, const tl::Tokenizer& tokenizer)
      : model(tl::DistilBertForSequenceClassification::from_pretrained(folder)),
        pipeline(tl::pipeline("text-classification", model, tokenizer)) {}

  tl::DistilBertForSequenceClassification model;
  tl::TextClassificationPipeline<tl::DistilBertForSequenceClassification> pipeline;
};

Classifier::Classifier(const std::string& folder)
    : tokenizer_(tl::Tokenizer::from_pretrained(folder)), model_(new Model(folder, tokenizer_)) {
  tl::check(model_->model.load_report().complete(), tl::ErrorCode::format, folder,
            ": expected a trained classifier, got a model without a head; make one with tl train");
}

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
