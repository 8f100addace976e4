// Time in proportion: twice the columns, keys or bytes of a cell take at most 2.5 times as long, whatever the reader
// does with them.
#include <cstdint>
#include <string>
#include <vector>

#include <tl/data/load_dataset.hpp>

#include "support/catch.hpp"
#include "support/growth.hpp"
#include "support/reference.hpp"

using namespace tl;

namespace {

/// Reads what `make(n)` writes for n and 2 n.
template <class Make, class Read> void check_growth(int n, Make&& make, Read&& read) {
  const test::TemporaryFolder folder;
  test::write_text(folder / "once", make(n));
  test::write_text(folder / "twice", make(2 * n));
  CHECK(test::growth([&] { read(folder / "once"); }, [&] { read(folder / "twice"); }) <= 2.5);
}

std::string joined(int n, const auto& part) {
  std::string text;
  for (int i = 0; i < n; ++i) text += part(i);
  return text;
}

std::string wide_csv(int n) {
  const auto name = [](int i) { return "column" + std::to_string(i) + ","; };
  const auto cell = [](int i) { return std::to_string(i % 7) + ","; };
  return joined(n, name) + "z\n" + joined(n, cell) + "1\n" + joined(n, cell) + "2\n";
}

/// Two objects with the same keys, those of the second in another order.
std::string wide_json(int n) {
  const auto object = [n](int first) {
    const auto member = [&](int i) { return "\"key" + std::to_string((first + i) % n) + "\": 1, "; };
    return "{" + joined(n, member) + "\"z\": 0}\n";
  };
  return object(0) + object(n / 3);
}

}  // namespace

TEST_CASE("growth: columns of a CSV") {
  check_growth(4000, wide_csv, [](const auto& path) { CHECK(load_csv(path).num_rows() == 2); });
  const auto repeated_names = [](int n) { return test::repeated("a,", n) + "b\n"; };
  check_growth(4000, repeated_names, [](const auto& path) { CHECK(load_csv(path).num_rows() == 0); });
}

TEST_CASE("growth: what is done with many columns") {
  check_growth(2000, wide_csv, [](const auto& path) {
    const Dataset data = load_csv(path);
    CHECK(data.select({1}).select({0}).remove_columns(data.column_names()).column_names().empty());
    CHECK(data.select_columns(data.column_names()).num_rows() == 2);
    CHECK(data.map_batched(
                  [](const Dataset& rows) {
                    return Columns{{"n", std::vector<std::int64_t>(static_cast<std::size_t>(rows.num_rows()))}};
                  },
                  {.remove_columns = data.column_names()})
              .column_names()
              .size() == 1);
  });
}

TEST_CASE("growth: keys of JSON objects") {
  check_growth(4000, wide_json, [](const auto& path) { CHECK(load_jsonl(path).num_rows() == 2); });
  check_growth(4000, wide_json, [](const auto& path) {
    CHECK(load_jsonl(path, {.columns = {"z", "key7"}}).num_rows() == 2);
  });
}

TEST_CASE("growth: bytes of a cell") {
  const auto quoted = [](int n) {
    return "text,label\n\"" + joined(n, [](int i) { return std::string(i % 5 == 0 ? "\"\"\n" : "word "); }) + "\",1\n";
  };
  check_growth(100'000, quoted, [](const auto& path) { CHECK(load_csv(path).num_rows() == 1); });
  const auto plain = [](int n) { return "text,label\n" + std::string(static_cast<std::size_t>(n), 'x') + ",1\n"; };
  check_growth(1'000'000, plain, [](const auto& path) { CHECK(load_csv(path).num_rows() == 1); });
  const auto string = [](int n) {
    return "{\"text\": \"" + joined(n, [](int i) { return std::string(i % 5 == 0 ? "\\n" : "word "); }) + "\"}\n";
  };
  check_growth(100'000, string, [](const auto& path) { CHECK(load_jsonl(path).num_rows() == 1); });
}

TEST_CASE("growth: lines that never end, blank lines and delimiters at the end") {
  const auto open = [](int n) { return test::repeated("{\"a\": \n", n); };
  check_growth(20'000, open, [](const auto& path) { TL_REQUIRE_ERROR(load_jsonl(path), "line 1"); });
  const auto blank = [](int n) { return "a,b\n1,2\n" + test::repeated("   \n,\n", n); };
  check_growth(100'000, blank, [](const auto& path) { CHECK(load_csv(path).num_rows() == 1); });
  const auto inside = [](int n) { return "a,b\n" + test::repeated("  \n\n", n) + "1,2\n"; };
  check_growth(100'000, inside, [](const auto& path) { CHECK(load_csv(path).num_rows() == 1); });
}

TEST_CASE("growth: distinct labels") {
  const auto labels = [](int n) { return "label\n" + joined(n, [](int i) { return "l" + std::to_string(i) + "\n"; }); };
  check_growth(10'000, labels,
               [](const auto& path) { CHECK(load_csv(path).class_labels("label").names.size() >= 10'000); });
}
