// A file that is read piece by piece. What a format offers for it is the field `stream` of its TableFormat.
#pragma once

#include <optional>

#include <tl/data/dataset.hpp>

namespace tl {

/// The rows of a file from the first to the last.
class TableStream {
 public:
  virtual ~TableStream() = default;

  /// The next rows, at least one; nothing at the end. Throws what reading the file throws.
  virtual std::optional<Dataset> next() = 0;
};

}  // namespace tl
