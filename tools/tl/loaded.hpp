// What the program says about a model it has loaded, beyond what the library refuses: parts that do not belong
// together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/models/model.hpp>

namespace program {

/// The number of the encoder layer in "encoder.layer.3.output.dense.weight", or nothing.
inline std::optional<std::int64_t> layer_of(std::string_view name) {
  constexpr std::string_view part = ".layer.";
  const std::size_t at = name.find(part);
  if (at == std::string_view::npos) return std::nullopt;
  std::int64_t number = 0;
  for (const char digit : name.substr(at + part.size(), 9)) {
    if (digit < '0' || digit > '9') break;
    number = 10 * number + (digit - '0');
  }
  return number;
}

/// Throws Error(format) if the checkpoint has more encoder layers than the model. The library leaves surplus layers out
/// and reports them, as the reference does; answers of such a model would be another model's.
inline void check_layers(const tl::LoadReport& report, const tl::Model& model) {
  std::int64_t expected = 0, layers = 0;
  for (const auto& part : model.parameters().named())
    if (const auto layer = layer_of(part.name)) expected = std::max(expected, *layer + 1);
  layers = expected;
  for (const std::string& name : report.unexpected)
    if (const auto layer = layer_of(name)) layers = std::max(layers, *layer + 1);
  tl::check(layers == expected, tl::ErrorCode::format, report.source, ": config.json says ", expected,
            " layers, the checkpoint has ", layers, "; they do not belong together");
}

}  // namespace program
