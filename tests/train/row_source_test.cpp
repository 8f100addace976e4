// Custom rows, without a data set: a Collator that makes its batches itself.
#include <tl/train/row_source.hpp>

#include <tl/train/trainer.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "train/toy_model.hpp"

using namespace tl;
using namespace tl::test;

namespace {

/// Row i is made of a number: its tokens count up to i % 5, its label is whether token 3 is among them.
class Counted : public Collator {
 public:
  explicit Counted(std::int64_t rows, std::string name = "counted rows") : Collator(rows, std::move(name)) {}

  Batch operator()(std::span<const std::int64_t> rows) const override {
    std::vector<std::vector<std::int32_t>> ids;
    std::vector<std::int64_t> labels;
    for (const std::int64_t row : rows) {
      ids.push_back(tokens(row));
      labels.push_back(ids.back().size() > 3 ? 1 : 0);
    }
    Batch batch = pack(ids);
    batch.labels.set("labels", Tensor<std::int64_t>::from(labels, {static_cast<std::int64_t>(rows.size())}));
    return batch;
  }

  static std::vector<std::int32_t> tokens(std::int64_t row) {
    std::vector<std::int32_t> ids;
    for (std::int32_t id = 0; id <= row % 5; ++id) ids.push_back(id);
    return ids;
  }
};

/// The same rows as a data set.
Dataset counted_rows(std::int64_t count) {
  std::vector<std::vector<std::int32_t>> ids;
  std::vector<std::int64_t> labels;
  for (std::int64_t row = 0; row < count; ++row) {
    ids.push_back(Counted::tokens(row));
    labels.push_back(ids.back().size() > 3 ? 1 : 0);
  }
  return Dataset::from_columns({{"input_ids", std::move(ids)}, {"label", std::move(labels)}});
}

struct SourceRun {
  std::vector<float> weights;
  double loss = 0.0, eval_loss = 0.0;
  std::int64_t predicted = 0;
};

SourceRun train(const std::filesystem::path& folder, const RowSource& rows, const EvalDatasets& evaluated,
                const ResumeFrom& from = {}, bool by_length = false) {
  ToyModel model(0.1, from.path() ? 3 : 1);
  Trainer trainer(model,
                  {.output_dir = folder.string(),
                   .num_train_epochs = 2,
                   .per_device_train_batch_size = 4,
                   .learning_rate = 1e-2,
                   .eval_strategy = "epoch",
                   .save_strategy = from.path() ? "no" : "epoch",
                   .group_by_length = by_length},
                  {.train_dataset = rows, .eval_dataset = evaluated, .console = silent_console()});
  const TrainOutput output = trainer.train(from);
  return {model.values(), output.training_loss, trainer.evaluate().at("eval_loss").get<double>(),
          trainer.predict(evaluated.sets().front().second).predictions.shape()[0]};
}

}  // namespace

TEST_CASE("row source: a custom Collator trains, evaluates and predicts as the same rows of a data set do") {
  const TemporaryFolder folder;
  for (const bool by_length : {false, true}) {
    const SourceRun of_dataset = train(folder / "dataset", counted_rows(22), counted_rows(7), {}, by_length);
    const auto rows = std::make_shared<Counted>(22), evaluated = std::make_shared<Counted>(7);
    const SourceRun own = train(folder / "own", rows, evaluated, {}, by_length);
    CHECK(own.weights == of_dataset.weights);
    CHECK(own.loss == of_dataset.loss);
    CHECK(own.eval_loss == of_dataset.eval_loss);
    CHECK(own.predicted == 7);
    const SourceRun resumed = train(folder / "resumed", rows, evaluated, folder / "own/checkpoint-6", by_length);
    CHECK(resumed.weights == own.weights);
  }
}

TEST_CASE("row source: what cannot be right is one sentence") {
  const TemporaryFolder folder;
  TL_REQUIRE_ERROR(train(folder / "out", std::make_shared<Counted>(0), counted_rows(3)),
                   "train_dataset: expected at least one row, got 0");
  TL_REQUIRE_ERROR(Counted(-1), "counted rows: expected 0 or more rows, got -1");
  train(folder / "own", std::make_shared<Counted>(22), counted_rows(7));
  TL_REQUIRE_ERROR(train(folder / "own", std::make_shared<Counted>(23), counted_rows(7), folder / "own/checkpoint-6"),
                   "with the same batches: train_rows was 22 and is 23");
  ToyModel model;
  const DataCollator collate = [](const Dataset& all, std::span<const std::int64_t> some) {
    return PackedCollator(all)(some);
  };
  TL_REQUIRE_ERROR(Trainer(model, {}, {.train_dataset = std::make_shared<Counted>(3), .data_collator = collate}),
                   "data_collator: expected a Dataset as train_dataset, got a Collator, which makes batches itself");
  model.poisoned_call = 1;
  Trainer trainer(model, {.output_dir = folder.path().string(), .save_strategy = "no"},
                  {.train_dataset = std::make_shared<Counted>(3), .console = silent_console()});
  TL_REQUIRE_ERROR(trainer.train(), "the micro-batch had rows ");
}
