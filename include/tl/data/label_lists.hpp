// Labels of files as several classes of a row, or as numbers: lists of texts become rows of C floats, as
// data/label_values.hpp has them. Classes are written as names, as ids, or as a number for each class; the column as a
// whole decides which of them it holds.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/finite.hpp>
#include <tl/data/label_column.hpp>
#include <tl/data/parse_text.hpp>
#include <tl/io/json.hpp>

namespace tl {

/// The labels of each row as they are written, and how sentences speak of them.
struct LabelLists {
  std::vector<std::vector<std::string>> rows;
  std::string column = "label";                         ///< its name
  std::string source = {};                              ///< begins the decision: "train.csv"
  std::function<std::string(std::int64_t)> where = {};  ///< begins an error: "train.csv, line 7"
};

/// Labels that became numbers.
struct NumericLabels {
  std::vector<std::string> names;          ///< of the C classes or values
  std::vector<std::vector<float>> values;  ///< [rows][C]
  std::string decision;                    ///< how the labels were read, in one line
};

/// The labels of a cell: a JSON list, or texts with `delimiter` between; blanks around them do not count, and an empty
/// cell has none.
inline std::vector<std::string> split_labels(std::string_view cell, std::string_view delimiter,
                                             std::string_view where) {
  std::vector<std::string> labels;
  cell = detail::trimmed(cell);
  if (cell.starts_with('[')) {
    const Json list = parse_json(cell, where);
    for (const Json& label : list)
      labels.push_back(label.is_string() ? label.get<std::string>() : dump_json(label, {.indent = -1}));
    return labels;
  }
  while (!cell.empty()) {
    const std::size_t end = delimiter.empty() ? cell.size() : std::min(cell.find(delimiter), cell.size());
    labels.emplace_back(detail::trimmed(cell.substr(0, end)));
    cell.remove_prefix(std::min(cell.size(), end + std::max<std::size_t>(1, delimiter.size())));
  }
  return labels;
}

namespace detail {

/// Reads LabelLists as one kind of label after the other.
class LabelListReader {
 public:
  LabelListReader(const LabelLists& labels, std::vector<std::string> names)
      : labels_(labels), names_(std::move(names)), named_(!names_.empty()) {}

  NumericLabels classes() {
    if (names_.empty()) find_names();
    if (holds_names()) return of_names();
    const std::size_t indicators = count([this](const auto& row) { return is_indicator(row); });
    const std::size_t ids = count([this](const auto& row) { return are_ids(row); });
    check(indicators < labels_.rows.size() || ids < labels_.rows.size(), ErrorCode::invalid_argument, about(),
          ": expected either class ids or a number for each of the ", names_.size(),
          " classes, got lists that may be both; write names");
    return indicators >= ids ? of_indicators() : of_ids();
  }

  NumericLabels numbers(std::size_t count) {
    NumericLabels result{names_, {}, {}};
    if (count == 0 && !labels_.rows.empty()) count = labels_.rows.front().size();
    for (std::size_t row = 0; row < labels_.rows.size(); ++row) {
      const auto& written = labels_.rows[row];
      if (written.size() != count)
        fail(ErrorCode::invalid_argument, where(row), ": expected ", count, count == 1 ? " number" : " numbers",
             " in column ", labels_.column, ", got ", written.size());
      auto& values = result.values.emplace_back();
      for (const std::string& text : written) values.push_back(finite_number(text, row));
    }
    if (!named_)
      for (std::size_t i = 0; i < count; ++i) result.names.push_back(str_cat("LABEL_", i));
    result.decision = str_cat(about(), " are numbers", count == 1 ? "" : str_cat(", ", count, " of each row"));
    return result;
  }

 private:
  std::string about() const {
    return str_cat(labels_.source, labels_.source.empty() ? "" : ": ", "the labels in column ", labels_.column);
  }
  std::string where(std::size_t row) const {
    return labels_.where ? labels_.where(static_cast<std::int64_t>(row)) : str_cat("row ", row);
  }
  template <class Fits> std::size_t count(const Fits& fits) const {
    return static_cast<std::size_t>(std::ranges::count_if(labels_.rows, fits));
  }
  std::size_t place(const std::string& name) const {
    return static_cast<std::size_t>(std::ranges::find(names_, name) - names_.begin());
  }

  static bool is_number(const std::string& text) {
    double value = 0.0;
    return parse_decimal(trimmed(text), value);
  }
  bool is_indicator(const std::vector<std::string>& row) const {
    return row.size() == names_.size() && std::ranges::all_of(row, [](const std::string& text) {
             double value = -1.0;
             return parse_decimal(trimmed(text), value) && value >= 0.0 && value <= 1.0;
           });
  }
  bool are_ids(const std::vector<std::string>& row) const {
    std::set<std::int64_t> ids;
    return std::ranges::all_of(row, [&](const std::string& text) {
      std::int64_t id = -1;
      return parse_integer(trimmed(text), id) && id >= 0 && id < static_cast<std::int64_t>(names_.size()) &&
             ids.insert(id).second;
    });
  }

  /// Without names: those that are written, or LABEL_0 ... for as many as numbers say.
  void find_names() {
    std::set<std::string> distinct;
    std::size_t longest = 0;
    std::int64_t highest = 0;
    bool numbers = true, same_length = true;
    for (const auto& row : labels_.rows) {
      longest = std::max(longest, row.size());
      same_length = same_length && row.size() == labels_.rows.front().size();
      for (const std::string& text : row) {
        std::int64_t id = 0;
        numbers = numbers && is_number(text);
        if (parse_integer(trimmed(text), id)) highest = std::max(highest, id);
        distinct.insert(text);
      }
    }
    if (!numbers) return names_.assign(distinct.begin(), distinct.end());
    const bool ids = !same_length || highest > 1;
    const std::size_t classes = ids ? static_cast<std::size_t>(highest) + 1 : longest;
    check(classes >= 1 && classes <= 1'000'000 && !distinct.empty(), ErrorCode::invalid_argument, about(),
          ": expected at least one label, and ids below 1000000");
    for (std::size_t c = 0; c < classes; ++c) names_.push_back(str_cat("LABEL_", c));
  }

  /// Labels are names first: if one of them is a name, or not a number, all are names.
  bool holds_names() const {
    for (const auto& row : labels_.rows)
      for (const std::string& text : row)
        if (place(text) < names_.size() || !is_number(text)) return true;
    return false;
  }

  NumericLabels of_names() const {
    NumericLabels result{
        names_, {}, str_cat(about(), " are lists of names of ", names_.size(), " classes, ", shown_names(names_))};
    for (std::size_t row = 0; row < labels_.rows.size(); ++row) {
      auto& values = result.values.emplace_back(names_.size(), 0.0F);
      for (const std::string& text : labels_.rows[row]) {
        const std::size_t c = place(text);
        if (c == names_.size())
          fail(ErrorCode::invalid_argument, where(row), ": expected ", labels_.column, " to hold names of classes, ",
               shown_names(names_), ", got ", Repr{text});
        if (values[c] == 1.0F)
          fail(ErrorCode::invalid_argument, where(row), ": expected every class once in column ", labels_.column,
               ", got ", Repr{text}, " twice");
        values[c] = 1.0F;
      }
    }
    return result;
  }

  NumericLabels of_ids() const {
    NumericLabels result{names_, {}, str_cat(about(), " are lists of class ids from 0 to ", names_.size() - 1)};
    for (std::size_t row = 0; row < labels_.rows.size(); ++row) {
      if (!are_ids(labels_.rows[row]))
        fail(ErrorCode::invalid_argument, where(row), ": expected distinct class ids in [0, ", names_.size(),
             ") in column ", labels_.column, ", got ", python_text(labels_.rows[row]));
      auto& values = result.values.emplace_back(names_.size(), 0.0F);
      for (const std::string& text : labels_.rows[row]) {
        std::int64_t id = 0;
        (void)parse_integer(trimmed(text), id);
        values[static_cast<std::size_t>(id)] = 1.0F;
      }
    }
    return result;
  }

  NumericLabels of_indicators() const {
    NumericLabels result{
        names_, {}, str_cat(about(), " are a number for each of ", names_.size(), " classes, ", shown_names(names_))};
    for (std::size_t row = 0; row < labels_.rows.size(); ++row) {
      if (!is_indicator(labels_.rows[row]))
        fail(ErrorCode::invalid_argument, where(row), ": expected ", names_.size(), " numbers from 0 to 1 in column ",
             labels_.column, ", one for each class, got ", python_text(labels_.rows[row]));
      auto& values = result.values.emplace_back();
      for (const std::string& text : labels_.rows[row]) values.push_back(finite_number(text, row));
    }
    return result;
  }

  float finite_number(const std::string& text, std::size_t row) const {
    double value = 0.0;
    const bool good = parse_decimal(trimmed(text), value) && is_finite(value) && is_finite(static_cast<float>(value));
    if (!good)
      fail(ErrorCode::invalid_argument, where(row), ": expected a finite number in column ", labels_.column,
           ", because the problem is regression, got ", text.empty() ? "nothing" : python_repr(text));
    return static_cast<float>(value);
  }

  const LabelLists& labels_;
  std::vector<std::string> names_;
  bool named_;
};

}  // namespace detail

/// Labels of multi_label_classification: 0 or 1 (or a number between) for each class. Without `names` the distinct
/// labels are the classes, in byte order, or as many LABEL_0 ... as numbers say. Throws Error(invalid_argument) with
/// the place of a label that is no class, of one that is there twice, and for lists that can be read in two ways.
inline NumericLabels read_label_sets(const LabelLists& labels, const std::vector<std::string>& names = {}) {
  return detail::LabelListReader(labels, names).classes();
}

/// Labels of regression: `count` numbers of each row, 0: as many as the first row has. Throws Error(invalid_argument)
/// with the place of a text, of NaN, and of another number of them.
inline NumericLabels read_label_numbers(const LabelLists& labels, std::size_t count = 0,
                                        const std::vector<std::string>& names = {}) {
  return detail::LabelListReader(labels, names).numbers(count);
}

/// Whether every label is a number and one of them is a fraction: class ids are whole numbers.
inline bool are_fractions(const LabelTexts& labels) {
  bool fraction = false;
  for (const std::string& text : labels.values) {
    double value = 0.0;
    if (!detail::parse_decimal(detail::trimmed(text), value) || !detail::is_finite(value)) return false;
    fraction = fraction || std::trunc(value) != value;
  }
  return fraction;
}

}  // namespace tl
