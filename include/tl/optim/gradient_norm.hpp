// The norm of all gradients of a model, and the factor that clips it.
#pragma once

#include <algorithm>
#include <cmath>

#include <tl/autograd/parameter_space.hpp>
#include <tl/cpu/squared_norm.hpp>
#include <tl/kernels/squared_norm.hpp>

namespace tl {

/// Euclidean norm of all gradients. The result does not depend on the number of threads.
template <Real T> double gradient_norm(const ParameterSpace<T>& parameters) {
  double squared = 0.0;
  const Tensor<T>& gradients = parameters.gradients();
  kernels::squared_norm<T>(gradients.device(), {gradients.data(), &squared, gradients.elements()});
  return std::sqrt(squared);
}

/// The factor min(1, max_norm / (norm + 1e-6)) that the reference multiplies gradients with; 1 if max_norm is 0.
inline double clip_coefficient(double norm, double max_norm) {
  if (max_norm <= 0.0) return 1.0;
  // In float, as the reference computes it, and not std::min, which would drop a NaN norm.
  const float coefficient = static_cast<float>(max_norm) / (static_cast<float>(norm) + 1e-6F);
  return coefficient > 1.0F ? 1.0 : static_cast<double>(coefficient);
}

}  // namespace tl
