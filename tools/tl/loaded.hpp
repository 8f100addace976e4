// What the program says about a model it has loaded, beyond what the library refuses: parts that do not belong
// together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <tl/models/pretrained.hpp>

namespace program {

/// Throws Error(format) if the checkpoint has more encoder layers than the model. The library leaves surplus layers out
/// and reports them, as the reference does; answers of such a model would be another model's.
inline void check_layers(const tl::LoadReport& report, const tl::DistilBertConfig& config) {
  std::int64_t layers = config.n_layers;
  for (const std::string_view name : report.unexpected) {
    constexpr std::string_view part = "transformer.layer.";
    const std::size_t at = name.find(part);
    if (at == std::string_view::npos) continue;
    std::int64_t number = 0;
    for (const char digit : name.substr(at + part.size(), 9)) {
      if (digit < '0' || digit > '9') break;
      number = 10 * number + (digit - '0');
    }
    layers = std::max(layers, number + 1);
  }
  tl::check(layers == config.n_layers, tl::ErrorCode::format, report.source, ": config.json says n_layers ",
            config.n_layers, ", the checkpoint has ", layers, " layers; they do not belong together");
}

}  // namespace program
