// The model of `tl predict`.
#include "classifier.hpp"

#include <algorithm>
#include <span>

#include <tl/data/window_lengths.hpp>
#include <tl/pipelines/text_classification.hpp>

#include "lengths.hpp"
#include "tasks/task.hpp"
#include "token_rows.hpp"

namespace program {

namespace {

std::shared_ptr<tl::Model> load(const std::string& folder, const tl::Tokenizer& tokenizer,
                                const tl::LongTexts& long_texts) {
  std::shared_ptr<tl::Model> model =
      tl::AutoModelForSequenceClassification::from_pretrained(folder, {.long_texts = long_texts});
  check_trained(*model, tokenizer, folder);
  return model;
}

}  // namespace

struct Classifier::Model {
  Model(const PredictOptions& options, const tl::Tokenizer& tokenizer, const tl::LongTexts& long_texts)
      : model(load(options.model, tokenizer, long_texts)),
        pipeline(tl::pipeline("text-classification", *model, tokenizer,
                              {.bf16 = options.bf16, .device = options.device()})) {
    if (const auto stored = tl::load_calibration(options.model, model->config().num_labels(), model->parameters()))
      pipeline.set_calibration(*stored);
  }

  std::shared_ptr<tl::Model> model;
  tl::TextClassificationPipeline pipeline;
};

Classifier::Classifier(const PredictOptions& options, const tl::LongTexts& long_texts)
    : tokenizer_(tl::Tokenizer::from_pretrained(options.tokenizer.empty() ? options.model : options.tokenizer)),
      model_(new Model(options, tokenizer_, long_texts)) {}

Classifier::~Classifier() = default;

const tl::PretrainedConfig& Classifier::config() const { return model_->model->config(); }

const tl::Calibration& Classifier::calibration() const { return model_->pipeline.calibration(); }

tl::EncodeOptions Classifier::window_options(std::optional<std::int64_t> asked) const {
  const tl::LongTexts& how = config().long_texts;
  std::int64_t length = cut_length(tokenizer_, asked, longest()).value_or(longest());
  if (how.length > 0) length = std::min(length, how.length);
  check_stride(tokenizer_, length, how.stride);
  return {.max_length = static_cast<int>(length), .stride = static_cast<int>(how.stride)};
}

tl::Tensor<float> Classifier::logits(const tl::WindowColumns& texts) const {
  const tl::NoGradGuard no_grad;
  const tl::Model& model = *model_->model;
  const auto logits_of = [&model](const tl::Batch& batch) {
    return model(batch.to(model.device())).logits.value().to(tl::cpu_device);
  };
  const auto& windows = texts.window_lengths;
  if (windows.empty()) return logits_of(tl::pack(texts.input_ids, texts.token_type_ids));
  // Text by text: one may have more windows than a batch has room for texts.
  const auto classes = config().num_labels(), rows = static_cast<std::int64_t>(windows.size());
  auto result = tl::Tensor<float>::empty({rows, classes});
  for (std::size_t i = 0; i < windows.size(); ++i) {
    std::vector<std::vector<std::int32_t>> ids, types;
    tl::detail::append_windows(ids, texts.input_ids[i], windows[i]);
    if (!texts.token_type_ids.empty()) tl::detail::append_windows(types, texts.token_type_ids[i], windows[i]);
    tl::Batch batch = tl::pack(ids, types);
    const auto count = static_cast<std::int32_t>(windows[i].size());
    batch.cu_windows = tl::detail::window_offsets(std::span(&count, 1));
    const tl::Tensor<float> logits = logits_of(batch);
    std::ranges::copy(logits.span(), result.data() + static_cast<std::int64_t>(i) * classes);
  }
  return result;
}

tl::Tensor<float> Classifier::scores(const tl::Tensor<float>& logits) const {
  return model_->pipeline.apply(logits, tl::FunctionToApply::automatic);
}

}  // namespace program
