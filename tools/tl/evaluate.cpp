// tl evaluate: loss, accuracy and F1 of a classifier on the texts of a file.
#include <chrono>
#include <iostream>
#include <memory>

#include <tl/io/json_file.hpp>
#include <tl/train/output_dir.hpp>

#include "classifier.hpp"
#include "commands.hpp"
#include "labelled_texts.hpp"
#include "metrics.hpp"

namespace program {

namespace {

struct EvaluateOptions {
  std::string model, tokenizer, validation_file, output_dir;
  DataOptions data;
  std::optional<std::int64_t> max_eval_samples;
  std::int64_t batch_size = 16;
  bool json = false;
};

void evaluate(const EvaluateOptions& options) {
  if (!options.output_dir.empty()) tl::check_output_dir(options.output_dir, 0, "eval_results.json");
  const LabelledFile file = read_labelled(options.validation_file, options.data);
  const Classifier classifier(options.model, options.tokenizer);
  const auto labels = classifier.labels();
  const auto classes = classes_of(file, options.data, {labels, "those of the model"});
  if (!options.json) std::cout << classes.decision << '\n';
  else if (!classes.as_written) std::cerr << classes.decision << '\n';  // standard output is for a program
  const auto rows = tokenized(file, options.data, classes.ids, options.max_eval_samples, classifier.tokenizer(),
                              classifier.longest());

  const auto start = std::chrono::steady_clock::now();
  const auto result = classifier.evaluate(rows, "eval_dataset", options.batch_size);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;

  tl::Json metrics = {{"eval_loss", result.loss}};
  for (const auto& [name, value] : classification_metrics(labels.size())(result.prediction))
    metrics["eval_" + name] = value;
  metrics["eval_samples"] = rows.num_rows();
  metrics["eval_runtime"] = seconds.count();
  metrics["eval_samples_per_second"] = static_cast<double>(rows.num_rows()) / seconds.count();
  if (!options.output_dir.empty()) {
    tl::write_json(std::filesystem::path(options.output_dir) / "eval_results.json", metrics, {.indent = 4});
  }
  if (options.json) {
    std::cout << tl::dump_json(metrics, {.indent = -1, .sort_keys = false}) << '\n';
    return;
  }
  for (const auto& [name, value] : metrics.items())
    std::cout << name << " = " << tl::dump_json(value, {.indent = -1}) << '\n';
}

}  // namespace

void add_evaluate(CLI::App& app) {
  const auto options = std::make_shared<EvaluateOptions>();
  CLI::App& command = *app.add_subcommand("evaluate", "Measures a classifier on labelled texts");
  command.add_option("--model_name_or_path", options->model, "folder of a classifier")->required();
  add_tokenizer_name(command, options->tokenizer);
  command.add_option("--validation_file", options->validation_file, ".jsonl, .json, .csv or .tsv file")->required();
  options->data.add(command);
  add_number(
      command, "max_eval_samples", [raw = options.get()](auto n) { raw->max_eval_samples = n; },
      "only the first so many texts");
  add_number(
      command, "per_device_eval_batch_size", [raw = options.get()](auto n) { raw->batch_size = n; },
      "texts per batch; default: 16", 1, 1 << 20);
  command.add_option("--output_dir", options->output_dir, "write eval_results.json into this folder");
  add_bool(command, "json", options->json, "print one JSON object");
  add_threads(command);
  on_run(
      command, [options] { evaluate(*options); }, [options] { options->data.files.check(); });
}

}  // namespace program
