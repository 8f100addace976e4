// Packed weights for several passes of a model in bfloat16: what the first product makes of a weight, and the next ones
// read again.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>
#include <vector>

#include <tl/core/fork_gate.hpp>
#include <tl/core/tensor.hpp>

namespace tl {

namespace kernels {

/// A weight in the form in which one kind of product reads it. The kernel decides what that form is.
class PackedWeight {
 public:
  /// The packed weight; the first call makes it, a Tensor<float>, with `pack`. No lock is held while it is made: that
  /// takes the thread pool, and a job of the pool might wait for the lock.
  template <class Pack> const float* get_or_pack(const Pack& pack) {
    if (!ready_) store(pack());
    return std::as_const(packed_).data();
  }

 private:
  void store(const Tensor<float>& packed) {
    const std::shared_lock gate(tl::detail::fork_gate());
    const std::scoped_lock lock(mutex_);
    if (!ready_) packed_ = packed;
    ready_ = true;
  }

  std::atomic<bool> ready_{false};
  std::mutex mutex_;
  Tensor<float> packed_;
};

}  // namespace kernels

/// The weights of linear layers as products in bfloat16 read them, rounded and packed: made by the first pass, read by
/// the next ones. A product of few rows costs less than rounding and packing its weight, so several passes with the
/// same weights are faster for it: 1.25 times for 64 tokens. In float it would gain nothing, and nothing is stored.
///
/// Whether a weight has changed is not looked at. A cache is for passes between which no weight does, those of an
/// evaluation for instance, or the micro-batches of one update. Takes 2 bytes for each weight, and 2 more if there are
/// backward passes; where bfloat16 is multiplied in float, 4 and 4. Safe to use from several threads at once.
class PackedWeightCache {
 public:
  PackedWeightCache() = default;
  PackedWeightCache(const PackedWeightCache&) = delete;
  PackedWeightCache& operator=(const PackedWeightCache&) = delete;

  /// Which of its products reads a weight.
  enum class Product { forward, backward_input };

  /// The place of `weight` [O, I] for that product. Valid as long as the cache.
  kernels::PackedWeight& entry(const Tensor<float>& weight, Product product) {
    const std::shared_lock gate(detail::fork_gate());
    const std::scoped_lock lock(mutex_);
    for (const auto& entry : entries_)
      if (entry->product == product && std::as_const(entry->weight).data() == weight.data() &&
          entry->weight.shape() == weight.shape())
        return entry->packed;
    entries_.push_back(std::make_unique<Entry>(weight, product));
    return entries_.back()->packed;
  }

 private:
  struct Entry {
    Tensor<float> weight;  // a handle, so that no other tensor can get its memory
    Product product;
    kernels::PackedWeight packed;

    Entry(const Tensor<float>& weight_, Product product_) : weight(weight_), product(product_) {}
  };

  std::mutex mutex_;
  std::vector<std::unique_ptr<Entry>> entries_;
};

}  // namespace tl
