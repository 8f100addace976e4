// Token classification: files of words with a tag each, a model with one row of logits for each token.
#include <utility>

#include <tl/io/atomic_file.hpp>
#include <tl/train/named_tag_metrics.hpp>

#include "loaded.hpp"
#include "tasks/reports.hpp"
#include "tasks/tagged_texts.hpp"
#include "tasks/task.hpp"
#include "tasks/token_predictor.hpp"

namespace program {

namespace {

class TokenClassification : public Task {
 public:
  std::string_view name() const override { return "token-classification"; }
  std::string_view architecture() const override { return "ForTokenClassification"; }

  void add_options(CLI::App& command) override {
    add_bool(command, "label_all_tokens", label_all_tokens_,
             "label all tokens of a word, those after the first with I- for B-; default: the first alone");
    add_bool(command, "return_entity_level_metrics", entity_level_, "the metrics of each type of entities, too");
  }

  void check_usage(const TaskOptions& options) override {
    measured_ = options.measured;
    measured_.check(tl::tag_metric_names());
    if (entity_level_ && !measured_.metrics.empty())
      usage_problems().emplace_back("--metrics: expected none with --return_entity_level_metrics, which gives all");
    if (!options.data.text_pair_column.empty())
      usage_problems().emplace_back("--text_pair_column: expected no pairs for token-classification");
    if (!options.data.text_column_names.empty())
      usage_problems().emplace_back("--text_column_names: expected one column of words, --text_column_name");
    if (options.data.stride && !options.data.truncation)
      usage_problems().emplace_back("--stride: expected --truncation true, which makes the windows, got false");
  }

  std::vector<std::string> metric_names() const override {
    if (entity_level_) return {"overall_precision", "overall_recall", "overall_f1", "overall_accuracy"};
    if (!measured_.metrics.empty()) return measured_.names();
    return {"precision", "recall", "f1", "accuracy"};
  }

  void read(const TaskOptions& options, const std::vector<SplitFile>& files) override {
    options_ = &options;
    for (const SplitFile& file : files) files_.push_back(read_tagged(file, options.data));
    tl::KnownClasses known = known_classes(options, *this);
    for (TaggedFile& file : files_) {
      if (!file.labelled) continue;
      if (known.names.empty() && !file.class_names.empty())
        known = {file.class_names, "the classes of " + file.split.path};
      file.labels = tl::encode_tags(file.labels.dataset, file.columns, known);
      if (known.names.empty()) known = {file.labels.names, "the labels of " + file.split.path};
    }
    names_ = known.names;
  }

  std::vector<LabelSentence> label_sentences() const override {
    std::vector<LabelSentence> sentences;
    for (const TaggedFile& file : files_)
      if (file.labelled) sentences.push_back({file.labels.decision, file.labels.as_written});
    return sentences;
  }

  std::unique_ptr<tl::Model> load_model() override {
    tl::FromPretrainedOptions how;
    if (options_->trains)
      how = {.labels = names_,
             .config_overrides = options_->config_overrides,
             .ignore_mismatched_sizes = options_->ignore_mismatched_sizes};
    return tl::AutoModelForTokenClassification::from_pretrained(options_->model, how);
  }

  tl::RowSource rows(std::size_t file, const tl::Tokenizer& tokenizer, const tl::Model& model) override {
    const TaggedFile& one = files_.at(file);
    const tl::TokenizedWords words = tokenized_words(one, options_->data, label_all_tokens_, names_, tokenizer,
                                                     model.config().max_position_embeddings);
    if (one.split.split == Split::predict) predicted_ = words.rows;
    return words.rows;
  }

  tl::ComputeMetrics compute_metrics() override {
    tl::ComputeMetrics metrics = tl::tag_metrics(names_, measured_.names());
    if (entity_level_) metrics = [names = names_](const tl::EvalPrediction& p) { return tl::seqeval(p, names, true); };
    if (!measured_.report) return metrics;
    return reports_.keep(std::move(metrics), evaluated().size(), [names = names_](const tl::EvalPrediction& p) {
      const tl::TagPrediction tags = tl::tag_prediction(p, names);
      return tag_report(tags.labels, tags.predictions, names);
    });
  }

  std::string report() const override { return reports_.text(evaluated()); }
  std::vector<tl::Json> report_values() const override { return reports_.values(); }

  /// predictions.txt: the predicted tags of a text on each line, those of its words that have a token.
  void write_predictions(const std::filesystem::path& folder, std::size_t,
                         const tl::PredictionOutput& output) override {
    std::string text;
    for (const std::vector<std::string>& tags : tl::word_tags(output.predictions, predicted_, names_)) {
      std::string line;
      for (const std::string& tag : tags)
        if (!tag.empty()) line += (line.empty() ? "" : " ") + tag;
      text += line + '\n';
    }
    tl::AtomicFile file(folder / "predictions.txt");
    file.write(text);
    file.commit();
  }
  bool saves_predict_metrics() const override { return true; }

  void add_predict_options(CLI::App& command) override { predict_.add(command); }
  std::unique_ptr<Predictor> predictor(const PredictOptions& options) override {
    return make_token_predictor(options, predict_);
  }

 private:
  /// The files to evaluate on.
  std::vector<std::string> evaluated() const {
    std::vector<std::string> paths;
    for (const TaggedFile& file : files_)
      if (file.split.split == Split::eval) paths.push_back(file.split.path);
    return paths;
  }

  const TaskOptions* options_ = nullptr;
  std::vector<TaggedFile> files_;
  std::vector<std::string> names_;  // of the classes
  MetricOptions measured_{};
  Reports reports_{};
  tl::Dataset predicted_;  // the rows of the file to predict
  bool label_all_tokens_ = false, entity_level_ = false;
  TokenPredictOptions predict_{};
};

}  // namespace

std::unique_ptr<Task> make_token_classification() { return std::make_unique<TokenClassification>(); }

}  // namespace program
