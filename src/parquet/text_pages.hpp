// Texts from the pages of a parquet column to their places, without Arrow's form of them in between.
#pragma once

#include <parquet/column_reader.h>

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include <tl/data/arrow/arrow_types.hpp>

namespace tl::parquet {

/// Whether a column of texts is one that read_text_pages() reads: not in lists, and stored as byte arrays.
bool has_text_pages(const ::parquet::ColumnDescriptor& column);

/// Reads the texts of one row group, and calls null(row) for rows without one. Throws format for what is not UTF-8, and
/// for another number of rows; what Arrow throws for a damaged file.
void read_text_pages(::parquet::ColumnReader& reader, const tl::detail::ArrowPlace& place, std::span<std::string> cells,
                     const std::function<void(std::size_t)>& null);

}  // namespace tl::parquet
