// What becomes of texts that are longer than a model: they are cut, or become windows whose logits are pooled to those
// of the text (models/pool_windows.hpp). A configuration stores the choice under the key "tl_windows", which the
// reference carries along unread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tl/core/error.hpp>
#include <tl/io/json.hpp>

namespace tl {

/// How the logits of the windows of a text become its own: the mean, or per class the highest.
enum class WindowPooling { mean, max };

/// "mean" or "max".
inline std::string_view to_string(WindowPooling pooling) { return pooling == WindowPooling::mean ? "mean" : "max"; }

/// The pooling of this name. Throws Error(invalid_argument) with the allowed names.
inline WindowPooling window_pooling(std::string_view name) {
  if (name == "mean") return WindowPooling::mean;
  if (name == "max") return WindowPooling::max;
  fail(ErrorCode::invalid_argument, "window_pooling: expected mean or max, got ", name);
}

/// What a model does with long texts.
struct LongTexts {
  bool windows = false;     ///< else they are cut
  std::int64_t length = 0;  ///< tokens of a window, special tokens included; 0: what tokenizer and model take
  std::int64_t stride = 0;  ///< tokens by which a window overlaps the one before
  WindowPooling pooling = WindowPooling::mean;

  friend bool operator==(const LongTexts&, const LongTexts&) = default;
};

namespace detail {

/// The key of a config.json.
inline constexpr const char* windows_key = "tl_windows";

inline Json windows_json(const LongTexts& how) {
  return {{"length", how.length}, {"pooling", to_string(how.pooling)}, {"stride", how.stride}};
}

/// Reads what windows_json() wrote. Throws Error(format) naming the field.
inline LongTexts read_windows(const Json& json, std::string_view where) {
  check(json.is_object(), ErrorCode::format, where, ": expected an object for \"", windows_key, "\", got ",
        dump_json(json, {.indent = -1}));
  LongTexts how{.windows = true};
  for (const auto& [name, field] : {std::pair("length", &LongTexts::length), std::pair("stride", &LongTexts::stride)}) {
    const Json* const value = find_member(json, name);
    if (value == nullptr) continue;
    check(is_int64(*value) && value->get<std::int64_t>() >= 0, ErrorCode::format, where,
          ": expected a number of tokens for \"", name, "\" of \"", windows_key, "\", got ",
          dump_json(*value, {.indent = -1}));
    how.*field = value->get<std::int64_t>();
  }
  check(how.length == 0 || how.stride < how.length, ErrorCode::format, where, ": expected a \"stride\" of \"",
        windows_key, "\" below its length ", how.length, ", got ", how.stride);
  if (const Json* const pooling = find_member(json, "pooling")) {
    check(*pooling == "mean" || *pooling == "max", ErrorCode::format, where,
          ": expected \"mean\" or \"max\" for \"pooling\" of \"", windows_key, "\", got ",
          dump_json(*pooling, {.indent = -1}));
    how.pooling = window_pooling(pooling->get<std::string>());
  }
  return how;
}

}  // namespace detail

}  // namespace tl
