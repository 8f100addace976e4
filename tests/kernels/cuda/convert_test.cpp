// convert on the GPU gives the bits of the CPU for every pair of formats.
#include <cmath>
#include <cstdint>
#include <vector>

#include <tl/kernels/cpu/convert.hpp>

#include "compare_with_cpu.hpp"

namespace {

using tl::DType, tl::Tensor;

/// `n` numbers of all sizes that a half has, subnormal ones, ones that are too large for it, and NaN.
std::vector<float> numbers_to_convert(std::int64_t n) {
  std::vector<float> values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto k = static_cast<float>(i);
    values[i] = (i % 2 ? -1.0F : 1.0F) * (1.0F + k / 7.0F) * std::exp2(static_cast<float>(i % 48) - 28.0F);
  }
  if (n > 2) values[1] = NAN, values[2] = INFINITY;
  return values;
}

template <class T> Tensor<T> stored_in(const Tensor<T>& x, DType format) {
  auto result = Tensor<T>::empty(x.shape(), tl::cuda_device, format);
  result.copy_from(x);
  return result;
}

/// Whether two tensors have the same numbers, where NaN is NaN.
template <class T> bool same_numbers(const Tensor<T>& a, const Tensor<T>& b) {
  const auto left = a.to_vector(), right = b.to_vector();
  for (std::size_t i = 0; i < left.size(); ++i)
    if (!(left[i] == right[i] || (std::isnan(left[i]) && std::isnan(right[i])))) return false;
  return left.size() == right.size();
}

template <class T> void check_conversions(std::int64_t n) {
  const auto values = numbers_to_convert(n);
  const auto host = Tensor<T>::from(std::vector<T>(values.begin(), values.end()), {n});
  const DType formats[] = {tl::dtype_of<T>, DType::bf16, DType::f16};
  for (const DType from : formats)
    for (const DType to : formats) {
      if (from == to) continue;
      INFO(to_string(from) << " to " << to_string(to) << ", " << n << " numbers");
      const Tensor<T> x = stored_in(host, from), expected = stored_in(x.to(tl::cpu_device), to);
      auto y = Tensor<T>::empty({n}, tl::cuda_device, to);
      tl::kernels::run(tl::cuda_device, tl::kernels::Convert<T>{.x = x.stored(), .y = y.stored(), .n = n});
      CHECK(same_numbers(y, expected));
    }
}

}  // namespace

TEST_CASE("cuda convert: the bits of the CPU") {
  TL_SKIP_WITHOUT_GPU();
  for (const std::int64_t n : {0, 1, 255, 256, 1000}) {
    check_conversions<float>(n);
    check_conversions<double>(n);
  }
}
