// Variable<T>: a tensor in a gradient graph. An operation computes its value and records, beside it, the rule that
// turns the gradient of its result into gradients of its inputs; backward() replays the rules in reverse order.
//
// A rule captures the tensors it needs and the Gradient handles of its inputs, never the Variables, so an activation
// that no rule needs is freed at once. After backward() the rules are gone: a graph is used once.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tl/autograd/row_log.hpp>
#include <tl/core/parallel.hpp>
#include <tl/core/tensor.hpp>

namespace tl {

template <Real T> class [[nodiscard]] Variable;

namespace detail {

[[gnu::visibility("default")]] inline bool& grad_enabled_flag() {
  thread_local bool enabled = true;
  return enabled;
}

[[gnu::visibility("default")]] inline std::uint64_t next_node_number() {
  static std::atomic<std::uint64_t> counter{0};
  return counter.fetch_add(1, std::memory_order_relaxed);
}

/// The rule of an operation, a callable of any type, or none. Not std::function, which compiles code to copy each rule.
template <Real T> class BackwardRule {
 public:
  BackwardRule() = default;
  template <class F>
  explicit BackwardRule(F rule)
      : rule_(new F(std::move(rule)), [](void* raw) { delete static_cast<F*>(raw); }),
        call_([](void* raw, const Tensor<T>& gradient) { (*static_cast<F*>(raw))(gradient); }) {}

  explicit operator bool() const noexcept { return rule_ != nullptr; }
  void operator()(const Tensor<T>& gradient) const { call_(rule_.get(), gradient); }

 private:
  std::unique_ptr<void, void (*)(void*)> rule_{nullptr, nullptr};
  void (*call_)(void*, const Tensor<T>&) = nullptr;
};

/// One vertex of the gradient graph: a leaf that keeps its gradient, or the result of an operation with its rule.
template <Real T> struct GradientNode {
  Shape shape;
  Device device;
  Tensor<T> grad;  // undefined until a gradient arrives
  bool is_leaf = true;
  bool grad_is_zero = false;                  // whatever its memory holds: it is written, or filled, before it is read
  bool handed_out = false;                    // somebody may have written to grad since it was zero
  bool shares_grad = false;                   // others read the memory of grad without asking this node
  bool owns_grad = true;                      // false while grad is a tensor that somebody else may hold, too
  std::uint64_t number = next_node_number();  // later operations have larger numbers
  std::uint64_t found_by = 0;                 // the number of the backward() that came here last
  std::vector<std::shared_ptr<GradientNode>> inputs;
  BackwardRule<T> rule;
  std::shared_ptr<RowLog> rows;  // of a leaf that is trained by rows
  // Of a part of a leaf that was made without recording, which must write to nothing: the leaf, and where the part
  // begins. It gets its gradient when somebody asks for it.
  std::shared_ptr<GradientNode> whole;
  std::int64_t first_row = 0;

  /// Writes the zeros of a gradient that is zero.
  void settle() {
    if (std::exchange(grad_is_zero, false)) grad.fill(T(0));
  }

  GradientNode() = default;
  GradientNode(const GradientNode&) = delete;
  GradientNode& operator=(const GradientNode&) = delete;
  // Frees a graph that backward() never used. In a loop, because a chain of nodes that free each other would need a
  // stack as deep as the graph is long.
  ~GradientNode() {
    std::vector<std::shared_ptr<GradientNode>> last = std::move(inputs);
    rule = {};
    while (!last.empty()) {
      const std::shared_ptr<GradientNode> node = std::move(last.back());
      last.pop_back();
      if (node.use_count() > 1) continue;
      for (const auto& input : node->inputs) last.push_back(input);
      node->inputs.clear();
      node->rule = {};
    }
  }
};

}  // namespace detail

/// True if operations on this thread record their backward rules.
[[nodiscard]] inline bool grad_enabled() { return detail::grad_enabled_flag(); }

/// Switches recording off for its lifetime, on this thread: evaluation needs no graph and keeps no activations.
class NoGradGuard {
 public:
  [[nodiscard]] NoGradGuard() : previous_(std::exchange(detail::grad_enabled_flag(), false)) {}
  ~NoGradGuard() { detail::grad_enabled_flag() = previous_; }
  NoGradGuard(const NoGradGuard&) = delete;
  NoGradGuard& operator=(const NoGradGuard&) = delete;

 private:
  bool previous_;
};

/// Where a backward rule puts the gradient of one input. Converts to false if that input needs none.
template <Real T> class Gradient {
 public:
  Gradient() = default;
  explicit Gradient(std::shared_ptr<detail::GradientNode<T>> node) : node_(std::move(node)) {}

  explicit operator bool() const noexcept { return node_ != nullptr; }

  /// Adds `gradient`, or takes it over if it is the first; the caller must not write to it afterwards. Nothing if that
  /// input needs none.
  void add(const Tensor<T>& gradient) const {
    if (!node_) return;
    check(gradient.shape() == node_->shape, ErrorCode::shape, "backward: expected a gradient of shape ", node_->shape,
          ", got ", gradient, "; the backward rule of this operation is wrong");
    if (!node_->grad.defined()) {
      // a leaf's gradient outlives the graph and is never shared
      node_->grad = node_->is_leaf ? gradient.clone() : gradient;
      node_->owns_grad = node_->is_leaf;
      return;
    }
    settle_all();
    make_private();
    T* to = node_->grad.data();
    const T* from = gradient.data();
    check(node_->device.type == DeviceType::cpu, ErrorCode::missing_kernel, "adding gradients on ", node_->device,
          " is not supported yet");
    parallel_for(gradient.elements(), 1 << 15, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) to[i] += from[i];
    });
  }

  /// A new tensor of the input's shape, in which a kernel writes what is then added; undefined if that input needs
  /// none.
  Tensor<T> new_tensor() const { return node_ ? Tensor<T>::empty(node_->shape, node_->device) : Tensor<T>{}; }

  /// The gradient itself, zero at first, for kernels that accumulate into it.
  Tensor<T> accumulator() const {
    if (!node_->grad.defined()) {
      node_->grad = Tensor<T>::zeros(node_->shape, node_->device);
      node_->owns_grad = true;
    }
    settle_all();
    make_private();
    return node_->grad;
  }

  /// accumulator() for a kernel that adds to these rows only.
  Tensor<T> accumulator(const Tensor<std::int32_t>& rows) const {
    if (!node_->rows || rows.device().type != DeviceType::cpu) return accumulator();
    node_->rows->touch(rows.span());
    return node_->grad;
  }

  /// The memory of accumulator(); null if that input needs no gradient.
  T* accumulator_data() const { return node_ ? accumulator().data() : nullptr; }
  T* accumulator_data(const Tensor<std::int32_t>& rows) const { return node_ ? accumulator(rows).data() : nullptr; }

  /// Where a kernel puts its gradient that can add or write: it writes if nothing was added yet.
  struct Target {
    Tensor<T> grad;
    bool add;
  };
  Target target() const {
    const bool first = !node_->grad.defined();
    if (first) {
      node_->grad = Tensor<T>::empty(node_->shape, node_->device);
      node_->owns_grad = true;
    }
    if (node_->rows) node_->rows->touch_all();
    node_->handed_out = true;
    const bool add = !first && !std::exchange(node_->grad_is_zero, false);
    if (add) make_private();
    return {node_->grad, add};
  }

 private:
  void settle_all() const {
    if (node_->rows) node_->rows->touch_all();
    node_->handed_out = true;
    node_->settle();
  }

  void make_private() const {
    if (node_->owns_grad) return;
    node_->grad = node_->grad.clone();
    node_->owns_grad = true;
  }

  std::shared_ptr<detail::GradientNode<T>> node_;
};

/// A tensor whose gradient can be asked for. Copies share value and gradient.
template <Real T> class [[nodiscard]] Variable {
 public:
  /// An undefined variable.
  Variable() = default;

  /// A constant, or with `requires_grad` a leaf that receives a gradient in backward().
  explicit Variable(Tensor<T> value, bool requires_grad = false) : value_(std::move(value)) {
    if (requires_grad) node_ = make_node(value_);
  }

  /// A leaf whose gradient is accumulated into `grad`, a tensor of the same shape that the caller keeps. `only_here`
  /// says that it is zero, and that everybody reads it through this leaf.
  Variable(Tensor<T> value, Tensor<T> grad, bool only_here = false) : Variable(std::move(value), true) {
    check(grad.shape() == value_.shape(), ErrorCode::shape, "a gradient of shape ", grad.shape(), " for ", value_);
    node_->grad = std::move(grad);
    node_->handed_out = node_->shares_grad = !only_here;
  }

  /// An input of an operation, any Variable.
  class Input {
   public:
    Input(const Variable& variable) : node_(variable.node_) {}  // NOLINT(google-explicit-constructor): in a list

   private:
    friend Variable;
    const std::shared_ptr<detail::GradientNode<T>>& node_;
  };

  /// The result of an operation: `value`, computed from `inputs`, and the rule that is called with the gradient of
  /// `value` and adds to the Gradient handles it captured. Without recording, or if no input needs a gradient, the
  /// rule is dropped.
  template <class Rule> static Variable record(Tensor<T> value, std::initializer_list<Input> inputs, Rule rule) {
    static_assert(std::is_invocable_v<Rule&, const Tensor<T>&>,
                  "an operation needs a backward rule: a callable that takes the gradient of its result");
    Variable result(std::move(value));
    if (result.depends_on(inputs)) result.node_->rule = detail::BackwardRule<T>(std::move(rule));
    return result;
  }

  bool defined() const noexcept { return value_.defined(); }
  /// The tensor, to read or to write. Between an operation that keeps it for its gradient and backward() it must not
  /// change, and backward() throws Error(state) if it did.
  Tensor<T>& value() {
    read_all_rows();
    return value_;
  }
  const Tensor<T>& value() const {
    read_all_rows();
    return value_;
  }

  /// The value for somebody who does not look at its elements: rows of a table in training may be behind.
  const Tensor<T>& value_as_it_is() const noexcept { return value_; }

  /// The value for a kernel that reads these rows only; the other rows of a table in training may be behind.
  const Tensor<T>& value_for_rows(const Tensor<std::int32_t>& rows) const {
    if (node_ && node_->rows && rows.device().type == DeviceType::cpu) node_->rows->read(rows.span());
    else read_all_rows();
    return value_;
  }

  const Shape& shape() const noexcept { return value_.shape(); }
  std::int64_t size(int dimension) const { return value_.size(dimension); }
  Device device() const noexcept { return value_.device(); }
  bool requires_grad() const noexcept { return node_ != nullptr; }
  /// Whether it has a gradient of its own, as a parameter does: neither a constant nor the result of an operation.
  bool is_leaf() const noexcept { return node_ && node_->is_leaf; }

  /// The accumulated gradient; undefined before backward() reached this variable.
  /// Only leaves keep theirs: that of an intermediate result is freed during backward().
  Tensor<T> grad() const {
    if (!node_) return {};
    join_whole();
    node_->settle();
    node_->handed_out = node_->shares_grad = true;  // the caller may write, and keep it
    if (node_->rows) node_->rows->touch_all();
    return node_->grad;
  }

  /// Forgets the gradient, so that the next backward() starts from zero. The zeros are written when somebody reads
  /// them.
  void zero_grad() const {
    join_whole();
    if (!node_ || !node_->grad.defined()) return;
    if (!node_->rows && !node_->shares_grad) {
      node_->grad_is_zero = true;
    } else if (!node_->rows || node_->rows->all_touched()) {
      node_->grad.fill(T(0));
    } else {
      for (const std::int32_t row : node_->rows->touched()) node_->grad[row].fill(T(0));
    }
    if (node_->rows) node_->rows->forget();
    node_->handed_out = false;
  }

  /// Writes the zeros that zero_grad() has not written, for somebody who reads the gradient's memory.
  void settle_grad() const {
    join_whole();
    if (node_ && node_->grad.defined()) node_->settle();
  }

  /// The log of a leaf that is trained by rows; null for others. With a log, ops that read or train by rows tell it.
  const std::shared_ptr<RowLog>& row_log() const {
    static const std::shared_ptr<RowLog> none;
    return node_ ? node_->rows : none;
  }
  void set_row_log(std::shared_ptr<RowLog> log) const {
    if (!node_) return;
    settle_grad();
    if (node_->rows && (node_->rows->all_touched() || !node_->rows->touched().empty())) node_->handed_out = true;
    node_->rows = std::move(log);
    if (node_->rows && node_->handed_out) node_->rows->touch_all();
  }

  /// The handle through which a backward rule adds to this variable's gradient.
  Gradient<T> gradient() const { return Gradient<T>(node_); }

  /// The value without its history.
  Variable detach() const { return Variable(value_); }

  /// Rows [begin, end) of a leaf as a leaf of its own that shares value and gradient memory: a part of a parameter.
  Variable leaf_rows(std::int64_t begin, std::int64_t end) const {
    if (!node_) return Variable(value_.rows(begin, end));
    check(node_->is_leaf, ErrorCode::state, "leaf_rows() needs a leaf, got the result of an operation: ", value_);
    Variable part(value_.rows(begin, end), true);
    part.node_->whole = node_;
    part.node_->first_row = begin;
    if (grad_enabled()) part.join_whole();
    return part;
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
    join_whole();
    const auto nodes = reverse_order(node_);
    for (const auto& node : nodes)
      check(node->is_leaf || node->rule, ErrorCode::state, "backward(): the graph of ", value_,
            node == node_ ? "" : ", or a part of it,",
            " was used already; compute the value again before the next backward()");
    this->gradient().add(gradient);
    for (const auto& node : nodes) {
      if (node->is_leaf) continue;
      const auto rule = std::exchange(node->rule, {});
      const Tensor<T> grad = std::exchange(node->grad, Tensor<T>{});
      if (rule && grad.defined()) rule(grad);
      node->inputs.clear();
    }
  }

 private:
  using Node = detail::GradientNode<T>;

  /// Makes this the result of an operation on `inputs`; false if nothing is to be recorded.
  bool depends_on(std::initializer_list<Input> inputs) {
    if (!grad_enabled()) return false;
    std::vector<std::shared_ptr<Node>> nodes;
    for (const Input& input : inputs) {
      if (!input.node_) continue;
      join_whole(*input.node_);
      nodes.push_back(input.node_);
    }
    if (nodes.empty()) return false;
    node_ = make_node(value_);
    node_->is_leaf = false;
    node_->inputs = std::move(nodes);
    return true;
  }

  /// Gives a part of a leaf its part of the leaf's gradient.
  static void join_whole(Node& part) {
    if (!part.whole) return;
    const std::shared_ptr<Node> whole = std::exchange(part.whole, nullptr);
    join_whole(*whole);
    const Tensor<T> grad = Gradient<T>(whole).accumulator();
    whole->shares_grad = true;
    part.grad = grad.rows(part.first_row, part.first_row + part.shape[0]);
    part.handed_out = part.shares_grad = true;
  }
  void join_whole() const {
    if (node_) join_whole(*node_);
  }

  void read_all_rows() const {
    if (node_ && node_->rows) node_->rows->read_all();
  }

  static std::shared_ptr<Node> make_node(const Tensor<T>& value) {
    auto node = std::make_shared<Node>();
    node->shape = value.shape();
    node->device = value.device();
    return node;
  }

  // Every operation is numbered after its inputs, so descending numbers are a reverse topological order.
  static std::vector<std::shared_ptr<Node>> reverse_order(const std::shared_ptr<Node>& root) {
    std::vector<std::shared_ptr<Node>> found{root};
    const std::uint64_t search = detail::next_node_number();
    for (std::size_t i = 0; i < found.size(); ++i) {
      const Node& node = *found[i];
      for (const auto& input : node.inputs)
        if (std::exchange(input->found_by, search) != search) found.push_back(input);
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a->number > b->number; });
    return found;
  }

  Tensor<T> value_;
  std::shared_ptr<Node> node_;
};

}  // namespace tl
