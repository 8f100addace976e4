// Class ids from the columns that files bring: texts that are class names, and numbers that are written with a point.
#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/column.hpp>
#include <tl/data/column_view.hpp>

namespace tl::detail {

/// The places of texts among the names of classes. Throws invalid_argument with the row for a text that is none.
inline std::vector<std::int64_t> class_ids(std::string_view column, const ColumnView<std::string>& texts,
                                           const ClassLabel& label) {
  std::map<std::string, std::int64_t> id_of;
  for (const std::string& name : label.names) id_of.emplace(name, static_cast<std::int64_t>(id_of.size()));
  check(id_of.size() == label.names.size(), ErrorCode::invalid_argument, "cast_column ", Repr{column},
        ": expected every class name once, got ", python_text(label.names));
  std::vector<std::int64_t> ids;
  for (std::int64_t row = 0; row < texts.size(); ++row) {
    const auto found = id_of.find(texts[row]);
    if (found == id_of.end())
      fail(ErrorCode::invalid_argument, "cast_column ", Repr{column}, ", row ", row, ": expected one of ",
           python_text(label.names), ", got ", Repr{texts[row]});
    ids.push_back(found->second);
  }
  return ids;
}

/// Numbers as integers. Throws invalid_argument with the row for one that is not whole.
inline std::vector<std::int64_t> class_ids(std::string_view column, const ColumnView<double>& numbers) {
  std::vector<std::int64_t> ids;
  for (std::int64_t row = 0; row < numbers.size(); ++row) {
    const double number = numbers[row];
    if (std::trunc(number) != number || !(std::abs(number) < 0x1p63))
      fail(ErrorCode::invalid_argument, "cast_column ", Repr{column}, ", row ", row,
           ": expected a class id, which is a whole number, got ", python_text(number));
    ids.push_back(static_cast<std::int64_t>(number));
  }
  return ids;
}

}  // namespace tl::detail
