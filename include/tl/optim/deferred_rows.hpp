// DeferredRows<T>: the updates of a table's rows that AdamW has not made yet. Of a large vocabulary a batch reads and
// trains a few hundred rows. Without a gradient AdamW is a fixed recurrence, so the other rows can wait: what they
// missed is made up, in registers and with the same bits, before an operation reads them (Parameter::prepare_rows()),
// or the whole table is read (Parameter::operator*, NamedParameter::value(), ParameterSpace::values()).
//
// A stale row is never read: while any Tensor or Variable outside still holds the table, its values or its moments,
// updates are made at once. What this cannot see is a plain address or span that is kept over a step.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include <tl/autograd/parameter_space.hpp>
#include <tl/core/parallel.hpp>
#include <tl/kernels/adamw.hpp>
#include <tl/kernels/cpu/adamw.hpp>

namespace tl {

/// Updates of one table by AdamW, in which rows without a gradient wait.
template <Real T> class DeferredRows final : public detail::PendingRows {
 public:
  /// `memory` has the addresses of the table and of its moments, and what is the same for all steps; they must stay
  /// valid. Throws Error(state) if another optimizer defers updates of this table.
  DeferredRows(const ParameterSpace<T>& parameters, const typename ParameterSpace<T>::Table& table,
               const kernels::AdamW<T>& memory)
      : parameters_(&parameters),
        table_(table),
        memory_(memory),
        seen_(static_cast<std::size_t>(table.parameter.shape()[0]), 0) {
    check(table.parameter.pending() == nullptr, ErrorCode::state,
          "AdamW: expected one optimizer at a time that defers the updates of rows, another one does so for a table of "
          "shape ",
          table.parameter.shape());
    table_.parameter.set_pending(this);
  }
  ~DeferredRows() override {
    if (table_.parameter.pending() != this) return;  // the table was given other memory since, up to date
    materialize_all();
    table_.parameter.set_pending(nullptr);
  }
  DeferredRows(const DeferredRows&) = delete;
  DeferredRows& operator=(const DeferredRows&) = delete;

  /// One update of the table, `update` with the addresses of its first elements. Rows without a gradient wait for it,
  /// unless they could be read from outside: `moments_held`, or a handle of the values.
  void step(const kernels::AdamW<T>& update, bool moments_held) {
    const detail::SparseRows& rows = table_.gradient_rows();
    const bool held = moments_held || parameters_->values_held() || !table_.parameter.raw().value().is_only_handle();
    if (held || rows.all_marked()) {
      materialize_all();
      run_elements(update, 0, update.n);
      return;
    }
    materialize(rows.marked());
    const std::scoped_lock lock(mutex_);
    const std::vector<std::int32_t>& marked = rows.marked();
    parallel_for(static_cast<std::int64_t>(marked.size()), 8, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t row = marked[static_cast<std::size_t>(i)];
        run_elements(update, row * width(), width());
        seen_[static_cast<std::size_t>(row)] = now() + 1;
      }
    });
    steps_.push_back(kernels::adamw_factors(update));
  }

  void materialize(std::span<const std::int32_t> rows) override {
    const std::scoped_lock lock(mutex_);  // several threads may predict with the model of this optimizer
    std::vector<std::int32_t> stale;
    stale.reserve(rows.size());
    for (const std::int32_t row : rows)
      if (row >= 0 && static_cast<std::size_t>(row) < seen_.size() && seen_[static_cast<std::size_t>(row)] < now())
        stale.push_back(row);
    make_up(stale);
  }

  void materialize_all() override {
    const std::scoped_lock lock(mutex_);
    if (steps_.empty()) return;
    std::vector<std::int32_t> stale;
    for (std::size_t row = 0; row < seen_.size(); ++row)
      if (seen_[row] < now()) stale.push_back(static_cast<std::int32_t>(row));
    make_up(stale);
    std::fill(seen_.begin(), seen_.end(), 0);
    steps_.clear();
  }

 private:
  std::int64_t now() const { return static_cast<std::int64_t>(steps_.size()); }
  std::int64_t width() const { return table_.parameter.shape()[1]; }
  Device device() const { return table_.parameter.raw().device(); }

  void run_elements(kernels::AdamW<T> update, std::int64_t begin, std::int64_t n) const {
    update.parameter += begin;
    update.gradient += begin;
    update.exp_avg += begin;
    update.exp_avg_sq += begin;
    update.n = n;
    kernels::run(device(), update);
  }

  /// Makes the updates that these rows, each once, have missed.
  void make_up(const std::vector<std::int32_t>& rows) {
    if (rows.empty()) return;
    kernels::run(device(), kernels::AdamWDeferred<T>{.parameter = memory_.parameter,
                                                     .exp_avg = memory_.exp_avg,
                                                     .exp_avg_sq = memory_.exp_avg_sq,
                                                     .rows = rows.data(),
                                                     .seen = seen_.data(),
                                                     .steps = steps_.data(),
                                                     .count = static_cast<std::int64_t>(rows.size()),
                                                     .width = width(),
                                                     .end = now(),
                                                     .beta1 = memory_.beta1,
                                                     .beta2 = memory_.beta2,
                                                     .eps = memory_.eps});
    for (const std::int32_t row : rows) seen_[static_cast<std::size_t>(row)] = now();
  }

  const ParameterSpace<T>* parameters_;
  typename ParameterSpace<T>::Table table_;
  kernels::AdamW<T> memory_;
  std::vector<std::int64_t> seen_;               // [V], how many of steps_ each row has had
  std::vector<kernels::AdamWFactors<T>> steps_;  // since all rows were up to date
  std::mutex mutex_;
};

}  // namespace tl
