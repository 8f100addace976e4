// Parameter<T>: a trainable tensor of a module. A module declares its parameters with shapes only; a ParameterSpace
// gives all parameters of a model their memory at once, side by side in one buffer.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <tl/autograd/variable.hpp>

namespace tl {

/// Whether AdamW's weight decay applies: to weights of linear layers and embeddings, not to biases and LayerNorm.
enum class WeightDecay { on, off };

/// How the reference fills a parameter before training.
enum class Initialization { normal, zeros, ones };

/// A handle: copies name the same parameter.
template <Real T> class Parameter {
 public:
  Parameter() = default;
  Parameter(const Shape& shape, Initialization initialization, WeightDecay decay)
      : state_(std::make_shared<State>(State{shape, initialization, decay, true, false, {}})) {}

  const Shape& shape() const { return state_->shape; }
  Initialization initialization() const { return state_->initialization; }
  WeightDecay decay() const { return state_->decay; }
  bool placed() const { return state_->variable.defined(); }
  bool trainable() const { return state_->trainable; }
  bool by_rows() const { return state_->by_rows; }

  /// Excludes the parameter from training: no gradient, no update. Throws Error(state) once it has its memory.
  void freeze() {
    check(!placed(), ErrorCode::state, "freeze() must be called before the parameter is part of a tl::ParameterSpace");
    state_->trainable = false;
  }

  /// Whether it is to be trained from its next place() on; see ParameterSpace::freeze().
  void set_trainable(bool trainable) { state_->trainable = trainable; }

  /// Says that ops read and train single rows of this parameter, a table with weight decay, so that an optimizer may
  /// put off the updates of the others. Throws Error(state) once the parameter has its memory.
  void set_by_rows() {
    check(!placed() && decay() == WeightDecay::on && shape().rank() == 2, ErrorCode::state,
          "set_by_rows() is for tables [V, D] with weight decay that have no memory yet, got a parameter of shape ",
          shape());
    state_->by_rows = true;
  }

  /// The parameter as a leaf of the gradient graph. Throws Error(state) before a ParameterSpace gave it memory.
  const Variable<T>& operator*() const {
    check(placed(), ErrorCode::state, "a parameter of shape ", shape(),
          " has no memory yet; make a tl::ParameterSpace of the module's parameters first");
    return state_->variable;
  }
  const Variable<T>* operator->() const { return &**this; }

  /// Rows [begin, end) as a leaf that shares value and gradient.
  Variable<T> rows(std::int64_t begin, std::int64_t end) const { return (**this).leaf_rows(begin, end); }

  /// Gives the parameter its memory; called by ParameterSpace. `gradient` is zero, or undefined for a frozen one.
  void place(Tensor<T> value, Tensor<T> gradient) {
    state_->variable =
        gradient.defined() ? Variable<T>(std::move(value), std::move(gradient), true) : Variable<T>(std::move(value));
  }

  friend bool operator==(const Parameter& a, const Parameter& b) { return a.state_ == b.state_; }
  const void* identity() const { return state_.get(); }

 private:
  struct State {
    Shape shape;
    Initialization initialization;
    WeightDecay decay;
    bool trainable, by_rows;
    Variable<T> variable;
  };
  std::shared_ptr<State> state_;
};

/// A parameter, or a range of rows of one, under the name it has in files. Layers that are computed in one product (q,
/// k and v) are one parameter in memory and three names here.
template <Real T> struct NamedParameter {
  std::string name;
  Parameter<T> parameter;
  std::int64_t begin = 0, end = 0;  // rows of the first dimension

  /// Shape of the named part.
  Shape shape() const {
    std::vector<std::int64_t> extents(parameter.shape().extents().begin(), parameter.shape().extents().end());
    extents[0] = end - begin;
    return Shape(std::span<const std::int64_t>(extents));
  }
  /// View of the values.
  Tensor<T> value() const { return parameter->value().rows(begin, end); }
  /// View of the accumulated gradient; undefined for a frozen parameter.
  Tensor<T> gradient() const { return parameter.trainable() ? parameter->grad().rows(begin, end) : Tensor<T>{}; }
};

}  // namespace tl
