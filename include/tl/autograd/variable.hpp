// Variable<T>: a tensor in a gradient graph. An operation computes its value and records, beside it, the rule that
// turns the gradient of its result into gradients of its inputs; backward() replays the rules in reverse order.
//
// A rule captures the tensors it needs and the Gradient handles of its inputs, never the Variables, so an activation
// that no rule needs is freed at once. After backward() the rules are gone: a graph is used once.
#pragma once

#include <initializer_list>
#include <memory>
#include <type_traits>
#include <utility>

#include <tl/autograd/gradient_buffer.hpp>
#include <tl/autograd/graph.hpp>
#include <tl/autograd/no_grad.hpp>
#include <tl/autograd/rounded_copy.hpp>
#include <tl/core/tensor.hpp>

namespace tl {

/// A tensor whose gradient can be asked for. Copies share value and gradient.
template <Real T> class [[nodiscard]] Variable {
 public:
  /// An undefined variable.
  Variable() = default;

  /// A constant, or with `requires_grad` a leaf that receives a gradient in backward().
  explicit Variable(Tensor<T> value, bool requires_grad = false) : value_(std::move(value)) {
    if (requires_grad) node_ = make_node(GradientBuffer<T>(value_.shape(), value_.device(), true));
  }

  /// A leaf whose gradient is accumulated into `grad`, a tensor of the same shape that the caller may keep.
  Variable(Tensor<T> value, Tensor<T> grad) : Variable(std::move(value), GradientBuffer<T>(std::move(grad))) {}
  Variable(Tensor<T> value, GradientBuffer<T> gradient) : value_(std::move(value)) {
    check(gradient.shape() == value_.shape(), ErrorCode::shape, "a gradient of shape ", gradient.shape(), " for ",
          value_);
    check(gradient.device() == value_.device(), ErrorCode::device, "a gradient on ", gradient.device(), " for ", value_,
          "; expected both on one device");
    node_ = make_node(std::move(gradient));
  }

  /// An input of an operation, any Variable.
  class Input {
   public:
    Input(const Variable& variable) : node_(variable.node_) {}  // NOLINT(google-explicit-constructor): in a list

   private:
    friend Variable;
    const std::shared_ptr<detail::GraphNode<T>>& node_;
  };

  /// The result of an operation: `value`, computed from `inputs`, and the rule that is called with the gradient of
  /// `value` and adds to the Gradient handles it captured. Without recording, or if no input needs a gradient, the
  /// rule is dropped.
  template <class Rule> static Variable record(Tensor<T> value, std::initializer_list<Input> inputs, Rule rule) {
    static_assert(std::is_invocable_v<Rule&, const Tensor<T>&>,
                  "an operation needs a backward rule: a callable that takes the gradient of its result");
    Variable result(std::move(value));
    if (result.depends_on(inputs)) result.node_->rule = std::move(rule);
    return result;
  }

  bool defined() const noexcept { return value_.defined(); }
  /// The tensor, to read or to write. Between an operation that keeps it for its gradient and backward() it must not
  /// change, and backward() throws Error(state) if it did.
  Tensor<T>& value() noexcept { return value_; }
  const Tensor<T>& value() const noexcept { return value_; }

  /// The value in T's own format, for kernels that take no other: itself or, if it is stored in another one, a
  /// converted copy.
  const Tensor<T> own_value() const { return detail::in_own_format(value_); }

  /// The value for products in `precision`: a copy in the format that they read, if someone keeps one and the value
  /// was not changed since, else the value itself.
  const Tensor<T>& operand(Precision precision) const {
    if (rounded_ && rounded_->serves(result_format<T>(device(), precision))) return rounded_->tensor();
    return value_;
  }
  /// Keeps `copy`, the elements of the value in bf16 or f16, for operand(); it is used until the value changes. Copies
  /// of this variable that are made from now on have it, too. Undefined: nothing is kept any more.
  void keep_rounded(Tensor<T> copy) {
    if (!copy.defined()) return rounded_.reset();
    check(copy.shape() == shape(), ErrorCode::shape, "a rounded copy of ", value_, ": expected the same shape, got ",
          copy);
    rounded_ = std::make_shared<const detail::RoundedCopy<T>>(std::move(copy), value_);
  }

  const Shape& shape() const noexcept { return value_.shape(); }
  std::int64_t size(int dimension) const { return value_.size(dimension); }
  Device device() const noexcept { return value_.device(); }
  bool requires_grad() const noexcept { return node_ != nullptr; }
  /// Whether it has a gradient of its own, as a parameter does: neither a constant nor the result of an operation.
  bool is_leaf() const noexcept { return node_ && node_->gradient.is_leaf(); }

  /// The accumulated gradient; undefined before backward() reached this variable.
  /// Only leaves keep theirs: that of an intermediate result is freed during backward().
  Tensor<T> grad() const { return node_ ? node_->gradient.read() : Tensor<T>{}; }

  /// Makes the gradient zero, so that the next backward() starts anew.
  void zero_grad() const {
    if (node_) node_->gradient.zero();
  }

  /// The handle through which a backward rule adds to this variable's gradient.
  Gradient<T> gradient() const { return Gradient<T>(gradient_buffer()); }

  /// The gradient as an object; null if this variable needs none.
  std::shared_ptr<GradientBuffer<T>> gradient_buffer() const {
    return node_ ? std::shared_ptr<GradientBuffer<T>>(node_, &node_->gradient) : nullptr;
  }

  /// The value without its history.
  Variable detach() const {
    Variable result(value_);
    result.rounded_ = rounded_;
    return result;
  }

  /// Rows [begin, end) of a leaf as a leaf of its own that shares value and gradient memory: a part of a parameter.
  Variable leaf_rows(std::int64_t begin, std::int64_t end) const {
    Variable result(value_.rows(begin, end));
    if (rounded_) result.rounded_ = std::make_shared<const detail::RoundedCopy<T>>(rounded_->rows(begin, end));
    if (!node_) return result;
    check(is_leaf(), ErrorCode::state, "leaf_rows() needs a leaf, got the result of an operation: ", value_);
    result.node_ = make_node(GradientBuffer<T>(gradient_buffer(), begin, result.shape()));
    return result;
  }

  /// Computes the gradients of every leaf this scalar depends on and adds them to the leaves' grad().
  /// Throws Error(state) if there is no graph: recording was off, nothing requires a gradient, or it was used already.
  void backward() const {
    check(value_.elements() == 1, ErrorCode::shape, "backward() starts at a scalar, got ", value_,
          "; reduce it first, or pass the gradient of this value");
    backward(Tensor<T>::full(value_.shape(), T(1), value_.device()));
  }

  /// The same, starting with `gradient`, the derivative of the final scalar by this value.
  void backward(const Tensor<T>& gradient) const {
    check(node_ != nullptr, ErrorCode::state, "backward(): ", value_,
          " has no gradient graph; no input requires a gradient, or recording was switched off");
    detail::run_backward(node_, value_, gradient);
  }

 private:
  static std::shared_ptr<detail::GraphNode<T>> make_node(GradientBuffer<T> gradient) {
    return std::make_shared<detail::GraphNode<T>>(std::move(gradient));
  }

  /// Makes this the result of an operation on `inputs`; false if nothing is to be recorded.
  bool depends_on(std::initializer_list<Input> inputs) {
    if (!grad_enabled()) return false;
    std::vector<std::shared_ptr<detail::GraphNode<T>>> nodes;
    nodes.reserve(inputs.size());
    for (const Input& input : inputs)
      if (input.node_) nodes.push_back(input.node_);
    if (nodes.empty()) return false;
    node_ = make_node(GradientBuffer<T>(value_.shape(), value_.device(), false));
    node_->inputs = std::move(nodes);
    return true;
  }

  Tensor<T> value_;
  std::shared_ptr<detail::GraphNode<T>> node_;
  std::shared_ptr<const detail::RoundedCopy<T>> rounded_;  // null if none is kept
};

}  // namespace tl
