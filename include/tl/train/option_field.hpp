// OptionField: a field of TrainerOptions. A value of a wrong type is refused with the name of the field; without it the
// compiler would say that no constructor of Trainer fits, and nothing of the field.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace tl::detail {

/// A name as an argument of a template.
template <std::size_t n> struct FieldName {
  constexpr FieldName(const char (&text)[n]) { std::copy_n(text, n, value); }
  char value[n];
};

/// A T, of a class type, that takes whatever T takes without a cast.
// NOLINTBEGIN(bugprone-forwarding-reference-overload): constraints leave copies to the other constructors
template <FieldName name, class T> struct OptionField : T {
  OptionField() = default;
  template <class Value>
  requires(std::is_convertible_v<Value, T> && !std::is_same_v<std::remove_cvref_t<Value>, OptionField>)
      OptionField(Value&& value)
      : T(std::forward<Value>(value)) {}
  template <class Value>
  requires(!std::is_convertible_v<Value, T>) OptionField(Value&&) {
    static_assert(sizeof(Value) == 0, "this field of tl::TrainerOptions, named above with its type T, takes no Value");
  }
  /// The T itself. A std::function that is made of this derived class would wrap it, and never be empty.
  const T& plain() const { return *this; }
};
// NOLINTEND(bugprone-forwarding-reference-overload)

}  // namespace tl::detail
