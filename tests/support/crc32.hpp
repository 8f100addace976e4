// A checksum of many answers, in which one number stands for a table too large to store.
#pragma once

#include <cstdint>
#include <string_view>

namespace tl::test {

/// CRC-32 of `bytes` after those that `crc` is of, as zlib counts it.
inline std::uint32_t crc32(std::string_view bytes, std::uint32_t crc) {
  crc = ~crc;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0u);
  }
  return ~crc;
}

}  // namespace tl::test
