// The labels of a column as a file holds them: the distinct ones, what each may mean, where each is found, and the
// sentences about labels that cannot be classes. What they mean in the end is decided in class_labels.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/column.hpp>
#include <tl/data/parse_text.hpp>

namespace tl {

/// The label of a row that has none, as in the loss.
inline constexpr std::int64_t no_label = -100;

/// The labels of a column, written as text as Python's str() does, and how sentences speak of them.
struct LabelTexts {
  std::vector<std::string> values;                      ///< one per row
  std::string column = "label";                         ///< its name
  std::string source = {};                              ///< begins the decision: "train.csv"
  std::function<std::string(std::int64_t)> where = {};  ///< begins an error: "train.csv, line 7"
};

namespace detail {

/// One distinct label of a column.
struct Label {
  enum class Kind { ignored, whole, fraction, boolean, text };

  std::string_view text;  // as it is written
  std::int64_t first_row;
  std::int64_t rows = 0;
  Kind kind = Kind::text;
  std::int64_t number = 0;  // of whole numbers and booleans
  std::string key = {};     // equal for labels that differ in spelling only

  bool is_number() const { return kind == Kind::whole || kind == Kind::fraction; }
  bool is_ignored() const { return kind == Kind::ignored; }
};

/// Finds kind, number and key of a text that is not blank.
inline void read_label(Label& label) {
  const std::string_view text = trimmed(label.text);
  double real = 0;
  if (parse_bool(text, label.number)) {
    label.kind = Label::Kind::boolean;
    label.key = label.number == 1 ? "True" : "False";
  } else if (parse_integer(text, label.number)) {
    label.kind = label.number == no_label ? Label::Kind::ignored : Label::Kind::whole;
    label.key = std::to_string(label.number);
  } else if (parse_decimal(text, real)) {
    const bool whole = std::trunc(real) == real && std::fabs(real) < 0x1p63;
    if (whole) label.number = static_cast<std::int64_t>(real);
    label.kind = !whole ? Label::Kind::fraction : label.number == no_label ? Label::Kind::ignored : Label::Kind::whole;
    label.key = whole ? std::to_string(label.number) : python_text(real);
  } else {
    label.key = ascii_lower(text);
  }
}

/// Class names for a sentence, the first twenty of many.
inline std::string shown_names(const std::vector<std::string>& names) {
  constexpr std::size_t most = 20;
  if (names.size() <= most) return python_text(names);
  std::string text = python_text(std::vector<std::string>(names.begin(), names.begin() + most));
  text.pop_back();
  return str_cat(text, ", ... ", names.size() - most, " more]");
}

/// The name of a class that is made of its label.
inline std::string name_of(const Label& label) {
  const std::string_view text = trimmed(label.text);
  const bool leading_zero = text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
  return (label.kind == Label::Kind::whole && !leading_zero) || label.kind == Label::Kind::boolean ? label.key
                                                                                                   : std::string(text);
}

/// The distinct labels of a column, in the order of their first rows.
class LabelColumn {
 public:
  /// Throws invalid_argument with the row of an empty label. `labels` must outlive the object.
  explicit LabelColumn(const LabelTexts& labels) : labels_(labels) {
    std::map<std::string_view, std::size_t> number_of;
    for (const std::string& text : labels.values) {
      const auto row = static_cast<std::int64_t>(of_row_.size());
      const auto [found, is_new] = number_of.emplace(text, distinct_.size());
      if (is_new) add(text, row);
      of_row_.push_back(found->second);
      ++distinct_[found->second].rows;
    }
  }

  std::vector<Label>& distinct() { return distinct_; }
  const std::vector<Label>& distinct() const { return distinct_; }
  const std::string& name() const { return labels_.column; }
  const std::string& source() const { return labels_.source; }

  /// The first label that counts; null if there is none.
  const Label* first() const {
    const auto found = std::ranges::find_if(distinct_, [](const Label& label) { return !label.is_ignored(); });
    return found == distinct_.end() ? nullptr : &*found;
  }

  std::int64_t ignored_rows() const {
    std::int64_t rows = 0;
    for (const Label& label : distinct_) rows += label.is_ignored() ? label.rows : 0;
    return rows;
  }

  /// What each row has, of what each distinct label has.
  std::vector<std::int64_t> of_rows(const std::vector<std::int64_t>& of_distinct) const {
    std::vector<std::int64_t> values;
    values.reserve(of_row_.size());
    for (const std::size_t number : of_row_) values.push_back(of_distinct[number]);
    return values;
  }

  /// The place of a label, for the beginning of a sentence: "train.csv, line 7".
  std::string where(const Label& label) const { return where(label.first_row); }

  /// "line 7" of the place "train.csv, line 7", for a sentence that names the file already.
  std::string line(const Label& label) const {
    std::string place = where(label);
    const std::size_t file = labels_.source.size() + 2;
    return !labels_.source.empty() && place.starts_with(labels_.source + ", ") ? place.substr(file) : place;
  }

  std::string about() const {
    return str_cat(labels_.source, labels_.source.empty() ? "" : ": ", "the labels in column ", labels_.column);
  }

  [[noreturn]] void fail_all_ignored() const {
    fail(ErrorCode::invalid_argument, labels_.source, labels_.source.empty() ? "" : ": ",
         "expected at least one label in column ", labels_.column, ", got ",
         labels_.values.empty() ? "no rows" : "-100 in every row");
  }

  [[noreturn]] void fail_fraction(const Label& label) const {
    fail(ErrorCode::dtype, where(label), ": expected class ids or names in column ", labels_.column, ", got float64 ",
         label.key);
  }

  void check_fractions() const {
    std::int64_t others = 0;
    const Label* fraction = nullptr;
    for (const Label& label : distinct_) {
      others += label.is_number() || label.is_ignored() ? 0 : 1;
      if (fraction == nullptr && label.kind == Label::Kind::fraction) fraction = &label;
    }
    if (fraction != nullptr && others == 0) fail_fraction(*fraction);
  }

  /// If most labels are numbers and one is not, that one is a slip ("nan", "pos"), and a class of its own would hide
  /// it. Truth values beside numbers may be the same classes or others.
  void check_same_kind() const {
    const Label *number = nullptr, *other = nullptr, *boolean = nullptr;
    std::int64_t numbers = 0;
    for (const Label& label : distinct_) {
      const bool is_number = label.is_number() || label.is_ignored();
      numbers += is_number ? label.rows : 0;
      const Label*& first = is_number ? number : other;
      if (first == nullptr) first = &label;
      if (boolean == nullptr && label.kind == Label::Kind::boolean) boolean = &label;
    }
    if (number == nullptr || other == nullptr) return;
    if (2 * numbers > static_cast<std::int64_t>(of_row_.size()) || boolean != nullptr)
      fail(ErrorCode::invalid_argument, where(*other), ": expected a class id in column ", labels_.column, " as in ",
           line(*number), ", got ", Repr{other->text});
  }

  void check_same_name(const Label& first, const Label& other) const {
    if (name_of(first) == name_of(other) && trimmed(first.text) == first.text && trimmed(other.text) == other.text)
      return;
    if (name_of(first) == name_of(other) && first.kind != Label::Kind::text) return;
    fail(ErrorCode::invalid_argument, where(other),
         ": expected labels that differ in more than case, blanks or zeros, got ", Repr{other.text}, " beside ",
         Repr{first.text}, " in ", line(first), "; write them alike, or name the classes if they are two");
  }

 private:
  void add(const std::string& text, std::int64_t row) {
    if (text.find_first_not_of(" \t\r\n") == std::string::npos)
      fail(ErrorCode::invalid_argument, where(row), ": expected a label in column ", labels_.column,
           ", got an empty one");
    distinct_.push_back({text, row});
    read_label(distinct_.back());
  }

  std::string where(std::int64_t row) const { return labels_.where ? labels_.where(row) : str_cat("row ", row); }

  const LabelTexts& labels_;
  std::vector<Label> distinct_;
  std::vector<std::size_t> of_row_;  // the number of its label
};

}  // namespace detail

}  // namespace tl
