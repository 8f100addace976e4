// Weights of classes as arguments say them, and the sentences about those that cannot be.
#include <tl/train/argument_fields.hpp>
#include <tl/train/loss_weights.hpp>

#include "support/catch.hpp"

using namespace tl;

namespace {

const std::vector<std::string> class_names{"bad", "good", "so so"};
constexpr ProblemType single_label = ProblemType::single_label_classification,
                      multi_label = ProblemType::multi_label_classification;

std::vector<float> weights(std::string_view text, ProblemType problem = single_label, const LabelCounts& counts = {}) {
  return LossWeights("class_weights", text).of_classes(class_names, problem, counts).to_vector();
}

}  // namespace

TEST_CASE("loss weights: by order, by name, and of classes that are not named") {
  CHECK(weights("1,2.5, 3") == std::vector<float>{1, 2.5F, 3});
  CHECK(weights("[1, 2.5, 3]") == std::vector<float>{1, 2.5F, 3});
  CHECK(weights("good=2.5,so so=0") == std::vector<float>{1, 2.5F, 0});
  CHECK(weights(R"({"good": 2.5, "so so": 0})") == std::vector<float>{1, 2.5F, 0});
  CHECK(weights("4", multi_label) == std::vector<float>{4, 4, 4});
}

TEST_CASE("loss weights: balanced ones follow the labels") {
  using Ids = std::vector<std::vector<std::int32_t>>;
  const Dataset rows =
      Dataset::from_columns({{"input_ids", Ids(7, {1})}, {"label", std::vector<std::int64_t>{0, 0, 0, 1, 1, 2, -100}}});
  const LabelCounts counts = count_labels(PackedCollator(rows), 3);
  CHECK(counts.of_class == std::vector<double>{3, 2, 1});
  CHECK(counts.labelled == 6);
  CHECK(weights("balanced", single_label, counts) == std::vector<float>{6.0F / 9, 1, 2});
  const Dataset several =
      Dataset::from_columns({{"input_ids", Ids(4, {1})},
                             {"labels", std::vector<std::vector<float>>{{1, 0, 1}, {0, 0, 1}, {0, 1, 1}, {0, 0, 0}}}});
  CHECK(weights("balanced", multi_label, count_labels(PackedCollator(several), 3)) ==
        std::vector<float>{3, 3, 1.0F / 3});
  const Dataset tokens =
      Dataset::from_columns({{"input_ids", Ids{{1, 2}, {1, 2}}}, {"labels", Ids{{0, -100}, {1, 0}}}});
  CHECK(count_labels(PackedCollator(tokens), 2).of_class == std::vector<double>{2, 1});
}

TEST_CASE("loss weights: for classes that are not there, and other sentences") {
  TL_REQUIRE_ERROR(weights("good=2,better=3"),
                   "class_weights: expected names of classes, ['bad', 'good', 'so so'], got 'better'");
  TL_REQUIRE_ERROR(weights("1,2"), "class_weights: expected 3 weights, one for each class, got 2");
  TL_REQUIRE_ERROR(weights("1"), "class_weights: expected 3 weights, one for each class, got 1");
  TL_REQUIRE_ERROR(weights("good=-1"), "class_weights: expected finite weights of at least 0, got -1.0 for good");
  TL_REQUIRE_ERROR(weights("1,nan,1"), "class_weights: expected finite weights of at least 0, got nan");
  TL_REQUIRE_ERROR(weights("0,0,0"), "class_weights: expected a weight above 0, got 0 for every class");
  TL_REQUIRE_ERROR(weights("good"),
                   "class_weights: expected balanced, or a number for each class, as 1,2.5 or by name=2.5, got good");
  TL_REQUIRE_ERROR(weights("1,good=2"), "class_weights: expected weights that all have a name, or none, got both");
  TL_REQUIRE_ERROR(weights("good=1,good=2"), "class_weights: expected every class once, got good twice");
  TL_REQUIRE_ERROR(weights("=1"), "class_weights: expected the name of a class before the =, got nothing");
  TL_REQUIRE_ERROR(weights(R"({"good": "2"})"), "class_weights: expected numbers, got \"2\"");
  TL_REQUIRE_ERROR(weights("{}"), "class_weights: expected a weight, got none");
  TL_REQUIRE_ERROR(weights("balanced", single_label, {{3, 0, 1}, 4}),
                   "class_weights: expected rows of every class in train_dataset, because the weights are balanced, "
                   "got none of 'good'; give the weights by name");
  TL_REQUIRE_ERROR(LossWeights("pos_weight", "2").of_classes({}, multi_label),
                   "pos_weight: expected a model with named classes, got one without; give it a configuration");
}

TEST_CASE("loss weights: arguments are checked before a run, and kept in training_args.json") {
  TrainingArguments args{.output_dir = "x"};
  argument_field("class_weights").set(args, "good=2");
  argument_field("focal_gamma").set(args, "2");
  CHECK(args.problems().empty());
  const Json json = to_json(args);
  CHECK(json.at("class_weights") == "good=2");
  CHECK(json.at("focal_gamma") == 2.0);
  CHECK(json.at("pos_weight").is_null());
  args.class_weights = "heavy";
  args.pos_weight = "a=1,2";
  args.label_smoothing_factor = 0.1;
  const auto problems = args.problems();
  REQUIRE(problems.size() == 3);
  CHECK(problems[0] == "focal_gamma: expected 0 with a label_smoothing_factor, got 2");
  CHECK(problems[1] ==
        "class_weights: expected balanced, or a number for each class, as 1,2.5 or by name=2.5, got heavy");
  CHECK(problems[2] == "pos_weight: expected weights that all have a name, or none, got both");
  argument_field("class_weights").set(args, "none");
  CHECK_FALSE(args.class_weights);
}
