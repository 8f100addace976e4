// What the labels of a column mean: the one place that turns what files hold into class ids. A label is a name first.
// If the classes have names and every label, written as text, is one of them, the labels are names; only if none is,
// and they are whole numbers in [0, number of classes), they are positions. A mixture is refused with both readings,
// and so is every other label that could be two classes. Without names the sorted distinct labels become the names.
//
// "1.0" reads as "1", "TRUE" as "True", and " Pos" as "pos" if one name alone fits; what was read otherwise than it is
// written is said. A label -100 is none: the row has no loss and does not count.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/column.hpp>
#include <tl/data/label_column.hpp>
#include <tl/data/parse_text.hpp>

namespace tl {

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
  bool are_positions = false;      ///< among names of classes, none of which a label is
};

namespace detail {

/// Gives the rows their ids, and says how many have none.
inline void set_ids(const LabelColumn& column, const std::vector<std::int64_t>& ids, ClassLabels& result) {
  const std::int64_t ignored = column.ignored_rows();
  if (ignored > 0)
    result.decision += str_cat("; ", ignored, ignored == 1 ? " row" : " rows", " with -100 have no label");
  result.ids = column.of_rows(ids);
}

/// Class names by spelling.
class ClassNames {
 public:
  ClassNames(const std::vector<std::string>& names, const std::string& column) {
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

/// Labels whose classes are known.
class KnownClassReader {
 public:
  KnownClassReader(const LabelTexts& labels, const KnownClasses& classes)
      : column_(labels), classes_(classes), names_(classes.names, labels.column) {}

  /// Class ids by the names of the classes, or by their positions.
  ClassLabels read() {
    std::vector<Label>& distinct = column_.distinct();
    // A class may have the name -100.
    for (Label& label : distinct)
      if (label.is_ignored() && !names_.places(label).empty()) label.kind = Label::Kind::whole;
    std::vector<std::int64_t> ids(distinct.size(), no_label);
    const Label *named = nullptr, *unnamed = nullptr;
    for (std::size_t i = 0; i < distinct.size(); ++i) {
      if (distinct[i].is_ignored()) continue;
      const auto places = names_.places(distinct[i]);
      if (places.size() > 1) fail_ambiguous(distinct[i], places);
      const Label*& first = places.empty() ? unnamed : named;
      if (first == nullptr) first = &distinct[i];
      if (!places.empty()) ids[i] = places.front();
    }
    ClassLabels result{classes_.names, {}, {}};
    if (unnamed == nullptr) {
      if (named == nullptr) column_.fail_all_ignored();
      result.decision = names_decision(ids, result.as_written);
    } else if (named != nullptr) {
      fail_mixture(*named);
    } else {
      read_positions(ids);
      result.decision = positions_decision(ids);
      result.are_positions = true;
      result.as_written = std::ranges::all_of(distinct, [](const Label& label) { return label.key == label.text; }) &&
                          std::ranges::none_of(distinct, [](const Label& l) { return l.kind == Label::Kind::boolean; });
    }
    set_ids(column_, ids, result);
    return result;
  }

 private:
  std::string origin() const { return classes_.origin.empty() ? "" : str_cat("; the classes are ", classes_.origin); }

  std::string names_decision(const std::vector<std::int64_t>& ids, bool& as_written) const {
    std::string decision = str_cat(column_.about(), " are names of classes");
    std::size_t others = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (column_.distinct()[i].is_ignored()) continue;
      const std::string& name = classes_.names[static_cast<std::size_t>(ids[i])];
      if (name == column_.distinct()[i].text) continue;
      as_written = false;
      if (++others <= 3)
        decision += str_cat(others == 1 ? "; " : ", ", Repr{column_.distinct()[i].text}, " is read as ", Repr{name});
    }
    if (others > 3) decision += str_cat(" and ", others - 3, " more");
    return decision;
  }

  std::string positions_decision(const std::vector<std::int64_t>& ids) const {
    std::string decision =
        str_cat(column_.about(), " are positions, from 0, among the classes ", shown_names(classes_.names));
    if (std::ranges::find(ids, 0) == ids.end()) decision += "; none of them is 0";
    return decision;
  }

  /// Labels of which none is a name.
  void read_positions(std::vector<std::int64_t>& ids) const {
    const auto count = static_cast<std::int64_t>(classes_.names.size());
    const bool boolean = booleans_are_positions(classes_.names);
    std::size_t used = 0;
    for (std::size_t i = 0; i < column_.distinct().size(); ++i) {
      const Label& label = column_.distinct()[i];
      if (label.is_ignored()) continue;
      const bool fits = label.kind == Label::Kind::whole || (label.kind == Label::Kind::boolean && boolean);
      if (!fits || label.number < 0 || label.number >= count) fail_unknown(label);
      ids[i] = label.number;
      ++used;
    }
    check_two_readings(used);
  }

  /// True is 1 whatever the classes are called, if they are called by their numbers.
  static bool booleans_are_positions(const std::vector<std::string>& names) {
    return names == std::vector<std::string>{"LABEL_0", "LABEL_1"} || names == std::vector<std::string>{"0", "1"};
  }

  /// Refuses positions among names that mean other numbers.
  void check_two_readings(std::size_t used) const {
    const std::vector<std::string>& names = classes_.names;
    bool numbers = true, boolean = names.size() == 2;
    for (const std::string& name : names) {
      Label label{name, 0};
      read_label(label);
      numbers = numbers && label.is_number();
      boolean = boolean && label.kind == Label::Kind::boolean;
    }
    const Label* const first = column_.first();
    std::int64_t first_name = 0;
    if (boolean && parse_bool(trimmed(names[0]), first_name) && first_name == 1)
      fail(ErrorCode::invalid_argument, column_.where(*first), ": got ", Repr{first->text}, " in column ",
           column_.name(), ", which is a boolean of another class than its position among ", shown_names(names),
           "; write the labels as names");
    if (numbers && used < names.size())
      fail(ErrorCode::invalid_argument, column_.where(*first), ": expected ", column_.name(), " to be one of ",
           shown_names(names), ", got ", Repr{first->text}, ", which is no name and may be a position",
           "; write the labels as names", origin());
  }

  /// A label that is neither a name nor a position.
  [[noreturn]] void fail_unknown(const Label& label) const {
    column_.check_same_kind();
    if (label.kind == Label::Kind::fraction) column_.fail_fraction(label);
    if (label.kind == Label::Kind::whole)
      fail(ErrorCode::invalid_argument, column_.where(label), ": expected ", column_.name(), " in [0, ",
           classes_.names.size(), "), got ", label.text, "; the classes are ", shown_names(classes_.names),
           classes_.origin.empty() ? "" : ", ", classes_.origin);
    fail(ErrorCode::invalid_argument, column_.where(label), ": expected ", column_.name(), " to be one of ",
         shown_names(classes_.names), ", got ", Repr{label.text}, origin());
  }

  [[noreturn]] void fail_mixture(const Label& named) const {
    const auto count = static_cast<std::int64_t>(classes_.names.size());
    const Label* position = nullptr;
    for (const Label& label : column_.distinct()) {
      if (label.is_ignored() || !names_.places(label).empty()) continue;
      if (label.kind != Label::Kind::whole || label.number < 0 || label.number >= count)
        fail(ErrorCode::invalid_argument, column_.where(label), ": expected ", column_.name(), " to be one of ",
             shown_names(classes_.names), ", got ", Repr{label.text}, origin());
      if (position == nullptr) position = &label;
    }
    fail(ErrorCode::invalid_argument, column_.where(*position), ": expected the labels in column ", column_.name(),
         " to be all names or all positions, got ", Repr{position->text}, ", the position of ",
         Repr{classes_.names[static_cast<std::size_t>(position->number)]}, ", beside ", Repr{named.text}, " in ",
         column_.line(named), ", the name of class ", names_.places(named).front(), "; write all as names", origin());
  }

  [[noreturn]] void fail_ambiguous(const Label& label, const std::vector<std::int64_t>& places) const {
    fail(ErrorCode::invalid_argument, column_.where(label), ": expected ", column_.name(), " to be one of ",
         shown_names(classes_.names), ", got ", Repr{label.text}, ", which may be ",
         Repr{classes_.names[static_cast<std::size_t>(places[0])]}, " and ",
         Repr{classes_.names[static_cast<std::size_t>(places[1])]});
  }

  LabelColumn column_;
  const KnownClasses& classes_;
  ClassNames names_;
};

/// The labels that give the classes their names, one of each spelling, in the order of the classes.
inline std::vector<std::size_t> naming_labels(const LabelColumn& column) {
  const std::vector<Label>& distinct = column.distinct();
  std::map<std::string_view, std::size_t> first_of;  // by key
  std::vector<std::size_t> classes;
  for (std::size_t i = 0; i < distinct.size(); ++i) {
    if (distinct[i].is_ignored()) continue;
    const auto [found, is_new] = first_of.emplace(distinct[i].key, i);
    if (is_new) classes.push_back(i);
    else column.check_same_name(distinct[found->second], distinct[i]);
  }
  if (classes.empty()) column.fail_all_ignored();
  if (classes.size() == 1)
    fail(ErrorCode::invalid_argument, column.source(), column.source().empty() ? "" : ": ",
         "expected at least two classes in column ", column.name(), ", got one, ", Repr{name_of(distinct[classes[0]])},
         "; name all classes if there are others");
  const bool numbers = std::ranges::all_of(classes, [&](auto i) { return distinct[i].kind == Label::Kind::whole; });
  std::ranges::sort(classes, [&](std::size_t a, std::size_t b) {
    if (numbers) return distinct[a].number < distinct[b].number;
    return name_of(distinct[a]) < name_of(distinct[b]);
  });
  return classes;
}

}  // namespace detail

/// Class ids of labels whose classes are known. Throws invalid_argument for a label that is no class or could be two,
/// dtype for a fraction.
inline ClassLabels read_class_labels(const LabelTexts& labels, const KnownClasses& classes) {
  return detail::KnownClassReader(labels, classes).read();
}

/// Class ids of labels that name the classes themselves: numbers in numeric order, False before True, other names in
/// byte order. Throws invalid_argument for fewer than two classes, for an empty label, for labels that differ in
/// spelling only and for one that is not of the kind of the others, dtype for fractions.
inline ClassLabels read_class_labels(const LabelTexts& labels) {
  const detail::LabelColumn column(labels);
  column.check_same_kind();
  column.check_fractions();
  ClassLabels result;
  std::map<std::string_view, std::int64_t> id_of;
  for (const std::size_t i : detail::naming_labels(column)) {
    const detail::Label& label = column.distinct()[i];
    id_of.emplace(label.key, static_cast<std::int64_t>(result.names.size()));
    result.names.push_back(detail::name_of(label));
  }
  std::vector<std::int64_t> ids;
  for (const detail::Label& label : column.distinct()) {
    ids.push_back(label.is_ignored() ? no_label : id_of.at(label.key));
    result.as_written = result.as_written && (label.is_ignored() || detail::name_of(label) == label.text);
  }
  result.decision =
      str_cat(column.about(), " name ", result.names.size(), " classes, ", detail::shown_names(result.names));
  detail::set_ids(column, ids, result);
  return result;
}

}  // namespace tl
