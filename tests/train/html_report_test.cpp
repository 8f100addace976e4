// The report of a run: written at each evaluation and in the end, and made again from the folder of a run.
#include <tl/train/html_report.hpp>
#include <tl/train/trainer.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"
#include "train/report/markup.hpp"
#include "train/toy_model.hpp"

using namespace tl;
using namespace tl::test;

namespace {

namespace fs = std::filesystem;

/// The page as it is when the user's next callback is called.
struct HtmlReader : TrainerCallback {
  std::vector<std::string> pages, warnings;
  void look(const TrainerEvent& event) {
    const fs::path file = fs::path(event.args.output_dir) / "report.html";
    pages.push_back(fs::is_regular_file(file) ? read_file(file) : "");
  }
  void on_epoch_end(const TrainerEvent& event) override { look(event); }
  void on_warning(const TrainerEvent& event) override { warnings.emplace_back(event.warning); }
};

TrainingArguments html_arguments(const fs::path& folder, ReportTo report_to) {
  return {.output_dir = folder.string(),
          .num_train_epochs = 2,
          .eval_strategy = "steps",
          .save_strategy = "no",
          .logging_steps = 2,
          .report_to = std::move(report_to),
          .eval_steps = 4};
}

TrainerOptions html_options(const std::shared_ptr<HtmlReader>& reader) {
  TrainerOptions options{.train_dataset = toy_rows(37), .console = silent_console()};
  options.eval_dataset = EvalDatasets{{"near", toy_rows(11, 5)}, {"far", toy_rows(12, 6)}};
  options.callbacks = {reader};
  return options;
}

}  // namespace

TEST_CASE("html: the page is new at each evaluation and in the end, with what was evaluated") {
  const TemporaryFolder folder;
  const fs::path out = folder.path() / "my run";
  const auto reader = std::make_shared<HtmlReader>();
  ToyModel model;
  const auto names = reporter_names();
  if (std::find(names.begin(), names.end(), "html") == names.end())  // another case may have registered it
    CHECK(report_to_problem("html") ==
          "report_to: expected names that are registered, got html; "
          "tl::register_html_reporter() of <tl/train/html_report.hpp> does that");
  register_html_reporter();
  Trainer trainer(model, html_arguments(out, "html"), html_options(reader));
  trainer.train();
  REQUIRE(reader->pages.size() == 2);
  CHECK(reader->pages[0].find("the run has not ended") != std::string::npos);
  const std::string last = read_file(out / "report.html");
  CHECK(last.find("the run has not ended") == last.npos);
  CHECK(markup_problem(last) == "");
  for (const char* part :
       {"<bdi>my run</bdi>", "Evaluation: <bdi>eval_near</bdi>", "Evaluation: <bdi>eval_far</bdi>", "Confusion matrix",
        "<bdi>words</bdi>", "ToyModel", "generated_from_trainer", "lengths of train", "lengths of eval_far"}) {
    CAPTURE(part);
    CHECK(last.find(part) != last.npos);
  }
  CHECK(reader->warnings.empty());
  trainer.evaluate();
  CHECK(read_file(out / "report.html").find("after training") != std::string::npos);

  const std::string former = read_file(out / "report.html");
  CHECK(write_report(out) == out / "report.html");
  const std::string again = read_file(out / "report.html");
  CHECK(again.substr(again.find("<h2 id=\"curves\">")) == former.substr(former.find("<h2 id=\"curves\">")));
}

TEST_CASE("write_report: from a run without the reporter, and what is no run") {
  const TemporaryFolder folder;
  const fs::path out = folder.path() / "out", page = folder.path() / "pages" / "a.html";
  const auto reader = std::make_shared<HtmlReader>();
  ToyModel model;
  Trainer trainer(model, html_arguments(out, "none"), html_options(reader));
  trainer.train();
  trainer.save_state();
  write_text(out / "eval_results.json",
             R"({"eval_samples": 5, "eval_confusion_matrix": {"labels": ["no", "yes"], "counts": [[2, 0], [1, 2]]},
                 "eval_classification_report": {"no": {"precision": 0.5, "recall": 1.0, "f1-score": 0.66, "support": 2},
                 "accuracy": 0.8, "macro avg": {"precision": 1, "recall": 1, "f1-score": 1, "support": 5}}})");
  CHECK(write_report(out, page) == page);
  const std::string html = read_file(page);
  CHECK(markup_problem(html) == "");
  CHECK(html.find("<bdi>yes</bdi>") != html.npos);
  CHECK(html.find("<td>macro avg") == html.npos);
  CHECK(html.find("<bdi>macro avg</bdi>") != html.npos);
  CHECK(fs::exists(folder.path() / "pages" / "a.json"));
  CHECK(!fs::exists(out / "report.html"));

  TL_REQUIRE_ERROR(
      write_report(folder.path() / "pages"),
      "pages: expected the folder of a run, with trainer_state.json, a checkpoint or report.json; got none");
  TL_REQUIRE_ERROR(write_report(folder.path() / "nowhere"),
                   "nowhere: expected the folder of a run, got nothing of that name");
  write_text(out / "report.json", "[]");
  TL_REQUIRE_ERROR(write_report(out), "report.json: expected a JSON object, got array");
  write_text(out / "report.json", R"({"evaluations": {"eval": {"confusion": [["a"]]}}})");
  TL_REQUIRE_ERROR(write_report(out), "report.json: expected what a report was made of, got other values: ");
  CHECK(!fs::exists(out / "report.html"));
}

TEST_CASE("html: a page that cannot be written costs a warning and no run") {
  const TemporaryFolder folder;
  const auto reader = std::make_shared<HtmlReader>();
  fs::create_directories(folder.path() / "out" / "report.html");
  ToyModel model;
  register_html_reporter();
  TrainingArguments arguments = html_arguments(folder.path() / "out", "html");
  arguments.prediction_loss_only = true;
  Trainer trainer(model, arguments, html_options(reader));
  trainer.train();
  REQUIRE(reader->warnings.size() == 1);
  CHECK(reader->warnings[0].find("report.html") != std::string::npos);
  CHECK(reader->warnings[0].ends_with("the run goes on without this reporter"));
}
