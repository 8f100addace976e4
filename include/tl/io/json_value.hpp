// tl::Json is nlohmann::ordered_json, an object whose keys keep their order. What nlohmann's own access leaves to luck
// (an integer that does not fit is cut, an absent key of a const object is undefined) is here once with a sentence.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <tl/core/error.hpp>

namespace tl {

/// A JSON value; objects keep the order of their keys.
using Json = nlohmann::ordered_json;

namespace detail {

/// The value of a key, or nullptr; nullptr as well if `json` is no object.
inline const Json* find_member(const Json& json, std::string_view key) {
  const auto found = json.find(key);
  return found == json.end() ? nullptr : &*found;
}
inline Json* find_member(Json& json, std::string_view key) {
  const auto found = json.find(key);
  return found == json.end() ? nullptr : &*found;
}

/// The elements of an array; nlohmann's own iterators look at the type with each step.
inline const Json::array_t& elements_of(const Json& array) { return array.get_ref<const Json::array_t&>(); }

/// The members of an object as pairs of key and value.
inline const Json::object_t& members_of(const Json& object) { return object.get_ref<const Json::object_t&>(); }

/// The characters of a string; calls for a check that it is one.
inline const std::string& string_of(const Json& json) { return json.get_ref<const std::string&>(); }

/// Null or the value.
template <class T> Json json_or_null(const std::optional<T>& value) { return value ? Json(*value) : Json(); }

/// Whether a value is an integer of at least 0; one that was read as 0 or made from an int counts as well.
inline bool is_natural(const Json& json) {
  return json.is_number_unsigned() || (json.is_number_integer() && json.get<std::int64_t>() >= 0);
}

/// Whether a value is an integer, and one that a std::int64_t can hold.
inline bool is_int64(const Json& json) {
  return json.is_number_integer() &&
         (!json.is_number_unsigned() ||
          json.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()});
}

[[noreturn]] inline void fail_json_type(const Json& json, const char* expected) {
  fail(ErrorCode::format, "JSON: expected ", expected, ", got ", json.type_name());
}

template <std::integral T> T json_integer(const Json& json) {
  if (!json.is_number()) fail_json_type(json, "an integer");
  if (json.is_number_float()) {
    const double value = json.get<double>();
    check(std::trunc(value) == value, ErrorCode::format, "JSON: expected an integer, got ", value);
    if (value >= -0x1p63 && value < 0x1p63 && std::in_range<T>(static_cast<std::int64_t>(value)))
      return static_cast<T>(value);
  } else if (json.is_number_unsigned() ? std::in_range<T>(json.get<std::uint64_t>())
                                       : std::in_range<T>(json.get<std::int64_t>())) {
    return json.is_number_unsigned() ? static_cast<T>(json.get<std::uint64_t>())
                                     : static_cast<T>(json.get<std::int64_t>());
  }
  fail(ErrorCode::format, "JSON: expected an integer between ", +std::numeric_limits<T>::min(), " and ",
       +std::numeric_limits<T>::max(), ", got ", json.get<double>());
}

/// The value as bool, an integer, a floating-point number, std::string, Json or a std::vector of these; unlike
/// Json::get it neither cuts what does not fit nor takes a boolean for a number. Throws Error(format).
template <class T> T json_get(const Json& json) {
  if constexpr (std::same_as<T, Json>) {
    return json;
  } else if constexpr (std::same_as<T, bool>) {
    if (!json.is_boolean()) fail_json_type(json, "true or false");
    return json.get<bool>();
  } else if constexpr (std::integral<T>) {
    return json_integer<T>(json);
  } else if constexpr (std::floating_point<T>) {
    if (!json.is_number()) fail_json_type(json, "a number");
    return json.get<T>();
  } else if constexpr (std::same_as<T, std::string>) {
    if (!json.is_string()) fail_json_type(json, "a string");
    return json.get<std::string>();
  } else {
    if (!json.is_array()) fail_json_type(json, "an array");
    T list;
    list.reserve(json.size());
    for (const Json& element : elements_of(json)) list.push_back(json_get<typename T::value_type>(element));
    return list;
  }
}

}  // namespace detail

}  // namespace tl
