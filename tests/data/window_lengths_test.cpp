// Rows that are texts in windows: what the collator makes of them, and a sentence for every row that does not fit.
#include <tl/data/collator.hpp>
#include <tl/data/window_lengths.hpp>

#include "support/catch.hpp"

using namespace tl;

namespace {

using Tokens = std::vector<std::vector<std::int32_t>>;

Dataset two_texts_in(Tokens windows) {
  return Dataset::from_columns({{"input_ids", Tokens{{1, 2, 3, 1, 4, 1, 5}, {1, 6}}},
                                {"token_type_ids", Tokens{{0, 1, 1, 0, 1, 0, 1}, {0, 0}}},
                                {"window_lengths", std::move(windows)},
                                {"label", std::vector<std::int64_t>{1, 0}}});
}

}  // namespace

TEST_CASE("windows: each is a sequence of the batch, and labels are those of texts") {
  const PackedCollator collate(two_texts_in({{3, 2, 2}, {2}}), {.max_length = 3});
  CHECK(collate.lengths() == std::vector<std::int64_t>{7, 2});
  const std::vector<std::int64_t> order{1, 0};
  const Batch batch = collate(order);
  CHECK(batch.texts() == 2);
  CHECK(batch.sequences() == 4);
  CHECK(batch.max_length == 3);
  CHECK(batch.input_ids.to_vector() == std::vector<std::int32_t>{1, 6, 1, 2, 3, 1, 4, 1, 5});
  CHECK(batch.token_type_ids.to_vector() == std::vector<std::int32_t>{0, 0, 0, 1, 1, 0, 1, 0, 1});
  CHECK(batch.positions.to_vector() == std::vector<std::int32_t>{0, 1, 0, 1, 2, 0, 1, 0, 1});
  CHECK(batch.cu_seqlens.to_vector() == std::vector<std::int32_t>{0, 2, 5, 7, 9});
  CHECK(batch.cu_windows.to_vector() == std::vector<std::int32_t>{0, 1, 4});
  CHECK(batch.labels.at<std::int64_t>("labels").to_vector() == std::vector<std::int64_t>{0, 1});
  CHECK(PackedCollator(two_texts_in({{4, 3}, {2}})).fingerprint() != collate.fingerprint());
}

TEST_CASE("windows: without the column every sequence is a text") {
  const PackedCollator collate(two_texts_in({{7}, {2}}).remove_columns({"window_lengths"}));
  const std::vector<std::int64_t> both{0, 1};
  const Batch batch = collate(both);
  CHECK_FALSE(batch.cu_windows.defined());
  CHECK(batch.texts() == 2);
}

TEST_CASE("windows: error sentences") {
  const auto check_rows = [](Tokens windows) {
    PackedCollator(two_texts_in(std::move(windows)), {.name = "d", .max_length = 4}).check_rows();
  };
  TL_REQUIRE_ERROR(check_rows({{3, 2}, {2}}), "d, row 0: expected window_lengths that add up to the 7 tokens, got 5");
  TL_REQUIRE_ERROR(check_rows({{3, 2, 2}, {}}), "d, row 1: expected at least one window in window_lengths, got none");
  TL_REQUIRE_ERROR(check_rows({{3, 4}, {2, 0}}), "d, row 1: expected at least one token in window 1, got 0");
  TL_REQUIRE_ERROR(
      check_rows({{2, 5}, {2}}),
      "d, row 0: expected at most 4 tokens in window 1, which is what the model takes, got 5; make shorter");
}

TEST_CASE("windows: labels of tokens are those of all windows") {
  const Dataset tokens = Dataset::from_columns({{"input_ids", Tokens{{1, 2, 3}, {4}}},
                                                {"window_lengths", Tokens{{2, 1}, {1}}},
                                                {"labels", Tokens{{0, -100, 1}, {1}}}});
  const std::vector<std::int64_t> rows{1, 0};
  const Batch batch = PackedCollator(tokens)(rows);
  CHECK(batch.sequences() == 3);
  CHECK(batch.texts() == 2);
  CHECK(batch.labels.at<std::int64_t>("labels").to_vector() == std::vector<std::int64_t>{1, 0, -100, 1});
}

TEST_CASE("windows: a data_collator gives as many texts as rows") {
  const auto one_text = [](const Dataset&, std::span<const std::int64_t>) {
    Batch batch = pack(Tokens{{1, 2}, {3}});
    batch.cu_windows = detail::window_offsets(std::vector<std::int32_t>{2});
    return batch;
  };
  const FunctionCollator collate(two_texts_in({{7}, {2}}), one_text, "d");
  const std::vector<std::int64_t> one{0}, both{0, 1};
  CHECK(collate(one).texts() == 1);
  TL_REQUIRE_ERROR(collate(both), "data_collator: expected a batch of 2 sequences for rows 0, 1 of d, got 1");
}
