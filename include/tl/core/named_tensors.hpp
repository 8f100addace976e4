// Tensors by name, of whole or of real numbers: the labels of a batch, whose names and types depend on the task.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <tl/core/tensor.hpp>

namespace tl {

/// A list of tensors with names, in the order in which they were added. Copies share the tensors.
class NamedTensors {
 public:
  using Any = std::variant<Tensor<std::int64_t>, Tensor<float>>;

  bool empty() const noexcept { return entries_.empty(); }
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

  /// Adds a tensor, or replaces the one of this name.
  void set(std::string_view name, Any tensor) {
    for (auto& [known, value] : entries_)
      if (known == name) {
        value = std::move(tensor);
        return;
      }
    entries_.emplace_back(name, std::move(tensor));
  }

  /// The tensor of this name if it has elements of type T, else nullptr.
  template <class T> const Tensor<T>* find(std::string_view name) const {
    const Any* const any = find(name);
    return any != nullptr ? std::get_if<Tensor<T>>(any) : nullptr;
  }

  /// The tensor of this name. Throws Error(not_found) with the names that are there, Error(dtype) if it has elements of
  /// another type.
  template <class T> const Tensor<T>& at(std::string_view name) const {
    const Any* const any = find(name);
    if (any == nullptr) {
      std::string names;
      for (const auto& [known, tensor] : entries_) names += (names.empty() ? "" : ", ") + known;
      fail(ErrorCode::not_found, "labels: expected \"", name, "\", ", names.empty() ? "there are none" : "there is ",
           names);
    }
    const Tensor<T>* const tensor = std::get_if<Tensor<T>>(any);
    if (tensor == nullptr)
      fail(ErrorCode::dtype, "labels: expected \"", name, "\" to be ", to_string(dtype_of<T>), ", got ",
           std::visit([](const auto& other) { return str_cat(other); }, *any));
    return *tensor;
  }

  /// Replaces each tensor by what `function` makes of it.
  template <class Function> void transform(const Function& function) {
    for (auto& [name, any] : entries_)
      any = std::visit([&function](const auto& tensor) { return Any(function(tensor)); }, any);
  }

  /// The same tensors on `device`.
  NamedTensors to(Device device) const {
    NamedTensors moved = *this;
    moved.transform([device](const auto& tensor) { return tensor.to(device); });
    return moved;
  }

 private:
  const Any* find(std::string_view name) const {
    for (const auto& [known, tensor] : entries_)
      if (known == name) return &tensor;
    return nullptr;
  }

  std::vector<std::pair<std::string, Any>> entries_;
};

}  // namespace tl
