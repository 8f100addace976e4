// Folders that are not there, but read like the name of a model on a hub.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace tl::detail {

/// What an error about a model's folder adds if nothing of that name exists and it reads like "name" or "owner/name";
/// empty otherwise.
inline std::string_view hub_hint(const std::filesystem::path& folder) {
  const std::string& name = folder.native();
  std::error_code ignored;
  if (std::filesystem::exists(folder, ignored)) return "";
  if (name.empty() || name.front() == '.' || name.front() == '/' || name.back() == '/') return "";
  if (std::count(name.begin(), name.end(), '/') > 1 || name.find('\\') != std::string::npos) return "";
  return "; models are not downloaded by their name on a hub, pass the path of a local copy";
}

}  // namespace tl::detail
