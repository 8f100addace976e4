// tl train: fine-tunes a model on a file, evaluates it, predicts, and saves it with its tokenizer. What the files hold
// and what the model is, the task knows.
#include <charconv>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include <tl/train/html_report.hpp>
#include <tl/train/model_card.hpp>
#include <tl/trainer.hpp>

#include "commands.hpp"
#include "eval_files.hpp"
#include "loaded.hpp"
#include "metrics.hpp"
#include "script_options.hpp"
#include "signals.hpp"
#include "tasks/task.hpp"

namespace program {

namespace {

struct TrainOptions {
  TaskOptions task;
  Tasks tasks;
  std::string train_file, test_file, freeze;
  std::vector<std::string> validation_files;  ///< as they were given, FILE or NAME=FILE
  std::optional<std::int64_t> max_train_samples, max_eval_samples, max_predict_samples;
  bool do_train = false, do_eval = false, do_predict = false;
  std::optional<std::int64_t> early_stopping_patience;
  std::optional<double> early_stopping_threshold;
  const CLI::App* command = nullptr;
  std::string base_model;  ///< the name of the model on a hub, for the model card; empty: it came from a folder
  tl::TrainingArguments arguments;

  /// Without any of the three options everything is done that there is a file for.
  bool says_what() const { return do_train || do_eval || do_predict; }
  bool trains() const { return !says_what() || do_train; }
  bool evaluates() const {
    return says_what() ? do_eval || arguments.eval_strategy != tl::IntervalStrategy::no : !validation_files.empty();
  }
  bool predicts() const { return says_what() ? do_predict : !test_file.empty(); }
};

/// Adds what is wrong with the names of --labels.
void check_labels(const std::string& labels, std::size_t least) {
  if (labels.empty()) return;
  const auto names = split_names(labels);
  const std::set<std::string> distinct(names.begin(), names.end());
  if (distinct.contains("") || distinct.size() != names.size() || names.size() < least)
    usage_problems().push_back(
        "--labels: expected distinct names with commas between, at least two, or one with --problem_type regression, "
        "got " +
        tl::escape_invalid_utf8(labels));
}

/// Lets the splits of --dataset_name be the files of the run. Throws what finding them throws.
void use_dataset(TrainOptions& options) {
  const NamedDataset& dataset = options.task.data.dataset;
  dataset.check({{"--train_file", !options.train_file.empty()},
                 {"--validation_file", !options.validation_files.empty()},
                 {"--test_file", !options.test_file.empty()}});
  if (!dataset.given() || !usage_problems().empty()) return;
  const auto& strategy = options.arguments.eval_strategy;
  const bool asked = options.do_eval || (strategy.known() && strategy != tl::IntervalStrategy::no);
  if (options.trains()) options.train_file = dataset.place(dataset.train);
  if (asked || (!options.says_what() && dataset.has(dataset.validation)))
    options.validation_files = {dataset.place(dataset.validation)};
  if (options.do_predict) options.test_file = dataset.place(dataset.test);
}

/// Adds what is asked for without a file.
void check_files(const TrainOptions& options) {
  std::vector<std::string>& problems = usage_problems();
  const auto& arguments = options.arguments;
  if (options.train_file.empty() && options.trains())
    problems.emplace_back(options.do_train ? "--do_train: expected a --train_file, got none"
                                           : "--train_file or --dataset_name is required");
  if (options.test_file.empty() && options.do_predict)
    problems.emplace_back("--do_predict: expected a --test_file, got none");
  if (!options.validation_files.empty()) return;
  if (options.do_eval) problems.emplace_back("--do_eval: expected a --validation_file, got none");
  if (arguments.eval_strategy.known() && arguments.eval_strategy != tl::IntervalStrategy::no)
    problems.push_back(tl::str_cat("--eval_strategy ", tl::to_string(arguments.eval_strategy),
                                   ": expected a --validation_file, got none"));
  if (arguments.eval_on_start) problems.emplace_back("--eval_on_start: expected a --validation_file, got none");
}

/// Adds what is wrong with early stopping.
void check_early_stopping(const TrainOptions& options) {
  const tl::TrainingArguments& arguments = options.arguments;
  if (options.early_stopping_threshold && !options.early_stopping_patience)
    usage_problems().emplace_back("--early_stopping_threshold: expected --early_stopping_patience, got none");
  if (!options.early_stopping_patience) return;
  if (!arguments.metric_for_best_model && !arguments.load_best_model_at_end)
    usage_problems().emplace_back(
        "--early_stopping_patience: expected --metric_for_best_model or --load_best_model_at_end, got neither");
  if (arguments.eval_strategy.known() && arguments.eval_strategy == tl::IntervalStrategy::no)
    usage_problems().emplace_back("--early_stopping_patience: expected --eval_strategy steps or epoch, got no");
}

/// Everything about the command line that can be wrong before a file has been read.
void check_usage(TrainOptions& options) {
  std::vector<std::string>& problems = usage_problems();
  for (const auto& [name, text] :
       {std::pair("--labels", &options.task.labels), std::pair("--config_overrides", &options.task.config_overrides),
        std::pair("--freeze", &options.freeze)})
    if (tl::find_invalid_utf8(*text) != std::string::npos)
      problems.push_back(tl::str_cat(name, ": expected UTF-8, got ", tl::escape_invalid_utf8(*text)));
  options.task.data.check();
  use_dataset(options);
  check_eval_names(options.validation_files);
  const std::string folder = options.task.hub.config_folder(options.task.model);
  options.tasks.check_usage(folder);
  Task& task = options.tasks.chosen(folder);
  task.check_usage(options.task);
  check_labels(options.task.labels, task.least_labels());
  for (auto& problem : options.arguments.problems()) problems.push_back(std::move(problem));
  if (auto problem = metric_problem(options.arguments, eval_prefixes(options.validation_files), task.metric_names(),
                                    task.possible_metric_names());
      !problem.empty())
    problems.push_back(std::move(problem));
  if (options.task.measured.report && options.arguments.prediction_loss_only)
    problems.emplace_back("--report: expected --prediction_loss_only false, which gives what is reported, got true");
  check_files(options);
  check_early_stopping(options);
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

/// One run of the command, from its files to its results.
class TrainRun {
 public:
  explicit TrainRun(const TrainOptions& options)
      : options_(options), task_(options.tasks.chosen(options.task.model)), arguments_(options.arguments) {}

  void run() {
    for (const std::string& line : options_without_effect(*options_.command)) std::cout << line << '\n';
    read();
    load();
    make_trainer();
    check_output();
    if (const auto message = model_->load_report().message(); !message.empty()) std::cout << message << '\n';
    for (const LabelSentence& sentence : task_.label_sentences()) std::cout << sentence.text << '\n';
    if (options_.trains()) train();
    signals_.end();
    if (const int signal = kept_signal(); signal != 0)
      throw Interrupted(signal, "stopped after the last step; the model is in " + arguments_.output_dir);
    if (!options_.trains()) task_.on_model(*trainer_, eval_datasets());
    if (options_.evaluates()) evaluate();
    if (options_.predicts()) predict();
    if (options_.trains()) describe();
    if (options_.trains()) std::cout << "The model is in " << arguments_.output_dir << '\n';
  }

 private:
  void read() {
    std::vector<SplitFile> files;
    if (options_.trains()) files.push_back({Split::train, options_.train_file, options_.max_train_samples});
    first_eval_ = files.size();
    if (options_.evaluates()) {
      evaluated_ = eval_files(options_.validation_files);
      for (const EvalFile& file : evaluated_) files.push_back({Split::eval, file.path, options_.max_eval_samples});
    }
    test_ = files.size();
    if (options_.predicts()) files.push_back({Split::predict, options_.test_file, options_.max_predict_samples});
    task_.read(options_.task, files);
    const auto problem = metric_problem(arguments_, eval_prefixes(options_.validation_files), task_.metric_names());
    tl::check(problem.empty(), tl::ErrorCode::invalid_argument, problem);
  }

  void load() {
    tokenizer_ = tl::Tokenizer::from_pretrained(options_.task.tokenizer_folder());
    tl::set_seed(static_cast<std::uint64_t>(arguments_.seed));
    model_ = task_.load_model();
    // Fewer layers than the checkpoint has may be what --config_overrides asks for.
    if (options_.task.config_overrides.find("layers") == std::string::npos)
      check_layers(model_->load_report(), *model_);
    if (!options_.freeze.empty()) model_->parameters().freeze(options_.freeze);
    tl::check_vocab_size(*tokenizer_, model_->config().vocab_size, options_.task.model);
    if (!options_.trains()) check_trained(*model_, *tokenizer_, options_.task.model);
    if (options_.trains()) train_rows_ = task_.rows(0, *tokenizer_, *model_);
    for (std::size_t i = 0; i < evaluated_.size(); ++i)
      eval_rows_.emplace_back(evaluated_[i].name, task_.rows(first_eval_ + i, *tokenizer_, *model_));
  }

  /// One file without a name, or several by name.
  tl::EvalDatasets eval_datasets() const {
    if (eval_rows_.size() == 1 && eval_rows_[0].first.empty()) return eval_rows_[0].second;
    return eval_rows_.empty() ? tl::EvalDatasets() : tl::EvalDatasets(eval_rows_);
  }

  void make_trainer() {
    tl::TrainerOptions trainer_options{.train_dataset = train_rows_,
                                       .eval_dataset = eval_datasets(),
                                       .processing_class = *tokenizer_,
                                       .compute_metrics = task_.compute_metrics()};
    if (arguments_.eval_strategy != tl::IntervalStrategy::no && options_.trains())
      trainer_options.callbacks.push_back(std::make_shared<tl::NotebookProgressCallback>(tl::standard_console(), true));
    trainer_options.callbacks.push_back(std::make_shared<KeepSignals>(signals_));
    if (options_.early_stopping_patience)
      trainer_options.callbacks.push_back(std::make_shared<tl::EarlyStoppingCallback>(
          *options_.early_stopping_patience, options_.early_stopping_threshold.value_or(0.0)));
    task_.set_up(trainer_options, *model_);
    trainer_ = std::make_unique<tl::Trainer>(*model_, arguments_, std::move(trainer_options));
  }

  /// Locks output_dir until the model and the results are written, and looks for room.
  void check_output() {
    trainer_->lock_output_dir();
    tl::check_result_places(arguments_.output_dir);
    if (!options_.trains()) return tl::check_output_dir(arguments_.output_dir, 0, "the results");
    // The Trainer looks for itself whether there is room for a checkpoint; here, whether the model fits in the end. A
    // run that goes on may delete older checkpoints for new ones.
    const auto room = tl::checkpoint_bytes(model_->parameters(), true);
    if (arguments_.save_strategy == tl::IntervalStrategy::no || arguments_.resume_from_checkpoint)
      tl::check_output_dir(arguments_.output_dir, room, "the model");
    else
      tl::check_output_dir(arguments_.output_dir,
                           room + tl::checkpoint_bytes(model_->parameters(), arguments_.save_only_model),
                           "the model and one checkpoint");
  }

  void train() {
    const std::int64_t rows = row_count(train_rows_);
    std::cout << "training " << model_->parameters().trained_count() << " parameters on " << rows << " texts, "
              << tl::num_threads() << (tl::num_threads() == 1 ? " thread" : " threads") << std::endl;
    auto result = trainer_->train(tl::ResumeFrom::argument(arguments_.resume_from_checkpoint));
    if (result.interrupted)
      throw Interrupted(kept_signal(), what_is_left(arguments_, result.global_step, trainer_->state().max_steps));
    trainer_->save_model();
    task_.on_model(*trainer_, eval_datasets());
    result.metrics["train_samples"] = rows;
    trainer_->log_metrics("train", result.metrics);
    trainer_->save_metrics("train", result.metrics);
    trainer_->save_state();
  }

  void evaluate() {
    auto metrics = trainer_->evaluate();
    for (std::size_t i = 0; i < eval_rows_.size(); ++i)
      metrics[evaluated_[i].prefix() + "_samples"] = row_count(eval_rows_[i].second);
    trainer_->log_metrics("eval", metrics);
    const std::vector<tl::Json> reports = task_.report_values();
    for (std::size_t i = 0; i < reports.size(); ++i)
      for (const auto& [name, value] : reports[i].items()) metrics[evaluated_.at(i).prefix() + "_" + name] = value;
    trainer_->save_metrics("eval", metrics);
    std::cout << task_.report();
  }

  void predict() {
    const tl::PredictionOutput output = trainer_->predict(task_.rows(test_, *tokenizer_, *model_), "predict");
    if (task_.saves_predict_metrics()) {
      trainer_->log_metrics("predict", output.metrics);
      trainer_->save_metrics("predict", output.metrics);
    }
    task_.write_predictions(arguments_.output_dir, test_, output);
  }

  /// The model card, and the report once more, with the card and everything that was evaluated.
  void describe() {
    tl::ModelCardOptions card;
    if (!options_.base_model.empty()) card.finetuned_from = options_.base_model;
    if (const NamedDataset& dataset = options_.task.data.dataset; dataset.given()) {
      if (std::filesystem::exists(dataset.name())) card.dataset = {dataset.name()};
      else card.dataset_tags = {dataset.name()};
      card.dataset_args = {dataset.config().empty() ? "default" : dataset.config()};
    }
    if (!tl::create_model_card(*trainer_, card))
      std::cout << "README.md in " << arguments_.output_dir << " is not a model card of tl and stays as it is\n";
    if (arguments_.report_to.contains("html") || arguments_.report_to.contains("all"))
      std::cout << "The report is " << tl::write_report(arguments_.output_dir).string() << '\n';
  }

  const TrainOptions& options_;
  Task& task_;
  const tl::TrainingArguments& arguments_;
  std::vector<EvalFile> evaluated_;
  std::size_t first_eval_ = 0, test_ = 0;  // numbers of the files
  std::optional<tl::Tokenizer> tokenizer_;
  std::unique_ptr<tl::Model> model_;
  tl::RowSource train_rows_;
  std::vector<tl::EvalDatasets::Named> eval_rows_;
  SignalKeeper signals_;
  std::unique_ptr<tl::Trainer> trainer_;
};

/// The files of a run, and how many rows of each count.
void add_train_files(CLI::App& command, TrainOptions& options) {
  command.add_option("--train_file", options.train_file, ".jsonl, .json, .csv, .tsv or .parquet file to train on");
  command
      .add_option(
          "--validation_file", options.validation_files,
          ".jsonl, .json, .csv, .tsv or .parquet file to evaluate on; may be given several times, as FILE or NAME=FILE")
      ->allow_extra_args(false)
      ->type_name("TEXT");
  command.add_option("--test_file", options.test_file, "file to predict in the end, with labels or without");
  add_bool(command, "do_train", options.do_train, "with do_eval, do_predict: do what was asked for and no more");
  add_bool(command, "do_eval", options.do_eval, "evaluate on the validation file");
  add_bool(command, "do_predict", options.do_predict, "predict the test file");
  add_number(
      command, "max_train_samples", [raw = &options](auto n) { raw->max_train_samples = n; },
      "train on the first so many texts");
  add_number(
      command, "max_eval_samples", [raw = &options](auto n) { raw->max_eval_samples = n; },
      "evaluate on the first so many texts");
  add_number(
      command, "max_predict_samples", [raw = &options](auto n) { raw->max_predict_samples = n; },
      "predict the first so many texts");
}

/// The arguments of EarlyStoppingCallback.
void add_early_stopping(CLI::App& command, TrainOptions& options) {
  add_number(
      command, "early_stopping_patience", [raw = &options](auto n) { raw->early_stopping_patience = n; },
      "stop after so many evaluations running in which metric_for_best_model was no better");
  const auto assign = [raw = &options](const std::string& text) {
    double value = 0.0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec == std::errc{} && result.ptr == text.data() + text.size() && value >= 0)
      raw->early_stopping_threshold = value;
    else
      usage_problems().push_back("--early_stopping_threshold: expected a number >= 0, got " +
                                 tl::escape_invalid_utf8(text));
  };
  command
      .add_option_function<std::string>("--early_stopping_threshold", assign,
                                        "by how much an evaluation has to be better; default: 0")
      ->type_name("FLOAT");
}

/// Of several names, as the reference's scripts take them, or one text with commas.
void add_report_to(CLI::App& command, const std::string& option, const std::string& help,
                   const std::function<void(const std::string&)>& assign) {
  const auto join = [assign](const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
    assign(text);
  };
  command.add_option_function<std::vector<std::string>>(option, join, help)
      ->group("TrainingArguments")
      ->expected(1, 16)
      ->type_name("NAME");
}

/// Every field of TrainingArguments under its own name.
void add_training_arguments(CLI::App& command, const std::shared_ptr<TrainOptions>& options) {
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
    const std::string option = "--" + std::string(field.name);
    if (field.name == "report_to") {
      add_report_to(command, option, help, assign);
      continue;
    }
    command.add_option_function<std::string>(option, assign, help)
        ->group("TrainingArguments")
        ->required(required)
        ->expected(field.is_flag() ? 0 : 1, 1)
        ->type_name(field.is_flag() ? "BOOL" : "VALUE");
  }
}

}  // namespace

void add_train(CLI::App& app) {
  const auto options = std::make_shared<TrainOptions>();
  CLI::App& command = *app.add_subcommand("train", "Fine-tunes a model");
  command.add_option("--model_name_or_path", options->task.model, "name or folder of a pretrained model")->required();
  add_tokenizer_name(command, options->task.tokenizer);
  options->task.hub.add(command);
  add_train_files(command, *options);
  options->task.data.dataset.add(command, options->task.hub, true);
  command.add_option("--labels", options->task.labels, "class names in the order of their ids: NEGATIVE,POSITIVE");
  options->task.data.add(command);
  options->task.measured.add(command);
  command.add_option("--config_overrides", options->task.config_overrides, "e.g. dropout=0,attention_dropout=0");
  command.add_option("--freeze", options->freeze,
                     "parameters that are not trained, e.g. distilbert.embeddings,distilbert.transformer.layer.[0-3]");
  add_bool(command, "ignore_mismatched_sizes", options->task.ignore_mismatched_sizes,
           "start a head of another size afresh");
  add_threads(command);
  options->tasks.add(command);
  add_early_stopping(command, *options);
  add_training_arguments(command, options);
  add_script_options(command);
  options->command = &command;
  on_run(
      command,
      [options] {
        options->task.trains = options->trains();
        const std::string model = options->task.model;
        options->task.hub.resolve(options->task.model, options->task.tokenizer);
        if (model != options->task.model) options->base_model = model;
        TrainRun(*options).run();
      },
      [options] { check_usage(*options); });
}

}  // namespace program
