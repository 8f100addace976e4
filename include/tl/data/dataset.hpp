// A table of named columns as Python's datasets.Dataset. A Dataset is a cheap value: columns are shared and never
// change, and selecting, shuffling or splitting only makes new lists of row numbers, the texts stay where they are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/pcg64.hpp>
#include <tl/data/class_labels.hpp>
#include <tl/data/column.hpp>
#include <tl/data/column_view.hpp>
#include <tl/data/columns.hpp>
#include <tl/data/range.hpp>
#include <tl/data/row.hpp>
#include <tl/data/split_size.hpp>

namespace tl {

class DatasetDict;  // complete in <tl/data/dataset_dict.hpp>

namespace detail {
class Concatenation;  // complete in <tl/data/concatenate.hpp>
}  // namespace detail

/// Options of Dataset::map and map_batched.
struct MapOptions {
  std::int64_t batch_size = 1000;                ///< rows per call of a map_batched function
  std::vector<std::string> remove_columns = {};  ///< columns that the result does not keep
};

/// A table of named columns with the same number of rows.
class [[nodiscard]] Dataset {
 public:
  Dataset() = default;

  /// Takes columns of equal length, and where their rows were read if they come from a file. `bool_columns` are those
  /// of int64 whose 1 and 0 are booleans, so that class names made of them are True and False.
  /// Throws invalid_argument for a repeated name, shape for unequal lengths, not_found or dtype for a column
  /// of booleans that is not there or of another type.
  static Dataset from_columns(Columns columns, SourceLocations places = {},
                              const std::vector<std::string>& bool_columns = {}) {
    Dataset result;
    if (!columns.empty()) result.num_rows_ = detail::column_size(columns.front().values);
    std::set<std::string_view> names;  // there may be thousands
    for (NamedColumn& column : columns) {
      check(names.insert(column.name).second, ErrorCode::invalid_argument, "Dataset: expected every column once, got ",
            detail::Repr{column.name}, " twice");
      check(detail::column_size(column.values) == result.num_rows_, ErrorCode::shape, "Dataset: expected ",
            result.num_rows_, " rows in column ", detail::Repr{column.name}, " as in ",
            detail::Repr{columns.front().name}, ", got ", detail::column_size(column.values));
      result.columns_.push_back({.name = column.name});
      result.columns_.back().assign(std::move(column.values));
    }
    for (const std::string& name : bool_columns) {
      Column& column = result.columns_[result.index_of(name)];
      check_type(column, ColumnType::int64);
      column.booleans = true;
    }
    if (places.file.empty() && places.later.empty()) return result;
    check(static_cast<std::int64_t>(places.numbers.size()) == result.num_rows_, ErrorCode::shape,
          "Dataset: expected the places of ", result.num_rows_, " rows, got ", places.numbers.size());
    result.places_ = std::make_shared<const SourceLocations>(std::move(places));
    return result;
  }

  std::int64_t num_rows() const noexcept { return num_rows_; }
  std::int64_t size() const noexcept { return num_rows_; }

  std::vector<std::string> column_names() const {
    std::vector<std::string> names;
    for (const Column& column : columns_) names.push_back(column.name);
    return names;
  }

  bool has_column(std::string_view name) const noexcept { return position(name) < columns_.size(); }

  /// Name, type and class names of every column.
  std::vector<Feature> features() const {
    std::vector<Feature> features;
    for (const Column& c : columns_) features.push_back({c.name, tl::column_type(*c.values), c.class_names});
    return features;
  }

  ColumnType column_type(std::string_view name) const { return tl::column_type(*find(name).values); }

  /// Whether the 1 and 0 of a column of int64 are True and False. Throws not_found.
  bool is_boolean(std::string_view name) const { return find(name).booleans; }

  /// The names of the classes of a column, empty if it has none. Throws not_found.
  const std::vector<std::string>& class_names(std::string_view name) const { return find(name).class_names; }

  /// Which cells of a column hold no value, by row; empty: all rows have one. Throws not_found.
  std::vector<bool> nulls(std::string_view name) const {
    const Column& column = find(name);
    if (first_null(column) == num_rows_) return {};
    std::vector<bool> result;
    for (std::int64_t row = 0; row < num_rows_; ++row) result.push_back(is_null(column, row));
    return result;
  }

  /// Says which cells of a column hold no value, whatever there is: a flag per row. Throws not_found, shape.
  Dataset with_nulls(std::string_view name, const std::vector<bool>& nulls) const {
    Dataset result = *this;
    Column& column = result.columns_[index_of(name)];
    check(static_cast<std::int64_t>(nulls.size()) == num_rows_, ErrorCode::shape, "with_nulls: expected a flag for ",
          num_rows_, " rows, got ", nulls.size());
    if (column.rows) {  // a value may be that of several rows, of which only one is to be null
      column.assign(std::visit(
          [&](const auto& values) -> ColumnValues {
            std::decay_t<decltype(values)> own;
            own.reserve(nulls.size());
            for (std::int64_t row = 0; row < num_rows_; ++row) own.push_back(values[stored_row(column, row)]);
            return own;
          },
          *column.values));
    }
    column.nulls = std::make_shared<const std::vector<bool>>(nulls);
    return result;
  }

  /// Typed access to a column of which some cells may hold no value: they are empty, or 0. Throws not_found, dtype.
  template <ColumnElement T> ColumnView<T> column_with_nulls(std::string_view name) const {
    const Column& found = find(name);
    check_type(found, column_type_of<T>);
    return ColumnView<T>(found.values, found.rows, num_rows_);
  }

  /// Typed access to a column. Throws not_found with the existing columns, dtype, format with the first row that holds
  /// no value.
  template <ColumnElement T>
  ColumnView<T> column(std::initializer_list<const char*> names) const = delete;  // not a name from one to the other
  template <ColumnElement T> ColumnView<T> column(std::string_view name) const {
    const Column& found = find(name);
    check_type(found, column_type_of<T>);
    check_values(found);
    return ColumnView<T>(found.values, found.rows, num_rows_);
  }

  /// One row; negative numbers count from the end. Throws invalid_argument.
  Row operator[](std::int64_t row) const {
    const std::int64_t index = row < 0 ? row + num_rows_ : row;
    check(index >= 0 && index < num_rows_, ErrorCode::invalid_argument, "row ", row, " of a data set with ", num_rows_,
          " rows");
    return Row(*this, index);
  }

  /// Where a row was read, whatever has been selected, shuffled or mapped since: "train.csv, line 7"; empty for rows
  /// that come from no file. Throws invalid_argument outside [0, num_rows()).
  std::string place(std::int64_t row) const { return place(std::span(&row, 1)); }

  /// The same for several rows: "train.csv, lines 7, 3".
  std::string place(std::span<const std::int64_t> rows) const {
    if (!places_ || rows.empty()) return "";
    std::string text;
    for (std::size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
      const detail::FileOfRow file = file_of(rows[begin]);
      std::string numbers;
      for (; end < rows.size() && file_of(rows[end]).file == file.file; ++end)
        numbers += str_cat(end > begin ? ", " : " ", places_->numbers[read_row(rows[end])]);
      if (file.file.empty()) continue;
      text += str_cat(text.empty() ? "" : "; ", file.file, ", ", file.unit, end > begin + 1 ? "s" : "", numbers);
    }
    return text;
  }

  RowIterator begin() const { return {*this, 0}; }
  RowIterator end() const { return {*this, num_rows_}; }

  /// The rows of these numbers, in this order, repeated if a number is: `select({5, 3})`, `select(tl::range(1000))`.
  /// Throws invalid_argument.
  Dataset select(std::span<const std::int64_t> rows) const {
    for (const std::int64_t row : rows)
      check(row >= 0 && row < num_rows_, ErrorCode::invalid_argument, "select: expected row numbers in [0, ", num_rows_,
            "), got ", row);
    Dataset result = *this;
    result.num_rows_ = static_cast<std::int64_t>(rows.size());
    const Rows chosen = std::make_shared<const std::vector<std::int64_t>>(rows.begin(), rows.end());
    std::map<const std::vector<std::int64_t>*, Rows> done;  // columns of the same origin keep sharing one list
    const auto narrowed = [&](const Rows& list) {
      if (!list) return chosen;
      Rows& result_list = done[list.get()];
      if (result_list) return result_list;
      std::vector<std::int64_t> numbers;
      numbers.reserve(rows.size());
      for (const std::int64_t row : rows) numbers.push_back((*list)[static_cast<std::size_t>(row)]);
      return result_list = std::make_shared<const std::vector<std::int64_t>>(std::move(numbers));
    };
    for (Column& column : result.columns_) column.rows = narrowed(column.rows);
    if (places_) result.place_rows_ = narrowed(place_rows_);
    return result;
  }

  Dataset select(std::initializer_list<std::int64_t> rows) const {
    return select(std::span(rows.begin(), rows.size()));
  }

  /// Rows begin .. end-1. Throws invalid_argument unless 0 <= begin <= end <= num_rows().
  Dataset slice(std::int64_t begin, std::int64_t end) const {
    check(begin >= 0 && begin <= end && end <= num_rows_, ErrorCode::invalid_argument,
          "slice: expected 0 <= begin <= end <= ", num_rows_, ", got begin ", begin, " and end ", end);
    return select(range(begin, end));
  }

  /// The first n rows, or all if there are fewer, as Python's take. Throws invalid_argument for n < 0.
  Dataset take(std::int64_t n) const {
    check(n >= 0, ErrorCode::invalid_argument, "take: expected at least 0 rows, got ", n);
    return slice(0, std::min(n, num_rows_));
  }

  /// All rows but the first n. Throws invalid_argument outside [0, num_rows()], as Python's skip does.
  Dataset skip(std::int64_t n) const { return slice(n, num_rows_); }

  /// The rows in the order that datasets.Dataset.shuffle(seed=seed) gives them.
  Dataset shuffle(std::uint64_t seed) const { return select(Pcg64(seed).permutation(num_rows_)); }

  /// Splits as datasets.Dataset.train_test_split does; an empty data set gives two empty ones. Throws invalid_argument.
  DatasetDict train_test_split(const TrainTestSplitOptions& options = {}) const;

  /// The rows for which `keep(row)` is true.
  template <class Keep> Dataset filter(Keep&& keep) const {
    static_assert(std::is_invocable_r_v<bool, Keep, const Row&>,
                  "filter takes a function of const tl::Row& that returns bool");
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < num_rows_; ++i)
      if (keep(Row(*this, i))) rows.push_back(i);
    return select(rows);
  }

  /// Adds or replaces the cells that `function(row)` returns, row by row: old columns first, then new ones. Every row
  /// must give the same columns with the same types. Throws dtype or invalid_argument with the row otherwise.
  template <class Function> Dataset map(Function&& function, const MapOptions& options = {}) const {
    static_assert(std::is_invocable_r_v<Example, Function, const Row&>,
                  "map takes a function of const tl::Row& that returns tl::Example, e.g. {{\"length\", 3}}");
    Columns added;
    for (std::int64_t i = 0; i < num_rows_; ++i) {
      Example example = function(Row(*this, i));
      detail::append_example(added, std::move(example), i);
    }
    return with_columns(std::move(added), options, true);
  }

  /// The same for functions of a piece of batch_size rows (a Dataset itself) that return whole columns. If all old
  /// columns are in remove_columns, a batch may give any number of rows. Throws shape, dtype or invalid_argument.
  template <class Function> Dataset map_batched(Function&& function, const MapOptions& options = {}) const {
    static_assert(std::is_invocable_r_v<Columns, Function, const Dataset&>,
                  "map_batched takes a function of const tl::Dataset& that returns tl::Columns");
    check(options.batch_size >= 1, ErrorCode::invalid_argument, "map_batched: expected batch_size >= 1, got ",
          options.batch_size);
    Columns added;
    bool row_by_row = true;  // every batch gave as many rows as it has
    for (std::int64_t begin = 0; begin < num_rows_;) {
      const std::int64_t end = begin + std::min(options.batch_size, num_rows_ - begin);
      Columns batch = function(slice(begin, end));
      row_by_row = row_by_row && (batch.empty() || detail::column_size(batch.front().values) == end - begin);
      detail::append_columns(added, std::move(batch), begin, end);
      begin = end;
    }
    return with_columns(std::move(added), options, row_by_row);
  }

  /// Throws not_found, or invalid_argument if the new name exists.
  Dataset rename_column(std::string_view from, std::string to) const {
    Dataset result = *this;
    Column& column = result.columns_[index_of(from)];
    check(from == to || !has_column(to), ErrorCode::invalid_argument, "rename_column: expected a new name, got ",
          detail::Repr{to}, " which is a column already");
    column.name = std::move(to);
    return result;
  }

  /// Throws not_found.
  Dataset remove_columns(const std::vector<std::string>& names) const {
    check_columns(names);
    const std::set<std::string_view> removed(names.begin(), names.end());
    Dataset result = *this;
    std::erase_if(result.columns_, [&removed](const Column& column) { return removed.contains(column.name); });
    if (removed.size() < names.size()) {  // a name is repeated, and the column is gone the second time
      for (auto name = names.begin(); name != names.end(); ++name)
        if (std::find(names.begin(), name, *name) != name) (void)result.index_of(*name);
    }
    return result;
  }

  /// Keeps these columns, in this order. Throws not_found, or invalid_argument for a repeated name.
  Dataset select_columns(const std::vector<std::string>& names) const {
    check_columns(names);
    std::map<std::string_view, const Column*> column_of;
    for (const Column& column : columns_) column_of.emplace(column.name, &column);
    std::set<std::string_view> chosen;
    Dataset result = *this;
    result.columns_.clear();
    for (const std::string& name : names) {
      check(chosen.insert(name).second, ErrorCode::invalid_argument, "select_columns: expected every column once, got ",
            detail::Repr{name}, " twice");
      result.columns_.push_back(Column(*column_of.at(name)));
    }
    return result;
  }

  /// Gives class ids, or lists of them, their names, which are those of the positions: no value changes. Negative ids
  /// are those of rows without a label. Throws not_found, dtype for a column of other values, invalid_argument with the
  /// row for an id that has no name, or for a repeated name.
  Dataset with_class_names(std::string_view name, std::vector<std::string> names) const {
    Dataset result = *this;
    Column& column = result.columns_[index_of(name)];
    const std::set<std::string_view> distinct(names.begin(), names.end());
    check(distinct.size() == names.size(), ErrorCode::invalid_argument, "column ", detail::Repr{name},
          ": expected every class name once, got ", detail::shown_names(names));
    const auto check_id = [&](std::int64_t row, std::int64_t id) {
      if (id < static_cast<std::int64_t>(names.size())) return;
      const std::string where = place(row);
      fail(ErrorCode::invalid_argument, where.empty() ? str_cat("row ", row) : where, ": expected a class id below ",
           names.size(), " in column ", detail::Repr{name}, ", whose classes are ", detail::shown_names(names),
           ", got ", id);
    };
    const bool lists = tl::column_type(*column.values) == ColumnType::list_int32;
    if (!lists) check_type(column, ColumnType::int64);
    for (std::int64_t row = 0; row < num_rows_; ++row) {
      if (is_null(column, row)) continue;
      const std::size_t at = stored_row(column, row);
      if (!lists) check_id(row, (*std::get_if<std::vector<std::int64_t>>(column.values.get()))[at]);
      else
        for (const std::int32_t id : (*std::get_if<std::vector<std::vector<std::int32_t>>>(column.values.get()))[at])
          check_id(row, id);
    }
    column.class_names = std::move(names);
    column.booleans = false;
    return result;
  }

  /// The labels of a column, written as text: what read_class_labels takes. Class ids that have names are those names.
  /// Throws not_found, or dtype for a column of lists.
  LabelTexts label_texts(std::string_view name) const {
    const Column& column = find(name);
    LabelTexts labels{{}, column.name, source(), {}};
    labels.where = [places = select_columns({})](std::int64_t row) {
      const std::string place = places.places_ ? places.place(row) : "";
      return place.empty() ? str_cat("row ", row) : place;
    };
    const ColumnType type = tl::column_type(*column.values);
    if (type == ColumnType::string) {
      labels.values = this->column<std::string>(name).to_vector();
    } else if (type == ColumnType::float64) {
      for (const double value : this->column<double>(name)) labels.values.push_back(detail::python_text(value));
    } else {
      for (const std::int64_t value : this->column<std::int64_t>(name))
        labels.values.push_back(label_text(column, value));
    }
    return labels;
  }

  /// Class ids of the labels of a column by the one rule of <tl/data/class_labels.hpp>: with `classes` a label is one
  /// of their names, or else a position among them; without, the distinct labels are the classes. Throws what
  /// read_class_labels and label_texts throw.
  ClassLabels class_labels(std::string_view name, const KnownClasses& classes = {}) const {
    const LabelTexts labels = label_texts(name);
    return classes.names.empty() ? read_class_labels(labels) : read_class_labels(labels, classes);
  }

  /// Turns labels into class ids by label.names, as class_labels does, or gives names to class ids that had others.
  /// Throws invalid_argument with the row for a label that is no class or could be two, dtype for a fraction.
  Dataset cast_column(std::string_view name, const ClassLabel& label) const {
    Dataset result = *this;
    Column& column = result.columns_[index_of(name)];
    if (column.class_names.empty()) {
      if (num_rows_ > 0) {
        LabelTexts labels = label_texts(name);
        labels.source = str_cat("cast_column ", detail::Repr{name});
        labels.where = [where = std::move(labels.where), source = labels.source](std::int64_t row) {
          return str_cat(source, ", ", where(row));
        };
        column.assign(read_class_labels(labels, {label.names}).ids);
      }
    } else {
      const ColumnView<std::int64_t> ids(column.values, column.rows, num_rows_);
      for (std::int64_t row = 0; row < num_rows_; ++row)
        if (ids[row] != no_label && (ids[row] < 0 || ids[row] >= static_cast<std::int64_t>(label.names.size())))
          fail(ErrorCode::invalid_argument, "cast_column ", detail::Repr{name}, ", row ", row, ": expected one of ",
               detail::shown_names(label.names), ", got the class id ", ids[row]);
    }
    column.class_names = label.names;
    column.booleans = false;
    return result;
  }

  /// Class ids for the distinct values of a column, named and ordered by their texts, bytewise, as Python's
  /// class_encode_column; the number -100 stays what it is, no label. Throws invalid_argument with the row for an empty
  /// text, which is no label either, dtype for a column of lists.
  Dataset class_encode_column(std::initializer_list<const char*> names) const = delete;  // one column at a time
  Dataset class_encode_column(std::string_view name) const {
    const Column& column = find(name);
    const LabelTexts labels = label_texts(name);
    const bool texts = tl::column_type(*column.values) == ColumnType::string;
    const auto is_class = [&](const std::string& text) { return texts || (text != "-100" && text != "-100.0"); };
    std::map<std::string_view, std::int64_t> ids;
    for (std::size_t row = 0; row < labels.values.size(); ++row) {
      check(!labels.values[row].empty(), ErrorCode::invalid_argument, "class_encode_column ", detail::Repr{name}, ", ",
            labels.where(static_cast<std::int64_t>(row)), ": expected a label, got an empty one");
      if (is_class(labels.values[row])) ids.emplace(labels.values[row], 0);
    }
    std::vector<std::string> names;
    for (auto& [text, id] : ids) {
      id = static_cast<std::int64_t>(names.size());
      names.emplace_back(text);
    }
    std::vector<std::int64_t> encoded;
    for (const std::string& text : labels.values) encoded.push_back(is_class(text) ? ids.at(text) : no_label);
    Dataset result = *this;
    Column& target = result.columns_[index_of(name)];
    target.assign(std::move(encoded));
    target.class_names = std::move(names);
    target.booleans = false;
    return result;
  }

  friend std::ostream& operator<<(std::ostream& out, const Dataset& dataset) { return dataset.print(out, ""); }

 private:
  friend class DatasetDict;
  friend class Row;
  friend class detail::Concatenation;
  friend std::ostream& operator<<(std::ostream& out, const Row& row);

  using Rows = std::shared_ptr<const std::vector<std::int64_t>>;

  struct Column {
    std::string name;
    std::shared_ptr<const ColumnValues> values = nullptr;
    Rows rows = nullptr;  // row numbers in `values`; null: in their order
    std::vector<std::string> class_names = {};
    bool booleans = false;                                     // int64 that are named False and True
    std::shared_ptr<const std::vector<bool>> nulls = nullptr;  // which of `values` are none; null: all are values

    void assign(ColumnValues&& others) {
      values = std::make_shared<const ColumnValues>(std::move(others));
      rows = nullptr;
      nulls = nullptr;
    }
  };

  /// The number in places_ of a row.
  std::size_t read_row(std::int64_t row) const {
    check(row >= 0 && row < num_rows_, ErrorCode::invalid_argument, "row ", row, " of a data set with ", num_rows_,
          " rows");
    return static_cast<std::size_t>(place_rows_ ? (*place_rows_)[static_cast<std::size_t>(row)] : row);
  }

  /// The file that a row was read from.
  detail::FileOfRow file_of(std::int64_t row) const {
    const auto number = static_cast<std::int64_t>(read_row(row));
    const auto after = std::ranges::partition_point(
        places_->later, [number](const LaterFile& later) { return later.first_row <= number; });
    if (after == places_->later.begin()) return {places_->file, places_->unit};
    return {std::prev(after)->file, std::prev(after)->unit};
  }

  /// Begins sentences about all rows: "train.csv"; empty for rows that come from no file.
  std::string source() const {
    if (!places_ || places_->later.empty()) return places_ ? places_->file : "";
    return str_cat(places_->file, " and ", places_->later.size(), " more");
  }

  /// The number of a column, or that of columns if there is none of that name.
  std::size_t position(std::string_view name) const noexcept {
    std::size_t i = 0;
    while (i < columns_.size() && columns_[i].name != name) ++i;
    return i;
  }

  std::size_t index_of(std::string_view name) const {
    const std::size_t i = position(name);
    if (i < columns_.size()) return i;
    fail(ErrorCode::not_found, "expected a column ", detail::Repr{name}, ", the columns are ",
         detail::python_text(column_names()));
  }

  const Column& find(std::string_view name) const { return columns_[index_of(name)]; }

  /// Throws not_found for the first name that no column has.
  void check_columns(const std::vector<std::string>& names) const {
    if (names.empty()) return;
    std::set<std::string_view> known;
    for (const Column& column : columns_) known.insert(column.name);
    for (const std::string& name : names)
      if (!known.contains(name)) (void)index_of(name);
  }

  static void check_type(const Column& column, ColumnType expected) {
    const ColumnType type = tl::column_type(*column.values);
    check(type == expected, ErrorCode::dtype, "column ", detail::Repr{column.name}, ": expected ", to_string(expected),
          ", got ", to_string(type));
  }

  static std::string label_text(const Column& column, std::int64_t value) {
    if (column.booleans && (value == 0 || value == 1)) return value == 1 ? "True" : "False";
    const bool named = value >= 0 && value < static_cast<std::int64_t>(column.class_names.size());
    return named ? column.class_names[static_cast<std::size_t>(value)] : std::to_string(value);
  }

  static std::size_t stored_row(const Column& column, std::int64_t row) {
    return static_cast<std::size_t>(column.rows ? (*column.rows)[static_cast<std::size_t>(row)] : row);
  }

  static bool is_null(const Column& column, std::int64_t row) {
    return column.nulls != nullptr && (*column.nulls)[stored_row(column, row)];
  }

  /// The first row of a column that holds no value, or num_rows_.
  std::int64_t first_null(const Column& column) const {
    std::int64_t row = column.nulls == nullptr ? num_rows_ : 0;
    while (row < num_rows_ && !is_null(column, row)) ++row;
    return row;
  }

  /// Throws format for a row that holds no value.
  void check_value(const Column& column, std::int64_t row) const {
    if (!is_null(column, row)) return;
    const std::string where = place(row);
    fail(ErrorCode::format, where.empty() ? str_cat("row ", row) : where, ", column ", detail::Repr{column.name},
         ": expected a value, got null; fill it where the data come from, or drop such rows with filter and is_null");
  }

  void check_values(const Column& column) const {
    if (const std::int64_t row = first_null(column); row < num_rows_) check_value(column, row);
  }

  static Value cell(const Column& column, std::int64_t row) {
    return std::visit([&](const auto& values) { return Value(values[stored_row(column, row)]); }, *column.values);
  }

  /// Old columns without the removed ones, new values in the place of the old for a known name, then what is new.
  /// `row_by_row`: each new row was made from the old row of its number.
  Dataset with_columns(Columns added, const MapOptions& options, bool row_by_row) const {
    Dataset result;
    result.num_rows_ = num_rows_;
    if (row_by_row) {
      result.places_ = places_;
      result.place_rows_ = place_rows_;
    }
    std::map<std::string_view, std::size_t> position_of;  // of the columns of the result
    std::set<std::string_view> new_names;
    for (const NamedColumn& column : added) new_names.insert(column.name);
    check_columns(options.remove_columns);
    const std::set<std::string_view> dropped(options.remove_columns.begin(), options.remove_columns.end());
    bool all_replaced = true;
    for (const Column& column : columns_) {
      const bool replaced = new_names.contains(column.name), removed = dropped.contains(column.name);
      if (replaced || !removed) {
        position_of.emplace(column.name, result.columns_.size());
        result.columns_.push_back(Column(column));
      }
      all_replaced = all_replaced && (replaced || removed);
    }
    if (all_replaced && !added.empty()) result.num_rows_ = detail::column_size(added.front().values);
    for (NamedColumn& column : added) {
      check(detail::column_size(column.values) == result.num_rows_, ErrorCode::shape, "map: expected ",
            result.num_rows_, " rows in column ", detail::Repr{column.name}, ", got ",
            detail::column_size(column.values),
            all_replaced ? "" : "; name the other columns in remove_columns to change the number of rows");
      const std::size_t at = position_of.emplace(column.name, result.columns_.size()).first->second;
      if (at == result.columns_.size()) result.columns_.push_back({.name = column.name});
      if (tl::column_type(column.values) != ColumnType::int64) result.columns_[at].class_names.clear();
      result.columns_[at].booleans = false;
      result.columns_[at].assign(std::move(column.values));
    }
    return result;
  }

  std::ostream& print(std::ostream& out, const std::string& indent) const {
    return out << "Dataset({\n"
               << indent << "    features: " << detail::python_text(column_names()) << ",\n"
               << indent << "    num_rows: " << num_rows_ << "\n"
               << indent << "})";
  }

  std::vector<Column> columns_;
  std::int64_t num_rows_ = 0;
  std::shared_ptr<const SourceLocations> places_;  // null: the rows come from no file
  Rows place_rows_;                                // row numbers in places_; null: in their order
};

template <ColumnElement T> const T& Row::get(std::string_view column) const {
  const auto& found = dataset_->find(column);
  Dataset::check_type(found, column_type_of<T>);
  dataset_->check_value(found, index_);
  return (*std::get_if<std::vector<T>>(found.values.get()))[Dataset::stored_row(found, index_)];
}

inline bool Row::is_null(std::string_view column) const { return Dataset::is_null(dataset_->find(column), index_); }

inline Value Row::at(std::string_view column) const {
  const auto& found = dataset_->find(column);
  dataset_->check_value(found, index_);
  return Dataset::cell(found, index_);
}

inline std::ostream& operator<<(std::ostream& out, const Row& row) {
  out << '{';
  std::string_view comma;
  for (const auto& column : row.dataset_->columns_) {
    out << comma << python_repr(column.name) << ": ";
    if (Dataset::is_null(column, row.index_)) out << "None";
    else out << Dataset::cell(column, row.index_);
    comma = ", ";
  }
  return out << '}';
}

}  // namespace tl
