// Data sets by their names: which files load_dataset asks a hub for, what it reads without one, and what it says of
// data sets that it cannot read.
#include <tl/data/load_dataset.hpp>

#include "support.hpp"

using namespace tl;
using namespace tl::test;

namespace {

using Texts = std::vector<std::string>;

const std::string card = R"(---
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
configs:
- config_name: default
  data_files:
  - split: train
    path: rows/part-*.csv
  - split: test
    path: rows/last.csv
---
)";

void add_films(const LocalHub& hub) {
  hub.add("datasets/org/films", "README.md", card);
  hub.add("datasets/org/films", "rows/part-1.csv", "text,label\ngood,1\n");
  hub.add("datasets/org/films", "rows/part-2.csv", "text,label\nbad,0\n");
  hub.add("datasets/org/films", "rows/last.csv", "text,label\n7,1\n");
  hub.add("datasets/org/films", "pictures/large.csv", "text\nnot data\n");
}

}  // namespace

TEST_CASE("load_dataset: by its name from a hub, and again without it") {
  TL_NEED_LOCAL_HUB();
  LocalHub hub;
  add_films(hub);
  const auto train = load_dataset("org/films", Split("train"));
  CHECK(train.column<std::string>("text").to_vector() == Texts{"good", "bad"});
  CHECK(train.class_names("label") == Texts{"neg", "pos"});
  CHECK(hub.requests("last.csv").empty());
  CHECK(hub.requests("large.csv").empty());

  hub.environment.set("HF_HUB_OFFLINE", "1");
  const std::size_t asked = hub.requests().size();
  CHECK(load_dataset("org/films", Split("train[:50%]")).num_rows() == 1);
  TL_REQUIRE_ERROR(load_dataset("org/films"), "org/films: expected the file rows/last.csv, it is not there");
  TL_REQUIRE_ERROR(load_dataset("org/films"), "HF_HUB_OFFLINE is set");
  CHECK(hub.requests().size() == asked);

  hub.environment.set("HF_HUB_OFFLINE", std::nullopt);
  const DatasetDict all = load_dataset("hf://datasets/org/films");
  CHECK(all.names() == Texts{"train", "test"});
  CHECK(all["test"].column<std::string>("text").to_vector() == Texts{"7"});
  hub.environment.set("HF_HUB_OFFLINE", "1");
  CHECK(load_dataset("org/films")["test"].num_rows() == 1);
}

TEST_CASE("load_dataset: a data set that is made by a script is read as what the hub converted it to") {
  TL_NEED_LOCAL_HUB();
  const LocalHub hub;
  hub.add("datasets/org/scripted", "scripted.py", "raise SystemExit");
  TL_REQUIRE_ERROR(load_dataset("org/scripted"),
                   "the data set is made by the Python script scripted.py, which is not run");
  // tl::parquet need not be linked here: another format shows that the files are found.
  register_table_format(
      {.name = "parquet",
       .extensions = {".parquet"},
       .read = [](const std::filesystem::path& path, const LoadOptions&) { return load_text(path); }});
  hub.add("datasets/org/scripted@refs__convert__parquet", "default/test/0000.parquet", "c\n");
  hub.add("datasets/org/scripted@refs__convert__parquet", "default/train/0000.parquet", "a\n");
  hub.add("datasets/org/scripted@refs__convert__parquet", "default/train/0001.parquet", "b\n");
  const DatasetDict converted = load_dataset("org/scripted");
  CHECK(converted.names() == Texts{"train", "test"});
  CHECK(converted["train"].column<std::string>("text").to_vector() == Texts{"a", "b"});
  TL_REQUIRE_ERROR(load_dataset("org/scripted", {.name = "other"}),
                   "expected the name of one of its configurations, ['default'], got 'other'");
}

TEST_CASE("load_dataset: names that lead nowhere, and data sets that need a token") {
  TL_NEED_LOCAL_HUB();
  const LocalHub hub;
  TL_REQUIRE_ERROR(load_dataset("org/nothing"), "got \"org/nothing\"");
  hub.add("datasets/org/pictures", "a.png", "x");
  TL_REQUIRE_ERROR(load_dataset("org/pictures"), "org/pictures: expected files of the formats csv, json,");
  add_films(hub);
  hub.about("datasets/org/films", "{\"gated\": true}");
  TL_REQUIRE_ERROR(load_dataset("org/films"), "token");
  CHECK(load_dataset("org/films", {.hub = {.token = "hf_good"}})["train"].num_rows() == 2);
}
