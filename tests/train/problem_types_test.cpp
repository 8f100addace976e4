// The Trainer with several labels, numbers and weights: losses with accumulation, labels of metrics, and sentences.
#include <tl/models/custom_model.hpp>
#include <tl/nn/embedding.hpp>
#include <tl/ops/segment_mean.hpp>
#include <tl/train/trainer.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "train/toy_model.hpp"

using namespace tl;
using namespace tl::test;

namespace {

using Ids = std::vector<std::vector<std::int32_t>>;
using Numbers = std::vector<std::vector<float>>;

struct Words {
  nn::Embedding<float> embeddings{20, 6};
  nn::Linear<float> out{6, 2};
  bool of_tokens = false;

  template <class Visit> void members(Visit& visit) {
    visit("embeddings", embeddings);
    visit("out", out);
  }
  ModelOutput forward(const Batch& batch, const nn::ForwardContext& context) const {
    const Variable<float> x = embeddings(batch.input_ids);  // [N, D]
    return {.logits = out(of_tokens ? x : ops::segment_mean(x, batch.cu_seqlens), context)};
  }
};

CustomModel<Words> words(bool of_tokens = false) {
  CustomModel<Words> model;
  model.network().of_tokens = of_tokens;
  Mt19937 generator(4);
  nn::initialize(model.parameters(), 0.5, generator);
  PretrainedConfig config;
  config.set_labels({"no", "yes"});
  model.set_config(config);
  return model;
}

const Ids five{{1, 2, 3}, {4, 5}, {6}, {7, 8, 9, 10}, {11, 12}};

Dataset with(const ColumnValues& labels) {
  Columns columns{{"input_ids", five}};
  columns.push_back({"labels", labels});
  return Dataset::from_columns(columns);
}

/// The first entry of the log of one update from micro-batches of `batch` rows.
Json first_update(const Dataset& rows, std::int64_t batch, TrainingArguments args = {}, bool of_tokens = false) {
  const TemporaryFolder folder;
  auto model = words(of_tokens);
  args.output_dir = folder.path().string();
  args.per_device_train_batch_size = batch;
  args.gradient_accumulation_steps = (5 + batch - 1) / batch;
  args.num_train_epochs = 1;
  args.logging_steps = 1;
  args.save_strategy = "no";
  Trainer trainer(model, args, {.train_dataset = rows, .console = silent_console()});
  trainer.train();
  return trainer.state().log_history.at(0);
}

/// Whether micro-batches of 2, 2 and 1 rows have loss and gradient of one batch of 5.
bool equals_big_batch(const Dataset& rows, const TrainingArguments& args = {}, bool of_tokens = false) {
  const Json big = first_update(rows, 5, args, of_tokens), small = first_update(rows, 2, args, of_tokens);
  const auto close = [&](const char* key) {
    const double a = big.at(key), b = small.at(key);
    UNSCOPED_INFO(key << ": " << a << " and " << b);
    return std::abs(a - b) <= 1e-5 * std::abs(a);
  };
  return close("tl_loss") && close("grad_norm");
}

}  // namespace

TEST_CASE("problem types: accumulation is one big batch for numbers, several labels, weights and tokens") {
  CHECK(equals_big_batch(with(Numbers{{1, 0}, {0, 0}, {1, 1}, {0, 1}, {1, 0}})));
  const Dataset classes = with(std::vector<std::int64_t>{0, 1, 1, -100, 0});
  CHECK(equals_big_batch(classes, {.class_weights = "yes=5"}));
  CHECK(equals_big_batch(classes, {.label_smoothing_factor = 0.2, .class_weights = "balanced"}));
  CHECK(equals_big_batch(classes, {.class_weights = "1,0", .focal_gamma = 2}));
  CHECK(equals_big_batch(with(Ids{{0, 1, -100}, {1, 1}, {-100}, {0, 0, 0, 1}, {-100, 1}}), {}, true));
}

TEST_CASE("problem types: class ids of rows keep the mean of means") {
  const Dataset classes = with(std::vector<std::int64_t>{0, 1, 1, 1, 0});
  CHECK_FALSE(equals_big_batch(classes));
}

TEST_CASE("problem types: metrics and predictions get the labels as they are") {
  const TemporaryFolder folder;
  auto model = words();
  Tensor<float> seen;
  const Dataset rows = with(Numbers{{1, 0}, {0, 0}, {1, 1}, {0, 1}, {1, 0}});
  Trainer trainer(model, {.output_dir = folder.path().string(), .num_train_epochs = 1, .save_strategy = "no"},
                  {.train_dataset = rows,
                   .eval_dataset = rows,
                   .compute_metrics =
                       [&](const EvalPrediction& p) {
                         CHECK_FALSE(p.label_ids.defined());
                         seen = p.label_values;
                         return Metrics{};
                       },
                   .console = silent_console()});
  trainer.train();
  CHECK(model.problem_type() == ProblemType::multi_label_classification);
  CHECK(trainer.evaluate().contains("eval_loss"));
  CHECK(seen.shape() == Shape{5, 2});
  CHECK(seen.to_vector() == std::vector<float>{1, 0, 0, 0, 1, 1, 0, 1, 1, 0});
  const PredictionOutput output = trainer.predict(rows);
  CHECK(output.label_values.to_vector() == seen.to_vector());
  CHECK_FALSE(output.label_ids.defined());
}

TEST_CASE("problem types: a weighted evaluation is the weighted mean of all rows, whatever the batches") {
  const Dataset rows = with(std::vector<std::int64_t>{0, 1, 1, -100, 0});
  const auto loss = [&](std::int64_t batch, const std::string& weights) {
    const TemporaryFolder folder;
    auto model = words();
    Trainer trainer(model,
                    {.output_dir = folder.path().string(),
                     .per_device_eval_batch_size = batch,
                     .save_strategy = "no",
                     .class_weights = weights},
                    {.train_dataset = rows, .eval_dataset = rows, .console = silent_console()});
    return trainer.evaluate().at("eval_loss").get<double>();
  };
  CHECK(std::abs(loss(5, "no=3") - loss(2, "no=3")) <= 1e-6);
  CHECK(std::abs(loss(5, "balanced") - loss(1, "balanced")) <= 1e-6);
  CHECK(std::abs(loss(5, "1,1") - loss(5, "no=3")) > 1e-3);
}

TEST_CASE("problem types: weights and labels that do not fit end a run before it begins") {
  TL_REQUIRE_ERROR(first_update(with(std::vector<std::int64_t>{0, 1, 1, 0, 0}), 5, {.class_weights = "maybe=2"}),
                   "class_weights: expected names of classes, ['no', 'yes'], got 'maybe'");
  TL_REQUIRE_ERROR(first_update(with(std::vector<std::int64_t>{0, 0, 0, 0, 0}), 5, {.class_weights = "balanced"}),
                   "class_weights: expected rows of every class in train_dataset, because the weights are balanced, "
                   "got none of 'yes'");
  TL_REQUIRE_ERROR(first_update(with(std::vector<std::int64_t>{0, 0, 0, 0, 0}), 5, {.pos_weight = "2"}),
                   "pos_weight: expected a model whose problem_type is multi_label_classification, got one for "
                   "single_label_classification");
  TL_REQUIRE_ERROR(first_update(with(Numbers{{1, 0}, {0, 0}, {1, 2}, {0, 1}, {1, 0}}), 5),
                   "train_dataset, row 2: expected numbers from 0 to 1 in column labels");
  TL_REQUIRE_ERROR(first_update(with(std::vector<double>{0, 1, 0.5, 0, 1}), 5),
                   "train_dataset: expected class ids (int64) in column labels, got float64");
}
