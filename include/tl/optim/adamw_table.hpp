// AdamWTable<T>: the factors of AdamW's coming updates in the memory of a device, so that an update needs nothing of
// the host. A ring: update number u has the entry (u - 1) % size. The factors of the present update are computed in
// every step and compared with what the table holds, so that a schedule that changed its mind, after an evaluation or
// by a user's doing, is followed at once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <tl/core/tensor.hpp>
#include <tl/kernels/adamw.hpp>

namespace tl::detail {

/// Factors of some ranges of parameters.
template <Real T> class AdamWTable {
 public:
  using Factors = kernels::AdamWFactors<T>;
  static_assert(sizeof(Factors) == 3 * sizeof(T));
  static constexpr std::int64_t size = 1024;  // updates
  /// Entries before the present one that stay: in fp16 the device may have skipped updates that the host does not know
  /// of yet. Between two looks there are fewer, because a scale of the loss that is halved so often is too small.
  static constexpr std::int64_t kept = 256;

  AdamWTable(std::int64_t ranges, Device device)
      : ranges_(ranges),
        host_(Tensor<T>::zeros({ranges, size, 3})),
        memory_(device.type == DeviceType::cpu ? host_ : Tensor<T>::zeros({ranges, size, 3}, device)) {}

  /// Makes the table hold the factors of update number `update` (1 is the first) that factors(range, update) gives,
  /// and, when it has to be written, those of the updates after it, `left` in all, as far as factors() does not throw:
  /// what is wrong with a later update is said when it comes. Throws what factors() throws for `update`.
  template <class Function> void prepare(std::int64_t update, std::int64_t left, const Function& factors) {
    bool held = first_ <= update && update < end_;
    for (std::int64_t range = 0; range < ranges_; ++range) {
      const Factors now = factors(range, update);
      held = held && entry(range, update) == now;
      entry(range, update) = now;
    }
    if (held) return;
    first_ = update;
    end_ = update + 1;
    const std::int64_t last = update + std::min(left, size - kept);
    while (end_ < last && write(end_, factors)) ++end_;
    if (memory_.device().type != DeviceType::cpu) memory_.copy_from(host_);
  }

  /// The factors of a range, [size], on the device.
  const Factors* data(std::int64_t range) const {
    return reinterpret_cast<const Factors*>(memory_.data()) + range * size;
  }

 private:
  Factors& entry(std::int64_t range, std::int64_t update) {
    return reinterpret_cast<Factors*>(host_.data())[range * size + (update - 1) % size];
  }

  template <class Function> bool write(std::int64_t update, const Function& factors) {
    try {
      for (std::int64_t range = 0; range < ranges_; ++range) entry(range, update) = factors(range, update);
      return true;
    } catch (...) {
      return false;
    }
  }

  std::int64_t ranges_;
  Tensor<T> host_, memory_;           // [ranges, size, 3]
  std::int64_t first_ = 1, end_ = 1;  // of the updates whose factors are there
};

}  // namespace tl::detail
