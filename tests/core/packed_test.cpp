#include <tl/core/packed.hpp>

#include "support/catch.hpp"

TEST_CASE("pack lays sequences end to end") {
  const std::vector<std::vector<std::int32_t>> sequences = {{5, 6, 7}, {8}, {9, 10}};
  const auto packed = tl::pack(sequences);
  CHECK(packed.input_ids.to_vector() == std::vector<std::int32_t>{5, 6, 7, 8, 9, 10});
  CHECK(packed.positions.to_vector() == std::vector<std::int32_t>{0, 1, 2, 0, 0, 1});
  CHECK(packed.sequence_ids.to_vector() == std::vector<std::int32_t>{0, 0, 0, 1, 2, 2});
  CHECK(packed.cu_seqlens.to_vector() == std::vector<std::int32_t>{0, 3, 4, 6});
  CHECK(packed.max_length == 3);
  CHECK(packed.tokens() == 6);
  CHECK(packed.sequences() == 3);
}

TEST_CASE("an empty batch has no tokens and one boundary") {
  const auto packed = tl::pack(std::vector<std::vector<std::int32_t>>{});
  CHECK(packed.tokens() == 0);
  CHECK(packed.sequences() == 0);
  CHECK(packed.cu_seqlens.to_vector() == std::vector<std::int32_t>{0});
}

TEST_CASE("an empty sequence is named") {
  const std::vector<std::vector<std::int32_t>> sequences = {{5}, {}, {9}};
  TL_REQUIRE_ERROR(tl::pack(sequences), "sequence 1 of the batch has no tokens");
}
