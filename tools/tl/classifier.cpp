// The model of `tl predict`.
#include "classifier.hpp"

#include <tl/pipelines/text_classification.hpp>

#include "tasks/task.hpp"

namespace program {

namespace {

std::shared_ptr<tl::Model> load(const std::string& folder, const tl::Tokenizer& tokenizer) {
  std::shared_ptr<tl::Model> model = tl::AutoModelForSequenceClassification::from_pretrained(folder);
  check_trained(*model, tokenizer, folder);
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

tl::Tensor<float> Classifier::logits(const std::vector<std::vector<std::int32_t>>& input_ids,
                                     const std::vector<std::vector<std::int32_t>>& token_types) const {
  const tl::NoGradGuard no_grad;
  return (*model_->model)(tl::pack(input_ids, token_types)).logits.value();
}

tl::Tensor<float> Classifier::scores(const tl::Tensor<float>& logits) const {
  return model_->pipeline.apply(logits, tl::FunctionToApply::automatic);
}

}  // namespace program
