// Your own models. A module is a struct that lists its parts in members(); names, counts and files follow from
// that. First a small network for exclusive-or, trained by a loop written by hand. Then a classifier that averages word
// vectors: with forward() it is a tl::CustomModel, and the Trainer gives it epochs, evaluation, checkpoints and
// metrics.
#include <iostream>

#include <tl/nn/initialize.hpp>
#include <tl/ops/segment_mean.hpp>
#include <tl/trainer.hpp>

#include "support/inputs.hpp"

struct Mlp {
  tl::nn::Linear<float> hidden{2, 8}, output{8, 2};

  tl::Variable<float> operator()(const tl::Variable<float>& x) const { return output(tl::ops::tanh(hidden(x))); }
  template <class Visit> void members(Visit& visit) {
    visit("hidden", hidden);
    visit("output", output);
  }
};

struct BagOfEmbeddings {
  BagOfEmbeddings(std::int64_t words, std::int64_t width, std::int64_t classes)
      : embeddings(words, width), classifier(width, classes) {}

  template <class Visit> void members(Visit& visit) {
    visit("embeddings", embeddings);
    visit("classifier", classifier);
  }

  tl::ModelOutput forward(const tl::Batch& batch, const tl::nn::ForwardContext&) const {
    const auto words = embeddings(batch.input_ids);                     // [N, D]
    const auto means = tl::ops::segment_mean(words, batch.cu_seqlens);  // [B, D]
    return {.logits = classifier(means)};                               // [B, C]
  }

  tl::nn::Embedding<float> embeddings;
  tl::nn::Linear<float> classifier;
};

int main() {
  // A loop by hand: forward, backward, update.
  tl::set_seed(5);
  Mlp mlp;
  tl::ParameterSpace<float> parameters(tl::nn::named_parameters(mlp));
  tl::nn::initialize(parameters, 1.0, tl::default_generator());
  std::cout << tl::nn::to_string(mlp) << "\n" << parameters.count() << " parameters\n";
  const tl::Variable<float> x(tl::Tensor<float>::from({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2}));
  const auto y = tl::Tensor<std::int64_t>::from({0, 1, 1, 0}, {4});
  tl::AdamW<float> optimizer(parameters, {.learning_rate = 0.05});
  for (int step = 0; step < 300; ++step) {
    optimizer.zero_grad();
    tl::ops::cross_entropy(mlp(x), y).backward();
    optimizer.step();
  }
  const float loss_value = tl::ops::cross_entropy(mlp(x), y).value().item();
  std::cout << "exclusive-or: loss " << loss_value << "\n";

  // The same Trainer as for DistilBERT.
  const auto reviews = tl::load_jsonl(example::data("reviews/train.jsonl"));
  const auto texts = reviews.column<std::string>("text").to_vector();
  const auto tokenizer = example::make_tokenizer(texts);
  const auto rows = tl::Dataset::from_columns(
      {{"input_ids", tokenizer.encode_ids(texts)}, {"label", reviews.column<std::int64_t>("label").to_vector()}});
  const auto splits = rows.train_test_split({.test_size = 100});
  tl::CustomModel<BagOfEmbeddings> model(tokenizer.vocab_size(), 32, 2);
  tl::nn::initialize(model.parameters(), 0.1, tl::default_generator());
  const example::Scratch scratch;
  const auto metrics = [](const tl::EvalPrediction& p) { return tl::Metrics{{"accuracy", tl::accuracy(p)}}; };
  tl::Trainer trainer(model,
                      {.output_dir = scratch / "results",
                       .num_train_epochs = 4,
                       .learning_rate = 1e-2,
                       .eval_strategy = "epoch",
                       .save_strategy = "no"},
                      {.train_dataset = splits["train"],
                       .eval_dataset = splits["test"],
                       .compute_metrics = metrics,
                       .callbacks = {std::make_shared<tl::NotebookProgressCallback>()}});
  const auto accuracy = (trainer.train(), trainer.evaluate()).at("eval_accuracy").get<double>();
  std::cout << "bag of embeddings: accuracy " << accuracy << "\n";
  return loss_value < 0.05F && accuracy > 0.6 ? 0 : 1;
}
