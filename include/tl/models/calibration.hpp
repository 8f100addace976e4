// Calibration: how the logits of a trained classifier become probabilities and decisions: a temperature, a threshold
// for each class, and a score below which there is no decision. It belongs to the weights it was fitted for, is stored
// beside them in calibration.json, which the reference does not look at, and names their checksum, so that it is never
// applied to others.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/autograd/host_values.hpp>
#include <tl/core/finite.hpp>
#include <tl/io/checksum.hpp>
#include <tl/io/json_file.hpp>
#include <tl/io/read_file.hpp>

namespace tl {

struct Calibration {
  double temperature = 1.0;  ///< logits are divided by it before softmax or sigmoid
  /// One for each class, in the order of their ids; empty: none. Of several labels per text, those are predicted whose
  /// probability is above their threshold (without thresholds 0.5). Of one label, the class with the highest
  /// probability / threshold is predicted, of equal ones the first; so for two classes with thresholds that add up to 1
  /// the second is predicted if its probability is above its threshold.
  std::vector<double> thresholds{};
  std::optional<double> min_score{};  ///< below it there is no decision

  friend bool operator==(const Calibration&, const Calibration&) = default;
};

namespace detail {

inline constexpr const char* calibration_file = "calibration.json";

/// The checksum of all weights, in hexadecimal digits.
inline std::string weights_checksum(const ParameterSpace<float>& parameters) {
  Xxh64 sum;
  const HostValues<float> values(parameters);
  for (const auto& part : parameters.named()) {
    const Tensor<float> value = values.of(part);
    sum.update(std::as_bytes(std::span<const float>(value.span())));
  }
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(sum.digest()));
  return digits;
}

inline double number_of(const Json& json, const char* key, const std::string& where) {
  check(json.is_number(), ErrorCode::format, where, ": expected a number for \"", key, "\", got ",
        dump_json(json, {.indent = -1}));
  return json.get<double>();
}

}  // namespace detail

/// Throws Error(invalid_argument) unless the temperature is above 0, there are no thresholds or one in [0, 1] for each
/// of the `classes`, and min_score is in [0, 1]. `where` begins the sentence.
inline void check_calibration(const Calibration& calibration, std::int64_t classes, std::string_view where) {
  const auto in_range = [](double value) { return detail::is_finite(value) && value >= 0.0 && value <= 1.0; };
  check(calibration.temperature > 0.0 && detail::is_finite(calibration.temperature), ErrorCode::invalid_argument, where,
        ": expected a temperature above 0, got ", calibration.temperature);
  const std::vector<double>& thresholds = calibration.thresholds;
  check(thresholds.empty() || static_cast<std::int64_t>(thresholds.size()) == classes, ErrorCode::invalid_argument,
        where, ": expected a threshold for each of the ", classes, " classes, got ", thresholds.size());
  for (std::size_t c = 0; c < thresholds.size(); ++c)
    check(in_range(thresholds[c]), ErrorCode::invalid_argument, where, ": expected a threshold in [0, 1] for class ", c,
          ", got ", thresholds[c]);
  check(!calibration.min_score || in_range(*calibration.min_score), ErrorCode::invalid_argument, where,
        ": expected min_score in [0, 1], got ", calibration.min_score.value_or(0.0));
}

/// Writes calibration.json for the weights `parameters` into `folder`. Throws Error(io).
inline void save_calibration(const std::filesystem::path& folder, const Calibration& calibration,
                             const ParameterSpace<float>& parameters) {
  Json json{{"temperature", calibration.temperature}, {"weights_xxh64", detail::weights_checksum(parameters)}};
  if (!calibration.thresholds.empty()) json["thresholds"] = calibration.thresholds;
  if (calibration.min_score) json["min_score"] = *calibration.min_score;
  write_json(folder / detail::calibration_file, json, {.indent = 2});
}

/// Reads calibration.json of `folder`, which holds the weights `parameters` of a classifier of `classes` classes;
/// nothing if there is no such file. Throws Error(format), and Error(invalid_argument) for values out of range, another
/// number of thresholds than of classes, and weights that are not those it was fitted for.
inline std::optional<Calibration> load_calibration(const std::filesystem::path& folder, std::int64_t classes,
                                                   const ParameterSpace<float>& parameters) {
  const std::filesystem::path path = folder / detail::calibration_file;
  if (!detail::path_exists(path)) return std::nullopt;
  const std::string where = path.native();
  const Json json = read_json(path);
  check(json.is_object(), ErrorCode::format, where, ": expected a JSON object, got ",
        dump_json(json, {.indent = -1}).substr(0, 40));
  Calibration calibration;
  if (const Json* const value = detail::find_member(json, "temperature"))
    calibration.temperature = detail::number_of(*value, "temperature", where);
  if (const Json* const values = detail::find_member(json, "thresholds"); values != nullptr && !values->is_null()) {
    check(values->is_array(), ErrorCode::format, where, ": expected a list for \"thresholds\", got ",
          dump_json(*values, {.indent = -1}).substr(0, 40));
    for (const Json& value : *values) calibration.thresholds.push_back(detail::number_of(value, "thresholds", where));
  }
  if (const Json* const value = detail::find_member(json, "min_score"); value != nullptr && !value->is_null())
    calibration.min_score = detail::number_of(*value, "min_score", where);
  check_calibration(calibration, classes, where);
  const Json* const sum = detail::find_member(json, "weights_xxh64");
  check(sum == nullptr || *sum == detail::weights_checksum(parameters), ErrorCode::invalid_argument, where,
        ": expected the weights that it was fitted for, the folder has others; fit it again with tl evaluate "
        "--calibrate, or delete the file");
  return calibration;
}

/// The class that is predicted of one label per text, from its probabilities, a vector or span of numbers; see
/// Calibration::thresholds.
template <std::ranges::random_access_range Probabilities>
std::int64_t decided_class(const Probabilities& probabilities, std::span<const double> thresholds = {}) {
  if (thresholds.empty()) return std::ranges::max_element(probabilities) - probabilities.begin();
  std::size_t best = 0;
  // p[c] / t[c] > p[best] / t[best], without a division by 0.
  for (std::size_t c = 1; c < probabilities.size(); ++c)
    if (static_cast<double>(probabilities[c]) * thresholds[best] >
        static_cast<double>(probabilities[best]) * thresholds[c])
      best = c;
  return static_cast<std::int64_t>(best);
}

/// Whether class `c` of several labels per text is predicted with this probability.
inline bool decides(float probability, std::size_t c, std::span<const double> thresholds = {}) {
  return static_cast<double>(probability) > (thresholds.empty() ? 0.5 : thresholds[c]);
}

}  // namespace tl
