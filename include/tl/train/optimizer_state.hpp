// optimizer.safetensors: the buffers of an optimizer, cut into the parts of each named parameter, the number of
// updates, and its name, if it is not AdamW's file, which has none as in version 0.1.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/autograd/host_values.hpp>
#include <tl/core/finite.hpp>
#include <tl/io/safetensors.hpp>
#include <tl/optim/optimizer.hpp>

namespace tl {

namespace detail {

/// The buffers of `optimizer`. Throws Error(shape) for one that a user's optimizer made of another size.
inline std::vector<OptimizerBuffer<float>> checked_buffers(Optimizer<float>& optimizer,
                                                           const ParameterSpace<float>& parameters) {
  std::vector<OptimizerBuffer<float>> buffers = optimizer.buffers();
  for (const auto& buffer : buffers)
    check(buffer.values.defined() && buffer.values.shape() == Shape{parameters.trainable_end()}, ErrorCode::shape,
          "optimizer ", optimizer.name(), ": expected the buffer ", buffer.name, " to have the shape ",
          Shape{parameters.trainable_end()}, " of the trained parameters, got ",
          buffer.values.defined() ? str_cat(buffer.values.shape()) : std::string("nothing"));
  return buffers;
}

/// Throws Error(invalid_argument) if another optimizer wrote the file.
inline void check_same_optimizer(const std::filesystem::path& folder, const SafetensorsReader& file,
                                 const std::string& name) {
  const auto stored = file.metadata().find("optimizer");
  const std::string then = stored == file.metadata().end() ? "AdamW" : stored->second;
  check(then == name, ErrorCode::invalid_argument, "cannot resume from ", folder.native(),
        ": expected the optimizer that wrote it, ", then, ", got ", name);
}

/// Throws Error(invalid_argument) if other parameters were frozen when the file, which has buffers of this name, was
/// written.
inline void check_same_frozen(const std::filesystem::path& folder, const SafetensorsReader& file,
                              const ParameterSpace<float>& parameters, const std::string& buffer) {
  if (file.find("step") == nullptr) return;  // not a whole file, which is said later
  std::vector<std::string> frozen, trained;
  for (const auto& part : parameters.named()) {
    const bool then = file.find(str_cat(part.name, '.', buffer)) != nullptr, now = part.parameter.trainable();
    if (then != now) (now ? frozen : trained).push_back(part.name);
  }
  std::string text;
  if (!frozen.empty()) text = str_cat("frozen then and trained now: ", module_names(frozen));
  if (!trained.empty())
    text += str_cat(text.empty() ? "" : "; ", "trained then and frozen now: ", module_names(trained));
  check(text.empty(), ErrorCode::invalid_argument, "cannot resume from ", folder.native(),
        ": expected the same parameters to be frozen as when it was written, got ", text);
}

/// Reads a tensor into memory of its shape. Throws Error(shape), Error(dtype), Error(format) for what is not finite.
inline void read_buffer(const SafetensorView& stored, Tensor<float> to, const std::filesystem::path& path) {
  check(stored.shape == to.shape(), ErrorCode::shape, path.native(), ", tensor ", stored.name, ": expected shape ",
        to.shape(), ", got ", stored.shape);
  read_floats(stored, to.span(), path.native());
  const std::span<const float> values = to.span();
  check(std::all_of(values.begin(), values.end(), [](float value) { return is_finite(value); }), ErrorCode::format,
        path.native(), ", tensor ", stored.name, ": expected finite values, got one that is not");
}

/// The one value of the tensor `name`. Throws Error(not_found), Error(format).
template <class T>
T read_scalar(const SafetensorsReader& file, const std::string& name, StoredDType dtype,
              const std::filesystem::path& path) {
  const SafetensorView& stored = file.at(name);
  check(stored.dtype == dtype && stored.data.size() == sizeof(T), ErrorCode::format, path.native(), ", tensor ", name,
        ": expected one ", to_string(dtype), ", got ", to_string(stored.dtype), stored.shape);
  T value{};
  read_bytes(stored, std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

inline constexpr std::string_view optimizer_state_prefix = "__state__.";  // no parameter is named so

}  // namespace detail

/// Writes each buffer of every trainable parameter as "{parameter}.{buffer}", e.g. "classifier.weight.exp_avg", the
/// number of updates as the tensor "step", and numbers of a user's optimizer as "__state__.{name}". Throws Error(io),
/// Error(shape) for a buffer of another size than the parameters, Error(invalid_argument) for a number that is not
/// finite.
inline void save_optimizer(const std::filesystem::path& folder, Optimizer<float>& optimizer,
                           const ParameterSpace<float>& parameters) {
  auto buffers = detail::checked_buffers(optimizer, parameters);
  for (auto& buffer : buffers) buffer.values = buffer.values.to(cpu_device);
  std::vector<SafetensorView> tensors;
  for (const auto& part : parameters.named()) {
    if (!part.parameter.trainable()) continue;
    for (const auto& buffer : buffers) {
      const Tensor<float> view = detail::buffer_view(buffer.values, parameters, part);
      tensors.push_back(safetensor_view<float>(str_cat(part.name, '.', buffer.name), view.shape(), view.span()));
    }
  }
  const std::int64_t steps = optimizer.steps();
  tensors.push_back(safetensor_view<std::int64_t>("step", Shape{}, std::span(&steps, 1)));
  const std::map<std::string, double> state = optimizer.state();
  for (const auto& [name, value] : state) {
    check(detail::is_finite(value), ErrorCode::invalid_argument, "optimizer ", optimizer.name(),
          ": expected finite numbers in its state, got ", detail::is_nan(value) ? std::abs(value) : value, " for ",
          name);
    tensors.push_back(
        safetensor_view<double>(str_cat(detail::optimizer_state_prefix, name), Shape{}, std::span(&value, 1)));
  }
  SafetensorsMetadata metadata{{"format", "pt"}};
  if (optimizer.name() != "AdamW") metadata.emplace_back("optimizer", optimizer.name());
  write_safetensors(folder / "optimizer.safetensors", tensors, metadata);
}

/// Throws Error(invalid_argument) if another optimizer wrote the file or other parameters are frozen, Error(not_found)
/// naming a tensor that is missing, Error(shape) or Error(dtype) for one that does not fit.
inline void load_optimizer(const std::filesystem::path& folder, Optimizer<float>& optimizer,
                           const ParameterSpace<float>& parameters) {
  const auto path = folder / "optimizer.safetensors";
  const SafetensorsReader file(path);
  detail::check_same_optimizer(folder, file, optimizer.name());
  const auto buffers = detail::checked_buffers(optimizer, parameters);
  if (!buffers.empty()) detail::check_same_frozen(folder, file, parameters, buffers.front().name);
  std::vector<Tensor<float>> hosts;  // the buffers themselves, or copies that go back
  for (const auto& buffer : buffers) hosts.push_back(buffer.values.to(cpu_device));
  for (const auto& part : parameters.named()) {
    if (!part.parameter.trainable()) continue;
    for (std::size_t i = 0; i < buffers.size(); ++i)
      detail::read_buffer(file.at(str_cat(part.name, '.', buffers[i].name)),
                          detail::buffer_view(hosts[i], parameters, part), path);
  }
  for (std::size_t i = 0; i < buffers.size(); ++i)
    if (Tensor<float> values = buffers[i].values; values.device().type != DeviceType::cpu) values.copy_from(hosts[i]);
  std::map<std::string, double> state;
  for (const SafetensorView& tensor : file.tensors())
    if (tensor.name.starts_with(detail::optimizer_state_prefix))
      state[tensor.name.substr(detail::optimizer_state_prefix.size())] =
          detail::read_scalar<double>(file, tensor.name, StoredDType::f64, path);
  if (!state.empty()) optimizer.load_state(state);
  optimizer.set_steps(detail::read_scalar<std::int64_t>(file, "step", StoredDType::i64, path));
}

}  // namespace tl
