// Reads event files in the tests' own way: records with their checksums bit by bit, and the few fields of the messages.
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tl::test {

/// An event; what it does not have is empty or zero.
struct ReadEvent {
  double seconds = 0.0;
  std::int64_t step = 0;
  std::string version, tag, text, plugin;
  float value = 0.0F;
  bool has_value = false;
  std::uint64_t session = 0;
};

/// CRC-32C by its definition, a bit at a time.
inline std::uint32_t slow_crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? (crc >> 1) ^ 0x82F63B78U : crc >> 1;
  }
  return ~crc;
}

/// A field of a message: its number and its value, as a number or as bytes.
struct WireField {
  std::uint64_t number = 0, value = 0;
  std::string_view bytes{};
};

/// Takes a message apart. Throws std::runtime_error if it is cut short.
inline std::vector<WireField> wire_fields(std::string_view message) {
  const auto take = [&message](std::size_t count) {
    if (message.size() < count) throw std::runtime_error("a message is cut short");
    const std::string_view taken = message.substr(0, count);
    message.remove_prefix(count);
    return taken;
  };
  const auto varint = [&take] {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80U) return value;
    }
  };
  std::vector<WireField> fields;
  while (!message.empty()) {
    const std::uint64_t key = varint();
    WireField field{.number = key >> 3};
    if ((key & 7) == 0) field.value = varint();
    else if ((key & 7) == 1) std::memcpy(&field.value, take(8).data(), 8);
    else if ((key & 7) == 5) std::memcpy(&field.value, take(4).data(), 4);
    else if ((key & 7) == 2) field.bytes = take(varint());
    else throw std::runtime_error("an unknown type of a field");
    fields.push_back(field);
  }
  return fields;
}

inline ReadEvent read_event(std::string_view message) {
  ReadEvent event;
  for (const WireField& field : wire_fields(message)) {
    if (field.number == 1) std::memcpy(&event.seconds, &field.value, 8);
    if (field.number == 2) event.step = static_cast<std::int64_t>(field.value);
    if (field.number == 3) event.version = field.bytes;
    if (field.number == 7) event.session = wire_fields(field.bytes).at(0).value;
    if (field.number != 5) continue;
    for (const WireField& part : wire_fields(wire_fields(field.bytes).at(0).bytes)) {
      if (part.number == 1) event.tag = part.bytes;
      if (part.number == 2) event.has_value = true, std::memcpy(&event.value, &part.value, 4);
      if (part.number == 8)
        for (const WireField& one : wire_fields(part.bytes))
          if (one.number == 8) event.text = one.bytes;
      if (part.number == 9) event.plugin = wire_fields(wire_fields(part.bytes).at(0).bytes).at(0).bytes;
    }
  }
  return event;
}

/// The events of a file's bytes up to the first record that is not whole. Throws std::runtime_error for a checksum that
/// is wrong.
inline std::vector<ReadEvent> read_events(std::string_view bytes) {
  const auto number = [&bytes](std::size_t at, std::size_t count) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + at, count);
    return value;
  };
  const auto masked = [](std::string_view text) {
    const std::uint32_t crc = slow_crc32c(text);
    return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
  };
  std::vector<ReadEvent> events;
  while (bytes.size() >= 16) {
    const std::uint64_t size = number(0, 8);
    if (number(8, 4) != masked(bytes.substr(0, 8))) throw std::runtime_error("a wrong checksum of a length");
    if (bytes.size() < size + 16) break;
    if (number(12 + size, 4) != masked(bytes.substr(12, size)))
      throw std::runtime_error("a wrong checksum of an event");
    events.push_back(read_event(bytes.substr(12, size)));
    bytes.remove_prefix(size + 16);
  }
  return events;
}

}  // namespace tl::test
