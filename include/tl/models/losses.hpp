// The loss of a task, as a function of what a model computed and the labels of the batch.
#pragma once

#include <tl/models/model.hpp>
#include <tl/ops/cross_entropy.hpp>

namespace tl {

/// The mean cross-entropy over the labels that count, int64 [B] for logits [B, C] of sequences or [N] for [N, C] of
/// tokens. Throws Error(not_found) or Error(dtype) if the batch has no such labels, Error(shape) for another number,
/// Error(invalid_argument) for one outside [0, C), naming the row.
inline Variable<float> classification_loss(const ModelOutput& output, const Batch& batch) {
  return ops::cross_entropy(output.logits, batch.labels.at<std::int64_t>("labels"));
}

}  // namespace tl
