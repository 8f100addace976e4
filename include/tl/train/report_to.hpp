// ReportTo: to whom a run reports, by names as in the Python stack: none, all, one name, or several. The names are
// those of the table in train/reporter.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>

namespace tl {

/// The value of TrainingArguments::report_to: {"tensorboard", "jsonl"}, "tensorboard,jsonl", "all" or "none".
class ReportTo {
 public:
  ReportTo() = default;
  ReportTo(std::string_view names) { add(names); }
  ReportTo(const char* names) : ReportTo(std::string_view(names)) {}
  ReportTo(const std::string& names) : ReportTo(std::string_view(names)) {}
  ReportTo(std::initializer_list<const char*> names) {
    for (const char* const name : names) add(name);
  }
  ReportTo(const std::vector<std::string>& names) {
    for (const std::string& name : names) add(name);
  }

  /// As they were given, each once; "none" and "all" are names here.
  const std::vector<std::string>& names() const { return names_; }

  /// True if nothing reports.
  bool none() const { return names_.empty() || (names_.size() == 1 && names_[0] == "none"); }
  bool contains(std::string_view name) const { return std::find(names_.begin(), names_.end(), name) != names_.end(); }

  /// "tensorboard,jsonl", or "none".
  std::string text() const {
    std::string text;
    for (const std::string& name : names_) text += str_cat(text.empty() ? "" : ",", name);
    return names_.empty() ? "none" : text;
  }

  friend bool operator==(const ReportTo& a, const ReportTo& b) { return a.text() == b.text(); }

 private:
  /// Adds what stands between the commas of `text`, without the spaces around; an empty text is no name.
  void add(std::string_view text) {
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find(',', begin), text.size());
      std::string_view name = text.substr(begin, end - begin);
      while (name.starts_with(' ')) name.remove_prefix(1);
      while (name.ends_with(' ')) name.remove_suffix(1);
      if (!contains(name) && !text.empty()) names_.emplace_back(name);
      begin = end + 1;
    }
  }

  std::vector<std::string> names_;
};

}  // namespace tl
