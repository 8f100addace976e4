// What a server says in the headers of an answer, read without trust: names in any case, values with blanks around
// them, and nothing that would become a path or a number before it was looked at. Needs no network and no curl.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tl::hub::detail {

inline std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// ASCII in lower case, whatever the locale.
inline std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

/// The whole text as a decimal number, or nothing.
inline std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || result.ec != std::errc{} || result.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The headers of one answer. Of a header that comes twice the last one counts.
class Headers {
 public:
  /// Takes a line as it came; a status line ("HTTP/1.1 200 OK") begins a new answer and forgets the one before.
  void add_line(std::string_view line) {
    if (line.starts_with("HTTP/")) return values_.clear();
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return;
    values_[lower_case(without_blanks(line.substr(0, colon)))] = without_blanks(line.substr(colon + 1));
  }

  /// The value, or an empty text; `name` in lower case.
  std::string_view operator[](std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::string_view() : std::string_view(found->second);
  }

  std::optional<std::uint64_t> number(std::string_view name) const { return whole_number((*this)[name]); }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

/// The name of a blob that an ETag gives: without the mark of a weak one and without quotes. Nothing if that cannot be
/// the name of a file of its own: a tag is a text of the server's choice.
inline std::optional<std::string> blob_name(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  if (etag.empty() || etag.size() > 200 || etag.front() == '.' || etag.ends_with(".incomplete")) return std::nullopt;
  if (!std::all_of(etag.begin(), etag.end(), plain)) return std::nullopt;
  return std::string(etag);
}

/// Whether a text is `digits` hexadecimal digits in lower case, as hashes are written.
inline bool is_hash(std::string_view text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// "bytes 100-199/1000" of an answer with a part of a file.
struct ContentRange {
  std::uint64_t begin = 0, end = 0;    // the bytes from begin on, before end
  std::optional<std::uint64_t> total;  // of the whole file; "*" is unknown
};

inline std::optional<ContentRange> content_range(std::string_view text) {
  constexpr std::string_view unit = "bytes ";
  if (!text.starts_with(unit)) return std::nullopt;
  text.remove_prefix(unit.size());
  const std::size_t dash = text.find('-'), slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || dash > slash) return std::nullopt;
  const auto first = whole_number(text.substr(0, dash));
  const auto last = whole_number(text.substr(dash + 1, slash - dash - 1));
  const std::string_view total = text.substr(slash + 1);
  if (!first || !last || *last < *first || *last == UINT64_MAX) return std::nullopt;
  ContentRange range{*first, *last + 1, whole_number(total)};
  if (!range.total && total != "*") return std::nullopt;
  if (range.total && range.end > *range.total) return std::nullopt;
  return range;
}

/// The address that a Link header gives for "next", or nothing: <https://...>; rel="next", <...>; rel="last".
inline std::optional<std::string> next_link(std::string_view header) {
  while (true) {
    const std::size_t open = header.find('<');
    const std::size_t close = open == std::string_view::npos ? open : header.find('>', open);
    if (close == std::string_view::npos) return std::nullopt;
    const std::string_view address = header.substr(open + 1, close - open - 1);
    header.remove_prefix(close + 1);
    const std::string_view about = header.substr(0, std::min(header.find('<'), header.size()));
    if (about.find("rel=\"next\"") != std::string_view::npos || about.find("rel=next") != std::string_view::npos)
      return std::string(address);
  }
}

/// The seconds until a limit of requests is lifted, of `"api";r=0;t=55`; nothing if requests remain.
inline std::optional<std::uint64_t> rate_limit_reset(std::string_view header) {
  std::optional<std::uint64_t> remaining, reset;
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(';'), header.size());
    const std::string_view part = without_blanks(header.substr(0, end));
    header.remove_prefix(std::min(end + 1, header.size()));
    if (part.starts_with("r=")) remaining = whole_number(part.substr(2));
    if (part.starts_with("t=")) reset = whole_number(part.substr(2));
  }
  return remaining == 0 ? reset : std::nullopt;
}

}  // namespace tl::hub::detail
