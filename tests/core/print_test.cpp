#include <tl/core/print.hpp>

#include <cmath>

#include "support/catch.hpp"
#include "support/foreign_locale.hpp"

using tl::Shape;
using tl::Tensor;

TEST_CASE("a vector prints on one line") {
  CHECK(tl::format(Tensor<float>::from({1.0f, 2.0f}, {2})) == "[1., 2.] f32[2]@cpu");
  CHECK(tl::format(Tensor<std::int64_t>::from({1, -2, 3}, {3})) == "[ 1, -2,  3] i64[3]@cpu");
  CHECK(tl::format(Tensor<std::uint8_t>::from({65, 0}, {2})) == "[65,  0] u8[2]@cpu");
  CHECK(tl::format(Tensor<tl::half>::full({1}, tl::half(-0.5f))) == "[-0.5000] f16[1]@cpu");
}

TEST_CASE("floating-point numbers print as torch 2.15 prints them") {
  const auto printed = [](std::vector<float> numbers) {
    const auto count = static_cast<std::int64_t>(numbers.size());
    const std::string text = tl::format(Tensor<float>::from(numbers, {count}));
    return text.substr(0, text.find(" f32"));
  };
  CHECK(printed({1e-7F}) == "[1.0000e-07]");
  CHECK(printed({1e30F, 1}) == "[1.0000e+30, 1.0000e+00]");
  CHECK(printed({1, 1000}) == "[   1., 1000.]");
  CHECK(printed({1, 1001}) == "[1.0000e+00, 1.0010e+03]");
  CHECK(printed({0.5F, 400}) == "[  0.5000, 400.0000]");
  CHECK(printed({0.5F, 600}) == "[5.0000e-01, 6.0000e+02]");
  CHECK(printed({1e8F}) == "[100000000.]");
  CHECK(printed({2e8F}) == "[2.0000e+08]");
  CHECK(printed({NAN, INFINITY, -INFINITY, 1.5F}) == "[   nan,    inf,   -inf, 1.5000]");
  CHECK(printed({-NAN}) == "[nan]");
  CHECK(printed({NAN, 1}) == "[nan, 1.]");
  CHECK(printed({0, 0}) == "[0., 0.]");
  CHECK(printed({-3, 12, 0}) == "[-3., 12.,  0.]");
  CHECK(tl::format(Tensor<double>::full({1}, 1e-200)) == "[1.0000e-200] f64[1]@cpu");
  CHECK(tl::format(Tensor<float>::from({1.5F, -10, 0, NAN}, {2, 2})) ==
        "[[  1.5000, -10.0000],\n [  0.0000,      nan]] f32[2, 2]@cpu");
}

TEST_CASE("numbers that are not shown do not count") {
  auto long_row = Tensor<float>::full({100}, 1.0F);
  long_row.data()[50] = 1e30F;
  CHECK(tl::format(long_row) == "[1., 1., 1., ..., 1., 1., 1.] f32[100]@cpu");
}

TEST_CASE("the program's locale does not change how a tensor prints") {
  const tl::test::ForeignLocale guard;
  CHECK(tl::format(Tensor<float>::from({1234.5f}, {1})) == "[1234.5000] f32[1]@cpu");
  CHECK(tl::format(Tensor<std::int32_t>::from({1234567}, {1})) == "[1234567] i32[1]@cpu");
}

TEST_CASE("a matrix prints one row per line, indented by its depth") {
  CHECK(tl::format(Tensor<std::int32_t>::from({1, 2, 3, 4}, {2, 2})) == "[[1, 2],\n [3, 4]] i32[2, 2]@cpu");
  CHECK(tl::format(Tensor<std::int32_t>::from({1, 2}, {2, 1, 1})) == "[[[1]],\n [[2]]] i32[2, 1, 1]@cpu");
  CHECK(tl::format(Tensor<std::int32_t>::from({1, 2}, {1, 2, 1})) == "[[[1],\n  [2]]] i32[1, 2, 1]@cpu");
}

TEST_CASE("long dimensions are shortened to both ends") {
  auto seven = Tensor<std::int32_t>::from({0, 1, 2, 3, 4, 5, 6}, {7});
  CHECK(tl::format(seven) == "[0, 1, 2, 3, 4, 5, 6] i32[7]@cpu");
  auto many = Tensor<std::int32_t>::empty({1000});
  for (std::int64_t i = 0; i < 1000; ++i) many.data()[i] = static_cast<std::int32_t>(i);
  CHECK(tl::format(many) == "[  0,   1,   2, ..., 997, 998, 999] i32[1000]@cpu");
  CHECK(tl::format(many.reshape({1000, 1})) ==
        "[[  0],\n [  1],\n [  2],\n ...,\n [997],\n [998],\n [999]] i32[1000, 1]@cpu");
}

TEST_CASE("scalars, empty and undefined tensors") {
  CHECK(tl::format(Tensor<double>::full(Shape{}, 0.25)) == "0.2500 f64[]@cpu");
  CHECK(tl::format(Tensor<float>::empty({0, 3})) == "[] f32[0, 3]@cpu");
  CHECK(tl::format(Tensor<float>{}) == " f32[undefined]");
}
