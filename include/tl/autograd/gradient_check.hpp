// Compares backward() with central differences, element by element, in double precision.
#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <tl/autograd/variable.hpp>
#include <tl/core/finite.hpp>

namespace tl {

/// Outcome of a gradient check; `worst` describes the element with the largest error.
struct GradientCheckResult {
  bool passed = true;
  double largest_error = 0.0;  ///< |analytic - numeric| / (1 + |numeric|)
  std::string worst;
};

/// Checks d(function(inputs)) / d(inputs). `function` must return a scalar and be deterministic; `inputs` must be
/// leaves that require gradients. Cost: two evaluations per element.
inline GradientCheckResult gradient_check(
    const std::function<Variable<double>(const std::vector<Variable<double>>&)>& function,
    std::vector<Variable<double>> inputs, double step = 1e-6, double tolerance = 1e-7) {
  for (auto& input : inputs) input.zero_grad();
  function(inputs).backward();
  GradientCheckResult result;
  for (std::size_t index = 0; index < inputs.size(); ++index) {
    Tensor<double> value = inputs[index].value();
    const Tensor<double> grad = inputs[index].grad();
    for (std::int64_t i = 0; i < value.elements(); ++i) {
      const double original = value.data()[i];
      const double h = step * std::max(1.0, std::abs(original));
      NoGradGuard no_grad;
      value.data()[i] = original + h;
      const double above = function(inputs).value().item();
      value.data()[i] = original - h;
      const double below = function(inputs).value().item();
      value.data()[i] = original;
      const double numeric = (above - below) / (2.0 * h);
      const double analytic = grad.defined() ? grad.data()[i] : 0.0;
      const double error = std::abs(analytic - numeric) / (1.0 + std::abs(numeric));
      // A NaN is larger than every number here and stays.
      if (!(error <= result.largest_error) && !detail::is_nan(result.largest_error)) {
        result.largest_error = error;
        result.worst =
            str_cat("input ", index, " element ", i, ": backward ", analytic, ", central difference ", numeric);
      }
    }
  }
  result.passed = result.largest_error <= tolerance;
  return result;
}

}  // namespace tl
