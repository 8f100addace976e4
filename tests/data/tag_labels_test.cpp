// Tags become class ids: by name, by position, in the order of the model, and every sentence with row and word.
#include <fstream>
#include <string>
#include <vector>

#include <tl/data/load_dataset.hpp>
#include <tl/data/tag_labels.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace tl;
using TagIds = std::vector<std::int32_t>;
using Names = std::vector<std::string>;

namespace {

using Tags = std::vector<Names>;

Dataset texts(const Tags& tokens, const ColumnValues& tags) {
  return Dataset::from_columns({{"tokens", tokens}, {"ner_tags", tags}});
}

const Tags two_texts{{"Anna", "sings"}, {"Rome"}};

}  // namespace

TEST_CASE("tag_labels: the distinct tags are the classes, sorted") {
  const TagLabels labels = encode_tags(texts(two_texts, Tags{{"O", "B-PER"}, {"B-LOC"}}));
  CHECK(labels.names == Names{"B-LOC", "B-PER", "O"});
  CHECK(labels.dataset[0].get<TagIds>("ner_tags") == TagIds{2, 1});
  CHECK(labels.dataset[1].get<TagIds>("ner_tags") == TagIds{0});
  CHECK(labels.as_written);
  CHECK(labels.decision == "the labels in column ner_tags name 3 classes, ['B-LOC', 'B-PER', 'O']");
}

TEST_CASE("tag_labels: names or positions of known classes, -100, other columns") {
  const KnownClasses known{{"O", "B-PER", "I-PER"}, "those of the model"};
  CHECK(encode_tags(texts(two_texts, Tags{{"O", "B-PER"}, {"O"}}), {}, known).dataset[0].get<TagIds>("ner_tags") ==
        TagIds{0, 1});
  const TagLabels positions = encode_tags(texts(two_texts, std::vector<TagIds>{{2, -100}, {1}}), {}, known);
  CHECK(positions.dataset[0].get<TagIds>("ner_tags") == TagIds{2, -100});
  CHECK(positions.decision.find("are positions, from 0, among the classes") != std::string::npos);
  const Dataset other = Dataset::from_columns({{"w", two_texts}, {"t", std::vector<TagIds>{{7, 3}, {3}}}});
  const TagLabels numbers = encode_tags(other, {"w", "t"});
  CHECK(numbers.names == Names{"3", "7"});
  CHECK(numbers.dataset[0].get<TagIds>("t") == TagIds{1, 0});
}

TEST_CASE("tag_labels: sentences") {
  const KnownClasses known{{"O", "B-PER"}, "those of the model"};
  TL_REQUIRE_ERROR(encode_tags(texts(two_texts, Tags{{"O"}, {"O"}})),
                   "row 0: expected as many ner_tags as tokens, 2, got 1");
  TL_REQUIRE_ERROR(
      encode_tags(texts(two_texts, Tags{{"O", "O"}, {"B-ORG"}}), {}, known),
      "row 1, word 1 ('Rome'): expected ner_tags to be one of ['O', 'B-PER'], got 'B-ORG'; the classes are "
      "those of the model");
  TL_REQUIRE_ERROR(encode_tags(texts(two_texts, Tags{{"O", "o"}, {"B-PER"}})),
                   "row 0, word 2 ('sings'): expected labels that differ in more than case, blanks or zeros, got 'o' "
                   "beside 'O' in row 0, word 1 ('Anna')");
  TL_REQUIRE_ERROR(encode_tags(texts(two_texts, std::vector<TagIds>{{0, 2}, {1}}), {}, known),
                   "row 0, word 2 ('sings'): expected ner_tags in [0, 2), got 2; the classes are ['O', 'B-PER'], those "
                   "of the model");
  TL_REQUIRE_ERROR(encode_tags(texts(two_texts, Names{"O", "O"})),
                   "column 'ner_tags': expected a list with a tag of each word, texts or whole numbers, got string");
  TL_REQUIRE_ERROR(encode_tags(texts(two_texts, Tags{{"O", "O"}, {"O"}}), {"words", "ner_tags"}),
                   "expected a column 'words', the columns are ['tokens', 'ner_tags']");
}

TEST_CASE("tag_labels: sentences name the file and the line") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "t.jsonl").string();
  std::ofstream(path) << "{\"tokens\": [\"Anna\"], \"ner_tags\": [\"B-PER\"]}\n\n"
                         "{\"tokens\": [\"is\", \"\"], \"ner_tags\": [\"O\", \"X\"]}\n";
  TL_REQUIRE_ERROR(encode_tags(load_jsonl(path), {}, {{"O", "B-PER"}}),
                   path + ", line 3, word 2 (''): expected ner_tags to be one of ['O', 'B-PER'], got 'X'");
  CHECK(encode_tags(load_jsonl(path)).decision ==
        path + ": the labels in column ner_tags name 3 classes, ['B-PER', 'O', 'X']");
  std::ofstream(path) << "{\"tokens\": [\"Anna\"], \"ner_tags\": []}\n";
  TL_REQUIRE_ERROR(encode_tags(load_jsonl(path)), path + ", line 1: expected as many ner_tags as tokens, 1, got 0");
}
