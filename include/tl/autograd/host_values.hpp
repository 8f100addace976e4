// HostValues<T>: the values of a model's parameters where the host can read and write them, for files, checks and fresh
// values. On the CPU they are the parameters themselves; from and to another device they are copied at once, as the one
// buffer that they are.
#pragma once

#include <span>

#include <tl/autograd/parameter_space.hpp>

namespace tl {

namespace detail {

/// The part of a flat buffer in the layout of `parameters` that belongs to a named parameter; on any device.
template <Real T>
Tensor<T> buffer_view(const Tensor<T>& buffer, const ParameterSpace<T>& parameters, const NamedParameter<T>& part) {
  const Tensor<T>& all = parameters.raw_values();
  const Tensor<T> values = part.parameter.raw().value().rows(part.begin, part.end);
  return buffer.view(values.data() - all.data(), part.shape());
}

}  // namespace detail

/// The parameters as they are now; `parameters` must outlive it.
template <Real T> class [[nodiscard]] HostValues {
 public:
  explicit HostValues(const ParameterSpace<T>& parameters)
      : parameters_(parameters), host_(parameters.values().to(cpu_device)) {}

  /// The values of a part.
  Tensor<T> of(const NamedParameter<T>& part) const { return detail::buffer_view(host_, parameters_, part); }

  /// Brings what was written back to the parameters.
  void store() const {
    if (parameters_.device().type == DeviceType::cpu) return;
    Tensor<T> values = parameters_.raw_values();
    values.copy_from(host_);
  }

 private:
  const ParameterSpace<T>& parameters_;
  Tensor<T> host_;
};

}  // namespace tl
