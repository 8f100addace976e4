// Answers of `tl predict` for classifiers of tokens.
#pragma once

#include <memory>
#include <string>

#include "tasks/task.hpp"

namespace program {

/// What `tl predict` takes for token classification alone.
struct TokenPredictOptions {
  std::string aggregation_strategy = "simple", ignore_labels = "O";
  bool is_split_into_words = false;

  void add(CLI::App& command);
};

/// Both options must outlive it. Throws what is wrong with them or with the model's folder.
std::unique_ptr<Predictor> make_token_predictor(const PredictOptions& options, const TokenPredictOptions& tokens);

}  // namespace program
