// The environment variables of the Hugging Face libraries, with their meaning there. They are read at each call, so
// that a program may set them. A variable that is empty counts as not set.
#pragma once

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include <tl/io/read_file.hpp>

namespace tl::hub {

namespace detail {

inline std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Whether the variable is 1, ON, YES or TRUE, in any case.
inline bool is_true(const char* name) {
  std::string value = variable(name);
  for (char& c : value) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
}

/// `text` with a leading "~" replaced by HOME, and $NAME and ${NAME} by what is set; others stay.
inline std::string expand(std::string text) {
  if (text == "~" || text.starts_with("~/"))
    if (const std::string home = variable("HOME"); !home.empty()) text.replace(0, 1, home);
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '$') {
      result += text[i++];
      continue;
    }
    const bool braces = i + 1 < text.size() && text[i + 1] == '{';
    const std::size_t begin = i + (braces ? 2 : 1);
    std::size_t end = begin;
    while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_')) ++end;
    const bool whole = end > begin && (!braces || (end < text.size() && text[end] == '}'));
    const std::string value = whole ? variable(text.substr(begin, end - begin).c_str()) : "";
    if (braces && whole) ++end;
    result += value.empty() ? text.substr(i, end - i) : value;
    i = end;
  }
  return result;
}

/// `text` without line ends, and without white space around it.
inline std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

}  // namespace detail

/// The folder of all Hugging Face files: HF_HOME, else huggingface in XDG_CACHE_HOME, else in ~/.cache.
inline std::filesystem::path home_dir() {
  if (const auto home = detail::variable("HF_HOME"); !home.empty()) return detail::expand(home);
  const auto cache = detail::variable("XDG_CACHE_HOME");
  return std::filesystem::path(detail::expand(cache.empty() ? "~/.cache" : cache)) / "huggingface";
}

/// The folder of downloaded repositories: HF_HUB_CACHE, else the older HUGGINGFACE_HUB_CACHE, else home_dir()/hub.
inline std::filesystem::path cache_dir() {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"})
    if (const auto folder = detail::variable(name); !folder.empty()) return detail::expand(folder);
  return home_dir() / "hub";
}

/// Whether no network may be used: HF_HUB_OFFLINE, else the older TRANSFORMERS_OFFLINE.
inline bool offline() {
  const char* const name = detail::variable("HF_HUB_OFFLINE").empty() ? "TRANSFORMERS_OFFLINE" : "HF_HUB_OFFLINE";
  return detail::is_true(name);
}

/// The address of the hub, without a slash at the end: HF_ENDPOINT, else https://huggingface.co.
inline std::string endpoint() {
  std::string address = detail::variable("HF_ENDPOINT");
  while (address.ends_with('/')) address.pop_back();
  return address.empty() ? "https://huggingface.co" : address;
}

/// The user's token, empty without one: HF_TOKEN, else the older HUGGING_FACE_HUB_TOKEN, else the content of the file
/// HF_TOKEN_PATH, by default home_dir()/token. Empty, too, with HF_HUB_DISABLE_IMPLICIT_TOKEN: then only a token that
/// the call gives is sent. Throws io for a token file that is there and cannot be read.
inline std::string token() {
  if (detail::is_true("HF_HUB_DISABLE_IMPLICIT_TOKEN")) return "";
  for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"})
    if (auto value = detail::trimmed(detail::variable(name)); !value.empty()) return value;
  const auto given = detail::variable("HF_TOKEN_PATH");
  const auto path = given.empty() ? home_dir() / "token" : std::filesystem::path(detail::expand(given));
  return tl::detail::path_exists(path) ? detail::trimmed(read_file(path)) : "";
}

}  // namespace tl::hub
