// CustomModel<Network>: a user's network as a tl::Model, for the Trainer and for files. A network is a struct that
// lists its parts and computes:
//
//   struct BagOfEmbeddings {
//     tl::nn::Embedding<float> embeddings{1000, 32};
//     tl::nn::Linear<float> classifier{32, 2};
//     template <class Visit> void members(Visit& visit) { visit("embeddings", embeddings); ... }
//     tl::ModelOutput forward(const tl::Batch& batch, const tl::nn::ForwardContext& context) const { ... }
//   };
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <tl/models/losses.hpp>
#include <tl/models/model.hpp>
#include <tl/models/pool_windows.hpp>
#include <tl/models/pretrained.hpp>
#include <tl/nn/initialize.hpp>
#include <tl/nn/module.hpp>

namespace tl {

/// A struct that a CustomModel can be made of.
template <class Network>
concept ModelNetwork = nn::Module<Network> &&
    requires(const Network& network, const Batch& batch, const nn::ForwardContext& context) {
  { network.forward(batch, context) } -> std::same_as<ModelOutput>;
};

namespace detail {

// A constant instead of the concept itself: a compiler would list every requirement that a struct does not meet.
template <class Network> inline constexpr bool has_members = nn::Module<Network>;
template <class Network> inline constexpr bool has_forward = !has_members<Network> || ModelNetwork<Network>;

}  // namespace detail

/// The model of a network. Its parameters are zero until they are initialized (tl::nn::initialize) or loaded. If
/// forward() gives logits and no loss, and the batch has labels, the loss is that of the kind of problem: the mean
/// cross-entropy of class ids, unless the configuration or the labels say otherwise.
template <class Network> class [[nodiscard]] CustomModel final : public Model {
  static_assert(
      detail::has_members<Network>,
      "the struct in tl::CustomModel needs `template <class Visit> void members(Visit&)`, which lists its parts");
  static_assert(detail::has_forward<Network>,
                "the struct in tl::CustomModel needs `tl::ModelOutput forward(const "
                "tl::Batch&, const tl::nn::ForwardContext&) const`");

 public:
  /// Makes the network from `arguments`.
  template <class... Arguments>
  explicit CustomModel(Arguments&&... arguments) : network_(std::forward<Arguments>(arguments)...) {
    parameters_ = ParameterSpace<float>(nn::named_parameters(network_));
    if constexpr (requires { Network::task; }) task_ = Network::task;
  }

  ModelOutput forward(const Batch& batch, const nn::ForwardContext& context) const override {
    ModelOutput output = network_.forward(batch, context);
    const bool of_sequences = task_ != Task::token_classification && output.logits.defined() &&
                              output.logits.size(0) == batch.sequences();  // a network may pool windows itself
    if (of_sequences && !output.loss.defined()) detail::pool_windows(output, batch, config_);
    if (!output.loss.defined() && output.logits.defined() && !batch.labels.empty())
      output.loss = model_loss(*this, output, batch);
    return output;
  }
  using Model::operator();

  std::string_view class_name() const override {
    if constexpr (requires { std::string_view(Network::type_name); }) return Network::type_name;
    else return "CustomModel";
  }
  Task task() const override { return task_; }
  /// Without labels and sizes, unless set_config() gave some.
  const PretrainedConfig& config() const override { return config_; }
  void set_config(const PretrainedConfig& config) { config_ = config; }
  std::string describe() const override { return nn::to_string(const_cast<Network&>(network_)); }

  void save_pretrained(const std::filesystem::path& folder) const override {
    save_parameters(folder, parameters_, Json::object());
  }
  void load_weights(const std::filesystem::path& folder) override {
    load_all_parameters(folder, parameters_, "", class_name());
  }

  Network& network() { return network_; }
  const Network& network() const { return network_; }

 private:
  Network network_;
  PretrainedConfig config_;
  Task task_ = Task::other;
};

}  // namespace tl
