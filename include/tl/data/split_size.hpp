// How large the parts of a split are.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include <tl/core/error.hpp>

namespace tl {

/// A size of a split: a fraction of the rows if made from a floating-point number, a number of rows from an integer.
class SplitSize {
 public:
  template <std::floating_point T> constexpr SplitSize(T fraction) : value_(static_cast<double>(fraction)) {}
  template <std::integral T> constexpr SplitSize(T rows) : value_(static_cast<std::int64_t>(rows)) {}

  /// The number of rows out of `total`, a fraction rounded up or down. Throws invalid_argument outside (0, 1) or
  /// (0, total).
  std::int64_t rows(std::int64_t total, bool round_up, std::string_view name) const {
    if (const auto* rows = std::get_if<std::int64_t>(&value_)) {
      check(*rows > 0 && *rows < total, ErrorCode::invalid_argument, name, ": expected a number of rows in (0, ", total,
            ") or a fraction in (0, 1), got ", *rows);
      return *rows;
    }
    const double fraction = std::get<double>(value_);
    check(fraction > 0.0 && fraction < 1.0, ErrorCode::invalid_argument, name,
          ": expected a fraction in (0, 1) or a number of rows in (0, ", total, "), got ", fraction);
    const double exact = fraction * static_cast<double>(total);
    return static_cast<std::int64_t>(round_up ? std::ceil(exact) : std::floor(exact));
  }

 private:
  std::variant<double, std::int64_t> value_;
};

/// Options of Dataset::train_test_split; with neither size a quarter of the rows is for testing.
struct TrainTestSplitOptions {
  std::optional<SplitSize> test_size = {};
  std::optional<SplitSize> train_size = {};
  std::uint64_t seed = 42;
  bool shuffle = true;
};

}  // namespace tl
