// Dropout: zeroes a share p of the elements while training. Each Dropout of a model has a site number of its own, which
// together with seed and step selects its masks. Without a number of the caller's it is the place among the Dropouts
// that members() lists, found by named_parameters(), so that a model that is made again has the same masks again; one
// that is listed nowhere has a number that no other one of the process has.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include <tl/nn/context.hpp>
#include <tl/nn/module.hpp>
#include <tl/ops/dropout.hpp>

namespace tl::nn {

/// The number of a Dropout among those of a model.
class DropoutSite {
 public:
  DropoutSite() : number_(first_unlisted + unlisted().fetch_add(1, std::memory_order_relaxed)), automatic_(true) {}
  DropoutSite(std::uint32_t number) : number_(number) {}  // NOLINT(google-explicit-constructor): Dropout{0.1, 3}

  operator std::uint32_t() const { return number_; }  // NOLINT(google-explicit-constructor): it is a number

  /// Takes the place in a module tree, unless the caller gave a number or a larger tree, in which the name is longer,
  /// was visited before.
  void take_place(std::uint32_t place, std::size_t name_length) {
    if (!automatic_ || name_length <= name_length_) return;
    number_ = first_listed + place;
    name_length_ = name_length;
  }

 private:
  static constexpr std::uint32_t first_listed = 0x40000000, first_unlisted = 0x80000000;

  [[gnu::visibility("default")]] static std::atomic<std::uint32_t>& unlisted() {
    static std::atomic<std::uint32_t> count{0};
    return count;
  }

  std::uint32_t number_;
  bool automatic_ = false;
  std::size_t name_length_ = 0;
};

/// A dropout layer: its probability, and the number that tells its mask from those of other layers.
struct Dropout {
  double p = 0.0;
  DropoutSite site{};

  /// x [B, D] with one row per sequence -> [B, D].
  template <Real T> Variable<T> operator()(const Variable<T>& x, const ForwardContext& context) const {
    return ops::dropout(x, context.dropout_for_sequences(p, site), context.precision);
  }

  std::string describe() const { return str_cat("Dropout(p=", p, ", inplace=False)"); }

  template <class Visit> void members(Visit& visit) {
    if constexpr (requires { visit.next_dropout(); }) site.take_place(visit.next_dropout(), visit.prefix.size());
  }
};

}  // namespace tl::nn
