// The elements of a tensor as text, in nested brackets; long dimensions are shortened to their first and last three.
#pragma once

#include <iomanip>
#include <locale>
#include <sstream>
#include <string>

#include <tl/core/tensor.hpp>

namespace tl {

namespace detail {

template <Element T>
void format_elements(std::ostream& out, const Tensor<T>& tensor, int depth) {
  if (tensor.rank() == 0) {
    if constexpr (dtype_of<T> == DType::u8) out << static_cast<int>(tensor.data()[0]);
    else if constexpr (std::is_integral_v<T>) out << tensor.data()[0];
    else out << std::fixed << std::setprecision(4) << std::setw(8) << static_cast<double>(tensor.data()[0]);
    return;
  }
  constexpr std::int64_t edge = 3;
  const std::int64_t extent = tensor.size(0);
  const bool innermost = tensor.rank() == 1;
  out << '[';
  for (std::int64_t i = 0; i < extent; ++i) {
    if (i > 0) out << (innermost ? ", " : ",\n" + std::string(static_cast<std::size_t>(depth) + 1, ' '));
    if (extent > 2 * edge + 1 && i == edge) {
      out << "...";
      i = extent - edge - 1;
      continue;
    }
    format_elements(out, tensor[i], depth + 1);
  }
  out << ']';
}

}  // namespace detail

/// The elements and the description, e.g. "[  1.0000,   2.0000] f32[2]@cpu"; copies from a device if needed.
template <Element T>
std::string format(const Tensor<T>& tensor) {
  std::ostringstream out;
  out.imbue(std::locale::classic());  // the same text in every program
  if (tensor.defined()) detail::format_elements(out, tensor.to(cpu_device), 0);
  out << ' ' << tensor;
  return std::move(out).str();
}

}  // namespace tl
