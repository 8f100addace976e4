// The switch of recording: without it operations compute values only, and keep nothing for a backward pass.
#pragma once

#include <utility>

namespace tl {

namespace detail {

[[gnu::visibility("default")]] inline bool& grad_enabled_flag() {
  thread_local bool enabled = true;
  return enabled;
}

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

}  // namespace tl
