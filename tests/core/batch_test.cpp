#include <tl/core/batch.hpp>

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

TEST_CASE("padded tensors are packed by their attention mask") {
  const auto check = []<class T>(T) {
    const auto ids = tl::Tensor<T>::from({5, 6, 7, 8, 0, 0, 9, 10, 0}, {3, 3});
    const auto mask = tl::Tensor<T>::from({1, 1, 1, 1, 0, 0, 1, 1, 0}, {3, 3});
    const auto packed = tl::pack(ids, mask);
    CHECK(packed.input_ids.to_vector() == std::vector<std::int32_t>{5, 6, 7, 8, 9, 10});
    CHECK(packed.positions.to_vector() == std::vector<std::int32_t>{0, 1, 2, 0, 0, 1});
    CHECK(packed.cu_seqlens.to_vector() == std::vector<std::int32_t>{0, 3, 4, 6});
    CHECK(packed.max_length == 3);
  };
  check(std::int64_t{});
  check(std::int32_t{});
  const auto none = tl::Tensor<std::int64_t>::empty({0, 4});
  CHECK(tl::pack(none, none).sequences() == 0);
}

TEST_CASE("padded tensors that cannot be packed") {
  using Ids = tl::Tensor<std::int64_t>;
  const auto pack = [](const std::vector<std::int64_t>& mask) {
    return tl::pack(Ids::from({1, 2, 3, 4, 5, 6}, {2, 3}), Ids::from(mask, {2, 3}));
  };
  TL_REQUIRE_ERROR(pack({1, 1, 1, 0, 1, 1}),
                   "pack, row 1: expected padding after the tokens, got an attention_mask that begins with 0; with "
                   "padding in front, positions count from the padding and a padding token is classified, so pad on "
                   "the right or not at all");
  TL_REQUIRE_ERROR(pack({1, 0, 1, 1, 1, 1}),
                   "pack, row 0: expected padding after the tokens only, got an attention_mask with a 0 at position 1 "
                   "before a 1");
  TL_REQUIRE_ERROR(pack({1, 1, 1, 1, -1, 0}), "pack, row 1: expected 0 or 1 in attention_mask, got -1");
  TL_REQUIRE_ERROR(pack({1, 1, 1, 0, 0, 0}), "sequence 1 of the batch has no tokens");
  TL_REQUIRE_ERROR(tl::pack(Ids::zeros({2, 3}), Ids::zeros({3, 2})),
                   "pack: expected input_ids [B, T] and an attention_mask of the same shape, got i64[2, 3]@cpu and "
                   "i64[3, 2]@cpu");
  TL_REQUIRE_ERROR(tl::pack(Ids::zeros({3}), Ids::zeros({3})), "pack: expected input_ids [B, T]");
  TL_REQUIRE_ERROR(tl::pack(Ids{}, Ids{}), "pack: expected input_ids [B, T]");
  TL_REQUIRE_ERROR(tl::pack(Ids::from({1, std::int64_t{1} << 31}, {1, 2}), Ids::full({1, 2}, 1)),
                   "pack, row 0: expected token ids of 32 bits, got 2147483648");
}
