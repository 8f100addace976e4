// The graph that operations record and backward() walks: a node per variable, with its gradient, the nodes it was
// computed from, and the rule that turns its gradient into gradients of those.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <tl/autograd/gradient_buffer.hpp>

namespace tl::detail {

[[gnu::visibility("default")]] inline std::uint64_t next_node_number() {
  static std::atomic<std::uint64_t> counter{0};
  return counter.fetch_add(1, std::memory_order_relaxed);
}

/// A leaf that keeps its gradient, or the result of an operation with its rule.
template <Real T> struct GraphNode {
  GradientBuffer<T> gradient;
  std::uint64_t number = next_node_number();  // later operations have larger numbers
  std::uint64_t found_by = 0;                 // the number of the backward() that came here last
  std::vector<std::shared_ptr<GraphNode>> inputs;
  std::function<void(const Tensor<T>&)> rule;

  explicit GraphNode(GradientBuffer<T> gradient_) : gradient(std::move(gradient_)) {}
  GraphNode(const GraphNode&) = delete;
  GraphNode& operator=(const GraphNode&) = delete;
  // Frees a graph that backward() never used. In a loop, because a chain of nodes that free each other would need a
  // stack as deep as the graph is long.
  ~GraphNode() {
    std::vector<std::shared_ptr<GraphNode>> last = std::move(inputs);
    rule = {};
    while (!last.empty()) {
      const std::shared_ptr<GraphNode> node = std::move(last.back());
      last.pop_back();
      if (node.use_count() > 1) continue;
      for (const auto& input : node->inputs) last.push_back(input);
      node->inputs.clear();
      node->rule = {};
    }
  }
};

/// All nodes that `root` was computed from, and itself, each before its inputs: every operation is numbered after its
/// inputs, so descending numbers are a reverse topological order.
template <Real T> std::vector<std::shared_ptr<GraphNode<T>>> reverse_order(const std::shared_ptr<GraphNode<T>>& root) {
  std::vector<std::shared_ptr<GraphNode<T>>> found{root};
  const std::uint64_t search = next_node_number();
  for (std::size_t i = 0; i < found.size(); ++i) {
    const GraphNode<T>& node = *found[i];
    for (const auto& input : node.inputs)
      if (std::exchange(input->found_by, search) != search) found.push_back(input);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a->number > b->number; });
  return found;
}

/// Adds `gradient` to that of `root`, which has the value `value`, and runs every rule once.
/// Throws Error(state) if the graph was used already, before anything is added.
template <Real T>
void run_backward(const std::shared_ptr<GraphNode<T>>& root, const Tensor<T>& value, const Tensor<T>& gradient) {
  const auto nodes = reverse_order(root);
  for (const auto& node : nodes)
    check(node->gradient.is_leaf() || node->rule, ErrorCode::state, "backward(): the graph of ", value,
          node == root ? "" : ", or a part of it,",
          " was used already; compute the value again before the next backward()");
  root->gradient.add(gradient);
  for (const auto& node : nodes) {
    if (node->gradient.is_leaf()) continue;
    const auto rule = std::exchange(node->rule, {});
    const Tensor<T> arrived = node->gradient.take();
    if (rule && arrived.defined()) rule(arrived);
    node->inputs.clear();
  }
}

}  // namespace tl::detail
