// The files of --validation_file: several may be given, as FILE or NAME=FILE.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <tl/io/utf8.hpp>

#include "commands.hpp"

namespace program {

/// A file to evaluate on. The name is empty if there is only one and it was given none.
struct EvalFile {
  std::string name, path;

  /// What the names of its metrics begin with: "eval", or "eval_{name}".
  std::string prefix() const { return name.empty() ? "eval" : "eval_" + name; }
};

/// The files of --validation_file. "news=test.csv" has a name, unless that is a file; of several files, one without is
/// named as its file is.
inline std::vector<EvalFile> eval_files(const std::vector<std::string>& given) {
  std::vector<EvalFile> files;
  for (const std::string& text : given) {
    const std::size_t equals = text.find('=');
    std::error_code ignored;
    if (equals != text.npos && !std::filesystem::exists(text, ignored))
      files.push_back({text.substr(0, equals), text.substr(equals + 1)});
    else files.push_back({given.size() > 1 ? std::filesystem::path(text).stem().string() : "", text});
  }
  return files;
}

/// What the names of metrics begin with, for each file.
inline std::vector<std::string> eval_prefixes(const std::vector<std::string>& given) {
  std::vector<std::string> prefixes;
  for (const EvalFile& file : eval_files(given)) prefixes.push_back(file.prefix());
  if (prefixes.empty()) prefixes.emplace_back("eval");
  return prefixes;
}

/// Adds what is wrong with the names of --validation_file.
inline void check_eval_names(const std::vector<std::string>& given) {
  std::set<std::string> names;
  for (const EvalFile& file : eval_files(given)) {
    if (!names.insert(file.name).second)
      usage_problems().push_back("--validation_file: expected names that differ, got " +
                                 tl::escape_invalid_utf8(file.name) + " twice; NAME=FILE gives a file a name");
    else if (tl::find_invalid_utf8(file.name) != std::string::npos)
      usage_problems().push_back("--validation_file: expected a name in UTF-8, got " +
                                 tl::escape_invalid_utf8(file.name));
    else if (file.name.empty() && given.size() > 1)
      usage_problems().emplace_back("--validation_file: expected a name before the =, got nothing");
  }
}

}  // namespace program
