// Reading and writing of parquet files, for the register of formats.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <tl/data/dataset.hpp>
#include <tl/data/stream/table_stream.hpp>

namespace tl::parquet {

/// The columns of these names, or all of the file. Throws io, format for a file that is damaged or holds nulls,
/// not_found for a column that is not there, dtype for one of a type that a data set does not have.
Dataset read_parquet(const std::filesystem::path& file, const std::vector<std::string>& columns);

/// The same by groups of rows, one after the other. Throws when rows are read what read_parquet() throws.
std::unique_ptr<TableStream> stream_parquet(const std::filesystem::path& file, const std::vector<std::string>& columns);

/// Writes all rows, with the names of classes, in one step: there is the whole file or the former one. Throws io.
void write_parquet(const Dataset& rows, const std::filesystem::path& file);

}  // namespace tl::parquet
