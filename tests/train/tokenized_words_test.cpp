// Texts split into words become rows: what is labelled, cut, or in which window, and the words that have no token.
#include <string>
#include <vector>

#include <tl/train/tokenized_words.hpp>

#include "support/catch.hpp"

using namespace tl;
using WordIds = std::vector<std::int32_t>;
using TextWords = std::vector<std::string>;

namespace {

// Ids: [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4, a 5, b 6, ##b 7.
Tokenizer word_tokenizer() {
  return Tokenizer::from_vocabulary({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##b"});
}

Dataset split_texts(const std::vector<TextWords>& words, const std::vector<WordIds>& tags) {
  return Dataset::from_columns({{"tokens", words}, {"ner_tags", tags}}, {"t.conll", "line", {4, 9}});
}

const std::vector<TextWords> two{{"a", "abb", "b"}, {"b"}};
const std::vector<WordIds> tags{{1, 0, 2}, {2}};

WordIds row_of(const TokenizedWords& made, std::int64_t row, const char* column) {
  return made.rows[row].get<WordIds>(column);
}

}  // namespace

TEST_CASE("tokenized_words: ids, labels, words and places") {
  const TokenizedWords made = tokenize_and_align_labels(split_texts(two, tags), word_tokenizer());
  CHECK(made.rows.column_names() == TextWords{"input_ids", "labels", "word_ids"});
  CHECK(row_of(made, 0, "input_ids") == WordIds{2, 5, 5, 7, 7, 6, 3});
  CHECK(row_of(made, 0, "labels") == WordIds{-100, 1, 0, -100, -100, 2, -100});
  CHECK(row_of(made, 0, "word_ids") == WordIds{-1, 0, 1, -1, -1, 2, -1});
  CHECK(row_of(made, 1, "labels") == WordIds{-100, 2, -100});
  CHECK(made.rows.place(1) == "t.conll, line 9");
  CHECK(made.long_texts == 0);
  CHECK(made.unlabelled_words == 0);
}

TEST_CASE("tokenized_words: all tokens") {
  const TokenizedWords made = tokenize_and_align_labels(split_texts(two, tags), word_tokenizer(),
                                                        {.label_all_tokens = true, .names = {"B-X", "I-X", "O"}});
  CHECK(row_of(made, 0, "labels") == WordIds{-100, 1, 0, 1, 1, 2, -100});
  CHECK(row_of(made, 0, "word_ids") == WordIds{-1, 0, 1, -1, -1, 2, -1});
}

TEST_CASE("tokenized_words: a text that is cut says so") {
  const TokenizedWords made = tokenize_and_align_labels(split_texts(two, tags), word_tokenizer(), {.max_length = 5});
  CHECK(row_of(made, 0, "input_ids") == WordIds{2, 5, 5, 7, 3});
  CHECK(row_of(made, 0, "labels") == WordIds{-100, 1, 0, -100, -100});
  CHECK(made.rows.num_rows() == 2);
  CHECK(made.long_texts == 1);
  CHECK(made.unlabelled_words == 1);
  const TokenizedWords whole =
      tokenize_and_align_labels(split_texts(two, tags), word_tokenizer(), {.max_length = 5, .truncation = false});
  CHECK(row_of(whole, 0, "input_ids").size() == 7);
}

TEST_CASE("tokenized_words: windows label each word once") {
  const std::vector<TextWords> words{{"a", "b", "abb", "b", "a", "a"}, {"b"}};
  const TokenizedWords made = tokenize_and_align_labels(split_texts(words, {{0, 1, 2, 3, 4, 5}, {6}}), word_tokenizer(),
                                                        {.max_length = 6, .stride = 2});
  REQUIRE(made.rows.num_rows() == 2);
  CHECK(row_of(made, 0, "input_ids") == WordIds{2, 5, 6, 5, 7, 3, 2, 5, 7, 7, 6, 3, 2, 7, 6, 5, 5, 3});
  CHECK(row_of(made, 0, "labels") ==
        WordIds{-100, 0, 1, -100, -100, -100, -100, 2, -100, -100, -100, -100, -100, -100, 3, 4, 5, -100});
  CHECK(row_of(made, 0, "word_ids") == WordIds{-1, 0, 1, -1, -1, -1, -1, 2, -1, -1, -1, -1, -1, -1, 3, 4, 5, -1});
  CHECK(row_of(made, 0, "window_lengths") == WordIds{6, 6, 6});
  CHECK(row_of(made, 1, "window_lengths") == WordIds{3});
  CHECK(made.long_texts == 1);
  CHECK(made.unlabelled_words == 0);
}

TEST_CASE("tokenized_words: whatever length and stride, each word is labelled once and in order") {
  TextWords words;
  WordIds numbers;
  for (std::int32_t i = 0; i < 40; ++i) {
    words.push_back(std::string(i % 3 == 0 ? "a" : "b") + std::string(static_cast<std::size_t>(i * 7 % 5), 'b'));
    numbers.push_back(i);
  }
  const Dataset data =
      Dataset::from_columns({{"tokens", std::vector<TextWords>{words}}, {"ner_tags", std::vector<WordIds>{numbers}}});
  for (int length = 4; length < 20; ++length) {
    for (int stride = 0; stride < length - 2; ++stride) {
      const TokenizedWords made =
          tokenize_and_align_labels(data, word_tokenizer(), {.max_length = length, .stride = stride});
      WordIds labels = row_of(made, 0, "labels"), ids = row_of(made, 0, "word_ids");
      std::erase(labels, -100);
      std::erase(ids, -1);
      INFO("length " << length << ", stride " << stride);
      CHECK(labels == numbers);
      CHECK(ids == numbers);
    }
  }
}

TEST_CASE("tokenized_words: words without a token, texts without tags or words") {
  const Dataset none = Dataset::from_columns({{"tokens", std::vector<TextWords>{{"a", "", "\xe2\x80\x8b"}, {}}}});
  const TokenizedWords made = tokenize_and_align_labels(none, word_tokenizer());
  CHECK(made.rows.column_names() == TextWords{"input_ids", "word_ids"});
  CHECK(row_of(made, 0, "word_ids") == WordIds{-1, 0, -1});
  CHECK(row_of(made, 1, "input_ids") == WordIds{2, 3});
  CHECK(made.unlabelled_words == 2);
  CHECK(tokenize_and_align_labels(none.take(0), word_tokenizer()).rows.num_rows() == 0);
}

TEST_CASE("tokenized_words: sentences") {
  const Dataset data = split_texts(two, tags);
  TL_REQUIRE_ERROR(tokenize_and_align_labels(data, word_tokenizer(), {.stride = 2, .truncation = false}),
                   "stride: expected truncation, which makes the windows, got none");
  TL_REQUIRE_ERROR(tokenize_and_align_labels(data, word_tokenizer(), {.label_all_tokens = true}),
                   "label_all_tokens: expected the names of the classes, got none");
  TL_REQUIRE_ERROR(tokenize_and_align_labels(split_texts(two, {{1}, {2}}), word_tokenizer()),
                   "t.conll, line 4: expected as many ner_tags as tokens, 3, got 1");
  TL_REQUIRE_ERROR(tokenize_and_align_labels(data, word_tokenizer(), {.max_length = 4, .stride = 3}),
                   "EncodeOptions::stride: expected at most 2 (max_length 4 without the special tokens), got 3");
}
