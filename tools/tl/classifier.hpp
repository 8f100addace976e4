// A trained classifier as `tl predict` needs it: tokenizer, logits, scores.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/core/tensor.hpp>
#include <tl/models/calibration.hpp>
#include <tl/models/pretrained_config.hpp>
#include <tl/text/encode_windows.hpp>
#include <tl/text/tokenizer.hpp>

namespace program {

struct PredictOptions;

class Classifier {
 public:
  /// Loads model, calibration and tokenizer, the latter from a folder of its own if one is given, as `options` say.
  /// Throws tl::Error(format) for a folder without a trained head.
  explicit Classifier(const PredictOptions& options, const tl::LongTexts& long_texts = {});
  ~Classifier();

  const tl::Tokenizer& tokenizer() const { return tokenizer_; }
  const tl::PretrainedConfig& config() const;

  /// Tokens of the longest text that the model takes.
  std::int64_t longest() const { return config().max_position_embeddings; }

  /// How texts become windows; `asked` is --max_seq_length.
  tl::EncodeOptions window_options(std::optional<std::int64_t> asked) const;

  /// Logits [B, C] of B tokenised texts, with their token types if they are pairs, and their windows if they have some.
  tl::Tensor<float> logits(const tl::WindowColumns& texts) const;

  /// What the model's kind of problem makes of logits [B, C], calibrated: softmax, sigmoid, or the logits themselves.
  tl::Tensor<float> scores(const tl::Tensor<float>& logits) const;

  const tl::Calibration& calibration() const;
  /// Whether scores are probabilities, and not values of a regression.
  bool has_probabilities() const { return config().problem_type != "regression"; }
  /// Whether a text has several labels, each with a probability of its own.
  bool several_labels() const { return config().problem_type == "multi_label_classification"; }

 private:
  struct Model;
  tl::Tokenizer tokenizer_;
  std::unique_ptr<Model> model_;
};

}  // namespace program
