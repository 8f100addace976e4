// A trained classifier as `tl evaluate` and `tl predict` need it. The model and its kernels are compiled in
// classifier.cpp alone, which keeps the build of the program short.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tl/data/dataset.hpp>
#include <tl/models/pretrained_config.hpp>
#include <tl/text/tokenizer.hpp>
#include <tl/train/metrics.hpp>

namespace program {

class Classifier {
 public:
  /// Loads model and tokenizer, the latter from a folder of its own if one is given; `bf16`: matrix products in
  /// bfloat16. Throws tl::Error(format) for a folder without a trained head.
  explicit Classifier(const std::string& folder, const std::string& tokenizer = {}, bool bf16 = false);
  ~Classifier();

  const tl::Tokenizer& tokenizer() const { return tokenizer_; }
  const tl::PretrainedConfig& config() const;

  /// Tokens of the longest text that the model takes.
  std::int64_t longest() const { return config().max_position_embeddings; }

  /// Class names in the order of their ids.
  std::vector<std::string> labels() const;

  /// Logits [B, C] of B tokenised texts, with their token types if they are pairs.
  tl::Tensor<float> logits(const std::vector<std::vector<std::int32_t>>& input_ids,
                           const std::vector<std::vector<std::int32_t>>& token_types = {}) const;

  /// What the model's kind of problem makes of logits [B, C]: softmax, sigmoid, or the logits themselves.
  tl::Tensor<float> scores(const tl::Tensor<float>& logits) const;

  struct Evaluation {
    double loss;
    tl::EvalPrediction prediction;
  };

  /// Loss and logits over the columns input_ids and label; `name` is what errors call the data set. Throws
  /// tl::Error(invalid_argument) for a model that is not a classifier with one label per text.
  Evaluation evaluate(const tl::Dataset& rows, const std::string& name, std::int64_t batch_size) const;

 private:
  struct Model;
  tl::Tokenizer tokenizer_;
  std::unique_ptr<Model> model_;
};

}  // namespace program
