// AdamW over a flat parameter space: weight decay on its first range, none on the second, or, with parameter groups,
// the rate and decay of each range's group. Updates of the rows of tables that have no gradient can be deferred; see
// deferred_rows.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/autograd/parameter_space.hpp>
#include <tl/kernels/adamw.hpp>
#include <tl/kernels/cpu/adamw.hpp>
#include <tl/optim/adamw_table.hpp>
#include <tl/optim/deferred_rows.hpp>
#include <tl/optim/optimizer.hpp>
#include <tl/optim/parameter_groups.hpp>
#include <tl/optim/rounded_weights.hpp>

namespace tl {

/// Settings of AdamW, with the reference's defaults but for weight_decay.
struct AdamWOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.0;
  /// Update only those rows of an embedding that have a gradient, the others when they are read; the same bits. CPU
  /// only, ignored elsewhere. One optimizer of a parameter space at a time may do so.
  bool defer_rows = false;
  /// Keep weights that are trained in the format in which products in this precision read them, where the device stores
  /// such; every pass then reads those instead of rounding. The same bits; ignored on the CPU.
  Precision rounded_weights = Precision::f32;
  /// Parameters with a learning rate or decay of their own; all others have those above.
  std::vector<ParameterGroup> groups{};
};

/// Adam with decoupled weight decay, arXiv:1711.05101, in the arithmetic of the reference's fused CPU step.
template <Real T = float> class AdamW final : public Optimizer<T> {
 public:
  /// Throws Error(invalid_argument) for a negative rate, epsilon or decay, a beta outside [0, 1), or groups that
  /// overlap, Error(not_found) for a group's pattern that chooses no parameter.
  AdamW(ParameterSpace<T>& parameters, const AdamWOptions& options)
      : Optimizer<T>(parameters),
        options_(options),
        parameters_(&parameters),
        exp_avg_(this->zeros()),
        exp_avg_sq_(this->zeros()) {
    const struct {
      const char* name;
      double value;
      bool below_one;
    } numbers[] = {{"learning_rate", options.learning_rate, false},
                   {"epsilon", options.epsilon, false},
                   {"weight_decay", options.weight_decay, false},
                   {"beta1", options.beta1, true},
                   {"beta2", options.beta2, true}};
    for (const auto& [name, value, below_one] : numbers)
      check(value >= 0 && (!below_one || value < 1), ErrorCode::invalid_argument, "AdamW: expected ", name,
            below_one ? " in [0, 1)" : " >= 0", ", got ", value);
    split(options);
    if (options.defer_rows && device().type == DeviceType::cpu) defer_rows();
    if (options.rounded_weights != Precision::f32) rounded_weights_.emplace(parameters, options.rounded_weights);
  }

  std::string name() const override { return "AdamW"; }

  void materialize_rows() override {
    for (const auto& table : tables_) table->materialize_all();
  }

  /// One update with the options' learning rate.
  void step() { step(options_.learning_rate); }

  /// One update in which `learning_rate` takes the place of the options' rate; a group's own rate stays. Gradients are
  /// multiplied by `gradient_scale` (clipping) on the way.
  void step(double learning_rate, double gradient_scale = 1.0) {
    this->begin_step();
    update_all([=](const std::optional<double>& own) { return own.value_or(learning_rate); }, gradient_scale);
  }

  /// One update in which `schedule` turns each learning rate, the options' and the groups', into that of this step.
  void step(const std::function<double(double rate)>& schedule, double gradient_scale = 1.0) {
    step(OptimizerStep{.schedule = schedule, .gradient_scale = gradient_scale});
  }
  using Optimizer<T>::step;

  /// [trainable_end], first and second moments, in the layout of the space; up to date.
  Tensor<T> exp_avg() { return materialize_rows(), exp_avg_; }
  Tensor<T> exp_avg_sq() { return materialize_rows(), exp_avg_sq_; }
  std::vector<OptimizerBuffer<T>> buffers() override { return {{"exp_avg", exp_avg()}, {"exp_avg_sq", exp_avg_sq()}}; }
  const AdamWOptions& options() const { return options_; }
  bool reads_step_state() const override { return true; }

 private:
  void do_step(const OptimizerStep& update) override {
    if (update.state) return update_by_state(update);
    update_all([&](const std::optional<double>& own) { return update.schedule(own.value_or(options_.learning_rate)); },
               update.gradient_scale);
  }

  template <class Rate> void update_all(const Rate& rate, double gradient_scale) {
    if (tables_.empty()) (void)parameters_->values();  // makes the updates that another optimizer deferred
    parameters_->raw_values().view(0, Shape{parameters_->trainable_end()}).mark_changed();
    kernels::AdamW<T> whole = update(0.0, gradient_scale);
    const bool moments_held = !exp_avg_.is_only_handle() || !exp_avg_sq_.is_only_handle();
    std::size_t table = 0;
    for (const ParameterRange& range : ranges_) {
      whole.lr = rate(range.learning_rate);
      whole.weight_decay = range.weight_decay;
      if (range.table && !tables_.empty()) tables_[table++]->step(part(whole, range.begin, range.end), moments_held);
      else run(whole, range.begin, range.end);
    }
    if (rounded_weights_) rounded_weights_->keep();
  }

  /// The update with scalars that the device has: its kernels read all that changes from update to update there.
  void update_by_state(const OptimizerStep& update) {
    const auto ranges = static_cast<std::int64_t>(ranges_.size());
    if (!table_) table_.emplace(ranges, device());
    table_->prepare(this->steps(), update.updates_left, [&](std::int64_t range, std::int64_t number) {
      const ParameterRange& its = ranges_[static_cast<std::size_t>(range)];
      const double rate = its.learning_rate.value_or(options_.learning_rate);
      const std::int64_t later = number - this->steps();
      kernels::AdamW<T> numbers = this->update(later ? update.later_schedule(rate, later) : update.schedule(rate), 1.0);
      numbers.weight_decay = its.weight_decay;
      numbers.step = number;
      return kernels::adamw_factors(numbers);
    });
    materialize_rows();
    parameters_->raw_values().view(0, Shape{parameters_->trainable_end()}).mark_changed();
    kernels::AdamW<T> whole = this->update(0.0, 1.0);
    whole.state = update.state;
    whole.table_size = detail::AdamWTable<T>::size;
    for (std::int64_t range = 0; range < ranges; ++range) {
      whole.table = table_->data(range);
      run(whole, ranges_[static_cast<std::size_t>(range)].begin, ranges_[static_cast<std::size_t>(range)].end);
    }
    if (rounded_weights_) rounded_weights_->keep();  // also after an update that is skipped: nothing has changed then
  }

  /// Makes ranges_; without groups they are as few as can be.
  void split(const AdamWOptions& options) {
    if (!options.groups.empty()) {
      ranges_ = group_ranges(*parameters_, options.groups, options.weight_decay);
      return;
    }
    const bool by_rows = options.defer_rows && device().type == DeviceType::cpu;
    ranges_.push_back({0, by_rows ? parameters_->dense_end() : parameters_->decayed_end(), {}, options.weight_decay});
    if (by_rows)
      for (const auto& [parameter, offset] : parameters_->tables())
        ranges_.push_back({offset, offset + parameter.shape().elements(), {}, options.weight_decay, true});
    ranges_.push_back({parameters_->decayed_end(), parameters_->trainable_end(), {}, 0.0});
  }

  Device device() const { return parameters_->raw_values().device(); }

  void defer_rows() {
    const std::int64_t begin = parameters_->dense_end();
    const auto bytes = static_cast<std::size_t>(parameters_->decayed_end() - begin) * sizeof(T);
    for (Tensor<T>* moments : {&exp_avg_, &exp_avg_sq_}) detail::prefer_small_pages(moments->data() + begin, bytes);
    const kernels::AdamW<T> whole = update(0.0, 1.0);
    for (const auto& table : parameters_->tables())
      tables_.push_back(std::make_unique<DeferredRows<T>>(
          *parameters_, table, part(whole, table.offset, table.offset + table.parameter.shape().elements())));
  }

  /// The update of all elements, in plain addresses.
  kernels::AdamW<T> update(double learning_rate, double scale) {
    Tensor<T> values = parameters_->raw_values();
    return {.parameter = values.unwatched_data(),
            .gradient = parameters_->raw_gradients().data(),
            .exp_avg = exp_avg_.data(),
            .exp_avg_sq = exp_avg_sq_.data(),
            .n = 0,
            .lr = learning_rate,
            .beta1 = options_.beta1,
            .beta2 = options_.beta2,
            .eps = options_.epsilon,
            .weight_decay = options_.weight_decay,
            .step = this->steps(),
            .gradient_scale = static_cast<T>(scale),
            .rounded = rounded_weights_ ? rounded_weights_->memory() : Stored<T>(),
            .rounded_n = rounded_weights_ ? rounded_weights_->elements() : 0};
  }

  /// `update` for elements [begin, end).
  static kernels::AdamW<T> part(kernels::AdamW<T> update, std::int64_t begin, std::int64_t end) {
    update.parameter += begin;
    update.gradient += begin;
    update.exp_avg += begin;
    update.exp_avg_sq += begin;
    update.n = end - begin;
    update.rounded_n = std::clamp<std::int64_t>(update.rounded_n - begin, 0, update.n);
    update.rounded = update.rounded_n > 0 ? update.rounded + begin : Stored<T>();
    return update;
  }
  void run(const kernels::AdamW<T>& update, std::int64_t begin, std::int64_t end) const {
    kernels::run(device(), part(update, begin, end));
  }

  AdamWOptions options_;
  ParameterSpace<T>* parameters_;
  Tensor<T> exp_avg_, exp_avg_sq_;
  std::vector<ParameterRange> ranges_;  // of all trained elements
  std::optional<detail::RoundedWeights<T>> rounded_weights_;
  std::vector<std::unique_ptr<DeferredRows<T>>> tables_;  // if updates are deferred: those of the space, in its order
  std::optional<detail::AdamWTable<T>> table_;            // made by the first update that is told of a state
};

}  // namespace tl
