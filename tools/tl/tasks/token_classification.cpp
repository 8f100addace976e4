// Token classification: files of words with a tag each, a model with one row of logits for each token.
#include <utility>

#include "loaded.hpp"
#include "tasks/task.hpp"

namespace program {

namespace {

class TokenClassification : public Task {
 public:
  std::string_view name() const override { return "token-classification"; }
  std::string_view architecture() const override { return "ForTokenClassification"; }

  std::vector<std::string> metric_names() const override { return {"precision", "recall", "f1", "accuracy"}; }

  void read(const TaskOptions&, const std::vector<SplitFile>&) override { missing(); }
  std::vector<LabelSentence> label_sentences() const override { missing(); }
  std::unique_ptr<tl::Model> load_model() override { missing(); }
  tl::RowSource rows(std::size_t, const tl::Tokenizer&, const tl::Model&) override { missing(); }
  tl::ComputeMetrics compute_metrics() override { missing(); }
  void write_predictions(const std::filesystem::path&, std::size_t, const tl::PredictionOutput&) override { missing(); }
  bool saves_predict_metrics() const override { return true; }
  std::unique_ptr<Predictor> predictor(const PredictOptions&) override { missing(); }

 private:
  [[noreturn]] static void missing() {
    tl::fail(tl::ErrorCode::invalid_argument, "--task: expected text-classification, got token-classification");
  }
};

}  // namespace

std::unique_ptr<Task> make_token_classification() { return std::make_unique<TokenClassification>(); }

}  // namespace program
