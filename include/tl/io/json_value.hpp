// A JSON value whose objects keep their order, with the names of nlohmann/json for what both can do. It is a type of
// our own because every program pays for it at compile time (docs/decisions/0007-compile-time.md).
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>

namespace tl {

/// null, a truth value, an integer of 64 bits, a double, a string, an array or an object. Functions that need one of
/// these throw Error(format) for another. Numbers of both kinds compare by value.
class Json {
 public:
  struct Member;
  struct Field;
  using Array = std::vector<Json>;
  using Object = std::vector<Member>;

  // NOLINTBEGIN(google-explicit-constructor): a value is written where a Json is wanted
  Json() noexcept = default;
  Json(std::nullptr_t) noexcept {}
  template <std::same_as<bool> Bool> Json(Bool value) noexcept : kind_(Kind::boolean) { held_.boolean = value; }
  template <std::signed_integral Integer> Json(Integer value) noexcept : kind_(Kind::integer) { held_.integer = value; }
  template <std::unsigned_integral Natural>
  requires(!std::same_as<Natural, bool>) Json(Natural value)
  noexcept { set_natural(value); }
  template <std::floating_point Float> Json(Float value) noexcept : kind_(Kind::real) {
    held_.real = static_cast<double>(value);
  }
  Json(std::string text) : kind_(Kind::string) { held_.string = new std::string(std::move(text)); }
  Json(std::string_view text) : Json(std::string(text)) {}
  Json(const char* text) : Json(std::string(text)) {}
  Json(Array elements) : kind_(Kind::array) { held_.array = new Array(std::move(elements)); }
  template <class T> Json(const std::vector<T>& elements) : Json(Array()) {
    for (const auto& element : elements) held_.array->push_back(element);
  }
  template <class A, class B> Json(const std::pair<A, B>& two) : Json(array({two.first, two.second})) {}
  template <class T> Json(const std::optional<T>& value) : Json(value ? Json(*value) : Json()) {}
  /// An object: {{"loss", 0.5}, {"epoch", 1.0}}. The keys must differ.
  Json(std::initializer_list<Field> fields);
  // NOLINTEND(google-explicit-constructor)

  static Json array(std::initializer_list<Json> elements = {}) { return Array(elements); }
  static Json object();

  Json(const Json& other) : kind_(other.kind_), held_(other.held_) {
    if (is_owner()) copy_owned();
  }
  Json(Json&& other) noexcept : kind_(std::exchange(other.kind_, Kind::null)), held_(other.held_) {}
  Json& operator=(const Json& other) { return *this = Json(other); }
  Json& operator=(Json&& other) noexcept {
    Json taken(std::move(other));  // `other` may be inside of this value
    std::swap(kind_, taken.kind_);
    std::swap(held_, taken.held_);
    return *this;
  }
  ~Json() { release(); }

  bool is_null() const noexcept { return kind_ == Kind::null; }
  bool is_boolean() const noexcept { return kind_ == Kind::boolean; }
  bool is_number() const noexcept { return is_number_integer() || is_number_float(); }
  bool is_number_integer() const noexcept { return kind_ == Kind::integer || kind_ == Kind::natural; }
  bool is_number_unsigned() const noexcept {
    return kind_ == Kind::natural || (kind_ == Kind::integer && held_.integer >= 0);
  }
  bool is_number_float() const noexcept { return kind_ == Kind::real; }
  bool is_string() const noexcept { return kind_ == Kind::string; }
  bool is_array() const noexcept { return kind_ == Kind::array; }
  bool is_object() const noexcept { return kind_ == Kind::object; }
  bool is_structured() const noexcept { return is_array() || is_object(); }

  /// "null", "boolean", "number", "string", "array" or "object".
  const char* type_name() const noexcept;

  /// The value as bool, an integer, a floating-point number, std::string, Json, or a container of these such as
  /// std::vector<std::int64_t>.
  /// Throws Error(format) for a value of another type and for a number outside the range of an integer type.
  template <class T> T get() const;

  /// The characters of a string.
  const std::string& string() const;

  /// Elements of an array or members of an object; null has none.
  std::size_t size() const;
  bool empty() const { return size() == 0; }

  // Arrays.
  const Array& elements() const;
  Array& elements();
  auto begin() const { return elements().begin(); }
  auto end() const { return elements().end(); }
  auto begin() { return elements().begin(); }
  auto end() { return elements().end(); }
  const Json& at(std::size_t index) const;
  const Json& operator[](std::size_t index) const { return at(index); }
  Json& operator[](std::size_t index) { return const_cast<Json&>(at(index)); }
  /// Null becomes an array of one.
  void push_back(Json element);

  // Objects.
  const Object& items() const;
  Object& items();
  /// The value of a key, or nullptr; nullptr as well if this is no object.
  const Json* find(std::string_view key) const noexcept;
  Json* find(std::string_view key) noexcept { return const_cast<Json*>(std::as_const(*this).find(key)); }
  bool contains(std::string_view key) const noexcept { return find(key) != nullptr; }
  /// Throws Error(not_found) naming the key.
  const Json& at(std::string_view key) const;
  const Json& operator[](std::string_view key) const { return at(key); }
  /// Adds null under a new key; null becomes an object.
  Json& operator[](std::string_view key);
  /// Adds a member whose key the object does not have yet, without a look at the others.
  void append(std::string key, Json value);
  /// Removes a key, if it is there.
  void erase(std::string_view key);

  friend bool operator==(const Json& a, const Json& b) noexcept { return a.equals(b); }

 private:
  enum class Kind : std::uint8_t { null, boolean, integer, natural, real, string, array, object };
  union Held {
    bool boolean;
    std::int64_t integer;
    std::uint64_t natural;  // greater than any std::int64_t
    double real;
    std::string* string;
    Array* array;
    Object* object;
  };

  bool is_owner() const noexcept { return kind_ >= Kind::string; }
  void copy_owned();
  void release() noexcept;
  void set_natural(std::uint64_t value) noexcept;
  bool equals(const Json& other) const noexcept;

  bool boolean() const;
  double real() const;
  /// The number as an integer in [low, high]; `low` is at most 0.
  std::int64_t integer(std::int64_t low, std::int64_t high) const;
  std::uint64_t natural() const;
  [[noreturn]] void wrong_type(const char* expected) const;

  Kind kind_ = Kind::null;
  Held held_{};
};

/// One member of an object.
struct Json::Member {
  std::string key;
  Json value;
  friend bool operator==(const Member&, const Member&) = default;
};

/// A member as it is written down: the value moves into the object.
struct Json::Field {
  std::string_view key;
  mutable Json value;
};

inline Json::Json(std::initializer_list<Field> fields) : kind_(Kind::object) {
  held_.object = new Object;
  for (const Field& field : fields) held_.object->push_back({std::string(field.key), std::move(field.value)});
}

inline Json Json::object() { return Json(std::initializer_list<Field>{}); }

inline void Json::copy_owned() {
  if (is_string()) held_.string = new std::string(*held_.string);
  else if (is_array()) held_.array = new Array(*held_.array);
  else held_.object = new Object(*held_.object);
}

[[gnu::noinline]] inline void Json::release() noexcept {  // every function that holds a Json would have a copy
  if (is_string()) delete held_.string;
  else if (is_array()) delete held_.array;
  else if (is_object()) delete held_.object;
}

inline void Json::set_natural(std::uint64_t value) noexcept {
  kind_ = value >> 63 ? Kind::natural : Kind::integer;
  held_.natural = value;
}

inline bool Json::equals(const Json& other) const noexcept {
  if (is_number() && other.is_number()) {
    if (kind_ == other.kind_ && !is_number_float()) return held_.natural == other.held_.natural;
    return real() == other.real();
  }
  if (kind_ != other.kind_) return false;
  switch (kind_) {
    case Kind::boolean: return held_.boolean == other.held_.boolean;
    case Kind::string: return *held_.string == *other.held_.string;
    case Kind::array: return *held_.array == *other.held_.array;
    case Kind::object: return *held_.object == *other.held_.object;
    default: return true;
  }
}

inline const char* Json::type_name() const noexcept {
  switch (kind_) {
    case Kind::null: return "null";
    case Kind::boolean: return "boolean";
    case Kind::string: return "string";
    case Kind::array: return "array";
    case Kind::object: return "object";
    default: return "number";
  }
}

inline void Json::wrong_type(const char* expected) const {
  fail(ErrorCode::format, "JSON: expected ", expected, ", got ", type_name());
}

inline bool Json::boolean() const {
  if (!is_boolean()) wrong_type("true or false");
  return held_.boolean;
}

inline double Json::real() const {
  switch (kind_) {
    case Kind::real: return held_.real;
    case Kind::integer: return static_cast<double>(held_.integer);
    case Kind::natural: return static_cast<double>(held_.natural);
    default: wrong_type("a number");
  }
}

inline std::int64_t Json::integer(std::int64_t low, std::int64_t high) const {
  if (!is_number()) wrong_type("an integer");
  constexpr double limit = 0x1p63;
  const bool fits = kind_ == Kind::integer || (is_number_float() && held_.real >= -limit && held_.real < limit);
  const std::int64_t value = !fits ? 0 : is_number_float() ? static_cast<std::int64_t>(held_.real) : held_.integer;
  check(fits && value >= low && value <= high, ErrorCode::format, "JSON: expected an integer between ", low, " and ",
        high, ", got ", real());
  return value;
}

inline std::uint64_t Json::natural() const {
  return kind_ == Kind::natural ? held_.natural : static_cast<std::uint64_t>(integer(0, INT64_MAX));
}

template <class T> T Json::get() const {
  if constexpr (std::same_as<T, bool>) {
    return boolean();
  } else if constexpr (std::same_as<T, std::uint64_t>) {
    return natural();
  } else if constexpr (std::integral<T>) {
    return static_cast<T>(integer(static_cast<std::int64_t>(std::numeric_limits<T>::min()),
                                  static_cast<std::int64_t>(std::numeric_limits<T>::max())));
  } else if constexpr (std::floating_point<T>) {
    return static_cast<T>(real());
  } else if constexpr (std::same_as<T, std::string>) {
    return string();
  } else if constexpr (std::same_as<T, Json>) {
    return *this;
  } else if constexpr (std::constructible_from<T, std::size_t>) {
    T list(elements().size());
    auto place = list.begin();
    for (const Json& element : elements()) *place++ = element.get<typename T::value_type>();
    return list;
  } else {
    T set;
    for (const Json& element : elements()) set.insert(element.get<typename T::value_type>());
    return set;
  }
}

inline const std::string& Json::string() const {
  if (!is_string()) wrong_type("a string");
  return *held_.string;
}

inline std::size_t Json::size() const {
  return is_array() ? held_.array->size() : is_object() ? held_.object->size() : 0;
}

inline const Json::Array& Json::elements() const {
  if (!is_array()) wrong_type("an array");
  return *held_.array;
}

inline Json::Array& Json::elements() { return const_cast<Array&>(std::as_const(*this).elements()); }

inline const Json& Json::at(std::size_t index) const {
  const Array& list = elements();
  check(index < list.size(), ErrorCode::not_found, "JSON: expected an index below ", list.size(), ", got ", index);
  return list[index];
}

inline void Json::push_back(Json element) {
  if (is_null()) *this = array();
  elements().push_back(std::move(element));
}

inline const Json::Object& Json::items() const {
  if (!is_object()) wrong_type("an object");
  return *held_.object;
}

inline Json::Object& Json::items() { return const_cast<Object&>(std::as_const(*this).items()); }

inline const Json* Json::find(std::string_view key) const noexcept {
  if (!is_object()) return nullptr;
  for (const Member& member : *held_.object)
    if (member.key == key) return &member.value;
  return nullptr;
}

inline const Json& Json::at(std::string_view key) const {
  if (!is_object()) wrong_type("an object");
  const Json* const found = find(key);
  check(found != nullptr, ErrorCode::not_found, "JSON: expected the key \"", key, "\", it is not there");
  return *found;
}

inline Json& Json::operator[](std::string_view key) {
  if (is_null()) *this = object();
  if (Json* const found = find(key)) return *found;
  append(std::string(key), nullptr);
  return items().back().value;
}

inline void Json::append(std::string key, Json value) { items().push_back({std::move(key), std::move(value)}); }

inline void Json::erase(std::string_view key) {
  Object& members = items();
  for (auto at = members.begin(); at != members.end(); ++at)
    if (at->key == key) return void(members.erase(at));
}

}  // namespace tl
