// Which files of a folder or a repository a pattern means, and which splits the names of files speak of, by the rules
// of Python's datasets: "**" is any number of folders, "*" and "?" stay in one, "[a-z]" and "[!a-z]" are sets; hidden
// files and "__pycache__" only match what names them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/sort.hpp>
#include <tl/data/column.hpp>

namespace tl::detail {

inline bool is_pattern(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

/// Splits "a/b/c" at the slashes; parts that are empty or "." are left out.
inline std::vector<std::string_view> path_parts(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0 && path.substr(0, end) != ".") parts.push_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

/// Takes a set "[a-z]" from the pattern; whether the character is in it. A bracket that is not closed is a character.
inline bool match_set(std::string_view& pattern, char c) {
  const std::size_t begin = pattern.size() > 1 && pattern[1] == '!' ? 2 : 1;
  const std::size_t close = pattern.find(']', begin + 1);
  if (close == std::string_view::npos) {
    pattern.remove_prefix(1);
    return c == '[';
  }
  bool found = false;
  for (std::size_t at = begin; at < close; ++at) {
    const bool is_range = at + 2 < close && pattern[at + 1] == '-';
    found = found || (is_range ? pattern[at] <= c && c <= pattern[at + 2] : pattern[at] == c);
    if (is_range) at += 2;
  }
  pattern.remove_prefix(close + 1);
  return found != (begin == 2);
}

/// Whether one part of a path fits one part of a pattern.
inline bool match_part(std::string_view pattern, std::string_view name) {
  // Where the last star was, and which character it has to take if what follows does not fit.
  std::string_view after_star, name_after_star;
  bool star = false;
  while (!name.empty() || !pattern.empty()) {
    bool fits = false;
    if (!pattern.empty() && pattern[0] == '*') {
      pattern.remove_prefix(1);
      after_star = pattern;
      name_after_star = name;
      star = true;
      continue;
    }
    if (!pattern.empty() && !name.empty()) {
      if (pattern[0] == '[') {
        fits = match_set(pattern, name[0]);
      } else {
        fits = pattern[0] == '?' || pattern[0] == name[0];
        pattern.remove_prefix(1);
      }
      name.remove_prefix(1);
    }
    if (fits) continue;
    if (!star || name_after_star.empty()) return false;
    name_after_star.remove_prefix(1);
    name = name_after_star;
    pattern = after_star;
  }
  return true;
}

/// Whether the parts of a path fit those of a pattern, of which "**" is any number of folders, or at the end anything.
inline bool match_parts(const std::vector<std::string_view>& pattern, const std::vector<std::string_view>& path) {
  // reached[j]: the pattern so far fits the first j parts.
  std::vector<char> reached(path.size() + 1, 0);
  reached[0] = 1;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const std::string_view part = pattern[i];
    const bool folder_before = i > 0 && i + 1 == pattern.size();  // "train/**" is what is in it, and not a file "train"
    std::vector<char> next(path.size() + 1, 0);
    for (std::size_t j = 0; j <= path.size(); ++j) {
      if (part == "**" && folder_before) next[j] = j > 0 && (reached[j - 1] || next[j - 1]);
      else if (part == "**") next[j] = reached[j] || (j > 0 && next[j - 1]);
      else if (j > 0) next[j] = reached[j - 1] && match_part(part, path[j - 1]);
    }
    reached = std::move(next);
  }
  return reached[path.size()] != 0;
}

/// Whether as many parts of the path are hidden, or special, as the pattern names itself.
inline bool names_hidden_parts(const std::vector<std::string_view>& pattern,
                               const std::vector<std::string_view>& path) {
  const auto hidden = [](std::string_view part) {
    return part.starts_with('.') && part.find_first_not_of('.') != std::string_view::npos;
  };
  const auto special = [](std::string_view part) { return part.starts_with("__"); };
  const auto folders = [&](const std::vector<std::string_view>& parts) {
    return parts.empty() ? 0 : std::count_if(parts.begin(), parts.end() - 1, special);
  };
  const auto hidden_in = [&](const auto& parts) { return std::count_if(parts.begin(), parts.end(), hidden); };
  return hidden_in(path) == hidden_in(pattern) && folders(path) == folders(pattern);
}

/// Files that describe data and hold none.
inline constexpr std::array<std::string_view, 6> described_by = {
    "README.md", "config.json", "dataset_info.json", "dataset_infos.json", "dummy_data.zip", "dataset_dict.json"};

inline std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

inline bool describes_data(std::string_view path) {
  for (const std::string_view name : described_by)
    if (name == file_name(path)) return true;
  return false;
}

/// The paths of `files`, which are sorted, that the pattern means.
inline std::vector<std::string> matching_files(const std::vector<std::string>& files, std::string_view pattern) {
  const auto pattern_parts = path_parts(pattern);
  for (const std::string_view part : pattern_parts)
    check(part == "**" || part.find("**") == std::string_view::npos, ErrorCode::invalid_argument, "pattern ",
          Repr{pattern}, ": expected ** to stand for folders, as in data/**/*.csv");
  std::vector<std::string> found;
  for (const std::string& file : files) {
    if (describes_data(file) && file_name(file) != file_name(pattern)) continue;
    const auto parts = path_parts(file);
    if (match_parts(pattern_parts, parts) && names_hidden_parts(pattern_parts, parts)) found.push_back(file);
  }
  return found;
}

/// Splits and the patterns of their files.
using SplitPatterns = std::vector<std::pair<std::string, std::vector<std::string>>>;

/// The words in names of files and folders that speak of a split.
inline constexpr std::pair<std::string_view, std::array<std::string_view, 4>> split_words[] = {
    {"train", {"train", "training"}},
    {"validation", {"validation", "valid", "dev", "val"}},
    {"test", {"test", "testing", "eval", "evaluation"}}};

/// The place of a split among others: train, validation, test, then all else.
inline std::ptrdiff_t split_rank(std::string_view split) {
  std::ptrdiff_t rank = 0;
  while (rank < std::ssize(split_words) && split_words[rank].first != split) ++rank;
  return rank;
}

/// The splits in the order of their ranks; those of one rank keep theirs.
inline SplitPatterns by_rank(SplitPatterns patterns) {
  return stable_sorted(std::move(patterns),
                       [](const auto& a, const auto& b) { return split_rank(a.first) < split_rank(b.first); });
}

/// The splits of files named as "data/train-00000-of-00003.parquet": train, validation, test, then others by name.
inline SplitPatterns sharded_patterns(const std::vector<std::string>& files) {
  static constexpr std::string_view shard = "-[0-9][0-9][0-9][0-9][0-9]-of-[0-9][0-9][0-9][0-9][0-9]*.*";
  std::vector<std::string> names;
  for (const std::string& file : matching_files(files, str_cat("data/*", shard))) {
    std::string_view name = file_name(file);
    // The last place where the rest is that of a shard.
    for (std::size_t at = name.rfind('-'); at != std::string_view::npos && at > 0; at = name.rfind('-', at - 1))
      if (match_part(shard, name.substr(at))) {
        name = name.substr(0, at);
        break;
      }
    if (!holds_name(names, name)) names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  SplitPatterns patterns;
  for (const std::string& name : names) patterns.push_back({name, {str_cat("data/", name, shard)}});
  return by_rank(std::move(patterns));
}

/// The splits whose words are in the names of folders, or if there are none in those of files, else all files as the
/// split "train". Empty if there are no files.
inline SplitPatterns default_patterns(const std::vector<std::string>& files) {
  if (SplitPatterns sharded = sharded_patterns(files); !sharded.empty()) return sharded;
  for (const bool folders : {true, false}) {
    SplitPatterns found;
    for (const auto& [split, words] : split_words) {
      std::vector<std::string> patterns;
      for (const std::string_view word : words) {
        if (word.empty()) continue;
        const std::string_view end = folders ? "/**" : "";
        if (folders) patterns.push_back(str_cat("**/", word, "/**"));
        patterns.push_back(str_cat("**/", word, "[-._ 0-9]*", end));
        if (folders) patterns.push_back(str_cat("**/*[-._ 0-9]", word, "/**"));
        patterns.push_back(str_cat("**/*[-._ 0-9]", word, "[-._ 0-9]*", end));
      }
      bool any = false;
      for (const std::string& pattern : patterns) any = any || !matching_files(files, pattern).empty();
      if (any) found.emplace_back(split, std::move(patterns));
    }
    if (!found.empty()) return found;
  }
  return matching_files(files, "**").empty() ? SplitPatterns() : SplitPatterns{{"train", {"**"}}};
}

}  // namespace tl::detail
