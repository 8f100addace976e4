// The wrapper of cuBLASLt: which products it asks the library for, seen by a model of the library, here on the host's
// memory; plans, and the sentences of what goes wrong.
#include "support/catch.hpp"

#include <tl/kernels/cuda/cublaslt.cuh>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <random>
#include <vector>

#include "emulator/cublaslt_model.hpp"
#include "support/temporary_folder.hpp"

namespace {

using tl::cuda::Product;
using tl::cuda::Products;
using tl::test::CublasLtModel;

/// The model as it was before any test.
void reset_model() {
  CublasLtModel& model = CublasLtModel::instance();
  model.proposals = model.products = 0;
  model.version = 130000;
  model.is_allocated = [](const void*, std::size_t) { return true; };
}

template <class T> std::vector<T> random_values(std::int64_t count) {
  static std::mt19937 generator(1);
  std::normal_distribution<float> normal;
  std::vector<T> values(static_cast<std::size_t>(count));
  for (T& value : values) value = static_cast<T>(normal(generator));
  return values;
}

/// The largest difference of a product of the wrapper from a product that is written down in row-major order.
template <class T> double difference(Products& products, std::int64_t m, std::int64_t n, std::int64_t k, int bits) {
  const auto a = random_values<T>(m * k), b = random_values<T>(k * n), bias = random_values<T>(n);
  auto c = random_values<T>(m * n);
  const auto before = c;
  const Product<T> product{.operation = "test",
                           .a = a.data(),
                           .b = b.data(),
                           .c = c.data(),
                           .m = m,
                           .n = n,
                           .k = k,
                           .transpose_a = (bits & 1) != 0,
                           .transpose_b = (bits & 2) != 0,
                           .accumulate = (bits & 4) != 0,
                           .bias = bits & 8 ? bias.data() : nullptr};
  products.run(product);
  double worst = 0.0;
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      double sum = product.accumulate ? static_cast<double>(before[static_cast<std::size_t>(i * n + j)]) : 0.0;
      if (product.bias) sum += static_cast<double>(bias[static_cast<std::size_t>(j)]);
      for (std::int64_t t = 0; t < k; ++t)
        sum += static_cast<double>(product.transpose_a ? a[static_cast<std::size_t>(t * m + i)]
                                                       : a[static_cast<std::size_t>(i * k + t)]) *
               static_cast<double>(product.transpose_b ? b[static_cast<std::size_t>(j * k + t)]
                                                       : b[static_cast<std::size_t>(t * n + j)]);
      worst = std::max(worst, std::abs(sum - static_cast<double>(c[static_cast<std::size_t>(i * n + j)])));
    }
  return worst;
}

/// A product of one number by one number.
Product<float> smallest(const std::vector<float>& in, std::vector<float>& out) {
  return {.operation = "test", .a = in.data(), .b = in.data(), .c = out.data(), .m = 1, .n = 1, .k = 1};
}

}  // namespace

TEST_CASE("cublaslt: products of row-major matrices, in each way in which they can be asked for") {
  reset_model();
  Products products;
  for (const auto& [m, n, k] : {std::array<std::int64_t, 3>{1, 1, 1}, {2, 3, 4}, {5, 1, 7}, {1, 6, 2}, {9, 8, 33}})
    for (int bits = 0; bits < 8; ++bits) {
      INFO(m << " x " << n << " x " << k << ", transposes and accumulation " << bits);
      CHECK(difference<float>(products, m, n, k, bits) < 1e-5);
      CHECK(difference<double>(products, m, n, k, bits) < 1e-13);
      if (bits < 4) CHECK(difference<float>(products, m, n, k, bits | 8) < 1e-5);
    }
}

TEST_CASE("cublaslt: operands in bfloat16 and half, with a result in their format or in float") {
  reset_model();
  Products products;
  const std::vector<tl::bfloat16> a{tl::bfloat16(1.0F), tl::bfloat16(2.0F)}, b{tl::bfloat16(3.0F), tl::bfloat16(0.5F)};
  const tl::bfloat16 bias(0.25F);
  tl::bfloat16 low;
  float wide = 100.0F;
  Product<float> product{.operation = "test",
                         .a = a.data(),
                         .b = b.data(),
                         .c = &low,
                         .m = 1,
                         .n = 1,
                         .k = 2,
                         .bias = tl::Stored<const float>(&bias)};
  products.run(product);
  CHECK(float(low) == 4.25F);
  product.bias = nullptr;
  product.c = &wide;
  product.accumulate = true;
  products.run(product);
  CHECK(wide == 104.0F);
  CHECK(CublasLtModel::instance().last_compute_type == tl::cuda::lt::compute_32);
  CHECK(products.plans().find("bf16 result f32 m 1 n 1 k 2") != std::string::npos);
  const tl::half one(1.0F);
  product = {.operation = "test", .a = &one, .b = &one, .c = &wide, .m = 1, .n = 1, .k = 1};
  products.run(product);
  CHECK(wide == 1.0F);
  product.b = a.data();
  TL_REQUIRE_ERROR(products.run(product), "test on cuda:0: expected both operands in one format");
}

TEST_CASE("cublaslt: an algorithm is chosen once for each kind of product") {
  reset_model();
  Products products;
  for (int turn = 0; turn < 3; ++turn) (void)difference<float>(products, 2, 3, 4, 0);
  CHECK(CublasLtModel::instance().products == 3);
  CHECK(CublasLtModel::instance().proposals <= 2);  // vectors of both alignments may have come
  (void)difference<float>(products, 2, 3, 5, 0);
  CHECK(CublasLtModel::instance().proposals >= 2);
}

TEST_CASE("cublaslt: TF32 is used only if it is asked for, and never for double") {
  reset_model();
  Products products;
  (void)difference<float>(products, 2, 3, 4, 0);
  CHECK(CublasLtModel::instance().last_compute_type == tl::cuda::lt::compute_32);
  products.allow_tf32(true);
  (void)difference<float>(products, 2, 3, 4, 0);
  CHECK(CublasLtModel::instance().last_compute_type == tl::cuda::lt::compute_tf32);
  (void)difference<double>(products, 2, 3, 4, 0);
  CHECK(CublasLtModel::instance().last_compute_type == tl::cuda::lt::compute_64);
}

TEST_CASE("cublaslt: an error names the operation, its extents and the library's words") {
  reset_model();
  Products products;
  const std::vector<float> in(4, 2.0F);
  std::vector<float> out(1);
  products.run(smallest(in, out));
  CHECK(out[0] == 4.0F);
  CublasLtModel::instance().fail_next_product_with = 15;
  TL_REQUIRE_ERROR(products.run(smallest(in, out)),
                   "cuBLASLt: test of [1, 1, 1]: the functionality requested is not supported (15)");
  products.run(smallest(in, out));
}

TEST_CASE("cublaslt: a product that leaves the memory of an operand is an error") {
  reset_model();
  Products products;
  const std::vector<float> a(6), b(12), bias(4);
  std::vector<float> c(8);
  const Product<float> product{
      .operation = "test", .a = a.data(), .b = b.data(), .c = c.data(), .m = 2, .n = 4, .k = 3, .bias = bias.data()};
  const void* short_one = nullptr;  // this operand ends one element early
  CublasLtModel::instance().is_allocated = [&](const void* memory, std::size_t bytes) {
    const std::pair<const void*, std::size_t> operands[] = {
        {a.data(), a.size()}, {b.data(), b.size()}, {c.data(), c.size()}, {bias.data(), bias.size()}};
    for (const auto& [begin, count] : operands)
      if (memory == begin) return bytes <= (count - (begin == short_one ? 1 : 0)) * sizeof(float);
    return true;  // the workspace
  };
  products.run(product);
  for (const void* operand : {static_cast<const void*>(a.data()), static_cast<const void*>(b.data()),
                              static_cast<const void*>(c.data()), static_cast<const void*>(bias.data())}) {
    short_one = operand;
    TL_REQUIRE_ERROR(products.run(product), "cuBLASLt: test of [2, 4, 3]: the GPU program failed to execute (13)");
  }
  reset_model();
}

TEST_CASE("cublaslt: plans are written, and read by another run of the same version") {
  reset_model();
  const tl::test::TemporaryFolder folder;
  const std::string path = (folder.path() / "plans").string();
  const std::vector<float> in(4, 2.0F);
  std::vector<float> out(1);
  std::string plans;
  {
    Products products;
    products.run(smallest(in, out));
    plans = products.plans();
  }
  std::ofstream(path) << plans;
  ::setenv("TL_CUBLASLT_PLANS", path.c_str(), 1);
  CublasLtModel::instance().proposals = 0;
  {
    Products products;
    products.run(smallest(in, out));
    CHECK(CublasLtModel::instance().proposals == 0);
    CHECK(products.plans() == plans);
  }
  CublasLtModel::instance().version = 130100;
  {
    Products products;
    TL_REQUIRE_ERROR(products.run(smallest(in, out)), path +
                                                          " line 1: expected a plan of cuBLASLt 130100, which "
                                                          "this process uses, got one of 130000");
  }
  std::ofstream(path) << "cublaslt 130100 f32 result f32 m 1\n";
  {
    Products products;
    TL_REQUIRE_ERROR(products.run(smallest(in, out)),
                     path +
                         " line 1: expected a plan, 'cublaslt VERSION f32 result f32 m M n N k K ...', got "
                         "'cublaslt 130100 f32 result f32 m 1'");
  }
  ::setenv("TL_CUBLASLT_PLANS", "/nowhere/plans", 1);
  {
    Products products;
    TL_REQUIRE_ERROR(products.run(smallest(in, out)), "TL_CUBLASLT_PLANS: cannot open /nowhere/plans");
  }
  ::unsetenv("TL_CUBLASLT_PLANS");
}

TEST_CASE("cublaslt: where the library is not, the reason says what was looked for") {
  ::setenv("TL_CUBLASLT_LIBRARY", "/nowhere/libcublasLt.so", 1);
  std::string why_not;
  CHECK(tl::cuda::open_cublaslt(why_not) == nullptr);
  ::unsetenv("TL_CUBLASLT_LIBRARY");
  CHECK(why_not.find("/nowhere/libcublasLt.so: cannot open shared object file") != std::string::npos);
}

TEST_CASE("cublaslt: a library that is there has all functions") {
  std::string why_not;
  void* const library = tl::cuda::open_cublaslt(why_not);
  if (library == nullptr) TL_SKIP(why_not);
  tl::cuda::lt::Functions found{};
  CHECK(tl::cuda::look_up_cublaslt(library, found) == nullptr);
  CHECK(found.get_version() >= 120000);
  CHECK(std::string(found.get_status_string(tl::cuda::lt::success)).size() > 0);
}
