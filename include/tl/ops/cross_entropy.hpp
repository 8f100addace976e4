// cross_entropy: the loss of a classifier.
#pragma once

#include <tl/autograd/saved_value.hpp>
#include <tl/core/finite.hpp>
#include <tl/kernels/cpu/cross_entropy.hpp>
#include <tl/kernels/cross_entropy.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

/// Which labels count, and how.
struct CrossEntropyOptions {
  std::int64_t ignore_index = -100;  ///< rows with this label do not count
  double label_smoothing = 0.0;      ///< share of the target spread evenly over all classes, in [0, 1)
  double focal_gamma = 0.0;          ///< at least 0: rows count by (1 - p[label])^gamma; not with label_smoothing
};

namespace detail {

template <Real T>
void check_cross_entropy(const Variable<T>& logits, const CrossEntropyOptions& options, const Tensor<T>& weights) {
  check(options.label_smoothing >= 0.0 && options.label_smoothing < 1.0, ErrorCode::invalid_argument,
        "cross_entropy: expected label_smoothing in [0, 1), got ", options.label_smoothing);
  check(options.focal_gamma >= 0.0 && tl::detail::is_finite(options.focal_gamma), ErrorCode::invalid_argument,
        "cross_entropy: expected a finite focal_gamma of at least 0, got ", options.focal_gamma);
  check(options.focal_gamma == 0.0 || options.label_smoothing == 0.0, ErrorCode::invalid_argument,
        "cross_entropy: expected label_smoothing to be 0 with focal_gamma ", options.focal_gamma, ", got ",
        options.label_smoothing);
  if (!weights.defined()) return;
  check(weights.shape() == Shape{logits.size(1)}, ErrorCode::shape, "cross_entropy: expected class weights [",
        logits.size(1), "], one for each class, got ", weights);
  if (weights.device().type != DeviceType::cpu) return;
  for (const T weight : weights.span())
    check(weight >= T(0) && tl::detail::is_finite(weight), ErrorCode::invalid_argument,
          "cross_entropy: expected finite class weights of at least 0, got ", weight);
}

}  // namespace detail

/// Mean over the counted rows of -log softmax(logits)[label], for logits [B, C] and labels [B]; a scalar. With class
/// weights [C] rows count by the weight of their label, and the mean divides by the sum of these.
/// Throws Error(invalid_argument) naming the row of a label outside [0, C).
template <Real T>
Variable<T> cross_entropy(const Variable<T>& logits, const Tensor<std::int64_t>& labels,
                          const CrossEntropyOptions& options = {}, const Tensor<T>& class_weights = {}) {
  check_same_device("cross_entropy", {{"logits", logits}, {"labels", labels}, {"class_weights", class_weights}});
  check(logits.shape().rank() == 2 && labels.shape() == Shape{logits.size(0)}, ErrorCode::shape,
        "cross_entropy: expected logits [B, C] and labels [B], got ", logits.value(), " and ", labels);
  detail::check_cross_entropy(logits, options, class_weights);
  const T* const weights = class_weights.defined() ? class_weights.data() : nullptr;
  const std::int64_t b = logits.size(0), c = logits.size(1);
  if (labels.device().type == DeviceType::cpu)
    for (std::int64_t i = 0; i < b; ++i) {
      const std::int64_t label = labels.data()[i];
      check(label == options.ignore_index || (label >= 0 && label < c), ErrorCode::invalid_argument,
            "cross_entropy: expected labels in [0, ", c, "), got ", label, " at row ", i);
    }
  Tensor<T> probabilities = Tensor<T>::empty({b, c}, logits.device());  // [B, C]
  Tensor<T> loss = Tensor<T>::empty(Shape{}, logits.device());
  kernels::run(logits.device(), kernels::CrossEntropyForward<T>{.logits = logits.own_value().data(),
                                                                .labels = labels.data(),
                                                                .probabilities = probabilities.data(),
                                                                .loss = loss.data(),
                                                                .b = b,
                                                                .c = c,
                                                                .ignore_index = options.ignore_index,
                                                                .label_smoothing = options.label_smoothing,
                                                                .weights = weights,
                                                                .focal_gamma = options.focal_gamma});
  // The copy keeps the memory of `weights`.
  const auto backward = [=, kept = class_weights, classes = SavedValue(labels),
                         g = logits.gradient()](const Tensor<T>& dloss) {
    Tensor<T> dlogits = Tensor<T>::empty({b, c}, dloss.device());  // [B, C]
    kernels::run(dloss.device(), kernels::CrossEntropyBackward<T>{.dloss = dloss.data(),
                                                                  .probabilities = probabilities.data(),
                                                                  .labels = classes.data(),
                                                                  .dlogits = dlogits.data(),
                                                                  .b = b,
                                                                  .c = c,
                                                                  .ignore_index = options.ignore_index,
                                                                  .label_smoothing = options.label_smoothing,
                                                                  .weights = weights,
                                                                  .focal_gamma = options.focal_gamma});
    g.add(dlogits);
  };
  return Variable<T>::record(loss, {logits}, backward);
}

}  // namespace tl::ops
