// What the YAML head of a data set's README.md says about its files: configurations, the files of each split, the names
// of classes, and how many rows each split has.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/sort.hpp>
#include <tl/data/column.hpp>
#include <tl/data/file_patterns.hpp>
#include <tl/data/split_spec.hpp>
#include <tl/io/json.hpp>
#include <tl/io/yaml.hpp>

namespace tl::detail {

/// A column as the card describes it.
struct CardFeature {
  std::string name;
  std::string dtype = {};                     ///< "string", "int64" ...; empty if it is none of a single value
  std::vector<std::string> class_names = {};  ///< of class ids
  bool is_list = false;
};

/// The columns and rows of a configuration.
struct CardInfo {
  std::string config;
  std::vector<CardFeature> features;
  std::vector<std::pair<std::string, std::int64_t>> rows;  ///< of each split
};

/// The files of a configuration.
struct CardConfig {
  std::string name;
  SplitPatterns files;  ///< empty: by the names of the files
  std::string data_dir;
  bool is_default = false;
  Json parameters = Json::object();  ///< how the files are read
};

struct DatasetCard {
  std::vector<CardConfig> configs;
  std::vector<CardInfo> infos;
};

/// The lines between the first "---" and the next; empty if the text does not begin so.
inline std::string_view yaml_head(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const auto line = [](std::string_view rest) {
    std::string_view first = rest.substr(0, rest.find('\n'));
    if (first.ends_with('\r')) first.remove_suffix(1);
    return first;
  };
  if (line(text) != "---") return {};
  const std::size_t begin = std::min(text.find('\n'), text.size() - 1) + 1;
  for (std::size_t at = begin; at < text.size();) {
    if (line(text.substr(at)) == "---") return text.substr(begin, at - begin);
    at = std::min(text.find('\n', at), text.size() - 1) + 1;
  }
  return {};
}

/// Reads what a card says about data. Whatever else is in it may be anything.
class CardReader {
 public:
  explicit CardReader(std::string where) : where_(std::move(where)) {}

  DatasetCard read(const Json& card) const {
    DatasetCard result;
    if (!card.is_object()) return result;
    if (const Json* const configs = find_member(card, "configs"); configs != nullptr && !configs->is_null()) {
      expect(configs->is_array(), "configs", "a list", *configs);
      for (const Json& one : elements_of(*configs)) result.configs.push_back(config(one));
    }
    if (const Json* const infos = find_member(card, "dataset_info"); infos != nullptr) {
      if (infos->is_object()) result.infos.push_back(info(*infos));
      else if (infos->is_array())
        for (const Json& one : elements_of(*infos))
          if (one.is_object()) result.infos.push_back(info(one));
    }
    return result;
  }

 private:
  void expect(bool holds, std::string_view key, std::string_view expected, const Json& got) const {
    if (!holds)
      fail(ErrorCode::format, where_, ", key ", key, ": expected ", expected, ", got ", dump_json(got, {.indent = -1}));
  }

  /// A scalar as Python's str() writes it.
  std::string text(const Json& value, std::string_view key) const {
    expect(!value.is_structured(), key, "a text", value);
    if (value.is_string()) return value.get<std::string>();
    if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
    if (value.is_null()) return "None";
    return value.is_number_float() ? python_text(value.get<double>()) : std::to_string(value.get<std::int64_t>());
  }

  std::vector<std::string> patterns(const Json& value) const {
    std::vector<std::string> list;
    if (value.is_array())
      for (const Json& one : elements_of(value)) list.push_back(text(one, "data_files"));
    else list.push_back(text(value, "data_files"));
    return list;
  }

  SplitPatterns data_files(const Json& value) const {
    SplitPatterns files;
    const bool by_split = value.is_array() && !value.empty() && elements_of(value).front().is_object();
    if (!by_split) return {{"train", patterns(value)}};
    for (const Json& one : elements_of(value)) {
      const Json* const split = one.is_object() ? find_member(one, "split") : nullptr;
      const Json* const path = one.is_object() ? find_member(one, "path") : nullptr;
      expect(split != nullptr && path != nullptr && one.size() == 2, "data_files",
             "the keys split and path in each item", one);
      std::string name = text(*split, "split");
      expect(is_split_name(name), "split", "a name of letters, digits and underscores", *split);
      for (const auto& [known, paths] : files) expect(known != name, "data_files", "every split once", value);
      files.emplace_back(std::move(name), patterns(*path));
    }
    return files;
  }

  CardConfig config(const Json& value) const {
    const Json* const name = value.is_object() ? find_member(value, "config_name") : nullptr;
    expect(name != nullptr, "configs", "a config_name in each item", value);
    CardConfig result{.name = text(*name, "config_name"), .files = {}, .data_dir = {}};
    for (const auto& [key, member] : members_of(value)) {
      if (key == "data_files" && !member.is_null()) result.files = data_files(member);
      else if (key == "data_dir" && !member.is_null()) result.data_dir = text(member, key);
      else if (key == "default") result.is_default = member.is_boolean() && member.get<bool>();
      else if (key != "config_name") result.parameters[key] = member;
    }
    return result;
  }

  CardInfo info(const Json& value) const {
    CardInfo result{.config = "default", .features = {}, .rows = {}};
    if (const Json* const name = find_member(value, "config_name")) result.config = text(*name, "config_name");
    if (const Json* const features = find_member(value, "features"); features != nullptr && features->is_array())
      for (const Json& one : elements_of(*features))
        if (const Json* const name = one.is_object() ? find_member(one, "name") : nullptr)
          result.features.push_back(feature(one, text(*name, "name")));
    if (const Json* const splits = find_member(value, "splits"); splits != nullptr && splits->is_array())
      for (const Json& one : elements_of(*splits)) {
        const Json* const name = one.is_object() ? find_member(one, "name") : nullptr;
        const Json* const rows = one.is_object() ? find_member(one, "num_examples") : nullptr;
        if (name != nullptr && rows != nullptr && is_int64(*rows))
          result.rows.emplace_back(text(*name, "name"), rows->get<std::int64_t>());
      }
    return result;
  }

  CardFeature feature(const Json& value, std::string name) const {
    CardFeature result{std::move(name)};
    const Json* inner = &value;
    for (const char* const list : {"sequence", "list", "large_list"})
      if (const Json* const found = find_member(*inner, list)) {
        result.is_list = true;
        inner = found;
        break;
      }
    if (inner->is_string()) result.dtype = string_of(*inner);
    if (!inner->is_object()) return result;
    if (const Json* const dtype = find_member(*inner, "dtype")) {
      if (dtype->is_string()) result.dtype = string_of(*dtype);
      inner = dtype;
    }
    const Json* const label = inner->is_object() ? find_member(*inner, "class_label") : nullptr;
    const Json* const names = label != nullptr && label->is_object() ? find_member(*label, "names") : nullptr;
    if (names != nullptr) result.class_names = class_names(*names, result.name);
    return result;
  }

  /// The names of a list, or of a mapping from ids.
  std::vector<std::string> class_names(const Json& names, const std::string& column) const {
    const std::string key = str_cat("class_label of ", column);
    std::vector<std::string> result;
    if (names.is_array()) {
      for (const Json& one : elements_of(names)) result.push_back(text(one, key));
      return result;
    }
    expect(names.is_object(), key, "names as a list, or by their ids", names);
    std::vector<std::pair<std::int64_t, std::string>> by_id;
    for (const auto& [id, name] : members_of(names)) {
      std::int64_t number = -1;
      const auto read = std::from_chars(id.data(), id.data() + id.size(), number);
      expect(!id.empty() && read.ec == std::errc{} && read.ptr == id.data() + id.size(), key, "ids as keys", names);
      by_id.emplace_back(number, text(name, key));
    }
    by_id = stable_sorted(std::move(by_id), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < by_id.size(); ++i) {
      expect(by_id[i].first == static_cast<std::int64_t>(i), key, "the ids from 0 on, each once", names);
      result.push_back(std::move(by_id[i].second));
    }
    return result;
  }

  std::string where_;
};

/// The card of the text of a README.md, which `where` names; an empty one if it has no YAML head. Throws format for a
/// head that is no YAML or says something impossible about files.
inline DatasetCard read_dataset_card(std::string_view text, const std::string& where) {
  const std::string_view head = yaml_head(text);
  if (head.find_first_not_of(" \t\r\n") == std::string_view::npos) return {};
  // Numbers of lines are those of the file.
  const auto before =
      static_cast<std::size_t>(std::count(text.begin(), text.begin() + (head.data() - text.data()), '\n'));
  return CardReader(where).read(parse_yaml(str_cat(std::string(before, '\n'), head), where));
}

}  // namespace tl::detail
