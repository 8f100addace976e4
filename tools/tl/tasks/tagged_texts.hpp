// Files of texts that are split into words, with a tag for each word: JSON with lists, or CoNLL.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <tl/data/conll.hpp>
#include <tl/data/tag_labels.hpp>
#include <tl/train/tokenized_words.hpp>

#include "labelled_texts.hpp"
#include "tasks/task.hpp"

namespace program {

/// A file of a run, read: words, and class ids of the tags once they are understood.
struct TaggedFile {
  SplitFile split;
  tl::TagColumns columns;
  tl::TagLabels labels;
  bool labelled = true;
  std::vector<std::string> class_names{};  ///< of a data set that knows them
};

/// The columns that the user named, else "tokens" and "ner_tags", or in a JSON file without that key "tags" or "label".
inline tl::TagColumns tag_columns(const std::string& path, const DataOptions& options) {
  tl::TagColumns columns;
  if (!options.text_column.empty()) columns.tokens = options.text_column;
  if (options.label_column != "label") {
    columns.tags = options.label_column;
  } else if (FileOptions::is_json(path) && !FileOptions::has_key(path, columns.tags)) {
    for (const char* name : {"label", "tags"})
      if (FileOptions::has_key(path, name)) columns.tags = name;
  }
  return columns;
}

/// Words and tags of a split of a data set.
inline TaggedFile typed_tags(const SplitFile& split, const DataOptions& options) {
  tl::Dataset rows = options.typed_rows(split.path);
  TaggedFile file{split, {}, {}};
  if (!options.text_column.empty()) file.columns.tokens = options.text_column;
  if (options.label_column != "label") file.columns.tags = options.label_column;
  else if (!rows.has_column(file.columns.tags))
    for (const char* name : {"label", "tags"})
      if (rows.has_column(name)) file.columns.tags = name;
  file.labelled = split.split != Split::predict || rows.has_column(file.columns.tags);
  std::vector<std::string> names{file.columns.tokens};
  if (file.labelled) names.push_back(file.columns.tags);
  rows = rows.select_columns(names);
  if (file.labelled) {
    file.class_names = rows.class_names(file.columns.tags);
    rows = with_tag_names(rows, file.columns.tags);
  }
  file.labels.dataset = std::move(rows);
  return file;
}

/// Words and tags of a file; a file to predict may be without tags. Throws what is wrong with the file.
inline TaggedFile read_tagged(const SplitFile& split, const DataOptions& options) {
  const std::string& path = split.path;
  if (options.has_typed_rows(path)) return typed_tags(split, options);
  tl::check(!has_extension(path, ".csv"), tl::ErrorCode::invalid_argument, path,
            ": expected a .jsonl or .json file with lists, or a CoNLL file with a word and its tag on each line, got "
            "a .csv file");
  TaggedFile file{split, tag_columns(path, options), {}};
  std::vector<std::string> names{file.columns.tokens, file.columns.tags};
  tl::check(names[0] != names[1], tl::ErrorCode::invalid_argument,
            "--text_column and --label_column: expected two columns, got ", tl::python_repr(names[0]), " for both");
  const bool optional = split.split == Split::predict;
  if (FileOptions::is_json(path)) {
    file.labelled = !optional || FileOptions::has_key(path, file.columns.tags);
    if (!file.labelled) names.pop_back();
    file.labels.dataset =
        tl::load_jsonl(path, {.columns = names, .encoding = options.files.encoding, .field = options.files.field});
  } else {
    tl::ConllOptions conll{.encoding = options.files.encoding};
    conll.column_names = split_names(options.files.column_names);
    file.labelled = !optional || tl::load_conll(path, conll).has_column(file.columns.tags);
    if (!file.labelled) names.pop_back();
    conll.columns = names;
    file.labels.dataset = tl::load_conll(path, conll);
  }
  tl::check(file.labels.dataset.num_rows() > 0, tl::ErrorCode::invalid_argument, path,
            ": expected at least one text, got none");
  return file;
}

/// Says on standard error how many words of a file have no label because they have no token.
inline void report_unlabelled(const TaggedFile& file, const tl::TokenizedWords& words, bool windows) {
  if (words.unlabelled_words == 0) return;
  std::cerr << "warning: " << file.split.path << ": " << words.unlabelled_words
            << (words.unlabelled_words == 1 ? " word has" : " words have") << " no token and no prediction";
  if (words.long_texts > 0 && !windows)
    std::cerr << "; " << words.long_texts << " of " << words.rows.num_rows()
              << " texts were cut, --stride N reads them in windows that overlap by N tokens";
  std::cerr << '\n';
}

/// The rows of a file, shuffled and limited. `longest` is what the model takes, `names` are those of the classes.
inline tl::TokenizedWords tokenized_words(const TaggedFile& file, const DataOptions& options, bool label_all_tokens,
                                          const std::vector<std::string>& names, const tl::Tokenizer& tokenizer,
                                          std::int64_t longest) {
  tl::Dataset texts = file.labels.dataset;
  const bool predicts = file.split.split == Split::predict;  // predictions are in the order of the file
  if (!predicts && options.shuffles(file.split.split == Split::train))
    texts = texts.shuffle(options.shuffle_seed.value_or(42));
  if (file.split.limit) texts = texts.take(std::min(*file.split.limit, texts.num_rows()));
  const bool whole = !options.truncation && !options.max_seq_length;
  const std::int64_t length =
      whole ? longest : cut_length(tokenizer, options.max_seq_length, longest).value_or(longest);
  tl::AlignOptions how{.columns = file.columns,
                       .max_length = static_cast<int>(length),
                       .truncation = options.truncation,
                       .label_all_tokens = label_all_tokens,
                       .names = names};
  if (options.stride) {
    const std::int64_t room = length - tokenizer.num_special_tokens_to_add();
    tl::check(*options.stride < room, tl::ErrorCode::invalid_argument, "--stride: expected less than the ", room,
              " tokens of a text in a window of ", length, ", got ", *options.stride);
    how.stride = static_cast<int>(*options.stride);
  }
  tl::TokenizedWords words = tl::tokenize_and_align_labels(texts, tokenizer, how);
  const auto ids = words.rows.column<std::vector<std::int32_t>>("input_ids");
  for (std::int64_t row = 0; !options.truncation && row < words.rows.num_rows(); ++row)
    if (static_cast<std::int64_t>(ids[row].size()) > length)
      tl::fail(tl::ErrorCode::shape, words.rows.place(row), ": expected at most ", length,
               length == longest ? " tokens, which is what the model takes, got " : " tokens, got ", ids[row].size(),
               "; cut longer texts with --truncation true, or read them in windows with --stride");
  report_unlabelled(file, words, options.stride.has_value());
  return words;
}

}  // namespace program
