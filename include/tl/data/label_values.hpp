// Labels that are not one class of a row: a column as C numbers of each row, float32 as the losses read them. For
// multi_label_classification they say how much each class applies, as a rule 0 or 1; a column may hold these numbers,
// or the names or ids of the classes that apply. For regression they are the values themselves.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <tl/core/finite.hpp>
#include <tl/core/problem_type.hpp>
#include <tl/data/dataset.hpp>

namespace tl {

/// How a column of labels becomes numbers.
struct LabelValuesOptions {
  std::string name = "dataset";  ///< what errors call the data set
  ProblemType problem = ProblemType::multi_label_classification;
  std::optional<std::int64_t> num_labels{};  ///< C; default: the numbers of the first row
  std::vector<std::string> class_names{};    ///< by their ids, for labels that are names
};

/// A column of labels as rows of C numbers. What is wrong with a row is found when that row is read.
class LabelValues {
 public:
  /// Throws Error(dtype) for a column that cannot hold such labels, Error(invalid_argument) for lists of 0 and 1 that
  /// may be numbers as well as ids, and for classes whose number is not known.
  LabelValues(const Dataset& dataset, const std::string& column, LabelValuesOptions options)
      : options_(std::move(options)), column_(column), values_(view(dataset)) {
    width_ = options_.num_labels.value_or(values_in_first_row());
    const bool ids = std::holds_alternative<ColumnView<Ids>>(values_) && multi_label();
    if (ids) holds_ids_ = holds_ids(std::get<ColumnView<Ids>>(values_));
    check(!(ids && holds_ids_) || options_.num_labels, ErrorCode::invalid_argument, options_.name,
          ": expected the number of classes, because column ", column_, " holds class ids; give num_labels");
  }

  /// C.
  std::int64_t width() const { return width_; }

  /// What is wrong with a row, as the end of a sentence that begins with its place; empty if nothing is.
  std::string problem(std::int64_t row) const {
    return std::visit([&](const auto& values) { return problem_of(values[row]); }, values_);
  }

  /// Writes the C numbers of a row that has no problem().
  void write(std::int64_t row, float* to) const {
    std::visit([&](const auto& values) { write_value(values[row], to); }, values_);
  }

 private:
  using Ids = std::vector<std::int32_t>;
  using Numbers = std::vector<float>;
  using Names = std::vector<std::string>;
  using View = std::variant<ColumnView<std::int64_t>, ColumnView<double>, ColumnView<Ids>, ColumnView<Numbers>,
                            ColumnView<Names>>;

  bool multi_label() const { return options_.problem == ProblemType::multi_label_classification; }

  View view(const Dataset& dataset) const {
    const ColumnType type = dataset.column_type(column_);
    if (type == ColumnType::list_int32) return dataset.column<Ids>(column_);
    if (type == ColumnType::list_float32) return dataset.column<Numbers>(column_);
    if (type == ColumnType::list_string && multi_label()) return dataset.column<Names>(column_);
    if (type == ColumnType::int64 && !multi_label()) return dataset.column<std::int64_t>(column_);
    if (type == ColumnType::float64 && !multi_label()) return dataset.column<double>(column_);
    fail(ErrorCode::dtype, options_.name, ": expected ",
         multi_label() ? "lists of numbers, of class ids or of names" : "numbers, or lists of them", " in column ",
         column_, ", because problem_type is ", options_.problem, ", got ", to_string(type));
  }

  std::int64_t values_in_first_row() const {
    if (const auto* lists = std::get_if<ColumnView<Numbers>>(&values_); lists && lists->size() > 0)
      return static_cast<std::int64_t>((*lists)[0].size());
    if (const auto* lists = std::get_if<ColumnView<Ids>>(&values_); lists && lists->size() > 0)
      return static_cast<std::int64_t>((*lists)[0].size());
    return std::holds_alternative<ColumnView<Names>>(values_) ? static_cast<std::int64_t>(options_.class_names.size())
                                                              : 1;
  }

  bool may_be_numbers(const Ids& row) const {
    return static_cast<std::int64_t>(row.size()) == width_ &&
           std::ranges::all_of(row, [](std::int32_t value) { return value == 0 || value == 1; });
  }

  /// Whether lists of whole numbers are the ids of the classes that apply, and not 0 or 1 for each class. The column as
  /// a whole decides: the reading that fits more of the rows. Two classes whose lists are all [0, 1] or [1, 0] fit
  /// both.
  bool holds_ids(const ColumnView<Ids>& rows) const {
    std::int64_t ids = 0, numbers = 0;
    for (const Ids& row : rows) {
      ids += problem_of_ids(row).empty() ? 1 : 0;
      numbers += may_be_numbers(row) ? 1 : 0;
    }
    check(rows.size() == 0 || ids < rows.size() || numbers < rows.size(), ErrorCode::invalid_argument, options_.name,
          ": expected lists in column ", column_, " that are either class ids or 0 and 1 for each of the ", width_,
          " classes, got lists that may be both; write them as floats, [0.0, 1.0], or as names");
    return ids > numbers;
  }

  std::string problem_of_ids(const Ids& row) const {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (row[i] < 0 || row[i] >= width_)
        return str_cat(": expected class ids in [0, ", width_, ") in column ", column_, ", got ", row[i]);
      if (std::find(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(i), row[i]) !=
          row.begin() + static_cast<std::ptrdiff_t>(i))
        return str_cat(": expected every class id once in column ", column_, ", got ", row[i], " twice");
    }
    return {};
  }

  std::string problem_of_count(std::size_t count) const {
    if (static_cast<std::int64_t>(count) == width_) return {};
    return str_cat(": expected ", width_, width_ == 1 ? " number" : " numbers", " in column ", column_,
                   multi_label() ? ", one for each class" : "", ", got ", count);
  }

  std::string problem_of_number(double value) const {
    if (!detail::is_finite(value) || !detail::is_finite(static_cast<float>(value)))
      return str_cat(": expected finite numbers in column ", column_, ", got ", detail::python_text(value));
    if (multi_label() && (value < 0 || value > 1))
      return str_cat(": expected numbers from 0 to 1 in column ", column_, ", which say whether a class applies, got ",
                     detail::python_text(value));
    return {};
  }

  template <class Number> std::string problem_of(const Number& value) const {
    const std::string count = problem_of_count(1);
    return count.empty() ? problem_of_number(static_cast<double>(value)) : count;
  }
  template <class Number> std::string problem_of(const std::vector<Number>& row) const {
    if constexpr (std::is_same_v<Number, std::int32_t>)
      if (holds_ids_) return problem_of_ids(row);
    std::string problem = problem_of_count(row.size());
    for (std::size_t i = 0; problem.empty() && i < row.size(); ++i)
      problem = problem_of_number(static_cast<double>(row[i]));
    return problem;
  }
  std::string problem_of(const Names& row) const {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (std::ranges::find(options_.class_names, row[i]) == options_.class_names.end())
        return str_cat(": expected names of classes in column ", column_, ", ",
                       detail::shown_names(options_.class_names), ", got ", detail::Repr{row[i]});
      if (std::find(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(i), row[i]) !=
          row.begin() + static_cast<std::ptrdiff_t>(i))
        return str_cat(": expected every class once in column ", column_, ", got ", detail::Repr{row[i]}, " twice");
    }
    return {};
  }

  template <class Number> void write_value(const Number& value, float* to) const { *to = static_cast<float>(value); }
  template <class Number> void write_value(const std::vector<Number>& row, float* to) const {
    if constexpr (std::is_same_v<Number, std::int32_t>) {
      if (holds_ids_) {
        std::fill_n(to, width_, 0.0F);
        for (const std::int32_t id : row) to[id] = 1.0F;
        return;
      }
    }
    std::ranges::transform(row, to, [](Number value) { return static_cast<float>(value); });
  }
  void write_value(const Names& row, float* to) const {
    std::ranges::transform(options_.class_names, to, [&row](const std::string& name) {
      return std::ranges::find(row, name) == row.end() ? 0.0F : 1.0F;
    });
  }

  LabelValuesOptions options_;
  std::string column_;
  View values_;
  std::int64_t width_ = 1;
  bool holds_ids_ = false;
};

}  // namespace tl
