// KeptWeights: packed weights for several passes of a model in bfloat16.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <type_traits>
#include <utility>
#include <vector>

#include <tl/autograd/variable.hpp>
#include <tl/core/fork_gate.hpp>
#include <tl/kernels/kept_weights.hpp>
#include <tl/kernels/slot.hpp>

namespace tl {

/// The weights of linear layers as products in bfloat16 read them, rounded and packed: made by the first pass, read by
/// the next ones. A product of few rows costs less than rounding and packing its weight, so several passes with the
/// same weights are faster for it: 1.25 times for 64 tokens. In float it would gain nothing, and nothing is kept.
///
/// Nobody looks whether a weight has changed. An object is for passes between which no weight does, those of an
/// evaluation for instance, or the micro-batches of one update. Takes 2 bytes for each weight, and 2 more if there are
/// backward passes; where bfloat16 is multiplied in float, 4 and 4. Safe to use from several threads at once.
class KeptWeights {
 public:
  KeptWeights() = default;
  KeptWeights(const KeptWeights&) = delete;
  KeptWeights& operator=(const KeptWeights&) = delete;

  /// As long as it lives, linear layers that run on this thread use `weights`; null changes nothing.
  class Scope {
   public:
    [[nodiscard]] explicit Scope(KeptWeights* weights) : previous_(current()) {
      if (weights) current() = weights;
    }
    ~Scope() { current() = previous_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    KeptWeights* previous_;
  };

  /// Which of its products reads a weight.
  enum class Product { forward, backward_input };

  /// Where that product of a weight [O, I] keeps it; null if it keeps nothing: outside a Scope, or in float. Valid as
  /// long as the KeptWeights of the present scope.
  template <Real T> static kernels::KeptWeight* find(const Tensor<T>& weight, Precision precision, Product product) {
    if constexpr (std::is_same_v<T, float>) {
      if (precision == Precision::bf16 && current()) return &current()->entry(weight, product);
    }
    return nullptr;
  }

 private:
  struct Entry {
    Tensor<float> weight;  // stays, so that no other tensor can get its place
    Product product;
    kernels::KeptWeight kept;

    Entry(const Tensor<float>& weight_, Product product_) : weight(weight_), product(product_) {}
  };

  static KeptWeights*& current() {
    thread_local KeptWeights* weights = nullptr;
    return weights;
  }

  kernels::KeptWeight& entry(const Tensor<float>& weight, Product product) {
    const std::shared_lock gate(detail::fork_gate());
    const std::scoped_lock lock(mutex_);
    for (const auto& entry : entries_)
      if (entry->product == product && std::as_const(entry->weight).data() == weight.data() &&
          entry->weight.shape() == weight.shape())
        return entry->kept;
    entries_.push_back(std::make_unique<Entry>(weight, product));
    return entries_.back()->kept;
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Entry>> entries_;
};

}  // namespace tl
