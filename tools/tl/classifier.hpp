// A trained classifier as `tl predict` needs it: tokenizer, logits, scores.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tl/core/tensor.hpp>
#include <tl/models/pretrained_config.hpp>
#include <tl/text/tokenizer.hpp>

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

  /// Logits [B, C] of B tokenised texts, with their token types if they are pairs.
  tl::Tensor<float> logits(const std::vector<std::vector<std::int32_t>>& input_ids,
                           const std::vector<std::vector<std::int32_t>>& token_types = {}) const;

  /// What the model's kind of problem makes of logits [B, C]: softmax, sigmoid, or the logits themselves.
  tl::Tensor<float> scores(const tl::Tensor<float>& logits) const;

 private:
  struct Model;
  tl::Tokenizer tokenizer_;
  std::unique_ptr<Model> model_;
};

}  // namespace program
