// Pipelines on a device: the CPU's answers, to the bit.
#include <tl/pipelines/text_classification.hpp>
#include <tl/pipelines/token_classification.hpp>

#include "support/catch.hpp"
#include "support/locked_device.hpp"
#include "support/reference.hpp"

namespace {

const std::vector<std::string> device_texts{"a very very great film", "", "not bad", "the film was awful ! ! !"};

}  // namespace

TEST_CASE("pipelines of a folder compute on the GPU if there is one, or where they are told to") {
  const auto folder = tl::test::reference_file("pipeline");
  const auto cpu = tl::pipeline("text-classification", folder);
  CHECK(cpu.model().device() == tl::cpu_device);
  const auto expected = cpu.logits(device_texts).to_vector();
  const tl::test::LockedDevice device;
  for (const bool bf16 : {false, true}) {
    const auto here = tl::pipeline("text-classification", folder, {.bf16 = bf16, .device = tl::cpu_device});
    const auto there = tl::pipeline("text-classification", folder, {.bf16 = bf16});
    CHECK(here.model().device() == tl::cpu_device);
    CHECK(there.model().device() == tl::cuda_device);
    if (!bf16) CHECK(there.logits(device_texts).to_vector() == expected);
    for (const std::int64_t batch_size : {1, 3, 8})
      CHECK(there.logits(device_texts, {.batch_size = batch_size}).to_vector() ==
            here.logits(device_texts, {.batch_size = batch_size}).to_vector());
    CHECK(there(device_texts)[3].label == here(device_texts)[3].label);
  }
  tl::cuda_backend.multiplies_in = nullptr;
  TL_REQUIRE_ERROR(tl::pipeline("text-classification", folder, {.bf16 = true}),
                   "bf16: expected f32 on cuda:0, which does not multiply in bfloat16, got bf16; train there "
                   "with bf16 = false, or on the CPU");
}

TEST_CASE("a pipeline around a model leaves it where it is, unless a device is given") {
  const auto folder = tl::test::reference_file("pipeline");
  const tl::test::LockedDevice device;
  const auto model = tl::AutoModelForSequenceClassification::from_pretrained(folder);
  const auto tokenizer = tl::Tokenizer::from_pretrained(folder);
  const auto expected = tl::pipeline("text-classification", *model, tokenizer).logits(device_texts).to_vector();
  CHECK(model->device() == tl::cpu_device);
  const auto moved = tl::pipeline("text-classification", *model, tokenizer, {.device = tl::cuda_device});
  CHECK(model->device() == tl::cuda_device);
  CHECK(moved.logits(device_texts).to_vector() == expected);
}

TEST_CASE("long texts in windows, and tokens, on a device") {
  const auto folder = tl::test::reference_file("pipeline"), taggers = tl::test::reference_file("token_pipeline");
  const tl::test::LockedDevice device;
  for (const auto pooling : {tl::WindowPooling::mean, tl::WindowPooling::max}) {
    const tl::LongTexts how{.windows = true, .length = 6, .stride = 2, .pooling = pooling};
    const auto there = tl::pipeline("text-classification", folder, {.long_texts = how});
    const auto here = tl::pipeline("text-classification", folder, {.device = tl::cpu_device, .long_texts = how});
    CHECK(there.logits(device_texts).to_vector() == here.logits(device_texts).to_vector());
  }
  const auto here = tl::pipeline<"ner">(
      taggers, {.aggregation_strategy = tl::AggregationStrategy::simple, .stride = 4, .device = tl::cpu_device});
  const auto there =
      tl::pipeline<"ner">(taggers, {.aggregation_strategy = tl::AggregationStrategy::simple, .stride = 4});
  CHECK(there.model().device() == tl::cuda_device);
  const std::string text =
      "Ann lives in Rome and Bob lived near Zurich, at Acme Corp! Ann lives in Rome and Bob lived!";
  const auto expected = here(text), got = there(text);
  REQUIRE(got.size() == expected.size());
  CHECK_FALSE(got.empty());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CHECK(got[i].word == expected[i].word);
    CHECK(got[i].score == expected[i].score);
  }
}
