// Text classification: files of labelled texts, a model with one row of logits for each text.
#include <filesystem>
#include <iostream>
#include <utility>

#include <tl/io/atomic_file.hpp>
#include <tl/train/problem_metrics.hpp>

#include "loaded.hpp"
#include "long_text_options.hpp"
#include "metrics.hpp"
#include "tasks/predict_results.hpp"
#include "tasks/reports.hpp"
#include "tasks/task.hpp"
#include "tasks/text_calibration.hpp"
#include "tasks/text_predictor.hpp"
#include "text_labels.hpp"

namespace program {

namespace {

class TextClassification : public Task {
 public:
  std::string_view name() const override { return "text-classification"; }
  std::string_view architecture() const override { return "ForSequenceClassification"; }

  void add_options(CLI::App& command) override {
    label_options_.add(command);
    long_texts_.add(command);
    calibration_.add_options(command);
  }
  void add_predict_options(CLI::App& command) override {
    long_texts_.add(command);
    min_score_.add(command, "a decision with a lower score is none: the label unknown, or null with --json");
  }
  std::size_t least_labels() const override { return label_options_.problem_type == "regression" ? 1 : 2; }
  void check_usage(const TaskOptions& options) override {
    label_options_.check();
    measured_ = options.measured;
    measured_.check(text_metric_names(false));
    long_texts_.check(options.data.stride.has_value());
    calibration_.check_usage();
  }
  std::vector<std::string> metric_names() const override {
    return measured_.metrics.empty() ? tl::default_metric_names(decision_.problem_type) : measured_.names();
  }
  std::vector<std::string> possible_metric_names() const override {
    return measured_.metrics.empty() ? text_metric_names(true) : std::vector<std::string>{};
  }

  void read(const TaskOptions& options, const std::vector<SplitFile>& files) override {
    options_ = &options;
    calibration_.check_files(files);
    for (const SplitFile& file : files)
      files_.push_back({file, read_labelled(file.path, options.data, file.split != Split::predict), {}});
    tl::KnownClasses known = known_classes(options, *this);
    bool first = true;
    for (File& file : files_) {
      if (file.split.split == Split::predict) continue;
      const std::string& column = options.data.label_column;
      if (std::exchange(first, false)) decision_.problem_type = problem_of(file.texts, known);
      if (options.trains && known.origin == "those of the model" && renames(known)) known = {};
      if (const auto& names = file.texts.data.class_names(column); known.names.empty() && !names.empty())
        known = {names, "the classes of " + file.split.path};
      file.labels = read_text_labels(file.texts, column, decision_.problem_type, known, known.names.size(),
                                     label_options_.delimiter);
      if (known.names.empty()) known = {file.labels.names, "the labels of " + file.split.path};
    }
    if (first) decision_.problem_type = model_problem(known).value_or(one_class);  // there are only texts to predict
    names_ = known.names;
  }

  std::vector<LabelSentence> label_sentences() const override {
    std::vector<LabelSentence> sentences;
    for (const File& file : files_)
      if (file.split.split != Split::predict) sentences.push_back({file.labels.decision, file.labels.as_written});
    for (const File& file : files_)
      if (!file.cut.empty()) sentences.push_back({file.cut});
    return sentences;
  }

  std::unique_ptr<tl::Model> load_model() override {
    tl::FromPretrainedOptions how;
    if (options_->trains)
      how = {.labels = names_,
             .config_overrides = options_->config_overrides,
             .ignore_mismatched_sizes = options_->ignore_mismatched_sizes,
             .problem_type = decision_.problem_type};
    else if (!label_options_.problem_type.empty()) how.problem_type = decision_.problem_type;
    how.long_texts = long_texts_.resolved(options_->model, options_->data.stride, options_->data.max_seq_length);
    return tl::AutoModelForSequenceClassification::from_pretrained(options_->model, how);
  }

  tl::RowSource rows(std::size_t file, const tl::Tokenizer& tokenizer, const tl::Model& model) override {
    File& one = files_.at(file);
    return tokenized(one.texts, options_->data, one.labels.values, one.split.limit, tokenizer,
                     model.config().max_position_embeddings, one.split.split == Split::train, model.config().long_texts,
                     &one.cut);
  }

  tl::ComputeMetrics compute_metrics() override {
    (void)tl::problem_metrics(decision_, measured_.names());  // throws for names that the problem does not have
    // decision_ may get thresholds and a temperature after this and before an evaluation; the report has them, too.
    tl::ComputeMetrics metrics = [this](const tl::EvalPrediction& p) {
      return tl::problem_metrics(decision_, measured_.names())(p);
    };
    if (!measured_.report) return metrics;
    tl::check(decision_.problem_type != tl::ProblemType::regression, tl::ErrorCode::invalid_argument,
              "--report: expected classes, got numbers, which have none");
    return reports_.keep(std::move(metrics), evaluated().size(), [this](const tl::EvalPrediction& p) {
      return class_report(tl::labelled_predictions(p, decision_), names_);
    });
  }

  std::string report() const override { return reports_.text(evaluated()); }
  std::vector<tl::Json> report_values() const override { return reports_.values(); }

  /// A trained model is measured with its calibration, unless it is to get a new one.
  void set_up(tl::TrainerOptions&, tl::Model& model) override {
    calibration_.check_problem(model);
    if (!options_->trains && !calibration_.wanted()) calibration_.load(options_->model, model);
    calibration_.apply(decision_);
  }

  /// A calibration is fitted to the rows of all files, so that it is not that of one of them.
  void on_model(tl::Trainer& trainer, const tl::EvalDatasets& eval) override {
    const std::filesystem::path folder = options_->trains ? trainer.args().output_dir : options_->model;
    if (options_->trains) std::filesystem::remove(folder / tl::detail::calibration_file);  // of other weights
    if (!calibration_.wanted()) return;
    tl::Model& model = trainer.model();
    const tl::EvalPrediction all = predictions(model, eval, trainer.args().per_device_eval_batch_size);
    (options_->trains ? std::cout : std::cerr) << calibration_.fit(all, folder, model) << std::endl;
    calibration_.apply(decision_);
  }

  void write_predictions(const std::filesystem::path& folder, std::size_t,
                         const tl::PredictionOutput& output) override {
    PredictResults results;
    const bool several = decision_.problem_type == tl::ProblemType::multi_label_classification;
    const tl::Tensor<float> logits = calibration_.decisive(output.predictions, several);
    for (std::int64_t row = 0; row < logits.size(0); ++row) results.add(prediction(logits[row].to_vector()));
    results.write(folder);
  }

  std::unique_ptr<Predictor> predictor(const PredictOptions& options) override {
    return make_text_predictor(options, long_texts_, min_score_.value);
  }

 private:
  static constexpr tl::ProblemType one_class = tl::ProblemType::single_label_classification;

  struct File {
    SplitFile split;
    LabelledFile texts;
    TextLabels labels{std::vector<std::int64_t>(), {}, {}};
    std::string cut{};  ///< says how many texts were cut, if any
  };

  /// The files to evaluate on.
  std::vector<std::string> evaluated() const {
    std::vector<std::string> paths;
    for (const File& file : files_)
      if (file.split.split == Split::eval) paths.push_back(file.split.path);
    return paths;
  }

  /// What the model's folder says of its problem, if it has a head of this task: `known` are then its classes.
  std::optional<tl::ProblemType> model_problem(const tl::KnownClasses& known) const {
    if (known.names.empty()) return {};
    const tl::PretrainedConfig config = tl::load_common_config(options_->model);
    if (config.num_labels() == 1) return config.known_problem_type().value_or(tl::ProblemType::regression);
    return config.known_problem_type().value_or(one_class);
  }

  /// As --problem_type says it, else as the model was trained, else as the labels look.
  tl::ProblemType problem_of(const LabelledFile& file, const tl::KnownClasses& known) const {
    if (const auto said = tl::problem_type_from(label_options_.problem_type)) return *said;
    if (known.origin != "those of the model") return looks_like(file, options_->data.label_column);
    return *model_problem(known);
  }

  /// Whether numbers take the place of the classes of the model, or classes that of its numbers.
  bool renames(const tl::KnownClasses& known) const {
    const auto numbers = tl::ProblemType::regression;
    return (decision_.problem_type == numbers) != (model_problem(known) == numbers);
  }

  /// The name of a class, the names of those that apply, or the numbers, of a text with these logits.
  std::string prediction(const std::vector<float>& logits) const {
    return prediction_text(decision_.problem_type, logits, names_);
  }

  const TaskOptions* options_ = nullptr;
  std::vector<File> files_;
  std::vector<std::string> names_;  // of the classes, or of the numbers
  TextLabelOptions label_options_{};
  MetricOptions measured_{};
  tl::DecisionOptions decision_{};  // what the labels are, and how logits become decisions
  Reports reports_{};
  LongTextOptions long_texts_{};
  TextCalibration calibration_{};
  MinScoreOption min_score_{};
};

}  // namespace

std::unique_ptr<Task> make_text_classification() { return std::make_unique<TextClassification>(); }

}  // namespace program
