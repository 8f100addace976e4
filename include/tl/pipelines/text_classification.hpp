// The text-classification pipeline: texts in, labels and scores out. It tokenizes, batches by length without padding,
// runs the model in evaluation mode (it switches that itself) and puts the results back into the order of the texts.
// Long texts become windows if the model was trained so, and decisions follow the calibration in its folder.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/sort.hpp>
#include <tl/data/window_lengths.hpp>
#include <tl/hub/resolve.hpp>
#include <tl/models/auto_model.hpp>
#include <tl/models/calibration.hpp>
#include <tl/models/pool_windows.hpp>
#include <tl/pipelines/pipeline.hpp>
#include <tl/text/encode_windows.hpp>
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
  /// Where the pipeline as a whole computes; default: where the model is, of a folder's model tl::device().
  std::optional<Device> device{};
  hub::Options hub{};  ///< of a model that is given by its name: revision, cache_dir, token
  /// Whether long texts become windows, and which; default: as the model's configuration says. A `truncation` that is
  /// given wins, max_length is the length of a window.
  std::optional<LongTexts> long_texts{};
  std::optional<double> min_score{};      ///< below it there is no decision; default: that of the calibration, if any
  std::string abstain_label = "unknown";  ///< the label where there is no decision
};

class [[nodiscard]] TextClassificationPipeline : public detail::PipelineBase {
 public:
  /// Throws Error(invalid_argument) for a batch_size below 1, a max_length below the number of special tokens, a
  /// tokenizer with more tokens than the model, or a model that has no named classes of texts. `frozen` is a promise
  /// that the weights are not written to any more, through parameters() or otherwise: in bf16 the pipeline then packs
  /// them once for all calls.
  TextClassificationPipeline(std::shared_ptr<Model> model, const Tokenizer& tokenizer,
                             TextClassificationOptions options = {}, bool frozen = false)
      : PipelineBase(std::move(model), tokenizer, options.bf16, options.device, frozen), options_(options) {
    const bool of_texts = this->model().task() == Task::sequence_classification || this->model().task() == Task::other;
    check(of_texts && config().num_labels() > 0, ErrorCode::invalid_argument,
          "text-classification: expected a model that classifies texts, got ", this->model().class_name());
    check_options(options_);
  }

  /// The best label of a text and its score.
  Classification operator()(std::string_view text) const { return (*this)(text, options_); }
  Classification operator()(std::string_view text, const TextClassificationOptions& options) const {
    return best(scores(one(text), options), 0, options);
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
    for (std::int64_t row = 0; row < all.size(0); ++row) result.push_back(best(all, row, options));
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

  /// The decisions for each text: of several labels per text all whose score is above their threshold (0.5, or that of
  /// the calibration), best first; of one label the best one, or none if its score is below min_score.
  [[nodiscard]] std::vector<std::vector<Classification>> decide(std::span<const std::string> texts) const {
    return decisions(scores(texts, options_));
  }
  [[nodiscard]] std::vector<std::vector<Classification>> decide(std::initializer_list<std::string> texts) const {
    return decide(std::span(texts.begin(), texts.size()));
  }
  /// The same for scores [B, C].
  [[nodiscard]] std::vector<std::vector<Classification>> decisions(const Tensor<float>& scores) const;

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

  /// What `function` makes of logits [B, C]: a new tensor [B, C]. `automatic` is resolved from the model, after a
  /// division by the temperature of the calibration.
  Tensor<float> apply(const Tensor<float>& logits, FunctionToApply function) const;

  /// The k best labels of each row of scores [B, C], best first; equal scores in the order of the classes. Of one label
  /// per text with thresholds, the order is that of score / threshold.
  [[nodiscard]] std::vector<std::vector<Classification>> ranked(const Tensor<float>& scores,
                                                                std::optional<std::int64_t> k = {}) const;

  const TextClassificationOptions& options() const { return options_; }

  const Calibration& calibration() const { return calibration_; }
  /// Throws Error(invalid_argument) for another number of thresholds than of classes, and values out of range.
  void set_calibration(const Calibration& calibration) {
    check_calibration(calibration, config().num_labels(), "calibration");
    calibration_ = calibration;
  }

 private:
  static std::vector<std::string> one(std::string_view text) { return {std::string(text)}; }

  const PretrainedConfig& config() const { return model().config(); }

  void check_options(const TextClassificationOptions& options) const {
    check(options.batch_size >= 1, ErrorCode::invalid_argument, "batch_size: expected at least 1, got ",
          options.batch_size);
    const std::int64_t special = std::max<std::int64_t>(1, tokenizer().num_special_tokens_to_add());
    check(!options.max_length || *options.max_length >= special, ErrorCode::invalid_argument,
          "max_length: expected at least ", special, ", the number of special tokens, got ",
          options.max_length.value_or(0));
    check_calibration({.min_score = options.min_score}, config().num_labels(), "pipeline");
    check(!options.min_score || resolved(options.function_to_apply) != FunctionToApply::none,
          ErrorCode::invalid_argument, "min_score: expected scores that are probabilities, got those of ",
          config().problem_type == "regression" ? "regression" : "function_to_apply none");
  }

  Tensor<float> scores(std::span<const std::string> texts, const TextClassificationOptions& options) const {
    return apply(logits(texts, options), options.function_to_apply);
  }

  Classification best(const Tensor<float>& scores, std::int64_t row, const TextClassificationOptions& options) const {
    const std::int64_t id = decided(row_of(scores, row), options);
    Classification result = classification(scores.data() + row * scores.size(1), id);
    if (result.score < least_score(options)) result.label = options.abstain_label;
    return result;
  }

  static std::span<const float> row_of(const Tensor<float>& scores, std::int64_t row) {
    return {scores.data() + row * scores.size(1), static_cast<std::size_t>(scores.size(1))};
  }
  bool several_labels() const { return resolved(FunctionToApply::automatic) == FunctionToApply::sigmoid; }
  /// The thresholds of one label per text, unless the scores are not those that were calibrated.
  std::span<const double> thresholds_of_one(const TextClassificationOptions& options) const {
    const bool calibrated = options.function_to_apply == FunctionToApply::automatic && !several_labels();
    return calibrated ? std::span<const double>(calibration_.thresholds) : std::span<const double>{};
  }
  /// The class that is predicted of one label, else the one with the highest score.
  std::int64_t decided(std::span<const float> scores, const TextClassificationOptions& options) const {
    return decided_class(scores, thresholds_of_one(options));
  }
  double least_score(const TextClassificationOptions& options) const {
    const bool probabilities = resolved(options.function_to_apply) != FunctionToApply::none;
    constexpr double none = -std::numeric_limits<double>::max();
    return probabilities ? options.min_score.value_or(calibration_.min_score.value_or(none)) : none;
  }

  Classification classification(const float* values, std::int64_t id) const {
    return {config().id2label.at(id), static_cast<double>(values[id])};
  }

  /// Sequences, and how many of them are the windows of each text; empty if all texts are one sequence.
  struct Sequences {
    detail::TokenIds ids;
    std::vector<std::int32_t> windows;
  };
  LongTexts long_texts(const TextClassificationOptions& options) const {
    return options.truncation ? LongTexts{} : options.long_texts.value_or(config().long_texts);
  }
  std::int64_t cut_length(const TextClassificationOptions& options) const {
    const std::int64_t most = longest();
    return std::min({most, tokenizer().model_max_length().value_or(most), options.max_length.value_or(most)});
  }
  Sequences windows(std::span<const std::string> texts, const TextClassificationOptions& options) const;
  Sequences tokenize(std::span<const std::string> texts, const TextClassificationOptions& options) const;

  FunctionToApply resolved(FunctionToApply function) const {
    if (function != FunctionToApply::automatic) return function;
    const std::optional<ProblemType> problem = model().problem_type();
    if (problem == ProblemType::regression) return FunctionToApply::none;
    if (problem == ProblemType::multi_label_classification) return FunctionToApply::sigmoid;
    return config().id2label.size() == 1 ? FunctionToApply::sigmoid : FunctionToApply::softmax;
  }

  TextClassificationOptions options_;
  Calibration calibration_;
};

inline TextClassificationPipeline::Sequences TextClassificationPipeline::windows(
    std::span<const std::string> texts, const TextClassificationOptions& options) const {
  const LongTexts how = long_texts(options);
  const std::int64_t most = cut_length(options);
  const WindowColumns columns =
      encode_windows(tokenizer(), texts,
                     {.max_length = static_cast<int>(how.length > 0 ? std::min(how.length, most) : most),
                      .stride = static_cast<int>(how.stride)});
  Sequences result;
  for (std::size_t i = 0; i < columns.input_ids.size(); ++i) {
    detail::append_windows(result.ids, columns.input_ids[i], columns.window_lengths[i]);
    result.windows.push_back(static_cast<std::int32_t>(columns.window_lengths[i].size()));
  }
  return result;
}

inline TextClassificationPipeline::Sequences TextClassificationPipeline::tokenize(
    std::span<const std::string> texts, const TextClassificationOptions& options) const {
  const bool in_windows = long_texts(options).windows;
  Sequences result;
  if (in_windows) {
    result = windows(texts, options);
  } else {
    const bool truncate = options.truncation.value_or(options.max_length.has_value());
    EncodeOptions tokenize{.truncation = truncate};
    if (truncate) tokenize.max_length = static_cast<int>(cut_length(options));
    result.ids = tokenizer().encode_ids(texts, tokenize);
  }
  const std::int64_t most = longest();
  for (std::size_t i = 0; i < result.ids.size(); ++i) {
    const auto tokens = static_cast<std::int64_t>(result.ids[i].size());
    check(tokens <= most, ErrorCode::shape, "text ", i, ": expected at most ", most,
          " tokens, which is what the model takes, got ", tokens, "; set truncation = true, or shorten the text");
    // The tokenizer adds no [CLS], and there is nothing else. An empty text is one window.
    check(tokens > 0, ErrorCode::shape, in_windows ? "window " : "text ", i,
          ": expected a text with at least one token, got none");
  }
  return result;
}

inline Tensor<float> TextClassificationPipeline::logits(std::span<const std::string> texts,
                                                        const TextClassificationOptions& options) const {
  check_options(options);
  Sequences sequences = tokenize(texts, options);
  const auto classes = static_cast<std::int64_t>(config().id2label.size());
  Tensor<float> result = Tensor<float>::empty({static_cast<std::int64_t>(sequences.ids.size()), classes});
  run(std::move(sequences.ids), {}, options.batch_size,
      [&](std::span<const std::int64_t> members, const Batch&, const Tensor<float>& logits) {  // [B, C]
        const float* row = logits.data();
        for (const std::int64_t i : members) {
          std::copy_n(row, classes, result.data() + i * classes);
          row += classes;
        }
      });
  detail::check_logits(result.span());
  if (sequences.windows.empty()) return result;
  return pool_windows(Variable<float>(result), detail::window_offsets(sequences.windows), long_texts(options).pooling)
      .value();
}

inline Tensor<float> TextClassificationPipeline::apply(const Tensor<float>& logits, FunctionToApply function) const {
  const double temperature = function == FunctionToApply::automatic ? calibration_.temperature : 1.0;
  function = resolved(function);
  Tensor<float> scores = logits.clone();  // [B, C]
  if (function == FunctionToApply::none) return scores;
  if (temperature != 1.0)
    for (float& x : scores.span()) x = static_cast<float>(static_cast<double>(x) / temperature);
  if (function == FunctionToApply::sigmoid) {
    for (float& x : scores.span()) x = 1.0F / (1.0F + std::exp(-x));
    return scores;
  }
  const std::int64_t classes = scores.size(1);
  for (std::int64_t row = 0; row < scores.size(0); ++row)
    detail::softmax({scores.data() + row * classes, static_cast<std::size_t>(classes)});
  return scores;
}

inline std::vector<std::vector<Classification>> TextClassificationPipeline::ranked(
    const Tensor<float>& scores, std::optional<std::int64_t> k) const {
  check(!k || *k >= 1, ErrorCode::invalid_argument, "top_k: expected at least 1, got ", k.value_or(0));
  const std::int64_t classes = scores.size(1), kept = std::min(k.value_or(classes), classes);
  std::vector<std::vector<Classification>> result;
  for (std::int64_t row = 0; row < scores.size(0); ++row) {
    const float* values = scores.data() + row * classes;
    const std::span<const double> thresholds = thresholds_of_one(options_);
    const auto before = [&](std::int64_t a, std::int64_t b) {
      if (thresholds.empty()) return values[a] > values[b];
      return static_cast<double>(values[a]) * thresholds[static_cast<std::size_t>(b)] >
             static_cast<double>(values[b]) * thresholds[static_cast<std::size_t>(a)];
    };
    const auto order = detail::argsort(static_cast<std::size_t>(classes), before);
    auto& line = result.emplace_back();
    for (std::int64_t i = 0; i < kept; ++i) line.push_back(classification(values, order[static_cast<std::size_t>(i)]));
  }
  return result;
}

inline std::vector<std::vector<Classification>> TextClassificationPipeline::decisions(
    const Tensor<float>& scores) const {
  const bool several = several_labels();
  const double least = least_score(options_);
  std::vector<std::vector<Classification>> result;
  for (std::int64_t row = 0; row < scores.size(0); ++row) {
    const std::span<const float> values = row_of(scores, row);
    std::vector<Classification>& decided_here = result.emplace_back();
    const auto add = [&](std::int64_t id) {
      if (static_cast<double>(values[static_cast<std::size_t>(id)]) >= least)
        decided_here.push_back(classification(values.data(), id));
    };
    if (!several) add(decided(values, options_));
    for (std::size_t c = 0; several && c < values.size(); ++c)
      if (decides(values[c], c, calibration_.thresholds)) add(static_cast<std::int64_t>(c));
    decided_here =
        stable_sorted(std::move(decided_here), [](const auto& a, const auto& b) { return a.score > b.score; });
  }
  return result;
}

namespace detail {

inline constexpr bool is_text_classification(auto task) {
  return task == "text-classification" || task == "sentiment-analysis";
}

inline void check_task(std::string_view task) {
  const bool of_tokens = task == "token-classification" || task == "ner";
  check(is_text_classification(task), ErrorCode::invalid_argument,
        "pipeline: expected the task text-classification or sentiment-analysis, got ", task,
        of_tokens ? str_cat("; its results are of another type, so write pipeline<\"", task, "\">(...)") : "");
}

}  // namespace detail

/// A pipeline around a model that outlives it, e.g. one that was just trained.
inline TextClassificationPipeline pipeline(std::string_view task, Model& model, const Tokenizer& tokenizer,
                                           const TextClassificationOptions& options = {}) {
  detail::check_task(task);
  return {std::shared_ptr<Model>(std::shared_ptr<Model>{}, &model), tokenizer, options};
}

/// A pipeline around a model and its tokenizer, given by their folder or their name on a hub. The model is
/// frozen, and the calibration in the folder applies.
/// Throws Error(format) if the folder has no classification head, and what load_calibration() and device() throw.
inline TextClassificationPipeline pipeline(std::string_view task, const std::filesystem::path& name_or_path,
                                           const TextClassificationOptions& options = {}) {
  detail::check_task(task);
  const std::filesystem::path folder = hub::model_folder(name_or_path, options.hub);
  std::shared_ptr<Model> model = AutoModelForSequenceClassification::from_pretrained(folder);
  check(model->load_report().complete(), ErrorCode::format, folder.native(),
        ": expected a fine-tuned classifier, its classification head is missing; fine-tune it first");
  const auto calibration = load_calibration(folder, model->config().num_labels(), model->parameters());
  model->to(options.device ? *options.device : device());
  TextClassificationPipeline result(std::move(model), Tokenizer::from_pretrained(folder), options, true);
  if (calibration) result.set_calibration(*calibration);
  return result;
}

/// The same with the task as a template argument, as for the tasks whose results are of another type:
/// pipeline<"text-classification">(folder).
template <detail::PipelineTask task>
requires(detail::is_text_classification(task)) TextClassificationPipeline
    pipeline(const std::filesystem::path& name_or_path, const TextClassificationOptions& options = {}) {
  return pipeline("text-classification", name_or_path, options);
}

template <detail::PipelineTask task>
requires(detail::is_text_classification(task)) TextClassificationPipeline
    pipeline(Model& model, const Tokenizer& tokenizer, const TextClassificationOptions& options = {}) {
  return pipeline("text-classification", model, tokenizer, options);
}

}  // namespace tl
