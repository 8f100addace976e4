// The text-classification pipeline: texts in, labels and scores out. It tokenizes, batches by length without padding,
// runs the model in evaluation mode (it switches that itself) and puts the results back into the order of the texts.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/autograd/variable.hpp>
#include <tl/core/batch.hpp>
#include <tl/core/finite.hpp>
#include <tl/core/fork_gate.hpp>
#include <tl/core/sort.hpp>
#include <tl/models/auto_model.hpp>
#include <tl/text/tokenizer.hpp>

namespace tl {

/// One label with its score.
struct [[nodiscard]] Classification {
  std::string label;
  double score = 0.0;
};

/// How logits become scores. automatic: none for regression, sigmoid for several labels at once or a single output,
/// else softmax.
enum class FunctionToApply { automatic, softmax, sigmoid, none };

/// The function named `name`, in any case. Throws Error(invalid_argument) with the allowed names.
inline FunctionToApply function_to_apply(std::string_view name) {
  std::string lower(name);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (lower == "softmax") return FunctionToApply::softmax;
  if (lower == "sigmoid") return FunctionToApply::sigmoid;
  if (lower == "none") return FunctionToApply::none;
  fail(ErrorCode::invalid_argument, "function_to_apply: expected softmax, sigmoid or none, got ", name);
}

struct TextClassificationOptions {
  std::int64_t batch_size = 8;
  /// true: cut texts that are too long; false: refuse them; nothing: cut if max_length is given.
  std::optional<bool> truncation{};
  std::optional<std::int64_t> max_length{};  ///< tokens that remain of a text; default: what the model takes
  FunctionToApply function_to_apply = FunctionToApply::automatic;
  bool bf16 = false;  ///< matrix products in bfloat16: of the pipeline as a whole, not of a call
};

class [[nodiscard]] TextClassificationPipeline {
 public:
  /// Throws Error(invalid_argument) for a batch_size below 1, a max_length below the number of special tokens, a
  /// tokenizer with more tokens than the model, or a model that has no named classes of texts. `frozen` is a promise
  /// that the weights are not written to any more, through parameters() or otherwise: in bf16 the pipeline then packs
  /// them once for all calls.
  TextClassificationPipeline(std::shared_ptr<Model> model, const Tokenizer& tokenizer,
                             TextClassificationOptions options = {}, bool frozen = false)
      : model_(std::move(model)), tokenizer_(tokenizer), options_(options) {
    const bool of_texts = model_->task() == Task::sequence_classification || model_->task() == Task::other;
    check(of_texts && model_->config().num_labels() > 0, ErrorCode::invalid_argument,
          "text-classification: expected a model that classifies texts, got ", model_->class_name());
    check_options(options_);
    if (model_->config().vocab_size > 0) check_vocab_size(tokenizer_, model_->config().vocab_size, "pipeline");
    set_mode();
    if (frozen) weights_ = std::make_shared<PackedWeightCache>();
  }

  /// The best label of a text and its score.
  Classification operator()(std::string_view text) const { return (*this)(text, options_); }
  Classification operator()(std::string_view text, const TextClassificationOptions& options) const {
    return best(scores(one(text), options), 0);
  }
  Classification operator()(const char* text) const { return (*this)(std::string_view(text)); }
  Classification operator()(const std::string& text) const { return (*this)(std::string_view(text)); }

  /// The same for many texts, in their order.
  [[nodiscard]] std::vector<Classification> operator()(std::span<const std::string> texts) const {
    return (*this)(texts, options_);
  }
  [[nodiscard]] std::vector<Classification> operator()(std::span<const std::string> texts,
                                                       const TextClassificationOptions& options) const {
    const Tensor<float> all = scores(texts, options);
    std::vector<Classification> result;
    for (std::int64_t row = 0; row < all.size(0); ++row) result.push_back(best(all, row));
    return result;
  }
  [[nodiscard]] std::vector<Classification> operator()(const std::vector<std::string>& texts) const {
    return (*this)(std::span(texts));
  }
  [[nodiscard]] std::vector<Classification> operator()(std::initializer_list<std::string> texts) const {
    return (*this)(texts, options_);
  }
  // Without it, two texts in braces would be one std::string_view from the first address to the second.
  [[nodiscard]] std::vector<Classification> operator()(std::initializer_list<std::string> texts,
                                                       const TextClassificationOptions& options) const {
    return (*this)(std::span(texts.begin(), texts.size()), options);
  }

  /// The k best labels, best first; without k all of them.
  [[nodiscard]] std::vector<Classification> top_k(std::string_view text, std::optional<std::int64_t> k = {}) const {
    return ranked(scores(one(text), options_), k)[0];
  }
  [[nodiscard]] std::vector<std::vector<Classification>> top_k(std::span<const std::string> texts,
                                                               std::optional<std::int64_t> k = {}) const {
    return ranked(scores(texts, options_), k);
  }
  [[nodiscard]] std::vector<std::vector<Classification>> top_k(std::initializer_list<std::string> texts,
                                                               std::optional<std::int64_t> k = {}) const {
    return top_k(std::span(texts.begin(), texts.size()), k);
  }

  /// What the model computes before any function is applied: [texts, C].
  Tensor<float> logits(std::span<const std::string> texts) const { return logits(texts, options_); }
  /// Throws Error(shape) naming the text and its number of tokens if it is too long and truncation is off,
  /// Error(numeric) if the model computes NaN or infinity.
  Tensor<float> logits(std::span<const std::string> texts, const TextClassificationOptions& options) const;
  Tensor<float> logits(std::initializer_list<std::string> texts) const { return logits(texts, options_); }
  Tensor<float> logits(std::initializer_list<std::string> texts, const TextClassificationOptions& options) const {
    return logits(std::span(texts.begin(), texts.size()), options);
  }

  /// What `function` (as resolved from the model for `automatic`) makes of logits [B, C]: a new tensor [B, C].
  Tensor<float> apply(const Tensor<float>& logits, FunctionToApply function) const;

  /// The k best labels of each row of scores [B, C], best first; equal scores in the order of the classes.
  [[nodiscard]] std::vector<std::vector<Classification>> ranked(const Tensor<float>& scores,
                                                                std::optional<std::int64_t> k = {}) const;

  const Model& model() const { return *model_; }
  const Tokenizer& tokenizer() const { return tokenizer_; }
  const TextClassificationOptions& options() const { return options_; }

 private:
  static std::vector<std::string> one(std::string_view text) { return {std::string(text)}; }

  /// Puts the model into evaluation mode, and into bf16 if that is wanted. Writes only what is not so already: others
  /// may be predicting with the model.
  void set_mode() const {
    static std::mutex mutex;
    const std::shared_lock gate(tl::detail::fork_gate());
    const std::scoped_lock lock(mutex);
    if (model_->training()) model_->train(false);
    if (options_.bf16 && model_->context().precision != Precision::bf16) model_->context().precision = Precision::bf16;
  }

  /// Logits [B, C] of a batch, in a context of this call: other threads may be predicting with the model.
  Variable<float> run(const Batch& batch, const std::shared_ptr<PackedWeightCache>& weights) const {
    nn::ForwardContext context = model_->context();
    context.packed_weights = weights;
    return model_->forward(batch, context).logits;
  }

  void check_options(const TextClassificationOptions& options) const {
    check(options.batch_size >= 1, ErrorCode::invalid_argument, "batch_size: expected at least 1, got ",
          options.batch_size);
    const std::int64_t special = std::max<std::int64_t>(1, tokenizer_.num_special_tokens_to_add());
    check(!options.max_length || *options.max_length >= special, ErrorCode::invalid_argument,
          "max_length: expected at least ", special, ", the number of special tokens, got ",
          options.max_length.value_or(0));
  }

  Tensor<float> scores(std::span<const std::string> texts, const TextClassificationOptions& options) const {
    return apply(logits(texts, options), options.function_to_apply);
  }

  Classification best(const Tensor<float>& scores, std::int64_t row) const {
    const float* const values = scores.data() + row * scores.size(1);
    return classification(values, std::max_element(values, values + scores.size(1)) - values);
  }

  Classification classification(const float* values, std::int64_t id) const {
    return {model_->config().id2label.at(id), static_cast<double>(values[id])};
  }

  std::vector<std::vector<std::int32_t>> tokenize(std::span<const std::string> texts,
                                                  const TextClassificationOptions& options) const;

  FunctionToApply resolved(FunctionToApply function) const {
    if (function != FunctionToApply::automatic) return function;
    const std::string problem = model_->config().problem_type.value_or("");
    if (problem == "regression") return FunctionToApply::none;
    if (problem == "multi_label_classification") return FunctionToApply::sigmoid;
    return model_->config().id2label.size() == 1 ? FunctionToApply::sigmoid : FunctionToApply::softmax;
  }

  std::shared_ptr<Model> model_;
  Tokenizer tokenizer_;
  TextClassificationOptions options_;
  std::shared_ptr<PackedWeightCache> weights_;  // of a frozen model
};

inline std::vector<std::vector<std::int32_t>> TextClassificationPipeline::tokenize(
    std::span<const std::string> texts, const TextClassificationOptions& options) const {
  const std::int64_t most = model_->config().max_position_embeddings;
  const bool truncate = options.truncation.value_or(options.max_length.has_value());
  EncodeOptions tokenize{.truncation = truncate};
  if (truncate)
    tokenize.max_length =
        std::min({most, tokenizer_.model_max_length().value_or(most), options.max_length.value_or(most)});
  auto ids = tokenizer_.encode_ids(texts, tokenize);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    check(static_cast<std::int64_t>(ids[i].size()) <= most, ErrorCode::shape, "text ", i, ": expected at most ", most,
          " tokens, which is what the model takes, got ", ids[i].size(),
          "; set truncation = true, or shorten the text");
    // The tokenizer adds no [CLS], and there is nothing else.
    check(!ids[i].empty(), ErrorCode::shape, "text ", i, ": expected a text with at least one token, got none");
  }
  return ids;
}

inline Tensor<float> TextClassificationPipeline::logits(std::span<const std::string> texts,
                                                        const TextClassificationOptions& options) const {
  check_options(options);
  set_mode();  // it may have been trained since the pipeline was made
  const NoGradGuard no_grad;
  auto ids = tokenize(texts, options);
  const auto order = detail::argsort(ids.size(), [&](std::int64_t a, std::int64_t b) {  // long texts first
    return ids[static_cast<std::size_t>(a)].size() > ids[static_cast<std::size_t>(b)].size();
  });
  const auto classes = static_cast<std::int64_t>(model_->config().id2label.size());
  Tensor<float> result = Tensor<float>::empty({static_cast<std::int64_t>(ids.size()), classes});  // [texts, C]
  const auto step = static_cast<std::size_t>(options.batch_size);
  auto weights = weights_;  // of this call only, unless the model is frozen: it may be trained between two calls
  if (!weights && order.size() > step) weights = std::make_shared<PackedWeightCache>();
  for (std::size_t begin = 0; begin < order.size(); begin += step) {
    const std::size_t end = std::min(order.size(), begin + step);
    std::vector<std::vector<std::int32_t>> batch;
    for (std::size_t i = begin; i < end; ++i) batch.push_back(std::move(ids[static_cast<std::size_t>(order[i])]));
    const Tensor<float> logits = run(pack(batch), weights).value().to(cpu_device);  // [B, C]
    const float* row = logits.data();
    for (std::size_t i = begin; i < end; ++i, row += classes)
      std::copy_n(row, classes, result.data() + order[i] * classes);
  }
  for (const float logit : result.span())
    check(detail::is_finite(logit), ErrorCode::numeric, "pipeline: expected finite logits, got ",
          detail::is_nan(logit) ? "nan" : "inf", "; the weights of the model are damaged");
  return result;
}

inline Tensor<float> TextClassificationPipeline::apply(const Tensor<float>& logits, FunctionToApply function) const {
  function = resolved(function);
  Tensor<float> scores = logits.clone();  // [B, C]
  if (function == FunctionToApply::none) return scores;
  if (function == FunctionToApply::sigmoid) {
    for (float& x : scores.span()) x = 1.0F / (1.0F + std::exp(-x));
    return scores;
  }
  for (std::int64_t row = 0; row < scores.size(0); ++row) {
    const std::int64_t classes = scores.size(1);
    const std::span<float> values(scores.data() + row * classes, static_cast<std::size_t>(classes));
    const float largest = *std::max_element(values.begin(), values.end());
    float sum = 0.0F;
    for (float& x : values) sum += x = std::exp(x - largest);
    for (float& x : values) x /= sum;
  }
  return scores;
}

inline std::vector<std::vector<Classification>> TextClassificationPipeline::ranked(
    const Tensor<float>& scores, std::optional<std::int64_t> k) const {
  check(!k || *k >= 1, ErrorCode::invalid_argument, "top_k: expected at least 1, got ", k.value_or(0));
  const std::int64_t classes = scores.size(1), kept = std::min(k.value_or(classes), classes);
  std::vector<std::vector<Classification>> result;
  for (std::int64_t row = 0; row < scores.size(0); ++row) {
    const float* values = scores.data() + row * classes;
    const auto order = detail::argsort(static_cast<std::size_t>(classes),
                                       [values](std::int64_t a, std::int64_t b) { return values[a] > values[b]; });
    auto& line = result.emplace_back();
    for (std::int64_t i = 0; i < kept; ++i) line.push_back(classification(values, order[static_cast<std::size_t>(i)]));
  }
  return result;
}

namespace detail {
inline void check_task(std::string_view task) {
  check(task == "text-classification" || task == "sentiment-analysis", ErrorCode::invalid_argument,
        "pipeline: expected the task text-classification or sentiment-analysis, got ", task);
}
}  // namespace detail

/// A pipeline around a model that outlives it, e.g. one that was just trained.
inline TextClassificationPipeline pipeline(std::string_view task, Model& model, const Tokenizer& tokenizer,
                                           const TextClassificationOptions& options = {}) {
  detail::check_task(task);
  return {std::shared_ptr<Model>(std::shared_ptr<Model>{}, &model), tokenizer, options};
}

/// A pipeline around the model and tokenizer in `folder`, as save_model() or the Python stack wrote them. The model is
/// frozen.
/// Throws Error(format) if the folder has no classification head.
inline TextClassificationPipeline pipeline(std::string_view task, const std::filesystem::path& folder,
                                           const TextClassificationOptions& options = {}) {
  detail::check_task(task);
  std::shared_ptr<Model> model = AutoModelForSequenceClassification::from_pretrained(folder);
  check(model->load_report().complete(), ErrorCode::format, folder.native(),
        ": expected a fine-tuned classifier, its classification head is missing; fine-tune it first");
  return {std::move(model), Tokenizer::from_pretrained(folder), options, true};
}

}  // namespace tl
