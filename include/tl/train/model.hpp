// What the Trainer needs of a model. tl's own classifiers have it; a model of one's own needs the same few functions.
#pragma once

#include <concepts>
#include <filesystem>
#include <optional>
#include <string>

#include <tl/autograd/parameter_space.hpp>
#include <tl/core/packed.hpp>
#include <tl/nn/context.hpp>

namespace tl {

/// A classifier over packed sequences:
///   Output operator()(const PackedSequences&, const std::optional<Tensor<std::int64_t>>& labels = {}) const
///     with Output::loss (a scalar Variable<float>, undefined without labels) and Output::logits [B, C],
///   ParameterSpace<float>& parameters(), nn::ForwardContext& context(), void train(bool), bool training(),
///   void save_pretrained(folder) const, void load_weights(folder).
/// If it has config().num_labels(), config().max_position_embeddings or config().vocab_size, rows are checked against
/// them before training.
/// If it has check_trainable(), that is called before a loss is wanted, and may throw.
template <class Model>
concept TrainableModel = requires(Model& model, const Model& constant, const PackedSequences& inputs,
                                  const std::optional<Tensor<std::int64_t>>& labels,
                                  const std::filesystem::path& folder) {
  { constant(inputs, labels).loss } -> std::convertible_to<Variable<float>>;
  { constant(inputs).logits } -> std::convertible_to<Variable<float>>;
  { model.parameters() } -> std::same_as<ParameterSpace<float>&>;
  { model.context() } -> std::same_as<nn::ForwardContext&>;
  { constant.training() } -> std::convertible_to<bool>;
  model.train(true);
  constant.save_pretrained(folder);
  model.load_weights(folder);
};

namespace detail {

/// Restores mode, precision and random coordinates of a model when it goes out of scope.
class ContextGuard {
 public:
  explicit ContextGuard(nn::ForwardContext& context) : context_(context), saved_(context) {}
  ~ContextGuard() { context_ = saved_; }
  ContextGuard(const ContextGuard&) = delete;
  ContextGuard& operator=(const ContextGuard&) = delete;

 private:
  nn::ForwardContext& context_;
  nn::ForwardContext saved_;
};

/// Number of parameters that take part in matrix products: all but embedding tables, which are recognised by name.
inline std::int64_t parameters_without_embeddings(const ParameterSpace<float>& parameters) {
  std::int64_t count = 0;
  for (const auto& part : parameters.named())
    if (!part.name.ends_with("embeddings.weight") && !part.name.ends_with("embedding.weight"))
      count += part.shape().elements();
  return count;
}

}  // namespace detail

}  // namespace tl
