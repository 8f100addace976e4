// tl predict: answers of a model to texts, one line each, as soon as they have arrived.
#include <limits>
#include <memory>

#include "commands.hpp"
#include "tasks/task.hpp"

namespace program {

namespace {

void predict(const PredictOptions& options, Task& task) {
  if (!options.output_dir.empty()) tl::check_output_dir(options.output_dir, 0, "predict_results.txt");
  TextSource source(options.source, true);
  const std::unique_ptr<Predictor> predictor = task.predictor(options);
  for (;;) {
    const auto piece = source.next(options.batch_size);
    if (piece.texts.empty()) return predictor->finish();
    predictor->answer(piece);
  }
}

}  // namespace

void add_predict(CLI::App& app) {
  const auto options = std::make_shared<PredictOptions>();
  const auto tasks = std::make_shared<Tasks>();
  CLI::App& command = *app.add_subcommand("predict", "Prints label and score of texts");
  command.add_option("--model_name_or_path", options->model, "name or folder of a classifier")->required();
  add_tokenizer_name(command, options->tokenizer);
  options->hub.add(command);
  options->source.add(command, true);
  add_bool(command, "json", options->json, "one JSON object per line: {\"label\": ..., \"score\": ...}");
  add_bool(command, "logits", options->logits, "show the logits, too");
  add_bool(command, "bf16", options->bf16, "matrix products in bfloat16");
  add_bool(command, "use_cpu", options->use_cpu, "compute on the CPU even if there is a GPU");
  add_number(
      command, "top_k", [raw = options.get()](auto n) { raw->top_k = n; }, "show the best K labels; default: 1");
  add_number(
      command, "batch_size", [raw = options.get()](auto n) { raw->batch_size = static_cast<std::size_t>(n); },
      "texts that are computed at once; default: 16", 1, 4096);
  add_number(
      command, "stride", [raw = options.get()](auto n) { raw->stride = n; },
      "tokens by which a window of a long text overlaps the one before; default: as the model was trained, or no "
      "windows",
      0, std::numeric_limits<int>::max());
  command.add_option("--output_dir", options->output_dir, "write predict_results.txt into this folder");
  tasks->add(command, true);
  add_threads(command);
  on_run(
      command,
      [options, tasks] {
        options->hub.resolve(options->model, options->tokenizer);
        predict(*options, tasks->chosen(options->model));
      },
      [options, tasks] {
        options->source.check();
        tasks->check_usage(options->hub.config_folder(options->model));
      });
}

}  // namespace program
