// A data set as one text with all that a reader decides: types, booleans, cells to the last bit, places of rows.
#pragma once

#include <iomanip>
#include <sstream>
#include <string>

#include <tl/data/dataset.hpp>

namespace tl::test {

inline std::string table_text(const Dataset& table) {
  std::ostringstream out;
  out << table;
  for (const Feature& feature : table.features()) {
    out << feature << '\n';
    if (feature.type == ColumnType::int64)  // those of booleans are True and False
      for (const std::string& text : table.label_texts(feature.name).values) out << text << ' ';
    if (feature.type == ColumnType::float64)
      for (const double value : table.column<double>(feature.name)) out << std::hexfloat << value << ' ';
  }
  for (std::int64_t row = 0; row < table.num_rows(); ++row) out << table[row] << table.place(row) << '\n';
  return out.str();
}

}  // namespace tl::test
