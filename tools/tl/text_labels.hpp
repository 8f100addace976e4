// Labels of texts of any kind of problem, for the task text-classification: what the labels of files are, said or
// found, and the column of them that the collator reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/problem_type.hpp>
#include <tl/data/label_lists.hpp>

#include "labelled_texts.hpp"

namespace program {

/// The labels of a file, understood.
struct TextLabels {
  tl::ColumnValues values;  ///< class ids, or [rows][C] floats
  std::vector<std::string> names;
  std::string decision;
  bool as_written = true;  ///< false: worth saying even where standard output is for a program
};

/// What the user says about labels.
struct TextLabelOptions {
  std::string problem_type;     ///< empty: the model's, or what the labels look like
  std::string delimiter = ",";  ///< between the labels of a cell

  void add(CLI::App& command) {
    command.add_option("--problem_type", problem_type,
                       "single_label_classification, multi_label_classification or regression; default: what the model "
                       "was trained for, else lists of labels are several, fractions a regression, all else classes");
    command
        .add_option("--label_delimiter", delimiter,
                    "between the labels of a cell, if a text has several; a cell may be a JSON list, too")
        ->capture_default_str();
  }

  /// Adds to usage_problems().
  void check() const {
    if (!problem_type.empty() && !tl::problem_type_from(problem_type))
      usage_problems().push_back(
          "--problem_type: expected single_label_classification, multi_label_classification or regression, got " +
          tl::escape_invalid_utf8(problem_type));
    if (delimiter.empty()) usage_problems().emplace_back("--label_delimiter: expected a text, got nothing");
  }
};

/// The labels of a file as lists of texts.
inline tl::LabelLists label_lists(const LabelledFile& file, const std::string& column, std::string_view delimiter) {
  tl::LabelLists lists{{}, column, file.path, [&file](std::int64_t row) { return file.data.place(row); }};
  const auto take = [&lists](const auto& rows) {
    for (const auto& row : rows) {
      auto& labels = lists.rows.emplace_back();
      for (const auto& label : row) {
        if constexpr (std::is_same_v<std::decay_t<decltype(label)>, std::string>) labels.push_back(label);
        else labels.push_back(tl::detail::python_text(label));
      }
    }
  };
  switch (file.data.column_type(column)) {
    case tl::ColumnType::list_string: take(file.data.column<std::vector<std::string>>(column)); break;
    case tl::ColumnType::list_int32: take(file.data.column<std::vector<std::int32_t>>(column)); break;
    case tl::ColumnType::list_float32: take(file.data.column<std::vector<float>>(column)); break;
    default:
      const tl::LabelTexts texts = file.data.label_texts(column);
      for (std::size_t row = 0; row < texts.values.size(); ++row)
        lists.rows.push_back(
            tl::split_labels(texts.values[row], delimiter, file.data.place(static_cast<std::int64_t>(row))));
  }
  return lists;
}

/// What the labels of a file look like: lists are several labels, fractions numbers, all else classes.
inline tl::ProblemType looks_like(const LabelledFile& file, const std::string& column) {
  using enum tl::ProblemType;
  const tl::ColumnType type = file.data.column_type(column);
  if (type != tl::ColumnType::string && type != tl::ColumnType::int64 && type != tl::ColumnType::float64)
    return multi_label_classification;
  const tl::LabelTexts texts = file.data.label_texts(column);
  const bool lists = std::ranges::all_of(
      texts.values, [](const std::string& text) { return tl::detail::trimmed(text).starts_with('['); });
  if (lists) return multi_label_classification;
  return tl::are_fractions(texts) ? regression : single_label_classification;
}

/// The labels of `file` as those of `problem`. `known` are the classes, `outputs` the numbers of a regression; none, or
/// 0: as the file has them. Throws what is wrong with a label, with its place.
inline TextLabels read_text_labels(const LabelledFile& file, const std::string& column, tl::ProblemType problem,
                                   const tl::KnownClasses& known, std::size_t outputs, std::string_view delimiter) {
  if (problem == tl::ProblemType::single_label_classification) {
    const tl::ColumnType type = file.data.column_type(column);
    tl::check(type == tl::ColumnType::string || type == tl::ColumnType::int64 || type == tl::ColumnType::float64,
              tl::ErrorCode::dtype, file.path, ": expected one label of each row in column ", column,
              ", because problem_type is single_label_classification, got lists");
    tl::ClassLabels classes = file.data.class_labels(column, known);
    return {std::move(classes.ids), std::move(classes.names), std::move(classes.decision), classes.as_written};
  }
  const tl::LabelLists lists = label_lists(file, column, delimiter);
  const bool several = problem == tl::ProblemType::multi_label_classification;
  tl::NumericLabels numbers =
      several ? tl::read_label_sets(lists, known.names) : tl::read_label_numbers(lists, outputs, known.names);
  return {std::move(numbers.values), std::move(numbers.names),
          tl::str_cat(numbers.decision, several ? "; several may apply to a text" : ", to be predicted by regression")};
}

}  // namespace program
