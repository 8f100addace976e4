#include <tl/core/batch.hpp>

#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/locked_memory.hpp"

namespace {

using Ints = std::vector<std::int32_t>;

bool same(const tl::RowGroups& a, const tl::RowGroups& b) {
  return a.rows.to_vector() == b.rows.to_vector() && a.begin.to_vector() == b.begin.to_vector() &&
         a.ids.to_vector() == b.ids.to_vector();
}

}  // namespace

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

TEST_CASE("pack groups the rows of a batch, in the one block that it is") {
  const std::vector<Ints> sequences = {{5, 6, 5}, {6}, {9, 5}}, types = {{0, 0, 1}, {0}, {0, 1}};
  const tl::Batch batch = tl::pack(sequences, types);
  CHECK(batch.id_groups.ids.to_vector() == Ints{5, 6, 9});
  CHECK(batch.id_groups.rows.to_vector() == Ints{0, 2, 5, 1, 3, 4});
  CHECK(batch.id_groups.begin.to_vector() == Ints{0, 3, 5, 6});
  CHECK(batch.position_groups.rows.to_vector() == Ints{0, 3, 4, 1, 5, 2});
  CHECK(batch.token_type_groups.rows.to_vector() == Ints{0, 1, 3, 4, 2, 5});
  CHECK(batch.token_type_groups.ids.to_vector() == Ints{0, 1});
  CHECK(batch.token_type_ids.to_vector() == Ints{0, 0, 1, 0, 0, 1});
  const tl::Tensor<std::int32_t>& block = batch.block;
  for (const auto& part : {batch.input_ids, batch.positions, batch.sequence_ids, batch.cu_seqlens, batch.token_type_ids,
                           batch.id_groups.rows, batch.position_groups.begin, batch.token_type_groups.ids}) {
    CHECK(part.data() >= block.data());
    CHECK(part.data() + part.elements() <= block.data() + block.elements());
  }
  const tl::Batch plain = tl::pack(sequences);
  CHECK_FALSE(plain.token_type_groups.defined());
  CHECK(same(plain.id_groups, batch.id_groups));
  CHECK(tl::pack(std::vector<Ints>{}).id_groups.count() == 0);
}

TEST_CASE("a batch reaches a device in one copy, with its labels") {
  tl::Batch batch = tl::pack(std::vector<Ints>{{5, 6, 5}, {6}}, std::vector<Ints>{{0, 1, 1}, {0}});
  batch.labels.set("labels", tl::Tensor<std::int64_t>::from({1, 0}, {2}));
  batch.labels.set("weights", tl::Tensor<float>::from({0.5F, 2.0F, 3.0F}, {3}));
  const tl::test::LockedMemoryScope device;
  auto before = device.counts();
  const tl::Batch moved = batch.to(tl::cuda_device);
  const auto counts = device.counts() - before;
  CHECK(counts.to_device == 1);
  CHECK(counts.copies() == 1);
  CHECK(counts.waits == 0);
  CHECK(counts.requests == 2);  // a pinned block, and one there
  for (const auto& part : {moved.input_ids, moved.positions, moved.sequence_ids, moved.cu_seqlens, moved.token_type_ids,
                           moved.id_groups.rows, moved.position_groups.begin, moved.token_type_groups.ids}) {
    CHECK(part.device() == tl::cuda_device);
    CHECK(part.data() >= moved.block.data());
    CHECK(part.data() + part.elements() <= moved.block.data() + moved.block.elements());
  }
  CHECK(moved.max_length == 3);
  before = device.counts();
  const tl::Batch back = moved.to(tl::cpu_device);
  CHECK((device.counts() - before).to_host == 3);  // the block and the labels
  for (const auto& [a, b] :
       {std::pair(back.input_ids, batch.input_ids), std::pair(back.positions, batch.positions),
        std::pair(back.sequence_ids, batch.sequence_ids), std::pair(back.cu_seqlens, batch.cu_seqlens),
        std::pair(back.token_type_ids, batch.token_type_ids)})
    CHECK(a.to_vector() == b.to_vector());
  CHECK(same(back.id_groups, batch.id_groups));
  CHECK(same(back.position_groups, batch.position_groups));
  CHECK(same(back.token_type_groups, batch.token_type_groups));
  CHECK(back.labels.at<std::int64_t>("labels").to_vector() == std::vector<std::int64_t>{1, 0});
  CHECK(back.labels.at<float>("weights").to_vector() == std::vector<float>{0.5F, 2.0F, 3.0F});
}

TEST_CASE("a custom batch reaches a device whole, with the groups of the ids that it has") {
  const tl::Batch packed = tl::pack(std::vector<Ints>{{5, 6, 5}, {6}});
  const tl::Batch bare{.input_ids = packed.input_ids.clone(),
                       .positions = packed.positions.clone(),
                       .sequence_ids = packed.sequence_ids.clone(),
                       .cu_seqlens = packed.cu_seqlens.clone(),
                       .max_length = 3};
  tl::Batch masked = packed, replaced = packed;
  replaced.input_ids = tl::Tensor<std::int32_t>::from({7, 7, 5, 6}, {4});
  const tl::test::LockedMemoryScope device;
  CHECK(same(bare.to(tl::cuda_device).id_groups, packed.id_groups));
  CHECK(same(bare.to(tl::cuda_device).position_groups, packed.position_groups));
  const tl::Batch other = replaced.to(tl::cuda_device);
  CHECK(other.input_ids.to_vector() == Ints{7, 7, 5, 6});
  CHECK(other.id_groups.ids.to_vector() == Ints{5, 6, 7});
  CHECK(other.positions.to_vector() == Ints{0, 1, 2, 0});
  masked.input_ids.data()[1] = 100;  // in the block
  const tl::Batch third = masked.to(tl::cuda_device);
  CHECK(third.input_ids.to_vector() == Ints{5, 100, 5, 6});
  CHECK(third.id_groups.ids.to_vector() == Ints{5, 6, 100});
}
