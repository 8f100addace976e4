// Data files that are compressed: what they are is told by their first bytes, and what can read them is a table that
// tl::compression fills when it is linked, or a program with register_decompressor().
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/parse_text.hpp>
#include <tl/io/byte_source.hpp>

namespace tl {

/// Makes of a compressed file the bytes that were compressed. The path is for messages.
using OpenDecompressor = std::unique_ptr<ByteSource> (*)(std::unique_ptr<ByteSource> compressed,
                                                         const std::filesystem::path& path);

namespace detail {

/// A way of compressing files.
struct Compression {
  std::string_view name, extension, first_bytes;
};
inline constexpr Compression compressions[] = {{"gzip", ".gz", "\x1f\x8b"}, {"zstd", ".zst", "\x28\xb5\x2f\xfd"}};

struct Decompressors {
  std::mutex mutex;
  std::vector<std::pair<std::string, OpenDecompressor>> table;
};

inline Decompressors& decompressors() {
  static Decompressors& all = *new Decompressors;  // also there for what runs after main()
  return all;
}

}  // namespace detail

/// Makes files of a kind ("gzip", "zstd") readable; the last one that is registered counts.
inline void register_decompressor(std::string name, OpenDecompressor open) {
  auto& all = detail::decompressors();
  const std::scoped_lock lock(all.mutex);
  all.table.emplace_back(std::move(name), open);
}

/// What reads files of a kind, or null.
inline OpenDecompressor decompressor(std::string_view name) {
  auto& all = detail::decompressors();
  const std::scoped_lock lock(all.mutex);
  for (auto one = all.table.rbegin(); one != all.table.rend(); ++one)
    if (one->first == name) return one->second;
  return nullptr;
}

/// The path without an extension of a compressed file: "train.csv" for "train.csv.gz".
inline std::filesystem::path without_compression(const std::filesystem::path& path) {
  const std::string extension = detail::ascii_lower(path.extension().native());
  for (const detail::Compression& known : detail::compressions)
    if (extension == known.extension) return std::filesystem::path(path).replace_extension();
  return path;
}

namespace detail {

/// How the bytes of a file are compressed, or null. Throws format for an extension that says so of one that is not.
inline const Compression* compression_of(const std::filesystem::path& path) {
  const OpenFile file = open_file(path);
  char bytes[4];
  const std::string_view first(bytes, read_at(file.descriptor.get(), path, bytes, sizeof(bytes), 0));
  for (const Compression& known : compressions)
    if (first.starts_with(known.first_bytes)) return &known;
  // A frame that readers of zstd skip, which may come first: 0x184d2a50 to 0x184d2a5f, the lowest byte first.
  if (first.size() == 4 && first.substr(1) == "\x2a\x4d\x18" && (first[0] & 0xf0) == 0x50) return &compressions[1];
  const std::string extension = ascii_lower(path.extension().native());
  for (const Compression& known : compressions)
    if (extension == known.extension)
      fail(ErrorCode::format, path.native(), ": expected a file compressed with ", known.name, ", as its extension ",
           known.extension, " says, got other bytes; was its download cut short, or is it decompressed already?");
  return nullptr;
}

}  // namespace detail

/// The bytes of a data file, decompressed if need be. Throws io if it cannot be read, format for a Git LFS pointer or
/// for bytes that are not what the extension says, not_found for a compressed file without a decompressor.
inline std::unique_ptr<ByteSource> open_data_file(const std::filesystem::path& path) {
  const detail::Compression* const how = detail::compression_of(path);
  auto source = std::make_unique<FileSource>(path);
  if (how == nullptr) return source;
  const OpenDecompressor open = decompressor(how->name);
  check(open != nullptr, ErrorCode::not_found, path.native(), " is compressed with ", how->name,
        ", which this program cannot read; link tl::compression, or decompress the file first");
  return open(std::move(source), path);
}

namespace detail {

/// The bytes of a whole data file, decompressed if need be. Throws what open_data_file() and reading throw.
inline std::string read_data_file(const std::filesystem::path& path) {
  if (compression_of(path) == nullptr) return read_file(path);
  const std::unique_ptr<ByteSource> source = open_data_file(path);
  std::string bytes;
  for (std::size_t done = 0, more = std::size_t{1} << 16;; more = done) {
    bytes.resize(done + more);
    const std::size_t got = source->read(bytes.data() + done, more);
    done += got;
    if (got == more) continue;
    bytes.resize(done);
    return bytes;
  }
}

}  // namespace detail

}  // namespace tl
