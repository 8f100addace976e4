// Event files, which TensorBoard draws: records of an event each, and an event is a message of protocol buffers of
// which only the few fields that are needed are written, by hand. A record is the length of its event, that length's
// checksum, the event and its checksum. An event has a time (field 1), a step (2), and one of: the version of the
// format (3), a summary (5), or the begin of a session (7).
#pragma once

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <tl/io/append_file.hpp>
#include <tl/io/crc32c.hpp>

namespace tl {

namespace detail {

/// A message of protocol buffers while it is written.
class WireMessage {
 public:
  /// A whole number; zero is the default and left out.
  WireMessage& number(unsigned field, std::uint64_t value) {
    if (value == 0) return *this;
    varint(field << 3);
    varint(value);
    return *this;
  }
  WireMessage& real(unsigned field, double value) {
    varint((field << 3) | 1);
    return fixed(std::bit_cast<std::uint64_t>(value), 8);
  }
  WireMessage& real(unsigned field, float value) {
    varint((field << 3) | 5);
    return fixed(std::bit_cast<std::uint32_t>(value), 4);
  }
  /// A text, bytes, or a message within this one.
  WireMessage& bytes(unsigned field, std::string_view value) {
    varint((field << 3) | 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  /// Bytes without a field.
  WireMessage& raw(std::string_view value) {
    bytes_ += value;
    return *this;
  }
  /// The lowest `count` bytes of `value`, lowest first, without a field.
  WireMessage& fixed(std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes_ += static_cast<char>(value >> (8 * i) & 0xFF);
    return *this;
  }
  const std::string& text() const { return bytes_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7F) | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

enum class EventContent : unsigned { version = 3, summary = 5, session = 7 };

/// An event; `seconds` are those since 1970.
inline std::string event_message(double seconds, std::int64_t step, EventContent kind, std::string_view content) {
  WireMessage event;
  event.real(1, seconds).number(2, static_cast<std::uint64_t>(step)).bytes(static_cast<unsigned>(kind), content);
  return event.text();
}

/// A summary of one point of the curve `tag`.
inline std::string scalar_summary(std::string_view tag, float value) {
  return WireMessage().bytes(1, WireMessage().bytes(1, tag).real(2, value).text()).text();
}

/// A summary of one text, which is a tensor with the metadata of the plugin that shows it.
inline std::string text_summary(std::string_view tag, std::string_view text) {
  constexpr std::uint64_t type_string = 7;
  const std::string one = WireMessage().number(1, 1).text();
  const std::string shape = WireMessage().bytes(2, one).text();
  const std::string tensor = WireMessage().number(1, type_string).bytes(2, shape).bytes(8, text).text();
  const std::string plugin = WireMessage().bytes(1, "text").text();
  const std::string metadata = WireMessage().bytes(1, plugin).text();
  const std::string full_tag = str_cat(tag, "/text_summary");
  return WireMessage().bytes(1, WireMessage().bytes(1, full_tag).bytes(8, tensor).bytes(9, metadata).text()).text();
}

/// The content of an event that says that a run starts.
inline std::string session_start() { return WireMessage().number(1, 1).text(); }

/// A record of `event`.
inline std::string event_record(std::string_view event) {
  const std::string length = WireMessage().fixed(event.size(), 8).text();
  WireMessage record;
  record.raw(length).fixed(masked_crc32c(length), 4).raw(event).fixed(masked_crc32c(event), 4);
  return record.text();
}

/// The name of this machine as a part of names of files.
inline std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
  for (char* letter = name; *letter != '\0'; ++letter)
    if (*letter == '/') *letter = '_';  // a part of file names
  return name;
}

}  // namespace detail

/// One event file of a folder. Events are collected until flush(), which writes them at once.
class EventFile {
 public:
  /// Makes a file in `folder`, which must exist, under a name that TensorBoard reads after all that are there. Throws
  /// Error(io).
  explicit EventFile(const std::filesystem::path& folder) : file_(create(folder)) {
    add(0, detail::EventContent::version, "brain.Event:2");
    flush();
  }

  const std::filesystem::path& path() const { return file_.path(); }

  /// A point of the curve `tag`; TensorBoard keeps numbers as floats.
  void add_scalar(std::string_view tag, double value, std::int64_t step) {
    add(step, detail::EventContent::summary, detail::scalar_summary(tag, static_cast<float>(value)));
  }

  /// A text under `tag` with "/text_summary" after it, as the text plugin of TensorBoard has it.
  void add_text(std::string_view tag, std::string_view text, std::int64_t step = 0) {
    add(step, detail::EventContent::summary, detail::text_summary(tag, text));
  }

  /// Makes TensorBoard forget what files that it read before have of `step` and of later ones.
  void start_session(std::int64_t step) { add(step, detail::EventContent::session, detail::session_start()); }

  /// Hands all events to the system. Throws Error(io).
  void flush() { file_.append(std::exchange(pending_, {})); }

 private:
  using Clock = std::chrono::system_clock;

  void add(std::int64_t step, detail::EventContent kind, std::string_view content) {
    const double seconds = std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
    pending_ += detail::event_record(detail::event_message(seconds, step, kind, content));
  }

  /// TensorBoard reads the files of a folder in the order of their names, which begin with the second of their making.
  static AppendFile create(const std::filesystem::path& folder) {
    const std::string rest = str_cat('.', detail::host_name(), '.', ::getpid(), '.');
    std::int64_t second = std::chrono::duration_cast<std::chrono::seconds>(Clock::now().time_since_epoch()).count();
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
      second = std::max(second, second_of(entry->path().filename().native()) + 1);
    for (int number = 0;; ++number) {
      char digits[24];
      std::snprintf(digits, sizeof digits, "%010lld", static_cast<long long>(second));
      if (auto file = AppendFile::create(folder / str_cat(prefix, digits, rest, number))) return std::move(*file);
    }
  }

  /// The second in the name of an event file; of another file -1.
  static std::int64_t second_of(std::string_view name) {
    if (!name.starts_with(prefix)) return -1;
    std::int64_t second = 0;
    for (const char digit : name.substr(prefix.size(), 10)) {
      if (digit < '0' || digit > '9') return -1;
      second = 10 * second + (digit - '0');
    }
    return second;
  }

  static constexpr std::string_view prefix = "events.out.tfevents.";

  AppendFile file_;
  std::string pending_;
};

}  // namespace tl
