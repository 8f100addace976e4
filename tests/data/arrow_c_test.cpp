// Tables by Arrow's C Data Interface: structs made by hand with every type, offsets, nulls and faults, each released
// once whatever happens; and random data sets there and back. tests/reference/compare_arrow_c.py does it with other
// libraries.
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <tl/data/arrow_c.hpp>

#include "support/catch.hpp"

using namespace tl;

namespace {

using ArrowTexts = std::vector<std::string>;

/// A schema and an array made by hand. Buffers are cut to their length, so that a sanitizer sees what reads beyond
/// them.
struct ArrowByHand {
  ArrowSchema schema{};
  ArrowArray array{};
  std::vector<std::unique_ptr<char[]>> kept = {};
  std::vector<const void*> buffers = {};
  std::vector<std::unique_ptr<ArrowByHand>> children = {};
  std::vector<ArrowSchema*> schemas = {};
  std::vector<ArrowArray*> arrays = {};
  std::string name = {}, format = {}, metadata = {};
  std::unique_ptr<ArrowByHand> dictionary = {};

  ArrowByHand(std::string type, std::int64_t length) : format(std::move(type)) {
    array.length = length;
    schema.release = [](ArrowSchema* released) {
      ++*static_cast<int*>(released->private_data);
      released->release = nullptr;
    };
    array.release = [](ArrowArray* released) {
      ++*static_cast<int*>(released->private_data);
      released->release = nullptr;
    };
    schema.private_data = &schema_releases;
    array.private_data = &array_releases;
  }

  template <class T> ArrowByHand& buffer(const std::vector<T>& values) {
    const std::size_t bytes = values.size() * sizeof(T);
    kept.push_back(std::make_unique<char[]>(bytes));
    if (bytes > 0) std::memcpy(kept.back().get(), values.data(), bytes);
    buffers.push_back(kept.back().get());
    return *this;
  }
  ArrowByHand& no_buffer() { return buffers.push_back(nullptr), *this; }
  ArrowByHand& text(const std::string& bytes) { return buffer(std::vector<char>(bytes.begin(), bytes.end())); }
  ArrowByHand& nulls(std::uint8_t valid, std::int64_t count) {
    buffer(std::vector<std::uint8_t>{valid});
    array.null_count = count;
    return *this;
  }
  ArrowByHand& add(std::string column, ArrowByHand child) {
    child.name = std::move(column);
    children.push_back(std::make_unique<ArrowByHand>(std::move(child)));
    return *this;
  }
  ArrowByHand& codes(ArrowByHand values) {
    dictionary = std::make_unique<ArrowByHand>(std::move(values));
    return *this;
  }

  /// Fills in the pointers, when all has its place.
  void finish() {
    schema.format = format.c_str();
    schema.name = name.c_str();
    if (!metadata.empty()) schema.metadata = metadata.data();
    schema.private_data = &schema_releases;
    array.private_data = &array_releases;
    schemas.clear();
    arrays.clear();
    for (const auto& child : children) {
      child->finish();
      schemas.push_back(&child->schema);
      arrays.push_back(&child->array);
    }
    schema.n_children = array.n_children = static_cast<std::int64_t>(children.size());
    schema.children = schemas.data();
    array.children = arrays.data();
    array.n_buffers = static_cast<std::int64_t>(buffers.size());
    array.buffers = buffers.data();
    if (!dictionary) return;
    dictionary->finish();
    schema.dictionary = &dictionary->schema;
    array.dictionary = &dictionary->array;
  }

  int schema_releases = 0, array_releases = 0;
};

/// A column of whole numbers.
template <class T> ArrowByHand arrow_numbers(const char* format, const std::vector<T>& values) {
  ArrowByHand column(format, static_cast<std::int64_t>(values.size()));
  column.no_buffer().buffer(values);
  return column;
}

/// A column of texts: "", "a", "caf\xc3\xa9".
ArrowByHand arrow_texts() {
  ArrowByHand column("u", 3);
  column.no_buffer().buffer(std::vector<std::int32_t>{0, 0, 1, 6}).text("acaf\xc3\xa9");
  return column;
}

ArrowByHand arrow_table(std::int64_t rows) {
  ArrowByHand table("+s", rows);
  table.no_buffer();
  return table;
}

/// A table of one column.
ArrowByHand arrow_table(ArrowByHand column) {
  ArrowByHand table = arrow_table(column.array.length - column.array.offset);
  table.array.length = column.array.length;
  table.add("x", std::move(column));
  return table;
}

/// Imports, and looks at what was released.
Dataset arrow_read(ArrowByHand& table, const ArrowTexts& columns = {}) {
  struct Once {
    ArrowByHand& table;
    ~Once() {
      CHECK(table.schema.release == nullptr);
      CHECK(table.array.release == nullptr);
      CHECK(table.schema_releases == 1);
      CHECK(table.array_releases == 1);
    }
  } once{table};
  return from_arrow(&table.schema, &table.array, columns);
}

Dataset arrow_read(ArrowByHand&& table, const std::function<void(ArrowByHand&)>& change = {},
                   const ArrowTexts& columns = {}) {
  table.finish();
  if (change) change(table);
  return arrow_read(table, columns);
}

/// The values of the only column.
template <class T> std::vector<T> arrow_values(ArrowByHand column) {
  return arrow_read(arrow_table(std::move(column))).column<T>("x").to_vector();
}

}  // namespace

TEST_CASE("arrow C: numbers of every width") {
  const std::vector<std::int64_t> expected = {0, 7, 100};
  CHECK(arrow_values<std::int64_t>(arrow_numbers<std::int8_t>("c", {0, 7, 100})) == expected);
  CHECK(arrow_values<std::int64_t>(arrow_numbers<std::uint8_t>("C", {0, 7, 100})) == expected);
  CHECK(arrow_values<std::int64_t>(arrow_numbers<std::int16_t>("s", {0, 7, 100})) == expected);
  CHECK(arrow_values<std::int64_t>(arrow_numbers<std::uint16_t>("S", {0, 7, 100})) == expected);
  CHECK(arrow_values<std::int64_t>(arrow_numbers<std::int32_t>("i", {0, 7, 100})) == expected);
  CHECK(arrow_values<std::int64_t>(arrow_numbers<std::uint32_t>("I", {0, 7, 100})) == expected);
  CHECK(arrow_values<std::int64_t>(arrow_numbers<std::int64_t>("l", {0, 7, 100})) == expected);
  CHECK(arrow_values<std::int64_t>(arrow_numbers<std::uint64_t>("L", {0, 7, 100})) == expected);
  CHECK(arrow_values<std::int64_t>(arrow_numbers<std::int8_t>("c", {-128, 127})) ==
        std::vector<std::int64_t>{-128, 127});
  CHECK(arrow_values<double>(arrow_numbers<std::uint16_t>("e", {0x3800, 0xc000, 1})) ==
        std::vector<double>{0.5, -2, 0x1p-24});
  CHECK(arrow_values<double>(arrow_numbers<float>("f", {0.5F, -2})) == std::vector<double>{0.5, -2});
  CHECK(arrow_values<double>(arrow_numbers<double>("g", {0.1, -1e300})) == std::vector<double>{0.1, -1e300});
  ArrowByHand booleans("b", 3);
  booleans.no_buffer().buffer(std::vector<std::uint8_t>{0b101});
  const Dataset rows = arrow_read(arrow_table(std::move(booleans)));
  CHECK(rows.column<std::int64_t>("x").to_vector() == std::vector<std::int64_t>{1, 0, 1});
  CHECK(rows.is_boolean("x"));
  TL_REQUIRE_ERROR(arrow_values<std::int64_t>(arrow_numbers<std::uint64_t>("L", {1, std::uint64_t{1} << 63})),
                   "from_arrow, row 1, column 'x': expected a number of 64 bits, got 9223372036854775808");
}

TEST_CASE("arrow C: texts") {
  const ArrowTexts expected = {"", "a", "caf\xc3\xa9"};
  CHECK(arrow_values<std::string>(arrow_texts()) == expected);
  ArrowByHand large("U", 3);
  large.no_buffer().buffer(std::vector<std::int64_t>{0, 0, 1, 6}).text("acaf\xc3\xa9");
  CHECK(arrow_values<std::string>(std::move(large)) == expected);

  const std::string longer = "a text of more than twelve bytes";
  const auto view = [&](std::int32_t length, const std::string& inside, std::int32_t buffer, std::int32_t offset) {
    std::string bytes(16, '\0');
    std::memcpy(bytes.data(), &length, 4);
    std::memcpy(bytes.data() + 4, inside.data(), inside.size());
    if (length <= 12) return bytes;
    std::memcpy(bytes.data() + 8, &buffer, 4);
    std::memcpy(bytes.data() + 12, &offset, 4);
    return bytes;
  };
  const auto views = [&](const std::string& last) {
    ArrowByHand column("vu", 3);
    column.no_buffer().text(view(0, "", 0, 0) + view(12, "twelve bytes", 0, 0) + last);
    column.text("no" + longer).buffer(std::vector<std::int64_t>{static_cast<std::int64_t>(longer.size()) + 2});
    return column;
  };
  const auto size = static_cast<std::int32_t>(longer.size());
  CHECK(arrow_values<std::string>(views(view(size, "a te", 0, 2))) == ArrowTexts{"", "twelve bytes", longer});
  TL_REQUIRE_ERROR(arrow_values<std::string>(views(view(size, "a te", 0, 3))),
                   "from_arrow, row 2, column 'x': expected a text within 34 bytes, got 32 bytes at 3");
  TL_REQUIRE_ERROR(arrow_values<std::string>(views(view(size, "a te", 1, 0))),
                   "row 2, column 'x': expected a text in one of 1 buffers, got one in buffer 1");
  TL_REQUIRE_ERROR(arrow_values<std::string>(views(view(size, "a te", -1, 0))), "got one in buffer -1");
  TL_REQUIRE_ERROR(arrow_values<std::string>(views(view(size, "a te", 0, -1))), "got 32 bytes at -1");
  TL_REQUIRE_ERROR(arrow_values<std::string>(views(view(-1, "", 0, 0))), "expected a text of at least 0 bytes, got -1");

  ArrowByHand latin("u", 2);
  latin.no_buffer().buffer(std::vector<std::int32_t>{0, 1, 5}).text("acaf\xe9");
  TL_REQUIRE_ERROR(arrow_values<std::string>(std::move(latin)),
                   "from_arrow, row 1, column 'x': expected UTF-8, got caf\\xe9");
}

TEST_CASE("arrow C: offsets of arrays, of children and of the table") {
  ArrowByHand texts = arrow_texts();
  texts.array.offset = 1;
  texts.array.length = 2;
  ArrowByHand table = arrow_table(2);
  table.add("x", std::move(texts)).add("n", arrow_numbers<std::int32_t>("i", {7, 8, 9}));
  const Dataset rows = arrow_read(std::move(table));
  CHECK(rows.column<std::string>("x").to_vector() == ArrowTexts{"a", "caf\xc3\xa9"});
  CHECK(rows.column<std::int64_t>("n").to_vector() == std::vector<std::int64_t>{7, 8});

  ArrowByHand later = arrow_table(1);
  later.array.offset = 1;
  ArrowByHand numbers = arrow_numbers<std::int32_t>("i", {5, 6, 7, 8});
  numbers.array.offset = 1;
  numbers.array.length = 3;
  later.add("x", std::move(numbers));
  CHECK(arrow_read(std::move(later)).column<std::int64_t>("x").to_vector() == std::vector<std::int64_t>{7});

  ArrowByHand booleans("b", 2);
  booleans.nulls(0b01'1011'1011 & 0xff, -1).buffer(std::vector<std::uint8_t>{0b1000'1000, 1});
  booleans.array.offset = 2;
  const Dataset bits = arrow_read(arrow_table(std::move(booleans)));
  CHECK(bits.nulls("x") == std::vector<bool>{true, false});
  CHECK(bits[1].get<std::int64_t>("x") == 1);

  ArrowByHand items = arrow_numbers<std::int32_t>("i", {0, 1, 2, 3, 4});
  items.array.offset = 1;
  items.array.length = 4;
  ArrowByHand lists("+l", 2);
  lists.no_buffer().buffer(std::vector<std::int32_t>{0, 1, 1, 4});
  lists.array.offset = 1;
  lists.add("item", std::move(items));
  CHECK(arrow_values<std::vector<std::int32_t>>(std::move(lists)) ==
        std::vector<std::vector<std::int32_t>>{{}, {2, 3, 4}});
}

TEST_CASE("arrow C: lists") {
  using Lists = std::vector<std::vector<std::int32_t>>;
  const auto items = [] { return arrow_numbers<std::int32_t>("i", {1, 2, 3, 4}); };
  ArrowByHand large("+L", 3);
  large.no_buffer().buffer(std::vector<std::int64_t>{0, 2, 2, 4}).add("item", items());
  CHECK(arrow_values<std::vector<std::int32_t>>(std::move(large)) == Lists{{1, 2}, {}, {3, 4}});
  ArrowByHand fixed("+w:2", 2);
  fixed.no_buffer().add("item", items());
  CHECK(arrow_values<std::vector<std::int32_t>>(std::move(fixed)) == Lists{{1, 2}, {3, 4}});
  ArrowByHand views("+vl", 3);
  views.no_buffer().buffer(std::vector<std::int32_t>{2, 0, 4}).buffer(std::vector<std::int32_t>{2, 3, 0});
  views.add("item", items());
  CHECK(arrow_values<std::vector<std::int32_t>>(std::move(views)) == Lists{{3, 4}, {1, 2, 3}, {}});
  ArrowByHand beyond("+vL", 1);
  beyond.no_buffer().buffer(std::vector<std::int64_t>{2}).buffer(std::vector<std::int64_t>{3}).add("item", items());
  TL_REQUIRE_ERROR(arrow_values<std::vector<std::int32_t>>(std::move(beyond)),
                   "from_arrow, row 0, column 'x': expected a list within 4 values, got 3 values from 2 on");
  ArrowByHand words("+l", 1);
  words.no_buffer().buffer(std::vector<std::int32_t>{0, 3}).add("item", arrow_texts());
  CHECK(arrow_values<ArrowTexts>(std::move(words)) == std::vector<ArrowTexts>{{"", "a", "caf\xc3\xa9"}});
  ArrowByHand reals("+l", 1);
  reals.no_buffer().buffer(std::vector<std::int32_t>{0, 2}).add("item", arrow_numbers<double>("g", {0.5, 2}));
  CHECK(arrow_values<std::vector<float>>(std::move(reals)) == std::vector<std::vector<float>>{{0.5F, 2}});
  ArrowByHand wide("+l", 2);
  wide.no_buffer().buffer(std::vector<std::int32_t>{0, 1, 2}).add("item", arrow_numbers<double>("g", {0.5, 1e300}));
  TL_REQUIRE_ERROR(arrow_values<std::vector<float>>(std::move(wide)),
                   "from_arrow, row 1, column 'x': expected a number of 32 bits, got 1e+300");
  ArrowByHand empty("+l", 2);  // of lists that are all empty, a type is often not known
  empty.no_buffer().buffer(std::vector<std::int32_t>{0, 0, 0}).add("item", ArrowByHand("n", 0));
  CHECK(arrow_values<std::vector<std::int32_t>>(std::move(empty)) == Lists{{}, {}});
  ArrowByHand null_item("+l", 2);
  ArrowByHand values("i", 2);
  values.nulls(0b01, 1).buffer(std::vector<std::int32_t>{1, 2});
  null_item.no_buffer().buffer(std::vector<std::int32_t>{0, 1, 2}).add("item", std::move(values));
  TL_REQUIRE_ERROR(arrow_values<std::vector<std::int32_t>>(std::move(null_item)),
                   "from_arrow, row 1, column 'x': expected values in the list, got null; choose other columns with "
                   "the argument columns");
}

TEST_CASE("arrow C: dictionaries") {
  const auto codes = [](std::int8_t last) {
    ArrowByHand column = arrow_numbers<std::int8_t>("c", {2, 0, last});
    column.codes(arrow_texts());
    return column;
  };
  CHECK(arrow_values<std::string>(codes(2)) == ArrowTexts{"caf\xc3\xa9", "", "caf\xc3\xa9"});
  TL_REQUIRE_ERROR(arrow_values<std::string>(codes(3)),
                   "from_arrow, row 2, column 'x': expected a code below 3 of the dictionary, got 3");
  TL_REQUIRE_ERROR(arrow_values<std::string>(codes(-1)), "got -1");
  ArrowByHand numbers = arrow_numbers<std::uint32_t>("I", {1, 0});
  numbers.codes(arrow_numbers<double>("g", {0.5, 2}));
  CHECK(arrow_values<double>(std::move(numbers)) == std::vector<double>{2, 0.5});
  ArrowByHand null_value("C", 3);
  ArrowByHand values("u", 2);
  values.nulls(0b01, 1).buffer(std::vector<std::int32_t>{0, 1, 1}).text("a");
  null_value.nulls(0b110, 1).buffer(std::vector<std::uint8_t>{99, 1, 0}).codes(std::move(values));  // 99 is not read
  const Dataset rows = arrow_read(arrow_table(std::move(null_value)));
  CHECK(rows.nulls("x") == std::vector<bool>{true, true, false});
  CHECK(rows[2].get<std::string>("x") == "a");
  ArrowByHand lists("+l", 2);
  lists.no_buffer().buffer(std::vector<std::int32_t>{0, 2, 3}).add("item", codes(1));
  CHECK(arrow_values<ArrowTexts>(std::move(lists)) == std::vector<ArrowTexts>{{"caf\xc3\xa9", ""}, {"a"}});
  TL_REQUIRE_ERROR(
      arrow_read(arrow_table(codes(1)), [](ArrowByHand& table) { table.children[0]->array.dictionary = nullptr; }),
      "from_arrow, column 'x': expected a dictionary, got none");
  TL_REQUIRE_ERROR(
      arrow_read(arrow_table(codes(1)), [](ArrowByHand& table) { table.children[0]->schema.dictionary = nullptr; }),
      "from_arrow, column 'x': expected no dictionary, got one");
}

TEST_CASE("arrow C: nulls are cells without a value") {
  ArrowByHand table = arrow_table(3);
  ArrowByHand texts("u", 3);
  texts.nulls(0b101, -1).buffer(std::vector<std::int32_t>{0, 1, 3, 3}).text("a\xff\xfe");  // not UTF-8 where it is null
  ArrowByHand numbers("L", 3);
  numbers.nulls(0b011, 1).buffer(std::vector<std::uint64_t>{1, 2, ~std::uint64_t{0}});
  ArrowByHand lists("+l", 3);
  lists.nulls(0b110, 1).buffer(std::vector<std::int32_t>{0, 2, 2, 3}).add("item", [] {
    ArrowByHand items("i", 3);
    items.nulls(0b100, 2).buffer(std::vector<std::int32_t>{1, 2, 3});
    return items;
  }());
  ArrowByHand none("n", 3);
  none.array.null_count = 3;
  table.add("text", std::move(texts))
      .add("n", std::move(numbers))
      .add("l", std::move(lists))
      .add("none", std::move(none));
  const Dataset rows = arrow_read(std::move(table));
  CHECK(rows.nulls("text") == std::vector<bool>{false, true, false});
  CHECK(rows.nulls("n") == std::vector<bool>{false, false, true});
  CHECK(rows.nulls("l") == std::vector<bool>{true, false, false});
  CHECK(rows.nulls("none") == std::vector<bool>(3, true));
  CHECK(rows[2].get<std::vector<std::int32_t>>("l") == std::vector<std::int32_t>{3});
  TL_REQUIRE_ERROR(rows.column<std::string>("text"), "row 1, column 'text': expected a value, got null; fill it");
  ArrowByHand null_rows("+s", 2);
  null_rows.nulls(0b01, 1).add("x", arrow_numbers<std::int8_t>("c", {1, 2}));
  TL_REQUIRE_ERROR(arrow_read(std::move(null_rows)), "from_arrow, row 1: expected a row, got null");
}

TEST_CASE("arrow C: columns, names of classes, empty tables") {
  const auto table = [](const std::string& features) {
    ArrowByHand result = arrow_table(2);
    result.add("label", arrow_numbers<std::int64_t>("l", {1, 0}))
        .add("time", arrow_numbers<std::int64_t>("tsu:", {1, 2}));
    result.metadata = detail::schema_metadata("huggingface", features);
    return result;
  };
  const std::string features = R"({"info": {"features": {"label": {"names": ["a", "b"], "_type": "ClassLabel"}}}})";
  CHECK(arrow_read(table(features), {}, {"label"}).class_names("label") == ArrowTexts{"a", "b"});
  TL_REQUIRE_ERROR(arrow_read(table("{")), "from_arrow, column 'time': expected texts, numbers");
  TL_REQUIRE_ERROR(arrow_read(table("{"), {}, {"label"}), "from_arrow, metadata huggingface");
  TL_REQUIRE_ERROR(arrow_read(table(features), {}, {"labels"}),
                   "from_arrow: expected a column 'labels', the columns are ['label', 'time']");
  CHECK(arrow_read(table(R"({"info": {}})"), {}, {"label"}).class_names("label").empty());
  const Dataset none = arrow_read(arrow_table(0));
  CHECK(none.num_rows() == 0);
  ArrowByHand empty = arrow_table(0);
  ArrowByHand texts("u", 0), lists("+l", 0);
  texts.no_buffer().no_buffer().no_buffer();
  lists.no_buffer().no_buffer().add("item", arrow_numbers<std::int32_t>("i", {}));
  empty.add("t", std::move(texts)).add("l", std::move(lists));
  const Dataset rows = arrow_read(std::move(empty));
  CHECK(rows.column<std::string>("t").size() == 0);
  CHECK(rows.column_type("l") == ColumnType::list_int32);
}

TEST_CASE("arrow C: the sentences for types") {
  const auto refused = [](const char* format) {
    return arrow_read(arrow_table(arrow_numbers<std::int64_t>(format, {1})));
  };
  TL_REQUIRE_ERROR(
      refused("z"),
      "from_arrow, column 'x': expected texts, numbers, booleans or lists of texts or numbers, got binary; "
      "cast it to a type of texts if the bytes are UTF-8, or choose other columns with the argument columns");
  TL_REQUIRE_ERROR(refused("tsu:UTC"), "got timestamp; choose other columns with the argument columns");
  TL_REQUIRE_ERROR(refused("d:19,10"), "got decimal; choose");
  TL_REQUIRE_ERROR(refused("tdD"), "got date32; choose");
  TL_REQUIRE_ERROR(refused("+s"), "got struct; choose");
  TL_REQUIRE_ERROR(refused("+r"), "got run-end encoded values; choose");
  TL_REQUIRE_ERROR(refused("?"), "got the format '?'; choose");
  TL_REQUIRE_ERROR(refused("+w:x"), "expected a format +w:SIZE, got '+w:x'");
  TL_REQUIRE_ERROR(refused("+w:-1"), "expected a format +w:SIZE, got '+w:-1'");
  TL_REQUIRE_ERROR(refused("+l"), "expected 1 children of the type '+l', got 0");
  ArrowByHand nested("+l", 0);
  ArrowByHand inner("+l", 0);
  inner.no_buffer().buffer(std::vector<std::int32_t>{0}).add("item", arrow_numbers<std::int32_t>("i", {}));
  nested.no_buffer().buffer(std::vector<std::int32_t>{0}).add("item", std::move(inner));
  TL_REQUIRE_ERROR(arrow_read(arrow_table(std::move(nested))), "got lists or dictionaries of lists; choose");
  TL_REQUIRE_ERROR(arrow_read(arrow_numbers<std::int32_t>("i", {1})),
                   "from_arrow: expected a table, whose format is '+s', got the format 'i'");
}

TEST_CASE("arrow C: the sentences for what contradicts itself") {
  using Change = std::function<void(ArrowByHand&)>;
  const auto broken = [](const Change& change) {
    ArrowByHand table = arrow_table(3);
    ArrowByHand lists("+l", 3);
    lists.no_buffer()
        .buffer(std::vector<std::int32_t>{0, 1, 2, 3})
        .add("item", arrow_numbers<std::int32_t>("i", {1, 2, 3}));
    table.add("t", arrow_texts()).add("n", arrow_numbers<std::int32_t>("i", {1, 2, 3})).add("l", std::move(lists));
    return arrow_read(std::move(table), change);
  };
  CHECK(broken({}).num_rows() == 3);
  const std::vector<std::pair<Change, std::string>> cases = {
      {[](auto& t) { t.array.length = -1; },
       "from_arrow: expected a length and an offset of at least 0, got length -1"},
      {[](auto& t) { t.array.offset = -1; }, "got length 3 and offset -1"},
      {[](auto& t) { t.array.offset = std::numeric_limits<std::int64_t>::max(); }, "got length 3 and offset 92"},
      {[](auto& t) { t.array.length = 4; }, "column 't': expected 4 cells from 0 on, got 3 in all"},
      {[](auto& t) { t.array.offset = 1; }, "column 't': expected 3 cells from 1 on, got 3 in all"},
      {[](auto& t) { t.array.n_children = 2; }, "from_arrow: expected 3 children, got 2"},
      {[](auto& t) { t.array.children = nullptr; }, "from_arrow: expected children, got a null pointer"},
      {[](auto& t) { t.array.children[1] = nullptr; }, "from_arrow: expected child 1, got a null pointer"},
      {[](auto& t) { t.array.n_buffers = 0; }, "from_arrow: expected 1 buffers, got 0"},
      {[](auto& t) { t.array.null_count = 1; }, "from_arrow: expected a bitmap of the 1 nulls, got a null pointer"},
      {[](auto& t) { t.array.null_count = 4; }, "from_arrow: expected a number of nulls from -1 to 3, got 4"},
      {[](auto& t) { t.schema.n_children = -1; }, "from_arrow: expected columns, got -1"},
      {[](auto& t) { t.schema.children = nullptr; }, "from_arrow: expected columns, got 3 at a null pointer"},
      {[](auto& t) { t.schema.children[2] = nullptr; }, "expected column 2 in the schema, got a null pointer"},
      {[](auto& t) { t.schema.format = nullptr; }, "from_arrow: expected a schema"},
      {[](auto& t) { t.children[0]->schema.name = "n"; }, "expected columns of different names, got 'n' twice"},
      {[](auto& t) { t.children[0]->schema.name = "\xff"; }, "expected names of columns in UTF-8, got \\xff"},
      {[](auto& t) { t.children[0]->schema.format = nullptr; }, "column 't': expected a schema that is filled in"},
      {[](auto& t) { t.children[0]->array.release = nullptr; },
       "column 't': expected an array, got one that is released"},
      {[](auto& t) { t.children[0]->array.n_buffers = 2; }, "column 't': expected 3 buffers, got 2"},
      {[](auto& t) { t.children[0]->array.buffers = nullptr; }, "column 't': expected buffers, got a null pointer"},
      {[](auto& t) { t.children[0]->buffers[1] = nullptr; }, "column 't': expected a buffer for 3 cells, got a null"},
      {[](auto& t) { t.children[0]->buffers[2] = nullptr; }, "column 't': expected a buffer of texts, got a null"},
      {[](auto& t) { t.children[1]->buffers[1] = nullptr; }, "column 'n': expected a buffer for 3 cells, got a null"},
      {[](auto& t) { t.children[1]->array.n_children = 1; }, "column 'n': expected 0 children, got 1"},
      {[](auto& t) { t.children[2]->children[0]->array.length = 2; }, "column 'l': expected offsets up to 2, got 3"},
      {[](auto& t) { t.children[2]->children[0]->array.length = -3; }, "column 'l': expected offsets up to -3, got 3"}};
  for (const auto& faulty : cases) {
    INFO(faulty.second);
    TL_REQUIRE_ERROR(broken(faulty.first), faulty.second);
  }
  const auto offsets = [](std::vector<std::int32_t> values) {
    ArrowByHand texts("u", 2);
    texts.no_buffer().buffer(values).text("ab");
    return arrow_read(arrow_table(std::move(texts)));
  };
  TL_REQUIRE_ERROR(offsets({0, 2, 1}), "column 'x': expected offsets that do not go back, got 1 after 2");
  TL_REQUIRE_ERROR(offsets({-1, 0, 1}), "column 'x': expected offsets from 0 on, got -1");
  ArrowByHand fixed("+w:2", 3);
  fixed.no_buffer().add("item", arrow_numbers<std::int32_t>("i", {1, 2, 3, 4}));
  TL_REQUIRE_ERROR(arrow_read(arrow_table(std::move(fixed))), "column 'x': expected values for 3 lists of 2, got 4");
  ArrowByHand bad_metadata = arrow_table(0);
  bad_metadata.metadata = std::string("\xff\xff\xff\xff", 4);
  TL_REQUIRE_ERROR(arrow_read(std::move(bad_metadata)), "expected metadata with sizes of at least 0, got -1");
}

TEST_CASE("arrow C: null pointers, and structs that are released") {
  ArrowByHand table = arrow_table(0);
  table.finish();
  TL_REQUIRE_ERROR(from_arrow(&table.schema, nullptr), "expected a schema and an array, got a null pointer");
  CHECK(table.schema_releases == 1);
  TL_REQUIRE_ERROR(from_arrow(nullptr, &table.array), "expected a schema and an array, got a null pointer");
  CHECK(table.array_releases == 1);
  TL_REQUIRE_ERROR(from_arrow(&table.schema, &table.array), "from_arrow: expected a schema, got one that is released");
  ArrowByHand released = arrow_table(0);
  released.finish();
  released.array.release = nullptr;
  TL_REQUIRE_ERROR(from_arrow(&released.schema, &released.array),
                   "from_arrow: expected an array, got one that is released");
  CHECK(released.schema_releases == 1);
  ArrowSchema schema;
  ArrowArray array;
  TL_REQUIRE_ERROR(to_arrow(Dataset(), nullptr, &array),
                   "to_arrow: expected memory for a schema and an array, got a null");
  TL_REQUIRE_ERROR(to_arrow(Dataset(), &schema, nullptr), "got a null pointer");
  TL_REQUIRE_ERROR(to_arrow(Dataset::from_columns({{"a", ArrowTexts{"b", "\xff"}}}), &schema, &array),
                   "to_arrow, row 1, column 'a': expected UTF-8, got \\xff");
  TL_REQUIRE_ERROR(to_arrow(Dataset::from_columns({{"a", ArrowTexts{"b"}}, {"w", std::vector<ArrowTexts>{{"\xff"}}}}),
                            &schema, &array),
                   "to_arrow, row 0, column 'w': expected UTF-8");
}

namespace {

/// A stream of batches of one column, which may fail.
struct ArrowStreamByHand {
  std::deque<ArrowByHand> batches = {};
  std::size_t next = 0, fail_at = 99;
  const char* problem = "no more rows";
  int releases = 0, schema_releases = 0, batch_releases = 0;
  ArrowArrayStream stream{};

  ArrowStreamByHand() {
    stream.get_schema = [](ArrowArrayStream* s, ArrowSchema* out) {
      auto& self = *static_cast<ArrowStreamByHand*>(s->private_data);
      if (self.batches.empty()) return 5;
      *out = self.batches.front().schema;
      out->private_data = &self.schema_releases;
      return 0;
    };
    stream.get_next = [](ArrowArrayStream* s, ArrowArray* out) {
      auto& self = *static_cast<ArrowStreamByHand*>(s->private_data);
      if (self.next == self.fail_at) return 22;
      if (self.next == self.batches.size()) return out->release = nullptr, 0;
      *out = self.batches[self.next++].array;
      out->private_data = &self.batch_releases;
      return 0;
    };
    stream.get_last_error = [](ArrowArrayStream* s) {
      return static_cast<ArrowStreamByHand*>(s->private_data)->problem;
    };
    stream.release = [](ArrowArrayStream* s) {
      ++static_cast<ArrowStreamByHand*>(s->private_data)->releases;
      s->release = nullptr;
    };
    stream.private_data = this;
  }

  void add(std::vector<std::int32_t> values) {
    batches.push_back(arrow_table(arrow_numbers("i", values)));
    batches.back().finish();
  }
};

}  // namespace

TEST_CASE("arrow C: streams of batches") {
  ArrowStreamByHand three;
  three.add({1, 2});
  three.add({});
  three.add({3});
  const Dataset rows = from_arrow(&three.stream);
  CHECK(rows.column<std::int64_t>("x").to_vector() == std::vector<std::int64_t>{1, 2, 3});
  CHECK(three.stream.release == nullptr);
  CHECK(three.releases == 1);
  CHECK(three.schema_releases == 1);
  CHECK(three.batch_releases == 3);
  TL_REQUIRE_ERROR(from_arrow(&three.stream), "from_arrow: expected a stream, got one that is released");
  TL_REQUIRE_ERROR(from_arrow(static_cast<ArrowArrayStream*>(nullptr)), "expected a stream, got a null pointer");

  ArrowStreamByHand fails;
  fails.add({1});
  fails.fail_at = 1;
  TL_REQUIRE_ERROR(from_arrow(&fails.stream), "from_arrow: expected a batch of rows, the stream says: no more rows");
  CHECK(fails.releases == 1);
  CHECK(fails.schema_releases == 1);
  CHECK(fails.batch_releases == 1);
  ArrowStreamByHand silent;
  silent.problem = nullptr;
  TL_REQUIRE_ERROR(from_arrow(&silent.stream), "the stream says: Input/output error");
  CHECK(silent.releases == 1);
  ArrowStreamByHand empty;
  empty.add({});
  CHECK(from_arrow(&empty.stream, {"x"}).column_type("x") == ColumnType::int64);
  ArrowStreamByHand wrong;
  wrong.add({1});
  wrong.batches.back().children[0]->array.n_buffers = 1;
  TL_REQUIRE_ERROR(from_arrow(&wrong.stream), "column 'x': expected 2 buffers, got 1");
  CHECK(wrong.batch_releases == 1);
  ArrowStreamByHand half;
  half.add({1});
  half.stream.get_next = nullptr;
  TL_REQUIRE_ERROR(from_arrow(&half.stream), "expected a stream with get_schema and get_next, got a null pointer");
  CHECK(half.releases == 1);
}

namespace {

template <class T> void arrow_check_column(const Dataset& got, const Dataset& expected, const std::string& name) {
  CHECK(got.column_with_nulls<T>(name).to_vector() == expected.column_with_nulls<T>(name).to_vector());
}

void arrow_check_equal(const Dataset& got, const Dataset& expected) {
  REQUIRE(got.column_names() == expected.column_names());
  REQUIRE(got.num_rows() == expected.num_rows());
  for (const auto& [name, type, classes] : expected.features()) {
    REQUIRE(got.column_type(name) == type);
    CHECK(got.class_names(name) == classes);
    CHECK(got.is_boolean(name) == expected.is_boolean(name));
    CHECK(got.nulls(name) == expected.nulls(name));
    if (type == ColumnType::string) arrow_check_column<std::string>(got, expected, name);
    if (type == ColumnType::int64) arrow_check_column<std::int64_t>(got, expected, name);
    if (type == ColumnType::float64) arrow_check_column<double>(got, expected, name);
    if (type == ColumnType::list_int32) arrow_check_column<std::vector<std::int32_t>>(got, expected, name);
    if (type == ColumnType::list_float32) arrow_check_column<std::vector<float>>(got, expected, name);
    if (type == ColumnType::list_string) arrow_check_column<ArrowTexts>(got, expected, name);
  }
}

Dataset arrow_round_trip(const Dataset& rows) {
  ArrowSchema schema;
  ArrowArray array;
  to_arrow(rows, &schema, &array);
  return from_arrow(&schema, &array);
}

/// A data set of random columns, with nulls in some; a cell without a value is empty, as it comes back.
Dataset arrow_random(std::mt19937& random) {
  const auto number = [&](unsigned below) { return random() % below; };
  const std::size_t size = number(4) == 0 ? number(3) : number(40);
  const auto text = [&] {
    return std::vector<std::string>{"", "a", "caf\xc3\xa9", "a longer text, of 24 byt"}[number(4)];
  };
  Columns columns;
  std::vector<std::vector<bool>> nulls;
  for (std::size_t c = number(7); c-- > 0;) {
    std::vector<bool> null(size);
    for (std::size_t row = 0; row < size; ++row) null[row] = c % 2 == 1 && number(3) == 0;
    nulls.push_back(null);
    const auto fill = [&](auto values, const auto& value) -> ColumnValues {
      for (std::size_t row = 0; row < size; ++row) {
        values.emplace_back();
        if (!null[row]) values.back() = value();
      }
      return values;
    };
    const auto list = [&](auto values, const auto& value) {
      for (std::size_t left = number(4); left-- > 0;) values.push_back(value());
      return values;
    };
    const auto values = [&]() -> ColumnValues {
      switch (number(6)) {
        case 0: return fill(std::vector<std::string>(), text);
        case 1: return fill(std::vector<std::int64_t>(), [&] { return static_cast<std::int64_t>(number(2)); });
        case 2: return fill(std::vector<double>(), [&] { return static_cast<double>(number(100)) / 7; });
        case 3:
          return fill(std::vector<std::vector<std::int32_t>>(), [&] {
            return list(std::vector<std::int32_t>(), [&] { return static_cast<std::int32_t>(number(2)); });
          });
        case 4:
          return fill(std::vector<std::vector<float>>(), [&] {
            return list(std::vector<float>(), [&] { return static_cast<float>(number(100)) / 7.0F; });
          });
        default: return fill(std::vector<ArrowTexts>(), [&] { return list(ArrowTexts(), text); });
      }
    }();
    columns.push_back({std::to_string(c), values});
  }
  std::vector<std::string> booleans;
  for (const NamedColumn& column : columns)
    if (column_type(column.values) == ColumnType::int64 && number(2) == 0) booleans.push_back(column.name);
  Dataset rows = Dataset::from_columns(columns, {}, booleans);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const ColumnType type = column_type(columns[i].values);
    rows = rows.with_nulls(columns[i].name, nulls[i]);
    if ((type == ColumnType::int64 || type == ColumnType::list_int32) && number(2) == 0)
      rows = rows.with_class_names(columns[i].name, {"neg", "pos"});
  }
  return rows;
}

}  // namespace

TEST_CASE("arrow C: random data sets there and back") {
  std::mt19937 random(46);
  for (int i = 0; i < 300; ++i) {
    INFO(i);
    const Dataset rows = arrow_random(random);
    arrow_check_equal(arrow_round_trip(rows), rows);
    if (rows.num_rows() < 3) continue;
    arrow_check_equal(arrow_round_trip(rows.select({2, 0, 2})), rows.select({2, 0, 2}));
  }
}

TEST_CASE("arrow C: what is handed over can be moved apart and outlives the data set") {
  ArrowSchema schema;
  ArrowArray array;
  {
    const Dataset rows = Dataset::from_columns({{"t", ArrowTexts{"a", "b"}}, {"n", std::vector<std::int64_t>{1, 2}}});
    to_arrow(rows, &schema, &array);
  }
  CHECK(std::string(schema.children[0]->format) == "u");
  CHECK(schema.children[0]->flags == ARROW_FLAG_NULLABLE);
  ArrowArray texts = *array.children[0];  // a receiver takes one column and releases the others
  array.children[0]->release = nullptr;
  array.release(&array);
  CHECK(array.release == nullptr);
  CHECK(static_cast<const char*>(texts.buffers[2])[1] == 'b');
  texts.release(&texts);
  ArrowSchema moved = schema;
  moved.release(&moved);
  CHECK(moved.release == nullptr);
}
