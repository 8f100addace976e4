// The mean squared error and the binary cross-entropy of logits on the GPU; the losses are summed in double.
#pragma once

#include <cmath>
#include <cstdint>

#include <tl/kernels/bce_with_logits.hpp>
#include <tl/kernels/cuda/each.cuh>
#include <tl/kernels/cuda/total_sum.cuh>
#include <tl/kernels/mse_loss.hpp>

namespace tl::cuda {

template <class T> struct SquaredErrorTerm {
  kernels::MseLossForward<T> p;
  __device__ double operator()(std::int64_t i) const {
    const double difference = static_cast<double>(p.x[i]) - static_cast<double>(p.target[i]);
    return difference * difference;
  }
};

template <class T> struct SquaredErrorGradient {
  kernels::MseLossBackward<T> p;
  __device__ void operator()(std::int64_t i) const {
    p.dx[i] = T(2) * *p.dloss / static_cast<T>(p.n) * (p.x[i] - p.target[i]);
  }
};

// -t w log(s) - (1 - t) log(1 - s) = (1 - t) x + (1 + (w - 1) t) (log(1 + e^-|x|) + max(-x, 0)), which never overflows.
template <class T> struct BceTerm {
  kernels::BceWithLogitsForward<T> p;
  __device__ double operator()(std::int64_t i) const {
    const double x = static_cast<double>(p.logits[i]), t = static_cast<double>(p.target[i]);
    const double weight = p.pos_weight ? static_cast<double>(p.pos_weight[i % p.c]) : 1.0;
    const double log_part = std::log1p(std::exp(-std::fabs(x))) + (x < 0.0 ? -x : 0.0);
    return (1.0 - t) * x + (1.0 + (weight - 1.0) * t) * log_part;
  }
};

template <class T> struct BceGradient {
  kernels::BceWithLogitsBackward<T> p;
  __device__ void operator()(std::int64_t i) const {
    const double x = static_cast<double>(p.logits[i]), t = static_cast<double>(p.target[i]);
    const double weighted = p.pos_weight ? static_cast<double>(p.pos_weight[i % p.c]) * t : t;
    const double scale = static_cast<double>(*p.dloss) / static_cast<double>(p.n);
    p.dlogits[i] = static_cast<T>(scale * ((weighted + 1.0 - t) / (1.0 + std::exp(-x)) - weighted));
  }
};

template <class T> static void mse_loss_forward(const kernels::MseLossForward<T>& p) {
  sum_all(p.name, p.n, SquaredErrorTerm<T>{p},
          WriteScaledSum<T>{.result = p.loss, .divisor = static_cast<double>(p.n)});
}

template <class T> static void mse_loss_backward(const kernels::MseLossBackward<T>& p) {
  launch_each(p.name, Shape{p.n}, p.n, SquaredErrorGradient<T>{p});
}

template <class T> static void bce_with_logits_forward(const kernels::BceWithLogitsForward<T>& p) {
  sum_all(p.name, p.n, BceTerm<T>{p}, WriteScaledSum<T>{.result = p.loss, .divisor = static_cast<double>(p.n)});
}

template <class T> static void bce_with_logits_backward(const kernels::BceWithLogitsBackward<T>& p) {
  launch_each(p.name, Shape{p.n}, p.n, BceGradient<T>{p});
}

template <class T> static void provide_losses() {
  kernels::provide_cuda(&mse_loss_forward<T>, &mse_loss_backward<T>, &bce_with_logits_forward<T>,
                        &bce_with_logits_backward<T>);
}

[[maybe_unused]] static const bool losses_registered = [] {
  provide_losses<float>();
  provide_losses<double>();
  return true;
}();

}  // namespace tl::cuda
