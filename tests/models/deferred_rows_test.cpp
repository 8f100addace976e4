// A model that is trained with deferred updates of its embeddings: the same bits as with updates made at once, in a
// loop by hand and in the Trainer, and in the files that are written meanwhile.
#include <memory>
#include <utility>
#include <vector>

#include <tl/optim/adamw.hpp>
#include <tl/trainer.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"
#include "support/temporary_folder.hpp"

using namespace tl;

namespace {

DistilBertForSequenceClassification pipeline_model() {
  return DistilBertForSequenceClassification::from_pretrained(test::reference_file("pipeline"));
}

/// Whether the memory of a table differs from its values, which are up to date afterwards.
bool is_stale(const DistilBertForSequenceClassification& model) {
  const auto& table = model.parameters().tables()[0].parameter;
  const std::vector<float> raw = table.raw().value().to_vector();
  return raw != table.value().to_vector();
}

struct Spy : TrainerCallback {
  explicit Spy(DistilBertForSequenceClassification& model_, bool hold) : model(model_) {
    if (hold) held = model.parameters().values();
  }
  void on_step_end(const TrainerEvent&) override {
    if (held.defined()) stale += is_stale(model);
    else if (++steps == 3) stale += is_stale(model);
  }
  DistilBertForSequenceClassification& model;
  Tensor<float> held;
  int stale = 0, steps = 0;
};

}  // namespace

TEST_CASE("deferred rows: a DistilBERT in a loop by hand, its evaluation and its files") {
  DistilBertForSequenceClassification at_once = pipeline_model(), deferred = pipeline_model();
  const test::TemporaryFolder folder;
  {
    AdamW<float> every(at_once.parameters(), {.learning_rate = 1e-2, .weight_decay = 0.1});
    AdamW<float> by_rows(deferred.parameters(), {.learning_rate = 1e-2, .weight_decay = 0.1, .defer_rows = true});
    const auto labels = Tensor<std::int64_t>::from({1, 0}, {2});
    for (std::int32_t step = 0; step < 6; ++step) {
      const auto batch = pack(std::vector<std::vector<std::int32_t>>{{2, 5 + step % 3, 3}, {2, 7, 4, 3}});
      for (auto [model, optimizer] : {std::pair(&at_once, &every), std::pair(&deferred, &by_rows)}) {
        (*model)(batch, labels).loss.backward();
        optimizer->step();
        optimizer->zero_grad();
      }
      if (step == 2) {
        const NoGradGuard no_grad;
        const auto other = pack(std::vector<std::vector<std::int32_t>>{{2, 1, 8, 9, 10, 11, 3}});
        CHECK(at_once(other).logits.value().to_vector() == deferred(other).logits.value().to_vector());
      }
      if (step == 3) {
        deferred.save_pretrained(folder / "saved");
        CHECK(
            DistilBertForSequenceClassification::from_pretrained(folder / "saved").parameters().values().to_vector() ==
            at_once.parameters().values().to_vector());
      }
    }
    CHECK(is_stale(deferred));
    deferred.load_weights(folder / "saved");
    CHECK(DistilBertForSequenceClassification::from_pretrained(folder / "saved").parameters().values().to_vector() ==
          deferred.parameters().values().to_vector());
  }
}

TEST_CASE("deferred rows: the Trainer defers, and gives the same bits to a callback that holds the values") {
  const test::TemporaryFolder folder;
  std::vector<std::vector<std::int32_t>> ids(6, {2, 5, 7, 3});
  const std::vector<std::int64_t> labels{0, 1, 2, 0, 1, 2};
  const auto rows = Dataset::from_columns({{"input_ids", ids}, {"label", labels}});
  std::vector<std::vector<float>> results;
  for (const bool hold : {false, true}) {
    DistilBertForSequenceClassification model = pipeline_model();
    const auto spy = std::make_shared<Spy>(model, hold);
    Trainer trainer(model,
                    {.output_dir = (folder / "out").string(),
                     .num_train_epochs = 2,
                     .per_device_train_batch_size = 1,
                     .learning_rate = 1e-2,
                     .weight_decay = 0.1,
                     .save_strategy = "no"},
                    {.train_dataset = rows, .callbacks = {spy}, .console = silent_console()});
    trainer.train();
    CHECK(spy->stale == (hold ? 0 : 1));
    if (hold) CHECK(spy->held.to_vector() == model.parameters().values().to_vector());
    results.push_back(model.parameters().values().to_vector());
  }
  CHECK(results[0] == results[1]);
}
