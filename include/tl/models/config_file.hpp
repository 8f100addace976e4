// Reading, checking and writing the config.json of any family of models; see PretrainedConfig for what a family's
// configuration adds.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <tl/core/activation.hpp>
#include <tl/hub/resolve.hpp>
#include <tl/io/json_file.hpp>
#include <tl/models/pretrained_config.hpp>

namespace tl {

namespace detail {

/// A value as errors show it.
inline std::string one_line(const Json& value) { return dump_json(value, {.indent = -1}); }

/// What a value that is no `Field` should have been, or nullptr if it is one.
template <class Field> const char* expected_instead(const Json& value) {
  if constexpr (std::is_same_v<Field, std::optional<double>>)
    return value.is_number() || value.is_null() ? nullptr : "a number or null";
  else if constexpr (std::is_same_v<Field, std::optional<std::string>>)
    return value.is_string() || value.is_null() ? nullptr : "a string or null";
  else if constexpr (std::is_same_v<Field, bool>) return value.is_boolean() ? nullptr : "true or false";
  else if constexpr (std::is_same_v<Field, double>) return value.is_number() ? nullptr : "a number";
  else if constexpr (std::is_same_v<Field, std::string>) return value.is_string() ? nullptr : "a string";
  else return !value.is_number_integer() ? "an integer" : is_int64(value) ? nullptr : "an integer of 64 bits";
}

/// Assigns a JSON value to a field; throws Error(format) naming both types.
template <class Field>
void assign_config_field(const Json& value, Field& field, std::string_view where, std::string_view key) {
  if (const char* const type = expected_instead<Field>(value))
    fail(ErrorCode::format, where, ": expected ", type, " for \"", key, "\", got ", one_line(value));
  if constexpr (requires { field.has_value(); }) {
    field.reset();
    if (!value.is_null()) field = value.template get<typename Field::value_type>();
  } else {
    field = value.template get<Field>();
  }
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

/// The name of a class as text; numbers, booleans and null as Python writes them.
inline std::optional<std::string> class_name(const Json& name) {
  if (name.is_string()) return name.get<std::string>();
  if (name.is_boolean()) return name.get<bool>() ? "True" : "False";
  if (name.is_null()) return "None";
  if (name.is_number()) return one_line(name);
  return std::nullopt;
}

inline void read_id2label(PretrainedConfig& config, const Json& json, const std::string& where) {
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
inline std::string label2id_warning(const PretrainedConfig& config, const Json& label2id, bool named,
                                    const std::string& where) {
  if (label2id.is_null()) return {};
  const auto shown = [](const Json& value) {
    const std::string text = one_line(value);
    return text.size() <= 80 ? text : text.substr(0, 77) + "...";
  };
  if (!label2id.is_object())
    return str_cat(where, ": \"label2id\" is not an object and is not used, got ", shown(label2id));
  const auto says = [&](std::string_view name, const Json& id) {
    if (!is_int64(id)) return false;
    const auto known = config.id2label.find(id.get<std::int64_t>());
    return known != config.id2label.end() && known->second == name;
  };
  for (const auto& [name, id] : members_of(label2id))
    if (!says(name, id))
      return str_cat(where, ": \"label2id\" says ", shown(name), ": ", shown(id), ", which ",
                     named ? "\"id2label\" does not say; the class names are those of \"id2label\""
                           : "counts only with an \"id2label\"; the class names are LABEL_0, LABEL_1 ...");
  return {};
}

/// As the reference's version 5 reads them: id2label names the classes, unless num_labels is another number than
/// theirs.
inline void read_label_maps(PretrainedConfig& config, const Json& json, const std::string& where) {
  const Json* const names = find_member(json, "id2label");
  const bool named = names != nullptr && !names->is_null();
  if (named) read_id2label(config, *names, where);
  if (const Json* const found = find_member(json, "num_labels"); found != nullptr && !found->is_null()) {
    std::int64_t count = 0;
    assign_config_field(*found, count, where, "num_labels");
    if (named && count != config.num_labels())
      config.warnings.push_back(str_cat(where, ": \"num_labels\" is ", count, ", \"id2label\" has ",
                                        config.num_labels(), " names; the classes are LABEL_0 to LABEL_", count - 1));
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

/// The activation named `name`. Throws Error(invalid_argument) for one that tl does not have; `field` names it.
inline Activation config_activation(std::string_view field, std::string_view name) {
  std::string names;
  for (const auto& [known, function] : named_activations) {
    if (name == known) return function;
    names += str_cat(names.empty() ? "" : ", ", known);
  }
  fail(ErrorCode::invalid_argument, field, ": expected one of ", names, ", got ", name);
}

/// The fields of an encoder that are checked alike in all families, each with its name there.
struct EncoderFields {
  std::pair<const char*, std::int64_t> layers, heads, width, hidden;
  std::vector<std::pair<const char*, double>> probabilities;
  std::pair<const char*, std::string> activation;
};

/// Throws one Error(invalid_argument) that lists every field with an impossible value; `problems` are those that the
/// family has found. `where` names the source.
inline void validate_config(const PretrainedConfig& config, const EncoderFields& encoder, std::string_view where,
                            const std::vector<std::string>& others = {}) {
  constexpr double max_parameters = 2e10;  // 80 GB, far beyond any model of these families
  std::string problems;
  const auto report = [&](const auto&... parts) { problems += str_cat(problems.empty() ? ": " : "; ", parts...); };
  // The parameters are made before the first weight is read, so a damaged number must not fill the memory.
  constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();
  const auto &layers = encoder.layers, &heads = encoder.heads, &width = encoder.width, &hidden = encoder.hidden;
  const struct {
    const char* name;
    std::int64_t value, limit;
  } sizes[] = {{"vocab_size", config.vocab_size, 100'000'000},
               {"max_position_embeddings", config.max_position_embeddings, 100'000'000},
               {layers.first, layers.second, 1000},
               {heads.first, heads.second, no_limit},
               {width.first, width.second, 1'000'000},
               {hidden.first, hidden.second, 10'000'000}};
  for (const auto& [name, value, limit] : sizes)
    if (value < 1) report(name, ": expected at least 1, got ", value);
  const std::size_t found = problems.size();
  for (const auto& [name, value, limit] : sizes)
    if (value > limit) report(name, ": expected at most ", limit, ", got ", value);
  const auto real = [](std::int64_t value) { return static_cast<double>(value); };
  const double d = real(width.second);
  const double rows = real(config.vocab_size) + real(config.max_position_embeddings) + real(config.num_labels());
  const double parameters = d * (rows + real(layers.second) * (4 * d + 2 * real(hidden.second)));
  if (problems.size() == found && parameters > max_parameters)
    report("vocab_size, max_position_embeddings, ", layers.first, ", ", width.first, ", ", hidden.first,
           ": expected at most ", max_parameters, " parameters together, got ", parameters);
  if (heads.second >= 1 && width.second % heads.second != 0)
    report(width.first, ": expected a multiple of ", heads.first, " = ", heads.second, ", got ", width.second);
  for (const auto& [name, value] : encoder.probabilities)
    if (!(value >= 0.0 && value <= 1.0)) report(name, ": expected a value in [0, 1], got ", value);
  if (!(config.initializer_range >= 0.0))
    report("initializer_range: expected at least 0, got ", config.initializer_range);
  if (config.pad_token_id && (*config.pad_token_id < 0 || *config.pad_token_id >= config.vocab_size))
    report("pad_token_id: expected an id in [0, ", config.vocab_size, "), got ", *config.pad_token_id);
  for (std::int64_t id = 0; id < config.num_labels(); ++id)
    if (!config.id2label.contains(id))
      report("id2label: expected the ids 0 to ", config.num_labels() - 1, ", id ", id, " is missing");
  try {
    (void)config_activation(encoder.activation.first, encoder.activation.second);
  } catch (const Error& error) {
    report(error.what());
  }
  for (const std::string& problem : others) report(problem);
  if (!problems.empty()) fail(ErrorCode::invalid_argument, where.empty() ? config.class_name() : where, problems);
}

inline const ConfigField* find_config_field(const PretrainedConfig& config, std::string_view name) {
  for (const ConfigField& field : config.fields())
    if (field.name == name) return &field;
  return nullptr;
}

inline void assign_config_field(const Json& value, PretrainedConfig& config, const ConfigField& field,
                                std::string_view where, std::string_view written_key) {
  std::visit([&](auto member) { assign_config_field(value, config.*member, where, written_key); }, field.member);
}

/// The value of a field.
inline Json config_value(const PretrainedConfig& config, const ConfigField& field) {
  return std::visit(
      [&config](auto member) {
        if constexpr (requires { (config.*member).has_value(); }) return json_or_null(config.*member);
        else return Json(config.*member);
      },
      field.member);
}

/// Reads a key that all families have; false if it is none of these.
inline bool read_common_key(PretrainedConfig& config, std::string_view key, const Json& value, std::string_view where) {
  if (key == "id2label" || key == "label2id" || key == "num_labels" || key == "model_type") return true;
  if (key == "pad_token_id") {
    if (value.is_null()) config.pad_token_id.reset();
    else assign_config_field(value, config.pad_token_id.emplace(), where, key);
  } else if (key == "problem_type") {
    if (!value.is_null()) assign_config_field(value, config.problem_type.emplace(), where, key);
  } else if (key == windows_key) {
    config.long_texts = value.is_null() ? LongTexts{} : read_windows(value, where);
  } else if (key == "architectures") {
    if (value.is_array())
      for (const auto& name : value)
        if (name.is_string()) config.architectures.push_back(name.get<std::string>());
  } else {
    return false;
  }
  return true;
}

/// Reads the content of a config.json into a configuration with the family's defaults; `where` names it in errors. Keys
/// that the family does not know are kept.
inline void read_config(PretrainedConfig& config, const Json& json, const std::string& where) {
  if (!json.is_object()) fail(ErrorCode::format, where, ": expected a JSON object, got ", one_line(json).substr(0, 40));
  const Json* const type = find_member(json, "model_type");
  if (type != nullptr && *type != config.model_type())
    fail(ErrorCode::format, where, ": expected \"model_type\": \"", config.model_type(), "\", got ", one_line(*type));
  JsonObjectBuilder others;
  for (const auto& member : members_of(json)) {  // clang 14 captures no structured bindings
    const std::string_view key = config.canonical_key(member.first);
    if (const ConfigField* const field = find_config_field(config, key))
      assign_config_field(member.second, config, *field, where, member.first);
    else if (!read_common_key(config, key, member.second, where)) others.add(member.first, member.second);
  }
  config.other = others.finish();
  read_label_maps(config, json, where);
  config.validate(where);
}

/// Throws Error(io) for something that is no model folder: a file, a folder without config.json.
inline void check_model_folder(const std::filesystem::path& folder) {
  check(path_exists(folder) && std::filesystem::is_directory(folder), ErrorCode::io,
        "expected a model folder with config.json and model.safetensors, got ", folder.native(),
        ", which is not a folder");
  check(path_exists(folder / "config.json"), ErrorCode::io, "expected config.json in ", folder.native(),
        ", it is not there");
}

/// Reads config.json of a model folder. Throws Error(io), Error(format) or Error(invalid_argument) with the path.
inline void read_config_file(PretrainedConfig& config, const std::filesystem::path& folder) {
  check_model_folder(folder);
  const auto path = folder / "config.json";
  read_config(config, read_json(path), path.native());
}

/// The content of config.json for a model of class `architecture`, as the reference writes it, with sorted keys.
inline Json config_json(const PretrainedConfig& config, const std::string& architecture) {
  Json json = config.other;
  for (const ConfigField& field : config.fields()) json[field.name] = config_value(config, field);
  for (const char* token : {"bos_token_id", "eos_token_id"})
    if (!json.contains(token)) json[token] = nullptr;
  if (!json.contains("tie_word_embeddings")) json["tie_word_embeddings"] = true;
  json["model_type"] = config.model_type();
  json["architectures"] = Json::array({architecture});
  json["pad_token_id"] = json_or_null(config.pad_token_id);
  json["dtype"] = "float32";
  for (const char* replaced : {"torch_dtype", "_name_or_path"}) json.erase(replaced);
  if (config.problem_type) json["problem_type"] = *config.problem_type;
  if (config.long_texts.windows) json[windows_key] = windows_json(config.long_texts);
  if (config.num_labels() != 2 || config.id2label != numbered_labels(config.num_labels())) {
    // A JSON object of its own order: class numbers sort as numbers, not as text.
    JsonObjectBuilder names, ids;
    for (const auto& [id, name] : config.id2label) names.add(str_cat(id), name);
    for (const auto& [name, id] : config.label2id) ids.add(name, id);
    json["id2label"] = names.finish();
    json["label2id"] = ids.finish();
  }
  const auto& members = members_of(json);
  return std::map<std::string, Json>(members.begin(), members.end());
}

/// Sets fields from "name=value,name=value", e.g. "dropout=0,attention_dropout=0".
/// Throws Error(invalid_argument) for a name that is not a field, or a value of another type.
inline void update_config(PretrainedConfig& config, std::string_view text) {
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const std::string_view item = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const auto equals = item.find('=');
    check(equals != std::string_view::npos, ErrorCode::invalid_argument,
          "config_overrides: expected name=value, got \"", item, "\"");
    const std::string_view name = config.canonical_key(item.substr(0, equals));
    const std::string_view value = item.substr(equals + 1);
    const ConfigField* const field = find_config_field(config, name);
    if (field == nullptr) {
      std::string names;
      for (const auto& one : config.fields()) names += str_cat(names.empty() ? "" : ", ", one.name);
      fail(ErrorCode::invalid_argument, "config_overrides: \"", name, "\" is not a field of ", config.class_name(),
           "; the fields are ", names);
    }
    Json parsed = value;
    if (!std::holds_alternative<std::string PretrainedConfig::*>(field->member)) {
      try {
        parsed = parse_json(value == "True"    ? "true"
                            : value == "False" ? "false"
                            : value == "None"  ? "null"
                                               : value,
                            "config_overrides");
      } catch (const Error&) {  // then the field says what it expects instead of this text
      }
    }
    assign_config_field(parsed, config, *field, "config_overrides", name);
  }
  config.validate("config_overrides");
}

}  // namespace detail

/// What all families have of the config.json of a model, given by its folder or its name, whatever its model_type is:
/// labels, problem type, architectures. Sizes are not read. Throws Error(io) or Error(format) with the path, and what
/// hub::model_folder() throws.
inline PretrainedConfig load_common_config(const std::filesystem::path& name_or_path, const hub::Options& hub = {}) {
  const auto folder = hub::model_folder(name_or_path, hub, hub::ModelFiles::configuration);
  detail::check_model_folder(folder);
  const std::filesystem::path path = folder / "config.json";
  const Json json = read_json(path);
  if (!json.is_object())
    fail(ErrorCode::format, path.native(), ": expected a JSON object, got ", detail::one_line(json).substr(0, 40));
  PretrainedConfig config;
  config.set_num_labels(2);
  for (const auto& member : detail::members_of(json))
    (void)detail::read_common_key(config, member.first, member.second, path.native());
  detail::read_label_maps(config, json, path.native());
  return config;
}

}  // namespace tl
