// The check that all tensors of an operation are on one device. A kernel that is given a host address among device
// addresses would fail without a word, or, where the GPU can read host memory, be slow without one.
#pragma once

#include <initializer_list>
#include <string_view>

#include <tl/autograd/variable.hpp>

namespace tl::ops {

/// A tensor or variable of an operation under its name in the operation's signature; it may be undefined.
struct NamedInput {
  std::string_view name;
  bool defined;
  Device device;

  template <Real T>
  NamedInput(std::string_view name_, const Variable<T>& input)
      : name(name_), defined(input.defined()), device(input.device()) {}
  template <Element T>
  NamedInput(std::string_view name_, const Tensor<T>& input)
      : name(name_), defined(input.defined()), device(input.device()) {}
};

/// Throws Error(device), naming the first two that differ, unless all inputs that are defined are on one device.
inline void check_same_device(std::string_view operation, std::initializer_list<NamedInput> inputs) {
  const NamedInput* first = nullptr;
  for (const NamedInput& input : inputs) {
    if (!input.defined) continue;
    if (!first) first = &input;
    check(input.device == first->device, ErrorCode::device, operation, ": expected all tensors on one device, got ",
          first->name, " on ", first->device, " and ", input.name, " on ", input.device,
          "; move one of them with to(Device)");
  }
}

}  // namespace tl::ops
