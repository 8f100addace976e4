// The parameter groups that head_learning_rate and layerwise_lr_decay ask for, found by the names of a model whose
// layers are numbered: NAME.layer.0, NAME.layer.1, ...
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/optim/parameter_groups.hpp>
#include <tl/train/training_arguments.hpp>

namespace tl {

namespace detail {

/// Where the first part of `name` that is a number begins and ends; nothing if there is none.
inline std::optional<std::pair<std::size_t, std::size_t>> number_in(std::string_view name) {
  for (std::size_t begin = 0; begin < name.size();) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    if (end > begin && name.substr(begin, end - begin).find_first_not_of("0123456789") == name.npos)
      return std::pair(begin, end);
    begin = end + 1;
  }
  return {};
}

inline void add_pattern(std::string& patterns, std::string_view name) {
  patterns += str_cat(patterns.empty() ? "" : ",", name);
}

/// Names of a model by where they are: in a numbered layer, in the embeddings below, in the head, or elsewhere.
struct ModelLayers {
  std::map<std::int64_t, std::string> layers;  ///< patterns of each layer
  std::string embeddings, head;                ///< patterns
};

/// Throws Error(invalid_argument) if no layer is numbered; `field` is the argument that needs them.
inline ModelLayers model_layers(const std::vector<std::string>& names, const char* field) {
  const auto numbered =
      std::find_if(names.begin(), names.end(), [](const std::string& name) { return number_in(name).has_value(); });
  check(numbered != names.end(), ErrorCode::invalid_argument, field,
        ": expected a model with numbered layers, such as encoder.layer.0, there are ", module_names(names),
        "; use TrainerOptions::parameter_groups");
  const std::string base = numbered->substr(0, numbered->find('.') + 1);
  ModelLayers found;
  for (const std::string& name : names) {
    const auto number = number_in(name);
    if (!name.starts_with(base)) {
      add_pattern(found.head, name);
    } else if (number) {
      std::int64_t layer = 0;
      std::from_chars(name.data() + number->first, name.data() + number->second, layer);
      add_pattern(found.layers[layer], name);
    } else if (name.find("embedding") != name.npos) {
      add_pattern(found.embeddings, name);
    }
  }
  return found;
}

}  // namespace detail

/// The groups of a run: those the user gave, and those that the arguments ask for. The head, which is what does not
/// belong to the encoder, has head_learning_rate; layer i of L has learning_rate * layerwise_lr_decay^(L - i), the
/// embeddings one power more, all else learning_rate. Throws Error(invalid_argument) for a model without numbered
/// layers or without a head.
inline std::vector<ParameterGroup> training_groups(const TrainingArguments& args, std::vector<ParameterGroup> groups,
                                                   const ParameterSpace<float>& parameters) {
  std::vector<std::string> names;
  for (const auto& part : parameters.named()) names.push_back(part.name);
  if (args.head_learning_rate) {
    const std::string head = detail::model_layers(names, "head_learning_rate").head;
    check(!head.empty(), ErrorCode::invalid_argument,
          "head_learning_rate: expected a model with a head beside its encoder, there are ",
          detail::module_names(names));
    groups.push_back({.patterns = head, .learning_rate = args.head_learning_rate});
  }
  if (!args.layerwise_lr_decay) return groups;
  const detail::ModelLayers model = detail::model_layers(names, "layerwise_lr_decay");
  const double count = static_cast<double>(model.layers.rbegin()->first + 1);
  const auto rate = [&](double power) { return args.learning_rate * std::pow(*args.layerwise_lr_decay, power); };
  for (const auto& [layer, patterns] : model.layers)
    groups.push_back({.patterns = patterns, .learning_rate = rate(count - static_cast<double>(layer))});
  if (!model.embeddings.empty()) groups.push_back({.patterns = model.embeddings, .learning_rate = rate(count + 1)});
  return groups;
}

}  // namespace tl
