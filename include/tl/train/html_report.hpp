// The report of a run: one HTML file that needs neither a network nor scripts. HtmlCallback writes it during a run,
// write_report() makes it from the folder of one. Not part of <tl/trainer.hpp>, whose users need not compile it; a
// program that wants the reporter "html" calls register_html_reporter().
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <tl/train/report/page.hpp>
#include <tl/train/report/run_facts.hpp>
#include <tl/train/report/run_folder.hpp>
#include <tl/train/reporter.hpp>

namespace tl {

namespace detail::report {

inline constexpr std::size_t most_warnings = 50;

/// Writes the page, and beside it the values that it was made of. Throws Error(format) for values of another form, and
/// Error(io).
inline void write_page(const Json& run, const std::filesystem::path& file) {
  std::string html;
  try {
    html = page(run);
  } catch (const Json::exception& error) {
    fail(ErrorCode::format, values_file(file).native(),
         ": expected what a report was made of, got other values: ", error.what());
  }
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  make_folder(folder);
  const std::vector<NamedText> files = {
      {values_file(file).filename().string(), dump_json(run, {.indent = 1, .sort_keys = false})},
      {file.filename().string(), html}};
  write_files(folder, files);
}

}  // namespace detail::report

/// The reporter "html": output_dir/report.html, or another file, new after each evaluation and at the end of the run,
/// and the values it shows beside it as report.json.
class HtmlCallback : public TrainerCallback {
 public:
  explicit HtmlCallback(std::filesystem::path file = {}) : file_(std::move(file)) {}

  void on_train_begin(const TrainerEvent& event) override {
    run_ = Json::object();
    if (event.options != nullptr && event.options->train_dataset->has_value())
      add_lengths("train", *event.options->train_dataset);
    run_["finished"] = false;
  }

  void on_evaluate(const TrainerEvent& event) override {
    const std::string prefix(event.eval_prefix);
    if (event.prediction != nullptr) {
      Json summary = detail::report::evaluation_summary(detail::report::evaluated_of(event));
      summary["step"] = event.state.global_step;
      run_["evaluations"][prefix] = std::move(summary);
    }
    if (event.eval_rows != nullptr && !run_["lengths"].contains(prefix)) add_lengths(prefix, *event.eval_rows);
    if (!event.more_eval_datasets) write(event);
  }

  void on_train_end(const TrainerEvent& event) override {
    run_["finished"] = !event.control.should_interrupt;
    write(event);
  }

  void on_warning(const TrainerEvent& event) override {
    Json& warnings = run_["warnings"];
    if (warnings.size() < detail::report::most_warnings) warnings.push_back(escape_invalid_utf8(event.warning));
  }

  bool wants_predictions() const override { return true; }

 private:
  void add_lengths(const std::string& name, const RowSource& rows) {
    if (Json lengths = detail::report::length_summary(detail::report::lengths_of(rows)); !lengths.is_null())
      run_["lengths"][name] = std::move(lengths);
  }

  void write(const TrainerEvent& event) {
    namespace report = detail::report;
    const std::filesystem::path folder = event.args.output_dir;
    const std::string name = detail::card::one_line(detail::card::name_of_folder(folder));
    run_["name"] = name;
    run_["written"] = report::time_now();
    run_["log"] = event.state.log_history;
    run_["state"] = report::state_json(event.state);
    run_["arguments"] = to_json(event.args);
    run_["versions"] = report::versions();
    run_["machine"] = report::machine(event.args);
    run_["memory"] = {{"peak_bytes", report::peak_memory()}};
    std::string model_class;
    if (event.model != nullptr) {
      run_["model"] = report::model_json(*event.model);
      model_class = event.model->class_name();
    }
    run_["model_card"] = model_card(event.state.log_history, run_["arguments"], model_class, {.model_name = name});
    report::write_page(run_, file_.empty() ? folder / "report.html" : file_);
  }

  std::filesystem::path file_;
  Json run_ = Json::object();
};

/// Makes the report of the run in `folder` and returns where it is: `file`, by default report.html there. What the
/// reporter "html" left is shown as it was; of a run without it there are the log, the arguments, and the scores that
/// eval_results.json has. Throws Error(not_found) for a folder without a run, Error(format), Error(io).
inline std::filesystem::path write_report(const std::filesystem::path& folder, std::filesystem::path file = {}) {
  Json run = detail::report::run_of_folder(folder);
  if (file.empty()) file = folder / "report.html";
  detail::report::write_page(run, file);
  return file;
}

/// Gives `report_to` the reporter "html", and "all" with it; to be called before a Trainer is made.
inline void register_html_reporter() {
  register_reporter({"html", [] { return std::make_shared<HtmlCallback>(); }});
}

}  // namespace tl
