// What the format strings of Arrow's C Data Interface mean, and which of them a column of a data set can be made of.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/arrow/arrow_abi.hpp>
#include <tl/data/column.hpp>

namespace tl::detail {

/// Where an array is, for sentences. `source` begins them: a file, or what was called.
struct ArrowPlace {
  std::string source;
  std::string column;
  std::int64_t first_row = 0;  ///< the number of the array's first row
  std::string_view advice;     ///< what to do about a column that cannot be read

  std::string of_column() const { return str_cat(source, ", column ", python_repr(column)); }
  std::string of_row(std::int64_t row) const {
    return str_cat(source, ", row ", first_row + row, ", column ", python_repr(column));
  }
};

/// How the values of an array lie in its buffers.
enum class ArrowKind {
  null,
  boolean,
  int8,
  uint8,
  int16,
  uint16,
  int32,
  uint32,
  int64,
  uint64,
  float16,
  float32,
  float64,
  text,
  large_text,
  text_view,
  list,
  large_list,
  list_view,
  large_list_view,
  fixed_list
};

constexpr bool is_arrow_text(ArrowKind kind) { return kind >= ArrowKind::text && kind <= ArrowKind::text_view; }
constexpr bool is_arrow_list(ArrowKind kind) { return kind >= ArrowKind::list; }
constexpr bool is_arrow_real(ArrowKind kind) { return kind >= ArrowKind::float16 && kind <= ArrowKind::float64; }
constexpr bool is_arrow_whole(ArrowKind kind) { return kind >= ArrowKind::int8 && kind <= ArrowKind::uint64; }

/// A type that can be read: of values, of lists of values, or of numbers of values in a dictionary.
struct ArrowType {
  ArrowKind kind = ArrowKind::null;
  std::int64_t list_size = 0;                        ///< of lists that all have it
  std::unique_ptr<const ArrowType> items = {};       ///< of lists
  std::unique_ptr<const ArrowType> dictionary = {};  ///< what whole numbers stand for

  /// The type of the values, wherever they are.
  const ArrowType& value() const { return items ? items->value() : dictionary ? *dictionary : *this; }
};

/// The kind that a format string means; nothing for one that no column can be made of.
inline std::optional<ArrowKind> arrow_kind(std::string_view format) {
  static constexpr std::array<std::pair<std::string_view, ArrowKind>, 20> kinds = {
      {{"n", ArrowKind::null},        {"b", ArrowKind::boolean},
       {"c", ArrowKind::int8},        {"C", ArrowKind::uint8},
       {"s", ArrowKind::int16},       {"S", ArrowKind::uint16},
       {"i", ArrowKind::int32},       {"I", ArrowKind::uint32},
       {"l", ArrowKind::int64},       {"L", ArrowKind::uint64},
       {"e", ArrowKind::float16},     {"f", ArrowKind::float32},
       {"g", ArrowKind::float64},     {"u", ArrowKind::text},
       {"U", ArrowKind::large_text},  {"vu", ArrowKind::text_view},
       {"+l", ArrowKind::list},       {"+L", ArrowKind::large_list},
       {"+vl", ArrowKind::list_view}, {"+vL", ArrowKind::large_list_view}}};
  for (const auto& [text, kind] : kinds)
    if (format == text) return kind;
  if (format.starts_with("+w:")) return ArrowKind::fixed_list;
  return std::nullopt;
}

/// The name of a type that no column can be made of, for a sentence.
inline std::string arrow_type_name(std::string_view format) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 17> names = {
      {{"z", "binary"},
       {"Z", "large_binary"},
       {"vz", "binary_view"},
       {"w:", "fixed_size_binary"},
       {"d:", "decimal"},
       {"tdD", "date32"},
       {"tdm", "date64"},
       {"tt", "time"},
       {"ts", "timestamp"},
       {"tD", "duration"},
       {"ti", "interval"},
       {"+s", "struct"},
       {"+m", "map"},
       {"+ud", "dense union"},
       {"+us", "sparse union"},
       {"+r", "run-end encoded values"},
       {"+", "lists"}}};
  for (const auto& [begin, name] : names)
    if (format.starts_with(begin)) return std::string(name);
  return str_cat("the format ", python_repr(format));
}

/// What to do about bytes, which are no texts: it differs from other types.
[[noreturn]] inline void fail_arrow_type(std::string_view format, bool in_list, const ArrowPlace& place) {
  const std::string name = arrow_type_name(format);
  const bool bytes = name.find("binary") != std::string::npos;
  fail(ErrorCode::dtype, place.of_column(), ": expected texts, numbers, booleans or lists of texts or numbers, got ",
       in_list ? "lists or dictionaries of " : "", name, "; ",
       bytes ? "cast it to a type of texts if the bytes are UTF-8, or " : "", place.advice);
}

/// The type that a schema describes. Throws dtype for one that no column can be made of, format for a schema that
/// contradicts itself.
inline ArrowType arrow_type(const ArrowSchema& schema, const ArrowPlace& place, bool in_list = false) {
  check(schema.release != nullptr && schema.format != nullptr, ErrorCode::format, place.of_column(),
        ": expected a schema that is filled in, got one that is released or has no format");
  const std::string_view format = schema.format;
  ArrowType type;
  const auto kind = arrow_kind(format);
  if (!kind || (in_list && is_arrow_list(*kind))) fail_arrow_type(format, in_list, place);
  type.kind = *kind;
  if (type.kind == ArrowKind::fixed_list) {
    const auto [end, error] = std::from_chars(format.data() + 3, format.data() + format.size(), type.list_size);
    check(error == std::errc() && end == format.data() + format.size() && type.list_size >= 0, ErrorCode::format,
          place.of_column(), ": expected a format +w:SIZE, got ", Repr{format});
  }
  const std::int64_t children = is_arrow_list(type.kind) ? 1 : 0;
  check(
      schema.n_children == children && (children == 0 || (schema.children != nullptr && schema.children[0] != nullptr)),
      ErrorCode::format, place.of_column(), ": expected ", children, " children of the type ", Repr{format}, ", got ",
      schema.n_children);
  if (children == 1) type.items = std::make_unique<const ArrowType>(arrow_type(*schema.children[0], place, true));
  if (schema.dictionary == nullptr) return type;
  check(is_arrow_whole(type.kind), ErrorCode::format, place.of_column(),
        ": expected whole numbers that stand for the values of a dictionary, got ", Repr{format});
  check(schema.dictionary->dictionary == nullptr, ErrorCode::dtype, place.of_column(),
        ": expected a dictionary of texts or numbers, got one of numbers in another dictionary; ", place.advice);
  type.dictionary = std::make_unique<const ArrowType>(arrow_type(*schema.dictionary, place, true));
  return type;
}

/// No values of the type that a column of Arrow's type has.
inline ColumnValues column_values_of(const ArrowType& type) {
  const bool lists = is_arrow_list(type.kind);
  const ArrowKind kind = type.value().kind;
  if (is_arrow_text(kind) && lists) return std::vector<std::vector<std::string>>();
  if (is_arrow_real(kind) && lists) return std::vector<std::vector<float>>();
  if (lists) return std::vector<std::vector<std::int32_t>>();
  if (is_arrow_real(kind)) return std::vector<double>();
  if (is_arrow_whole(kind) || kind == ArrowKind::boolean) return std::vector<std::int64_t>();
  return std::vector<std::string>();  // also of a column that is all null
}

/// Whether the whole numbers of a column are True and False.
inline bool is_arrow_boolean(const ArrowType& type) {
  return !is_arrow_list(type.kind) && type.value().kind == ArrowKind::boolean;
}

}  // namespace tl::detail
