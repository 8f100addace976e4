// Weights of classes in the loss, as arguments say them: "balanced", which follows the training rows; a number for each
// class in the order of their ids, 1,2.5 or [1, 2.5]; or by name, negative=1,positive=2.5 or {"positive": 2.5}, where
// classes that are not named have 1.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/finite.hpp>
#include <tl/core/problem_type.hpp>
#include <tl/core/tensor.hpp>
#include <tl/data/collator.hpp>
#include <tl/io/json.hpp>

namespace tl {

/// How often each class is the label of a row, or of a token, and how many rows or tokens have a label.
struct LabelCounts {
  std::vector<double> of_class{};
  double labelled = 0.0;
};

/// Counts the labels of all rows; those of several classes at once are summed up. `classes` is their number.
inline LabelCounts count_labels(const Collator& collate, std::int64_t classes) {
  LabelCounts counts{std::vector<double>(static_cast<std::size_t>(classes)), 0.0};
  for (std::int64_t row = 0; row < collate.size(); ++row) {
    const Batch batch = collate(std::span(&row, 1));
    if (const auto* ids = batch.labels.find<std::int64_t>("labels")) {
      for (const std::int64_t label : ids->span()) {
        if (label < 0 || label >= classes) continue;
        ++counts.of_class[static_cast<std::size_t>(label)];
        ++counts.labelled;
      }
    } else if (const auto* values = batch.labels.find<float>("labels")) {
      for (std::int64_t c = 0; c < std::min(classes, values->elements()); ++c)
        counts.of_class[static_cast<std::size_t>(c)] += static_cast<double>(values->data()[c]);
      ++counts.labelled;
    }
  }
  return counts;
}

/// The weights that an argument says.
class LossWeights {
 public:
  /// Throws Error(invalid_argument) that begins with `argument`, its name, for a text that says no weights.
  LossWeights(std::string argument, std::string_view text) : argument_(std::move(argument)) {
    if (text == "balanced") balanced_ = true;
    else if (text.starts_with("{") || text.starts_with("[")) read_json(parse_json(text, argument_));
    else read_list(text);
    check(balanced_ || !weights_.empty(), ErrorCode::invalid_argument, argument_, ": expected a weight, got none");
    for (const auto& [name, weight] : weights_)
      check(detail::is_finite(weight) && weight >= 0, ErrorCode::invalid_argument, argument_,
            ": expected finite weights of at least 0, got ", detail::python_text(weight),
            name.empty() ? "" : str_cat(" for ", name));
  }

  bool balanced() const { return balanced_; }

  /// The weight of each class, float [C], of classes called `names`. `counts` are needed if they are balanced: class c
  /// then has n / (C count[c]) for `single_label_classification` and (n - count[c]) / count[c], which makes both
  /// answers weigh the same, for `multi_label_classification`. Throws Error(invalid_argument) for classes that are not
  /// there.
  Tensor<float> of_classes(const std::vector<std::string>& names, ProblemType problem,
                           const LabelCounts& counts = {}) const {
    const std::size_t classes = names.size();
    check(classes > 0, ErrorCode::invalid_argument, argument_,
          ": expected a model with named classes, got one without; give it a configuration");
    std::vector<double> values(classes, 1.0);
    if (balanced_) {
      values = balanced_weights(names, problem, counts);
    } else if (weights_.front().first.empty()) {
      const bool for_all = weights_.size() == 1 && problem == ProblemType::multi_label_classification;
      check(for_all || weights_.size() == classes, ErrorCode::invalid_argument, argument_, ": expected ", classes,
            " weights, one for each class, got ", weights_.size());
      for (std::size_t c = 0; c < classes; ++c) values[c] = weights_[for_all ? 0 : c].second;
    } else {
      for (const auto& [name, weight] : weights_) {
        const auto found = std::ranges::find(names, name);
        check(found != names.end(), ErrorCode::invalid_argument, argument_, ": expected names of classes, ",
              detail::shown_names(names), ", got ", detail::Repr{name});
        values[static_cast<std::size_t>(found - names.begin())] = weight;
      }
    }
    check(std::ranges::any_of(values, [](double value) { return value > 0; }), ErrorCode::invalid_argument, argument_,
          ": expected a weight above 0, got 0 for every class");
    const auto result = Tensor<float>::empty({static_cast<std::int64_t>(classes)});
    std::ranges::transform(values, Tensor<float>(result).data(),
                           [](double value) { return static_cast<float>(value); });
    return result;
  }

 private:
  std::vector<double> balanced_weights(const std::vector<std::string>& names, ProblemType problem,
                                       const LabelCounts& counts) const {
    std::vector<double> values;
    for (std::size_t c = 0; c < names.size(); ++c) {
      const double count = counts.of_class.at(c);
      check(count > 0, ErrorCode::invalid_argument, argument_, ": expected rows of every class in train_dataset, ",
            "because the weights are balanced, got none of ", detail::Repr{names[c]}, "; give the weights by name");
      values.push_back(problem == ProblemType::multi_label_classification
                           ? (counts.labelled - count) / count
                           : counts.labelled / (static_cast<double>(names.size()) * count));
    }
    return values;
  }

  void add(std::string name, double weight) {
    check(weights_.empty() || weights_.front().first.empty() == name.empty(), ErrorCode::invalid_argument, argument_,
          ": expected weights that all have a name, or none, got both");
    for (const auto& [known, other] : weights_)
      check(name.empty() || known != name, ErrorCode::invalid_argument, argument_, ": expected every class once, got ",
            name, " twice");
    weights_.emplace_back(std::move(name), weight);
  }

  void read_json(const Json& json) {
    const auto number = [this](const Json& value) {
      check(value.is_number(), ErrorCode::invalid_argument, argument_, ": expected numbers, got ",
            dump_json(value, {.indent = -1}));
      return value.get<double>();
    };
    if (json.is_array())
      for (const Json& value : json) add("", number(value));
    else
      for (const auto& [name, value] : json.items()) add(name, number(value));
  }

  void read_list(std::string_view text) {
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find(',', begin), text.size());
      const std::string_view item = text.substr(begin, end - begin);
      const std::size_t equals = item.rfind('=');
      const std::string_view written = detail::trimmed(equals == item.npos ? item : item.substr(equals + 1));
      double weight = 0.0;
      const auto [stop, error] = std::from_chars(written.data(), written.data() + written.size(), weight);
      check(error == std::errc{} && stop == written.data() + written.size(), ErrorCode::invalid_argument, argument_,
            ": expected balanced, or a number for each class, as 1,2.5 or by name=2.5, got ",
            text.empty() ? "nothing" : text);
      const std::string_view name = equals == item.npos ? std::string_view() : detail::trimmed(item.substr(0, equals));
      check(equals == item.npos || !name.empty(), ErrorCode::invalid_argument, argument_,
            ": expected the name of a class before the =, got nothing");
      add(std::string(name), weight);
      begin = end + 1;
    }
  }

  std::string argument_;
  bool balanced_ = false;
  std::vector<std::pair<std::string, double>> weights_;  // by name, or all without one, in the order of the classes
};

}  // namespace tl
