// DistilBertConfig: the architecture of a DistilBERT and its labels, read from and written to config.json with the
// reference's names, aliases, defaults and rules. Keys that tl does not know are kept and written back.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tl/core/activation.hpp>
#include <tl/core/precision.hpp>
#include <tl/io/json_file.hpp>
#include <tl/models/pretrained_config.hpp>

namespace tl {

struct DistilBertConfig : PretrainedConfig {
  bool sinusoidal_pos_embds = false;
  std::int64_t n_layers = 6;
  std::int64_t n_heads = 12;
  std::int64_t dim = 768;
  std::int64_t hidden_dim = 3072;
  double dropout = 0.1;
  double attention_dropout = 0.1;
  std::string activation = "gelu";
  double qa_dropout = 0.1;
  double seq_classif_dropout = 0.2;

  static constexpr double max_parameters = 2e10;  ///< 80 GB, far beyond any DistilBERT

  DistilBertConfig() {
    vocab_size = 30522;
    max_position_embeddings = 512;
    pad_token_id = 0;
    set_num_labels(2);
  }

  /// The activation of the feed-forward layers. Throws Error(invalid_argument) for one that tl does not have.
  Activation activation_function() const {
    std::string names;
    for (const auto& [name, function] : named_activations) {
      if (activation == name) return function;
      names += join(names.empty() ? "" : ", ", name);
    }
    fail(ErrorCode::invalid_argument, "activation: expected one of ", names, ", got ", activation);
  }

  /// Throws one Error(invalid_argument) that lists every field with an impossible value. `where` names the source.
  void validate(std::string_view where = "DistilBertConfig") const {
    std::string problems;
    const auto report = [&](const auto&... parts) { problems += join(problems.empty() ? ": " : "; ", parts...); };
    // The parameters are made before the first weight is read, so a damaged number must not fill the memory.
    constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();
    const struct {
      const char* name;
      std::int64_t value, limit;
    } sizes[] = {{"vocab_size", vocab_size, 100'000'000},
                 {"max_position_embeddings", max_position_embeddings, 100'000'000},
                 {"n_layers", n_layers, 1000},
                 {"n_heads", n_heads, no_limit},
                 {"dim", dim, 1'000'000},
                 {"hidden_dim", hidden_dim, 10'000'000}};
    for (const auto& [name, value, limit] : sizes)
      if (value < 1) report(name, ": expected at least 1, got ", value);
    const std::size_t found = problems.size();
    for (const auto& [name, value, limit] : sizes)
      if (value > limit) report(name, ": expected at most ", limit, ", got ", value);
    const auto real = [](std::int64_t value) { return static_cast<double>(value); };
    const double rows = real(vocab_size) + real(max_position_embeddings) + real(num_labels());
    const double parameters = real(dim) * (rows + real(n_layers) * (4 * real(dim) + 2 * real(hidden_dim)));
    if (problems.size() == found && parameters > max_parameters)
      report("vocab_size, max_position_embeddings, n_layers, dim, hidden_dim: expected at most ", max_parameters,
             " parameters together, got ", parameters);
    if (n_heads >= 1 && dim % n_heads != 0) report("dim: expected a multiple of n_heads = ", n_heads, ", got ", dim);
    const std::pair<const char*, double> probabilities[] = {{"dropout", dropout},
                                                            {"attention_dropout", attention_dropout},
                                                            {"seq_classif_dropout", seq_classif_dropout},
                                                            {"qa_dropout", qa_dropout}};
    for (const auto& [name, value] : probabilities)
      if (!(value >= 0.0 && value <= 1.0)) report(name, ": expected a value in [0, 1], got ", value);
    if (!(initializer_range >= 0.0)) report("initializer_range: expected at least 0, got ", initializer_range);
    if (pad_token_id && (*pad_token_id < 0 || *pad_token_id >= vocab_size))
      report("pad_token_id: expected an id in [0, ", vocab_size, "), got ", *pad_token_id);
    for (std::int64_t id = 0; id < num_labels(); ++id)
      if (!id2label.contains(id))
        report("id2label: expected the ids 0 to ", num_labels() - 1, ", id ", id, " is missing");
    try {
      activation_function();
    } catch (const Error& error) {
      report(error.what());
    }
    if (!problems.empty()) fail(ErrorCode::invalid_argument, where, problems);
  }

  /// Sets fields from "name=value,name=value", e.g. "dropout=0,attention_dropout=0".
  /// Throws Error(invalid_argument) for a name that is not a field, or a value of another type.
  void update_from_string(std::string_view text);

  /// Reads config.json of a model folder. Throws Error(io), Error(format) or Error(invalid_argument) with the path.
  static DistilBertConfig from_pretrained(const std::filesystem::path& folder);

  /// Reads the content of a config.json; `where` names it in errors.
  static DistilBertConfig from_json(const Json& json, const std::string& where);

  /// The content of config.json for a model of class `architecture`, as the reference writes it.
  Json to_json(const std::string& architecture) const;

  /// A field that a file stores under its own name.
  struct Field {
    std::string_view name;
    std::variant<bool DistilBertConfig::*, std::int64_t DistilBertConfig::*, double DistilBertConfig::*,
                 std::string DistilBertConfig::*>
        member;
  };
  static std::span<const Field> fields();
  /// The field of this name, or nullptr.
  static const Field* find_field(std::string_view name) {
    for (const Field& field : fields())
      if (field.name == name) return &field;
    return nullptr;
  }
};

inline std::span<const DistilBertConfig::Field> DistilBertConfig::fields() {
  using C = DistilBertConfig;
  static constexpr Field all[] = {
      {"vocab_size", &C::vocab_size},
      {"max_position_embeddings", &C::max_position_embeddings},
      {"sinusoidal_pos_embds", &C::sinusoidal_pos_embds},
      {"n_layers", &C::n_layers},
      {"n_heads", &C::n_heads},
      {"dim", &C::dim},
      {"hidden_dim", &C::hidden_dim},
      {"dropout", &C::dropout},
      {"attention_dropout", &C::attention_dropout},
      {"activation", &C::activation},
      {"initializer_range", &C::initializer_range},
      {"qa_dropout", &C::qa_dropout},
      {"seq_classif_dropout", &C::seq_classif_dropout},
  };
  return all;
}

namespace detail {

/// The reference's other names of some fields.
inline std::string_view canonical_config_key(std::string_view key) {
  if (key == "hidden_size") return "dim";
  if (key == "num_attention_heads") return "n_heads";
  if (key == "num_hidden_layers") return "n_layers";
  return key;
}

/// A value as errors show it.
inline std::string one_line(const Json& value) { return dump_json(value, {.indent = -1}); }

/// What a value that is no `Field` should have been, or nullptr if it is one.
template <class Field> const char* expected_instead(const Json& value) {
  if constexpr (std::is_same_v<Field, bool>) return value.is_boolean() ? nullptr : "true or false";
  else if constexpr (std::is_same_v<Field, double>) return value.is_number() ? nullptr : "a number";
  else if constexpr (std::is_same_v<Field, std::string>) return value.is_string() ? nullptr : "a string";
  else return !value.is_number_integer() ? "an integer" : is_int64(value) ? nullptr : "an integer of 64 bits";
}

/// Assigns a JSON value to a field; throws Error(format) naming both types.
template <class Field>
void assign_config_field(const Json& value, Field& field, std::string_view where, std::string_view key) {
  if (const char* const type = expected_instead<Field>(value))
    fail(ErrorCode::format, where, ": expected ", type, " for \"", key, "\", got ", one_line(value));
  field = value.template get<Field>();
}

/// The class number that a key of id2label stands for, as Python's int() reads it, or nothing.
inline std::optional<std::int64_t> class_number(std::string_view key) {
  constexpr std::string_view blanks = " \t\n\v\f\r";
  const std::size_t first = key.find_first_not_of(blanks);
  if (first == std::string_view::npos) return std::nullopt;
  key = key.substr(first, key.find_last_not_of(blanks) + 1 - first);
  const bool negative = key.starts_with('-');
  if (negative || key.starts_with('+')) key.remove_prefix(1);
  key.remove_prefix(std::min(key.find_first_not_of('0'), key.empty() ? 0 : key.size() - 1));
  if (key.empty() || key.size() > 9 || key.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  std::int64_t number = 0;
  for (const char digit : key) number = 10 * number + (digit - '0');
  return negative ? -number : number;
}

/// The name of a class as text; numbers, truth values and null as Python writes them.
inline std::optional<std::string> class_name(const Json& name) {
  if (name.is_string()) return name.get<std::string>();
  if (name.is_boolean()) return name.get<bool>() ? "True" : "False";
  if (name.is_null()) return "None";
  if (name.is_number()) return one_line(name);
  return std::nullopt;
}

inline void read_id2label(DistilBertConfig& config, const Json& json, const std::string& where) {
  if (!json.is_object()) fail(ErrorCode::format, where, ": expected an object for \"id2label\", got ", one_line(json));
  config.id2label.clear();
  for (const auto& [key, value] : members_of(json)) {
    const auto id = class_number(key);
    auto name = class_name(value);
    if (!id || !name)
      fail(ErrorCode::format, where, ": expected \"id2label\" to map class numbers to names, got \"", key,
           "\": ", one_line(value));
    config.id2label[*id] = std::move(*name);
  }
  check(!config.id2label.empty(), ErrorCode::format, where, ": expected at least one class in \"id2label\", got none");
  config.label2id = ids_of(config.id2label);
}

/// What is odd about label2id beside the names that count, or an empty text. Inference does not read label2id, so it
/// never keeps a model from being used.
inline std::string label2id_warning(const DistilBertConfig& config, const Json& label2id, bool named,
                                    const std::string& where) {
  if (label2id.is_null()) return {};
  const auto shown = [](const Json& value) {
    const std::string text = one_line(value);
    return text.size() <= 80 ? text : text.substr(0, 77) + "...";
  };
  if (!label2id.is_object())
    return join(where, ": \"label2id\" is not an object and is not used, got ", shown(label2id));
  const auto says = [&](std::string_view name, const Json& id) {
    if (!is_int64(id)) return false;
    const auto known = config.id2label.find(id.get<std::int64_t>());
    return known != config.id2label.end() && known->second == name;
  };
  for (const auto& [name, id] : members_of(label2id))
    if (!says(name, id))
      return join(where, ": \"label2id\" says ", shown(name), ": ", shown(id), ", which ",
                  named ? "\"id2label\" does not say; the class names are those of \"id2label\""
                        : "counts only with an \"id2label\"; the class names are LABEL_0, LABEL_1 ...");
  return {};
}

/// As the reference's version 5 reads them: id2label names the classes, unless num_labels is another number than
/// theirs.
inline void read_label_maps(DistilBertConfig& config, const Json& json, const std::string& where) {
  const Json* const names = find_member(json, "id2label");
  const bool named = names != nullptr && !names->is_null();
  if (named) read_id2label(config, *names, where);
  if (const Json* const found = find_member(json, "num_labels"); found != nullptr && !found->is_null()) {
    std::int64_t count = 0;
    assign_config_field(*found, count, where, "num_labels");
    if (named && count != config.num_labels())
      config.warnings.push_back(join(where, ": \"num_labels\" is ", count, ", \"id2label\" has ", config.num_labels(),
                                     " names; the classes are LABEL_0 to LABEL_", count - 1));
    try {
      config.set_num_labels(count);
    } catch (const Error& error) {
      fail(error.code(), where, ": ", error.what());
    }
  }
  const Json* const ids = find_member(json, "label2id");
  if (ids == nullptr || !config.warnings.empty()) return;
  if (auto warning = label2id_warning(config, *ids, named, where); !warning.empty())
    config.warnings.push_back(std::move(warning));
}

inline void assign_config_field(const Json& value, DistilBertConfig& config, const DistilBertConfig::Field& field,
                                std::string_view where, std::string_view written_key) {
  std::visit([&](auto member) { assign_config_field(value, config.*member, where, written_key); }, field.member);
}

}  // namespace detail

inline DistilBertConfig DistilBertConfig::from_json(const Json& json, const std::string& where) {
  if (!json.is_object())
    fail(ErrorCode::format, where, ": expected a JSON object, got ", detail::one_line(json).substr(0, 40));
  if (const Json* const type = detail::find_member(json, "model_type"); type != nullptr && *type != "distilbert")
    fail(ErrorCode::format, where, ": expected \"model_type\": \"distilbert\", got ", detail::one_line(*type),
         "; a BERT encoder can be converted with `tl convert --from bert`");
  DistilBertConfig config;
  detail::JsonObjectBuilder others;
  for (const auto& member : detail::members_of(json)) {  // clang 14 captures no structured bindings
    const std::string& written_key = member.first;
    const Json& value = member.second;
    const std::string_view key = detail::canonical_config_key(written_key);
    if (const Field* const field = find_field(key)) {
      detail::assign_config_field(value, config, *field, where, written_key);
      continue;
    }
    if (key == "id2label" || key == "label2id" || key == "num_labels" || key == "model_type") continue;
    if (key == "pad_token_id") {
      if (value.is_null()) {
        config.pad_token_id.reset();
      } else {
        std::int64_t id = 0;
        detail::assign_config_field(value, id, where, key);
        config.pad_token_id = id;
      }
    } else if (key == "problem_type") {
      if (!value.is_null()) detail::assign_config_field(value, config.problem_type.emplace(), where, key);
    } else if (key == "architectures") {
      if (value.is_array())
        for (const auto& name : value)
          if (name.is_string()) config.architectures.push_back(name.get<std::string>());
    } else {
      others.add(written_key, value);
    }
  }
  config.other = others.finish();
  detail::read_label_maps(config, json, where);
  config.validate(where);
  return config;
}

inline DistilBertConfig DistilBertConfig::from_pretrained(const std::filesystem::path& folder) {
  const auto path = folder / "config.json";
  check(detail::path_exists(folder) && std::filesystem::is_directory(folder), ErrorCode::io,
        "expected a model folder with config.json and ", "model.safetensors, got ", folder.native(),
        ", which is not a folder");
  check(detail::path_exists(path), ErrorCode::io, "expected config.json in ", folder.native(), ", it is not there");
  return from_json(read_json(path), path.native());
}

inline Json DistilBertConfig::to_json(const std::string& architecture) const {
  Json json = other;
  for (const Field& field : fields())
    json[field.name] = std::visit([this](auto member) { return Json(this->*member); }, field.member);
  const Json defaults = {{"bos_token_id", nullptr}, {"eos_token_id", nullptr}, {"tie_word_embeddings", true}};
  for (const auto& [key, value] : defaults.items())
    if (!json.contains(key)) json[key] = value;
  const Json ours = {{"model_type", "distilbert"},
                     {"architectures", Json::array({architecture})},
                     {"pad_token_id", detail::json_or_null(pad_token_id)},
                     {"dtype", "float32"}};
  for (const auto& [key, value] : ours.items()) json[key] = value;
  for (const char* replaced : {"torch_dtype", "_name_or_path"}) json.erase(replaced);
  if (problem_type) json["problem_type"] = *problem_type;
  const auto unnamed = detail::numbered_labels(num_labels());
  if (num_labels() != 2 || id2label != unnamed) {
    // A JSON object of its own order: class numbers sort as numbers, not as text.
    detail::JsonObjectBuilder names, ids;
    for (const auto& [id, name] : id2label) names.add(join(id), name);
    for (const auto& [name, id] : label2id) ids.add(name, id);
    json["id2label"] = names.finish();
    json["label2id"] = ids.finish();
  }
  const auto& members = detail::members_of(json);
  return std::map<std::string, Json>(members.begin(), members.end());
}

inline void DistilBertConfig::update_from_string(std::string_view text) {
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const std::string_view item = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const auto equals = item.find('=');
    check(equals != std::string_view::npos, ErrorCode::invalid_argument,
          "config_overrides: expected name=value, got \"", item, "\"");
    const std::string_view name = detail::canonical_config_key(item.substr(0, equals));
    const std::string_view value = item.substr(equals + 1);
    const Field* const field = find_field(name);
    if (field == nullptr) {
      std::string names;
      for (const Field& one : fields()) names += join(names.empty() ? "" : ", ", one.name);
      fail(ErrorCode::invalid_argument, "config_overrides: \"", name, "\" is not a field of DistilBertConfig; ",
           "the fields are ", names);
    }
    Json parsed = value;
    if (!std::holds_alternative<std::string DistilBertConfig::*>(field->member)) {
      try {
        parsed = parse_json(value == "True" ? "true" : value == "False" ? "false" : value, "config_overrides");
      } catch (const Error&) {  // then the field says what it expects instead of this text
      }
    }
    detail::assign_config_field(parsed, *this, *field, "config_overrides", name);
  }
  validate("config_overrides");
}

}  // namespace tl
