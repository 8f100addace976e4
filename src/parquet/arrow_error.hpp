// What Arrow says, as errors of tl.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <filesystem>
#include <utility>

#include <tl/core/error.hpp>

namespace tl::parquet {

/// Throws format, or io for what the system refused, beginning with the file.
inline void require_ok(const arrow::Status& status, const std::filesystem::path& file) {
  check(status.ok(), status.IsIOError() ? ErrorCode::io : ErrorCode::format, file.native(),
        ": expected a parquet file that can be read, Arrow says: ", status.message());
}

/// The value of a result. Throws as require_ok() does.
template <class T> T value_of(arrow::Result<T> result, const std::filesystem::path& file) {
  require_ok(result.status(), file);
  return std::move(result).ValueUnsafe();
}

}  // namespace tl::parquet
