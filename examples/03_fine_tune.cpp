// The usual notebook, cell by cell: load a data set, tokenize it, take a seeded subset, load a pretrained encoder with
// a fresh head, train three epochs with an evaluation after each, keep the best checkpoint, predict, save. Data and
// model are given by their names, as in Python, and come from the cache that Python shares or from the hub. Where they
// cannot be had, this runs on the reviews beside it and a tiny random encoder. With a real model and dropout off, the
// numbers are those of the Python stack.
#include <iostream>

#include <tl/trainer.hpp>

#include "support/inputs.hpp"

int main(int argc, char** argv) {
  const example::Scratch scratch;
  const bool by_name = example::can_load(argc, "distilbert-base-uncased", "rotten_tomatoes");
  const auto model_name = by_name ? "distilbert-base-uncased" : example::model(argc, argv, scratch);
  const bool tiny = !by_name && example::is_tiny(argc);

  // 1. The data: texts with a label, by name or as JSON lines.
  auto dataset = by_name ? tl::load_dataset("rotten_tomatoes")
                         : tl::load_dataset("json", {{"train", example::data("reviews/train.jsonl")},
                                                     {"validation", example::data("reviews/validation.jsonl")}});
  std::cout << dataset << '\n' << dataset["train"][0] << '\n';

  // 2. Tokenize every split, a batch of rows at a time.
  const auto tokenizer = tl::Tokenizer::from_pretrained(model_name);
  dataset = dataset.map_batched([&](const tl::Dataset& rows) {
    const auto texts = rows.column<std::string>("text").to_vector();
    return tl::Columns{{"input_ids", tokenizer.encode_ids(texts, {.truncation = true})}};
  });

  // 3. A subset, in the order in which the Python stack would give it for this seed.
  const auto train_dataset = dataset["train"].shuffle(42).select(tl::range(tiny ? 320 : 1000));
  const auto eval_dataset = dataset["validation"].shuffle(42).select(tl::range(tiny ? 100 : 200));

  // 4. The model: the encoder is loaded, the head is new.
  tl::set_seed(42);
  auto model =
      tl::DistilBertForSequenceClassification::from_pretrained(model_name, {.labels = {"NEGATIVE", "POSITIVE"}});
  std::cout << model.load_report().message() << '\n' << model << '\n';
  std::cout << model.parameters().count() << " parameters\n";

  // 5. How to train.
  const tl::TrainingArguments training_args{
      .output_dir = scratch / "results",
      .num_train_epochs = 3,
      .per_device_train_batch_size = 16,
      .per_device_eval_batch_size = 16,
      .learning_rate = tiny ? 3e-3 : 5e-5,
      .weight_decay = 0.01,
      .warmup_ratio = 0.1,
      .eval_strategy = "epoch",
      .save_strategy = "epoch",
      .load_best_model_at_end = true,
      .metric_for_best_model = "accuracy",
      .logging_steps = 10,
      .save_total_limit = 2,
  };

  // 6. Train. The table shows one row per epoch.
  tl::Trainer trainer(model, training_args,
                      {.train_dataset = train_dataset,
                       .eval_dataset = eval_dataset,
                       .processing_class = tokenizer,
                       .compute_metrics =
                           [](const tl::EvalPrediction& p) {
                             return tl::Metrics{{"accuracy", tl::accuracy(p)}};
                           },
                       .callbacks = {std::make_shared<tl::NotebookProgressCallback>()}});
  const auto result = trainer.train();
  trainer.log_metrics("train", result.metrics);

  // 7. Evaluate: the best checkpoint is loaded already.
  const auto metrics = trainer.evaluate();
  trainer.log_metrics("eval", metrics);

  // 8. Predict. On the tiny model the answers mean little.
  const auto classifier = tl::pipeline("text-classification", model, tokenizer);
  for (const std::string text :
       {"A joy from start to finish.", "Dull, noisy and far too long.", "It wasn't bad at all."}) {
    const auto [label, score] = classifier(text);
    std::cout << label << "  " << score << "  " << text << '\n';
  }

  // 9. Save: Python's from_pretrained loads this folder, too.
  trainer.save_model(scratch / "final");
  return result.global_step == 3 * ((train_dataset.num_rows() + 15) / 16) ? 0 : 1;
}
