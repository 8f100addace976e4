// Patterns that choose parameters by name: "distilbert.embeddings,distilbert.transformer.layer.[0-3],*.bias".
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>

namespace tl {

namespace detail {

/// Whether `c` is in the class whose '[' is at pattern[at]; `at` is moved past its ']'. A ']' that comes first is a
/// member. Without a ']' the '[' is an ordinary character.
inline bool in_class(std::string_view pattern, std::size_t& at, char c) {
  std::size_t i = at + 1;
  const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  const std::size_t end = pattern.find(']', i + 1);
  if (end == pattern.npos) return pattern[at++] == c;
  bool found = false;
  for (; i < end; ++i) {
    const bool range = i + 2 < end && pattern[i + 1] == '-';
    found = found || (range ? pattern[i] <= c && c <= pattern[i + 2] : pattern[i] == c);
    if (range) i += 2;
  }
  at = end + 1;
  return found != negated;
}

/// Whether `pattern` with *, ?, [0-3] and [!0-3] matches the whole of `name`.
inline bool glob_matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0, star = pattern.npos, retry = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = n;
      continue;
    }
    std::size_t next = p + 1;
    bool same = false;
    if (p < pattern.size() && pattern[p] == '[') same = in_class(pattern, next = p, name[n]);
    else if (p < pattern.size()) same = pattern[p] == '?' || pattern[p] == name[n];
    if (same) {
      p = next;
      ++n;
    } else if (star != pattern.npos) {
      p = star + 1;
      n = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

/// The module that a message names in place of `name`: up to the first number, "distilbert.transformer.layer.0", else
/// at most two parts of the name without its last one.
inline std::string_view module_of(std::string_view name) {
  std::size_t begin = 0, two = 0;
  for (int part = 0; begin < name.size(); ++part) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    const std::string_view piece = name.substr(begin, end - begin);
    if (piece.find_first_not_of("0123456789") == piece.npos) return name.substr(0, end);
    if (part < 2 && end < name.size()) two = end;
    begin = end + 1;
  }
  return two == 0 ? name : name.substr(0, two);
}

/// The modules that `names` belong to, each once, as sentences list them.
inline std::string module_names(std::span<const std::string> names) {
  std::vector<std::string_view> modules;
  std::string text;
  for (const std::string& name : names) {
    const std::string_view module = module_of(name);
    if (std::find(modules.begin(), modules.end(), module) != modules.end()) continue;
    modules.push_back(module);
    text += str_cat(text.empty() ? "" : ", ", module);
  }
  return text;
}

}  // namespace detail

/// A list of patterns with commas between. A pattern chooses a parameter if it matches its whole name, or the name of a
/// module that the parameter belongs to: "distilbert.transformer.layer.1" chooses all of layer 1 and nothing of 10.
class NamePatterns {
 public:
  /// Blanks around a pattern do not count. Throws Error(invalid_argument) for an empty pattern; `what` is what the
  /// patterns are for, in messages.
  NamePatterns(std::string_view list, std::string what) : what_(std::move(what)) {
    std::size_t begin = 0, depth = 0;
    for (std::size_t i = 0; i <= list.size(); ++i) {
      if (i < list.size() && list[i] == '[') depth = 1;
      if (i < list.size() && list[i] == ']') depth = 0;
      if (i < list.size() && (list[i] != ',' || depth > 0)) continue;
      add(list.substr(begin, i - begin), list);
      begin = i + 1;
    }
  }

  bool matches(std::string_view name) const {
    return std::any_of(patterns_.begin(), patterns_.end(), [name](const std::string& p) { return chooses(p, name); });
  }

  /// Throws Error(not_found) for a pattern that chooses none of `names`, with the modules that there are.
  void check_each_matches(std::span<const std::string> names) const {
    for (const std::string& pattern : patterns_)
      check(std::any_of(names.begin(), names.end(), [&](const std::string& name) { return chooses(pattern, name); }),
            ErrorCode::not_found, what_, ": expected patterns that match parameters of the model, ", pattern,
            " matches none; there are ", detail::module_names(names));
  }

 private:
  void add(std::string_view pattern, std::string_view list) {
    const std::size_t first = pattern.find_first_not_of(" \t\n");
    check(first != pattern.npos, ErrorCode::invalid_argument, what_,
          ": expected patterns of names with commas between, got ", list.empty() ? "nothing" : list);
    patterns_.emplace_back(pattern.substr(first, pattern.find_last_not_of(" \t\n") - first + 1));
  }

  static bool chooses(const std::string& pattern, std::string_view name) {
    for (std::size_t end = name.size(); end != name.npos && end > 0; end = name.rfind('.', end - 1))
      if (detail::glob_matches(pattern, name.substr(0, end))) return true;
    return false;
  }

  std::string what_;
  std::vector<std::string> patterns_;
};

}  // namespace tl
