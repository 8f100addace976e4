// Reporters by name: what they write, where, how a resumed run goes on with it, and what happens when they cannot
// write.
#include <sys/stat.h>

#include <cstdlib>

#include <tl/train/trainer.hpp>

#include "support/catch.hpp"
#include "support/event_records.hpp"
#include "support/reference.hpp"
#include "train/toy_model.hpp"

using namespace tl;
using namespace tl::test;

namespace {

namespace fs = std::filesystem;

/// The only folder in `folder`.
fs::path reporters_only_entry(const fs::path& folder) {
  const auto names = names_in(folder);
  REQUIRE(names.size() == 1);
  return folder / *names.begin();
}

std::vector<fs::path> reporters_event_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const std::string& name : names_in(folder))
    if (name.starts_with("events.out.tfevents.")) files.push_back(folder / name);
  return files;
}

/// "tag step value" of every point, without clocks.
std::vector<std::string> reporters_points(const fs::path& file) {
  std::vector<std::string> points;
  for (const ReadEvent& event : read_events(read_text(file)))
    if (event.has_value && !event.tag.ends_with("runtime") && !event.tag.ends_with("_per_second"))
      points.push_back(str_cat(event.tag, ' ', event.step, ' ', event.value));
  return points;
}

/// Lines without clocks.
std::vector<std::string> reporters_lines(const fs::path& file) {
  std::vector<std::string> lines;
  const std::string text = read_text(file);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    REQUIRE(end != text.npos);
    Json entry = parse_json(text.substr(begin, end - begin), "line");
    for (const char* clock : {"train_runtime", "train_samples_per_second", "train_steps_per_second", "eval_runtime",
                              "eval_samples_per_second", "eval_steps_per_second"})
      entry.erase(clock);
    lines.push_back(dump_json(entry, {.indent = -1}));
    begin = end + 1;
  }
  return lines;
}

std::vector<std::string> reporters_history(const TrainerState& state, const fs::path& scratch) {
  std::string text;
  for (const Json& entry : state.log_history) text += dump_json(entry, {.indent = -1}) + "\n";
  write_text(scratch, text);
  return reporters_lines(scratch);
}

/// A model with something to say in config.json.
class DescribedToy : public ToyModel {
 public:
  using ToyModel::ToyModel;
  Json config_json() const override { return {{"model_type", "toy"}}; }
};

TrainingArguments reporters_arguments(const fs::path& folder, ReportTo report_to) {
  return {.output_dir = folder.string(),
          .num_train_epochs = 2,
          .eval_strategy = "epoch",
          .save_strategy = "steps",
          .logging_steps = 2,
          .report_to = std::move(report_to),
          .save_steps = 4};
}

TrainerOptions reporters_options(std::vector<std::shared_ptr<TrainerCallback>> callbacks = {}) {
  return {.train_dataset = toy_rows(37),
          .eval_dataset = toy_rows(11, 5),
          .compute_metrics =
              [](const EvalPrediction& p) {
                return Metrics{{"accuracy", accuracy(p)}};
              },
          .callbacks = std::move(callbacks),
          .console = silent_console()};
}

/// Keeps the warnings of a run.
class ReportersWarnings : public TrainerCallback {
 public:
  std::vector<std::string> sentences;
  void on_warning(const TrainerEvent& event) override { sentences.emplace_back(event.warning); }
};

}  // namespace

TEST_CASE("report_to: a name, several, a list; what is wrong with it") {
  CHECK(ReportTo().none());
  CHECK(ReportTo("none").none());
  CHECK(ReportTo("").none());
  CHECK(ReportTo("tensorboard, jsonl").names() == std::vector<std::string>{"tensorboard", "jsonl"});
  CHECK(ReportTo({"tensorboard", "jsonl", "jsonl"}) == ReportTo("tensorboard,jsonl"));
  CHECK(ReportTo(std::vector<std::string>{"a"}).text() == "a");
  CHECK(ReportTo().text() == "none");
  const auto problem = [](ReportTo report_to) { return TrainingArguments{.report_to = report_to}.problems(); };
  CHECK(problem("tensorboard").empty());
  CHECK(problem("all").empty());
  CHECK(problem({}).empty());
  REQUIRE(problem("wandb").size() == 1);
  CHECK(problem("wandb")[0].starts_with("report_to: expected none, all, or names of "));
  CHECK(problem("wandb")[0].find("jsonl, tensorboard with commas between") != std::string::npos);
  CHECK(problem("wandb")[0].ends_with(", got wandb"));
  CHECK(problem("tensorboard,")[0].ends_with(", got an empty name"));
  CHECK(problem("a\xff")[0].ends_with(", got a\\xff"));
  CHECK(problem({"none", "jsonl"})[0] == "report_to: expected none alone, or names without it, got none,jsonl");
  CHECK(to_json(TrainingArguments{.report_to = {"jsonl", "tensorboard"}}).at("report_to") == "jsonl,tensorboard");
  TrainingArguments parsed;
  argument_field("report_to").set(parsed, "tensorboard,jsonl");
  CHECK(parsed.report_to.names().size() == 2);
}

TEST_CASE("register_reporter: a program's own, and names that none can have") {
  const TemporaryFolder folder;
  TL_REQUIRE_ERROR(register_reporter({"all", [] { return std::make_shared<TrainerCallback>(); }}),
                   "register_reporter: expected a name of one word other than none and all, got \"all\"");
  TL_REQUIRE_ERROR(register_reporter({"a,b", [] { return std::make_shared<TrainerCallback>(); }}), "got \"a,b\"");
  TL_REQUIRE_ERROR(register_reporter({"own", nullptr}), "expected what makes own, got a null function");
  static std::shared_ptr<Recorder> recorder;
  register_reporter({"own", [] { return recorder; }});
  TL_REQUIRE_ERROR(make_reporters("own"), "report_to: expected a callback from own, got a null pointer");
  recorder = std::make_shared<Recorder>();
  ToyModel model;
  Trainer trainer(model, reporters_arguments(folder / "out", "own"), reporters_options());
  trainer.train();
  CHECK(recorder->batches.size() == 10);
  CHECK(recorder->events.front() == "init_end");
  register_reporter({"own", [] { return std::make_shared<TrainerCallback>(); }});  // "all" is harmless again
}

TEST_CASE("reporters: tags, texts and lines of a run in the run's own folder") {
  const TemporaryFolder folder;
  DescribedToy model(0.3);
  Trainer trainer(model, reporters_arguments(folder / "out", {"tensorboard", "jsonl"}), reporters_options());
  CHECK(!fs::exists(folder / "out"));
  trainer.train();
  const fs::path run = reporters_only_entry(folder / "out" / "runs");
  CHECK(run.filename().string().size() > std::string("Dec01_09-30-00_").size());
  CHECK(run.filename().string()[5] == '_');

  CHECK(reporters_lines(run / "log.jsonl") == reporters_history(trainer.state(), folder / "history"));
  const auto files = reporters_event_files(run);
  REQUIRE(files.size() == 1);
  const auto events = read_events(read_text(files[0]));
  REQUIRE(events.size() > 10);
  CHECK(events[0].version == "brain.Event:2");
  CHECK((events[1].tag == "args/text_summary" && parse_json(events[1].text, "args") == to_json(trainer.args())));
  CHECK((events[2].tag == "model_config/text_summary" && events[2].text == "{\n  \"model_type\": \"toy\"\n}"));
  std::set<std::string> tags;
  for (const ReadEvent& event : events) tags.insert(event.tag);
  CHECK(tags == std::set<std::string>{
                    "", "args/text_summary", "model_config/text_summary", "train/loss", "train/grad_norm",
                    "train/learning_rate", "train/epoch", "eval/loss", "eval/accuracy", "eval/runtime",
                    "eval/samples_per_second", "eval/steps_per_second", "train/train_runtime", "train/train_loss",
                    "train/train_samples_per_second", "train/train_steps_per_second", "train/total_flos"});
  std::size_t point = 3;
  for (const Json& entry : trainer.state().log_history)
    for (const auto& [key, value] : entry.items()) {
      if (key == "step" || key.starts_with("tl_")) continue;
      bool found = false;  // Json sorts its keys, and the entry does, too
      for (std::size_t i = 3; i < events.size(); ++i)
        found = found || (events[i].step == entry.at("step").get<std::int64_t>() &&
                          events[i].tag == detail::tensorboard_tag(key) &&
                          events[i].value == static_cast<float>(value.get<double>()));
      CHECK(found);
      ++point;
    }
  CHECK(point == events.size());

  trainer.evaluate();  // after the run: to the same files
  CHECK(reporters_event_files(run).size() == 1);
  CHECK(read_events(read_text(files[0])).size() > events.size());
  CHECK(reporters_lines(run / "log.jsonl").size() == trainer.state().log_history.size());
  CHECK(names_in(run).size() == 2);
}

TEST_CASE("reporters: a resumed run goes on in the folder of its earlier part") {
  const TemporaryFolder folder;
  const fs::path out = folder / "out";
  const auto arguments = reporters_arguments(out, "tensorboard,jsonl");
  ToyModel whole(0.3);
  Trainer first(whole, arguments, reporters_options());
  first.train();
  const fs::path run = reporters_only_entry(out / "runs");
  const auto lines = reporters_lines(run / "log.jsonl");
  const auto points = reporters_points(reporters_event_files(run)[0]);
  fs::rename(run / "log.jsonl", folder / "first.jsonl");
  // As if it had been killed while it wrote an entry after the checkpoint.
  write_text(run / "log.jsonl", read_text(folder / "first.jsonl") + "{\"loss\": 0.");
  fs::rename(run, out / "runs" / "Jan02_03-04-05_elsewhere");  // so that no clock decides
  Json state = read_json(out / "checkpoint-4" / "trainer_state.json");
  CHECK(state.at("stateful_callbacks").at("JsonlReporter").at("attributes").at("run") == run.filename().string());

  const auto resumed_lines = [&](const std::string& name, const std::string& file) {
    for (const char* reporter : {"JsonlReporter", "TensorBoardReporter"})
      state["stateful_callbacks"][reporter]["attributes"]["run"] = name;
    state["stateful_callbacks"]["JsonlReporter"]["attributes"]["file"] = file;
    write_json(out / "checkpoint-4" / "trainer_state.json", state);
    fs::remove(out / "checkpoint-4" / "checksums.json");
    for (const std::string& other : names_in(out / "checkpoint-4"))
      if (other.find("checksum") != other.npos) fs::remove(out / "checkpoint-4" / other);
    ToyModel model(0.3, 2);
    Trainer trainer(model, arguments, reporters_options());
    trainer.train((out / "checkpoint-4").string());
  };
  resumed_lines("Jan02_03-04-05_elsewhere", "log.jsonl");
  const fs::path kept = reporters_only_entry(out / "runs");
  CHECK(kept.filename() == "Jan02_03-04-05_elsewhere");
  CHECK(reporters_lines(kept / "log.jsonl") == lines);
  const auto files = reporters_event_files(kept);
  REQUIRE(files.size() == 2);
  const auto events = read_events(read_text(files[1]));
  CHECK((events[1].session == 1 && events[1].step == 5));
  std::vector<std::string> joined, later = reporters_points(files[1]);
  for (const std::string& point : points)
    if (const auto step = std::stoll(point.substr(point.find(' '))); step <= 4) joined.push_back(point);
  joined.insert(joined.end(), later.begin(), later.end());
  CHECK(joined == points);

  resumed_lines("../../elsewhere", "../log.jsonl");  // no way out of the folder
  CHECK(names_in(out / "runs").size() == 2);
  CHECK(!fs::exists(folder / "elsewhere"));
}

TEST_CASE("reporters: a folder that was named, its second run, the environment, a callback of one's own") {
  const TemporaryFolder folder;
  auto arguments = reporters_arguments(folder / "out", "jsonl");
  arguments.save_strategy = "no";
  arguments.logging_dir = (folder / "logs" / "deep").string();
  ToyModel model;
  Trainer(model, arguments, reporters_options()).train();
  const std::string first = read_text(folder / "logs" / "deep" / "log.jsonl");
  Trainer(model, arguments, reporters_options()).train();
  CHECK(names_in(folder / "logs" / "deep") == std::set<std::string>{"log.jsonl", "log-2.jsonl"});
  CHECK(read_text(folder / "logs" / "deep" / "log.jsonl") == first);
  CHECK(!fs::exists(folder / "out"));

  arguments.logging_dir = "";
  ::setenv("TENSORBOARD_LOGGING_DIR", (folder / "by_environment").c_str(), 1);
  Trainer by_environment(model, arguments, reporters_options());
  ::unsetenv("TENSORBOARD_LOGGING_DIR");
  by_environment.evaluate();  // without any training
  CHECK(names_in(folder / "by_environment") == std::set<std::string>{"log.jsonl"});

  arguments.report_to = {};
  const auto own = std::make_shared<TensorBoardCallback>(folder / "own");
  Trainer(model, arguments, reporters_options({own})).train();
  CHECK(reporters_event_files(folder / "own").size() == 1);
}

TEST_CASE("reporters: what cannot be written ends a run before it begins, and none that has begun") {
  const TemporaryFolder folder;
  auto arguments = reporters_arguments(folder / "out", {"tensorboard", "jsonl"});
  write_text(folder / "file", "");
  arguments.logging_dir = (folder / "file" / "logs").string();
  ToyModel model;
  const auto recorder = std::make_shared<Recorder>();
  Trainer refused(model, arguments, reporters_options({recorder}));
  TL_REQUIRE_ERROR(refused.train(), "logging_dir: cannot make the folder " + arguments.logging_dir);
  CHECK(recorder->batches.empty());

  // From the first step on its file cannot be written any more.
  class Full : public TrainerCallback {
   public:
    void on_log(const TrainerEvent&) override { fail(ErrorCode::io, "cannot write log: No space left on device"); }
  };
  register_reporter({"full", [] { return std::make_shared<Full>(); }});
  const auto warnings = std::make_shared<ReportersWarnings>();
  arguments.logging_dir = (folder / "logs").string();
  arguments.report_to = {"full", "jsonl"};
  Trainer trainer(model, arguments, reporters_options({warnings}));
  CHECK(trainer.train().global_step == 10);
  CHECK(warnings->sentences == std::vector<std::string>{"report_to: cannot write log: No space left on device; the run "
                                                        "goes on without this reporter"});
  CHECK(reporters_lines(folder / "logs" / "log.jsonl").size() == trainer.state().log_history.size());
  register_reporter({"full", [] { return std::make_shared<TrainerCallback>(); }});
}

TEST_CASE("jsonl: how much of a log a resumed run keeps") {
  const std::string one = "{\"step\": 1}\n", two = "{\"loss\": NaN, \"step\": 2}\n", other = "not ours\n";
  using detail::kept_log_size;
  CHECK(kept_log_size("", 1) == 0);
  CHECK(kept_log_size("\n", 1) == 1);
  CHECK(kept_log_size("{\"step\": 1}", 1) == 0);  // torn
  CHECK(kept_log_size(one + two, 2) == one.size() + two.size());
  CHECK(kept_log_size(one + two + "{\"st", 2) == one.size() + two.size());
  CHECK(kept_log_size(one + two + "{\"st", 1) == one.size());
  CHECK(kept_log_size(one + two, 0) == 0);
  CHECK(kept_log_size(one + other + two, 0) == one.size() + other.size());
  CHECK(kept_log_size(one + "{\"step\": \"x\"}\n", 0) == one.size() + 14);
}
