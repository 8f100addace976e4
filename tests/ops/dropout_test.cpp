// dropout, with masks from the independent implementation of the rule in make_op_cases.py.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/dropout.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

TEST_CASE("dropout: values and gradients of PyTorch under the same masks") {
  check_op("dropout", []<class T>(const OpCase& c, const std::vector<Variable<T>>& in) {
    return tl::ops::dropout(in[0], c.dropout(), c.precision());
  });
}

TEST_CASE("dropout: p = 0 is the variable itself") {
  const Variable<float> x = leaf({2, 3});
  CHECK(tl::ops::dropout(x, {}).value().data() == x.value().data());
}

TEST_CASE("dropout: y may be x") {
  Tensor<float> x = varied<float>({40, 96}, 1), apart = Tensor<float>::full({40, 96}, NAN);
  const tl::kernels::DropoutMask mask{0.3, 1, 2, 3};
  tl::kernels::run(tl::cpu_device,
                   tl::kernels::Dropout<float>{.x = x.data(), .y = apart.data(), .n = 40, .d = 96, .mask = mask});
  tl::kernels::run(tl::cpu_device,
                   tl::kernels::Dropout<float>{.x = x.data(), .y = x.data(), .n = 40, .d = 96, .mask = mask});
  CHECK(same_bits(x, apart));
}

TEST_CASE("dropout: the same bits for every thread count") {
  check_thread_counts({{300, 131}}, [](const auto& in) {
    return tl::ops::dropout(in[0], tl::kernels::DropoutMask{0.3, 1, 2, 3});
  });
}

TEST_CASE("dropout: error sentences") {
  TL_REQUIRE_ERROR(tl::ops::dropout(leaf({2, 3}), tl::kernels::DropoutMask{1.5}),
                   "dropout: expected p in [0, 1], got 1.5");
  TL_REQUIRE_ERROR(tl::ops::dropout(leaf({2}), tl::kernels::DropoutMask{0.5}),
                   "dropout: expected x [N, D], got f32[2]@cpu");
}
