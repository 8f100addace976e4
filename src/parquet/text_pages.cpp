#include "text_pages.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace tl::parquet {

bool has_text_pages(const ::parquet::ColumnDescriptor& column) {
  return column.max_repetition_level() == 0 && column.max_definition_level() <= 1 &&
         column.physical_type() == ::parquet::Type::BYTE_ARRAY;
}

void read_text_pages(::parquet::ColumnReader& reader, const Place& place, std::span<std::string> cells) {
  constexpr std::size_t at_once = 512;
  std::array<::parquet::ByteArray, at_once> texts;  // in the page, until the next one is read
  std::array<std::int16_t, at_once> levels;
  auto& pages = static_cast<::parquet::ByteArrayReader&>(reader);
  const bool may_be_null = reader.descr()->max_definition_level() > 0;
  for (std::size_t done = 0; done < cells.size();) {
    const std::size_t wanted = std::min(at_once, cells.size() - done);
    std::int64_t values = 0;
    const std::int64_t rows =
        !pages.HasNext() ? 0
                         : pages.ReadBatch(static_cast<std::int64_t>(wanted), may_be_null ? levels.data() : nullptr,
                                           nullptr, texts.data(), &values);
    check(rows > 0 && static_cast<std::size_t>(rows) <= wanted, ErrorCode::format,
          place.of(static_cast<std::int64_t>(done)), ": expected ", cells.size() - done, " more rows, got ", rows,
          "; the file is damaged");
    if (values < rows) {
      const auto* const null = std::find(levels.begin(), levels.begin() + rows, 0);
      fail_null(place, static_cast<std::int64_t>(done) + (null - levels.begin()));
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i) {
      const std::string_view text(reinterpret_cast<const char*>(texts[i].ptr), texts[i].len);
      require_utf8(text, place, static_cast<std::int64_t>(done + i));
      cells[done + i] = text;
    }
    done += static_cast<std::size_t>(rows);
  }
  check(!pages.HasNext(), ErrorCode::format, place.of(static_cast<std::int64_t>(cells.size())),
        ": expected the end of the row group, got more; the file is damaged");
}

}  // namespace tl::parquet
