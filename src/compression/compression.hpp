// The decoders of tl::compression.
#pragma once

#include <filesystem>
#include <memory>

#include <tl/io/byte_source.hpp>

namespace tl::compression {

/// What gzip makes of a file of one or several members. Reading throws format for one that is cut short or damaged.
std::unique_ptr<ByteSource> open_gzip(std::unique_ptr<ByteSource> compressed, const std::filesystem::path& path);

/// What zstd makes of a file of one or several frames. Reading throws format for one that is cut short or damaged.
std::unique_ptr<ByteSource> open_zstd(std::unique_ptr<ByteSource> compressed, const std::filesystem::path& path);

}  // namespace tl::compression
