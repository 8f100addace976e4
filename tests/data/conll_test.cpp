// CoNLL files: sentences, documents and comments, the two kinds of delimiter, places, and the sentence of each error.
#include <fstream>
#include <string>
#include <vector>

#include <tl/core/mt19937.hpp>
#include <tl/data/load_dataset.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace tl;
using Words = std::vector<std::string>;

namespace {

/// A file with this content, read; `name` is for errors.
class Conll {
 public:
  Dataset read(const std::string& text, const ConllOptions& options = {}) const {
    std::ofstream(folder_ / "f.conll", std::ios::binary) << text;
    return load_conll(folder_ / "f.conll", options);
  }
  std::string path() const { return (folder_ / "f.conll").string(); }
  /// The error of reading, without the path before it.
  std::string error(const std::string& text, const ConllOptions& options = {}) const {
    try {
      (void)read(text, options);
    } catch (const Error& error) {
      const std::string sentence = error.what();
      return sentence.starts_with(path()) ? sentence.substr(path().size()) : sentence;
    }
    return "none";
  }

 private:
  test::TemporaryFolder folder_;
};

Words tokens(const Dataset& data, std::int64_t row) { return data[row].get<Words>("tokens"); }
Words tags(const Dataset& data, std::int64_t row) { return data[row].get<Words>("ner_tags"); }

}  // namespace

TEST_CASE("conll: sentences with the first and the last field, documents left out") {
  const Conll file;
  const Dataset data = file.read(
      "-DOCSTART- -X- -X- O\n\nAnna NNP B-NP B-PER\nsings VBZ B-VP O\n\n\nIn IN B-PP O\r\nRome NNP B-NP B-LOC\r\n");
  CHECK(data.column_names() == Words{"tokens", "ner_tags"});
  REQUIRE(data.num_rows() == 2);
  CHECK(tokens(data, 0) == Words{"Anna", "sings"});
  CHECK(tags(data, 0) == Words{"B-PER", "O"});
  CHECK(tokens(data, 1) == Words{"In", "Rome"});
  CHECK(tags(data, 1) == Words{"O", "B-LOC"});
  CHECK(data.place(0) == file.path() + ", line 3");
  CHECK(data.place(1) == file.path() + ", line 7");
}

TEST_CASE("conll: with tabs a word may have blanks; blanks may be many") {
  const Conll file;
  CHECK(tokens(file.read("New York\tB-LOC\n is\tO\n \t \n"), 0) == Words{"New York", "is"});
  CHECK(tags(file.read("  Anna   B-PER  \nsings \t O\n"), 0) == Words{"B-PER", "O"});
}

TEST_CASE("conll: a line that begins with # is a comment unless it reads as a word") {
  const Conll file;
  const Dataset data = file.read(
      "# id 7 domain=x\nAnna _ _ B-PER\n# _ _ O\n#2 _ _ O\n\n# _ _ O\nis _ _ O\n\n#\n# text = Who is 1st\nWho _ _ O\n"
      "#begin document (a);\n#end document\n");
  REQUIRE(data.num_rows() == 3);
  CHECK(tokens(data, 0) == Words{"Anna", "#", "#2"});
  CHECK(tokens(data, 1) == Words{"#", "is"});
  CHECK(tokens(data, 2) == Words{"Who"});
  CHECK(data.place(2) == file.path() + ", line 11");
}

TEST_CASE("conll: names of columns, words alone, files without a sentence") {
  const Conll file;
  const std::string text = "Anna NNP B-PER\nsings VBZ O\n";
  const Dataset all = file.read(text, {.column_names = {"tokens", "pos_tags", "ner_tags"}});
  CHECK(all.column_names() == Words{"tokens", "pos_tags", "ner_tags"});
  CHECK(all[0].get<Words>("pos_tags") == Words{"NNP", "VBZ"});
  const Dataset chosen = file.read(text, {.column_names = {"w", "p", "t"}, .columns = {"p", "w"}});
  CHECK(chosen.column_names() == Words{"p", "w"});
  CHECK(file.read("Anna\nsings\n").column_names() == Words{"tokens"});
  CHECK(file.read("").column_names() == Words{"tokens", "ner_tags"});
  CHECK(file.read("# nothing\n\n").num_rows() == 0);
}

TEST_CASE("conll: errors name the line") {
  const Conll file;
  CHECK(file.error("\nAnna B-PER\nsings\n") ==
        ", line 3: expected 2 fields with blanks between them as in line 2, got 1");
  CHECK(file.error("Anna\tB-PER\nsings O\n") ==
        ", line 2: expected 2 fields with tabs between them as in line 1, got 1");
  CHECK(file.error("Anna\tB-PER\nsings\t\n") == ", line 2: expected a text for the column ner_tags, got nothing");
  CHECK(file.error("Anna B-PER\n", {.column_names = {"a", "b", "c"}}) ==
        ", line 1: expected 3 fields for the columns ['a', 'b', 'c'], got 2");
  CHECK(
      file.error("Anna NNP O\n", {.columns = {"pos_tags"}}) ==
      ": expected a column 'pos_tags', the columns are ['tokens', '', 'ner_tags']; column_names gives a name to every "
      "field of a line");
  CHECK(file.error("Anna B-PER\n\xff O\n").starts_with(", line 2, byte 11: expected UTF-8, got byte 255"));
}

TEST_CASE("conll: damaged files are read or refused, never worse") {
  const Conll file;
  Mt19937 random(5);
  int read = 0, refused = 0;
  for (int round = 0; round < 400; ++round) {
    std::string text = round % 2 == 0 ? "-DOCSTART- -X- O\n\n# c\nAnna NNP B-PER\nis VB O\n\nRome NNP B-LOC\n"
                                      : "Anna\tB-PER\nis\tO\n\n#\tO\nRome\tB-LOC\r\n";
    for (std::uint32_t edits = random.next_u32() % 5; edits > 0 && !text.empty(); --edits) {
      const std::size_t at = random.next_u32() % text.size();
      if (random.next_u32() % 3 == 0) text.erase(at, 1 + random.next_u32() % 4);
      else text[at] = "\t \n\r#-O\xff"[random.next_u32() % 8];
    }
    try {
      for (const Row row : file.read(text)) {
        const Words words = row.get<Words>("tokens");
        CHECK(!words.empty());
        for (const std::string& word : words) CHECK(!word.empty());
      }
      ++read;
    } catch (const Error&) {
      ++refused;
    }
  }
  CHECK(read > 50);
  CHECK(refused > 50);
}

TEST_CASE("conll: load_dataset") {
  const Conll file;
  (void)file.read("Anna B-PER\n");
  const DatasetDict data = load_dataset("conll", {{"train", file.path()}}, {.column_names = {"w", "t"}});
  CHECK(data["train"].column_names() == Words{"w", "t"});
  CHECK_THROWS_WITH(load_dataset("conll", {{"train", file.path()}}, {.text_columns = {"tokens"}}),
                    "load_dataset: expected no text_columns for the format conll");
  CHECK_THROWS_WITH(load_dataset("json", {{"train", file.path()}}, {.column_names = {"tokens"}}),
                    "load_dataset: expected no column_names for the format json");
}
