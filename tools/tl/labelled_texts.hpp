// Labelled texts for `tl train` and `tl evaluate`: a file becomes a data set of token ids and labels. Problems are
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
#include "data_sets.hpp"
#include "lengths.hpp"
#include "token_rows.hpp"

namespace program {

/// How files of labelled texts are read.
struct DataOptions {
  std::string text_column, text_pair_column, label_column = "label";
  std::string text_column_names, text_column_delimiter = " ";  ///< texts of several columns as one
  NamedDataset dataset;
  FileOptions files;
  std::optional<std::int64_t> max_seq_length;
  bool truncation = true;
  std::optional<std::int64_t> stride;  ///< tokens by which the windows of a long text overlap
  std::optional<std::uint64_t> shuffle_seed;
  bool shuffle_train_dataset = false;  ///< the split to train on alone, as the script of the reference does

  /// Adds to usage_problems().
  void check() const {
    files.check();
    if (!text_column_names.empty() && !(text_column.empty() && text_pair_column.empty()))
      usage_problems().emplace_back(
          "--text_column_names: expected no --text_column and no --text_pair_column beside it, got both");
    if (text_column_names.starts_with(',') || text_column_names.ends_with(',') ||
        text_column_names.find(",,") != std::string::npos)
      usage_problems().push_back("--text_column_names: expected names with commas between, got " +
                                 tl::escape_invalid_utf8(text_column_names));
  }

  /// Whether the rows of `path` come with types and names of classes: a split of --dataset_name, a parquet file.
  bool has_typed_rows(const std::string& path) const { return dataset.is_place(path) || has_typed_format(path); }

  /// Those rows. Throws what tl::load_dataset() throws, invalid_argument if there are none.
  tl::Dataset typed_rows(const std::string& path) const {
    tl::Dataset rows = dataset.is_place(path) ? dataset.read(path) : tl::load_dataset(path, tl::Split("train"));
    tl::check(rows.num_rows() > 0, tl::ErrorCode::invalid_argument, path, ": expected at least one row, got none");
    return rows;
  }

  /// Whether a split is shuffled.
  bool shuffles(bool trains) const { return shuffle_train_dataset ? trains : shuffle_seed.has_value(); }

  void add(CLI::App& command) {
    command.add_option("--text_column", text_column, "column of the texts; default: text, or what looks like it");
    command.add_option("--text_column_names", text_column_names,
                       "columns with commas between, whose texts are joined to one");
    command.add_option("--text_column_delimiter", text_column_delimiter, "between the joined texts; default: a blank");
    command.add_option("--text_pair_column", text_pair_column,
                       "column of the second texts, if texts are pairs; default: none, or sentence2 beside sentence1, "
                       "hypothesis beside premise, sentence beside question, text2 beside text1");
    command.add_option("--label_column", label_column, "column of the labels: names of classes, or their positions")
        ->capture_default_str();
    files.add(command);
    add_number(
        command, "max_seq_length", [this](auto n) { max_seq_length = n; },
        "cut texts to this many tokens; default: what tokenizer and model take", 1, std::numeric_limits<int>::max());
    add_bool(command, "truncation", truncation, "cut texts that are too long (default); false: they are an error");
    add_number(
        command, "stride", [this](auto n) { stride = n; },
        "tokens by which a window of a long text overlaps the one before; default: 0, or as the model was trained", 0,
        std::numeric_limits<int>::max());
    add_number(
        command, "shuffle_seed", [this](auto n) { shuffle_seed = static_cast<std::uint64_t>(n); },
        "shuffle each split with this seed before limits apply", 0);
    add_bool(command, "shuffle_train_dataset", shuffle_train_dataset,
             "shuffle what is trained on alone, with shuffle_seed or 42");
  }
};

/// `rows` with the texts of the columns `names` joined in the first of them.
inline tl::Dataset with_joined_texts(const tl::Dataset& rows, const std::vector<std::string>& names,
                                     const std::string& delimiter) {
  const auto join = [&](const tl::Dataset&) {
    std::vector<std::string> texts = rows.column<std::string>(names.front()).to_vector();
    for (std::size_t i = 1; i < names.size(); ++i) {
      const auto more = rows.column<std::string>(names[i]).to_vector();
      for (std::size_t row = 0; row < texts.size(); ++row) texts[row] += delimiter + more[row];
    }
    return tl::Columns{{names.front(), std::move(texts)}};
  };
  return rows.map_batched(join, {.batch_size = std::max<std::int64_t>(1, rows.num_rows())});
}

/// A file as it was read: texts, and labels as they are written.
struct LabelledFile {
  std::string path;
  TextColumns columns;
  tl::Dataset data;
};

/// The columns to read of a file: of texts, and that of the labels last. Throws invalid_argument for one that is named
/// twice.
inline std::vector<std::string> columns_to_read(const TextColumns& columns, const std::vector<std::string>& joined,
                                                const DataOptions& options, bool labelled) {
  std::vector<std::string> names = joined.empty() ? columns.names() : joined;
  if (labelled) names.push_back(options.label_column);
  for (std::size_t i = 1; i < names.size(); ++i)
    tl::check(std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) ==
                  names.begin() + static_cast<std::ptrdiff_t>(i),
              tl::ErrorCode::invalid_argument,
              columns.pair.empty()
                  ? "--text_column and --label_column: expected two columns, got "
                  : "--text_column, --text_pair_column and --label_column: expected three columns, got ",
              tl::python_repr(names[i]), columns.pair.empty() ? " for both" : " twice");
  return names;
}

/// Reads text and label of a table, a JSON file or a data set, whatever else it holds, and checks that there is at
/// least one row. An empty text is a text; a label that is not there is refused when the labels are understood. Without
/// `labelled` the texts alone are read.
inline LabelledFile read_labelled(const std::string& path, const DataOptions& options, bool labelled = true) {
  const bool typed = options.has_typed_rows(path);
  tl::check(typed || FileOptions::is_json(path) || options.files.is_table(path), tl::ErrorCode::invalid_argument, path,
            ": expected a file name that ends with .jsonl, .json, .csv or .tsv, or a --delimiter");
  const std::vector<std::string> joined = split_names(options.text_column_names);
  LabelledFile file{path, {joined.empty() ? "" : joined.front(), {}}, {}};
  if (typed) file.data = options.typed_rows(path);
  if (joined.empty())
    file.columns = typed ? FileOptions::text_columns_among(file.data.column_names(), path, options.text_column,
                                                           options.text_pair_column)
                         : options.files.text_columns(path, options.text_column, options.text_pair_column);
  const std::vector<std::string> names = columns_to_read(file.columns, joined, options, labelled);
  if (typed) {
    file.data = with_texts(file.data.select_columns(names), joined.empty() ? file.columns.names() : joined);
  } else {
    const bool lists = labelled && options.files.holds_lists(path, options.label_column);
    file.data = options.files.read(path, names, lists ? options.label_column : std::string());
  }
  tl::check(file.data.num_rows() > 0, tl::ErrorCode::invalid_argument, path, ": expected at least one row, got none");
  if (joined.size() > 1) file.data = with_joined_texts(file.data, joined, options.text_column_delimiter);
  return file;
}

/// The values of a column, of the type that `like` has.
inline tl::ColumnValues column_of(const tl::Dataset& rows, const std::string& column, const tl::ColumnValues& like) {
  return std::visit(
      [&](const auto& values) -> tl::ColumnValues {
        return rows.column<typename std::decay_t<decltype(values)>::value_type>(column).to_vector();
      },
      like);
}

/// The tokens of rows of `file`.
inline TokenRows token_rows(const LabelledFile& file, const DataOptions& options, const tl::Dataset& rows,
                            const tl::Tokenizer& tokenizer, std::int64_t longest, const tl::LongTexts& long_texts) {
  // A text that is not cut may have what the model takes, whatever the tokenizer says, as in the reference.
  const bool whole = !options.truncation && !options.max_seq_length && !long_texts.windows;
  std::int64_t length = whole ? longest : cut_length(tokenizer, options.max_seq_length, longest).value_or(longest);
  if (long_texts.length > 0) length = std::min(length, long_texts.length);
  RowTexts texts{rows, rows.column<std::string>(file.columns.text).to_vector()};
  if (!file.columns.pair.empty()) texts.pairs = rows.column<std::string>(file.columns.pair).to_vector();
  if (long_texts.windows) return window_rows(texts, tokenizer, length, long_texts.stride);
  TokenRows result =
      cut_rows(texts, tokenizer, {.truncation = options.truncation, .max_length = static_cast<int>(length)});
  for (std::size_t i = 0; i < result.ids.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    if (static_cast<std::int64_t>(result.ids[i].size()) > length)
      tl::fail(tl::ErrorCode::shape, rows.place(row), ": expected at most ", length,
               length == longest ? " tokens, which is what the model takes, got " : " tokens, got ",
               result.ids[i].size(), "; cut longer texts with --truncation true");
    if (result.ids[i].empty())
      tl::fail(tl::ErrorCode::shape, rows.place(row), ": expected a text with at least one token, got ",
               tl::python_repr(texts.texts[i]));
  }
  if (options.truncation)
    result.cut = cut_sentence(file.path, count_cut(texts.texts, texts.pairs, result.ids, tokenizer, length),
                              rows.num_rows(), length);
  return result;
}

/// Token ids and labels, if there are any, shuffled and limited. `longest` is what the model takes. `cut` becomes a
/// sentence if texts were cut.
inline tl::Dataset tokenized(const LabelledFile& file, const DataOptions& options, const tl::ColumnValues& labels,
                             std::optional<std::int64_t> limit, const tl::Tokenizer& tokenizer, std::int64_t longest,
                             bool trains = false, const tl::LongTexts& long_texts = {}, std::string* cut = nullptr) {
  const auto all_at_once = [](const tl::Dataset& rows) {
    return tl::MapOptions{.batch_size = std::max<std::int64_t>(1, rows.num_rows())};
  };
  const bool labelled = tl::detail::column_size(labels) > 0;  // predictions are in the order of the file
  const auto numbered = [&](const tl::Dataset&) { return tl::Columns{{options.label_column, labels}}; };
  auto rows = !labelled ? file.data : file.data.map_batched(numbered, all_at_once(file.data));
  if (labelled && options.shuffles(trains)) rows = rows.shuffle(options.shuffle_seed.value_or(42));
  if (limit) rows = rows.take(std::min(*limit, rows.num_rows()));
  TokenRows tokens = token_rows(file, options, rows, tokenizer, longest, long_texts);
  if (cut != nullptr) *cut = tokens.cut;
  const auto tokens_and_classes = [&](const tl::Dataset&) {
    tl::Columns columns;
    tokens.move_to(columns);
    if (labelled) columns.push_back({"label", column_of(rows, options.label_column, labels)});
    return columns;
  };
  auto how = all_at_once(rows);
  how.remove_columns = rows.column_names();
  const std::vector<std::string> texts = file.columns.names();  // stay, so that a report can show them
  std::erase_if(how.remove_columns, [&](const std::string& name) { return std::ranges::count(texts, name) > 0; });
  return rows.map_batched(tokens_and_classes, how);
}

}  // namespace program
