// What a column of a data set holds: one C++ type per column, chosen from six, and how Python prints it.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/finite.hpp>
#include <tl/io/json.hpp>
#include <tl/io/utf8.hpp>

namespace tl {

/// The type of a column; the order is that of the alternatives of ColumnValues and Value.
enum class ColumnType { string, int64, float64, list_int32, list_float32, list_string };

/// The name in messages: "string", "int64", "float64", "list of int32", ...
constexpr std::string_view to_string(ColumnType type) {
  switch (type) {
    case ColumnType::string: return "string";
    case ColumnType::int64: return "int64";
    case ColumnType::float64: return "float64";
    case ColumnType::list_int32: return "list of int32";
    case ColumnType::list_float32: return "list of float32";
    case ColumnType::list_string: return "list of string";
  }
  return "?";
}

/// All values of a column, one per row.
using ColumnValues = std::variant<std::vector<std::string>, std::vector<std::int64_t>, std::vector<double>,
                                  std::vector<std::vector<std::int32_t>>, std::vector<std::vector<float>>,
                                  std::vector<std::vector<std::string>>>;

namespace detail {
template <ColumnType type> struct TypeTag { static constexpr ColumnType value = type; };
template <class T> struct ColumnTypeOf {};
template <> struct ColumnTypeOf<std::string> : TypeTag<ColumnType::string> {};
template <> struct ColumnTypeOf<std::int64_t> : TypeTag<ColumnType::int64> {};
template <> struct ColumnTypeOf<double> : TypeTag<ColumnType::float64> {};
template <> struct ColumnTypeOf<std::vector<std::int32_t>> : TypeTag<ColumnType::list_int32> {};
template <> struct ColumnTypeOf<std::vector<float>> : TypeTag<ColumnType::list_float32> {};
template <> struct ColumnTypeOf<std::vector<std::string>> : TypeTag<ColumnType::list_string> {};
}  // namespace detail

/// A type that a column can hold.
template <class T>
concept ColumnElement = requires {
  detail::ColumnTypeOf<T>::value;
};

/// The ColumnType of an element type of C++.
template <ColumnElement T> inline constexpr ColumnType column_type_of = detail::ColumnTypeOf<T>::value;

/// The type of the values of a column.
inline ColumnType column_type(const ColumnValues& values) { return static_cast<ColumnType>(values.index()); }

namespace detail {

inline std::int64_t column_size(const ColumnValues& values) {
  return std::visit([](const auto& v) { return static_cast<std::int64_t>(v.size()); }, values);
}

}  // namespace detail

/// One cell. Converts from integers, floating-point numbers, texts and vectors.
class Value {
 public:
  using Alternatives = std::variant<std::string, std::int64_t, double, std::vector<std::int32_t>, std::vector<float>,
                                    std::vector<std::string>>;

  template <std::integral T> Value(T value) : value_(static_cast<std::int64_t>(value)) {}
  template <std::floating_point T> Value(T value) : value_(static_cast<double>(value)) {}
  Value(const char* text) : value_(std::string(text)) {}
  Value(std::string_view text) : value_(std::string(text)) {}
  Value(std::string text) : value_(std::move(text)) {}
  Value(std::vector<std::int32_t> list) : value_(std::move(list)) {}
  Value(std::vector<float> list) : value_(std::move(list)) {}
  Value(std::vector<std::string> list) : value_(std::move(list)) {}

  ColumnType type() const { return static_cast<ColumnType>(value_.index()); }
  const Alternatives& variant() const& noexcept { return value_; }
  Alternatives&& variant() && noexcept { return std::move(value_); }

  friend bool operator==(const Value&, const Value&) = default;

 private:
  Alternatives value_;
};

/// The names of classes; the class id is the position. Given to Dataset::cast_column.
struct ClassLabel {
  std::vector<std::string> names;
};

/// A text as Python's repr writes it.
inline std::string python_repr(std::string_view text) {
  const bool double_quotes = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
  const char quote = double_quotes ? '"' : '\'';
  std::string out(1, quote);
  for (std::size_t at = 0; at < text.size();) {
    std::uint32_t code = 0;
    const std::size_t length = std::max<std::size_t>(1, decode_utf8(text.substr(at), code));
    const char c = text[at];
    if (c == quote || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n' || c == '\r' || c == '\t') {
      out += {'\\', c == '\n' ? 'n' : c == '\r' ? 'r' : 't'};
    } else if (code < 0x20 || (code >= 0x7f && code <= 0xa0) || code == 0xad) {
      out += {'\\', 'x', "0123456789abcdef"[code >> 4], "0123456789abcdef"[code & 15u]};
    } else {
      out.append(text, at, length);
    }
    at += length;
  }
  return out + quote;
}

namespace detail {

/// A text that an error's sentence shows as Python's repr; the repr is made if the sentence is.
struct Repr {
  std::string_view text;
  friend std::ostream& operator<<(std::ostream& out, const Repr& repr) { return out << python_repr(repr.text); }
};

inline std::string python_text(const std::string& value) { return python_repr(value); }
inline std::string python_text(std::int64_t value) { return std::to_string(value); }
inline std::string python_text(std::int32_t value) { return std::to_string(value); }
inline std::string python_text(double value) {
  if (is_nan(value)) return "nan";
  if (!is_finite(value)) return value < 0 ? "-inf" : "inf";
  return python_float(value);
}
inline std::string python_text(float value) { return python_text(static_cast<double>(value)); }
template <class T> std::string python_text(const std::vector<T>& list) {
  std::string out = "[";
  for (const T& element : list) out += (out.size() > 1 ? ", " : "") + python_text(element);
  return out + "]";
}

/// Whether the list holds the name.
inline bool holds_name(const std::vector<std::string>& names, std::string_view name) {
  for (const std::string& one : names)
    if (one == name) return true;
  return false;
}

}  // namespace detail

/// Prints a cell as Python does.
inline std::ostream& operator<<(std::ostream& out, const Value& value) {
  return out << std::visit([](const auto& v) { return detail::python_text(v); }, value.variant());
}

/// Name and type of a column; `class_names` is not empty for class ids.
struct Feature {
  std::string name;
  ColumnType type;
  std::vector<std::string> class_names;
};

/// Prints "Value('string')", "List(Value('int32'))" or "ClassLabel(names=['neg', 'pos'])".
inline std::ostream& operator<<(std::ostream& out, const Feature& feature) {
  const bool lists = feature.type == ColumnType::list_int32;
  if (!feature.class_names.empty())
    return out << (lists ? "List(" : "") << "ClassLabel(names=" << detail::python_text(feature.class_names)
               << (lists ? "))" : ")");
  const std::string_view name = to_string(feature.type);
  if (name.starts_with("list of ")) return out << "List(Value('" << name.substr(8) << "'))";
  return out << "Value('" << name << "')";
}

}  // namespace tl
