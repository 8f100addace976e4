// The elements of a tensor as text, in nested brackets; long dimensions are shortened to their first and last three.
// Numbers look as torch prints them: all elements of a tensor in one notation and of one width.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <locale>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tl/core/finite.hpp>
#include <tl/core/tensor.hpp>

namespace tl {

namespace detail {

/// Writes the brackets of dimensions `depth` and deeper, which begin at element `at`, and calls element(i) for each
/// element that is shown.
template <class Element>
void write_nested(std::ostream& out, const Shape& shape, int depth, std::int64_t at, const Element& element) {
  if (depth == shape.rank()) return element(at);
  constexpr std::int64_t edge = 3;
  const std::int64_t extent = shape[depth];
  std::int64_t stride = 1;
  for (int inner = depth + 1; inner < shape.rank(); ++inner) stride *= shape[inner];
  const bool innermost = depth + 1 == shape.rank();
  out << '[';
  for (std::int64_t i = 0; i < extent; ++i) {
    if (i > 0) out << (innermost ? ", " : ",\n" + std::string(static_cast<std::size_t>(depth) + 1, ' '));
    if (extent > 2 * edge + 1 && i == edge) {
      out << "...";
      i = extent - edge - 1;
      continue;
    }
    write_nested(out, shape, depth + 1, at + i * stride, element);
  }
  out << ']';
}

/// Pads the texts on the left to `width`.
inline std::vector<std::string> right_aligned(std::vector<std::string> texts, std::size_t width) {
  for (std::string& text : texts) text.insert(0, width - std::min(width, text.size()), ' ');
  return texts;
}

inline std::vector<std::string> number_texts(const std::vector<std::int64_t>& numbers) {
  std::vector<std::string> texts;
  std::size_t width = 0;
  for (const std::int64_t number : numbers) width = std::max(width, texts.emplace_back(std::to_string(number)).size());
  return right_aligned(std::move(texts), width);
}

/// The rule of torch: whole numbers as "2.", others with four digits after the point; with an exponent if sizes differ
/// by more than a factor of 1000, or if some are above 1e8 or below 1e-4. Zeros, nan and inf do not count.
inline std::vector<std::string> number_texts(const std::vector<double>& numbers) {
  const auto counts = [](double x) { return x != 0 && is_finite(x); };
  double largest = 0, smallest = std::numeric_limits<double>::infinity();
  bool whole = true;
  for (const double x : numbers) {
    if (!counts(x)) continue;
    largest = std::max(largest, std::abs(x));
    smallest = std::min(smallest, std::abs(x));
    whole = whole && x == std::trunc(x);
  }
  const bool exponent = largest / smallest > 1000 || largest > 1e8 || smallest < 1e-4;
  const auto text = [=](double x) -> std::string {
    if (!is_finite(x)) return is_nan(x) ? "nan" : x < 0 ? "-inf" : "inf";
    std::array<char, 32> buffer;
    const auto notation = exponent ? std::chars_format::scientific : std::chars_format::fixed;
    const int digits = whole && !exponent ? 0 : 4;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), x, notation, digits).ptr;
    return std::string(buffer.data(), end) + (digits == 0 ? "." : "");
  };
  std::vector<std::string> texts;
  std::size_t width = 0;
  for (const double x : numbers) {
    texts.push_back(text(x));
    if (counts(x)) width = std::max(width, texts.back().size());
  }
  return right_aligned(std::move(texts), width);
}

/// Writes the elements of a tensor on the CPU.
template <Element T> void write_elements(std::ostream& out, const Tensor<T>& tensor) {
  std::vector<std::conditional_t<std::is_integral_v<T>, std::int64_t, double>> shown;
  std::ostream nowhere(nullptr);
  write_nested(nowhere, tensor.shape(), 0, 0, [&](std::int64_t i) {
    shown.push_back(static_cast<typename decltype(shown)::value_type>(tensor.data()[i]));
  });
  const std::vector<std::string> texts = number_texts(shown);
  auto next = texts.begin();
  write_nested(out, tensor.shape(), 0, 0, [&](std::int64_t) { out << *next++; });
}

}  // namespace detail

/// The elements and the description, e.g. "[0.5000, 2.0000] f32[2]@cpu"; copies from a device if needed.
template <Element T> std::string format(const Tensor<T>& tensor) {
  std::ostringstream out;
  out.imbue(std::locale::classic());  // the same text in every program
  if (tensor.defined()) detail::write_elements(out, tensor.to(cpu_device));
  out << ' ' << tensor;
  return std::move(out).str();
}

}  // namespace tl
