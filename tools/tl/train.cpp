// tl train: fine-tunes a classifier on the texts of a file, evaluates it, and saves it with its tokenizer.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include <tl/trainer.hpp>

#include "commands.hpp"
#include "labelled_texts.hpp"
#include "loaded.hpp"
#include "metrics.hpp"
#include "signals.hpp"

namespace program {

namespace {

struct TrainOptions {
  std::string model, tokenizer, train_file, labels, config_overrides, freeze;
  std::vector<std::string> validation_files;  ///< as they were given, FILE or NAME=FILE
  DataOptions data;
  std::optional<std::int64_t> max_train_samples, max_eval_samples;
  bool ignore_mismatched_sizes = false;
  tl::TrainingArguments arguments;
};

/// Names with commas between; blanks around them do not count.
std::vector<std::string> split_names(const std::string& list) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    std::string name = list.substr(begin, end - begin);
    name.erase(0, name.find_first_not_of(' '));
    name.erase(name.find_last_not_of(' ') + 1);
    names.push_back(std::move(name));
    begin = end + 1;
  }
  return names;
}

/// A file to evaluate on. The name is empty if there is only one and it was given none.
struct EvalFile {
  std::string name, path;

  /// What the names of its metrics begin with: "eval", or "eval_{name}".
  std::string prefix() const { return name.empty() ? "eval" : "eval_" + name; }
};

/// The files of --validation_file. "news=test.csv" has a name, unless that is a file; of several files, one without is
/// named as its file is.
std::vector<EvalFile> eval_files(const TrainOptions& options) {
  std::vector<EvalFile> files;
  for (const std::string& text : options.validation_files) {
    const std::size_t equals = text.find('=');
    std::error_code ignored;
    if (equals != text.npos && !std::filesystem::exists(text, ignored))
      files.push_back({text.substr(0, equals), text.substr(equals + 1)});
    else
      files.push_back({options.validation_files.size() > 1 ? std::filesystem::path(text).stem().string() : "", text});
  }
  return files;
}

/// What the names of metrics begin with, for each file.
std::vector<std::string> eval_prefixes(const TrainOptions& options) {
  std::vector<std::string> prefixes;
  for (const EvalFile& file : eval_files(options)) prefixes.push_back(file.prefix());
  if (prefixes.empty()) prefixes.emplace_back("eval");
  return prefixes;
}

/// Adds what is wrong with the names of --validation_file.
void check_eval_names(const TrainOptions& options) {
  std::set<std::string> names;
  for (const EvalFile& file : eval_files(options)) {
    if (!names.insert(file.name).second)
      usage_problems().push_back("--validation_file: expected names that differ, got " +
                                 tl::escape_invalid_utf8(file.name) + " twice; NAME=FILE gives a file a name");
    else if (tl::find_invalid_utf8(file.name) != std::string::npos)
      usage_problems().push_back("--validation_file: expected a name in UTF-8, got " +
                                 tl::escape_invalid_utf8(file.name));
    else if (file.name.empty() && options.validation_files.size() > 1)
      usage_problems().emplace_back("--validation_file: expected a name before the =, got nothing");
  }
}

/// Everything about the command line that can be wrong before a file has been read.
void check_usage(const TrainOptions& options) {
  std::vector<std::string>& problems = usage_problems();
  for (const auto& [name, text] :
       {std::pair("--labels", &options.labels), std::pair("--config_overrides", &options.config_overrides),
        std::pair("--freeze", &options.freeze)})
    if (tl::find_invalid_utf8(*text) != std::string::npos)
      problems.push_back(tl::str_cat(name, ": expected UTF-8, got ", tl::escape_invalid_utf8(*text)));
  if (!options.labels.empty()) {
    const auto names = split_names(options.labels);
    const std::set<std::string> distinct(names.begin(), names.end());
    if (distinct.contains("") || distinct.size() != names.size() || names.size() < 2)
      problems.push_back("--labels: expected distinct names with commas between, at least two, got " +
                         tl::escape_invalid_utf8(options.labels));
  }
  options.data.files.check();
  check_eval_names(options);
  const auto& arguments = options.arguments;
  for (auto& problem : arguments.problems()) problems.push_back(std::move(problem));
  if (auto problem = metric_problem(arguments, eval_prefixes(options)); !problem.empty())
    problems.push_back(std::move(problem));
  if (!options.validation_files.empty()) return;
  if (arguments.eval_strategy != tl::IntervalStrategy::no)
    problems.push_back(tl::str_cat("--eval_strategy ", tl::to_string(arguments.eval_strategy),
                                   ": expected a --validation_file, got none"));
  if (arguments.eval_on_start) problems.emplace_back("--eval_on_start: expected a --validation_file, got none");
}

/// Names from the command line, else those of a model that is a classifier already; none: the labels are the names.
tl::KnownClasses known_classes(const TrainOptions& options) {
  if (!options.labels.empty()) return {split_names(options.labels), "those of --labels"};
  const tl::PretrainedConfig config = tl::load_common_config(options.model);
  const bool classifies = std::ranges::any_of(
      config.architectures, [](const std::string& name) { return name.ends_with("ForSequenceClassification"); });
  if (!classifies) return {};
  tl::KnownClasses known{{}, "those of the model"};
  for (const auto& [id, name] : config.id2label) known.names.push_back(name);
  return known;
}

/// From the first step on, signals are kept for the run.
class KeepSignals : public tl::InterruptCallback {
 public:
  explicit KeepSignals(SignalKeeper& keeper) : InterruptCallback(kept_signal()), keeper_(keeper) {}
  void on_step_begin(const tl::TrainerEvent&) override { keeper_.begin(); }

 private:
  SignalKeeper& keeper_;
};

/// What a run that was interrupted after `step` leaves, as the end of a sentence.
std::string what_is_left(const tl::TrainingArguments& arguments, std::int64_t step, std::int64_t max_steps) {
  const std::string stopped = tl::str_cat("stopped after step ", step, " of ", max_steps, "; ");
  const std::string checkpoint = tl::str_cat(arguments.output_dir, "/checkpoint-", step);
  if (arguments.save_strategy == tl::IntervalStrategy::no)
    return stopped + "nothing was saved because --save_strategy is no";
  if (arguments.save_only_model) return stopped + "the weights are in " + checkpoint;
  return stopped + "--resume_from_checkpoint true goes on from " + checkpoint;
}

void train(const TrainOptions& options) {
  const tl::TrainingArguments& arguments = options.arguments;
  const LabelledFile train_file = read_labelled(options.train_file, options.data);
  const std::vector<EvalFile> evaluated = eval_files(options);
  std::vector<LabelledFile> validation_files;
  for (const EvalFile& file : evaluated) validation_files.push_back(read_labelled(file.path, options.data));
  tl::KnownClasses known = known_classes(options);
  const tl::ClassLabels train_classes = classes_of(train_file, options.data, known);
  const std::vector<std::string>& labels = train_classes.names;
  if (known.names.empty()) known = {labels, "the labels of " + train_file.path};
  std::vector<tl::ClassLabels> eval_classes;
  for (const LabelledFile& file : validation_files) eval_classes.push_back(classes_of(file, options.data, known));

  const auto tokenizer = tl::Tokenizer::from_pretrained(options.tokenizer.empty() ? options.model : options.tokenizer);
  tl::set_seed(static_cast<std::uint64_t>(arguments.seed));
  const std::unique_ptr<tl::Model> loaded = tl::AutoModelForSequenceClassification::from_pretrained(
      options.model, {.labels = labels,
                      .config_overrides = options.config_overrides,
                      .ignore_mismatched_sizes = options.ignore_mismatched_sizes});
  tl::Model& model = *loaded;
  // Fewer layers than the checkpoint has may be what --config_overrides asks for.
  if (options.config_overrides.find("layers") == std::string::npos) check_layers(model.load_report(), model);
  if (!options.freeze.empty()) model.parameters().freeze(options.freeze);
  tl::check_vocab_size(tokenizer, model.config().vocab_size, options.model);
  const std::int64_t longest = model.config().max_position_embeddings;
  const auto train_rows =
      tokenized(train_file, options.data, train_classes.ids, options.max_train_samples, tokenizer, longest);
  std::vector<tl::EvalDatasets::Named> eval_rows;
  for (std::size_t i = 0; i < evaluated.size(); ++i)
    eval_rows.emplace_back(evaluated[i].name, tokenized(validation_files[i], options.data, eval_classes[i].ids,
                                                        options.max_eval_samples, tokenizer, longest));

  tl::TrainerOptions trainer_options{.train_dataset = train_rows,
                                     .processing_class = tokenizer,
                                     .compute_metrics = classification_metrics(labels.size())};
  if (eval_rows.size() == 1 && eval_rows[0].first.empty()) trainer_options.eval_dataset = eval_rows[0].second;
  else trainer_options.eval_dataset = eval_rows;
  if (arguments.eval_strategy != tl::IntervalStrategy::no)
    trainer_options.callbacks.push_back(std::make_shared<tl::NotebookProgressCallback>(tl::standard_console(), true));
  SignalKeeper signals;
  trainer_options.callbacks.push_back(std::make_shared<KeepSignals>(signals));
  tl::Trainer trainer(model, arguments, std::move(trainer_options));
  trainer.lock_output_dir();  // until the model and the results are written
  tl::check_result_places(arguments.output_dir);
  // The Trainer looks for itself whether there is room for a checkpoint; here, whether the model fits in the end. A run
  // that goes on may delete older checkpoints for new ones.
  const auto room = tl::checkpoint_bytes(model.parameters(), true);
  if (arguments.save_strategy == tl::IntervalStrategy::no || arguments.resume_from_checkpoint)
    tl::check_output_dir(arguments.output_dir, room, "the model");
  else
    tl::check_output_dir(arguments.output_dir,
                         room + tl::checkpoint_bytes(model.parameters(), arguments.save_only_model),
                         "the model and one checkpoint");
  if (const auto message = model.load_report().message(); !message.empty()) std::cout << message << '\n';
  std::cout << train_classes.decision << '\n';
  for (const tl::ClassLabels& classes : eval_classes) std::cout << classes.decision << '\n';
  std::cout << "training " << model.parameters().trained_count() << " parameters on " << train_rows.num_rows()
            << " texts, " << tl::num_threads() << (tl::num_threads() == 1 ? " thread" : " threads") << std::endl;
  auto result = trainer.train(tl::ResumeFrom::argument(arguments.resume_from_checkpoint));
  if (result.interrupted)
    throw Interrupted(kept_signal(), what_is_left(arguments, result.global_step, trainer.state().max_steps));
  trainer.save_model();
  result.metrics["train_samples"] = train_rows.num_rows();
  trainer.log_metrics("train", result.metrics);
  trainer.save_metrics("train", result.metrics);
  trainer.save_state();
  signals.end();
  if (const int signal = kept_signal(); signal != 0)
    throw Interrupted(signal, "stopped after the last step; the model is in " + arguments.output_dir);
  if (!eval_rows.empty()) {
    auto metrics = trainer.evaluate();
    for (std::size_t i = 0; i < eval_rows.size(); ++i)
      metrics[evaluated[i].prefix() + "_samples"] = eval_rows[i].second.dataset()->num_rows();
    trainer.log_metrics("eval", metrics);
    trainer.save_metrics("eval", metrics);
  }
  std::cout << "The model is in " << arguments.output_dir << '\n';
}

}  // namespace

void add_train(CLI::App& app) {
  const auto options = std::make_shared<TrainOptions>();
  CLI::App& command = *app.add_subcommand("train", "Fine-tunes a classifier");
  command.add_option("--model_name_or_path", options->model, "folder of a pretrained model")->required();
  add_tokenizer_name(command, options->tokenizer);
  command.add_option("--train_file", options->train_file, ".jsonl, .json, .csv or .tsv file to train on")->required();
  command
      .add_option("--validation_file", options->validation_files,
                  ".jsonl, .json, .csv or .tsv file to evaluate on; may be given several times, as FILE or NAME=FILE")
      ->allow_extra_args(false)
      ->type_name("TEXT");
  command.add_option("--labels", options->labels, "class names in the order of their ids: NEGATIVE,POSITIVE");
  options->data.add(command);
  add_number(
      command, "max_train_samples", [raw = options.get()](auto n) { raw->max_train_samples = n; },
      "train on the first so many texts");
  add_number(
      command, "max_eval_samples", [raw = options.get()](auto n) { raw->max_eval_samples = n; },
      "evaluate on the first so many texts");
  command.add_option("--config_overrides", options->config_overrides, "e.g. dropout=0,attention_dropout=0");
  command.add_option("--freeze", options->freeze,
                     "parameters that are not trained, e.g. distilbert.embeddings,distilbert.transformer.layer.[0-3]");
  add_bool(command, "ignore_mismatched_sizes", options->ignore_mismatched_sizes, "start a head of another size afresh");
  add_threads(command);
  for (const tl::ArgumentField& field : tl::argument_fields()) {
    const auto assign = [&field, options](const std::string& text) {
      try {
        field.set(options->arguments, field.is_flag() && text.empty() ? "true" : text);
      } catch (const tl::Error& error) {
        usage_problems().push_back("--" + std::string(error.what()));
      }
    };
    const auto value = field.get(options->arguments);
    std::string help(field.help);
    // A default_str() would be what CLI11 takes for "--flag" alone.
    const bool required = field.name == "output_dir";  // files in a folder that was not named would be a surprise
    if (!value.is_null() && value != "" && !required)
      help += "; default: " + (value.is_string() ? value.get<std::string>() : tl::dump_json(value, {.indent = -1}));
    command.add_option_function<std::string>("--" + std::string(field.name), assign, help)
        ->group("TrainingArguments")
        ->required(required)
        ->expected(field.is_flag() ? 0 : 1, 1)
        ->type_name(field.is_flag() ? "BOOL" : "VALUE");
  }
  on_run(
      command, [options] { train(*options); }, [options] { check_usage(*options); });
}

}  // namespace program
