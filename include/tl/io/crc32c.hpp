// CRC-32C (Castagnoli), the checksum of TensorBoard's event files, and the form in which records carry it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tl {

namespace detail {

/// What each byte does to the checksum: the polynomial 0x1EDC6F41 with its bits reversed.
inline constexpr std::array<std::uint32_t, 256> crc32c_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? 0x82F63B78U : 0U);
    table[byte] = rest;
  }
  return table;
}();

}  // namespace detail

/// The CRC-32C of `bytes`.
inline std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const char byte : bytes)
    crc = (crc >> 8) ^ detail::crc32c_table[(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  return ~crc;
}

/// crc32c() rotated and shifted, so that the checksum of bytes that hold their own checksum is a good one, too.
inline std::uint32_t masked_crc32c(std::string_view bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
}

}  // namespace tl
