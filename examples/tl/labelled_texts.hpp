// Labelled texts for `tl train` and `tl evaluate`: a file becomes a data set of token ids and class ids. Problems are
// reported with the line in the file; a data set keeps it for every row, so shuffling does not lose it.
#pragma once

#include <algorithm>
#include <cmath>
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
#include "lengths.hpp"

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
        "cut texts to this many tokens; default: what tokenizer and model take", 1, std::numeric_limits<int>::max());
    add_truth(command, "truncation", truncation, "cut texts that are too long (default); false: they are an error");
    add_number(
        command, "shuffle_seed", [this](auto n) { shuffle_seed = static_cast<std::uint64_t>(n); },
        "shuffle each split with this seed before limits apply", 0);
  }
};

/// A file as it was read.
struct LabelledFile {
  std::string path;
  tl::Dataset data;

  /// "FILE, line 7".
  std::string where(std::int64_t row) const { return data.place(row); }

  /// "line 7", for a sentence that names the file already.
  std::string line(std::int64_t row) const { return where(row).substr(path.size() + 2); }
};

inline bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

/// Reads text and label of a .jsonl, .json or .csv file, whatever else it holds, and checks that there is at least one
/// row and neither text nor label is empty.
inline LabelledFile read_labelled(const std::string& path, const DataOptions& options) {
  const auto ends = [&](std::string_view extension) { return has_extension(path, extension); };
  tl::check(ends(".jsonl") || ends(".json") || ends(".csv"), tl::ErrorCode::invalid_argument, path,
            ": expected a file name that ends with .jsonl, .json or .csv");
  const std::string &text_column = options.text_column, &label_column = options.label_column;
  tl::check(text_column != label_column, tl::ErrorCode::invalid_argument,
            "--text_column and --label_column: expected two columns, got ", tl::python_repr(text_column), " for both");
  const std::vector<std::string> columns = {text_column, label_column};
  LabelledFile file{
      path, ends(".csv") ? tl::load_csv(path, {.columns = columns}) : tl::load_jsonl(path, {.columns = columns})};
  tl::check(file.data.num_rows() > 0, tl::ErrorCode::invalid_argument, path, ": expected at least one row, got none");
  if (const auto type = file.data.column_type(text_column); type != tl::ColumnType::string)
    tl::fail(tl::ErrorCode::dtype, file.where(0), ": expected a text in column ", text_column, ", got ",
             tl::to_string(type));
  const auto texts = file.data.column<std::string>(text_column);
  for (std::int64_t row = 0; row < texts.size(); ++row)
    if (texts[row].empty())
      tl::fail(tl::ErrorCode::invalid_argument, file.where(row), ": expected a text in column ", text_column,
               ", got an empty one");
  if (file.data.column_type(label_column) == tl::ColumnType::string) {
    const auto labels = file.data.column<std::string>(label_column);
    for (std::int64_t row = 0; row < labels.size(); ++row)
      if (is_blank(labels[row]))
        tl::fail(tl::ErrorCode::invalid_argument, file.where(row), ": expected a label in column ", label_column,
                 ", got an empty one");
  }
  return file;
}

/// Throws Error(invalid_argument) if most labels are whole numbers and one is not: that one is a slip ("nan", "pos"),
/// and a class of its own would hide it.
inline void check_same_kind(const LabelledFile& file, const DataOptions& options) {
  const auto labels = file.data.column<std::string>(options.label_column);
  std::int64_t numbers = 0, first_number = -1, first_other = -1;
  for (std::int64_t row = 0; row < labels.size(); ++row) {
    std::int64_t value = 0;
    const bool number = tl::detail::parse_integer(labels[row], value);
    numbers += number ? 1 : 0;
    std::int64_t& first = number ? first_number : first_other;
    if (first < 0) first = row;
  }
  if (first_other < 0 || 2 * numbers <= labels.size()) return;
  tl::fail(tl::ErrorCode::invalid_argument, file.where(first_other), ": expected a class id in column ",
           options.label_column, " as in ", file.line(first_number), ", got ", tl::python_repr(labels[first_other]));
}

/// Class names that follow from the labels of a training file: its distinct names in byte order, or LABEL_0, LABEL_1
/// and so on, as many as there are distinct class ids (at least two).
inline std::vector<std::string> class_names(const LabelledFile& file, const DataOptions& options) {
  const auto type = file.data.column_type(options.label_column);
  std::vector<std::string> names;
  if (type == tl::ColumnType::string) {
    check_same_kind(file, options);
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

/// Throws Error(dtype) for a column that holds neither class ids nor names, naming the first row that makes it so.
[[noreturn]] inline void refuse_type(const LabelledFile& file, const std::string& column) {
  const auto type = file.data.column_type(column);
  std::int64_t row = 0;
  std::string got(tl::to_string(type));
  if (type == tl::ColumnType::float64) {
    const auto labels = file.data.column<double>(column);
    // Beyond 2^63 - 1 a whole number is a float64, too, and turns the whole column into one.
    const auto fits = [](double value) { return value == std::floor(value) && std::fabs(value) < 0x1p63; };
    while (row + 1 < labels.size() && fits(labels[row])) ++row;
    if (fits(labels[row])) row = 0;
    got += " " + tl::detail::python_text(labels[row]);
  }
  tl::fail(tl::ErrorCode::dtype, file.where(row), ": expected class ids or names in column ", column, ", got ", got);
}

/// The class id of every row. Throws Error(invalid_argument) naming the line of a label that is not a class.
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
  if (type != tl::ColumnType::string) refuse_type(file, column);
  std::map<std::string_view, std::int64_t> id_of;
  for (const auto& name : names) id_of.emplace(name, static_cast<std::int64_t>(id_of.size()));
  std::vector<std::int64_t> ids;
  for (const auto& label : file.data.column<std::string>(column)) {
    const auto found = id_of.find(label);
    if (found == id_of.end()) {
      check_same_kind(file, options);
      tl::fail(tl::ErrorCode::invalid_argument, file.where(static_cast<std::int64_t>(ids.size())), ": expected ",
               column, " to be one of ", tl::detail::python_text(names), ", got ", tl::python_repr(label));
    }
    ids.push_back(found->second);
  }
  return ids;
}

/// Token ids and class ids, shuffled and limited. `longest` is what the model takes.
inline tl::Dataset tokenized(const LabelledFile& file, const DataOptions& options,
                             const std::vector<std::string>& names, std::optional<std::int64_t> limit,
                             const tl::Tokenizer& tokenizer, std::int64_t longest) {
  // A text that is not cut may have what the model takes, whatever the tokenizer says, as in the reference.
  const bool whole = !options.truncation && !options.max_seq_length;
  const std::int64_t length =
      whole ? longest : cut_length(tokenizer, options.max_seq_length, longest).value_or(longest);
  const auto all_at_once = [](const tl::Dataset& rows) {
    return tl::MapOptions{.batch_size = std::max<std::int64_t>(1, rows.num_rows())};
  };
  const auto numbered = [&](const tl::Dataset&) {
    return tl::Columns{{options.label_column, class_ids(file, options, names)}};
  };
  auto rows = file.data.map_batched(numbered, all_at_once(file.data));
  if (options.shuffle_seed) rows = rows.shuffle(*options.shuffle_seed);
  if (limit) rows = rows.take(std::min(*limit, rows.num_rows()));
  const auto texts = rows.column<std::string>(options.text_column).to_vector();
  auto ids = tokenizer.encode_ids(texts, {.truncation = options.truncation, .max_length = static_cast<int>(length)});
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    if (static_cast<std::int64_t>(ids[i].size()) > length)
      tl::fail(tl::ErrorCode::shape, rows.place(row), ": expected at most ", length,
               length == longest ? " tokens, which is what the model takes, got " : " tokens, got ", ids[i].size(),
               "; cut longer texts with --truncation true");
    if (ids[i].empty())
      tl::fail(tl::ErrorCode::shape, rows.place(row), ": expected a text with at least one token, got ",
               tl::python_repr(texts[i]));
  }
  const auto tokens_and_classes = [&](const tl::Dataset&) {
    return tl::Columns{{"input_ids", std::move(ids)},
                       {"label", rows.column<std::int64_t>(options.label_column).to_vector()}};
  };
  auto how = all_at_once(rows);
  how.remove_columns = rows.column_names();
  return rows.map_batched(tokens_and_classes, how);
}

}  // namespace program
