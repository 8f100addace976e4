// Opens files, folders and repositories as streams, as load_dataset() reads them into memory.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/iterable_dataset.hpp>
#include <tl/data/load_dataset.hpp>
#include <tl/data/stream/stream_source.hpp>
#include <tl/data/stream/streamed_rows.hpp>

namespace tl {

namespace detail {

/// The stream of a split.
inline IterableDataset stream_files(const DatasetFiles& files, const Split& split,
                                    const BlockSizes& sizes = stream_sizes) {
  const std::vector<std::string> names = files.names();
  const auto found = std::ranges::find(names, split.spec);
  check(found != names.end(), ErrorCode::not_found, "split ", Repr{split.spec}, ": expected one of ",
        python_text(names), " for a stream, whose rows take(), skip() and shuffle() choose, got ", Repr{split.spec});
  const std::string_view useless = option_without_use(files.format, files.options);
  const bool floats = files.options.float_columns.empty() || files.format.name == "csv" || files.format.name == "json";
  check(useless.empty() && floats, ErrorCode::invalid_argument, "stream_dataset: expected no ",
        useless.empty() ? "float_columns" : useless, " for the format ", files.format.name);
  const auto source =
      std::make_shared<const StreamSource>(files, files.splits[static_cast<std::size_t>(found - names.begin())], sizes);
  return {std::make_shared<SourceNode>(source), source->knows_columns()};
}

}  // namespace detail

/// The rows of a split as a stream: load_dataset(path, split, streaming=True) of Python. Path, files and options are
/// those of load_dataset(). CSV, JSON lines and text are read in windows of some megabytes, parquet by groups of rows,
/// other formats a file at a time. Throws not_found for a split that is not there, invalid_argument for an option that
/// the format does not have; reading throws what is wrong with a file.
inline IterableDataset stream_dataset(std::string_view path, const Split& split, const LoadOptions& options = {}) {
  return detail::stream_files(find_dataset_files(path, options), split);
}

/// The same for files by split, which may be patterns such as "data/*.jsonl".
template <std::same_as<DataFiles> Files>
IterableDataset stream_dataset(std::string_view path, const Files& files, const Split& split,
                               const LoadOptions& options = {}) {
  return detail::stream_files(find_dataset_files(path, options, detail::patterns_of(files)), split);
}
inline IterableDataset stream_dataset(std::string_view path, std::initializer_list<DataFile> files, const Split& split,
                                      const LoadOptions& options = {}) {
  return detail::stream_files(find_dataset_files(path, options, detail::patterns_of(files)), split);
}

}  // namespace tl
