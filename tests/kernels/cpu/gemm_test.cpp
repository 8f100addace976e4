// The matrix product against plain loops in double, for every instruction set of this CPU.
#include <tl/kernels/cpu/gemm/gemm.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <tl/core/cpu_features.hpp>

#include "support/catch.hpp"

namespace {

std::vector<tl::CpuIsa> supported_isas() {
  std::vector<tl::CpuIsa> isas;
  for (const tl::CpuIsa isa : tl::all_cpu_isas)
    if (isa <= tl::detected_cpu_isa()) isas.push_back(isa);
  return isas;
}

struct Case {
  std::int64_t m, n, k;
  bool trans_a = false, trans_b = false, accumulate = false, bias = false;
  std::int64_t padding = 0;  // how much longer than needed the rows of all matrices are
  tl::Precision precision = tl::Precision::f32;
};

template <class T> struct Matrices {
  explicit Matrices(const Case& shape) : shape(shape) {
    lda = (shape.trans_a ? shape.m : shape.k) + shape.padding;
    ldb = (shape.trans_b ? shape.k : shape.n) + shape.padding;
    ldc = shape.n + shape.padding;
    a = filled((shape.trans_a ? shape.k : shape.m) * lda);
    b = filled((shape.trans_b ? shape.n : shape.k) * ldb);
    c = filled(shape.m * ldc);
    bias = filled(shape.n);
  }

  std::vector<T> filled(std::int64_t count) {
    std::vector<T> values(static_cast<std::size_t>(count));
    for (T& value : values) value = static_cast<T>(std::uniform_real_distribution<double>(-1, 1)(engine));
    return values;
  }

  tl::cpu::GemmArgs<T> arguments(tl::CpuIsa isa, T* result) const {
    return {.a = a.data(),
            .b = b.data(),
            .c = result,
            .m = shape.m,
            .n = shape.n,
            .k = shape.k,
            .lda = lda,
            .ldb = ldb,
            .ldc = ldc,
            .transpose_a = shape.trans_a,
            .transpose_b = shape.trans_b,
            .accumulate = shape.accumulate,
            .bias = shape.bias ? bias.data() : nullptr,
            .precision = shape.precision,
            .isa = isa};
  }

  std::vector<T> product(tl::CpuIsa isa) const { return product(isa, b.data()); }

  std::vector<T> product(tl::CpuIsa isa, tl::Stored<const T> right, tl::kernels::PackedWeight* packed = nullptr) const {
    std::vector<T> result = c;
    tl::cpu::GemmArgs<T> args = arguments(isa, result.data());
    args.b = right;
    args.packed = packed;
    tl::cpu::gemm(args);
    return result;
  }

  /// The largest error of `result` in units of its tolerance, 3 eps * sqrt(terms) * (root of the sum of squared terms):
  /// the rounding errors of a sum of independent terms.
  double error(const std::vector<T>& result) const {
    double worst = 0;
    for (std::int64_t i = 0; i < shape.m; ++i)
      for (std::int64_t j = 0; j < ldc; ++j) {
        double expected = 0, squares = 0;
        const auto add = [&](double term) { expected += term, squares += term * term; };
        if (j >= shape.n || shape.accumulate) add(at(c, i * ldc + j));
        if (j < shape.n && shape.bias) add(at(bias, j));
        for (std::int64_t x = 0; j < shape.n && x < shape.k; ++x)
          add(operand(a, shape.trans_a ? x * lda + i : i * lda + x) *
              operand(b, shape.trans_b ? j * ldb + x : x * ldb + j));
        const double tolerance = 3 * static_cast<double>(std::numeric_limits<T>::epsilon()) *
                                 std::sqrt((static_cast<double>(shape.k) + 2) * squares);
        const double difference = std::abs(expected - at(result, i * ldc + j));
        if (difference > 0) worst = std::max(worst, difference / tolerance);
      }
    return worst;
  }

  double operand(const std::vector<T>& values, std::int64_t i) const {
    const double value = at(values, i);
    return shape.precision == tl::Precision::f32 ? value : double{tl::bfloat16(static_cast<float>(value))};
  }

  static double at(const std::vector<T>& values, std::int64_t i) {
    return static_cast<double>(values[static_cast<std::size_t>(i)]);
  }

  Case shape;
  std::mt19937 engine{7};
  std::int64_t lda, ldb, ldc;
  std::vector<T> a, b, c, bias;
};

const std::vector<Case> shapes = {{1, 1, 1},     {1, 32, 5},    {14, 32, 256}, {15, 33, 257}, {13, 31, 255},
                                  {6, 16, 64},   {16, 2, 768},  {29, 130, 40}, {61, 7, 513},  {97, 201, 33},
                                  {3, 300, 300}, {460, 40, 20}, {5, 5, 1024},  {130, 129, 1}, {28, 64, 512}};

template <class T> void check_all(Case shape) {
  for (const tl::CpuIsa isa : supported_isas())
    for (int form = 0; form < 16; ++form) {
      shape.trans_a = form & 1;
      shape.trans_b = form & 2;
      shape.accumulate = form & 4;
      shape.bias = form & 8;
      const Matrices<T> matrices(shape);
      INFO(tl::to_string(isa) << " m " << shape.m << " n " << shape.n << " k " << shape.k << " form " << form);
      CHECK(matrices.error(matrices.product(isa)) <= 1.0);
    }
}

}  // namespace

TEST_CASE("gemm equals plain loops for every instruction set, shape, transposition, accumulation and bias") {
  for (const Case& shape : shapes) {
    check_all<float>(shape);
    check_all<double>(shape);
  }
}

TEST_CASE("gemm in bf16 is the product of the operands rounded to bfloat16") {
  for (Case shape : shapes) {
    shape.precision = tl::Precision::bf16;
    check_all<float>(shape);
    check_all<double>(shape);
    shape.padding = 3;
    check_all<float>(shape);
  }
}

TEST_CASE("gemm packs an A of more than 8 MiB in several passes") {
  for (const tl::CpuIsa isa : supported_isas()) {
    const Matrices<float> transposed({.m = 1541, .n = 3, .k = 1537, .trans_a = true, .accumulate = true, .bias = true});
    const Matrices<float> colliding({.m = 1100, .n = 5, .k = 2048, .trans_b = true, .bias = true});
    INFO(tl::to_string(isa));
    CHECK(transposed.error(transposed.product(isa)) <= 1.0);
    CHECK(colliding.error(colliding.product(isa)) <= 1.0);
  }
}

TEST_CASE("gemm with a cached packed B gives the same bits, first and later, for every instruction set") {
  for (Case shape : shapes)
    for (const tl::Precision precision : {tl::Precision::f32, tl::Precision::bf16})
      for (const bool trans_b : {false, true}) {
        shape.precision = precision;
        shape.trans_b = trans_b;
        shape.bias = true;
        const Matrices<float> matrices(shape);
        for (const tl::CpuIsa isa : supported_isas()) {
          INFO(tl::to_string(isa) << " m " << shape.m << " n " << shape.n << " k " << shape.k << " trans_b "
                                  << trans_b);
          tl::kernels::PackedWeight packed;
          const std::vector<float> expected = matrices.product(isa);
          CHECK(matrices.product(isa, matrices.b.data(), &packed) == expected);
          // In bf16 B itself is not read again.
          const std::vector<float> other(matrices.b.size());
          const bool reads_b = precision == tl::Precision::f32;
          CHECK(matrices.product(isa, reads_b ? matrices.b.data() : other.data(), &packed) == expected);
        }
      }
}

TEST_CASE("gemm leaves what is between the rows of C alone") {
  for (Case shape : shapes) {
    shape.padding = 5;
    check_all<float>(shape);
  }
}

TEST_CASE("gemm with an empty dimension") {
  for (const tl::CpuIsa isa : supported_isas()) {
    for (const bool accumulate : {false, true})
      for (const bool bias : {false, true}) {
        const Matrices<float> no_depth({.m = 17, .n = 35, .k = 0, .accumulate = accumulate, .bias = bias});
        CHECK(no_depth.error(no_depth.product(isa)) <= 1.0);
      }
    const Matrices<float> no_rows({.m = 0, .n = 3, .k = 4}), no_columns({.m = 3, .n = 0, .k = 4});
    CHECK(no_rows.product(isa).empty());
    CHECK(no_columns.product(isa).empty());
  }
}

TEST_CASE("gemm gives the same bits for any number of threads") {
  const int before = tl::num_threads();
  for (const tl::CpuIsa isa : supported_isas())
    for (const Case& shape :
         {Case{.m = 438, .n = 96, .k = 768, .trans_b = true, .bias = true},
          Case{.m = 771, .n = 390, .k = 37, .trans_a = true, .accumulate = true}, Case{.m = 16, .n = 2, .k = 768},
          Case{.m = 100, .n = 1000, .k = 300}, Case{.m = 48, .n = 301, .k = 500, .trans_b = true, .bias = true}}) {
      const Matrices<float> matrices(shape);
      tl::set_num_threads(1);
      const auto expected = matrices.product(isa);
      for (const int threads : {2, 3, 4, 9}) {
        tl::set_num_threads(threads);
        INFO(tl::to_string(isa) << ", " << threads << " threads, m " << shape.m);
        CHECK(matrices.product(isa) == expected);
      }
    }
  tl::set_num_threads(before);
}

TEST_CASE("gemm passes on infinities and NaN") {
  for (const tl::CpuIsa isa : supported_isas()) {
    Matrices<float> matrices({.m = 20, .n = 40, .k = 10});
    matrices.a[3 * 10 + 2] = std::numeric_limits<float>::quiet_NaN();
    matrices.a[7 * 10 + 9] = std::numeric_limits<float>::infinity();
    const auto result = matrices.product(isa);
    for (std::size_t row = 0; row < 20; ++row)
      for (std::size_t column = 0; column < 40; ++column) {
        const float value = result[row * 40 + column];
        CHECK((row == 3 ? std::isnan(value) : row == 7 ? std::isinf(value) : std::isfinite(value)));
      }
  }
}

TEST_CASE("TL_CPU_ISA chooses an instruction set") {
  using tl::CpuIsa;
  using tl::detail::parse_cpu_isa;
  CHECK(parse_cpu_isa("generic", CpuIsa::avx512) == CpuIsa::generic);
  CHECK(parse_cpu_isa("avx512_bf16", CpuIsa::avx512_bf16) == CpuIsa::avx512_bf16);
  TL_REQUIRE_ERROR(parse_cpu_isa("avx512", CpuIsa::avx2),
                   "TL_CPU_ISA: this CPU does not support avx512; it supports generic, avx2");
  TL_REQUIRE_ERROR(parse_cpu_isa("AVX2", CpuIsa::avx2),
                   "TL_CPU_ISA: expected one of generic, avx2, avx512, avx512_bf16, got \"AVX2\"; this CPU supports "
                   "generic, avx2");
  CHECK(tl::cpu_isa() <= tl::detected_cpu_isa());
  const char* const name = std::getenv("TL_CPU_ISA");
  if (name && *name) CHECK(tl::cpu_isa() == parse_cpu_isa(name, tl::detected_cpu_isa()));
  else CHECK(tl::cpu_isa() == tl::preferred_cpu_isa());
  CHECK(tl::preferred_cpu_isa() <= tl::detected_cpu_isa());
  // AVX512-BF16 is the one instruction set that a CPU may have and not be fast with.
  if (tl::detected_cpu_isa() != CpuIsa::avx512_bf16) CHECK(tl::preferred_cpu_isa() == tl::detected_cpu_isa());
}

TEST_CASE("A read in place gives the same bits as A packed") {
  for (const tl::CpuIsa isa : supported_isas())
    for (const Case& sizes : shapes) {
      Case shape = sizes;
      shape.padding = 3;
      for (const bool transposed : {false, true}) {
        shape.trans_a = transposed;
        const Matrices<float> matrices(shape);
        const auto product = [&](bool always_packed) {
          std::vector<float> result = matrices.c;
          tl::cpu::BlockedGemm(tl::cpu::detail::blocked_kernel(isa, shape.precision),
                               matrices.arguments(isa, result.data()), always_packed)
              .run();
          return result;
        };
        INFO(tl::to_string(isa) << " m " << shape.m << " n " << shape.n << " k " << shape.k);
        const auto packed = product(true);
        CHECK(matrices.error(packed) <= 1.0);
        CHECK(product(false) == packed);
      }
    }
}

TEST_CASE("a row of a product has the same bits however many rows there are") {
  for (const tl::CpuIsa isa : supported_isas()) {
    for (const auto& [n, k] : {std::pair<std::int64_t, std::int64_t>{45, 70}, {64, 600}, {7, 1}}) {
      const Matrices<float> whole({.m = 130, .n = n, .k = k, .trans_b = true, .bias = true, .padding = 3});
      const auto all = whole.product(isa);
      for (const std::int64_t m : {1, 9, 10, 16, 17, 20, 32, 33, 42, 48, 64, 80, 96, 97}) {
        Matrices<float> few = whole;
        few.shape.m = m;
        const auto some = few.product(isa);
        INFO(tl::to_string(isa) << ", " << m << " rows of " << n << ", k = " << k);
        const bool same = std::equal(some.begin(), some.begin() + (m - 1) * whole.ldc + n, all.begin());
        REQUIRE(same);
      }
    }
  }
}

TEMPLATE_TEST_CASE("gemm takes B in bfloat16 as it takes B rounded", "", float, double) {
  for (const tl::CpuIsa isa : tl::all_cpu_isas) {
    if (isa > tl::detected_cpu_isa()) continue;
    for (const auto& [m, n, k] : {std::array<std::int64_t, 3>{20, 70, 33}, {3, 16, 1}, {65, 17, 600}, {5, 4, 0}}) {
      const Matrices<TestType> matrices({m, n, k, true, false, true, false, 3, tl::Precision::bf16});
      std::vector<tl::bfloat16> rounded;
      for (const TestType value : matrices.b) rounded.emplace_back(static_cast<float>(value));
      INFO(tl::to_string(isa) << ", " << m << " x " << n << " x " << k);
      CHECK(matrices.product(isa, rounded.data()) == matrices.product(isa));
    }
  }
}
