// linear.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/linear.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

TEST_CASE("linear: values and gradients of PyTorch") {
  check_op("linear", []<class T>(const OpCase& c, const std::vector<Variable<T>>& in) {
    return tl::ops::linear(in[0], in[1], in.size() > 2 ? in[2] : Variable<T>{}, {.precision = c.precision()});
  });
}

TEST_CASE("linear: y and dx are overwritten, dweight and dbias accumulate") {
  const std::int64_t n = 5, in = 19, out = 7;
  const Tensor<float> x = varied<float>({n, in}, 1), w = varied<float>({out, in}, 2), dy = varied<float>({n, out}, 3);
  Tensor<float> y = Tensor<float>::full({n, out}, NAN), dx = Tensor<float>::full({n, in}, NAN);
  Tensor<float> dweight = Tensor<float>::full({out, in}, 100.0F), dbias = Tensor<float>::full({out}, 100.0F);
  tl::kernels::run(
      tl::cpu_device,
      tl::kernels::LinearForward<float>{
          .x = x.data(), .weight = w.data(), .bias = nullptr, .y = y.data(), .n = n, .in = in, .out = out});
  tl::kernels::run(tl::cpu_device,
                   tl::kernels::LinearBackwardInput<float>{
                       .dy = dy.data(), .weight = w.data(), .dx = dx.data(), .n = n, .in = in, .out = out});
  tl::kernels::run(tl::cpu_device, tl::kernels::LinearBackwardWeight<float>{.dy = dy.data(),
                                                                            .x = x.data(),
                                                                            .dweight = dweight.data(),
                                                                            .dbias = dbias.data(),
                                                                            .n = n,
                                                                            .in = in,
                                                                            .out = out});
  Tensor<double> ey = Tensor<double>::zeros({n, out}), edx = Tensor<double>::zeros({n, in});
  Tensor<double> edw = Tensor<double>::full({out, in}, 100.0), edb = Tensor<double>::full({out}, 100.0);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t o = 0; o < out; ++o) {
      const double g = static_cast<double>(dy.at({i, o}));
      edb.at({o}) += g;
      for (std::int64_t k = 0; k < in; ++k) {
        ey.at({i, o}) += static_cast<double>(x.at({i, k})) * static_cast<double>(w.at({o, k}));
        edx.at({i, k}) += g * static_cast<double>(w.at({o, k}));
        edw.at({o, k}) += g * static_cast<double>(x.at({i, k}));
      }
    }
  TL_CHECK_CLOSE(compare(y, ey, in));
  TL_CHECK_CLOSE(compare(dx, edx, out));
  TL_CHECK_CLOSE(compare(dweight, edw, n));
  TL_CHECK_CLOSE(compare(dbias, edb, n));
}

TEST_CASE("linear: the same bits for every thread count") {
  for (const tl::Precision precision : {tl::Precision::f32, tl::Precision::bf16})
    check_thread_counts({{150, 97}, {203, 97}, {203}},
                        [=](const auto& in) { return tl::ops::linear(in[0], in[1], in[2], {.precision = precision}); });
}

TEST_CASE("linear: error sentences") {
  TL_REQUIRE_ERROR(tl::ops::linear(leaf({2, 3}), leaf({4, 5})),
                   "linear: expected x [N, I] and weight [O, I] with the same I, got f32[2, 3]@cpu and f32[4, 5]@cpu");
  TL_REQUIRE_ERROR(tl::ops::linear(leaf({2, 3}), leaf({4, 3}), leaf({3})), "linear: expected bias [4], got f32[3]@cpu");
}
