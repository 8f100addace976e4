// matmul.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/matmul.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

TEST_CASE("matmul: values and gradients of PyTorch") {
  check_op("matmul",
           []<class T>(const OpCase&, const std::vector<Variable<T>>& in) { return tl::ops::matmul(in[0], in[1]); });
}

TEST_CASE("matmul: every transposition, overwriting and accumulating") {
  const std::int64_t m = 13, n = 21, k = 37;
  const Tensor<double> a = varied<double>({m, k}, 1), b = varied<double>({k, n}, 2);
  Tensor<double> at = Tensor<double>::empty({k, m}), bt = Tensor<double>::empty({n, k}),
                 expected = Tensor<double>::zeros({m, n});
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t p = 0; p < k; ++p) at.at({p, i}) = a.at({i, p});
  for (std::int64_t p = 0; p < k; ++p)
    for (std::int64_t j = 0; j < n; ++j) bt.at({j, p}) = b.at({p, j});
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < n; ++j)
      for (std::int64_t p = 0; p < k; ++p) expected.at({i, j}) += a.at({i, p}) * b.at({p, j});
  Tensor<double> doubled = expected.clone();
  for (double& value : doubled.span()) value *= 2.0;
  const auto check_type = [&]<class T>(T) {
    for (const bool transpose_a : {false, true})
      for (const bool transpose_b : {false, true}) {
        INFO("transpose_a " << transpose_a << ", transpose_b " << transpose_b << ", " << sizeof(T) << " bytes");
        const Tensor<T> left = (transpose_a ? at : a).template cast<T>(),
                        right = (transpose_b ? bt : b).template cast<T>();
        Tensor<T> c = Tensor<T>::full({m, n}, static_cast<T>(NAN));
        tl::kernels::MatMul<T> call{left.data(), right.data(), c.data(), m, n, k, transpose_a, transpose_b, false};
        tl::kernels::run(tl::cpu_device, call);
        TL_CHECK_CLOSE(compare(c, expected, k));
        call.accumulate = true;
        tl::kernels::run(tl::cpu_device, call);
        TL_CHECK_CLOSE(compare(c, doubled, k));
      }
  };
  check_type(1.0F);
  check_type(1.0);
}

TEST_CASE("matmul: the same bits for every thread count") {
  check_thread_counts({{150, 97}, {97, 203}}, [](const auto& in) { return tl::ops::matmul(in[0], in[1]); });
}

TEST_CASE("matmul: error sentences") {
  TL_REQUIRE_ERROR(tl::ops::matmul(leaf({2, 3}), leaf({2, 3})),
                   "matmul: expected a [M, K] and b [K, N] with the same K, got f32[2, 3]@cpu and f32[2, 3]@cpu");
}
