// XXH64, a standard checksum of 64 bits that is computed as fast as memory is read, and files of checksums in the form
// that the program xxhsum writes and checks: "XXH64  NAME" per line. It finds damage, not forgery.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace tl {

/// The XXH64 of bytes that come in pieces.
class Xxh64 {
 public:
  explicit Xxh64(std::uint64_t seed = 0) : lanes_{seed + prime1 + prime2, seed + prime2, seed, seed - prime1} {}

  void update(std::span<const std::byte> data) {
    total_ += data.size();
    if (buffered_ > 0) {
      const std::size_t taken = std::min(data.size(), stripe - buffered_);
      std::memcpy(buffer_.data() + buffered_, data.data(), taken);
      buffered_ += taken;
      data = data.subspan(taken);
      if (buffered_ < stripe) return;
      consume(buffer_);
      buffered_ = 0;
    }
    const std::size_t whole = data.size() / stripe * stripe;
    consume(data.first(whole));
    buffered_ = data.size() - whole;
    if (buffered_ > 0) std::memcpy(buffer_.data(), data.data() + whole, buffered_);
  }

  /// The checksum of everything up to now.
  std::uint64_t digest() const {
    std::uint64_t hash = lanes_[2] + prime5;  // the seed
    if (total_ >= stripe) {
      hash = std::rotl(lanes_[0], 1) + std::rotl(lanes_[1], 7) + std::rotl(lanes_[2], 12) + std::rotl(lanes_[3], 18);
      for (const std::uint64_t lane : lanes_) hash = (hash ^ round(0, lane)) * prime1 + prime4;
    }
    hash += total_;
    const std::byte* at = buffer_.data();
    std::size_t left = buffered_;
    for (; left >= 8; at += 8, left -= 8) hash = std::rotl(hash ^ round(0, word(at)), 27) * prime1 + prime4;
    if (left >= 4) {
      hash = std::rotl(hash ^ half_word(at) * prime1, 23) * prime2 + prime3;
      at += 4;
      left -= 4;
    }
    for (; left > 0; ++at, --left) hash = std::rotl(hash ^ std::to_integer<std::uint64_t>(*at) * prime5, 11) * prime1;
    hash = (hash ^ hash >> 33) * prime2;
    hash = (hash ^ hash >> 29) * prime3;
    return hash ^ hash >> 32;
  }

 private:
  static constexpr std::size_t stripe = 32;
  static constexpr std::uint64_t prime1 = 0x9E3779B185EBCA87U, prime2 = 0xC2B2AE3D27D4EB4FU,
                                 prime3 = 0x165667B19E3779F9U, prime4 = 0x85EBCA77C2B2AE63U,
                                 prime5 = 0x27D4EB2F165667C5U;

  static std::uint64_t little_endian(std::uint64_t value) {
    return std::endian::native == std::endian::little ? value : __builtin_bswap64(value);
  }
  static std::uint64_t word(const std::byte* at) {
    std::uint64_t value = 0;
    std::memcpy(&value, at, 8);
    return little_endian(value);
  }
  static std::uint64_t half_word(const std::byte* at) {
    std::uint32_t value = 0;
    std::memcpy(&value, at, 4);
    return std::endian::native == std::endian::little ? value : __builtin_bswap32(value);
  }
  static std::uint64_t round(std::uint64_t lane, std::uint64_t value) {
    return std::rotl(lane + value * prime2, 31) * prime1;
  }

  void consume(std::span<const std::byte> stripes) {
    std::array<std::uint64_t, 4> lanes = lanes_;
    for (const std::byte* at = stripes.data(); at != stripes.data() + stripes.size(); at += stripe)
      for (std::size_t i = 0; i < 4; ++i) lanes[i] = round(lanes[i], word(at + 8 * i));
    lanes_ = lanes;
  }

  std::array<std::uint64_t, 4> lanes_;
  std::array<std::byte, stripe> buffer_{};
  std::size_t buffered_ = 0;
  std::uint64_t total_ = 0;
};

/// While it lives, the files that this thread writes with AtomicFile get their checksum on the way to the disk.
class ChecksumLog {
 public:
  ChecksumLog() : former_(std::exchange(current(), this)) {}
  ~ChecksumLog() { current() = former_; }
  ChecksumLog(const ChecksumLog&) = delete;
  ChecksumLog& operator=(const ChecksumLog&) = delete;

  /// The one of this thread, or null.
  static ChecksumLog* active() { return current(); }

  void add(const std::filesystem::path& file, std::uint64_t digest) { digests_[file.native()] = digest; }

  /// What was computed for a file under the path it was written with, or nothing.
  std::optional<std::uint64_t> find(const std::filesystem::path& file) const {
    const auto at = digests_.find(file.native());
    return at == digests_.end() ? std::nullopt : std::optional(at->second);
  }

 private:
  static ChecksumLog*& current() {
    thread_local ChecksumLog* log = nullptr;
    return log;
  }

  ChecksumLog* former_;
  std::map<std::string, std::uint64_t> digests_;
};

namespace detail {

/// The 16 hexadecimal digits in which xxhsum writes a checksum.
inline std::string checksum_text(std::uint64_t digest) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(digest));
  return text;
}

}  // namespace detail

}  // namespace tl
