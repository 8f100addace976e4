// What `tl train` and `tl evaluate` measure.
#pragma once

#include <cstddef>

#include <tl/train/metrics.hpp>

namespace program {

/// Accuracy and F1: that of class 1 if there are two classes, else the mean over the classes.
inline tl::ComputeMetrics classification_metrics(std::size_t classes) {
  return [average = classes == 2 ? tl::F1Average::binary : tl::F1Average::macro](const tl::EvalPrediction& prediction) {
    return tl::Metrics{{"accuracy", tl::accuracy(prediction)}, {"f1", tl::f1(prediction, average)}};
  };
}

}  // namespace program
