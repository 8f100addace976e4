#include <tl/train/learning_rate_groups.hpp>

#include <cmath>
#include <map>

#include <tl/models/distilbert.hpp>
#include <tl/train/trainer.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"
#include "support/temporary_folder.hpp"

using namespace tl;

namespace {

ParameterSpace<float> space_of(const std::vector<std::string>& names) {
  std::vector<NamedParameter<float>> named;
  for (const std::string& name : names)
    named.push_back({name, Parameter<float>({2}, Initialization::normal, WeightDecay::on), 0, 2});
  return ParameterSpace<float>(std::move(named));
}

const std::vector<std::string> names{"bert.embeddings.word.weight", "bert.encoder.layer.0.weight",
                                     "bert.encoder.layer.0.bias",   "bert.encoder.layer.1.weight",
                                     "bert.pooler.weight",          "classifier.weight"};

/// The rate of each parameter in `names`.
std::vector<double> rates(const TrainingArguments& args) {
  const auto space = space_of(names);
  const auto groups = training_groups(args, {}, space);
  const auto chosen = detail::groups_of(names, groups);
  std::vector<double> found;
  for (const int group : chosen)
    found.push_back(group < 0 ? args.learning_rate : *groups[static_cast<std::size_t>(group)].learning_rate);
  return found;
}

}  // namespace

TEST_CASE("learning rate groups: of the head, and from layer to layer") {
  TrainingArguments args{.learning_rate = 8.0};
  CHECK(training_groups(args, {}, space_of(names)).empty());
  args.head_learning_rate = 3.0;
  CHECK(rates(args) == std::vector<double>{8, 8, 8, 8, 8, 3});
  args.layerwise_lr_decay = 0.5;
  CHECK(rates(args) == std::vector<double>{1, 2, 2, 4, 8, 3});
  args.head_learning_rate.reset();
  CHECK(rates(args) == std::vector<double>{1, 2, 2, 4, 8, 8});
}

TEST_CASE("learning rate groups: the user's own come first, and must not overlap") {
  const TrainingArguments args{.head_learning_rate = 3.0};
  const auto space = space_of(names);
  const auto groups = training_groups(args, {{.patterns = "bert.pooler", .learning_rate = 1.0}}, space);
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].patterns == "bert.pooler");
  const auto overlapping = training_groups(args, {{.patterns = "classifier", .learning_rate = 1.0}}, space);
  TL_REQUIRE_ERROR(group_ranges(space, overlapping, 0.0),
                   "parameter groups: expected groups that do not overlap, classifier.weight is chosen by classifier "
                   "and by classifier.weight");
}

TEST_CASE("learning rate groups: models that the arguments do not fit") {
  const TrainingArguments args{.layerwise_lr_decay = 0.5};
  TL_REQUIRE_ERROR(training_groups(args, {}, space_of({"embedding.weight", "output.weight"})),
                   "layerwise_lr_decay: expected a model with numbered layers, such as encoder.layer.0, there are "
                   "embedding, output; use TrainerOptions::parameter_groups");
  const TrainingArguments head{.head_learning_rate = 0.5};
  TL_REQUIRE_ERROR(training_groups(head, {}, space_of({"layer.0.weight"})),
                   "head_learning_rate: expected a model with a head beside its encoder, there are layer.0");
}

namespace {

struct Trained {
  std::map<std::string, std::vector<float>> before, after;

  bool changed(const std::string& name) const { return before.at(name) != after.at(name); }
  /// The largest change of an element.
  double moved(const std::string& name) const {
    double largest = 0.0;
    for (std::size_t i = 0; i < before.at(name).size(); ++i)
      largest = std::max(largest, std::abs(static_cast<double>(after.at(name)[i]) - before.at(name)[i]));
    return largest;
  }
};

std::map<std::string, std::vector<float>> values_of(const Model& model) {
  std::map<std::string, std::vector<float>> values;
  for (const auto& part : model.parameters().named()) values[part.name] = part.value().to_vector();
  return values;
}

Trained train(TrainingArguments args, std::vector<ParameterGroup> groups = {}, const ResumeFrom& from = {}) {
  auto model = DistilBertForSequenceClassification::from_pretrained(test::reference_file("tiny_distilbert"));
  std::vector<std::vector<std::int32_t>> ids;
  std::vector<std::int64_t> labels;
  for (int row = 0; row < 24; ++row) {
    auto& tokens = ids.emplace_back();
    for (int i = 0; i < 3 + row % 7; ++i) tokens.push_back(1 + (row * 7 + i * i * 3) % 49);
    labels.push_back(row * row % 3);
  }
  args.per_device_train_batch_size = 4;
  Trained trained{values_of(model), {}};
  Trainer trainer(model, args,
                  {.train_dataset = Dataset::from_columns({{"input_ids", ids}, {"label", labels}}),
                   .parameter_groups = std::move(groups),
                   .console = silent_console()});
  trainer.train(from);
  trained.after = values_of(model);
  return trained;
}

}  // namespace

TEST_CASE("learning rate groups: in the Trainer the head's rate trains the head alone, and a group its parameters") {
  const test::TemporaryFolder folder;
  TrainingArguments args{.output_dir = folder.path().string(), .learning_rate = 0.0, .save_strategy = "no"};
  args.max_steps = 2;
  args.lr_scheduler_type = "constant";
  args.head_learning_rate = 1e-2;
  const Trained head = train(args);
  for (const auto& [name, values] : head.before) {
    INFO(name);
    CHECK(head.changed(name) == !name.starts_with("distilbert."));
  }
  args.head_learning_rate.reset();
  const std::string layer = "distilbert.transformer.layer.0";
  const Trained group = train(args, {{.patterns = layer, .learning_rate = 1e-2}});
  for (const auto& [name, values] : group.before) {
    INFO(name);
    // The bias of the keys has a gradient of zero, but for rounding.
    if (name.find("k_lin.bias") == name.npos) CHECK(group.changed(name) == name.starts_with(layer + "."));
  }
}

TEST_CASE("learning rate groups: the first update of AdamW moves each layer by its own rate") {
  const test::TemporaryFolder folder;
  TrainingArguments args{.output_dir = folder.path().string(), .learning_rate = 1e-3, .save_strategy = "no"};
  args.max_steps = 1;
  args.lr_scheduler_type = "constant";
  args.adam_epsilon = 1e-14;
  args.layerwise_lr_decay = 0.5;
  args.head_learning_rate = 4e-3;
  const Trained run = train(args);
  std::int64_t layers = 0;
  for (const auto& [name, values] : run.before)
    while (name.starts_with(str_cat("distilbert.transformer.layer.", layers, '.'))) ++layers;
  REQUIRE(layers >= 2);
  const auto rate = [](double moved, double expected) { return std::abs(moved - expected) <= 1e-3 * expected; };
  for (std::int64_t i = 0; i < layers; ++i)
    CHECK(rate(run.moved(str_cat("distilbert.transformer.layer.", i, ".ffn.lin1.weight")),
               1e-3 * std::pow(0.5, static_cast<double>(layers - i))));
  CHECK(rate(run.moved("distilbert.embeddings.word_embeddings.weight"),
             1e-3 * std::pow(0.5, static_cast<double>(layers + 1))));
  CHECK(rate(run.moved("classifier.weight"), 4e-3));
  CHECK(rate(run.moved("pre_classifier.weight"), 4e-3));
}

TEST_CASE("learning rate groups: a run with all of them goes on from a checkpoint bit for bit") {
  const test::TemporaryFolder folder;
  TrainingArguments args{.output_dir = folder.path().string(),
                         .num_train_epochs = 2,
                         .learning_rate = 1e-3,
                         .weight_decay = 0.01,
                         .warmup_ratio = 0.1};
  args.head_learning_rate = 4e-3;
  args.layerwise_lr_decay = 0.8;
  args.save_steps = 5;
  const Trained whole = train(args);
  args.save_strategy = "no";
  for (const char* name : {"checkpoint-5", "checkpoint-10"}) CHECK(train(args, {}, folder / name).after == whole.after);
}
