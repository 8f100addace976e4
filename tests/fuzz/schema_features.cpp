// Fuzzer of the names of classes in the metadata of parquet files and of tables of Arrow: whatever is read gives
// columns whose metadata, written again, says the same. The input is the text under the key "huggingface".
#include <string>
#include <vector>

#include <tl/data/arrow/schema_features.hpp>

#include "fuzz.hpp"

using namespace tl;
using namespace tl::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string metadata(Input(data, size).rest());
  const auto rows = Dataset::from_columns({{"label", std::vector<std::int64_t>{0, -100, 1}},
                                           {"tags", std::vector<std::vector<std::int32_t>>{{0, 1}, {}, {-100}}},
                                           {"text", std::vector<std::string>{"a", "", "b"}}});
  guarded([&] { (void)detail::read_class_names(metadata, "a.parquet"); });
  guarded([&] {
    const Dataset named = detail::with_class_names_of(rows, metadata, "a.parquet");
    const Dataset again = detail::with_class_names_of(rows, detail::write_features(named), "b.parquet");
    for (const std::string& column : rows.column_names())
      require(again.class_names(column) == named.class_names(column), "names of classes that are not read again");
  });
  return 0;
}
