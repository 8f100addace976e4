// What the labels of a column mean: the one place that turns what files hold into class ids. A label is a name first.
// If the classes have names and every label, written as text, is one of them, the labels are names; only if none is,
// and they are whole numbers in [0, number of classes), they are positions. A mixture is refused with both readings,
// and so is every other label that could be two classes. Without names the sorted distinct labels become the names.
//
// "1.0" reads as "1", "TRUE" as "True", and " Pos" as "pos" if one name alone fits; what was read otherwise than it is
// written is said. A label -100 is none: the row has no loss and does not count.
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

/// The classes that labels may be.
struct KnownClasses {
  std::vector<std::string> names;  ///< in the order of their ids
  std::string origin = {};         ///< of the names, for errors: "the labels of train.csv"
};

/// Labels that became class ids.
struct ClassLabels {
  std::vector<std::string> names;  ///< in the order of their ids
  std::vector<std::int64_t> ids;   ///< of every row; no_label for -100
  std::string decision;            ///< how the labels were read, in one line
  bool as_written = true;          ///< every label is a name letter by letter, or every one a position
};

namespace detail {

/// One distinct label of a column.
struct Label {
  enum class Kind { ignored, whole, fraction, truth, text };

  std::string_view text;  // as it is written
  std::int64_t first_row;
  std::int64_t rows = 0;
  Kind kind = Kind::text;
  std::int64_t number = 0;  // of whole numbers and truth values
  std::string key = {};     // equal for labels that differ in spelling only

  bool is_number() const { return kind == Kind::whole || kind == Kind::fraction; }
};

/// Finds kind, number and key of a text that is not blank.
inline void read_label(Label& label) {
  const std::string_view text = trimmed(label.text);
  double real = 0;
  if (parse_truth(text, label.number)) {
    label.kind = Label::Kind::truth;
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
  return join(text, ", ... ", names.size() - most, " more]");
}

/// The distinct labels of a column, and the decisions about them.
class LabelReader {
 public:
  /// Throws invalid_argument with the row of an empty label.
  explicit LabelReader(const LabelTexts& labels) : labels_(labels) {
    std::map<std::string_view, std::size_t> number_of;
    for (const std::string& text : labels.values) {
      const auto row = static_cast<std::int64_t>(of_row_.size());
      const auto [found, is_new] = number_of.emplace(text, distinct_.size());
      if (is_new) add(text, row);
      of_row_.push_back(found->second);
      ++distinct_[found->second].rows;
    }
  }

  /// Class ids by the names of the classes.
  ClassLabels read(const KnownClasses& classes) {
    Names names(classes.names, labels_.column);
    // A class may have the name -100.
    for (Label& label : distinct_)
      if (label.kind == Label::Kind::ignored && !names.places(label).empty()) label.kind = Label::Kind::whole;
    std::vector<std::int64_t> ids(distinct_.size(), no_label);
    const Label *named = nullptr, *unnamed = nullptr;
    for (std::size_t i = 0; i < distinct_.size(); ++i) {
      if (distinct_[i].kind == Label::Kind::ignored) continue;
      const auto places = names.places(distinct_[i]);
      if (places.size() > 1) fail_ambiguous(distinct_[i], classes, places);
      const Label*& first = places.empty() ? unnamed : named;
      if (first == nullptr) first = &distinct_[i];
      if (!places.empty()) ids[i] = places.front();
    }
    ClassLabels result{classes.names, {}, {}};
    if (unnamed == nullptr) {
      if (named == nullptr) fail_all_ignored();
      result.decision = names_decision(classes, ids, result.as_written);
    } else if (named != nullptr) {
      fail_mixture(classes, names, *named);
    } else {
      read_positions(classes, ids);
      result.decision = positions_decision(classes, ids);
      result.as_written = std::ranges::all_of(distinct_, [](const Label& label) { return label.key == label.text; }) &&
                          std::ranges::none_of(distinct_, [](const Label& l) { return l.kind == Label::Kind::truth; });
    }
    finish(result, ids);
    return result;
  }

  /// Class names from the labels themselves.
  ClassLabels read() {
    check_same_kind();
    check_fractions();
    std::map<std::string_view, std::size_t> first_of;  // by key
    std::vector<std::size_t> classes;                  // labels that give the names
    for (std::size_t i = 0; i < distinct_.size(); ++i) {
      if (distinct_[i].kind == Label::Kind::ignored) continue;
      const auto [found, is_new] = first_of.emplace(distinct_[i].key, i);
      if (is_new) classes.push_back(i);
      else check_same_name(distinct_[found->second], distinct_[i]);
    }
    if (classes.empty()) fail_all_ignored();
    if (classes.size() == 1)
      fail(ErrorCode::invalid_argument, labels_.source, labels_.source.empty() ? "" : ": ",
           "expected at least two classes in column ", labels_.column, ", got one, ",
           Repr{name_of(distinct_[classes[0]])}, "; name all classes if there are others");
    const bool numbers =
        std::ranges::all_of(classes, [this](auto i) { return distinct_[i].kind == Label::Kind::whole; });
    std::ranges::sort(classes, [&](std::size_t a, std::size_t b) {
      if (numbers) return distinct_[a].number < distinct_[b].number;
      return name_of(distinct_[a]) < name_of(distinct_[b]);
    });
    ClassLabels result;
    std::map<std::string_view, std::int64_t> id_of;
    for (const std::size_t i : classes) {
      id_of.emplace(distinct_[i].key, static_cast<std::int64_t>(result.names.size()));
      result.names.push_back(name_of(distinct_[i]));
    }
    std::vector<std::int64_t> ids;
    for (const Label& label : distinct_) {
      ids.push_back(label.kind == Label::Kind::ignored ? no_label : id_of.at(label.key));
      result.as_written = result.as_written && (label.kind == Label::Kind::ignored || name_of(label) == label.text);
    }
    result.decision = join(about(), " name ", result.names.size(), " classes, ", shown_names(result.names));
    finish(result, ids);
    return result;
  }

 private:
  /// Class names by spelling.
  class Names {
   public:
    Names(const std::vector<std::string>& names, const std::string& column) {
      for (const std::string& name : names) {
        const auto place = static_cast<std::int64_t>(count_++);
        if (trimmed(name).empty()) continue;  // no label can mean it
        check(exact_.emplace(name, place).second, ErrorCode::invalid_argument, column,
              ": expected every class name once, got ", shown_names(names));
        Label as_label{name, 0};
        read_label(as_label);
        near_[std::move(as_label.key)].push_back(place);
      }
    }

    /// The one class of that name, else all whose names differ in spelling only.
    std::vector<std::int64_t> places(const Label& label) const {
      if (const auto exact = exact_.find(label.text); exact != exact_.end()) return {exact->second};
      const auto near = near_.find(label.key);
      return near == near_.end() ? std::vector<std::int64_t>() : near->second;
    }

   private:
    std::size_t count_ = 0;
    std::map<std::string_view, std::int64_t> exact_;
    std::map<std::string, std::vector<std::int64_t>> near_;
  };

  void add(const std::string& text, std::int64_t row) {
    if (text.find_first_not_of(" \t\r\n") == std::string::npos)
      fail(ErrorCode::invalid_argument, where(row), ": expected a label in column ", labels_.column,
           ", got an empty one");
    distinct_.push_back({text, row});
    read_label(distinct_.back());
  }

  std::string where(std::int64_t row) const { return labels_.where ? labels_.where(row) : join("row ", row); }
  std::string where(const Label& label) const { return where(label.first_row); }

  /// "line 7" of the place "train.csv, line 7", for a sentence that names the file already.
  std::string line(const Label& label) const {
    std::string place = where(label);
    const std::size_t file = labels_.source.size() + 2;
    return !labels_.source.empty() && place.starts_with(labels_.source + ", ") ? place.substr(file) : place;
  }

  std::string about() const {
    return join(labels_.source, labels_.source.empty() ? "" : ": ", "the labels in column ", labels_.column);
  }

  static std::string origin(const KnownClasses& classes) {
    return classes.origin.empty() ? "" : join("; the classes are ", classes.origin);
  }

  /// The name of a class that is made of its label.
  static std::string name_of(const Label& label) {
    const std::string_view text = trimmed(label.text);
    const bool leading_zero = text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
    return (label.kind == Label::Kind::whole && !leading_zero) || label.kind == Label::Kind::truth ? label.key
                                                                                                   : std::string(text);
  }

  void finish(ClassLabels& result, const std::vector<std::int64_t>& ids) const {
    std::int64_t ignored = 0;
    for (const Label& label : distinct_) ignored += label.kind == Label::Kind::ignored ? label.rows : 0;
    if (ignored > 0)
      result.decision += join("; ", ignored, ignored == 1 ? " row" : " rows", " with -100 have no label");
    for (const std::size_t number : of_row_) result.ids.push_back(ids[number]);
  }

  std::string names_decision(const KnownClasses& classes, const std::vector<std::int64_t>& ids,
                             bool& as_written) const {
    std::string decision = join(about(), " are names of classes");
    std::size_t others = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (distinct_[i].kind == Label::Kind::ignored) continue;
      const std::string& name = classes.names[static_cast<std::size_t>(ids[i])];
      if (name == distinct_[i].text) continue;
      as_written = false;
      if (++others <= 3)
        decision += join(others == 1 ? "; " : ", ", Repr{distinct_[i].text}, " is read as ", Repr{name});
    }
    if (others > 3) decision += join(" and ", others - 3, " more");
    return decision;
  }

  std::string positions_decision(const KnownClasses& classes, const std::vector<std::int64_t>& ids) const {
    std::string decision = join(about(), " are positions, from 0, among the classes ", shown_names(classes.names));
    if (std::ranges::find(ids, 0) == ids.end()) decision += "; none of them is 0";
    return decision;
  }

  /// Labels of which none is a name.
  void read_positions(const KnownClasses& classes, std::vector<std::int64_t>& ids) const {
    const auto count = static_cast<std::int64_t>(classes.names.size());
    const bool truth = truth_values_are_positions(classes.names);
    std::size_t used = 0;
    for (std::size_t i = 0; i < distinct_.size(); ++i) {
      const Label& label = distinct_[i];
      if (label.kind == Label::Kind::ignored) continue;
      const bool fits = label.kind == Label::Kind::whole || (label.kind == Label::Kind::truth && truth);
      if (!fits || label.number < 0 || label.number >= count) fail_unknown(label, classes);
      ids[i] = label.number;
      ++used;
    }
    check_two_readings(classes, used);
  }

  /// True is 1 whatever the classes are called, if they are called by their numbers.
  static bool truth_values_are_positions(const std::vector<std::string>& names) {
    return names == std::vector<std::string>{"LABEL_0", "LABEL_1"} || names == std::vector<std::string>{"0", "1"};
  }

  /// Refuses positions among names that mean other numbers.
  void check_two_readings(const KnownClasses& classes, std::size_t used) const {
    const std::vector<std::string>& names = classes.names;
    bool numbers = true, truth = names.size() == 2;
    for (const std::string& name : names) {
      Label label{name, 0};
      read_label(label);
      numbers = numbers && label.is_number();
      truth = truth && label.kind == Label::Kind::truth;
    }
    const Label* first = nullptr;
    for (const Label& label : distinct_)
      if (first == nullptr && label.kind != Label::Kind::ignored) first = &label;
    std::int64_t first_name = 0;
    if (truth && parse_truth(trimmed(names[0]), first_name) && first_name == 1)
      fail(ErrorCode::invalid_argument, where(*first), ": got ", Repr{first->text}, " in column ", labels_.column,
           ", which is a truth value of another class than its position among ", shown_names(names),
           "; write the labels as names");
    if (numbers && used < names.size())
      fail(ErrorCode::invalid_argument, where(*first), ": expected ", labels_.column, " to be one of ",
           shown_names(names), ", got ", Repr{first->text}, ", which is no name and may be a position",
           "; write the labels as names", origin(classes));
  }

  /// A label that is neither a name nor a position.
  [[noreturn]] void fail_unknown(const Label& label, const KnownClasses& classes) const {
    check_same_kind();
    if (label.kind == Label::Kind::fraction) fail_fraction(label);
    if (label.kind == Label::Kind::whole)
      fail(ErrorCode::invalid_argument, where(label), ": expected ", labels_.column, " in [0, ", classes.names.size(),
           "), got ", label.text, "; the classes are ", shown_names(classes.names), classes.origin.empty() ? "" : ", ",
           classes.origin);
    fail(ErrorCode::invalid_argument, where(label), ": expected ", labels_.column, " to be one of ",
         shown_names(classes.names), ", got ", Repr{label.text}, origin(classes));
  }

  [[noreturn]] void fail_mixture(const KnownClasses& classes, const Names& names, const Label& named) const {
    const auto count = static_cast<std::int64_t>(classes.names.size());
    const Label* position = nullptr;
    for (const Label& label : distinct_) {
      if (label.kind == Label::Kind::ignored || !names.places(label).empty()) continue;
      if (label.kind != Label::Kind::whole || label.number < 0 || label.number >= count)
        fail(ErrorCode::invalid_argument, where(label), ": expected ", labels_.column, " to be one of ",
             shown_names(classes.names), ", got ", Repr{label.text}, origin(classes));
      if (position == nullptr) position = &label;
    }
    fail(ErrorCode::invalid_argument, where(*position), ": expected the labels in column ", labels_.column,
         " to be all names or all positions, got ", Repr{position->text}, ", the position of ",
         Repr{classes.names[static_cast<std::size_t>(position->number)]}, ", beside ", Repr{named.text}, " in ",
         line(named), ", the name of class ", names.places(named).front(), "; write all as names", origin(classes));
  }

  [[noreturn]] void fail_ambiguous(const Label& label, const KnownClasses& classes,
                                   const std::vector<std::int64_t>& places) const {
    fail(ErrorCode::invalid_argument, where(label), ": expected ", labels_.column, " to be one of ",
         shown_names(classes.names), ", got ", Repr{label.text}, ", which may be ",
         Repr{classes.names[static_cast<std::size_t>(places[0])]}, " and ",
         Repr{classes.names[static_cast<std::size_t>(places[1])]});
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
      others += label.is_number() || label.kind == Label::Kind::ignored ? 0 : 1;
      if (fraction == nullptr && label.kind == Label::Kind::fraction) fraction = &label;
    }
    if (fraction != nullptr && others == 0) fail_fraction(*fraction);
  }

  /// If most labels are numbers and one is not, that one is a slip ("nan", "pos"), and a class of its own would hide
  /// it. Truth values beside numbers may be the same classes or others.
  void check_same_kind() const {
    const Label *number = nullptr, *other = nullptr, *truth = nullptr;
    std::int64_t numbers = 0;
    for (const Label& label : distinct_) {
      const bool is_number = label.is_number() || label.kind == Label::Kind::ignored;
      numbers += is_number ? label.rows : 0;
      const Label*& first = is_number ? number : other;
      if (first == nullptr) first = &label;
      if (truth == nullptr && label.kind == Label::Kind::truth) truth = &label;
    }
    if (number == nullptr || other == nullptr) return;
    if (2 * numbers > static_cast<std::int64_t>(of_row_.size()) || truth != nullptr)
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

  const LabelTexts& labels_;
  std::vector<Label> distinct_;
  std::vector<std::size_t> of_row_;  // the number of its label
};

}  // namespace detail

/// Class ids of labels whose classes are known. Throws invalid_argument for a label that is no class or could be two,
/// dtype for a fraction.
inline ClassLabels read_class_labels(const LabelTexts& labels, const KnownClasses& classes) {
  return detail::LabelReader(labels).read(classes);
}

/// Class ids of labels that name the classes themselves: numbers in numeric order, False before True, other names in
/// byte order. Throws invalid_argument for fewer than two classes, for an empty label, for labels that differ in
/// spelling only and for one that is not of the kind of the others, dtype for fractions.
inline ClassLabels read_class_labels(const LabelTexts& labels) { return detail::LabelReader(labels).read(); }

}  // namespace tl
