// AdamW over a flat parameter space: weight decay on its first range, none on the second. Tables that are trained by
// rows can be updated by rows, too: a row without a gradient has a fixed fate, so its updates are put off until
// somebody reads it, and made then in registers, with the same bits.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include <tl/autograd/parameter_space.hpp>
#include <tl/kernels/adamw.hpp>
#include <tl/kernels/cpu/adamw.hpp>

namespace tl {

struct AdamWOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.0;
  /// Update only those rows of an embedding that have a gradient, the others when they are read through a Variable, a
  /// ParameterSpace or a NamedParameter. As long as the optimizer lives, no other handle may be used to read such a
  /// table or to write its gradient. CPU only, ignored elsewhere.
  bool put_off_rows = false;
};

/// Adam with decoupled weight decay, arXiv:1711.05101, in the arithmetic of the reference's fused CPU step.
template <Real T = float> class AdamW {
 public:
  /// Throws Error(invalid_argument) for a negative rate, epsilon or decay, or a beta outside [0, 1).
  AdamW(ParameterSpace<T>& parameters, const AdamWOptions& options)
      : options_(options),
        parameters_(&parameters),
        layout_(parameters.layout()),
        exp_avg_(Tensor<T>::zeros({parameters.trainable_end()})),
        exp_avg_sq_(Tensor<T>::zeros({parameters.trainable_end()})) {
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
    if (!options.put_off_rows || device().type != DeviceType::cpu) return;
    const auto bytes = static_cast<std::size_t>(parameters.decayed_end() - parameters.dense_end()) * sizeof(T);
    for (Tensor<T>* moments : {&exp_avg_, &exp_avg_sq_})
      detail::prefer_small_pages(moments->data() + parameters.dense_end(), bytes);
    for (const auto& [parameter, offset] : parameters.tables()) {
      tables_.push_back(std::make_unique<Table>(parameter, offset));
      Table& table = *tables_.back();
      table.log->before_reading = [this, &table](std::span<const std::int32_t> rows) { catch_up(table, rows); };
      parameter->set_row_log(table.log);
    }
  }

  ~AdamW() {
    make_put_off_updates();
    if (layout_ != parameters_->layout()) return;  // its tables have moved
    for (const auto& table : tables_) table->parameter->set_row_log(nullptr);
  }
  AdamW(const AdamW&) = delete;
  AdamW& operator=(const AdamW&) = delete;

  /// Makes all updates that were put off.
  void make_put_off_updates() {
    for (const auto& table : tables_) catch_up(*table, {});
    for (const auto& table : tables_) std::fill(table->since.begin(), table->since.end(), 0);
    history_.clear();
  }

  /// One update with the options' learning rate.
  void step() { step(options_.learning_rate); }

  /// One update with another learning rate; gradients are multiplied by `gradient_scale` (clipping) on the way.
  void step(double learning_rate, double gradient_scale = 1.0) {
    check(layout_ == parameters_->layout(), ErrorCode::state,
          "AdamW: expected the parameters where they were when this optimizer was made, they were frozen or unfrozen "
          "since; make a new one");
    ++steps_;
    parameters_->settled_gradients();
    parameters_->values_as_they_are().view(0, Shape{parameters_->trainable_end()}).mark_changed();
    kernels::AdamW<T> whole = update(learning_rate, gradient_scale);
    run(whole, 0, tables_.empty() ? parameters_->decayed_end() : parameters_->dense_end());
    for (const auto& table : tables_) step_rows(*table, whole);
    if (!tables_.empty()) history_.push_back(cpu::adamw_factors(whole));
    whole.weight_decay = 0.0;
    run(whole, parameters_->decayed_end(), parameters_->trainable_end());
  }

  void zero_grad() { parameters_->zero_grad(); }

  /// Number of updates made.
  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) {
    make_put_off_updates();
    steps_ = steps;
  }

  /// [trainable_end], first and second moments, in the layout of the space.
  Tensor<T>& exp_avg() { return up_to_date(exp_avg_); }
  Tensor<T>& exp_avg_sq() { return up_to_date(exp_avg_sq_); }
  const AdamWOptions& options() const { return options_; }

 private:
  /// A parameter that is updated by rows.
  struct Table {
    Table(const Parameter<T>& parameter_, std::int64_t offset_)
        : parameter(parameter_),
          offset(offset_),
          width(parameter_.shape()[1]),
          since(static_cast<std::size_t>(parameter_.shape()[0]), 0) {}

    Parameter<T> parameter;
    std::int64_t offset, width;
    std::vector<std::int64_t> since;  // [V], how many entries of history_ each row has seen
    std::shared_ptr<RowLog> log = std::make_shared<RowLog>();
  };

  Device device() const { return parameters_->values_as_they_are().device(); }

  Tensor<T>& up_to_date(Tensor<T>& moments) {
    make_put_off_updates();
    return moments;
  }

  /// The update of all elements; their gradients are settled.
  kernels::AdamW<T> update(double learning_rate, double scale) {
    Tensor<T> values = parameters_->values_as_they_are();
    return {.parameter = values.unwatched_data(),
            .gradient = parameters_->gradients_as_they_are().data(),
            .exp_avg = exp_avg_.data(),
            .exp_avg_sq = exp_avg_sq_.data(),
            .n = 0,
            .lr = learning_rate,
            .beta1 = options_.beta1,
            .beta2 = options_.beta2,
            .eps = options_.epsilon,
            .weight_decay = options_.weight_decay,
            .step = steps_,
            .gradient_scale = static_cast<T>(scale)};
  }

  /// Makes `update` for elements [begin, end).
  void run(kernels::AdamW<T> update, std::int64_t begin, std::int64_t end) const {
    update.parameter += begin;
    update.gradient += begin;
    update.exp_avg += begin;
    update.exp_avg_sq += begin;
    update.n = end - begin;
    kernels::run(device(), update);
  }

  /// The step of a table's rows that have a gradient.
  void step_rows(Table& table, const kernels::AdamW<T>& update) {
    const auto now = static_cast<std::int64_t>(history_.size());
    if (table.log->all_touched()) {
      catch_up(table, {});
      run(update, table.offset, table.offset + table.parameter.shape().elements());
      std::fill(table.since.begin(), table.since.end(), now + 1);
      return;
    }
    const std::vector<std::int32_t>& rows = table.log->touched();
    if (rows.empty()) return;
    catch_up(table, rows);
    parallel_for(static_cast<std::int64_t>(rows.size()), 8, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t row = rows[static_cast<std::size_t>(i)], at = table.offset + row * table.width;
        run(update, at, at + table.width);
        table.since[static_cast<std::size_t>(row)] = now + 1;
      }
    });
  }

  /// Makes the updates that these rows, or all if the list is empty, have not seen.
  void catch_up(Table& table, std::span<const std::int32_t> rows) {
    const std::scoped_lock lock(reading_);  // several threads may predict with the model of this optimizer
    const auto now = static_cast<std::int64_t>(history_.size());
    std::vector<std::int32_t> behind;
    const auto add = [&](std::int32_t row) {
      if (table.since[static_cast<std::size_t>(row)] < now) behind.push_back(row);
    };
    if (rows.empty())
      for (std::size_t row = 0; row < table.since.size(); ++row) add(static_cast<std::int32_t>(row));
    for (const std::int32_t row : rows) add(row);
    if (behind.empty()) return;
    detail::sort_rows(behind);
    Tensor<T> values = parameters_->values_as_they_are();
    kernels::run(device(), kernels::AdamWPutOff<T>{.parameter = values.unwatched_data() + table.offset,
                                                   .exp_avg = exp_avg_.data() + table.offset,
                                                   .exp_avg_sq = exp_avg_sq_.data() + table.offset,
                                                   .rows = behind.data(),
                                                   .since = table.since.data(),
                                                   .steps = history_.data(),
                                                   .count = static_cast<std::int64_t>(behind.size()),
                                                   .width = table.width,
                                                   .end = now,
                                                   .beta1 = options_.beta1,
                                                   .beta2 = options_.beta2,
                                                   .eps = options_.epsilon});
    for (const std::int32_t row : behind) table.since[static_cast<std::size_t>(row)] = now;
  }

  AdamWOptions options_;
  ParameterSpace<T>* parameters_;
  std::int64_t layout_;
  Tensor<T> exp_avg_, exp_avg_sq_;
  std::int64_t steps_ = 0;
  std::vector<kernels::AdamWFactors<T>> history_;  // of the steps since all rows were last up to date
  std::vector<std::unique_ptr<Table>> tables_;
  std::mutex reading_;
};

}  // namespace tl
