// A JSON value that knows its place in a file, so that whoever reads the tokenizer's files can say what is wrong where.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <tl/core/error.hpp>
#include <tl/io/json_file.hpp>

namespace tl::detail::text {

inline Json read_json_object(const std::filesystem::path& path) {
  Json root = read_json(path);
  check(root.is_object(), ErrorCode::format, path.native(), ": expected a JSON object, got ", root.type_name());
  return root;
}

/// A JSON value with the place it came from, for sentences: "path: model.vocab". It costs no memory of its own; what it
/// was made from must outlive it.
struct JsonView {
  const Json& value;
  std::string_view name;             // of the file, or the key
  const JsonView* parent = nullptr;  // nothing: the whole content of a file
  std::string_view separator = {};   // between the place of the parent and the name

  std::string where() const {
    return parent == nullptr ? std::string(name) : str_cat(parent->where(), separator, name);
  }

  bool has(const char* key) const {
    const Json* const found = find_member(value, key);
    return found != nullptr && !found->is_null();
  }

  /// The view of the member `key` of this value.
  JsonView member(std::string_view key, const Json& found) const { return {found, key, this, parent ? "." : ": "}; }

  [[gnu::noinline]] JsonView at(const char* key) const {
    if (!has(key)) fail(ErrorCode::format, where(), ": expected the key \"", key, "\", got none");
    return member(key, value.at(key));
  }

  void expect(bool right, const char* what) const {
    if (!right) fail(ErrorCode::format, where(), ": expected ", what, ", got ", excerpt());
  }

  JsonView object(const char* key) const { return checked(key, &Json::is_object, "an object"); }
  JsonView array(const char* key) const { return checked(key, &Json::is_array, "an array"); }
  const std::string& text(const char* key) const {
    return checked(key, &Json::is_string, "a string").value.get_ref<const std::string&>();
  }
  bool flag(const char* key) const { return checked(key, &Json::is_boolean, "true or false").value.get<bool>(); }
  std::int32_t id(const char* key) const {
    const JsonView view = checked(key, &Json::is_number_integer, "an integer");
    view.expect(is_int64(view.value) && std::in_range<std::int32_t>(view.value.get<std::int64_t>()) &&
                    view.value.get<std::int64_t>() >= 0,
                "a number between 0 and 2147483647");
    return view.value.get<std::int32_t>();
  }

  bool flag_or(const char* key, bool otherwise) const { return has(key) ? flag(key) : otherwise; }
  std::string text_or(const char* key, const char* otherwise) const { return has(key) ? text(key) : otherwise; }

  /// Throws format unless the value under "type" is the only one that is known here.
  void expect_type(const char* known) const {
    const std::string& type = text("type");
    if (type != known) fail(ErrorCode::format, where(), ".type: expected \"", known, "\", got \"", type, "\"");
  }

 private:
  [[gnu::noinline]] JsonView checked(const char* key, bool (Json::*is)() const noexcept, const char* what) const {
    const JsonView view = at(key);
    view.expect((view.value.*is)(), what);
    return view;
  }

  std::string excerpt() const {
    if (value.is_structured()) return value.is_array() ? "an array" : "an object";
    std::string text = dump_json(value, {.indent = -1});
    if (text.size() > 60) text = text.substr(0, 57) + "...";
    return text;
  }
};

inline bool is_id(const Json& value) { return is_natural(value) && value.get<std::uint64_t>() <= 0x7FFFFFFF; }

}  // namespace tl::detail::text
