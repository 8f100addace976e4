// The seam between the commands and the tasks. A task knows its files, labels, model, metrics and predictions;
// `tl train`, `tl evaluate` and `tl predict` know no task and are the same for all of them. A new task is a class, a
// pair of files beside this one, and a line in tasks.cpp.
//
// Of one run a command calls, in this order: add_options() or add_predict_options() when the command is declared;
// check_usage(), read(), load_model(), compute_metrics(), rows() of each file, set_up(), on_model(),
// write_predictions(). Options of a task need names that no other task and no command has; the command refuses those of
// a task that was not chosen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/trainer.hpp>

#include "commands.hpp"
#include "hub_options.hpp"
#include "labelled_texts.hpp"
#include "metrics.hpp"
#include "texts.hpp"

namespace program {

/// What a file of a run is for. One to predict needs no labels.
enum class Split { train, eval, predict };

/// One file of a run; `limit`: only the first so many rows count, after shuffling.
struct SplitFile {
  Split split;
  std::string path;
  std::optional<std::int64_t> limit{};
};

/// The options that all tasks share. The commands declare them.
struct TaskOptions {
  std::string model, tokenizer;  ///< names on a hub or folders, folders from resolve() on; no tokenizer: the model's
  HubOptions hub;
  std::string labels;  ///< names of classes in the order of their ids, with commas between
  std::string config_overrides;
  bool ignore_mismatched_sizes = false;
  bool trains = true;  ///< false: the model has to be a trained one, and its names of classes count
  DataOptions data;    ///< columns, lengths, shuffling, and how files are read
  MetricOptions measured;

  const std::string& tokenizer_folder() const { return tokenizer.empty() ? model : tokenizer; }
};

/// What `tl predict` was asked for.
struct PredictOptions {
  std::string model, tokenizer, output_dir;  ///< as in TaskOptions
  HubOptions hub;
  TextOptions source;
  std::size_t batch_size = 16;
  std::int64_t top_k = 1;
  std::optional<std::int64_t> stride;  ///< tokens by which the windows of a long text overlap
  bool json = false, logits = false, bf16 = false, use_cpu = false;

  tl::Device device() const { return use_cpu ? tl::cpu_device : tl::device(); }
};

/// Answers the texts of `tl predict` as they come.
class Predictor {
 public:
  virtual ~Predictor() = default;

  /// Prints the answers to some texts. Throws what is wrong with a text, with its place.
  virtual void answer(const TextSource::Piece& piece) = 0;
  /// Called after the last text: writes what goes into PredictOptions::output_dir.
  virtual void finish() {}
};

/// A sentence of how the labels of a file were read.
struct LabelSentence {
  std::string text;
  bool as_written = true;  ///< false: worth saying even where standard output is for a program
};

class Task {
 public:
  virtual ~Task() = default;

  /// The value of --task.
  virtual std::string_view name() const = 0;
  /// What the architecture in config.json ends with, "ForSequenceClassification".
  virtual std::string_view architecture() const = 0;

  /// Declares what `tl train` and `tl evaluate` take for this task alone.
  virtual void add_options(CLI::App&) {}
  /// Declares what `tl predict` takes for this task alone.
  virtual void add_predict_options(CLI::App&) {}
  /// The least number of names in --labels, as far as the options say it.
  virtual std::size_t least_labels() const { return 2; }
  /// Adds to usage_problems() what is wrong with the options; no file has been read.
  virtual void check_usage(const TaskOptions&) {}
  /// The names of compute_metrics(), without "eval_", as far as the options say them: for --metric_for_best_model.
  virtual std::vector<std::string> metric_names() const = 0;
  /// Those that it may turn out to have when the files have been read.
  virtual std::vector<std::string> possible_metric_names() const { return {}; }

  /// Reads the files and understands their labels; the model has not been loaded. Keeps what it needs of both.
  virtual void read(const TaskOptions& options, const std::vector<SplitFile>& files) = 0;
  /// One for each file with labels, and after rows() what else there is to say about files.
  virtual std::vector<LabelSentence> label_sentences() const = 0;
  /// The model of the folder with a head for the labels; with TaskOptions::trains false a trained one.
  virtual std::unique_ptr<tl::Model> load_model() = 0;
  /// The rows of file number `file` of read(), tokenised; those to predict have no labels, or some.
  virtual tl::RowSource rows(std::size_t file, const tl::Tokenizer& tokenizer, const tl::Model& model) = 0;
  virtual tl::ComputeMetrics compute_metrics() = 0;
  /// Changes what the Trainer gets beside rows and metrics: a collator, a loss.
  virtual void set_up(tl::TrainerOptions&, tl::Model&) {}
  /// Called before the last evaluation, when a model that was trained has been saved; `eval` are the rows of the files
  /// to evaluate on.
  virtual void on_model(tl::Trainer&, const tl::EvalDatasets& /*eval*/) {}
  /// What is printed after the last evaluation, beyond the metrics; lines.
  virtual std::string report() const { return {}; }
  /// The numbers of the report for eval_results.json, an object for each file to evaluate on, or none.
  virtual std::vector<tl::Json> report_values() const { return {}; }
  /// Writes the predictions of file number `file` into `folder` as the scripts of the reference do.
  virtual void write_predictions(const std::filesystem::path& folder, std::size_t file,
                                 const tl::PredictionOutput& output) = 0;
  /// Whether the metrics of predictions are shown and saved as predict_results.json.
  virtual bool saves_predict_metrics() const { return false; }

  /// The answers of `tl predict`. `options` outlive it.
  virtual std::unique_ptr<Predictor> predictor(const PredictOptions& options) = 0;
};

std::unique_ptr<Task> make_text_classification();
std::unique_ptr<Task> make_token_classification();

/// All tasks of a command, and the choice of one by --task or by the model's architecture.
class Tasks {
 public:
  Tasks();

  /// Declares --task and the options of all tasks.
  void add(CLI::App& command, bool predicts = false);

  /// The task of --task, else that of the architecture in the folder's config.json, else text-classification.
  Task& chosen(const std::string& model_folder) const;

  /// Adds to usage_problems(): an unknown name, options of tasks that are not the chosen one.
  void check_usage(const std::string& model_folder) const;

  /// The value of --task; programs may set it, from a --task_name.
  std::string name;

 private:
  struct Entry {
    std::unique_ptr<Task> task;
    std::vector<const CLI::Option*> options{};  // those of this task alone
  };
  std::vector<Entry> tasks_;
};

/// The names of --labels, else those of the model if it has a head of this task, else none: the labels are the names.
tl::KnownClasses known_classes(const TaskOptions& options, const Task& task);

/// Throws tl::Error(format) if `model`, loaded from `folder`, is not a trained one or does not go with the tokenizer;
/// says on standard error what of its checkpoint it does not use.
void check_trained(const tl::Model& model, const tl::Tokenizer& tokenizer, const std::string& folder);

/// The number of rows of a source.
std::int64_t row_count(const tl::RowSource& rows);

}  // namespace program
