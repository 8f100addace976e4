// Compiled with -ffast-math, which says that no number is NaN: a training run whose loss is one ends with an error all
// the same, and so does a prediction from damaged weights.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <tl/pipelines/text_classification.hpp>
#include <tl/trainer.hpp>

int main() {
  auto model = tl::DistilBertForSequenceClassification::from_pretrained(TL_TESTS_DIR "/reference/data/pipeline");
  const auto tokenizer = tl::Tokenizer::from_pretrained(TL_TESTS_DIR "/reference/data/pipeline");
  model.parameters().at("classifier.weight").value().fill(std::numeric_limits<float>::quiet_NaN());

  int refused = 0;
  try {
    const std::vector<std::vector<std::int32_t>> ids(8, tokenizer.encode("a fine day").input_ids);
    tl::Trainer trainer(
        model, {.output_dir = TL_OUTPUT_DIR, .num_train_epochs = 1, .save_strategy = "no"},
        {.train_dataset = tl::Dataset::from_columns({{"input_ids", ids}, {"label", std::vector<std::int64_t>(8, 1)}}),
         .console = tl::silent_console()});
    trainer.train();
    std::puts("expected the NaN loss to end the run");
  } catch (const tl::Error& error) {
    refused += error.code() == tl::ErrorCode::numeric;
    std::puts(error.what());
  }
  try {
    (void)tl::pipeline("text-classification", model, tokenizer)("a fine day");
    std::puts("expected NaN logits to be refused");
  } catch (const tl::Error& error) {
    refused += error.code() == tl::ErrorCode::numeric;
    std::puts(error.what());
  }
  return refused == 2 ? 0 : 1;
}
