// A checkpoint that version 0.1 wrote after 4 of 12 updates, with dropout: the run goes on from it, and a run from the
// start has the same weights, bit for bit on the processor where the files were made and as close as rounding
// elsewhere.
#include <tl/models/distilbert.hpp>
#include <tl/train/trainer.hpp>

#include "support/catch.hpp"
#include "support/compare.hpp"
#include "support/reference.hpp"
#include "support/temporary_folder.hpp"

using namespace tl;
using namespace tl::test;

namespace {

Dataset rows() {
  std::vector<std::vector<std::int32_t>> ids;
  std::vector<std::int64_t> labels;
  for (int i = 0; i < 24; ++i) {
    auto& row = ids.emplace_back();
    for (int t = 0; t < 3 + i % 7; ++t) row.push_back(1 + (i * 7 + t * t * 3) % 49);
    labels.push_back(i * i % 3);
  }
  return Dataset::from_columns({{"input_ids", ids}, {"label", labels}});
}

// The largest difference between the weights of a run, from a checkpoint or from the start, and those of version 0.1,
// in units of what another rounding may make. The gradient of a key's bias is 0 but for rounding, which AdamW turns
// into steps as large as the learning rate.
double difference_after(const ResumeFrom& start) {
  auto model = DistilBertForSequenceClassification::from_pretrained(reference_file("tiny_distilbert"));
  const TemporaryFolder folder;
  Trainer trainer(model,
                  {.output_dir = folder.path().string(),
                   .num_train_epochs = 2,
                   .per_device_train_batch_size = 4,
                   .learning_rate = 1e-3,
                   .weight_decay = 0.01,
                   .warmup_ratio = 0.1,
                   .save_strategy = "no",
                   .logging_steps = 1},
                  {.train_dataset = rows(), .console = silent_console()});
  CHECK(trainer.train(start).global_step == 12);
  const SafetensorsReader reader(reference_file("version_0_1/final.safetensors"));
  double largest = 0.0;
  for (const auto& part : model.parameters().named()) {
    const double unit = part.name.ends_with("k_lin.bias") ? 12 * 1e-3 : 1e-6;
    const Tensor<float> value = part.value();
    Tensor<float> expected = Tensor<float>::empty(value.shape());
    read_floats(reader.at(part.name), expected.span());
    for (std::int64_t i = 0; i < value.elements(); ++i)
      largest = std::max(largest, std::abs(static_cast<double>(value.data()[i]) - expected.data()[i]) / unit);
  }
  return largest;
}

}  // namespace

TEST_CASE("version 0.1: a run goes on from its checkpoint, and one from the start has its weights") {
  const double resumed = difference_after(reference_file("version_0_1/checkpoint-4")), fresh = difference_after({});
  INFO("largest differences: " << resumed << " and " << fresh);
  CHECK(resumed <= 1.0);
  CHECK(fresh <= 1.0);
}
