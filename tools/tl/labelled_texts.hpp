// Labelled texts for `tl train` and `tl evaluate`: a file becomes a data set of token ids and class ids. Problems are
// reported with the line in the file; a data set keeps it for every row, so shuffling does not lose it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tl/data/load_dataset.hpp>
#include <tl/models/distilbert_config.hpp>
#include <tl/text/tokenizer.hpp>

#include "commands.hpp"
#include "data_files.hpp"
#include "lengths.hpp"

namespace program {

/// How files of labelled texts are read.
struct DataOptions {
  std::string text_column, label_column = "label";
  FileOptions files;
  std::optional<std::int64_t> max_seq_length;
  bool truncation = true;
  std::optional<std::uint64_t> shuffle_seed;

  void add(CLI::App& command) {
    command.add_option("--text_column", text_column, "column of the texts; default: text, or what looks like it");
    command.add_option("--label_column", label_column, "column of the labels: names of classes, or their positions")
        ->capture_default_str();
    files.add(command);
    add_number(
        command, "max_seq_length", [this](auto n) { max_seq_length = n; },
        "cut texts to this many tokens; default: what tokenizer and model take", 1, std::numeric_limits<int>::max());
    add_truth(command, "truncation", truncation, "cut texts that are too long (default); false: they are an error");
    add_number(
        command, "shuffle_seed", [this](auto n) { shuffle_seed = static_cast<std::uint64_t>(n); },
        "shuffle each split with this seed before limits apply", 0);
  }
};

/// A file as it was read: texts, and labels as they are written.
struct LabelledFile {
  std::string path;
  std::string text_column;
  tl::Dataset data;
};

/// Reads text and label of a table or a JSON file, whatever else it holds, and checks that there is at least one row.
/// An empty text is a text; a label that is not there is refused when the labels are understood.
inline LabelledFile read_labelled(const std::string& path, const DataOptions& options) {
  tl::check(FileOptions::is_json(path) || options.files.is_table(path), tl::ErrorCode::invalid_argument, path,
            ": expected a file name that ends with .jsonl, .json, .csv or .tsv, or a --delimiter");
  const std::string text_column =
      options.text_column.empty() ? options.files.find_text_column(path) : options.text_column;
  tl::check(text_column != options.label_column, tl::ErrorCode::invalid_argument,
            "--text_column and --label_column: expected two columns, got ", tl::python_repr(text_column), " for both");
  LabelledFile file{path, text_column, options.files.read(path, {text_column, options.label_column})};
  tl::check(file.data.num_rows() > 0, tl::ErrorCode::invalid_argument, path, ": expected at least one row, got none");
  return file;
}

/// The classes of the labels of a file, whose names are known or are the labels themselves.
inline tl::ClassLabels classes_of(const LabelledFile& file, const DataOptions& options,
                                  const tl::KnownClasses& known = {}) {
  return file.data.class_labels(options.label_column, known);
}

/// Token ids and class ids, shuffled and limited. `longest` is what the model takes.
inline tl::Dataset tokenized(const LabelledFile& file, const DataOptions& options,
                             const std::vector<std::int64_t>& class_ids, std::optional<std::int64_t> limit,
                             const tl::Tokenizer& tokenizer, std::int64_t longest) {
  // A text that is not cut may have what the model takes, whatever the tokenizer says, as in the reference.
  const bool whole = !options.truncation && !options.max_seq_length;
  const std::int64_t length =
      whole ? longest : cut_length(tokenizer, options.max_seq_length, longest).value_or(longest);
  const auto all_at_once = [](const tl::Dataset& rows) {
    return tl::MapOptions{.batch_size = std::max<std::int64_t>(1, rows.num_rows())};
  };
  const auto numbered = [&](const tl::Dataset&) { return tl::Columns{{options.label_column, class_ids}}; };
  auto rows = file.data.map_batched(numbered, all_at_once(file.data));
  if (options.shuffle_seed) rows = rows.shuffle(*options.shuffle_seed);
  if (limit) rows = rows.take(std::min(*limit, rows.num_rows()));
  const auto texts = rows.column<std::string>(file.text_column).to_vector();
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
