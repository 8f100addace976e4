// RoundedWeights: the weights of a model once more, in the format in which products read them. The optimizer's kernel
// writes the copies with each update; until the weights change again, products read them and round nothing.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <tl/autograd/in_format.hpp>
#include <tl/autograd/parameter_space.hpp>
#include <tl/core/precision.hpp>

namespace tl::detail {

/// Copies of all trained matrices that are not trained by rows, while it lives; none where products read the weights
/// themselves, as on the CPU.
template <Real T> class RoundedWeights {
 public:
  RoundedWeights(const ParameterSpace<T>& space, Precision precision) {
    const Tensor<T>& values = space.raw_values();
    const DType format = result_format<T>(values.device(), precision);
    if (format == values.format() || space.dense_end() == 0) return;
    copies_ = Tensor<T>::empty({space.dense_end()}, values.device(), format);
    for (const auto& entry : space.named()) {
      const Tensor<T>& value = entry.parameter.raw().value();
      const std::int64_t offset = value.data() - values.data();
      const bool inside = entry.parameter.trainable() && offset + value.elements() <= space.dense_end();
      const bool seen =
          !parts_.empty() && parts_.back().parameter == entry.parameter;  // parts of one follow each other
      if (inside && !seen) parts_.push_back({entry.parameter, offset});
    }
    kernels::run(values.device(),
                 kernels::Convert<T>{.x = values.stored(), .y = copies_.stored(), .n = copies_.elements()});
    keep();
  }
  ~RoundedWeights() {
    for (const auto& [parameter, offset] : parts_) parameter.keep_rounded({});
  }
  RoundedWeights(const RoundedWeights&) = delete;
  RoundedWeights& operator=(const RoundedWeights&) = delete;

  /// Where an update writes the first elements of the space; no matrix where products read the weights themselves.
  Stored<T> memory() { return copies_.defined() ? copies_.stored() : Stored<T>(); }
  std::int64_t elements() const { return copies_.defined() ? copies_.elements() : 0; }

  /// To be called when the copies are those of the present weights.
  void keep() {
    if (!copies_.defined()) return;
    copies_.mark_changed();
    for (const auto& [parameter, offset] : parts_) parameter.keep_rounded(copies_.view(offset, parameter.shape()));
  }

 private:
  struct Part {
    Parameter<T> parameter;
    std::int64_t offset;
  };

  Tensor<T> copies_;
  std::vector<Part> parts_;
};

}  // namespace tl::detail
