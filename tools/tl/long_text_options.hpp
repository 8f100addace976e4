// What the commands say about texts that are longer than the model.
#pragma once

#include <optional>
#include <string>

#include <tl/models/config_file.hpp>

#include "commands.hpp"

namespace program {

struct LongTextOptions {
  std::string mode, pooling;

  void add(CLI::App& command) {
    command.add_option("--long_texts", mode,
                       "truncate or windows, whose logits are pooled to those of the text; default: as the model was "
                       "trained, else truncate");
    command.add_option("--window_pooling", pooling,
                       "mean of the logits of windows, or max, the highest per class; default: mean");
  }

  /// Adds to usage_problems().
  void check(bool stride_given) const {
    if (!mode.empty() && mode != "truncate" && mode != "windows")
      usage_problems().push_back("--long_texts: expected truncate or windows, got " + tl::escape_invalid_utf8(mode));
    if (!pooling.empty() && pooling != "mean" && pooling != "max")
      usage_problems().push_back("--window_pooling: expected mean or max, got " + tl::escape_invalid_utf8(pooling));
    if (mode != "truncate") return;
    if (!pooling.empty()) usage_problems().push_back("--window_pooling: expected --long_texts windows, got truncate");
    if (stride_given) usage_problems().push_back("--stride: expected --long_texts windows, got truncate");
  }

  /// What was asked for, over what the model in `folder` was trained with. Throws tl::Error(invalid_argument) for a
  /// stride or a pooling without windows.
  tl::LongTexts resolved(const std::string& folder, std::optional<std::int64_t> stride,
                         std::optional<std::int64_t> length) const {
    if (mode == "truncate") return {};
    tl::LongTexts how = tl::load_common_config(folder).long_texts;
    how.windows = how.windows || mode == "windows";
    const char* const alone = stride ? "--stride" : !pooling.empty() ? "--window_pooling" : nullptr;
    tl::check(how.windows || alone == nullptr, tl::ErrorCode::invalid_argument, alone == nullptr ? "" : alone,
              ": expected --long_texts windows, or a model that was trained with windows, got neither");
    if (!how.windows) return {};
    if (stride) how.stride = *stride;
    if (length) how.length = *length;
    if (!pooling.empty()) how.pooling = tl::window_pooling(pooling);
    return how;
  }
};

}  // namespace program
