// The table of reporters: callbacks that a run gets by their names in TrainingArguments::report_to. Those of tl are in
// train/reporters.hpp and their names are here; a program adds its own. Nothing here runs before main(), so that a
// source that includes <tl/trainer.hpp> without making a Trainer compiles none of it.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/io/utf8.hpp>
#include <tl/train/report_to.hpp>

namespace tl {

class TrainerCallback;

/// One row of the table.
struct Reporter {
  std::string name;                                        ///< "tensorboard"
  std::function<std::shared_ptr<TrainerCallback>()> make;  ///< called by each Trainer that reports to it
};

namespace detail {

/// The names of those that tl has; reporters.hpp makes them.
inline constexpr std::array<std::string_view, 2> own_reporters = {"jsonl", "tensorboard"};

struct ReporterTable {
  std::mutex mutex;
  std::vector<Reporter> reporters;
};

inline ReporterTable& reporter_table() {
  static ReporterTable table;
  return table;
}

}  // namespace detail

/// Adds a reporter, or takes the place of the one with its name. Throws Error(invalid_argument) for a name that is
/// empty, "none", "all", or has a comma or a space in it, and without `make`.
inline void register_reporter(Reporter reporter) {
  const std::string& name = reporter.name;
  check(!name.empty() && name != "none" && name != "all" && name.find_first_of(", ") == name.npos,
        ErrorCode::invalid_argument, "register_reporter: expected a name of one word other than none and all, got \"",
        name, "\"");
  check(reporter.make != nullptr, ErrorCode::invalid_argument, "register_reporter: expected what makes ", name,
        ", got a null function");
  detail::ReporterTable& table = detail::reporter_table();
  const std::lock_guard lock(table.mutex);
  for (Reporter& there : table.reporters)
    if (there.name == name) return void(there = std::move(reporter));
  table.reporters.push_back(std::move(reporter));
}

/// The names that report_to can have, in the order of the alphabet.
inline std::vector<std::string> reporter_names() {
  detail::ReporterTable& table = detail::reporter_table();
  const std::lock_guard lock(table.mutex);
  std::set<std::string> names(detail::own_reporters.begin(), detail::own_reporters.end());
  for (const Reporter& reporter : table.reporters) names.insert(reporter.name);
  return {names.begin(), names.end()};
}

/// What is wrong with `report_to`, as a sentence; empty: nothing.
inline std::string report_to_problem(const ReportTo& report_to) {
  const std::vector<std::string> known = reporter_names();
  for (const std::string& name : report_to.names()) {
    if (name == "none" || name == "all") {
      if (report_to.names().size() == 1) continue;
      return str_cat("report_to: expected ", name, " alone, or names without it, got ", report_to.text());
    }
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    if (name == "html")
      return "report_to: expected names that are registered, got html; tl::register_html_reporter() of "
             "<tl/train/html_report.hpp> does that";
    std::string names;
    for (const std::string& one : known) names += str_cat(names.empty() ? "" : ", ", one);
    return str_cat("report_to: expected none, all, or names of ", names.empty() ? "no reporter" : names,
                   " with commas between (a program adds others by tl::register_reporter), got ",
                   name.empty() ? "an empty name" : escape_invalid_utf8(name));
  }
  return {};
}

}  // namespace tl
