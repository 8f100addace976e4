// Contract of AdamW: one update of a flat range, in the order of the reference's fused CPU step (each operation rounded
// to T): p *= 1 - lr * weight_decay; m = fma(1 - beta1, g - m, m); v = fma((1 - beta2) g, g, beta2 v); p -= (lr / (1 -
// beta1^step)) m / (sqrt(v) / sqrt(1 - beta2^step) + eps), with g = gradient_scale * gradient. Scalars are computed in
// double and rounded once. Source: Loshchilov, Hutter 2019, arXiv:1711.05101, algorithm 2.
#pragma once

#include <cmath>
#include <cstdint>

#include <tl/core/stored.hpp>
#include <tl/kernels/run.hpp>
#include <tl/kernels/step_state.hpp>

namespace tl::kernels {

/// The factors of an update that change from step to step.
template <class T> struct AdamWFactors {
  T keep;              // 1 - lr * weight_decay
  T step_size;         // lr / (1 - beta1^step)
  T root_correction2;  // sqrt(1 - beta2^step)

  friend bool operator==(const AdamWFactors&, const AdamWFactors&) = default;
};

template <class T> struct AdamW {
  static constexpr const char* name = "adamw";

  T* parameter;       // [n], updated
  const T* gradient;  // [n]
  T* exp_avg;         // [n], updated: first moment m
  T* exp_avg_sq;      // [n], updated: second moment v
  std::int64_t n;
  double lr, beta1, beta2, eps, weight_decay;
  std::int64_t step;        // 1 for the first update
  T gradient_scale = T(1);  // the clipping coefficient
  /// With a state, in the memory of the device as the table is, these take the place of lr, weight_decay, step and
  /// gradient_scale: update number u has the factors table[(u - 1) % table_size].
  const StepState* state = nullptr;
  const AdamWFactors<T>* table = nullptr;  // [table_size]
  std::int64_t table_size = 0;
  /// The first `rounded_n` parameters after the update, in the format in which products read them; or null.
  Stored<T> rounded{};
  std::int64_t rounded_n = 0;
};

/// The factors that stay the same.
template <class T> struct AdamWConstants {
  T toward1;  // 1 - beta1
  T toward2;  // 1 - beta2
  T beta2, eps;
};

/// The factors of `update`, whose pointers and n are not looked at.
template <class T> AdamWFactors<T> adamw_factors(const AdamW<T>& update) {
  const double correction1 = 1.0 - std::pow(update.beta1, static_cast<double>(update.step));
  const double correction2 = 1.0 - std::pow(update.beta2, static_cast<double>(update.step));
  return {.keep = static_cast<T>(1.0 - update.lr * update.weight_decay),
          .step_size = static_cast<T>(update.lr / correction1),
          .root_correction2 = static_cast<T>(std::sqrt(correction2))};
}

/// What a body multiplies with, and whether it may change anything.
template <class T> struct AdamWScalars {
  AdamWFactors<T> factors;
  T gradient_scale;
  bool apply;
};

/// Where a body begins: what the state says or, without one, `own`, which are adamw_factors() of the update, computed
/// on the host.
template <class T> constexpr AdamWScalars<T> adamw_scalars(const AdamW<T>& update, const AdamWFactors<T>& own) {
  if (!update.state) return {own, update.gradient_scale, true};
  return {update.table[(update.state->updates - 1) % update.table_size], static_cast<T>(update.state->clip),
          update.state->apply != 0};
}

template <class T> AdamWConstants<T> adamw_constants(double beta1, double beta2, double eps) {
  return {.toward1 = static_cast<T>(1.0 - beta1),
          .toward2 = static_cast<T>(1.0 - beta2),
          .beta2 = static_cast<T>(beta2),
          .eps = static_cast<T>(eps)};
}

/// Updates that were deferred because the gradient was zero, for some rows of a table: the same bits as if they had
/// been made one by one.
template <class T> struct AdamWDeferred {
  static constexpr const char* name = "adamw_deferred";

  T* parameter;              // [V, width], updated
  T* exp_avg;                // [V, width], updated
  T* exp_avg_sq;             // [V, width], updated
  const std::int32_t* rows;  // [count], each once
  const std::int64_t* seen;  // [V], how many of `steps` a row has had
  const AdamWFactors<T>* steps;
  std::int64_t count, width, end;  // of `steps`
  double beta1, beta2, eps;
};

}  // namespace tl::kernels
