// Data sets as files, with the names of Python's Dataset: to_csv, to_json and, where tl::parquet is linked, to_parquet.
#pragma once

#include <filesystem>

#include <tl/core/error.hpp>
#include <tl/data/dataset.hpp>
#include <tl/data/save_text.hpp>
#include <tl/data/table_format.hpp>

namespace tl {

/// Writes a parquet file with the names of classes, as Python's Dataset.to_parquet(path). An existing file is replaced
/// when all is written. Throws invalid_argument in a program that is not linked with tl::parquet, io.
inline void to_parquet(const Dataset& rows, const std::filesystem::path& path) {
  const auto format = find_table_format("parquet");
  check(format && format->write, ErrorCode::invalid_argument, "cannot write ", path.native(),
        ": expected a program that writes parquet, this one is not linked with tl::parquet; link it, or write JSON ",
        "with to_json");
  format->write(rows, path);
}

}  // namespace tl
