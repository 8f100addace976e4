// Dropout: zeroes a share p of the elements while training. Each Dropout of a model has a site number of its own, which
// together with seed and step selects its masks.
#pragma once

#include <string>

#include <tl/nn/context.hpp>
#include <tl/nn/module.hpp>
#include <tl/ops/dropout.hpp>

namespace tl::nn {

struct Dropout {
  double p = 0.0;
  std::uint32_t site = 0;

  /// x [B, D] with one row per sequence -> [B, D].
  template <Real T> Variable<T> operator()(const Variable<T>& x, const ForwardContext& context) const {
    return ops::dropout(x, context.sequence_mask(p, site), context.precision);
  }

  std::string describe() const { return join("Dropout(p=", p, ", inplace=False)"); }

  template <class Visit> void members(Visit&) {}
};

}  // namespace tl::nn
