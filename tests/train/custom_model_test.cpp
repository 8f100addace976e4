// A user's network in the Trainer: its loss, the user's loss and collator, predictions of tokens, files.
#include <tl/models/auto_model.hpp>
#include <tl/models/custom_model.hpp>
#include <tl/ops/segment_mean.hpp>
#include <tl/train/trainer.hpp>

#include "support/catch.hpp"
#include "support/compare.hpp"
#include "support/reference.hpp"
#include "support/temporary_folder.hpp"
#include "train/toy_model.hpp"

using namespace tl;
using namespace tl::test;

namespace {

// Logits of sequences, or of tokens.
struct Bag {
  static constexpr std::string_view type_name = "Bag";

  nn::Embedding<float> embeddings{20, 6};
  nn::Linear<float> classifier{6, 2};
  bool of_tokens = false;

  template <class Visit> void members(Visit& visit) {
    visit("embeddings", embeddings);
    visit("classifier", classifier);
  }
  ModelOutput forward(const Batch& batch, const nn::ForwardContext& context) const {
    const Variable<float> x = embeddings(batch.input_ids);  // [N, D]
    return {.logits = classifier(of_tokens ? x : ops::segment_mean(x, batch.cu_seqlens), context)};
  }
};

CustomModel<Bag> bag(bool of_tokens = false) {
  CustomModel<Bag> model;
  model.network().of_tokens = of_tokens;
  Mt19937 generator(4);
  nn::initialize(model.parameters(), 0.5, generator);
  return model;
}

TrainingArguments arguments(const TemporaryFolder& folder) {
  return {.output_dir = folder.path().string(), .num_train_epochs = 1, .learning_rate = 1e-2, .save_strategy = "no"};
}

TrainerOptions quiet(const Dataset& rows) { return {.train_dataset = rows, .console = silent_console()}; }

std::vector<float> trained(TrainerOptions options) {
  const TemporaryFolder folder;
  CustomModel<Bag> model = bag();
  Trainer(model, arguments(folder), std::move(options)).train();
  return model.parameters().values().to_vector();
}

}  // namespace

TEST_CASE("custom model: a loss that forward() leaves out is the mean cross-entropy") {
  const CustomModel<Bag> model = bag();
  const Batch batch = pack(std::vector<std::vector<std::int32_t>>{{1, 2}, {3}});
  const auto labels = Tensor<std::int64_t>::from({1, 0}, {2});
  const ModelOutput output = model(batch, labels);
  CHECK(output.loss.value().item() == ops::cross_entropy(output.logits, labels).value().item());
  CHECK_FALSE(model(batch).loss.defined());
  CHECK(to_string(model).starts_with("Bag(\n  (embeddings): Embedding(20, 6)"));
}

TEST_CASE("custom model: it is saved and loaded, and a file of another one is refused") {
  const CustomModel<Bag> model = bag();
  const TemporaryFolder folder;
  model.save_pretrained(folder.path());
  CustomModel<Bag> other;
  other.load_weights(folder.path());
  CHECK(same_bits(other.parameters().values(), model.parameters().values()));
  const TemporaryFolder half;
  {
    const auto& part = model.parameters().at("classifier.weight");
    const Tensor<float> value = part.value();
    const std::vector<SafetensorView> tensors{safetensor_view<float>(part.name, value.shape(), value.span())};
    write_safetensors(half / "model.safetensors", tensors);
  }
  TL_REQUIRE_ERROR(other.load_weights(half.path()), ": expected every parameter of Bag, classifier.bias is missing");
}

TEST_CASE("custom model: rows are checked against the sizes that it was given") {
  CustomModel<Bag> model = bag();
  PretrainedConfig config;
  config.vocab_size = 5;
  model.set_config(config);
  const TemporaryFolder folder;
  Trainer trainer(model, arguments(folder), quiet(toy_rows(8)));
  TL_REQUIRE_ERROR(trainer.train(), "expected token ids in [0, 5), which are those of the model");
}

TEST_CASE("trainer: a user's loss takes the place of the model's") {
  TrainerOptions same = quiet(toy_rows(24)), other = same, not_scalar = same;
  same.compute_loss = [](const ModelOutput& output, const Batch& batch) { return classification_loss(output, batch); };
  other.compute_loss = [](const ModelOutput& output, const Batch& batch) {
    return ops::cross_entropy(output.logits, batch.labels.at<std::int64_t>("labels"), {.label_smoothing = 0.5});
  };
  not_scalar.compute_loss = [](const ModelOutput& output, const Batch&) { return output.logits; };
  const std::vector<float> expected = trained(quiet(toy_rows(24)));
  CHECK(trained(same) == expected);
  CHECK(trained(other) != expected);
  TL_REQUIRE_ERROR(trained(not_scalar), "compute_loss: expected a scalar, got f32[8, 2]@cpu");
}

TEST_CASE("trainer: a user's collator makes the batches") {
  const Dataset rows = toy_rows(24);
  TrainerOptions same = quiet(rows), other = same;
  same.data_collator = [](const Dataset& all, std::span<const std::int64_t> some) { return PackedCollator(all)(some); };
  other.data_collator = [](const Dataset& all, std::span<const std::int64_t> some) {
    Batch batch = PackedCollator(all)(some);
    batch.labels.set("labels", Tensor<std::int64_t>::zeros({batch.sequences()}));
    return batch;
  };
  const std::vector<float> expected = trained(quiet(rows));
  CHECK(trained(same) == expected);
  CHECK(trained(other) != expected);
}

TEST_CASE("trainer: predictions of tokens come with the offsets of their rows") {
  const std::vector<std::vector<std::int32_t>> ids{{1, 2, 3}, {4}, {5, 6}}, labels{{-100, 1, 0}, {1}, {0, -100}};
  const Dataset rows = Dataset::from_columns({{"input_ids", ids}, {"labels", labels}});
  CustomModel<Bag> model = bag(true);
  const TemporaryFolder folder;
  TrainingArguments args = arguments(folder);
  args.per_device_eval_batch_size = 2;
  Trainer trainer(model, args, quiet(rows));
  const PredictionOutput output = trainer.predict(rows);
  CHECK(output.offsets == std::vector<std::int64_t>{0, 3, 4, 6});
  CHECK(output.label_ids.to_vector() == std::vector<std::int64_t>{-100, 1, 0, 1, 0, -100});
  CHECK(same_bits(output.predictions, model(pack(ids)).logits.value()));
  CHECK(trainer.train().global_step == 1);
}

TEST_CASE("trainer: the windows of a text are one row of predictions of tokens") {
  using Ids = std::vector<std::vector<std::int32_t>>;
  const Dataset rows = Dataset::from_columns({{"input_ids", Ids{{1, 2, 3, 2, 9}, {4}}},
                                              {"window_lengths", Ids{{3, 2}, {1}}},
                                              {"labels", Ids{{-100, 1, 0, -100, 1}, {0}}}});
  CustomModel<Bag> model = bag(true);
  const TemporaryFolder folder;
  Trainer trainer(model, arguments(folder), quiet(rows));
  const PredictionOutput output = trainer.predict(rows);
  CHECK(output.offsets == std::vector<std::int64_t>{0, 5, 6});
  CHECK(output.label_ids.to_vector() == std::vector<std::int64_t>{-100, 1, 0, -100, 1, 0});
  CHECK(same_bits(output.predictions, model(pack(Ids{{1, 2, 3}, {2, 9}, {4}})).logits.value()));
  CHECK(trainer.train().global_step == 1);
}
