// Fresh values for a model's parameters, drawn in the reference's order from its generator, so that the same seed gives
// the same bits.
#pragma once

#include <span>
#include <string_view>

#include <tl/autograd/parameter_space.hpp>
#include <tl/core/mt19937.hpp>

namespace tl::nn {

/// Fills one named part: N(0, std^2) from `generator` for weights, constants for biases and LayerNorm, which draw
/// nothing.
inline void initialize(const NamedParameter<float>& part, double std, Mt19937& generator) {
  Tensor<float> value = part.value();
  switch (part.parameter.initialization()) {
    case Initialization::normal: normal_(value.span(), 0.0, std, generator); break;
    case Initialization::zeros: value.fill(0.0F); break;
    case Initialization::ones: value.fill(1.0F); break;
  }
}

/// Fills every parameter of `parameters` in the order of their names.
inline void initialize(ParameterSpace<float>& parameters, double std, Mt19937& generator) {
  for (const auto& part : parameters.named()) initialize(part, std, generator);
}

/// Throws Error(state) if every value is zero, as they are before anybody has set one: such a model learns nothing and
/// is worth nothing in a file. `action` is what it was wanted for: "train", "save".
inline void check_initialized(const ParameterSpace<float>& parameters, std::string_view action) {
  if (parameters.named().empty()) return;
  for (const auto& part : parameters.named())
    for (const float value : part.value().span())
      if (value != 0.0F) return;
  fail(ErrorCode::state, "cannot ", action, " a model whose ", parameters.named().size(), " parameters are all zero, ",
       parameters.named().front().name,
       " the first of them; initialize it with tl::nn::initialize() or load its weights");
}

}  // namespace tl::nn
