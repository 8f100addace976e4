// A repository of a hub: what it holds, its name, and which of its states is meant. All checks of names are here: a
// name becomes a folder of the cache and a part of an address, and must not lead anywhere else.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <tl/core/error.hpp>

namespace tl::hub {

/// What a repository holds; its name is part of the folder in the cache and of the address.
enum class RepositoryKind { model, dataset };

/// "model" or "dataset".
inline std::string_view to_string(RepositoryKind kind) { return kind == RepositoryKind::model ? "model" : "dataset"; }

/// One state of one repository.
struct Repository {
  RepositoryKind kind = RepositoryKind::model;
  std::string id{};               ///< "name" or "owner/name"
  std::string revision = "main";  ///< a branch, a tag, or a commit of 40 hexadecimal digits
};

/// Whether `revision` is a commit: 40 hexadecimal digits in lower case.
inline bool is_commit(std::string_view revision) {
  return revision.size() == 40 && revision.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

namespace detail {

/// Why `part`, the owner or the name of a repository, cannot be one; empty if it can.
inline std::string_view problem_of_id_part(std::string_view part) {
  constexpr std::string_view word = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  if (part.empty() || part.size() > 96) return "1 to 96 characters before and after the slash";
  if (part.find_first_not_of(word) != std::string_view::npos) {
    std::string allowed(word);
    allowed += "-.";
    if (part.find_first_not_of(allowed) != std::string_view::npos)
      return "letters, digits, \"-\", \"_\" and \".\" only";
  }
  if (word.find(part.front()) == std::string_view::npos || word.find(part.back()) == std::string_view::npos)
    return "no \"-\" or \".\" at the beginning or the end";
  return "";
}

/// What the rules of the hub demand and `id` does not keep; empty if it may be the name of a repository.
inline std::string_view problem_of_id(std::string_view id) {
  const auto slash = id.find('/');
  if (slash != std::string_view::npos && id.find('/', slash + 1) != std::string_view::npos) return "one slash at most";
  if (id.find("--") != std::string_view::npos || id.find("..") != std::string_view::npos)
    return "no \"--\" and no \"..\"";
  if (id.ends_with(".git")) return "no \".git\" at the end";
  if (slash == std::string_view::npos) return problem_of_id_part(id);
  const std::string_view owner = problem_of_id_part(id.substr(0, slash));
  return owner.empty() ? problem_of_id_part(id.substr(slash + 1)) : owner;
}

/// Whether `path` names something below the folder it is appended to, in the portable spelling of a hub: parts that are
/// neither empty nor "." nor "..", separated by "/", without a backslash, a control character or a colon as in "C:".
inline bool is_inner_path(std::string_view path) {
  if (path.empty() || path.back() == '/') return false;
  for (const char c : path)
    if (c == '\\' || (c >= '\0' && c < ' ') || c == '\x7f') return false;
  if (path.size() > 1 && path[1] == ':') return false;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    if (part.empty() || part == "." || part == "..") return false;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return true;
}

}  // namespace detail

/// Whether `id` may be the name of a repository: "name" or "owner/name", by the rules of the hub.
inline bool is_repository_id(std::string_view id) { return detail::problem_of_id(id).empty(); }

/// Throws invalid_argument unless id and revision may be those of a repository.
inline void check_repository(const Repository& repository) {
  const std::string_view problem = detail::problem_of_id(repository.id);
  check(problem.empty(), ErrorCode::invalid_argument, "expected the name of a ", to_string(repository.kind),
        " on a hub, \"name\" or \"owner/name\" with ", problem, ", got \"", repository.id, "\"");
  check(detail::is_inner_path(repository.revision), ErrorCode::invalid_argument, repository.id,
        ": expected a branch, a tag or a commit as revision, got \"", repository.revision, "\"");
}

/// Throws format unless `path`, a file name that a repository gave, leads to a place inside of its folder.
inline void check_file_path(const Repository& repository, std::string_view path) {
  check(detail::is_inner_path(path), ErrorCode::format, repository.id,
        ": expected the path of a file inside of the repository, got \"", path, "\"");
}

}  // namespace tl::hub
