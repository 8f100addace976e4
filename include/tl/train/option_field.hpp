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

/// A T that takes whatever T takes without a cast. It holds the T instead of deriving from it: a std::function that is
/// made of a derived one wraps it, and is never empty.
// NOLINTBEGIN(bugprone-forwarding-reference-overload): constraints leave copies to the other constructors
template <FieldName name, class T> class OptionField {
 public:
  OptionField() = default;
  template <class Value>
  requires(std::is_convertible_v<Value, T> && !std::is_same_v<std::remove_cvref_t<Value>, OptionField>)
      OptionField(Value&& value)
      : value_(std::forward<Value>(value)) {}
  template <class Value>
  requires(!std::is_convertible_v<Value, T> && !std::is_same_v<std::remove_cvref_t<Value>, OptionField>)
      OptionField(Value&&) {
    static_assert(sizeof(Value) == 0, "this field of tl::TrainerOptions, named above with its type T, takes no Value");
  }

  operator const T&() const { return value_; }
  const T& operator*() const { return value_; }
  const T* operator->() const { return &value_; }
  /// Whether there is a value: of a function, a pointer or a std::optional.
  explicit operator bool() const { return static_cast<bool>(value_); }

 private:
  T value_{};
};
// NOLINTEND(bugprone-forwarding-reference-overload)

}  // namespace tl::detail
