// The interface of an optimizer. AdamW is one; a custom one derives from Optimizer, says what an update does and which
// buffers it keeps, and works in a Trainer: its state is in checkpoints and a resumed run has the same bits.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tl/autograd/parameter_space.hpp>
#include <tl/optim/parameter_groups.hpp>

namespace tl {

namespace kernels {
struct StepState;
}  // namespace kernels

/// What one update is told.
struct OptimizerStep {
  std::function<double(double rate)> schedule;  ///< turns a peak learning rate into that of this update
  double gradient_scale = 1.0;                  ///< factor of all gradients, which clips their norm
  /// For optimizers that read it, see reads_step_state(): scalars in the memory of the parameters' device, prepared for
  /// this update. Its `clip` takes the place of gradient_scale, and the update is made if its `apply` is not 0.
  const kernels::StepState* state = nullptr;
  /// With a state: what schedule() will give `later` updates after this one, for later < updates_left.
  std::function<double(double rate, std::int64_t later)> later_schedule{};
  std::int64_t updates_left = 1;  ///< of the run, this one included
};

/// [trainable_end], numbers that an optimizer keeps for every trained element, in the layout of the ParameterSpace.
template <Real T> struct OptimizerBuffer {
  std::string name;  ///< as files call it: "exp_avg"
  Tensor<T> values;
};

/// What a Trainer and custom training loops ask of an optimizer.
template <Real T = float> class Optimizer {
 public:
  /// `parameters` must outlive the optimizer.
  explicit Optimizer(ParameterSpace<T>& parameters) : parameters_(&parameters), layout_(parameters.layout()) {}
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// The name in messages, and in checkpoints: only an optimizer of the same name goes on from one.
  virtual std::string name() const = 0;

  /// One update. Throws Error(state) if parameters were frozen or unfrozen since the optimizer was made.
  void step(const OptimizerStep& update) {
    begin_step();
    do_step(update);
  }

  virtual void zero_grad() { parameters_->zero_grad(); }

  /// What it keeps for every element, up to date; checkpoints save these, and a resumed run writes into them.
  virtual std::vector<OptimizerBuffer<T>> buffers() { return {}; }
  /// What else a resumed run has to know besides the number of updates: finite numbers by name.
  virtual std::map<std::string, double> state() const { return {}; }
  /// Restores what state() gave. Throws Error(format) for what it never gives.
  virtual void load_state(const std::map<std::string, double>& state) { static_cast<void>(state); }

  /// Whether do_step() reads OptimizerStep::state where there is one. On a device other than the CPU the Trainer then
  /// need not wait for the norm of the gradients before each update.
  virtual bool reads_step_state() const { return false; }

  /// Makes all updates of rows that were deferred, if it defers any.
  virtual void materialize_rows() {}

  /// Number of updates made.
  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) {
    materialize_rows();
    steps_ = steps;
  }

 protected:
  /// The update of all parameters; steps() counts it already.
  virtual void do_step(const OptimizerStep& update) = 0;

  /// What comes before any update.
  void begin_step() {
    check(layout_ == parameters_->layout(), ErrorCode::state, name(),
          ": expected the parameters where they were when this optimizer was made, they were frozen or unfrozen since; "
          "make a new one");
    ++steps_;
  }

  ParameterSpace<T>& parameters() const { return *parameters_; }
  /// Zeros for a buffer, on the parameters' device.
  Tensor<T> zeros() const {
    return Tensor<T>::zeros({parameters_->trainable_end()}, parameters_->raw_values().device());
  }

 private:
  ParameterSpace<T>* parameters_;
  std::int64_t layout_;
  std::int64_t steps_ = 0;
};

/// What a Trainer's arguments say of the optimizer; group_ranges() turns it into ranges of the parameters.
struct OptimizerOptions {
  double learning_rate = 1e-3;  ///< peak rate of parameters without one of their own
  double weight_decay = 0.0;
  std::vector<ParameterGroup> groups{};
};

/// Makes the optimizer of a run. A fresh one for each run, so that none begins with the state of another.
using OptimizerFactory = std::function<std::unique_ptr<Optimizer<float>>(ParameterSpace<float>& parameters,
                                                                         const OptimizerOptions& options)>;

}  // namespace tl
