// Text classification: files of labelled texts, a model with one row of logits for each text.
#include <utility>

#include <tl/io/atomic_file.hpp>

#include "loaded.hpp"
#include "metrics.hpp"
#include "tasks/predict_results.hpp"
#include "tasks/reports.hpp"
#include "tasks/task.hpp"
#include "tasks/text_predictor.hpp"

namespace program {

namespace {

class TextClassification : public Task {
 public:
  std::string_view name() const override { return "text-classification"; }
  std::string_view architecture() const override { return "ForSequenceClassification"; }

  void check_usage(const TaskOptions& options) override {
    measured_ = options.measured;
    measured_.check(text_metric_names(false));
  }
  std::vector<std::string> metric_names() const override {
    return measured_.metrics.empty() ? tl::default_metric_names(decision_.problem_type) : measured_.names();
  }
  std::vector<std::string> possible_metric_names() const override {
    return measured_.metrics.empty() ? text_metric_names(true) : std::vector<std::string>{};
  }

  void read(const TaskOptions& options, const std::vector<SplitFile>& files) override {
    options_ = &options;
    for (const SplitFile& file : files)
      files_.push_back({file, read_labelled(file.path, options.data, file.split != Split::predict), {}});
    tl::KnownClasses known = known_classes(options, *this);
    for (File& file : files_) {
      if (file.split.split == Split::predict) continue;
      file.classes = classes_of(file.texts, options.data, known);
      if (known.names.empty()) known = {file.classes.names, "the labels of " + file.split.path};
    }
    names_ = known.names;
  }

  std::vector<LabelSentence> label_sentences() const override {
    std::vector<LabelSentence> sentences;
    for (const File& file : files_)
      if (file.split.split != Split::predict) sentences.push_back({file.classes.decision, file.classes.as_written});
    return sentences;
  }

  std::unique_ptr<tl::Model> load_model() override {
    tl::FromPretrainedOptions how;
    if (options_->trains)
      how = {.labels = names_,
             .config_overrides = options_->config_overrides,
             .ignore_mismatched_sizes = options_->ignore_mismatched_sizes};
    return tl::AutoModelForSequenceClassification::from_pretrained(options_->model, how);
  }

  tl::RowSource rows(std::size_t file, const tl::Tokenizer& tokenizer, const tl::Model& model) override {
    const File& one = files_.at(file);
    return tokenized(one.texts, options_->data, one.classes.ids, one.split.limit, tokenizer,
                     model.config().max_position_embeddings, one.split.split == Split::train);
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

  void write_predictions(const std::filesystem::path& folder, std::size_t,
                         const tl::PredictionOutput& output) override {
    PredictResults results;
    for (const std::int64_t id : tl::argmax(output.predictions)) results.add(names_.at(static_cast<std::size_t>(id)));
    results.write(folder);
  }

  std::unique_ptr<Predictor> predictor(const PredictOptions& options) override { return make_text_predictor(options); }

 private:
  struct File {
    SplitFile split;
    LabelledFile texts;
    tl::ClassLabels classes;
  };

  /// The files to evaluate on.
  std::vector<std::string> evaluated() const {
    std::vector<std::string> paths;
    for (const File& file : files_)
      if (file.split.split == Split::eval) paths.push_back(file.split.path);
    return paths;
  }

  const TaskOptions* options_ = nullptr;
  std::vector<File> files_;
  std::vector<std::string> names_;  // of the classes
  MetricOptions measured_{};
  tl::DecisionOptions decision_{};  // what the labels are, and how logits become decisions
  Reports reports_{};
};

}  // namespace

std::unique_ptr<Task> make_text_classification() { return std::make_unique<TextClassification>(); }

}  // namespace program
