// Answers of `tl predict` for classifiers of texts.
#pragma once

#include <memory>
#include <optional>

#include "long_text_options.hpp"
#include "tasks/task.hpp"

namespace program {

/// `options` must outlive it. `min_score` wins over that of the model's calibration. Throws what is wrong with the
/// model's folder.
std::unique_ptr<Predictor> make_text_predictor(const PredictOptions& options, const LongTextOptions& long_texts,
                                               std::optional<double> min_score);

}  // namespace program
