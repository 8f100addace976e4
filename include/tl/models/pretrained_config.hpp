// PretrainedConfig: what the configurations of all families of models have in common, the sizes that texts are checked
// against, the labels, and the kind of problem; and the table of the fields that a family adds.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <tl/core/problem_type.hpp>
#include <tl/io/json.hpp>
#include <tl/models/long_texts.hpp>

namespace tl {

namespace detail {

inline constexpr std::int64_t max_labels = 1'000'000;

/// The class names LABEL_0 .. LABEL_{n-1}.
inline std::map<std::int64_t, std::string> numbered_labels(std::int64_t n) {
  check(n >= 1, ErrorCode::invalid_argument, "num_labels: expected at least 1, got ", n);
  check(n <= max_labels, ErrorCode::invalid_argument, "num_labels: expected at most ", max_labels, ", got ", n);
  std::map<std::int64_t, std::string> names;
  for (std::int64_t id = 0; id < n; ++id) names[id] = str_cat("LABEL_", id);
  return names;
}

/// The first class of each name.
inline std::map<std::string, std::int64_t> ids_of(const std::map<std::int64_t, std::string>& names) {
  std::map<std::string, std::int64_t> ids;
  for (const auto& [id, name] : names) ids.emplace(name, std::int64_t{id});
  return ids;
}

}  // namespace detail

struct PretrainedConfig;

/// A field that a file stores under its own name.
struct ConfigField {
  /// `member` of a family's configuration; it is read and written in objects of that family only.
  template <class Config, class T>
  ConfigField(std::string_view field_name, T Config::*field)
      : name(field_name), member(static_cast<T PretrainedConfig::*>(field)) {}

  std::string_view name;
  std::variant<bool PretrainedConfig::*, std::int64_t PretrainedConfig::*, double PretrainedConfig::*,
               std::string PretrainedConfig::*, std::optional<double> PretrainedConfig::*,
               std::optional<std::string> PretrainedConfig::*>
      member;
};

/// The common part of a config.json. A model of a user that has no configuration has one without labels and sizes; what
/// is 0 or empty is not known, and nothing is checked against it.
struct PretrainedConfig {
  PretrainedConfig() = default;
  PretrainedConfig(const PretrainedConfig&) = default;
  PretrainedConfig(PretrainedConfig&&) = default;
  PretrainedConfig& operator=(const PretrainedConfig&) = default;
  PretrainedConfig& operator=(PretrainedConfig&&) = default;
  virtual ~PretrainedConfig() = default;

  /// "DistilBertConfig", for messages.
  virtual std::string_view class_name() const { return "PretrainedConfig"; }
  /// The family, as config.json names it: "distilbert". Empty: of no family.
  virtual std::string_view model_type() const { return {}; }
  /// The fields that a file stores under their own names.
  virtual std::span<const ConfigField> fields() const { return {}; }
  /// The name in fields() of a field that the reference also knows by another name.
  virtual std::string_view canonical_key(std::string_view key) const { return key; }
  /// Throws one Error(invalid_argument) that lists every field with an impossible value. `where` names the source;
  /// without it the sentence begins with class_name().
  virtual void validate(std::string_view /*where*/ = {}) const {}

  std::int64_t vocab_size = 0;
  std::int64_t max_position_embeddings = 0;
  std::int64_t type_vocab_size = 0;  ///< token types; 0: the model takes none
  double initializer_range = 0.02;
  std::optional<std::int64_t> pad_token_id;
  std::map<std::int64_t, std::string> id2label;
  std::map<std::string, std::int64_t> label2id;
  std::optional<std::string> problem_type;
  LongTexts long_texts;  ///< what becomes of texts that are longer than the model
  std::vector<std::string> architectures;
  Json other = Json::object();        ///< keys of the file that are not fields here
  std::vector<std::string> warnings;  ///< what from_json() passed over in the labels, to be shown to the user

  static constexpr std::int64_t max_labels = detail::max_labels;

  std::int64_t num_labels() const { return static_cast<std::int64_t>(id2label.size()); }

  /// The names of the classes in the order of their ids.
  std::vector<std::string> label_names() const {
    std::vector<std::string> names;
    for (const auto& [id, name] : id2label) names.push_back(name);
    return names;
  }

  /// The kind of problem as the reference decides it at the first call with class ids. One label alone means
  /// regression, because cross-entropy over one class is always 0.
  std::string resolved_problem_type() const {
    const std::string problem = problem_type.value_or("single_label_classification");
    return num_labels() == 1 && problem == "single_label_classification" ? "regression" : problem;
  }

  /// The kind of problem that problem_type names; nothing if it names none. One label that is said to be a class counts
  /// as nothing said.
  std::optional<ProblemType> known_problem_type() const {
    const auto known = problem_type ? problem_type_from(*problem_type) : std::nullopt;
    return known == ProblemType::single_label_classification && num_labels() == 1 ? std::nullopt : known;
  }

  /// True if the file says that it belongs to a model of this class.
  bool names_class(std::string_view model_class) const {
    for (const auto& name : architectures)
      if (name == model_class) return true;
    return false;
  }

  /// Replaces both label maps by LABEL_0 .. LABEL_{n-1}, unless there are n labels already.
  void set_num_labels(std::int64_t n) {
    auto names = detail::numbered_labels(n);
    if (n == num_labels()) return;
    id2label = std::move(names);
    label2id = detail::ids_of(id2label);
  }

  /// Sets both label maps from class names in order. Throws Error(invalid_argument) if a name occurs twice.
  void set_labels(const std::vector<std::string>& names) {
    check(!names.empty(), ErrorCode::invalid_argument, "labels: expected at least one name, got none");
    id2label.clear();
    warnings.clear();
    for (const auto& name : names) {
      const std::int64_t id = num_labels();
      id2label[id] = name;
    }
    label2id = detail::ids_of(id2label);
    for (const auto& [id, name] : id2label)
      check(label2id.at(name) == id, ErrorCode::invalid_argument, "labels: the name \"", name, "\" occurs twice");
  }
};

}  // namespace tl
