// Answers of `tl predict` for classifiers of texts.
#pragma once

#include <memory>

#include "tasks/task.hpp"

namespace program {

/// `options` must outlive it. Throws what is wrong with the model's folder.
std::unique_ptr<Predictor> make_text_predictor(const PredictOptions& options);

}  // namespace program
