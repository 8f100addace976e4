// Parameter<T>: a trainable tensor of a module. A module declares its parameters with shapes only; a ParameterSpace
// gives all parameters of a model their memory at once, side by side in one buffer.
//
// An optimizer may defer updates of the rows of a table (optim/deferred_rows.hpp). Whoever asks a parameter for its
// value gets all of them made first; an operation that reads a few rows asks with prepare_rows() for these.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <tl/autograd/variable.hpp>

namespace tl {

/// Whether AdamW's weight decay applies: to weights of linear layers and embeddings, not to biases and LayerNorm.
enum class WeightDecay { on, off };

/// How the reference fills a parameter before training.
enum class Initialization { normal, zeros, ones };

namespace detail {

/// What an optimizer has not yet done to the rows of a table.
class PendingRows {
 public:
  virtual ~PendingRows() = default;
  /// Makes the updates that these rows, each once, have not had. Numbers that are no rows are passed over.
  virtual void materialize(std::span<const std::int32_t> rows) = 0;
  virtual void materialize_all() = 0;
};

}  // namespace detail

/// A handle: copies name the same parameter.
template <Real T> class Parameter {
 public:
  Parameter() = default;
  Parameter(const Shape& shape, Initialization initialization, WeightDecay decay)
      : state_(std::make_shared<State>(State{shape, initialization, decay, true, false, nullptr, {}})) {}

  const Shape& shape() const { return state_->shape; }
  Initialization initialization() const { return state_->initialization; }
  WeightDecay decay() const { return state_->decay; }
  bool placed() const { return state_->variable.defined(); }
  bool trainable() const { return state_->trainable; }
  bool sparse() const { return state_->sparse; }

  /// Excludes the parameter from training: no gradient, no update. Throws Error(state) once it has its memory.
  void freeze() {
    check(!placed(), ErrorCode::state, "freeze() must be called before the parameter is part of a tl::ParameterSpace");
    state_->trainable = false;
  }

  /// Whether it is to be trained from its next place() on; see ParameterSpace::freeze().
  void set_trainable(bool trainable) { state_->trainable = trainable; }

  /// Says that ops read and train single rows of this parameter, a table with weight decay, so that an optimizer may
  /// defer the updates of the others. Throws Error(state) once the parameter has its memory.
  void set_sparse() {
    check(!placed() && decay() == WeightDecay::on && shape().rank() == 2, ErrorCode::state,
          "set_sparse() is for tables [V, D] with weight decay that have no memory yet, got a parameter of shape ",
          shape());
    state_->sparse = true;
  }

  /// The parameter as a leaf of the gradient graph, up to date.
  /// Throws Error(state) before a ParameterSpace gave it memory.
  Variable<T> operator*() const {
    const Variable<T>& variable = raw();
    if (state_->pending) state_->pending->materialize_all();
    return variable;
  }
  Tensor<T> value() const { return (**this).value(); }
  Tensor<T> grad() const { return raw().grad(); }

  /// The parameter for an operation that reads rows `ids` only: these are up to date, others of a table in training
  /// may not be. `groups` are those of the ids, if they are made already.
  Variable<T> prepare_rows(const Tensor<std::int32_t>& ids, const RowGroups& groups = {}) const {
    if (ids.device().type != DeviceType::cpu) return **this;
    const Variable<T>& variable = raw();
    if (state_->pending) state_->pending->materialize(groups_of(ids, groups).ids.span());
    return variable;
  }

  /// Rows [begin, end) as a leaf that shares value and gradient.
  Variable<T> rows(std::int64_t begin, std::int64_t end) const { return (**this).leaf_rows(begin, end); }

  /// The parameter without its pending updates, for the optimizer that makes them.
  const Variable<T>& raw() const {
    check(placed(), ErrorCode::state, "a parameter of shape ", shape(),
          " has no memory yet; make a tl::ParameterSpace of the module's parameters first");
    return state_->variable;
  }
  /// Variable::keep_rounded() of the parameter; undefined for none.
  void keep_rounded(Tensor<T> copy) const { state_->variable.keep_rounded(std::move(copy)); }
  /// What is asked before the value is read; null for nothing.
  detail::PendingRows* pending() const { return state_->pending; }
  void set_pending(detail::PendingRows* pending) const { state_->pending = pending; }

  /// Gives the parameter its memory; called by ParameterSpace. `gradient` is zero, or undefined for a frozen one.
  void place(const Tensor<T>& value, const Tensor<T>& gradient) {
    state_->pending = nullptr;
    Tensor<T> own = value.counted_apart();
    state_->variable = gradient.defined()
                           ? Variable<T>(std::move(own), GradientBuffer<T>(gradient.counted_apart(), sparse()))
                           : Variable<T>(std::move(own));
  }

  friend bool operator==(const Parameter& a, const Parameter& b) { return a.state_ == b.state_; }
  const void* identity() const { return state_.get(); }

 private:
  struct State {
    Shape shape;
    Initialization initialization;
    WeightDecay decay;
    bool trainable, sparse;
    detail::PendingRows* pending;
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
  Shape shape() const { return parameter.shape().with_extent(0, end - begin); }
  /// View of the values, up to date.
  Tensor<T> value() const { return parameter.value().rows(begin, end); }
  /// View of the accumulated gradient; undefined for a frozen parameter.
  Tensor<T> gradient() const { return parameter.trainable() ? parameter.grad().rows(begin, end) : Tensor<T>{}; }
};

}  // namespace tl
