#include <tl/core/batch.hpp>
#include <tl/core/named_tensors.hpp>

#include "support/catch.hpp"

using tl::NamedTensors;
using tl::Tensor;

TEST_CASE("named tensors are found by name and type, and replaced by name") {
  NamedTensors labels;
  CHECK(labels.empty());
  labels.set("labels", Tensor<std::int64_t>::from({3, 1}, {2}));
  labels.set("weights", Tensor<float>::from({0.5F}, {1}));
  labels.set("labels", Tensor<std::int64_t>::from({7}, {1}));
  CHECK(labels.at<std::int64_t>("labels").item() == 7);
  CHECK(labels.at<float>("weights").item() == 0.5F);
  CHECK(labels.find<float>("labels") == nullptr);
  CHECK(labels.contains("weights"));
  CHECK(std::distance(labels.begin(), labels.end()) == 2);
  CHECK(labels.to(tl::cpu_device).at<std::int64_t>("labels").item() == 7);
  TL_REQUIRE_ERROR(labels.at<float>("labels"), "labels: expected \"labels\" to be f32, got i64[1]@cpu");
  TL_REQUIRE_ERROR(labels.at<float>("other"), "labels: expected \"other\", there is labels, weights");
  TL_REQUIRE_ERROR(NamedTensors{}.at<float>("other"), "labels: expected \"other\", there are none");
}

TEST_CASE("a batch has token types if they were given, and a loss if a label counts") {
  const std::vector<std::vector<std::int32_t>> ids = {{5, 6}, {8}}, types = {{0, 1}, {0}};
  CHECK_FALSE(tl::pack(ids).token_type_ids.defined());
  tl::Batch batch = tl::pack(ids, types);
  CHECK(batch.token_type_ids.to_vector() == std::vector<std::int32_t>{0, 1, 0});
  CHECK(batch.cu_seqlens.to_vector() == std::vector<std::int32_t>{0, 2, 3});
  CHECK(batch.padded_tokens() == 4);
  CHECK_FALSE(batch.has_loss());
  batch.labels.set("labels", Tensor<std::int64_t>::from({-100, -100}, {2}));
  CHECK_FALSE(batch.has_loss());
  batch.labels.set("labels", Tensor<std::int64_t>::from({-100, 0}, {2}));
  CHECK(batch.has_loss());
  TL_REQUIRE_ERROR(tl::pack(ids, std::vector<std::vector<std::int32_t>>{{0, 1}}),
                   "pack: expected token types of each of the 2 sequences, got those of 1");
  TL_REQUIRE_ERROR(tl::pack(ids, std::vector<std::vector<std::int32_t>>{{0, 1}, {0, 1}}),
                   "pack, sequence 1: expected as many token types as tokens, 1, got 2");
}
