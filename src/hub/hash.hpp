// Hashes by OpenSSL, as hexadecimal text.
#pragma once

#include <openssl/evp.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include <tl/core/error.hpp>

namespace tl::hub::detail {

/// A hash of bytes that come in pieces.
class Hash {
 public:
  explicit Hash(const EVP_MD* kind) : state_(::EVP_MD_CTX_new(), &::EVP_MD_CTX_free) {
    check(state_ != nullptr && ::EVP_DigestInit_ex(state_.get(), kind, nullptr) == 1, ErrorCode::state,
          "OpenSSL cannot start a hash");
  }
  static Hash sha256() { return Hash(::EVP_sha256()); }
  static Hash sha1() { return Hash(::EVP_sha1()); }

  void update(std::span<const std::byte> bytes) {
    check(::EVP_DigestUpdate(state_.get(), bytes.data(), bytes.size()) == 1, ErrorCode::state,
          "OpenSSL cannot go on with a hash");
  }

  /// The hash in hexadecimal digits; the last call.
  std::string digits() {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    check(::EVP_DigestFinal_ex(state_.get(), bytes, &size) == 1, ErrorCode::state, "OpenSSL cannot finish a hash");
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
      text += "0123456789abcdef"[bytes[i] >> 4];
      text += "0123456789abcdef"[bytes[i] & 15];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&::EVP_MD_CTX_free)> state_;
};

}  // namespace tl::hub::detail
