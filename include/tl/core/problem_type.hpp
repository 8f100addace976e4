// ProblemType: what the labels of a model are, under the names that config.json uses. It decides which labels a batch
// has, the loss, and what turns logits into scores.
#pragma once

#include <array>
#include <optional>
#include <ostream>
#include <string_view>

namespace tl {

/// One class of each text or token, any number of classes of a text, or numbers.
enum class ProblemType { single_label_classification, multi_label_classification, regression };

inline constexpr std::array problem_types{ProblemType::single_label_classification,
                                          ProblemType::multi_label_classification, ProblemType::regression};

/// The name in config.json.
constexpr std::string_view to_string(ProblemType type) {
  switch (type) {
    case ProblemType::single_label_classification: return "single_label_classification";
    case ProblemType::multi_label_classification: return "multi_label_classification";
    case ProblemType::regression: return "regression";
  }
  return "?";
}

/// The kind of problem of that name; nothing for another text.
constexpr std::optional<ProblemType> problem_type_from(std::string_view name) {
  for (const ProblemType type : problem_types)
    if (to_string(type) == name) return type;
  return {};
}

inline std::ostream& operator<<(std::ostream& out, ProblemType type) { return out << to_string(type); }

}  // namespace tl
