// The table of reporters: callbacks that a run gets by their names in TrainingArguments::report_to. Those of tl enter
// themselves when their header is included, <tl/trainer.hpp> includes them; a program adds its own the same way.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
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

struct ReporterTable {
  std::mutex mutex;
  std::vector<Reporter> reporters;
};

inline ReporterTable& reporter_table() {
  static ReporterTable table;
  return table;
}

}  // namespace detail

/// Adds a reporter, or takes the place of the one with its name; true, so that it can be called before main().
/// Throws Error(invalid_argument) for a name that is empty, "none", "all", or has a comma or a space in it, and without
/// `make`.
inline bool register_reporter(Reporter reporter) {
  const std::string& name = reporter.name;
  check(!name.empty() && name != "none" && name != "all" && name.find_first_of(", ") == name.npos,
        ErrorCode::invalid_argument, "register_reporter: expected a name of one word other than none and all, got \"",
        name, "\"");
  check(reporter.make != nullptr, ErrorCode::invalid_argument, "register_reporter: expected what makes ", name,
        ", got a null function");
  detail::ReporterTable& table = detail::reporter_table();
  const std::lock_guard lock(table.mutex);
  for (Reporter& there : table.reporters)
    if (there.name == name) return there = std::move(reporter), true;
  table.reporters.push_back(std::move(reporter));
  return true;
}

/// The names in the table, in the order of the alphabet.
inline std::vector<std::string> reporter_names() {
  detail::ReporterTable& table = detail::reporter_table();
  const std::lock_guard lock(table.mutex);
  std::vector<std::string> names;
  for (const Reporter& reporter : table.reporters) names.push_back(reporter.name);
  std::sort(names.begin(), names.end());
  return names;
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
    std::string names;
    for (const std::string& one : known) names += str_cat(names.empty() ? "" : ", ", one);
    return str_cat("report_to: expected none, all, or names of ", names.empty() ? "no reporter" : names,
                   " with commas between (a program adds others by tl::register_reporter), got ",
                   name.empty() ? "an empty name" : escape_invalid_utf8(name));
  }
  return {};
}

/// The callbacks that `report_to` asks for, made anew; "all" is every one of the table. Throws Error(invalid_argument)
/// with report_to_problem().
inline std::vector<std::shared_ptr<TrainerCallback>> make_reporters(const ReportTo& report_to) {
  const std::string problem = report_to_problem(report_to);
  check(problem.empty(), ErrorCode::invalid_argument, problem);
  std::vector<Reporter> chosen;
  {
    detail::ReporterTable& table = detail::reporter_table();
    const std::lock_guard lock(table.mutex);
    for (const Reporter& reporter : table.reporters)
      if (report_to.contains("all") || report_to.contains(reporter.name)) chosen.push_back(reporter);
  }
  std::vector<std::shared_ptr<TrainerCallback>> made;
  for (const Reporter& reporter : chosen) {
    made.push_back(reporter.make());
    check(made.back() != nullptr, ErrorCode::invalid_argument, "report_to: expected a callback from ", reporter.name,
          ", got a null pointer");
  }
  return made;
}

}  // namespace tl
