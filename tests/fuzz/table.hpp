// What the fuzzers of data files share: every cell of a data set that was read can be read, and texts are UTF-8.
#pragma once

#include <optional>
#include <sstream>
#include <string>

#include <tl/data/class_labels.hpp>
#include <tl/data/dataset.hpp>
#include <tl/data/row.hpp>
#include <tl/data/table_blocks.hpp>
#include <tl/io/utf8.hpp>

#include "../support/table_text.hpp"
#include "fuzz.hpp"

namespace tl::fuzz {

inline void read_table(const Dataset& table) {
  for (const Feature& feature : table.features()) {
    if (feature.type == ColumnType::string)
      for (const std::string& text : table.column<std::string>(feature.name))
        require(find_invalid_utf8(text) == std::string::npos, "a text that is not UTF-8");
    guarded([&] { (void)Dataset(table).class_encode_column(feature.name); });
  }
  std::ostringstream out;
  for (std::int64_t row = 0; row < std::min<std::int64_t>(table.num_rows(), 64); ++row) {
    out << table[row];
    require(!table.place(row).empty(), "a row without a place");
  }
}

/// The block reader of a format gives what its other reader gives, or nothing.
template <class InBlocks, class Whole> void check_blocks(const InBlocks& in_blocks, const Whole& whole) {
  std::optional<Dataset> blocks;
  if (!guarded([&] { blocks = in_blocks(detail::BlockSizes{.block = 7, .blocks = 2, .smallest = 1}); }) || !blocks)
    return;
  require(
      guarded([&] { require(test::table_text(whole()) == test::table_text(*blocks), "blocks give another table"); }),
      "blocks give a table where there is an error");
}

}  // namespace tl::fuzz
