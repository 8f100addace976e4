// A custom sampler in the Trainer: class-balanced epochs. Its order decides the batches, a resumed run goes on
// in it bit for bit, and what cannot be right is one sentence.
#include <algorithm>
#include <set>

#include <tl/train/trainer.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "train/toy_model.hpp"

using namespace tl;
using namespace tl::test;

namespace {

/// As many rows of class 1 as of class 0, drawn with replacement.
class Balanced : public Sampler {
 public:
  explicit Balanced(const Dataset& rows, std::int64_t per_class) : per_class_(per_class) {
    const auto labels = rows.column<std::int64_t>("label");
    for (std::int64_t row = 0; row < rows.num_rows(); ++row) rows_[labels[row] == 0 ? 0 : 1].push_back(row);
  }
  std::string name() const override { return "Balanced"; }
  std::int64_t size() const override { return 2 * per_class_; }
  std::vector<std::int64_t> order(std::int64_t epoch, Mt19937& generator) const override {
    std::vector<std::int64_t> order;
    for (std::int64_t i = 0; i < per_class_; ++i)
      for (const auto& rows : rows_) order.push_back(rows[(generator.next_u32() + epoch) % rows.size()]);
    return order;
  }

 private:
  std::int64_t per_class_;
  std::vector<std::int64_t> rows_[2];
};

/// The order it was given.
class Fixed : public Sampler {
 public:
  Fixed(std::vector<std::int64_t> order, std::int64_t size) : order_(std::move(order)), size_(size) {}
  std::string name() const override { return "Fixed"; }
  std::int64_t size() const override { return size_; }
  std::vector<std::int64_t> order(std::int64_t, Mt19937&) const override { return order_; }

 private:
  std::vector<std::int64_t> order_;
  std::int64_t size_;
};

const TrainingArguments sampled_arguments{.num_train_epochs = 2,
                                          .per_device_train_batch_size = 4,
                                          .learning_rate = 2e-2,
                                          .save_strategy = "steps",
                                          .logging_steps = 1,
                                          .save_steps = 1};

struct SampledRun {
  std::vector<float> weights;
  std::vector<std::vector<std::int64_t>> batches;
};

SampledRun train_sampled(const std::filesystem::path& folder, std::shared_ptr<const Sampler> sampler,
                         const ResumeFrom& from = {}, TrainingArguments args = sampled_arguments) {
  args.output_dir = folder.string();
  ToyModel model(0.2, from.path() ? 5 : 1);
  const auto recorder = std::make_shared<Recorder>();
  Trainer trainer(model, args,
                  {.train_dataset = toy_rows(30),
                   .callbacks = {recorder},
                   .sampler = std::move(sampler),
                   .console = silent_console()});
  trainer.train(from);
  return {model.values(), recorder->batches};
}

std::shared_ptr<const Sampler> fixed(std::vector<std::int64_t> order, std::int64_t size) {
  return std::make_shared<Fixed>(std::move(order), size);
}

}  // namespace

TEST_CASE("custom sampler: class-balanced epochs, resumed bit for bit from every step") {
  const TemporaryFolder folder;
  const Dataset rows = toy_rows(30);
  const auto balanced = std::make_shared<Balanced>(rows, 10);
  const SampledRun whole = train_sampled(folder / "out", balanced);
  REQUIRE(whole.batches.size() == 10);  // of 20 rows in an epoch
  const auto labels = rows.column<std::int64_t>("label");
  for (const auto& batch : whole.batches)
    CHECK(std::count_if(batch.begin(), batch.end(), [&](std::int64_t row) { return labels[row] == 1; }) == 2);
  CHECK(whole.batches[0] != whole.batches[5]);  // the second epoch has rows of its own
  TrainingArguments unsaved = sampled_arguments;
  unsaved.save_strategy = "no";
  for (const auto& checkpoint : tl::detail::sorted_checkpoints(folder / "out")) {
    const SampledRun resumed = train_sampled(folder / "resumed", balanced, checkpoint, unsaved);
    CHECK(resumed.weights == whole.weights);
    const auto left = static_cast<std::ptrdiff_t>(resumed.batches.size());
    CHECK(std::equal(resumed.batches.begin(), resumed.batches.end(), whole.batches.end() - left));
  }
  TL_REQUIRE_ERROR(train_sampled(folder / "resumed", {}, folder / "out/checkpoint-3"),
                   "with the same batches: sampler was \"Balanced\" and is \"\", sampler_rows was 20 and is 0; set "
                   "ignore_data_skip = true");
  TL_REQUIRE_ERROR(train_sampled(folder / "resumed", std::make_shared<Balanced>(rows, 9), folder / "out/checkpoint-3"),
                   "with the same batches: sampler_rows was 20 and is 18");
}

TEST_CASE("samplers of the library: all rows, in order, at random, by length") {
  Mt19937 generator(1), same(1);
  CHECK(SequentialSampler(3).order(0, generator) == std::vector<std::int64_t>{0, 1, 2});
  CHECK(RandomSampler(20, 42).order(2, generator) == random_order(20, 42, 2));
  const std::vector<std::int64_t> lengths{3, 1, 2, 9, 5};
  const LengthGroupedSampler by_length(lengths, 2);
  CHECK(by_length.size() == 5);
  CHECK(by_length.order(0, generator) == length_grouped_order(lengths, 2, same));
  const TemporaryFolder folder;
  TrainingArguments args = sampled_arguments;
  args.num_train_epochs = 1;
  args.save_strategy = "no";
  const SampledRun run = train_sampled(folder / "out", std::make_shared<SequentialSampler>(8), {}, args);
  CHECK(run.batches == std::vector<std::vector<std::int64_t>>{{0, 1, 2, 3}, {4, 5, 6, 7}});
}

TEST_CASE("custom sampler: what cannot be right is one sentence") {
  const TemporaryFolder folder;
  TL_REQUIRE_ERROR(train_sampled(folder / "out", fixed({}, 0)),
                   "sampler Fixed: expected at least one row in an epoch, got 0");
  TL_REQUIRE_ERROR(train_sampled(folder / "out", fixed({}, 4)), "sampler Fixed: expected 4 rows for epoch 0, got 0");
  TL_REQUIRE_ERROR(train_sampled(folder / "out", fixed({0, 30}, 2)),
                   "sampler Fixed: expected rows in [0, 30), got 30 at place 1 of epoch 0");
  TL_REQUIRE_ERROR(train_sampled(folder / "out", fixed({-1}, 1)),
                   "expected rows in [0, 30), got -1 at place 0 of epoch 0");
  TrainingArguments args = sampled_arguments;
  args.group_by_length = true;
  TL_REQUIRE_ERROR(train_sampled(folder / "out", fixed({0}, 1), {}, args),
                   "group_by_length: expected false, because the Trainer was given a sampler, got true");
  args = sampled_arguments;
  args.train_sampling_strategy = "sequential";
  TL_REQUIRE_ERROR(train_sampled(folder / "out", fixed({0}, 1), {}, args),
                   "train_sampling_strategy: expected random, because the Trainer was given a sampler, got sequential");
}
