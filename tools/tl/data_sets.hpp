// Data sets that are no single CSV, JSON or CoNLL file: those of --dataset_name, and files of the formats that the
// library has beside these, such as parquet. Their splits have names like files do, "rotten_tomatoes[train]".
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/data/load_dataset.hpp>
#include <tl/io/utf8.hpp>

#include "commands.hpp"
#include "hub_options.hpp"

namespace program {

/// --dataset_name and what belongs to it. A split may be a part of one, "train[:10%]".
class NamedDataset {
 public:
  /// Declares the options; a command that does not train has a split to evaluate on only. `hub` outlives the object.
  void add(CLI::App& command, const HubOptions& hub, bool trains) {
    hub_ = &hub;
    command.add_option("--dataset_name", name_, "name of a data set on a hub, or a folder with files of its splits");
    command.add_option("--dataset_config_name", config_, "which configuration of the data set, if it has several");
    command.add_option("--dataset_revision", revision_, "branch, tag or commit of the data set; default: main");
    if (trains) command.add_option("--train_split_name", train, "split to train on")->capture_default_str();
    command.add_option("--validation_split_name", validation, "split to evaluate on")->capture_default_str();
    if (trains) command.add_option("--test_split_name", test, "split to predict")->capture_default_str();
  }

  /// Adds to usage_problems(): files beside the data set, or splits without one.
  void check(const std::vector<std::pair<std::string_view, bool>>& files) const {
    if (name_.empty() && !(config_.empty() && revision_ == "main"))
      usage_problems().emplace_back("--dataset_config_name, --dataset_revision: expected a --dataset_name, got none");
    for (const auto& [option, is_given] : files)
      if (given() && is_given)
        usage_problems().push_back(tl::str_cat("--dataset_name: expected no ", option, " beside it, got both"));
  }

  bool given() const { return !name_.empty(); }
  const std::string& name() const { return name_; }
  const std::string& config() const { return config_; }

  /// Whether the data set has this split, found without reading it. Throws what tl::find_dataset_files() throws.
  bool has(const std::string& split) const {
    const auto names = tl::find_dataset_files(name_, options()).names();
    return std::ranges::find(names, split.substr(0, split.find('['))) != names.end();
  }

  /// What stands for the split where files are named.
  std::string place(const std::string& split) const { return tl::str_cat(name_, "[", split, "]"); }

  /// Whether `path` is a place().
  bool is_place(const std::string& path) const {
    return given() && path.starts_with(name_ + "[") && path.ends_with(']');
  }

  /// The rows of a place(). Throws what tl::load_dataset() throws.
  tl::Dataset read(const std::string& place) const {
    const std::string split = place.substr(name_.size() + 1, place.size() - name_.size() - 2);
    return tl::load_dataset(name_, tl::Split(split), options());
  }

  std::string train = "train", validation = "validation", test = "test";

 private:
  tl::LoadOptions options() const {
    tl::LoadOptions options{.name = config_, .hub = hub_->options()};
    options.hub.revision = revision_;
    return options;
  }

  std::string name_, config_, revision_ = "main";
  const HubOptions* hub_ = nullptr;
};

/// Whether a file is read by a format of the library that has types of its own, and not as texts.
inline bool has_typed_format(const std::string& path) {
  const auto format = tl::table_format_of(path);
  return format && format->name != "csv" && format->name != "json" && format->name != "conll" && format->name != "text";
}

/// `rows` with the columns as texts: numbers as Python writes them, class ids as their names. Throws dtype for lists.
inline tl::Dataset with_texts(const tl::Dataset& rows, const std::vector<std::string>& columns) {
  tl::Columns texts;
  for (const std::string& column : columns) {
    if (rows.column_type(column) == tl::ColumnType::string) continue;
    texts.push_back({column, rows.label_texts(column).values});
  }
  if (texts.empty()) return rows;
  return rows.map_batched([&](const tl::Dataset&) { return texts; },
                          {.batch_size = std::max<std::int64_t>(1, rows.num_rows())});
}

/// `rows` with lists of named class ids as lists of the names.
inline tl::Dataset with_tag_names(const tl::Dataset& rows, const std::string& column) {
  const std::vector<std::string>& names = rows.class_names(column);
  if (names.empty() || rows.column_type(column) != tl::ColumnType::list_int32) return rows;
  std::vector<std::vector<std::string>> tags;
  for (const auto& ids : rows.column<std::vector<std::int32_t>>(column)) {
    std::vector<std::string>& row = tags.emplace_back();
    for (const std::int32_t id : ids)
      row.push_back(id < 0 ? std::to_string(id) : names.at(static_cast<std::size_t>(id)));
  }
  return rows.map_batched(
      [&](const tl::Dataset&) {
        return tl::Columns{{column, tags}};
      },
      {.batch_size = std::max<std::int64_t>(1, rows.num_rows())});
}

}  // namespace program
