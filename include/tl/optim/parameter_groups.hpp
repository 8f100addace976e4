// Parameter groups: which parameters have a learning rate or a weight decay of their own, as ranges of the flat buffer.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/autograd/parameter_space.hpp>
#include <tl/core/finite.hpp>

namespace tl {

/// Parameters that `patterns` choose (see NamePatterns), with what they do not share with the others. A weight decay is
/// for those of them that decay applies to at all: weights, not biases and LayerNorm.
struct ParameterGroup {
  std::string patterns;
  std::optional<double> learning_rate{};  ///< nothing: that of the others
  std::optional<double> weight_decay{};   ///< nothing: that of the others
};

/// Elements [begin, end) of a ParameterSpace that are updated alike.
struct ParameterRange {
  std::int64_t begin = 0, end = 0;
  std::optional<double> learning_rate{};  ///< nothing: that of the optimizer
  double weight_decay = 0.0;
  bool table = false;  ///< one of the space's tables()
};

namespace detail {

/// The group of each of `names`, -1 for none. Throws Error(invalid_argument) for a name in two groups and for a
/// negative number, Error(not_found) for a pattern that chooses none.
inline std::vector<int> groups_of(const std::vector<std::string>& names, const std::vector<ParameterGroup>& groups) {
  std::vector<int> found(names.size(), -1);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const NamePatterns patterns(groups[g].patterns, "parameter groups");
    patterns.check_each_matches(names);
    for (const auto& [name, value] :
         {std::pair("learning_rate", groups[g].learning_rate), std::pair("weight_decay", groups[g].weight_decay)})
      check(!value || (is_finite(*value) && *value >= 0), ErrorCode::invalid_argument, "parameter groups: expected ",
            name, " >= 0 for ", groups[g].patterns, ", got ", value.value_or(0.0));
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!patterns.matches(names[i])) continue;
      check(found[i] < 0, ErrorCode::invalid_argument, "parameter groups: expected groups that do not overlap, ",
            names[i], " is chosen by ", found[i] < 0 ? "" : groups[static_cast<std::size_t>(found[i])].patterns,
            " and by ", groups[g].patterns);
      found[i] = static_cast<int>(g);
    }
  }
  return found;
}

/// Joins neighbours that are updated alike; the gaps between parameters are zero and stay so.
inline std::vector<ParameterRange> joined(std::vector<ParameterRange> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  std::vector<ParameterRange> result;
  for (const ParameterRange& range : ranges) {
    const bool alike = !result.empty() && !range.table && !result.back().table &&
                       result.back().learning_rate == range.learning_rate &&
                       result.back().weight_decay == range.weight_decay;
    if (alike) result.back().end = range.end;
    else result.push_back(range);
  }
  return result;
}

}  // namespace detail

/// The ranges of all trained parameters, in the order of the buffer. `weight_decay` is that of parameters in no group.
/// Throws Error(invalid_argument) for groups that overlap, or that divide a table, Error(not_found).
template <Real T>
std::vector<ParameterRange> group_ranges(const ParameterSpace<T>& parameters, const std::vector<ParameterGroup>& groups,
                                         double weight_decay) {
  std::vector<std::string> names;
  for (const auto& part : parameters.named()) names.push_back(part.name);
  const std::vector<int> chosen = detail::groups_of(names, groups);
  std::vector<ParameterRange> ranges;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const NamedParameter<T>& part = parameters.named()[i];
    if (!part.parameter.trainable()) continue;
    const ParameterGroup group = chosen[i] < 0 ? ParameterGroup{} : groups[static_cast<std::size_t>(chosen[i])];
    const Shape& shape = part.parameter.shape();
    const std::int64_t first = part.parameter.raw().value().data() - parameters.raw_values().data();
    const std::int64_t width = shape.elements() / std::max<std::int64_t>(shape[0], 1);
    const bool whole = part.begin == 0 && part.end == shape[0];
    check(!part.parameter.sparse() || whole, ErrorCode::invalid_argument, "parameter groups: expected a table of one ",
          "name, ", part.name, " is a part of one");
    ranges.push_back({first + part.begin * width, first + part.end * width, group.learning_rate,
                      part.parameter.decay() == WeightDecay::off ? 0.0 : group.weight_decay.value_or(weight_decay),
                      part.parameter.sparse()});
  }
  return detail::joined(std::move(ranges));
}

}  // namespace tl
