// Labelled texts for `tl train` and `tl evaluate`: a file becomes a data set of token ids and class ids. Problems are
// reported with the row in the file, before rows are shuffled.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <tl/data/load_dataset.hpp>
#include <tl/models/distilbert_config.hpp>
#include <tl/text/tokenizer.hpp>

#include "commands.hpp"

namespace program {

/// How files of labelled texts are read.
struct DataOptions {
  std::string text_column = "text", label_column = "label";
  std::optional<std::int64_t> max_seq_length;
  bool truncation = true;
  std::optional<std::uint64_t> shuffle_seed;

  void add(CLI::App& command) {
    command.add_option("--text_column", text_column, "column of the texts")->capture_default_str();
    command.add_option("--label_column", label_column, "column of the labels: class ids, or names")
        ->capture_default_str();
    add_number(
        command, "max_seq_length", [this](auto n) { max_seq_length = n; },
        "cut texts to this many tokens; default: the model's longest", 1, std::numeric_limits<int>::max());
    add_truth(command, "truncation", truncation, "cut texts that are too long (default); false: they are an error");
    add_number(
        command, "shuffle_seed", [this](auto n) { shuffle_seed = static_cast<std::uint64_t>(n); },
        "shuffle each split with this seed before limits apply", 0);
  }
};

/// A file as it was read, with the place that errors name.
struct LabelledFile {
  std::string path;
  tl::Dataset data;

  std::string where(std::int64_t row) const { return path + ", row " + std::to_string(row); }
};

/// Reads a .jsonl, .json or .csv file and checks that it has both columns and at least one row, and no empty text.
inline LabelledFile read_labelled(const std::string& path, const DataOptions& options) {
  const auto ends = [&](std::string_view extension) { return has_extension(path, extension); };
  tl::check(ends(".jsonl") || ends(".json") || ends(".csv"), tl::ErrorCode::invalid_argument, path,
            ": expected a file name that ends with .jsonl, .json or .csv");
  LabelledFile file{path, ends(".csv") ? tl::load_csv(path) : tl::load_jsonl(path)};
  tl::check(file.data.num_rows() > 0, tl::ErrorCode::invalid_argument, path, ": expected at least one row, got none");
  for (const auto& name : {options.text_column, options.label_column})
    tl::check(file.data.has_column(name), tl::ErrorCode::not_found, path, ": expected a column ", tl::python_repr(name),
              ", the columns are ", tl::detail::python_text(file.data.column_names()));
  tl::check(file.data.column_type(options.text_column) == tl::ColumnType::string, tl::ErrorCode::dtype, path,
            ": expected texts in column ", options.text_column, ", got ",
            tl::to_string(file.data.column_type(options.text_column)));
  const auto texts = file.data.column<std::string>(options.text_column);
  for (std::int64_t row = 0; row < texts.size(); ++row)
    if (texts[row].empty())
      tl::fail(tl::ErrorCode::invalid_argument, file.where(row), ": expected a text in column ", options.text_column,
               ", got an empty one");
  return file;
}

/// Class names that follow from the labels of a training file: its distinct names in byte order, or LABEL_0, LABEL_1
/// and so on, as many as there are distinct class ids (at least two).
inline std::vector<std::string> class_names(const LabelledFile& file, const DataOptions& options) {
  const auto type = file.data.column_type(options.label_column);
  std::vector<std::string> names;
  if (type == tl::ColumnType::string) {
    const auto labels = file.data.column<std::string>(options.label_column);
    const std::set<std::string> distinct(labels.begin(), labels.end());
    names.assign(distinct.begin(), distinct.end());
  } else if (type == tl::ColumnType::int64) {
    const auto labels = file.data.column<std::int64_t>(options.label_column);
    const std::set<std::int64_t> distinct(labels.begin(), labels.end());
    for (std::size_t i = 0; i < std::max<std::size_t>(2, distinct.size()); ++i)
      names.push_back("LABEL_" + std::to_string(i));
  }
  return names;
}

/// The class id of every row. Throws Error(invalid_argument) naming the row of a label that is not a class.
inline std::vector<std::int64_t> class_ids(const LabelledFile& file, const DataOptions& options,
                                           const std::vector<std::string>& names) {
  const std::string& column = options.label_column;
  const auto type = file.data.column_type(column);
  if (type == tl::ColumnType::int64) {
    const auto ids = file.data.column<std::int64_t>(column).to_vector();
    for (std::size_t row = 0; row < ids.size(); ++row)
      if (ids[row] < 0 || ids[row] >= static_cast<std::int64_t>(names.size()))
        tl::fail(tl::ErrorCode::invalid_argument, file.where(static_cast<std::int64_t>(row)), ": expected ", column,
                 " in [0, ", names.size(), "), got ", ids[row]);
    return ids;
  }
  tl::check(type == tl::ColumnType::string, tl::ErrorCode::dtype, file.path, ": expected class ids or names in column ",
            column, ", got ", tl::to_string(type));
  std::map<std::string_view, std::int64_t> id_of;
  for (const auto& name : names) id_of.emplace(name, static_cast<std::int64_t>(id_of.size()));
  std::vector<std::int64_t> ids;
  for (const auto& label : file.data.column<std::string>(column)) {
    const auto found = id_of.find(label);
    if (found == id_of.end())
      tl::fail(tl::ErrorCode::invalid_argument, file.where(static_cast<std::int64_t>(ids.size())), ": expected ",
               column, " to be one of ", tl::detail::python_text(names), ", got ", tl::python_repr(label));
    ids.push_back(found->second);
  }
  return ids;
}

/// Token ids and class ids, shuffled and limited. `longest` is what the model takes.
inline tl::Dataset tokenized(const LabelledFile& file, const DataOptions& options,
                             const std::vector<std::string>& names, std::optional<std::int64_t> limit,
                             const tl::Tokenizer& tokenizer, std::int64_t longest) {
  const std::int64_t least = tokenizer.num_special_tokens_to_add() + 1,
                     length = options.max_seq_length.value_or(longest);
  tl::check(length >= least && length <= longest, tl::ErrorCode::invalid_argument,
            "--max_seq_length: expected at least ", least, " and at most the model's ", longest, ", got ", length);
  std::vector<std::int64_t> numbers;
  for (std::int64_t row = 0; row < file.data.num_rows(); ++row) numbers.push_back(row);
  auto rows = tl::Dataset::from_columns({{"text", file.data.column<std::string>(options.text_column).to_vector()},
                                         {"label", class_ids(file, options, names)},
                                         {"row", std::move(numbers)}});
  if (options.shuffle_seed) rows = rows.shuffle(*options.shuffle_seed);
  if (limit) rows = rows.take(std::min(*limit, rows.num_rows()));
  const auto texts = rows.column<std::string>("text").to_vector();
  auto ids = tokenizer.encode_ids(texts, {.truncation = options.truncation, .max_length = static_cast<int>(length)});
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (static_cast<std::int64_t>(ids[i].size()) > length)
      tl::fail(tl::ErrorCode::shape, file.where(rows.column<std::int64_t>("row")[static_cast<std::int64_t>(i)]),
               ": expected at most ", length,
               length == longest ? " tokens, which is what the model takes, got " : " tokens, got ", ids[i].size(),
               "; cut longer texts with --truncation true");
  return tl::Dataset::from_columns(
      {{"input_ids", std::move(ids)}, {"label", rows.column<std::int64_t>("label").to_vector()}});
}

}  // namespace program
