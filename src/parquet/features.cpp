#include "features.hpp"

#include <tl/io/json.hpp>

namespace tl::parquet {

namespace {

using tl::detail::elements_of;
using tl::detail::find_member;
using tl::detail::members_of;
using tl::detail::string_of;

/// The names of a feature: of class ids, or of lists of them in the forms of several versions.
const Json* names_of(const Json& feature) {
  const Json* at = &feature;
  if (at->is_array() && at->size() == 1) at = &elements_of(*at).front();
  if (!at->is_object()) return nullptr;
  if (const Json* const inner = find_member(*at, "feature"); inner != nullptr && inner->is_object()) at = inner;
  const Json* const type = find_member(*at, "_type");
  if (type == nullptr || !type->is_string() || string_of(*type) != "ClassLabel") return nullptr;
  return find_member(*at, "names");
}

Json value_of(std::string_view dtype) { return {{"dtype", std::string(dtype)}, {"_type", "Value"}}; }

Json list_of(Json feature) { return {{"feature", std::move(feature)}, {"_type", "List"}}; }

Json feature_of(const Feature& feature) {
  Json classes = {{"names", feature.class_names}, {"_type", "ClassLabel"}};
  switch (feature.type) {
    case ColumnType::string: return value_of("string");
    case ColumnType::int64: return feature.class_names.empty() ? value_of("int64") : classes;
    case ColumnType::float64: return value_of("float64");
    case ColumnType::list_int32: return list_of(feature.class_names.empty() ? value_of("int32") : std::move(classes));
    case ColumnType::list_float32: return list_of(value_of("float32"));
    case ColumnType::list_string: return list_of(value_of("string"));
  }
  return value_of("string");
}

}  // namespace

std::map<std::string, std::vector<std::string>> read_class_names(std::string_view metadata, const std::string& file) {
  std::map<std::string, std::vector<std::string>> result;
  const Json json = parse_json(metadata, str_cat(file, ", metadata huggingface"));
  const Json* const info = json.is_object() ? find_member(json, "info") : nullptr;
  const Json* const features = info != nullptr && info->is_object() ? find_member(*info, "features") : nullptr;
  if (features == nullptr || !features->is_object()) return result;
  for (const auto& [column, feature] : members_of(*features)) {
    const Json* const names = names_of(feature);
    if (names == nullptr || !names->is_array()) continue;
    std::vector<std::string>& texts = result[column];
    for (const Json& name : elements_of(*names)) {
      check(name.is_string(), ErrorCode::format, file, ", metadata huggingface: expected texts as the class names of ",
            column, ", got ", dump_json(name));
      texts.push_back(string_of(name));
    }
  }
  return result;
}

std::string write_features(const Dataset& rows) {
  Json features = Json::object();
  for (const Feature& feature : rows.features()) features[feature.name] = feature_of(feature);
  const Json metadata = {{"info", {{"features", std::move(features)}}}};
  return dump_json(metadata, {.indent = -1, .sort_keys = false});
}

}  // namespace tl::parquet
