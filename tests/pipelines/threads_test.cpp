// Predictions from several threads: the same bits as from one, and under ThreadSanitizer (the preset tsan) no race with
// each other, with another model that is loaded or trained meanwhile, or with pipelines that are made meanwhile.
#include <atomic>
#include <functional>
#include <thread>

#include <tl/optim/adamw.hpp>
#include <tl/pipelines/text_classification.hpp>
#include <tl/trainer.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"

using namespace tl;
using Classifier = DistilBertForSequenceClassification;

namespace {

std::filesystem::path tiny_model_folder() { return test::reference_file("pipeline"); }

const std::vector<std::string> texts{"a very very great film", "not bad", "the film was awful ! ! !", "me", "a"};

/// Runs the jobs at the same time, each in a thread of its own.
void together(const std::vector<std::function<void()>>& jobs) {
  std::vector<std::thread> threads;
  for (const auto& job : jobs) threads.emplace_back(job);
  for (auto& thread : threads) thread.join();
}

/// A job that predicts a few times and counts answers that are not `expected` bit for bit.
template <class Pipeline>
std::function<void()> predicting(const Pipeline& classify, const Tensor<float>& expected, std::atomic<int>& wrong) {
  return [&classify, &expected, &wrong] {
    for (int i = 0; i < 6; ++i) {
      if (classify.logits(texts).to_vector() != expected.to_vector()) ++wrong;
      if (classify("not bad").label.empty()) ++wrong;
    }
  };
}

/// A short training of a model of its own.
void train_another() {
  auto other = Classifier::from_pretrained(tiny_model_folder());
  std::vector<std::vector<std::int32_t>> ids(6, {2, 5, 7, 3});
  const std::vector<std::int64_t> labels{0, 1, 2, 0, 1, 2};
  const auto rows = Dataset::from_columns({{"input_ids", ids}, {"label", labels}});
  const test::TemporaryFolder folder;
  TrainingArguments arguments{.output_dir = (folder / "out").string()};
  arguments.per_device_train_batch_size = 2;
  arguments.num_train_epochs = 1;
  arguments.save_strategy = "no";
  Trainer trainer(other, arguments, {.train_dataset = rows, .console = silent_console()});
  trainer.train();
}

}  // namespace

TEST_CASE("threads: one pipeline, and two of one model, in two precisions of their models") {
  for (const bool bf16 : {false, true}) {
    const auto shared = pipeline("text-classification", tiny_model_folder(), {.bf16 = bf16});
    auto model = Classifier::from_pretrained(tiny_model_folder());
    const auto tokenizer = Tokenizer::from_pretrained(tiny_model_folder());
    const auto first = pipeline("text-classification", model, tokenizer, {.bf16 = bf16}),
               second = pipeline("text-classification", model, tokenizer, {.bf16 = bf16});
    const Tensor<float> expected = shared.logits(texts);
    std::atomic<int> wrong{0};
    together({predicting(shared, expected, wrong), predicting(shared, expected, wrong),
              predicting(first, expected, wrong), predicting(second, expected, wrong)});
    CHECK(wrong == 0);
  }
}

TEST_CASE("threads: the first predictions after a training mode come from several threads") {
  auto model = Classifier::from_pretrained(tiny_model_folder());
  const auto tokenizer = Tokenizer::from_pretrained(tiny_model_folder());
  const auto classify = pipeline("text-classification", model, tokenizer);
  const Tensor<float> expected = classify.logits(texts);
  model.train();
  model.parameters().zero_grad();
  std::atomic<int> wrong{0};
  together({predicting(classify, expected, wrong), predicting(classify, expected, wrong),
            [&] { (void)pipeline("text-classification", model, tokenizer)("made meanwhile"); }});
  CHECK(wrong == 0);
  CHECK(!model.training());
}

TEST_CASE("threads: predictions beside models that are loaded and trained") {
  const auto classify = pipeline("text-classification", tiny_model_folder());
  const Tensor<float> expected = classify.logits(texts);
  std::atomic<int> wrong{0};
  together({predicting(classify, expected, wrong), predicting(classify, expected, wrong), train_another, [&] {
              const auto another = pipeline("text-classification", tiny_model_folder());
              if (another.logits(texts).to_vector() != expected.to_vector()) ++wrong;
            }});
  CHECK(wrong == 0);
}

TEST_CASE("threads: an optimizer that defers updates lets several threads predict") {
  auto model = Classifier::from_pretrained(tiny_model_folder());
  const auto tokenizer = Tokenizer::from_pretrained(tiny_model_folder());
  const auto batch = pack(std::vector<std::vector<std::int32_t>>{{2, 5, 3}});
  AdamW<float> optimizer(model.parameters(), {.learning_rate = 1e-3, .weight_decay = 0.1, .defer_rows = true});
  for (int i = 0; i < 2; ++i) {
    model(batch, Tensor<std::int64_t>::from({1}, {1})).loss.backward();
    optimizer.step();
    optimizer.zero_grad();
  }
  const auto classify = pipeline("text-classification", model, tokenizer);
  std::vector<std::vector<float>> got(3);
  std::vector<std::function<void()>> jobs;
  for (auto& logits : got) jobs.push_back([&] { logits = classify.logits(texts).to_vector(); });
  together(jobs);
  CHECK(got[0] == classify.logits(texts).to_vector());
  CHECK(got[1] == got[0]);
  CHECK(got[2] == got[0]);
}

TEST_CASE("threads: predictions leave the gradients alone") {
  auto model = Classifier::from_pretrained(tiny_model_folder());
  const auto tokenizer = Tokenizer::from_pretrained(tiny_model_folder());
  const auto classify = pipeline("text-classification", model, tokenizer);
  const auto batch = pack(std::vector<std::vector<std::int32_t>>{{2, 5, 3}, {2, 7, 3}});
  const auto gradients = [&](bool predict) {
    model.parameters().zero_grad();
    for (int i = 0; i < 2; ++i) {
      model(batch, Tensor<std::int64_t>::from({1, 0}, {2})).loss.backward();
      if (predict) (void)classify(texts);
    }
    return model.parameters().gradients().to_vector();
  };
  const auto alone = gradients(false);
  CHECK(gradients(true) == alone);
}
