// tl evaluate: loss and metrics of a model on a file.
#include <iostream>
#include <memory>

#include <tl/io/json_file.hpp>
#include <tl/train/output_dir.hpp>

#include "commands.hpp"
#include "tasks/task.hpp"

namespace program {

namespace {

struct EvaluateOptions {
  TaskOptions task;
  Tasks tasks;
  std::string validation_file, output_dir;
  std::optional<std::int64_t> max_eval_samples;
  std::int64_t batch_size = 16;
  bool json = false, use_cpu = false;
};

/// Loss, metrics and speed, in the order in which they are shown.
tl::Json evaluation_metrics(const EvaluateOptions& options, Task& task) {
  const auto tokenizer = tl::Tokenizer::from_pretrained(options.task.tokenizer_folder());
  const std::unique_ptr<tl::Model> model = task.load_model();
  check_trained(*model, tokenizer, options.task.model);
  const tl::RowSource rows = task.rows(0, tokenizer, *model);
  const tl::TrainingArguments arguments{
      .per_device_eval_batch_size = options.batch_size, .disable_tqdm = true, .use_cpu = options.use_cpu};
  tl::TrainerOptions trainer_options{
      .eval_dataset = rows, .compute_metrics = task.compute_metrics(), .console = tl::silent_console()};
  task.set_up(trainer_options, *model);
  tl::Trainer trainer(*model, arguments, std::move(trainer_options));
  task.on_model(trainer, rows);
  tl::Json found = trainer.evaluate();
  for (const char* speed : {"eval_runtime", "eval_samples_per_second"}) {
    const tl::Json value = found.at(speed);
    found.erase(speed);
    if (!found.contains("eval_samples")) found["eval_samples"] = row_count(rows);
    found[speed] = value;
  }
  for (const tl::Json& report : task.report_values())
    for (const auto& [name, value] : report.items()) found["eval_" + name] = value;
  found.erase("eval_steps_per_second");
  found.erase("epoch");
  return found;
}

/// Lets a split of --dataset_name be the file.
void use_dataset(EvaluateOptions& options) {
  const NamedDataset& dataset = options.task.data.dataset;
  dataset.check({{"--validation_file", !options.validation_file.empty()}});
  if (dataset.given()) options.validation_file = dataset.place(dataset.validation);
  if (options.validation_file.empty()) usage_problems().emplace_back("--validation_file or --dataset_name is required");
}

void evaluate(const EvaluateOptions& options) {
  if (!options.output_dir.empty()) tl::check_output_dir(options.output_dir, 0, "eval_results.json");
  Task& task = options.tasks.chosen(options.task.model);
  task.read(options.task, {{Split::eval, options.validation_file, options.max_eval_samples}});
  const tl::Json metrics = evaluation_metrics(options, task);
  for (const LabelSentence& sentence : task.label_sentences()) {
    if (!options.json) std::cout << sentence.text << '\n';
    else if (!sentence.as_written) std::cerr << sentence.text << '\n';  // standard output is for a program
  }
  if (!options.output_dir.empty())
    tl::write_json(std::filesystem::path(options.output_dir) / "eval_results.json", metrics, {.indent = 4});
  if (options.json) {
    std::cout << tl::dump_json(metrics, {.indent = -1, .sort_keys = false}) << '\n';
    return;
  }
  for (const auto& [name, value] : metrics.items())
    if (value.is_number()) std::cout << name << " = " << tl::dump_json(value, {.indent = -1}) << '\n';
  std::cout << task.report();
}

}  // namespace

void add_evaluate(CLI::App& app) {
  const auto options = std::make_shared<EvaluateOptions>();
  CLI::App& command = *app.add_subcommand("evaluate", "Measures a classifier on labelled texts");
  command.add_option("--model_name_or_path", options->task.model, "name or folder of a classifier")->required();
  add_tokenizer_name(command, options->task.tokenizer);
  options->task.hub.add(command);
  command.add_option("--validation_file", options->validation_file, ".jsonl, .json, .csv, .tsv or .parquet file");
  options->task.data.dataset.add(command, options->task.hub, false);
  options->task.data.add(command);
  options->task.measured.add(command);
  add_number(
      command, "max_eval_samples", [raw = options.get()](auto n) { raw->max_eval_samples = n; },
      "only the first so many texts");
  add_number(
      command, "per_device_eval_batch_size", [raw = options.get()](auto n) { raw->batch_size = n; },
      "texts per batch; default: 16", 1, 1 << 20);
  command.add_option("--output_dir", options->output_dir, "write eval_results.json into this folder");
  add_bool(command, "json", options->json, "print one JSON object");
  add_bool(command, "use_cpu", options->use_cpu, "compute on the CPU even if there is a GPU");
  add_threads(command);
  options->task.trains = false;
  options->tasks.add(command);
  on_run(
      command,
      [options] {
        options->task.hub.resolve(options->task.model, options->task.tokenizer);
        evaluate(*options);
      },
      [options] {
        options->task.data.check();
        use_dataset(*options);
        const std::string folder = options->task.hub.config_folder(options->task.model);
        options->tasks.check_usage(folder);
        options->tasks.chosen(folder).check_usage(options->task);
      });
}

}  // namespace program
