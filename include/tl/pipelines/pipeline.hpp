// What all pipelines share: the model in evaluation mode and in the precision that was asked for, sequences in batches
// of similar length without padding, weights packed for bf16, the checks of model and tokenizer, and tasks as template
// arguments.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/autograd/variable.hpp>
#include <tl/core/batch.hpp>
#include <tl/core/finite.hpp>
#include <tl/core/fork_gate.hpp>
#include <tl/core/sort.hpp>
#include <tl/models/model.hpp>
#include <tl/text/tokenizer.hpp>

namespace tl::detail {

/// A task's name as a template argument: pipeline<"token-classification">(folder).
template <std::size_t size> struct PipelineTask {
  // Implicit, so that a literal is enough.
  consteval PipelineTask(const char (&name)[size]) { std::copy_n(name, size, characters); }  // NOLINT
  constexpr bool operator==(std::string_view name) const { return std::string_view(characters, size - 1) == name; }

  char characters[size]{};
};

/// Replaces each value by exp(value) over the sum of all, in float as the reference.
inline void softmax(std::span<float> values) {
  const float largest = *std::max_element(values.begin(), values.end());
  float sum = 0.0F;
  for (float& x : values) sum += x = std::exp(x - largest);
  for (float& x : values) x /= sum;
}

/// Throws Error(numeric) if one of the logits is NaN or infinite.
inline void check_logits(std::span<const float> logits) {
  for (const float logit : logits)
    check(is_finite(logit), ErrorCode::numeric, "pipeline: expected finite logits, got ", is_nan(logit) ? "nan" : "inf",
          "; the weights of the model are damaged");
}

using TokenIds = std::vector<std::vector<std::int32_t>>;

/// A model and the tokenizer that belongs to it. Calls from several threads at once are safe.
class PipelineBase {
 public:
  const Model& model() const { return *model_; }
  const Tokenizer& tokenizer() const { return tokenizer_; }

 protected:
  /// Moves the model to `device`, if there is one. Throws Error(invalid_argument) for a tokenizer with more tokens than
  /// the model, Error(device) for a device that cannot be used, or not in bf16. `frozen`: the weights are not written
  /// to any more, so that those for bf16 are packed once for all calls.
  PipelineBase(std::shared_ptr<Model> model, const Tokenizer& tokenizer, bool bf16, std::optional<Device> device,
               bool frozen)
      : model_(std::move(model)), tokenizer_(tokenizer), bf16_(bf16) {
    if (device) model_->to(*device);
    require_precision(model_->device(), bf16_ ? Precision::bf16 : Precision::f32);
    if (model_->config().vocab_size > 0) check_vocab_size(tokenizer_, model_->config().vocab_size, "pipeline");
    set_mode();
    if (frozen) weights_ = std::make_shared<PackedWeightCache>();
  }

  /// Tokens of the longest text that the model takes.
  std::int64_t longest() const {
    const std::int64_t most = model_->config().max_position_embeddings;
    return most > 0 ? most : std::numeric_limits<std::int32_t>::max();  // 0: not known
  }

  /// Runs the model over sequences of token ids, each with at least one, and their token types, if any. Calls
  /// take(members, batch, logits) for each batch: `members` are the indices of its sequences, `logits` are [B, C] or
  /// [N, C] on the CPU.
  template <class Take> void run(TokenIds ids, TokenIds types, std::int64_t batch_size, const Take& take) const {
    set_mode();  // it may have been trained since the pipeline was made
    const NoGradGuard no_grad;
    const auto order = argsort(ids.size(), [&](std::int64_t a, std::int64_t b) {  // long texts first
      return ids[static_cast<std::size_t>(a)].size() > ids[static_cast<std::size_t>(b)].size();
    });
    const auto step = static_cast<std::size_t>(batch_size);
    auto weights = weights_;  // of this call only, unless the model is frozen: it may be trained between two calls
    if (!weights && order.size() > step) weights = std::make_shared<PackedWeightCache>();
    const std::span<const std::int64_t> all(order);
    for (std::size_t begin = 0; begin < order.size(); begin += step) {
      const auto members = all.subspan(begin, std::min(step, order.size() - begin));
      const Batch batch = pack(taken(ids, members), taken(types, members));
      take(members, batch, forward(batch, weights).value().to(cpu_device));
    }
  }

 private:
  /// Puts the model into evaluation mode, and into bf16 if that is wanted. Writes only what is not so already: others
  /// may be predicting with the model.
  void set_mode() const {
    static std::mutex mutex;
    const std::shared_lock gate(fork_gate());
    const std::scoped_lock lock(mutex);
    if (model_->training()) model_->train(false);
    if (bf16_ && model_->context().precision != Precision::bf16) model_->context().precision = Precision::bf16;
  }

  /// Logits of a batch, in a context of this call: other threads may be predicting with the model.
  Variable<float> forward(const Batch& batch, const std::shared_ptr<PackedWeightCache>& weights) const {
    nn::ForwardContext context = model_->context();
    context.packed_weights = weights;
    return model_->forward(batch.to(model_->device()), context).logits;
  }

  static TokenIds taken(TokenIds& all, std::span<const std::int64_t> members) {
    TokenIds some;
    if (all.empty()) return some;
    for (const std::int64_t i : members) some.push_back(std::move(all[static_cast<std::size_t>(i)]));
    return some;
  }

  std::shared_ptr<Model> model_;
  Tokenizer tokenizer_;
  bool bf16_;
  std::shared_ptr<PackedWeightCache> weights_;  // of a frozen model
};

}  // namespace tl::detail
