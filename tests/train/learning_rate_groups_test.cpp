#include <tl/train/learning_rate_groups.hpp>

#include "support/catch.hpp"

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
