// Whether a page is well formed: every element that is opened is closed, in order.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <tl/core/error.hpp>

namespace tl::test {

/// What is wrong with the elements of a page; empty if nothing is.
inline std::string markup_problem(std::string_view html) {
  static const std::set<std::string, std::less<>> without_end = {"meta", "br", "!DOCTYPE"};
  std::vector<std::string> open;
  for (std::size_t at = html.find('<'); at != html.npos; at = html.find('<', at + 1)) {
    const std::size_t end = html.find('>', at);
    if (end == html.npos) return "a tag without end";
    const std::string_view tag = html.substr(at + 1, end - at - 1);
    if (tag.find('<') != tag.npos) return str_cat("a tag within the tag ", tag);
    const bool closes = tag.starts_with('/');
    const std::string name(tag.substr(closes ? 1 : 0, tag.find_first_of(" /", closes ? 1 : 0) - (closes ? 1 : 0)));
    if (tag.ends_with('/') || without_end.contains(name)) continue;
    if (!closes) open.push_back(name);
    else if (open.empty() || open.back() != name)
      return str_cat("</", name, "> closes ", open.empty() ? "nothing" : open.back());
    else open.pop_back();
  }
  return open.empty() ? "" : str_cat("<", open.back(), "> is never closed");
}

/// How often `part` is in `text`.
inline int occurrences(std::string_view text, std::string_view part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

}  // namespace tl::test
