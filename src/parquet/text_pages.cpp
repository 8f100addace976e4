#include "text_pages.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include <tl/core/heap_room.hpp>
#include <tl/data/arrow/arrow_values.hpp>

namespace tl::parquet {

bool has_text_pages(const ::parquet::ColumnDescriptor& column) {
  return column.max_repetition_level() == 0 && column.max_definition_level() <= 1 &&
         column.physical_type() == ::parquet::Type::BYTE_ARRAY;
}

void read_text_pages(::parquet::ColumnReader& reader, const tl::detail::ArrowPlace& place, std::span<std::string> cells,
                     const std::function<void(std::size_t)>& null) {
  constexpr std::size_t at_once = 512;
  std::array<::parquet::ByteArray, at_once> texts;  // in the page, until the next one is read
  std::array<std::int16_t, at_once> levels;         // 1 for a row with a text, 0 for one without
  tl::detail::HeapRoom heap;
  auto& pages = static_cast<::parquet::ByteArrayReader&>(reader);
  const bool may_be_null = reader.descr()->max_definition_level() > 0;
  for (std::size_t done = 0; done < cells.size();) {
    const std::size_t wanted = std::min(at_once, cells.size() - done);
    std::int64_t values = 0;
    const std::int64_t rows =
        !pages.HasNext() ? 0
                         : pages.ReadBatch(static_cast<std::int64_t>(wanted), may_be_null ? levels.data() : nullptr,
                                           nullptr, texts.data(), &values);
    const auto count = static_cast<std::size_t>(rows);
    if (rows <= 0 || count > wanted || values > rows)
      fail(ErrorCode::format, place.of_row(static_cast<std::int64_t>(done)), ": expected ", cells.size() - done,
           " more rows, got ", rows, "; the file is damaged");
    const bool all = values == rows;
    for (std::size_t i = 0, next = 0; i < count; ++i) {
      if (!all && levels[i] == 0) {
        null(done + i);
        continue;
      }
      if (next == static_cast<std::size_t>(values))
        fail(ErrorCode::format, place.of_row(static_cast<std::int64_t>(done + i)),
             ": expected a text, got no more; the file is damaged");
      const std::string_view text(reinterpret_cast<const char*>(texts[next].ptr), texts[next].len);
      ++next;
      tl::detail::check_arrow_text(text, [&] { return place.of_row(static_cast<std::int64_t>(done + i)); });
      heap.take(text);
      cells[done + i] = text;
    }
    done += count;
  }
  if (pages.HasNext())
    fail(ErrorCode::format, place.of_row(static_cast<std::int64_t>(cells.size())),
         ": expected the end of the row group, got more; the file is damaged");
}

}  // namespace tl::parquet
