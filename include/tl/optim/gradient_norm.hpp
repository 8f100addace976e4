// The norm of all gradients of a model, and the factor that clips it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <tl/autograd/parameter_space.hpp>
#include <tl/kernels/cpu/squared_norm.hpp>
#include <tl/kernels/cpu/step_state.hpp>
#include <tl/kernels/squared_norm.hpp>

namespace tl {

namespace detail {

/// Which chunks of the gradients may hold something else than zeros: in tables, those with rows that are marked.
template <Real T> std::vector<std::uint8_t> active_chunks(const ParameterSpace<T>& parameters) {
  constexpr std::int64_t chunk = kernels::squared_norm_chunk;
  std::vector<std::uint8_t> active(static_cast<std::size_t>((parameters.trainable_end() + chunk - 1) / chunk), 0);
  const auto mark = [&active](std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin / chunk; at * chunk < end; ++at) active[static_cast<std::size_t>(at)] = 1;
  };
  mark(0, parameters.dense_end());
  for (const auto& entry : parameters.tables()) {
    const auto& [table, offset] = entry;
    const std::int64_t width = table.shape()[1];
    const SparseRows& rows = entry.gradient_rows();
    if (rows.all_marked()) {
      mark(offset, offset + table.shape().elements());
      continue;
    }
    for (const std::int64_t row : rows.marked()) mark(offset + row * width, offset + (row + 1) * width);
  }
  mark(parameters.decayed_end(), parameters.trainable_end());
  return active;
}

/// Writes the sum of squares of all gradients to `result`, on the device of the parameters.
template <Real T> void squared_gradient_norm(const ParameterSpace<T>& parameters, double* result) {
  const Tensor<T>& gradients = parameters.raw_gradients();
  const bool on_cpu = gradients.device().type == DeviceType::cpu;  // elsewhere a table has no rows that are marked
  const auto active = on_cpu ? active_chunks(parameters) : std::vector<std::uint8_t>();
  kernels::run(gradients.device(), kernels::SquaredNorm<T>{.x = gradients.data(),
                                                           .result = result,
                                                           .n = gradients.elements(),
                                                           .active = on_cpu ? active.data() : nullptr});
}

/// What comes before an update whose scalars are on the device of the parameters: the norm of all gradients, and how
/// they are clipped; a max_norm of 0 does neither. Gradients that are `scaled` are looked at in any case.
template <Real T>
void prepare_update(const ParameterSpace<T>& parameters, double max_norm, bool scaled, kernels::StepState* state) {
  if (max_norm > 0 || scaled) squared_gradient_norm(parameters, &state->squared_norm);
  kernels::run(parameters.device(),
               kernels::PrepareUpdate{.state = state, .scaled = scaled, .max_norm = static_cast<float>(max_norm)});
}

}  // namespace detail

/// Euclidean norm of all gradients. The result does not depend on the number of threads.
template <Real T> [[nodiscard]] double gradient_norm(const ParameterSpace<T>& parameters) {
  const Device device = parameters.raw_gradients().device();
  if (device.type != DeviceType::cpu) {
    Tensor<double> squared = Tensor<double>::empty({1}, device);
    detail::squared_gradient_norm(parameters, squared.data());
    return std::sqrt(squared.item());
  }
  double squared = 0.0;
  detail::squared_gradient_norm(parameters, &squared);
  return std::sqrt(squared);
}

/// The factor min(1, max_norm / (norm + 1e-6)) that the reference multiplies gradients with; 1 if max_norm is 0.
[[nodiscard]] inline double clip_coefficient(double norm, double max_norm) {
  if (max_norm <= 0.0) return 1.0;
  return static_cast<double>(kernels::clip_factor(static_cast<float>(max_norm), static_cast<float>(norm)));
}

}  // namespace tl
