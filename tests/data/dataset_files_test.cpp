// Which files are which split, which rows a split with slices is, and what the heads of cards say: as Python's datasets
// and yaml.safe_load have it, from tests/reference/make_dataset_files.py; the rules of cards; the sentences of errors.
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <tl/data/load_dataset.hpp>
#include <tl/io/yaml.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"

using namespace tl;
using nlohmann::json;

namespace {

using FileList = std::vector<std::string>;

json dataset_files_reference() { return json::parse(test::read_text(test::reference_file("dataset_files.json"))); }

void write_files(const std::filesystem::path& folder, const FileList& names, const std::string& content = "text\n") {
  for (const std::string& name : names) {
    std::filesystem::create_directories((folder / name).parent_path());
    test::write_text(folder / name, content);
  }
}

/// Splits and their files as the reference writes them; null if there is an error.
json found_splits(const std::string& folder, const detail::SplitPatterns& patterns = {}) {
  json splits = json::array();
  try {
    for (const SplitFiles& split : find_dataset_files(folder, {}, patterns).splits)
      splits.push_back(json::array({split.name, split.files}));
  } catch (const Error& error) {
    INFO(error.what());
    CHECK(error.code() != ErrorCode::io);
    return nullptr;
  }
  return splits;
}

Dataset counted(std::int64_t begin, std::int64_t count) {
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(begin + i);
  return Dataset::from_columns({{"n", std::move(values)}});
}

const std::string notebook_card = R"(---
language:
- en
pretty_name: RottenTomatoes - MR Movie Review Data
dataset_info:
  features:
  - name: text
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': neg
          '1': pos
  splits:
  - name: train
    num_examples: 3
  - name: test
    num_examples: 1
configs:
- config_name: default
  data_files:
  - split: train
    path: part-*
  - split: test
    path:
    - other.csv
---
# Data set card
)";

/// A data set of which only the card knows the splits and the classes.
void write_notebook(const std::filesystem::path& folder) {
  test::write_text(folder / "README.md", notebook_card);
  test::write_text(folder / "part-1.csv", "text,label\n2020,1\ngood,1\n");
  test::write_text(folder / "part-2.csv", "text,label\nbad,0\n");
  test::write_text(folder / "other.csv", "text,label\nso so,0\n");
}

}  // namespace

TEST_CASE("dataset files: the splits of folders and patterns are those of Python's datasets") {
  const json stored = dataset_files_reference();
  for (const std::string kind : {"folders", "patterns"}) {
    for (const json& entry : stored.at(kind)) {
      const test::TemporaryFolder folder;
      write_files(folder.path(), entry.at("files").get<FileList>());
      detail::SplitPatterns patterns;
      if (entry.contains("patterns")) patterns = {{"train", entry.at("patterns").get<FileList>()}};
      INFO(entry.dump());
      CHECK(found_splits(folder.path().string(), patterns) == entry.at("splits"));
    }
  }
}

TEST_CASE("split: slices are the rows of Python's datasets") {
  const json stored = dataset_files_reference();
  for (const json& entry : stored.at("splits")) {
    INFO(entry.dump());
    DatasetDict splits;
    std::int64_t first = 0;
    for (const auto& [name, count] : entry.at("counts").items()) {
      splits.insert(name, counted(first, count.get<std::int64_t>()));
      first += 100000;
    }
    const Split split(entry.at("spec").get<std::string>());
    if (entry.at("parts").is_null()) {
      CHECK_THROWS_AS(select_split(splits, split), Error);
      continue;
    }
    std::vector<std::int64_t> expected;
    for (const json& part : entry.at("parts")) {
      const auto all = splits[part.at(0).get<std::string>()].column<std::int64_t>("n").to_vector();
      expected.insert(expected.end(), all.begin() + part.at(1).get<std::ptrdiff_t>(),
                      all.begin() + part.at(2).get<std::ptrdiff_t>());
    }
    if (split.spec == "all")
      CHECK(select_split(splits, split).num_rows() == static_cast<std::int64_t>(expected.size()));
    else CHECK(select_split(splits, split).column<std::int64_t>("n").to_vector() == expected);
  }
}

TEST_CASE("split: the sentences of errors") {
  const DatasetDict splits{{"train", counted(0, 10)}, {"test", counted(0, 5)}};
  const auto select = [&](const char* spec) { return select_split(splits, Split(spec)); };
  TL_REQUIRE_ERROR(select("dev"), "split 'dev': expected one of ['train', 'test'], got 'dev'");
  TL_REQUIRE_ERROR(select("train[5]"),
                   "split 'train[5]': expected splits as in train, train[10:20], train[:10%], "
                   "train[-5%:](pct1_dropremainder), with + between");
  TL_REQUIRE_ERROR(select("train[:x]"), "split 'train[:x]': expected whole numbers as bounds of a slice");
  TL_REQUIRE_ERROR(select("train[:101%]"), "expected percents from -100 to 100");
  TL_REQUIRE_ERROR(select("train[:5](closest)"), "expected no rounding without percents");
  TL_REQUIRE_ERROR(select("train[:5%](up)"), "expected the rounding closest or pct1_dropremainder");
  TL_REQUIRE_ERROR(select("train[:5%]+test[:5%](pct1_dropremainder)"), "expected one way of rounding in all parts");
  TL_REQUIRE_ERROR(select("train[:5%](pct1_dropremainder)"),
                   "expected at least 100 rows in 'train' for pct1_dropremainder, got 10");
  TL_REQUIRE_ERROR(select("train[8:3]"),
                   "expected a slice of the 10 rows of 'train' that ends after its beginning, got rows 8 to 3");
  TL_REQUIRE_ERROR(select("train[:1%]"), "split 'train[:1%]': expected at least one row, got none");
}

TEST_CASE("load_dataset: the card of a folder names splits, classes and rows") {
  const test::TemporaryFolder folder;
  write_notebook(folder.path());
  const DatasetDict splits = load_dataset(folder.path().string());
  CHECK(splits.names() == FileList{"train", "test"});
  CHECK(splits["train"].column<std::string>("text").to_vector() == FileList{"2020", "good", "bad"});
  CHECK(splits["train"].class_names("label") == FileList{"neg", "pos"});
  CHECK(splits["train"].column<std::int64_t>("label").to_vector() == std::vector<std::int64_t>{1, 1, 0});
  CHECK(splits["train"].place(2) == (folder / "part-2.csv").string() + ", line 2");
  CHECK(splits["train"].place(std::vector<std::int64_t>{0, 1, 2}) ==
        (folder / "part-1.csv").string() + ", lines 2, 3; " + (folder / "part-2.csv").string() + ", line 2");
  CHECK(load_dataset(folder.path().string(), Split("test+train[:34%]")).num_rows() == 2);
  CHECK(load_dataset(folder.path().string(), {{"dev", "other.csv"}})["dev"].class_names("label").size() == 2);
  TL_REQUIRE_ERROR(load_dataset(folder.path().string(), Split("dev")), "expected one of ['train', 'test'], got 'dev'");
  TL_REQUIRE_ERROR(load_dataset(folder.path().string(), {.name = "x"}),
                   folder.path().string() + ": expected a configuration of ['default'], got 'x'");
  test::write_text(folder / "part-2.csv", "text,label\n");
  TL_REQUIRE_ERROR(load_dataset(folder.path().string()),
                   ": expected 3 rows in the split train, as README.md says, got 2");
  test::write_text(folder / "part-2.csv", "text,label\nbad,2\n");
  TL_REQUIRE_ERROR(
      load_dataset(folder.path().string()),
      "part-2.csv, line 2: expected a class id below 2 in column 'label', whose classes are ['neg', 'pos'], "
      "got 2");
  test::write_text(folder / "part-2.csv", "text,label\nbad,neg\n");  // then all labels are texts, 1 as well
  TL_REQUIRE_ERROR(load_dataset(folder.path().string()),
                   "expected the labels in column label to be all names or all "
                   "positions");
  std::filesystem::remove(folder / "other.csv");
  TL_REQUIRE_ERROR(load_dataset(folder.path().string()),
                   ": expected the file other.csv, it is not there; the files are ['README.md', 'part-1.csv', "
                   "'part-2.csv']");
}

TEST_CASE("load_dataset: configurations of a card") {
  const test::TemporaryFolder folder;
  write_files(folder.path(), {"a/train.csv", "b/train.csv", "b/test.csv"}, "text\nx\n");
  const std::string name = folder.path().string();
  const auto card = [&](const std::string& head) { test::write_text(folder / "README.md", "---\n" + head + "---\n"); };
  CHECK(load_dataset(name, {.data_dir = "b"}).names() == FileList{"train", "test"});
  card(
      "configs:\n- config_name: one\n  data_dir: a\n- config_name: two\n  data_files:\n  - split: dev\n    path: "
      "b/*\n");
  CHECK(load_dataset(name, {.name = "one"}).names() == FileList{"train"});
  CHECK(load_dataset(name, {.name = "two"})["dev"].num_rows() == 2);
  TL_REQUIRE_ERROR(load_dataset(name), ": expected the name of one of its configurations, ['one', 'two'], got none");
  TL_REQUIRE_ERROR(load_dataset(name, {.name = "one", .data_dir = "../x"}),
                   ": expected data_dir to be a folder in it, got ../x");
  card("configs:\n- config_name: one\n  data_dir: a\n- config_name: two\n  data_dir: b\n  default: true\n");
  CHECK(load_dataset(name).names() == FileList{"train", "test"});
  card("configs:\n- config_name: default\n  data_dir: a\n- config_name: two\n  data_dir: b\n  default: true\n");
  TL_REQUIRE_ERROR(load_dataset(name),
                   ": expected one default among the configurations of README.md, got default and two");
  card("configs:\n- config_name: x\n  data_files: a/train.csv\n  sep: \";\"\n  names: [t, u]\n");
  test::write_text(folder / "a/train.csv", "1;2\n3;4\n");
  CHECK(load_dataset(name)["train"].column<std::int64_t>("u").to_vector() == std::vector<std::int64_t>{2, 4});
  card("configs:\n- config_name: x\n  data_files: a/train.csv\n  skiprows: 1\n");
  TL_REQUIRE_ERROR(load_dataset(name),
                   ": the configuration x of README.md sets skiprows to 1, which is not known here");
  card("configs:\n- config_name: x\n  data_files:\n  - split: a-b\n    path: c\n");
  TL_REQUIRE_ERROR(load_dataset(name),
                   "README.md, key split: expected a name of letters, digits and underscores, got \"a-b\"");
  card("configs:\n- data_files: x\n");
  TL_REQUIRE_ERROR(load_dataset(name), "README.md, key configs: expected a config_name in each item");
  card("configs:\n  a: [\n");
  TL_REQUIRE_ERROR(load_dataset(name), "README.md, line 3: expected a closing ], got the end");
  card("dataset_info:\n  features:\n  - name: l\n    dtype:\n      class_label:\n        names:\n          '1': a\n");
  TL_REQUIRE_ERROR(load_dataset(name), "README.md, key class_label of l: expected the ids from 0 on, each once");
  test::write_text(folder / "a/train.csv", "text\nx\n");
  card("dataset_info:\n  splits:\n  - name: test\n    num_examples: 1\n  - name: dev\n    num_examples: 7\n");
  TL_REQUIRE_ERROR(load_dataset(name, {.data_dir = ""}),
                   "expected files of the split dev, which README.md counts 7 rows of");
}

TEST_CASE("load_dataset: files, patterns and formats") {
  const test::TemporaryFolder folder;
  write_files(folder.path(), {"a.csv", "b.csv", "c/d.csv"}, "n\n1\n");
  test::write_text(folder / "b.csv", "n\n1.5\n");
  const std::string root = folder.path().string();
  CHECK(load_dataset("csv", {{"train", root + "/?.csv"}})["train"].column<double>("n").to_vector() ==
        std::vector<double>{1.0, 1.5});
  CHECK(load_dataset("csv", {{"train", root + "/**/*.csv"}, {"test", root + "/c/d.csv"}})["train"].num_rows() == 3);
  CHECK(load_dataset("csv", {{"train", root + "/a.csv"}, {"train", root + "/a.csv"}})["train"].num_rows() == 1);
  CHECK(load_dataset("csv", {{"train", root + "/a.csv"}, {"train", root + "/b.csv"}}, Split("train[1:]")).num_rows() ==
        1);
  CHECK(load_dataset("csv", {.data_dir = root}).names() == FileList{"train"});
  CHECK(load_dataset(root + "/a.csv")["train"].num_rows() == 1);
  test::write_text(folder / "b.csv", "n\nx\n");  // one of the files has texts, so all are
  CHECK(load_dataset(root)["train"].column<std::string>("n").to_vector() == FileList{"1", "x", "1"});
  test::write_text(folder / "b.csv", "m\nx\n");
  TL_REQUIRE_ERROR(load_dataset(root), "b.csv: expected the columns ['n'] as in " + root + "/a.csv, got ['m']");
  TL_REQUIRE_ERROR(load_dataset("csv"), "load_dataset: expected files for the format csv, got none");
  TL_REQUIRE_ERROR(load_dataset("csv", {{"train", root + "/*.tsv"}}),
                   "load_dataset: expected files for the split train that fit ['" + root + "/*.tsv'], found none");
  TL_REQUIRE_ERROR(load_dataset("csv", {{"train", "https://x.org/a.csv"}}),
                   "expected the path of a file, got the address https://x.org/a.csv; download it and name the file");
  TL_REQUIRE_ERROR(load_dataset(root, {{"train", "x**/a.csv"}}),
                   "pattern 'x**/a.csv': expected ** to stand for folders, as in data/**/*.csv");
  TL_REQUIRE_ERROR(load_dataset("a/b/c"),
                   "load_dataset: expected a folder, a file, a format or the name of a data set on "
                   "a hub, got \"a/b/c\", which is not there and is no name");
  test::write_text(folder / "x.dat", "");
  TL_REQUIRE_ERROR(load_dataset(root + "/x.dat"), "x.dat: expected a file whose extension names its format");
}

TEST_CASE("load_dataset: folders and files that are something else") {
  const test::TemporaryFolder folder;
  const std::string root = folder.path().string();
  TL_REQUIRE_ERROR(load_dataset(root), root + ": expected files of data, found none");
  write_files(folder.path(), {"a.png"});
  TL_REQUIRE_ERROR(load_dataset(root),
                   ": expected files of the formats csv, json, conll, text, parquet for the split train, "
                   "got ['a.png']");
  test::write_text(folder / "a.csv", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n");
  TL_REQUIRE_ERROR(load_dataset(root), "a.csv is a Git LFS pointer, not the file itself; fetch it with git lfs pull");
  test::write_text(folder / "a.csv", "PAR1xxxx");
  TL_REQUIRE_ERROR(load_dataset(root), "a.csv: expected the format csv, got a parquet file");
  test::write_text(folder / "a.csv", "<!DOCTYPE html>\n<html>");
  TL_REQUIRE_ERROR(load_dataset(root), "a.csv: expected the format csv, got a web page; download the file itself");
  test::write_text(folder / "a.csv", "text\nx\n");
  std::filesystem::create_directory_symlink(root, folder / "loop");
  CHECK(load_dataset(root)["train"].num_rows() == 1);
  write_files(folder.path(), {"state.json"});
  TL_REQUIRE_ERROR(load_dataset(root), "the folder was written by save_to_disk(), whose files are internal");
  write_files(folder.path(), {folder.path().filename().string() + ".py"});
  TL_REQUIRE_ERROR(load_dataset(root), ".py, which is not run; save it in Python with to_parquet(), or name its files");
  CHECK(load_dataset(root, {{"train", "a.csv"}})["train"].num_rows() == 1);
}

TEST_CASE("yaml: values as Python's yaml.safe_load has them") {
  const json stored = dataset_files_reference();
  for (const json& entry : stored.at("heads")) {
    const auto text = entry.at("text").get<std::string>();
    INFO(text);
    if (!entry.contains("value")) {
      TL_REQUIRE_ERROR(parse_yaml(text, "head"), "head, line ");
      continue;
    }
    CHECK(json::parse(dump_json(parse_yaml(text, "head"))) == entry.at("value"));
  }
}
