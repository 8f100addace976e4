// From what load_dataset is told to the files it reads: by the YAML head of README.md, by patterns, or by the names of
// files. The rules are those of Python's datasets; see docs/data.md.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/dataset_card.hpp>
#include <tl/data/dataset_source.hpp>
#include <tl/data/file_patterns.hpp>
#include <tl/data/load_options.hpp>
#include <tl/data/table_format.hpp>

namespace tl {

/// The files of a split.
struct SplitFiles {
  std::string name;
  std::vector<std::string> files;  ///< relative to the source
  std::string missing = {};        ///< why the files of a split cannot be had without the hub; empty: they can
};

/// The files of a data set, found but not read.
struct DatasetFiles {
  detail::DatasetSource source;
  TableFormat format;
  std::vector<SplitFiles> splits;
  LoadOptions options;         ///< with what the card says about reading
  detail::CardInfo info = {};  ///< what the card says about columns and rows
  bool is_whole = false;       ///< the rows are those that the card counts

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const SplitFiles& split : splits) names.push_back(split.name);
    return names;
  }
};

namespace detail {

/// Names for a sentence, the first ten of many.
inline std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t most = 10;
  if (names.size() <= most) return python_text(names);
  std::string text = python_text(std::vector<std::string>(names.begin(), names.begin() + most));
  text.pop_back();
  return str_cat(text, ", ... ", names.size() - most, " more]");
}

/// Finds the files of one source.
class FileFinder {
 public:
  FileFinder(DatasetSource source, LoadOptions options) : source_(std::move(source)), options_(std::move(options)) {}

  /// By patterns of the caller. `format`: of all files, else by their extensions.
  DatasetFiles by_patterns(const SplitPatterns& patterns, std::optional<TableFormat> format = {}) {
    const DatasetCard card = read_card();
    if (!options_.data_dir.empty() && !source_.files.empty()) enter(options_.data_dir);
    DatasetFiles files = found(resolved(patterns), std::move(format));
    if (card.configs.size() <= 1 && card.infos.size() == 1) files.info = card.infos[0];
    return files;
  }

  /// By the configuration of the card, else by the names of the files.
  DatasetFiles by_card(std::optional<TableFormat> format = {}) {
    card_ = read_card();
    const CardConfig config = chosen_config();
    read_parameters(config);
    SplitPatterns patterns = config.files;
    if (!options_.data_dir.empty()) {
      enter(options_.data_dir);
      patterns.clear();
    } else if (!config.data_dir.empty()) {
      enter(config.data_dir);
    }
    if (patterns.empty()) patterns = default_patterns(source_.files);
    check(!patterns.empty(), ErrorCode::not_found, source_.name, ": expected files of data, found none",
          source_.incomplete.empty() ? "" : "; ", source_.incomplete);
    DatasetFiles files = found(resolved(patterns), std::move(format));
    for (const CardInfo& info : card_.infos)
      if (info.config == config.name || (card_.infos.size() == 1 && card_.configs.size() <= 1)) files.info = info;
    files.is_whole = options_.data_dir.empty();
    return files;
  }

  /// Whether something can be read at all, so that nothing else has to be looked at.
  bool has_data() {
    card_ = read_card();
    for (const CardConfig& config : card_.configs)
      if (!config.files.empty()) return true;
    for (const std::string& file : source_.files)
      if (!describes_data(file) && table_format_of(file)) return true;
    return false;
  }

 private:
  DatasetCard read_card() const {
    if (!source_.contains("README.md")) return {};
    const auto path = source_.path_of("README.md");
    return read_dataset_card(read_file(path), path.native());
  }

  void enter(const std::string& folder) {
    check(!folder.starts_with('/') && str_cat("/", folder, "/").find("/../") == std::string::npos,
          ErrorCode::invalid_argument, source_.name, ": expected data_dir to be a folder in it, got ", folder);
    source_ = source_.below(folder);
  }

  CardConfig chosen_config() const {
    const std::vector<CardConfig>& configs = card_.configs;
    std::vector<std::string> names;
    std::vector<const CardConfig*> defaults;
    for (const CardConfig& config : configs) {
      names.push_back(config.name);
      if (configs.size() == 1 || config.name == "default" || config.is_default) defaults.push_back(&config);
      if (config.name == options_.name) return config;
    }
    if (configs.empty() && (options_.name.empty() || options_.name == "default"))
      return {.name = "default", .files = {}, .data_dir = {}};
    if (configs.empty())  // a folder may be called as the configuration is
      fail(ErrorCode::not_found, source_.name, ": expected no configuration, because README.md names none, got ",
           Repr{options_.name}, "; data_dir chooses a folder");
    check(options_.name.empty(), ErrorCode::not_found, source_.name, ": expected a configuration of ", some_of(names),
          ", got ", Repr{options_.name});
    check(!defaults.empty(), ErrorCode::invalid_argument, source_.name,
          ": expected the name of one of its configurations, ", some_of(names), ", got none");
    check(defaults.size() == 1, ErrorCode::format, source_.name, ": expected one default among the configurations of ",
          "README.md, got ", defaults[0]->name, " and ", defaults.back()->name);
    return *defaults[0];
  }

  /// Takes over what a configuration says about reading, unless the caller says something else.
  void read_parameters(const CardConfig& config) {
    const LoadOptions none;
    const auto refuse = [&](const std::string& key, const Json& value) {
      fail(ErrorCode::invalid_argument, source_.name, ": the configuration ", config.name, " of README.md sets ", key,
           " to ", dump_json(value, {.indent = -1}),
           ", which is not known here; name the files in data_files, and how ", "they are read in the options");
    };
    for (const auto& [key, value] : members_of(config.parameters)) {
      if ((key == "sep" || key == "delimiter") && value.is_string() && string_of(value).size() == 1) {
        if (options_.delimiter == none.delimiter) options_.delimiter = string_of(value)[0];
      } else if (key == "field" && value.is_string()) {
        if (options_.field.empty()) options_.field = string_of(value);
      } else if (key == "encoding" && value.is_string()) {
        if (options_.encoding == none.encoding) options_.encoding = string_of(value);
      } else if ((key == "names" || key == "column_names") && value.is_array()) {
        if (options_.column_names.empty()) options_.column_names = json_get<std::vector<std::string>>(value);
        if (find_member(config.parameters, "header") == nullptr) options_.has_header = false;
      } else if (key == "header" && value.is_null()) {
        options_.has_header = false;
      } else if (changes_reading(key)) {
        refuse(key, value);
      }
    }
  }

  /// Whether rows would be others without the parameter; what Python ignores is ignored here, too.
  static bool changes_reading(std::string_view key) {
    static constexpr std::array<std::string_view, 27> keys = {
        "sep",       "delimiter",   "field",        "encoding",   "names",           "column_names", "header",
        "index_col", "usecols",     "skiprows",     "skipfooter", "nrows",           "na_values",    "keep_default_na",
        "na_filter", "true_values", "false_values", "quotechar",  "quoting",         "doublequote",  "escapechar",
        "comment",   "decimal",     "thousands",    "sample_by",  "keep_linebreaks", "columns"};
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  }

  std::vector<SplitFiles> resolved(const SplitPatterns& patterns) const {
    std::vector<SplitFiles> splits;
    for (const auto& [split, list] : patterns) {
      check(is_split_name(split), ErrorCode::invalid_argument, source_.name,
            ": expected a name of letters, digits and underscores for a split, got ", Repr{split});
      std::size_t at = 0;
      while (at < splits.size() && splits[at].name != split) ++at;
      if (at == splits.size()) splits.push_back({split, {}});
      try {
        add_files(splits[at], list);
      } catch (const Error& error) {
        if (error.code() != ErrorCode::not_found || source_.incomplete.empty()) throw;
        splits[at].missing = error.what();  // the cache may have what is needed
      }
    }
    return splits;
  }

  /// Adds the files of a split. Throws not_found if there is none.
  void add_files(SplitFiles& split, const std::vector<std::string>& patterns) const {
    for (const std::string& pattern : patterns)
      for (std::string& file : files_of(pattern))
        if (!holds_name(split.files, file)) split.files.push_back(std::move(file));
    check(!split.files.empty(), ErrorCode::not_found, source_.name, ": expected files for the split ", split.name,
          " that fit ", some_of(patterns), ", found none; the files are ", some_of(source_.files),
          source_.incomplete.empty() ? "" : "; ", source_.incomplete);
  }

  std::vector<std::string> files_of(const std::string& pattern) const {
    check(pattern.find("://") == std::string::npos, ErrorCode::invalid_argument, source_.name,
          ": expected the path of a file, got the address ", pattern, "; download it and name the file");
    std::error_code absent;
    const bool local = !source_.fetch, there = local && std::filesystem::exists(source_.root / pattern, absent);
    if (is_pattern(pattern) && !there)
      return local && (source_.files.empty() || pattern.starts_with('/')) ? local_files(source_.root / pattern)
                                                                          : matching_files(source_.files, pattern);
    if (local && (there || source_.files.empty())) return {pattern};  // what cannot be opened says so when it is read
    std::string plain;
    for (const std::string_view part : path_parts(pattern)) plain += str_cat(plain.empty() ? "" : "/", part);
    if (source_.contains(plain)) return {plain};
    fail(ErrorCode::not_found, source_.name, ": expected the file ", pattern, ", it is not there; the files are ",
         some_of(source_.files), source_.incomplete.empty() ? "" : "; ", source_.incomplete);
  }

  /// The files of this machine that the pattern means.
  static std::vector<std::string> local_files(const std::filesystem::path& pattern) {
    std::filesystem::path root, rest;
    for (const std::filesystem::path& part : pattern)
      (rest.empty() && !is_pattern(part.native()) ? root : rest) /= part;
    std::error_code absent;
    if (!std::filesystem::is_directory(root.empty() ? "." : root, absent)) return {};
    std::vector<std::string> files =
        matching_files(folder_source(root.empty() ? "." : root).files, rest.generic_string());
    for (std::string& file : files) file = std::filesystem::absolute(root / file).native();
    return files;
  }

  /// The format of most files of a split; nothing if none has a format that is known.
  std::optional<TableFormat> format_of(const SplitFiles& split) const {
    static constexpr std::array<std::string_view, 4> favourites = {".csv", ".json", ".jsonl", ".parquet"};
    std::map<std::string, std::ptrdiff_t> counts;
    for (const std::string& file : split.files)
      if (table_format_of(file)) ++counts[data_extension(file)];
    const std::string* best = nullptr;
    const auto rank = [&](const std::string& extension) {
      const auto found = std::find(favourites.begin(), favourites.end(), extension);
      const auto favour = found == favourites.end() ? -1 : found - favourites.begin();
      return std::tuple(counts[extension], favour, extension);
    };
    for (const auto& [extension, count] : counts)
      if (best == nullptr || rank(extension) > rank(*best)) best = &extension;
    return best == nullptr ? std::nullopt : table_format_of(str_cat("x", *best));
  }

  DatasetFiles found(std::vector<SplitFiles> splits, std::optional<TableFormat> format) {
    const bool by_extension = !format;
    bool any = false;
    for (const SplitFiles& split : splits) any = any || split.missing.empty();
    check(any, ErrorCode::not_found, splits.front().missing);
    for (SplitFiles& split : splits) {
      if (!by_extension) break;
      if (!split.missing.empty()) continue;
      const std::optional<TableFormat> own = format_of(split);
      if (!own)
        fail(ErrorCode::format, source_.name, ": expected files of the formats ", format_list(), " for the split ",
             split.name, ", got ", some_of(split.files));
      check(!format || format->name == own->name, ErrorCode::format, source_.name,
            ": expected one format for all splits, got ", format ? format->name : "", " for ", splits[0].name, " and ",
            own->name, " for ", split.name, "; name the files of one format");
      format = own;
      std::erase_if(split.files, [&](const std::string& file) {
        const auto other = table_format_of(file);
        return !other || other->name != own->name;
      });
    }
    if (!source_.incomplete.empty())
      for (const SplitFiles& split : splits) check_shards(split);
    return {std::move(source_), std::move(*format), std::move(splits), std::move(options_)};
  }

  static std::string format_list() {
    std::string names;
    for (const TableFormat& format : table_formats()) names += str_cat(names.empty() ? "" : ", ", format.name);
    return names;
  }

  /// Throws unless all parts of "train-00000-of-00003" are there.
  void check_shards(const SplitFiles& split) const {
    for (const std::string& file : split.files) {
      const std::size_t of = file.rfind("-of-");
      if (of == std::string::npos || of < 6 || file.size() < of + 9) continue;
      const std::string count = file.substr(of + 4, 5), number = file.substr(of - 5, 5);
      if (str_cat(count, number).find_first_not_of("0123456789") != std::string::npos) continue;
      for (int i = 0; i < std::stoi(count); ++i) {
        std::string digits = std::to_string(i);
        digits.insert(0, 5 - digits.size(), '0');
        std::string shard = file;
        shard.replace(of - 5, 5, digits);
        check(holds_name(split.files, shard), ErrorCode::not_found, source_.name, ": expected the file ", shard,
              " beside ", file, ", the cache does not have it, and ", source_.incomplete);
      }
    }
  }

  DatasetSource source_;
  LoadOptions options_;
  DatasetCard card_;
};

/// The files of a data set that was converted to parquet: CONFIG/SPLIT/0000.parquet.
inline DatasetFiles converted_files(DatasetSource source, LoadOptions options) {
  std::vector<std::string> configs;
  for (const std::string& file : source.files) {
    const auto parts = path_parts(file);
    if (parts.size() != 3 || !file.ends_with(".parquet")) continue;
    if (configs.empty() || configs.back() != parts[0]) configs.emplace_back(parts[0]);
  }
  std::string config = options.name;
  if (config.empty() && (configs.size() == 1 || holds_name(configs, "default")))
    config = configs.size() == 1 ? configs[0] : "default";
  check(!config.empty() && holds_name(configs, config), ErrorCode::not_found, source.name,
        ": expected the name of one of its configurations, ", some_of(configs), ", got ",
        config.empty() ? "none" : python_repr(config));
  SplitPatterns patterns;
  for (const std::string& file : source.files) {
    const auto parts = path_parts(file);
    if (parts.size() != 3 || parts[0] != config) continue;
    check(!parts[1].starts_with("partial-"), ErrorCode::format, source.name, ": expected all rows of ", config,
          " as parquet, the hub has converted a part of them only, ", file);
    const std::string split(parts[1]), pattern = str_cat(config, "/", split, "/*.parquet");
    if (patterns.empty() || patterns.back().first != split) patterns.push_back({split, {pattern}});
  }
  options.name.clear();
  return FileFinder(std::move(source), std::move(options)).by_patterns(by_rank(std::move(patterns)));
}

/// The files of a data set on a hub: its own, else those that the hub converted to parquet. Throws not_found if neither
/// can be read.
inline DatasetFiles repository_files(const std::string& id, const LoadOptions& options, const SplitPatterns& patterns) {
  DatasetSource source = hub_source({hub::RepositoryKind::dataset, id, options.hub.revision}, options.hub);
  FileFinder finder(source, options);
  if (!patterns.empty()) return finder.by_patterns(patterns);
  const std::string script = str_cat(file_name(id), ".py");
  const bool needs_script = source.contains(script);
  if (finder.has_data() && !needs_script) return finder.by_card();
  std::string why = "a revision was named";
  if (options.hub.revision == "main" && options.data_dir.empty()) {
    try {
      return converted_files(hub_source({hub::RepositoryKind::dataset, id, "refs/convert/parquet"}, options.hub),
                             options);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::not_found && error.code() != ErrorCode::io) throw;
      why = error.what();
    }
  }
  if (needs_script)
    fail(ErrorCode::not_found, id, ": expected files of data, the data set is made by the Python script ", script,
         ", which is not run, and there is no conversion to parquet: ", why,
         "; save it in Python with to_parquet() and load the files");
  return finder.by_card();  // which says what there is
}

/// Throws for a folder that holds a data set in a form that is not read.
inline void check_folder(const std::filesystem::path& folder, const DatasetSource& source) {
  const std::string script = str_cat(folder.filename().string(), ".py");
  check(!source.contains(script), ErrorCode::format, source.name,
        ": expected files of data, the data set is made by the ", "Python script ", script,
        ", which is not run; save it in Python with to_parquet(), or name its files in data_files");
  check(!source.contains("dataset_dict.json") && !source.contains("state.json"), ErrorCode::format, source.name,
        ": expected files of data, the folder was written by save_to_disk(), whose files are internal; save it in "
        "Python ",
        "with to_parquet() or to_json()");
}

}  // namespace detail

/// The files that load_dataset reads: `path` is a folder, a file, the name of a data set on a hub or, with patterns or
/// a data_dir, a format. Nothing of a repository but its README.md is downloaded. Throws not_found for what is not
/// there, invalid_argument or format for what cannot be read, each with what there is.
inline DatasetFiles find_dataset_files(std::string_view path, const LoadOptions& options = {},
                                       const detail::SplitPatterns& patterns = {}) {
  namespace fs = std::filesystem;
  using namespace detail;
  std::string name(path);
  const bool on_hub = name.starts_with("hf://datasets/");
  if (on_hub) name.erase(0, std::string_view("hf://datasets/").size());
  std::error_code absent;
  if (!on_hub && find_table_format(name)) {
    check(!patterns.empty() || !options.data_dir.empty(), ErrorCode::invalid_argument,
          "load_dataset: expected files for the ", "format ", name, ", got none");
    if (patterns.empty()) {
      LoadOptions others = options;
      others.data_dir.clear();
      return FileFinder(folder_source(options.data_dir), std::move(others)).by_card(find_table_format(name));
    }
    return FileFinder({"load_dataset", options.data_dir, {}}, options).by_patterns(patterns, find_table_format(name));
  }
  if (!on_hub && fs::is_directory(name, absent)) {
    DatasetSource source = folder_source(fs::path(name).lexically_normal());
    FileFinder finder(source, options);
    if (!patterns.empty()) return finder.by_patterns(patterns);
    check_folder(fs::absolute(name).lexically_normal(), source);
    return finder.by_card();
  }
  if (!on_hub && patterns.empty() && fs::exists(name, absent)) {
    const auto format = table_format_of(name);
    check(format.has_value(), ErrorCode::format, name,
          ": expected a file whose extension names its format, or the format ",
          "before it: load_dataset(\"csv\", {{\"train\", \"", name, "\"}})");
    return {{"", {}, {name}}, *format, {{"train", {name}}}, options};
  }
  check(hub::is_repository_id(name), ErrorCode::not_found,
        "load_dataset: expected a folder, a file, a format or the name ", "of a data set on a hub, got \"", path,
        "\", which is not there and is no name");
  return repository_files(name, options, patterns);
}

}  // namespace tl
