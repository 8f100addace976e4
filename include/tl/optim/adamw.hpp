// AdamW over a flat parameter space: weight decay on its first range, none on the second.
#pragma once

#include <tl/autograd/parameter_space.hpp>
#include <tl/cpu/adamw.hpp>
#include <tl/kernels/adamw.hpp>

namespace tl {

struct AdamWOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.0;
};

/// Adam with decoupled weight decay, arXiv:1711.05101, in the arithmetic of the reference's fused CPU step.
template <Real T = float> class AdamW {
 public:
  /// Throws Error(invalid_argument) for a negative rate, epsilon or decay, or a beta outside [0, 1).
  AdamW(ParameterSpace<T>& parameters, const AdamWOptions& options)
      : options_(options),
        parameters_(&parameters),
        exp_avg_(Tensor<T>::zeros({parameters.trainable()})),
        exp_avg_sq_(Tensor<T>::zeros({parameters.trainable()})) {
    const auto need = [](bool good, const char* name, double value, const char* range) {
      check(good, ErrorCode::invalid_argument, "AdamW: expected ", name, " ", range, ", got ", value);
    };
    need(options.learning_rate >= 0, "learning_rate", options.learning_rate, ">= 0");
    need(options.epsilon >= 0, "epsilon", options.epsilon, ">= 0");
    need(options.weight_decay >= 0, "weight_decay", options.weight_decay, ">= 0");
    need(options.beta1 >= 0 && options.beta1 < 1, "beta1", options.beta1, "in [0, 1)");
    need(options.beta2 >= 0 && options.beta2 < 1, "beta2", options.beta2, "in [0, 1)");
  }

  /// One update with the options' learning rate.
  void step() { step(options_.learning_rate); }

  /// One update with another learning rate; gradients are multiplied by `gradient_scale` (clipping) on the way.
  void step(double learning_rate, double gradient_scale = 1.0) {
    ++steps_;
    update(0, parameters_->decayed(), learning_rate, options_.weight_decay, gradient_scale);
    update(parameters_->decayed(), parameters_->trainable(), learning_rate, 0.0, gradient_scale);
  }

  void zero_grad() { parameters_->zero_grad(); }

  /// Number of updates made.
  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) { steps_ = steps; }

  Tensor<T>& exp_avg() { return exp_avg_; }        ///< [trainable], first moments, in the layout of the space
  Tensor<T>& exp_avg_sq() { return exp_avg_sq_; }  ///< second moments
  const Tensor<T>& exp_avg() const { return exp_avg_; }
  const Tensor<T>& exp_avg_sq() const { return exp_avg_sq_; }
  const AdamWOptions& options() const { return options_; }

 private:
  void update(std::int64_t begin, std::int64_t end, double learning_rate, double weight_decay, double scale) {
    if (begin == end) return;
    Tensor<T> values = parameters_->values();
    kernels::adamw<T>(values.device(), {.parameter = values.data() + begin,
                                        .gradient = parameters_->gradients().data() + begin,
                                        .exp_avg = exp_avg_.data() + begin,
                                        .exp_avg_sq = exp_avg_sq_.data() + begin,
                                        .n = end - begin,
                                        .lr = learning_rate,
                                        .beta1 = options_.beta1,
                                        .beta2 = options_.beta2,
                                        .eps = options_.epsilon,
                                        .weight_decay = weight_decay,
                                        .step = steps_,
                                        .gradient_scale = static_cast<T>(scale)});
  }

  AdamWOptions options_;
  ParameterSpace<T>* parameters_;
  Tensor<T> exp_avg_, exp_avg_sq_;
  std::int64_t steps_ = 0;
};

}  // namespace tl
