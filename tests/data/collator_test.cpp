// The packed collator: what a batch holds, and a sentence with the row for every row that does not fit.
#include <tl/data/collator.hpp>

#include "support/catch.hpp"

using namespace tl;

namespace {

using Tokens = std::vector<std::vector<std::int32_t>>;

Dataset rows(Tokens ids, std::vector<std::int64_t> labels, const std::string& label = "label") {
  return Dataset::from_columns({{"input_ids", std::move(ids)}, {label, std::move(labels)}});
}

Batch batch_of(const PackedCollator& collate, std::vector<std::int64_t> rows) { return collate(rows); }

}  // namespace

TEST_CASE("collator: rows become one batch without padding") {
  const PackedCollator collate(rows({{1, 2, 3}, {4}, {5, 6}}, {0, 1, 1}));
  CHECK(collate.size() == 3);
  CHECK(collate.lengths() == std::vector<std::int64_t>{3, 1, 2});
  const Batch batch = batch_of(collate, {2, 0});
  CHECK(batch.input_ids.to_vector() == std::vector<std::int32_t>{5, 6, 1, 2, 3});
  CHECK(batch.positions.to_vector() == std::vector<std::int32_t>{0, 1, 0, 1, 2});
  CHECK(batch.cu_seqlens.to_vector() == std::vector<std::int32_t>{0, 2, 5});
  CHECK(batch.labels.at<std::int64_t>("labels").to_vector() == std::vector<std::int64_t>{1, 0});
  CHECK(batch.padded_tokens() == 6);
}

TEST_CASE("collator: labels under each of their names, or none") {
  for (const char* name : {"label", "labels", "label_ids"})
    CHECK(batch_of(PackedCollator(rows({{1}}, {5}, name)), {0}).labels.at<std::int64_t>("labels").item() == 5);
  const PackedCollator without(rows({{1}}, {5}, "class"));
  CHECK_FALSE(without.has_labels());
  CHECK(batch_of(without, {0}).labels.empty());
}

TEST_CASE("collator: padding that rows bring along is dropped") {
  const Dataset padded = Dataset::from_columns({{"input_ids", Tokens{{1, 2, 0, 0}, {3, 0, 0, 0}}},
                                                {"attention_mask", Tokens{{1, 1, 0, 0}, {1, 0, 0, 0}}},
                                                {"label", std::vector<std::int64_t>{0, 1}}});
  const PackedCollator collate(padded);
  CHECK(collate.lengths() == std::vector<std::int64_t>{2, 1});
  CHECK(batch_of(collate, {0, 1}).input_ids.to_vector() == std::vector<std::int32_t>{1, 2, 3});
  const auto masked = [](Tokens mask) {
    return PackedCollator(
        Dataset::from_columns({{"input_ids", Tokens{{1, 2, 3}}}, {"attention_mask", std::move(mask)}}), {.name = "d"});
  };
  TL_REQUIRE_ERROR(
      masked({{0, 1, 1}}).check_rows(),
      "d, row 0: expected padding after the tokens, got an attention_mask that begins with 0; with padding "
      "in front, positions count from the padding and a padding token is classified, so pad on the right");
  TL_REQUIRE_ERROR(masked({{1, 0, 1}}).check_rows(),
                   "d, row 0: expected padding after the tokens only, got an attention_mask with a 0 at position 1");
  TL_REQUIRE_ERROR(masked({{1, 2, 1}}).check_rows(), "d, row 0: expected 0 or 1 in attention_mask, got 2");
  TL_REQUIRE_ERROR(masked({{0, 0, 0}}).check_rows(), "d, row 0: expected at least one token, got none");
  TL_REQUIRE_ERROR(masked({{1, 1}}).check_rows(),
                   "d, row 0: expected an attention_mask as long as the 3 input_ids, got 2");
}

TEST_CASE("collator: columns that are missing or of another type") {
  const Dataset texts =
      Dataset::from_columns({{"text", std::vector<std::string>{"a"}}, {"label", std::vector<std::int64_t>{0}}});
  TL_REQUIRE_ERROR(
      PackedCollator(texts, {.name = "train_dataset"}),
      "train_dataset: expected a column input_ids with token ids, the columns are text, label; tokenize the texts");
  TL_REQUIRE_ERROR(PackedCollator(Dataset()),
                   "dataset: expected a column input_ids with token ids, there are no columns");
  const Dataset names = Dataset::from_columns({{"input_ids", Tokens{{1}}}, {"label", std::vector<std::string>{"pos"}}});
  TL_REQUIRE_ERROR(PackedCollator(names),
                   "dataset: expected class ids (int64) in column label, got string; turn texts or numbers into class "
                   "ids with cast_column or class_encode_column");
  const Dataset numbers =
      Dataset::from_columns({{"input_ids", Tokens{{1}, {2}}}, {"label", std::vector<double>{1, 0}}});
  TL_REQUIRE_ERROR(PackedCollator(numbers), "expected class ids (int64) in column label, got float64");
  const PackedCollator cast(numbers.cast_column("label", {{"neg", "pos"}}));
  CHECK(batch_of(cast, {0, 1}).labels.at<std::int64_t>("labels").to_vector() == std::vector<std::int64_t>{1, 0});
}

TEST_CASE("collator: rows that a model cannot take are named") {
  const CollatorOptions options{.name = "eval_dataset", .num_labels = 2, .max_length = 3, .vocab_size = 10};
  const auto check_rows = [&](Tokens ids, std::vector<std::int64_t> labels) {
    PackedCollator(rows(std::move(ids), std::move(labels)), options).check_rows();
  };
  check_rows({{1, 2, 3}, {1}}, {1, -100});
  TL_REQUIRE_ERROR(check_rows({{1}, {1}}, {0, 2}), "eval_dataset, row 1: expected label in [0, 2), got 2");
  TL_REQUIRE_ERROR(check_rows({{1}}, {-1}), "eval_dataset, row 0: expected label in [0, 2), got -1");
  TL_REQUIRE_ERROR(check_rows({{}}, {0}), "eval_dataset, row 0: expected at least one token, got none");
  TL_REQUIRE_ERROR(check_rows({{1, 2, 3, 4}}, {0}),
                   "eval_dataset, row 0: expected at most 3 tokens, which is what the model "
                   "takes, got 4; tokenize with truncation");
  check_rows({{0, 9}}, {0});
  TL_REQUIRE_ERROR(check_rows({{1}, {2, 10}}, {0, 0}),
                   "eval_dataset, row 1: expected token ids in [0, 10), which are those of the model, got 10 for token "
                   "1; tokenize with the tokenizer of the model");
  TL_REQUIRE_ERROR(check_rows({{-1}}, {0}), "eval_dataset, row 0: expected token ids in [0, 10)");
  const Dataset padded = Dataset::from_columns({{"input_ids", Tokens{{1, 99}}}, {"attention_mask", Tokens{{1, 0}}}});
  CHECK_NOTHROW(PackedCollator(padded, options).check_rows());  // padding is dropped, whatever its id
  const PackedCollator collate(rows({{1}, {}}, {0, 0}), options);
  TL_REQUIRE_ERROR(batch_of(collate, {0, 1}), "eval_dataset, row 1: expected at least one token, got none");
  CHECK(collate.describe(std::vector<std::int64_t>{1, 0}) == "rows 1, 0 of eval_dataset");
  CHECK(collate.describe(std::vector<std::int64_t>(33, 0)).ends_with(", 0, 0 and 1 more of eval_dataset"));
}

TEST_CASE("collator: the fingerprint is that of tokens and labels in their order") {
  const auto of = [](Tokens ids, std::vector<std::int64_t> labels) {
    return PackedCollator(rows(std::move(ids), std::move(labels))).fingerprint();
  };
  const std::uint64_t whole = of({{1, 2}, {3}}, {0, 1});
  CHECK(of({{1, 2}, {3}}, {0, 1}) == whole);
  CHECK(of({{3}, {1, 2}}, {1, 0}) != whole);
  CHECK(of({{1}, {2, 3}}, {0, 1}) != whole);
  CHECK(of({{1, 2}, {3}}, {1, 0}) != whole);
  CHECK(of({{1, 4}, {3}}, {0, 1}) != whole);
  const Dataset padded = Dataset::from_columns({{"input_ids", Tokens{{1, 2}, {3, 0}}},
                                                {"attention_mask", Tokens{{1, 1}, {1, 0}}},
                                                {"label", std::vector<std::int64_t>{0, 1}}});
  CHECK(PackedCollator(padded).fingerprint() == whole);  // padding makes no other batches
}

TEST_CASE("collator: rows from a file are named with their lines") {
  const Dataset file =
      Dataset::from_columns({{"input_ids", Tokens{{1}, {2}, {3}}}, {"label", std::vector<std::int64_t>{0, 5, 1}}},
                            {.file = "x.csv", .numbers = {2, 4, 5}});
  const PackedCollator collate(file.select({2, 1}), {.name = "train_dataset", .num_labels = 2});
  TL_REQUIRE_ERROR(collate.check_rows(), "train_dataset, row 1 (x.csv, line 4): expected label in [0, 2), got 5");
  CHECK(collate.describe(std::vector<std::int64_t>{0}) == "row 0 of train_dataset (x.csv, line 5)");
  CHECK(collate.describe(std::vector<std::int64_t>{1, 0}) == "rows 1, 0 of train_dataset (x.csv, lines 4, 5)");
}

TEST_CASE("collator: classes in the model's order, and batches without a label") {
  const auto data = [](std::vector<std::int64_t> labels) {
    return Dataset::from_columns(
        {{"input_ids", std::vector<std::vector<std::int32_t>>(labels.size(), {1, 2})}, {"label", labels}});
  };
  const Dataset named = data({0, 1}).cast_column("label", {{"neg", "pos"}});
  CHECK(PackedCollator(named, {.class_names = {"neg", "pos"}}).has_labels());
  CHECK(PackedCollator(named, {.class_names = {"LABEL_0", "LABEL_1"}}).has_labels());
  CHECK(PackedCollator(data({0, 1}), {.class_names = {"pos", "neg"}}).has_labels());
  TL_REQUIRE_ERROR(PackedCollator(named, {.name = "train_dataset", .class_names = {"pos", "neg"}}),
                   "train_dataset: expected the classes of column label in the order of the model's, ['pos', 'neg'], "
                   "got ['neg', 'pos']");
  const PackedCollator some(data({-100, -100, 1}));
  const std::vector<std::int64_t> ignored = {0, 1}, mixed = {0, 2};
  CHECK_FALSE(some(ignored).has_loss());
  CHECK(some(mixed).has_loss());
}

TEST_CASE("collator: token types, and a label of each token") {
  const auto data = [](Tokens types, Tokens labels) {
    return Dataset::from_columns({{"input_ids", Tokens{{5, 6}, {7, 8, 9}}},
                                  {"attention_mask", Tokens{{1, 1}, {1, 1, 0}}},
                                  {"token_type_ids", std::move(types)},
                                  {"labels", std::move(labels)}});
  };
  const Tokens types{{0, 1}, {1, 1, 0}}, labels{{-100, 2}, {0, 1, -100}};
  const CollatorOptions of_tokens{.name = "rows", .num_labels = 3, .token_types = 2, .token_labels = true};
  const PackedCollator collate(data(types, labels), of_tokens);
  CHECK(collate.has_labels());
  const Batch batch = batch_of(collate, {1, 0});
  CHECK(batch.input_ids.to_vector() == std::vector<std::int32_t>{7, 8, 5, 6});
  CHECK(batch.token_type_ids.to_vector() == std::vector<std::int32_t>{1, 1, 0, 1});
  CHECK(batch.labels.at<std::int64_t>("labels").to_vector() == std::vector<std::int64_t>{0, 1, -100, 2});

  const auto check_rows = [&](Tokens some_types, Tokens some_labels) {
    PackedCollator(data(std::move(some_types), std::move(some_labels)), of_tokens).check_rows();
  };
  TL_REQUIRE_ERROR(check_rows({{0, 2}, {1, 1, 0}}, labels),
                   "rows, row 0: expected token types in [0, 2), which are those of the model, got 2 for token 1");
  TL_REQUIRE_ERROR(check_rows({{0}, {1, 1, 0}}, labels),
                   "rows, row 0: expected as many token_type_ids as input_ids, 2, got 1");
  TL_REQUIRE_ERROR(check_rows(types, {{0, 1}, {0, 1}}), "rows, row 1: expected as many labels as input_ids, 3, got 2");
  TL_REQUIRE_ERROR(check_rows(types, {{0, 3}, {0, 1, 0}}), "rows, row 0: expected labels in [0, 3), got 3");
  TL_REQUIRE_ERROR(
      PackedCollator(data(types, labels), {.name = "rows", .token_labels = false}),
      "rows: expected a class id of each row in column labels, because the model classifies sequences, got "
      "a list");
  TL_REQUIRE_ERROR(PackedCollator(rows({{1}}, {0}), {.name = "rows", .token_labels = true}),
                   "rows: expected a list with a class id of each token in column label, because the model classifies "
                   "tokens, got one class id of each row");
}

TEST_CASE("collator: the fingerprint knows token types other than 0, and where they are") {
  const auto of = [](Tokens types) {
    return PackedCollator(
               Dataset::from_columns({{"input_ids", Tokens{{5, 6, 7}}}, {"token_type_ids", std::move(types)}}))
        .fingerprint();
  };
  const std::uint64_t without = PackedCollator(Dataset::from_columns({{"input_ids", Tokens{{5, 6, 7}}}})).fingerprint();
  CHECK(of({{0, 0, 0}}) == without);
  CHECK(of({{0, 1, 0}}) != without);
  CHECK(of({{0, 1, 0}}) != of({{0, 0, 1}}));
}

TEST_CASE("collator: a user's function") {
  const Dataset data = Dataset::from_columns({{"input_ids", Tokens{{5, 6}, {7}}},
                                              {"label", std::vector<std::int64_t>{1, 0}},
                                              {"score", std::vector<double>{0.5, 2}}});
  const FunctionCollator collate(
      data,
      [](const Dataset& all, std::span<const std::int64_t> rows) {
        Tokens ids;
        std::vector<float> scores;
        for (const std::int64_t row : rows) {
          ids.push_back(all.column<std::vector<std::int32_t>>("input_ids")[row]);
          scores.push_back(static_cast<float>(all.column<double>("score")[row]));
        }
        Batch batch = pack(ids);
        batch.labels.set("labels", Tensor<float>::from(scores, {static_cast<std::int64_t>(rows.size()), 1}));
        return batch;
      },
      "rows");
  CHECK(collate.has_labels());
  CHECK(collate.lengths() == std::vector<std::int64_t>{2, 1});
  const std::vector<std::int64_t> both{1, 0};
  CHECK(collate(both).labels.at<float>("labels").to_vector() == std::vector<float>{2.0F, 0.5F});
  const auto backwards = [&](const Dataset&, std::span<const std::int64_t> rows) {
    const std::int64_t other = 1 - rows[0];
    return collate(std::span(&other, 1));
  };
  CHECK(FunctionCollator(data, backwards, "rows").fingerprint() != collate.fingerprint());
  const FunctionCollator wrong(
      data, [](const Dataset&, auto) { return pack(Tokens{{1}}); }, "rows");
  TL_REQUIRE_ERROR(wrong(both), "data_collator: expected a batch of 2 sequences for rows 1, 0 of rows, got 1");
}
