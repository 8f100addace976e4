// Which rows of which splits: "train", "train[:10%]", "test[10:20]+train[-5%:]", "all", as Python's load_dataset reads
// it in its argument split.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/concatenate.hpp>
#include <tl/data/dataset.hpp>
#include <tl/data/dataset_dict.hpp>

namespace tl {

/// Rows of splits, in Python's words: Split("train[:10%]+test").
struct Split {
  // A template, so that the braces of DataFiles are never taken for a text from one address to another.
  template <class Text>
  requires std::convertible_to<const Text&, std::string_view>
  explicit Split(const Text& text) : spec(std::string_view(text)) {}
  std::string spec;
};

namespace detail {

/// Whether the name may be that of a split: words of letters, digits and underscores with points between.
inline bool is_split_name(std::string_view name) {
  bool word = false;
  for (const char c : name) {
    if (c == '.' && !word) return false;
    word = c != '.';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
    if (c != '.' && c != '_' && !letter && !(c >= '0' && c <= '9')) return false;
  }
  return word;
}

/// One summand of a Split: a split, and a slice of its rows.
struct SplitSlice {
  std::string name;
  std::optional<std::int64_t> from = {}, to = {};
  bool percent = false;
  bool drop_remainder = false;  // (pct1_dropremainder): percents are multiples of a hundredth of the rows

  /// The first row and the one after the last.
  std::pair<std::int64_t, std::int64_t> rows(std::int64_t count, std::string_view spec) const {
    check(!percent || !drop_remainder || count >= 100, ErrorCode::invalid_argument, "split ", Repr{spec},
          ": expected at least 100 rows in ", Repr{name}, " for pct1_dropremainder, got ", count);
    return {bound(from.value_or(0), count, from.has_value()), bound(to.value_or(count), count, to.has_value())};
  }

 private:
  std::int64_t bound(std::int64_t boundary, std::int64_t count, bool given) const {
    std::int64_t row = boundary;
    if (percent && given) row = drop_remainder ? boundary * (count / 100) : closest(boundary, count);
    if (row < 0) row = std::max<std::int64_t>(count + row, 0);
    return std::min(row, count);
  }

  /// Rounded as Python's round does: halves to the even neighbour.
  static std::int64_t closest(std::int64_t boundary, std::int64_t count) {
    const double exact = static_cast<double>(boundary * count) / 100.0, below = std::floor(exact);
    const auto whole = static_cast<std::int64_t>(below);
    const double rest = exact - below;
    return whole + (rest > 0.5 || (rest == 0.5 && whole % 2 != 0) ? 1 : 0);
  }
};

/// Reads the summands of a Split.
class SplitReader {
 public:
  explicit SplitReader(std::string_view spec) : spec_(spec) {}

  std::vector<SplitSlice> read() const {
    std::vector<SplitSlice> slices;
    std::string_view rest = spec_;
    for (bool more = true; more;) {
      const std::size_t plus = rest.find('+');
      more = plus != std::string_view::npos;
      std::string_view part = rest.substr(0, plus);
      if (!slices.empty()) part.remove_prefix(std::min(part.find_first_not_of(" \t\n"), part.size()));
      if (more) part = part.substr(0, part.find_last_not_of(" \t\n") + 1);
      slices.push_back(slice(part));
      if (more) rest.remove_prefix(plus + 1);
    }
    for (const SplitSlice& slice : slices)
      if (slices[0].percent && slice.percent && slice.drop_remainder != slices[0].drop_remainder)
        refuse("one way of rounding in all parts");
    return slices;
  }

 private:
  [[noreturn, gnu::cold]] void refuse(std::string_view expected) const {
    fail(ErrorCode::invalid_argument, "split ", Repr{spec_}, ": expected ", expected);
  }

  SplitSlice slice(std::string_view text) const {
    static constexpr std::string_view form =
        "splits as in train, train[10:20], train[:10%], train[-5%:](pct1_dropremainder), with + between";
    SplitSlice result{std::string(text.substr(0, text.find_first_of("[(")))};
    if (!is_split_name(result.name)) refuse(form);
    text.remove_prefix(result.name.size());
    if (text.starts_with('[')) {
      const std::size_t end = text.find(']'), colon = text.find(':');
      if (end == std::string_view::npos || colon > end) refuse(form);
      result.from = boundary(text.substr(1, colon - 1), result.percent);
      result.to = boundary(text.substr(colon + 1, end - colon - 1), result.percent);
      text.remove_prefix(end + 1);
    }
    if (result.percent && (std::llabs(result.from.value_or(0)) > 100 || std::llabs(result.to.value_or(0)) > 100))
      refuse("percents from -100 to 100");
    if (text.empty()) return result;
    if (text != "(closest)" && text != "(pct1_dropremainder)")
      refuse(text.starts_with('(') && text.ends_with(')') ? "the rounding closest or pct1_dropremainder" : form);
    if (!result.percent) refuse("no rounding without percents");
    result.drop_remainder = text == "(pct1_dropremainder)";
    return result;
  }

  std::optional<std::int64_t> boundary(std::string_view text, bool& percent) const {
    if (text.empty()) return std::nullopt;
    if (text.ends_with('%')) {
      percent = true;
      text.remove_suffix(1);
    }
    std::int64_t value = 0;
    std::string digits(text);
    std::erase(digits, '_');
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || read.ec != std::errc{} || read.ptr != digits.data() + digits.size())
      refuse("whole numbers as bounds of a slice");
    return value;
  }

  std::string_view spec_;
};

/// The names of the splits that a Split needs; none: all.
inline std::vector<std::string> needed_splits(const Split& split) {
  std::vector<std::string> names;
  if (split.spec != "all")
    for (SplitSlice& slice : SplitReader(split.spec).read()) names.push_back(std::move(slice.name));
  return names;
}

}  // namespace detail

/// The rows that `split` names, in its order. Throws invalid_argument for what cannot be read, for a slice that ends
/// before it begins and for no rows at all, not_found for a split that is not there.
inline Dataset select_split(const DatasetDict& splits, const Split& split) {
  std::vector<detail::SplitSlice> slices;
  if (split.spec == "all")
    for (const std::string& name : splits.names()) slices.push_back({name});
  else slices = detail::SplitReader(split.spec).read();
  std::vector<Dataset> parts;
  for (const detail::SplitSlice& slice : slices) {
    check(splits.contains(slice.name), ErrorCode::not_found, "split ", detail::Repr{split.spec}, ": expected one of ",
          detail::python_text(splits.names()), ", got ", detail::Repr{slice.name});
    const Dataset& rows = splits[slice.name];
    const auto [begin, end] = slice.rows(rows.num_rows(), split.spec);
    check(begin <= end, ErrorCode::invalid_argument, "split ", detail::Repr{split.spec}, ": expected a slice of the ",
          rows.num_rows(), " rows of ", detail::Repr{slice.name}, " that ends after its beginning, got rows ", begin,
          " to ", end);
    if (end - begin == rows.num_rows()) parts.push_back(rows);
    else if (begin < end) parts.push_back(rows.slice(begin, end));
  }
  std::erase_if(parts, [](const Dataset& part) { return part.num_rows() == 0; });
  check(!parts.empty(), ErrorCode::invalid_argument, "split ", detail::Repr{split.spec},
        ": expected at least one row, got none");
  return concatenate_datasets(std::move(parts));
}

}  // namespace tl
