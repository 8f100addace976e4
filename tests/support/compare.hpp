// Comparing results with a reference by one rule: |got - expected| may be at most
//   4 eps sqrt(K) (|expected| + m),
// with eps of the precision under test, K the number of terms that are summed for one element, and m the largest
// |expected| of the tensor, because the terms of a sum can be as large as its largest neighbour. The rule has no
// number that is tuned per test.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <sstream>
#include <string>

#include "support/catch.hpp"

#include <tl/core/tensor.hpp>

namespace tl::test {

/// Outcome of a comparison; `sentence` names the worst element, both values and the share of the tolerance it uses.
struct Comparison {
  bool within = true;
  std::string sentence;
};

/// Compares by the rule above, with m at least `largest`. NaN equals only NaN.
template <class T>
Comparison compare(const Tensor<T>& got, const Tensor<double>& expected, std::int64_t terms, double eps,
                   double largest = 0.0) {
  if (got.shape() != expected.shape()) return {false, str_cat("got ", got, ", expected shape ", expected.shape())};
  for (const double value : expected.span())
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  double worst_share = -1.0;
  std::int64_t worst = 0;
  for (std::int64_t i = 0; i < got.elements(); ++i) {
    const double a = static_cast<double>(got.data()[i]), b = expected.data()[i];
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    const double tolerance = 4.0 * eps * std::sqrt(static_cast<double>(terms)) * (std::abs(b) + largest);
    const double error = std::abs(a - b) / tolerance;
    const double share = std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
    if (share > worst_share) worst_share = share, worst = i;
  }
  if (worst_share < 0.0) return {true, "equal"};
  std::ostringstream sentence;
  sentence.precision(17);
  sentence << "worst element " << worst << " of " << expected.shape() << ": got "
           << static_cast<double>(got.data()[worst]) << ", expected " << expected.data()[worst] << ", "
           << std::round(1000.0 * worst_share) / 10.0 << " % of the tolerance";
  return {worst_share <= 1.0, sentence.str()};
}

/// The same with the eps of T.
template <class T> Comparison compare(const Tensor<T>& got, const Tensor<double>& expected, std::int64_t terms) {
  return compare(got, expected, terms, static_cast<double>(std::numeric_limits<T>::epsilon()));
}

/// True if both tensors have the same shape and the same bits.
template <class T> bool same_bits(const Tensor<T>& a, const Tensor<T>& b) {
  return a.shape() == b.shape() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.elements()) * sizeof(T)) == 0;
}

}  // namespace tl::test

/// Checks that `comparison` is within tolerance and prints its sentence if not.
#define TL_CHECK_CLOSE(comparison)                         \
  do {                                                     \
    const tl::test::Comparison tl_comparison = comparison; \
    INFO(tl_comparison.sentence);                          \
    CHECK(tl_comparison.within);                           \
  } while (false)
