// A stream as train_dataset: the run of the same rows in memory, resumed runs, and what a stream cannot do.
#include <tl/data/stream/streamed_rows.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tl/data/stream_dataset.hpp>
#include <tl/train/trainer.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "train/toy_model.hpp"

using namespace tl;
using namespace tl::test;

namespace {

/// A file of `count` tokenised rows.
std::filesystem::path write_streamed_rows(const std::filesystem::path& path, int count) {
  std::string text;
  for (int row = 0; row < count; ++row) {
    text += "{\"input_ids\": [0";
    for (int id = 1; id <= row % 5; ++id) text += str_cat(", ", (row + id) % 20);
    text += str_cat("], \"label\": ", row % 5 > 2 ? 1 : 0, "}\n");
  }
  write_text(path, text);
  return path;
}

IterableDataset stream_of(const std::filesystem::path& path) {
  return stream_dataset("json", DataFiles{{"train", path}}, Split("train"));
}

struct StreamedRun {
  std::vector<float> weights;
  double loss = 0.0;
  Json log;
};

StreamedRun train_stream(const std::filesystem::path& folder, const RowSource& rows, const ResumeFrom& from = {},
                         std::int64_t accumulation = 1, const DataCollator& collate = {}) {
  ToyModel model(0.1, from.path() ? 3 : 1);
  Trainer trainer(model,
                  {.output_dir = folder.string(),
                   .per_device_train_batch_size = 4,
                   .learning_rate = 1e-2,
                   .save_strategy = from.path() ? "no" : "steps",
                   .logging_steps = 1,
                   .gradient_accumulation_steps = accumulation,
                   .max_steps = 14,
                   .save_steps = 4,
                   .train_sampling_strategy = rows.stream() ? "random" : "sequential"},
                  {.train_dataset = rows, .data_collator = collate, .console = silent_console()});
  const TrainOutput output = trainer.train(from);
  Json log = Json::array();
  for (const Json& entry : trainer.state().log_history)
    if (entry.contains("tl_loss")) log.push_back({{"loss", entry.at("tl_loss")}, {"norm", entry.at("grad_norm")}});
  return {model.values(), output.training_loss, log};
}

}  // namespace

TEST_CASE("streamed rows: a run on a stream is that of the data set in the order of its file") {
  const TemporaryFolder folder;
  const auto path = write_streamed_rows(folder / "rows.jsonl", 22);  // 6 batches, of which the last is short
  const IterableDataset rows = stream_of(path);
  const StreamedRun of_dataset = train_stream(folder / "dataset", load_jsonl(path));
  const StreamedRun of_stream = train_stream(folder / "stream", rows);
  CHECK(of_stream.log == of_dataset.log);
  CHECK(of_stream.log.size() == 14);
  CHECK(of_stream.weights == of_dataset.weights);
  CHECK(of_stream.loss == of_dataset.loss);
  const DataCollator own = [](const Dataset& all, std::span<const std::int64_t> some) {
    return PackedCollator(all)(some);
  };
  CHECK(train_stream(folder / "collator", rows, {}, 1, own).weights == of_dataset.weights);
  const auto threads = num_threads();
  set_num_threads(1);
  CHECK(train_stream(folder / "one_thread", rows).weights == of_dataset.weights);
  set_num_threads(threads);
}

TEST_CASE("streamed rows: a resumed run on a stream equals one without an interruption") {
  const TemporaryFolder folder;
  const auto path = write_streamed_rows(folder / "rows.jsonl", 22);
  for (const bool shuffled : {false, true}) {
    const std::int64_t accumulation = shuffled ? 2 : 1;
    const IterableDataset rows = shuffled ? stream_of(path).shuffle(42, 8) : stream_of(path);
    const StreamedRun whole = train_stream(folder / "whole", rows, {}, accumulation);
    for (const int step : {4, 8, 12}) {
      INFO("resumed from step " << step);
      const auto from = folder / str_cat("whole/checkpoint-", step);
      CHECK(train_stream(folder / "resumed", rows, from, accumulation).weights == whole.weights);
    }
  }
}

TEST_CASE("streamed rows: each pass over a shuffled stream has another order, as set_epoch gives it") {
  const TemporaryFolder folder;
  const IterableDataset rows = stream_of(write_streamed_rows(folder / "rows.jsonl", 10)).shuffle(1, 5);
  const StreamedRows batches(rows, {.batch_size = 4, .batches = 9});
  std::vector<std::int32_t> seen, expected;
  for (std::int64_t index = 0; index < 9; ++index) {
    const Batch batch = batches(std::span(&index, 1));
    for (const std::int32_t id : batch.input_ids.span()) seen.push_back(id);
  }
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    IterableDataset pass = rows;
    pass.set_epoch(epoch);
    for (const Row row : pass)
      for (const std::int32_t id : row.get<std::vector<std::int32_t>>("input_ids")) expected.push_back(id);
  }
  CHECK(seen == expected);
  const std::int64_t again = 4;
  CHECK(batches(std::span(&again, 1)).texts() == 4);
  CHECK(batches.describe(std::span(&again, 1)).starts_with("batch 4 of dataset ("));
  CHECK(batches.describe(std::span(&again, 1)).find("rows.jsonl, lines ") != std::string::npos);
}

TEST_CASE("streamed rows: what a stream cannot do is one sentence") {
  const TemporaryFolder folder;
  const auto path = write_streamed_rows(folder / "rows.jsonl", 22);
  const IterableDataset rows = stream_of(path);
  ToyModel model;
  const auto trainer = [&](TrainingArguments args, TrainerOptions options = {}) {
    if (!options.train_dataset->has_value()) options.train_dataset = rows;
    options.console = silent_console();
    args.output_dir = (folder / "out").string();
    args.save_strategy = "no";
    return Trainer(model, args, options);
  };
  TL_REQUIRE_ERROR(trainer({}),
                   "max_steps: expected at least 1, because train_dataset is a stream, whose length is not "
                   "known, got -1");
  TL_REQUIRE_ERROR(trainer({.gradient_accumulation_steps = 2, .max_steps = 60'000'000}),
                   "max_steps: expected at most 100000000 batches for a run on a stream, got 60000000 updates of 2");
  TL_REQUIRE_ERROR(trainer({.max_steps = 2, .group_by_length = true}),
                   "group_by_length: expected false, because train_dataset is a stream");
  TL_REQUIRE_ERROR(trainer({.max_steps = 2}, {.sampler = std::make_shared<SequentialSampler>(22)}),
                   "sampler: expected none, because train_dataset is a stream; shuffle() the stream instead");
  TL_REQUIRE_ERROR(trainer({.max_steps = 2, .class_weights = "balanced"}).train(),
                   "class_weights: expected the weight of each class, because train_dataset is a stream");
  TL_REQUIRE_ERROR(trainer({.max_steps = 2}, {.eval_dataset = rows}).evaluate(),
                   "eval_dataset: expected rows in memory, got a stream; take(n).to_dataset() of the stream gives its "
                   "first n");
  TL_REQUIRE_ERROR(trainer({.max_steps = 2}, {.train_dataset = rows.take(0)}).train(),
                   "train_dataset: expected at least 1 rows in the stream, got none");
  TL_REQUIRE_ERROR(
      trainer({.per_device_train_batch_size = 30, .max_steps = 2, .dataloader_drop_last = true}).train(),
      "train_dataset: expected at least 30 rows in the stream, one full batch, because dataloader_drop_last "
      "is true, got fewer");
  TL_REQUIRE_ERROR(trainer({.max_steps = 2}, {.train_dataset = rows.remove_columns({"input_ids"})}).train(),
                   "train_dataset, batch 0: expected a column input_ids");
  model.poisoned_call = 2;
  TL_REQUIRE_ERROR(trainer({.per_device_train_batch_size = 2, .max_steps = 3}).train(),
                   "the micro-batch had batch 1 of train_dataset (" + path.native() + ", lines 3, 4)");
  model.poisoned_call = -1;
  train_stream(folder / "run", rows);
  TL_REQUIRE_ERROR(train_stream(folder / "run", load_jsonl(path), folder / "run/checkpoint-4"),
                   "stream was true and is false");
  TL_REQUIRE_ERROR(train_stream(folder / "run", rows.skip(1), folder / "run/checkpoint-4"),
                   "the tokens or labels of train_dataset, or their order, were others");
}
