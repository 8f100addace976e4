// Numbers that reference files store bit for bit.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace tl::test {

/// Floats of a list of texts like "3f800000", their bits.
inline std::vector<float> floats_of_bits(const nlohmann::json& hexadecimal) {
  std::vector<float> values;
  for (const auto& text : hexadecimal)
    values.push_back(
        std::bit_cast<float>(static_cast<std::uint32_t>(std::stoul(text.get<std::string>(), nullptr, 16))));
  return values;
}

}  // namespace tl::test
