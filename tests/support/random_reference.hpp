// How the stored answers of the reference's generators are written (tests/reference/make_random_reference.py): short
// lists in full, long ones as both ends and a digest.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/catch.hpp"
#include "support/sha256.hpp"

namespace tl::test {

/// Checks a list of row numbers against its stored form.
inline void check_order(const std::vector<std::int64_t>& order, const nlohmann::json& expected) {
  if (expected.is_array()) {
    CHECK(order == expected.get<std::vector<std::int64_t>>());
    return;
  }
  REQUIRE(order.size() == expected.at("n").get<std::size_t>());
  const auto first = expected.at("first").get<std::vector<std::int64_t>>();
  CHECK(std::vector(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(first.size())) == first);
  CHECK(sha256(std::as_bytes(std::span(order))) == expected.at("sha256").get<std::string>());
}

/// Checks float bit patterns against their stored form.
inline void check_bits(const std::vector<float>& values, const nlohmann::json& expected) {
  const auto& head = expected.is_array() ? expected : expected.at("first");
  REQUIRE(head.size() <= values.size());
  std::vector<std::string> got;
  for (std::size_t i = 0; i < head.size(); ++i) {
    char hex[9];
    std::snprintf(hex, sizeof hex, "%08x", std::bit_cast<std::uint32_t>(values[i]));
    got.emplace_back(hex);
  }
  CHECK(got == head.get<std::vector<std::string>>());
  if (expected.is_array()) {
    CHECK(values.size() == expected.size());
  } else {
    CHECK(sha256(std::as_bytes(std::span(values))) == expected.at("sha256").get<std::string>());
  }
}

}  // namespace tl::test
