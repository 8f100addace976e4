// The types of columns and the names of classes in the key "huggingface" of a schema's metadata, as Python's datasets
// writes them into parquet files and into tables of Arrow.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/column.hpp>
#include <tl/data/dataset.hpp>
#include <tl/io/json.hpp>

namespace tl::detail {

/// The names of a feature: of class ids, or of lists of them in the forms of several versions.
inline const Json* feature_names(const Json& feature) {
  const Json* at = &feature;
  if (at->is_array() && at->size() == 1) at = &elements_of(*at).front();
  if (!at->is_object()) return nullptr;
  if (const Json* const inner = find_member(*at, "feature"); inner != nullptr && inner->is_object()) at = inner;
  const Json* const type = find_member(*at, "_type");
  if (type == nullptr || !type->is_string() || string_of(*type) != "ClassLabel") return nullptr;
  return find_member(*at, "names");
}

inline Json feature_value(std::string_view dtype) { return {{"dtype", std::string(dtype)}, {"_type", "Value"}}; }

inline Json feature_list(Json feature) { return {{"feature", std::move(feature)}, {"_type", "List"}}; }

inline Json feature_json(const Feature& feature, bool boolean) {
  Json classes = {{"names", feature.class_names}, {"_type", "ClassLabel"}};
  switch (feature.type) {
    case ColumnType::string: return feature_value("string");
    case ColumnType::int64:
      return feature.class_names.empty() ? feature_value(boolean ? "bool" : "int64") : std::move(classes);
    case ColumnType::float64: return feature_value("float64");
    case ColumnType::list_int32:
      return feature_list(feature.class_names.empty() ? feature_value("int32") : std::move(classes));
    case ColumnType::list_float32: return feature_list(feature_value("float32"));
    case ColumnType::list_string: return feature_list(feature_value("string"));
  }
  return feature_value("string");
}

/// Names of classes by column. Metadata that says something else, or nothing, gives none. Throws format for a text that
/// is no JSON. `source` begins its sentences.
inline std::map<std::string, std::vector<std::string>> read_class_names(std::string_view metadata,
                                                                        const std::string& source) {
  std::map<std::string, std::vector<std::string>> result;
  const Json json = parse_json(metadata, str_cat(source, ", metadata huggingface"));
  const Json* const info = json.is_object() ? find_member(json, "info") : nullptr;
  const Json* const features = info != nullptr && info->is_object() ? find_member(*info, "features") : nullptr;
  if (features == nullptr || !features->is_object()) return result;
  for (const auto& [column, feature] : members_of(*features)) {
    const Json* const names = feature_names(feature);
    if (names == nullptr || !names->is_array()) continue;
    std::vector<std::string>& texts = result[column];
    for (const Json& name : elements_of(*names)) {
      check(name.is_string(), ErrorCode::format, source,
            ", metadata huggingface: expected texts as the class names of ", column, ", got ", dump_json(name));
      texts.push_back(string_of(name));
    }
  }
  return result;
}

/// Gives columns the names of their classes that the metadata has. Throws as read_class_names() and with_class_names().
inline Dataset with_class_names_of(Dataset rows, std::string_view metadata, const std::string& source) {
  for (auto& [column, names] : read_class_names(metadata, source))
    if (rows.has_column(column)) rows = rows.with_class_names(column, std::move(names));
  return rows;
}

/// The metadata of a data set: types of all columns, names of classes.
inline std::string write_features(const Dataset& rows) {
  Json features = Json::object();
  for (const Feature& feature : rows.features())
    features[feature.name] = feature_json(feature, rows.is_boolean(feature.name));
  const Json metadata = {{"info", {{"features", std::move(features)}}}};
  return dump_json(metadata, {.indent = -1, .sort_keys = false});
}

}  // namespace tl::detail
