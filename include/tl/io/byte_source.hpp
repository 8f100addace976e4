// Bytes that come one after the other: of a file, or of what a decompressor makes of one. Readers of tables take them
// piece by piece, so that no more than a piece is in memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include <tl/core/parallel.hpp>
#include <tl/io/read_file.hpp>

namespace tl {

/// Hands out bytes from the first to the last.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  /// Writes the next `size` bytes to `to` and returns their number, which is less only at the end. Throws io, or
  /// format for bytes that cannot be decompressed.
  virtual std::size_t read(char* to, std::size_t size) = 0;

  /// How many bytes there are in all, as far as that is known before they are read.
  virtual std::optional<std::uint64_t> total() const { return std::nullopt; }
};

/// The bytes of a regular file.
class FileSource : public ByteSource {
 public:
  /// Throws io if it cannot be opened or is not a regular file, format for a Git LFS pointer.
  explicit FileSource(std::filesystem::path path) : path_(std::move(path)), file_(detail::open_file(path_)) {}

  /// Copies pieces in parallel: a copy out of the system's cache is half of what reading a table costs.
  std::size_t read(char* to, std::size_t size) override {
    constexpr std::size_t piece = std::size_t{1} << 20;
    const std::size_t pieces = (size + piece - 1) / piece;
    std::vector<std::size_t> got(pieces);
    parallel_for(static_cast<std::int64_t>(pieces), 1, [&](std::int64_t begin, std::int64_t end) {
      for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
        got[i] = detail::read_at(file_.descriptor.get(), path_, to + i * piece, std::min(piece, size - i * piece),
                                 offset_ + i * piece);
    });
    std::size_t done = 0;
    for (std::size_t i = 0; i < pieces; ++i) {
      done += got[i];
      if (got[i] < piece) break;  // the end of the file, or of `size`
    }
    offset_ += done;
    return done;
  }

  std::optional<std::uint64_t> total() const override { return file_.size; }

 private:
  std::filesystem::path path_;
  detail::OpenFile file_;
  std::uint64_t offset_ = 0;
};

}  // namespace tl
