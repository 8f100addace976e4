// Fresh values for a model's parameters, drawn in the reference's order from its generator, so that the same seed gives
// the same bits.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <tl/autograd/host_values.hpp>
#include <tl/core/mt19937.hpp>

namespace tl::nn {

namespace detail {

/// Fills `values`, on the CPU, as the part that they are of is filled.
inline void fill_part(Tensor<float> values, const NamedParameter<float>& part, double std, Mt19937& generator) {
  switch (part.parameter.initialization()) {
    case Initialization::normal: normal_(values.span(), 0.0, std, generator); break;
    case Initialization::zeros: values.fill(0.0F); break;
    case Initialization::ones: values.fill(1.0F); break;
  }
}

}  // namespace detail

/// Fills one named part: N(0, std^2) from `generator` for weights, constants for biases and LayerNorm, which draw
/// nothing.
inline void initialize(const NamedParameter<float>& part, double std, Mt19937& generator) {
  Tensor<float> value = part.value();
  const Tensor<float> host = value.to(cpu_device);  // the value itself, or a copy that goes back
  detail::fill_part(host, part, std, generator);
  if (value.device().type != DeviceType::cpu) value.copy_from(host);
}

/// Takes from `generator` what the reference draws for the default values of an embedding or a linear layer when it
/// makes one, before it draws the values that count. Layer norms draw nothing; layers are told apart by their names.
inline void discard_default_values(const NamedParameter<float>& part, Mt19937& generator) {
  if (part.parameter.initialization() == Initialization::ones) return;
  if (part.name.find("LayerNorm") != std::string::npos || part.name.find("layer_norm") != std::string::npos) return;
  if (part.name.find("_embeddings.") == std::string::npos) {
    generator.discard(static_cast<std::uint64_t>(part.shape().elements()));
    return;
  }
  std::vector<float> discarded(static_cast<std::size_t>(part.shape().elements()));
  normal_(discarded, 0.0, 1.0, generator);
}

/// Fills every parameter of `parameters` in the order of their names.
inline void initialize(ParameterSpace<float>& parameters, double std, Mt19937& generator) {
  const HostValues<float> values(parameters);
  for (const auto& part : parameters.named()) detail::fill_part(values.of(part), part, std, generator);
  values.store();
}

/// Throws Error(state) if every value is zero, as they are before anybody has set one: such a model learns nothing and
/// is worth nothing in a file. `action` is what it was wanted for: "train", "save".
inline void check_initialized(const ParameterSpace<float>& parameters, std::string_view action) {
  if (parameters.named().empty()) return;
  for (const auto& part : parameters.named()) {
    const Tensor<float> values = part.value().to(cpu_device);
    if (std::ranges::any_of(values.span(), [](float value) { return value != 0.0F; })) return;
  }
  fail(ErrorCode::state, "cannot ", action, " a model whose ", parameters.named().size(), " parameters are all zero, ",
       parameters.named().front().name,
       " the first of them; initialize it with tl::nn::initialize() or load its weights");
}

}  // namespace tl::nn
