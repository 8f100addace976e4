// Streams: the order of Python's datasets 5.2, what is done to rows, passes and epochs, and what is refused.
#include <tl/data/iterable_dataset.hpp>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include <tl/data/stream_dataset.hpp>

#include "support/catch.hpp"
#include "support/table_text.hpp"
#include "support/temporary_folder.hpp"

using namespace tl;

namespace {

using Numbers = std::vector<std::int64_t>;

/// Three files of 9, 14 and 4 rows, {"text": "r0", "n": 0} and on.
class StreamFiles {
 public:
  StreamFiles() {
    for (int file = 0, row = 0; file < 3; ++file) {
      constexpr int sizes[] = {9, 14, 4};
      std::string csv = "text,n\n", json;
      for (int i = 0; i < sizes[file]; ++i, ++row) {
        csv += str_cat("r", row, ",", row, "\n");
        json += str_cat("{\"text\": \"r", row, "\", \"n\": ", row, "}\n");
      }
      test::write_text(folder / str_cat(file, ".csv"), csv);
      test::write_text(folder / str_cat(file, ".jsonl"), json);
    }
  }

  /// In windows so small that a file has several pieces.
  IterableDataset open(const std::string& format, const std::string& pattern, std::size_t window = 40) const {
    const DataFiles files = {{"train", folder / pattern}};
    return detail::stream_files(find_dataset_files(format, {}, detail::patterns_of(files)), Split("train"),
                                {.block = window, .blocks = 2, .smallest = window});
  }

  test::TemporaryFolder folder;
};

Numbers numbers_of_stream(const IterableDataset& rows) {
  Numbers numbers;
  for (const Row row : rows) numbers.push_back(std::stoll(row.get<std::string>("text").substr(1)));
  return numbers;
}

Numbers first_numbers(std::int64_t count) {
  Numbers numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

}  // namespace

TEST_CASE("a shuffled stream has the order of Python's datasets", "[iterable_dataset]") {
  const StreamFiles files;
  const std::size_t window = GENERATE(std::size_t{20}, std::size_t{1000});
  const IterableDataset csv = files.open("csv", "*.csv", window), json = files.open("json", "*.jsonl", window);
  CHECK(csv.num_shards() == 3);
  CHECK(numbers_of_stream(csv) == first_numbers(27));
  CHECK(numbers_of_stream(json) == first_numbers(27));
  // tests/reference/compare_streaming.py compares any number of such cases.
  CHECK(numbers_of_stream(csv.shuffle(42, 7)) ==
        Numbers{24, 0, 25, 10, 9, 23, 12, 1, 14, 11, 13, 26, 4, 6, 15, 2, 5, 16, 17, 7, 21, 18, 3, 22, 20, 19, 8});
  CHECK(numbers_of_stream(json.shuffle(42, 25)) ==
        Numbers{5, 15, 7, 17, 12, 26, 16, 20, 25, 2, 10, 23, 18, 21, 24, 22, 19, 4, 6, 8, 0, 11, 1, 14, 3, 9, 13});
  IterableDataset epoch = csv.shuffle(42, 7);
  epoch.set_epoch(3);
  CHECK(numbers_of_stream(epoch) ==
        Numbers{10, 9, 2, 23, 12, 1, 0, 25, 5, 13, 3, 26, 24, 7, 4, 6, 15, 11, 8, 16, 21, 22, 19, 14, 20, 17, 18});
  CHECK(numbers_of_stream(files.open("csv", "1.csv", window).shuffle(0, 5)) ==
        Numbers{11, 13, 12, 16, 10, 14, 9, 17, 18, 21, 20, 19, 22, 15});
  CHECK(numbers_of_stream(csv.take(20).shuffle(1, 6)) ==
        Numbers{4, 0, 2, 3, 6, 8, 1, 11, 10, 12, 7, 13, 14, 16, 15, 18, 5, 17, 9, 19});
  CHECK(numbers_of_stream(csv.shuffle(1, 6, 2).skip(3).take(5)) == Numbers{24, 3, 4, 23, 7});
}

TEST_CASE("each pass over a stream reads the files again; a derived stream begins with epoch 0", "[iterable_dataset]") {
  const StreamFiles files;
  IterableDataset rows = files.open("csv", "*.csv").shuffle(7, 10);
  const Numbers first = numbers_of_stream(rows);
  CHECK(numbers_of_stream(rows) == first);
  rows.set_epoch(1);
  const Numbers second = numbers_of_stream(rows);
  CHECK(second != first);
  CHECK(rows.epoch() == 1);
  CHECK(rows.take(5).epoch() == 0);
  rows.set_epoch(0);
  CHECK(numbers_of_stream(rows) == first);
  Numbers sorted = second;
  std::ranges::sort(sorted);
  CHECK(sorted == first_numbers(27));
}

TEST_CASE("what is done to the rows of a stream", "[iterable_dataset]") {
  const StreamFiles files;
  const IterableDataset rows = files.open("json", "*.jsonl");
  CHECK(numbers_of_stream(rows.skip(3).take(4)) == Numbers{3, 4, 5, 6});
  CHECK(numbers_of_stream(rows.skip(27)).empty());
  CHECK(numbers_of_stream(rows.take(0)).empty());
  CHECK(numbers_of_stream(rows.take(100)) == first_numbers(27));
  CHECK(numbers_of_stream(rows.filter([](const Row& row) { return row.get<std::int64_t>("n") % 10 == 0; })) ==
        Numbers{0, 10, 20});

  int calls = 0;
  const IterableDataset longer = rows.map([&calls](const Row& row) {
    ++calls;
    return Example{{"twice", 2 * row.get<std::int64_t>("n")}};
  });
  CHECK(longer.column_names() == std::vector<std::string>{"text", "n", "twice"});
  CHECK(calls == 1);
  CHECK(longer.take(3).to_dataset().column<std::int64_t>("twice").to_vector() == Numbers{0, 2, 4});
  CHECK(calls == 4);

  std::vector<std::int64_t> sizes;
  const IterableDataset pairs = rows.map_batched(
      [&sizes](const Dataset& batch) {
        sizes.push_back(batch.num_rows());
        return Columns{{"first", Numbers{batch.column<std::int64_t>("n")[0]}}};
      },
      {.batch_size = 10, .remove_columns = {"text", "n"}});
  CHECK(pairs.to_dataset().column<std::int64_t>("first").to_vector() == Numbers{0, 10, 20});
  CHECK(sizes == Numbers{10, 10, 7});

  CHECK(rows.rename_column("n", "number").remove_columns({"text"}).column_names() ==
        std::vector<std::string>{"number"});
  CHECK(rows.select_columns({"n"}).column_names() == std::vector<std::string>{"n"});
  CHECK(rows.features()[1].type == ColumnType::int64);
}

TEST_CASE("a stream in data sets of some rows equals the files as a whole", "[iterable_dataset]") {
  const StreamFiles files;
  const IterableDataset rows = files.open("csv", "*.csv");
  const Dataset whole = load_dataset("csv", DataFiles{{"train", files.folder / "*.csv"}})["train"];
  CHECK(test::table_text(rows.to_dataset()) == test::table_text(whole));
  Numbers sizes;
  for (const Dataset& batch : rows.iter(10)) sizes.push_back(batch.num_rows());
  CHECK(sizes == Numbers{10, 10, 7});
  sizes.clear();
  for (const Dataset& batch : rows.iter(10, true)) sizes.push_back(batch.num_rows());
  CHECK(sizes == Numbers{10, 10});
  const Dataset shuffled = rows.shuffle(3, 8).to_dataset();
  for (const Row row : shuffled)
    CHECK(shuffled.place(row.index()).ends_with(str_cat(", line ", [&] {
      const std::int64_t n = row.get<std::int64_t>("n");
      return 2 + (n < 9 ? n : n < 23 ? n - 9 : n - 23);
    }())));
}

TEST_CASE("classes of a stream are read by one rule in all of its pieces", "[iterable_dataset]") {
  const StreamFiles files;
  std::string labels = "text,label\n", names = "text,label\n", positions = "text,label\n";
  for (int i = 0; i < 40; ++i) labels += i % 3 == 0 ? "a,pos\n" : "b,neg\n";
  for (int i = 0; i < 40; ++i) names += "a,1\n", positions += "b,0\n";
  test::write_text(files.folder / "labels.csv", labels);
  test::write_text(files.folder / "mixed1.csv", names);
  test::write_text(files.folder / "mixed2.csv", positions);
  const Dataset rows = files.open("csv", "labels.csv").cast_column("label", {{"neg", "pos"}}).to_dataset();
  CHECK(rows.class_names("label") == std::vector<std::string>{"neg", "pos"});
  CHECK(rows.column<std::int64_t>("label")[0] == 1);
  CHECK(rows.column<std::int64_t>("label")[1] == 0);
  TL_REQUIRE_ERROR(files.open("csv", "labels.csv").cast_column("label", {{"neg", "good"}}).to_dataset(),
                   "labels.csv, line 2: expected label to be one of ['neg', 'good'], got 'pos'");
  // The name "1" of class 0 beside the position 0.
  TL_REQUIRE_ERROR(
      files.open("csv", "mixed*.csv").cast_column("label", {{"1", "x"}}).to_dataset(),
      "on: expected the labels in column label to be names of classes as in the rows before, got positions "
      "among the classes; write all as names");
}

TEST_CASE("files of one stream have the same columns of the same types", "[iterable_dataset]") {
  const StreamFiles files;
  const auto fails = [&](const std::string& format, const std::string& name, const std::string& text,
                         std::string_view sentence) {
    const std::string last = format == "csv" ? "9.csv" : "9.jsonl";
    test::write_text(files.folder / last, text);
    const IterableDataset rows = files.open(format, name);
    TL_REQUIRE_ERROR(numbers_of_stream(rows), sentence);
    TL_REQUIRE_ERROR(numbers_of_stream(rows.shuffle(1, 5)), sentence);  // whichever file is read first
  };
  fails(
      "csv", "*.csv", "text,n\nr1,0.5\n",
      "9.csv, line 2, column 'n': expected int64 as in " + (files.folder / "0.csv").native() + ", got '0.5'; a stream");
  fails("csv", "*.csv", "text,m\nr1,1\n", ": expected the columns ['text', 'n'] as in");
  fails("json", "*.jsonl", "{\"text\": \"r1\", \"n\": \"x\"}\n",
        "9.jsonl, line 1 on, column 'n': expected int64 as in " + (files.folder / "0.jsonl").native() + ", got string");
  fails("json", "*.jsonl", "{\"text\": \"r1\"}\n", "9.jsonl, line 1: expected the columns ['text', 'n'] as in");
  // Another order of the same columns, and whole numbers among others, are no difference.
  test::write_text(files.folder / "9.csv", "n,text\n27,r27\n");
  CHECK(numbers_of_stream(files.open("csv", "*.csv")) == first_numbers(28));
  test::write_text(files.folder / "0.csv", "text,n\nr0,0.5\n");
  CHECK(files.open("csv", "*.csv").to_dataset().column_type("n") == ColumnType::float64);
  test::write_text(files.folder / "0.csv", "text,n\n");
  CHECK(files.open("csv", "*.csv").to_dataset().num_rows() == 19);
}

TEST_CASE("what a stream is asked for and cannot do", "[iterable_dataset]") {
  const StreamFiles files;
  const DataFiles data = {{"train", files.folder / "*.csv"}};
  const std::string folder = files.folder.path().native();
  TL_REQUIRE_ERROR(
      stream_dataset("csv", data, Split("train[:10%]")),
      "split 'train[:10%]': expected one of ['train'] for a stream, whose rows take(), skip() and shuffle() "
      "choose, got 'train[:10%]'");
  TL_REQUIRE_ERROR(stream_dataset("csv", data, Split("train"), {.field = "rows"}),
                   "stream_dataset: expected no field for the format csv");
  TL_REQUIRE_ERROR(stream_dataset("text", data, Split("train"), {.float_columns = {"n"}}),
                   "stream_dataset: expected no float_columns for the format text");
  TL_REQUIRE_ERROR(load_dataset("csv", data, {.float_columns = {"n"}}),
                   "load_dataset: expected no float_columns, which are for stream_dataset()");
  const IterableDataset rows = stream_dataset("csv", data, Split("train"));
  TL_REQUIRE_ERROR(rows.shuffle(1, 0), "shuffle: expected a buffer_size of at least 1, got 0");
  TL_REQUIRE_ERROR(rows.shuffle(1, 10, 0), "shuffle: expected max_buffer_input_shards of at least 1, got 0");
  TL_REQUIRE_ERROR(rows.take(-1), "take: expected at least 0 rows, got -1");
  TL_REQUIRE_ERROR(rows.skip(-1), "skip: expected at least 0 rows, got -1");
  TL_REQUIRE_ERROR(rows.iter(0), "iter: expected batch_size >= 1, got 0");
  TL_REQUIRE_ERROR(rows.map_batched([](const Dataset&) { return Columns{}; }, {.batch_size = 0}),
                   "map_batched: expected batch_size >= 1, got 0");
  TL_REQUIRE_ERROR(rows.remove_columns({"absent"}).to_dataset(), "expected a column 'absent'");
  int calls = 0;
  TL_REQUIRE_ERROR(rows.map_batched(
                           [&calls](const Dataset& batch) {
                             const auto size = static_cast<std::size_t>(batch.num_rows());
                             if (++calls == 1) return Columns{{"x", Numbers(size, 1)}};
                             return Columns{{"x", std::vector<std::string>(size, "a")}};
                           },
                           {.batch_size = 10})
                       .to_dataset(),
                   "column 'x': expected int64 as in the rows before, got string");
}

TEST_CASE("README.md says which columns a stream has and how many rows", "[iterable_dataset]") {
  const test::TemporaryFolder folder;
  const auto readme = [&](int rows) {
    test::write_text(folder / "README.md",
                     str_cat("---\ndataset_info:\n  features:\n  - name: text\n    dtype: string\n  - name: label\n    "
                             "dtype:\n      class_label:\n        names:\n          '0': neg\n          '1': pos\n  "
                             "splits:\n  - name: train\n    num_examples: ",
                             rows, "\n---\n"));
  };
  readme(3);
  test::write_text(folder / "train.csv", "text,label\n1,0\n2,1\nx,0\n");
  const IterableDataset rows = stream_dataset(folder.path().native(), Split("train"));
  const Dataset all = rows.to_dataset();
  CHECK(all.column<std::string>("text")[0] == "1");
  CHECK(all.class_names("label") == std::vector<std::string>{"neg", "pos"});
  readme(4);
  const IterableDataset fewer = stream_dataset(folder.path().native(), Split("train"));
  TL_REQUIRE_ERROR(fewer.to_dataset(), "expected 4 rows in the split train, as README.md says, got 3");
  CHECK(fewer.take(2).to_dataset().num_rows() == 2);
}
