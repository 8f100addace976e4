// embedding.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/embedding.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

TEST_CASE("embedding: values and gradients of PyTorch") {
  check_op("embedding", []<class T>(const OpCase& c, const std::vector<Variable<T>>& in) {
    return tl::ops::embedding(c.integers("ids"), in[0]);
  });
}

TEST_CASE("embedding: the backward pass adds to the rows of ids and leaves all others alone") {
  const tl::RowGroups groups = tl::group_rows(Tensor<std::int32_t>::from({3, 1, 3}, {3}));
  const Tensor<float> dy = Tensor<float>::from({1, 10, 2, 20, 4, 40}, {3, 2});
  Tensor<float> dtable = Tensor<float>::full({5, 2}, 0.5F);
  tl::kernels::run(tl::cpu_device, tl::kernels::EmbeddingBackward<float>{.groups = tl::ops::detail::grouped(groups),
                                                                         .dy = dy.data(),
                                                                         .dtable = dtable.data(),
                                                                         .n = 3,
                                                                         .d = 2,
                                                                         .v = 5});
  CHECK(dtable.to_vector() == std::vector<float>{0.5F, 0.5F, 2.5F, 20.5F, 0.5F, 0.5F, 5.5F, 50.5F, 0.5F, 0.5F});
}

TEST_CASE("embedding: gradients have the bits of sums in the order of the rows") {
  const std::int64_t d = GENERATE(1, 20, 128, 300);
  for (const std::int32_t different : {1, 2, 37, 100000}) {
    const std::int64_t n = 400, v = 500;
    std::vector<std::int32_t> ids;
    for (std::int32_t i = 0; i < n; ++i) ids.push_back(i * 7919 % different % static_cast<std::int32_t>(v));
    const Tensor<float> dy = varied<float>({n, d}, 1);
    Tensor<float> expected = varied<float>({v, d}, 2), dtable = expected.clone();
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t c = 0; c < d; ++c)
        expected.at({ids[static_cast<std::size_t>(i)], c}) += std::as_const(dy).at({i, c});
    const tl::RowGroups groups = tl::group_rows(Tensor<std::int32_t>::from(ids, {n}));
    tl::kernels::run(tl::cpu_device, tl::kernels::EmbeddingBackward<float>{.groups = tl::ops::detail::grouped(groups),
                                                                           .dy = dy.data(),
                                                                           .dtable = dtable.data(),
                                                                           .n = n,
                                                                           .d = d,
                                                                           .v = v});
    CHECK(same_bits(dtable, expected));
  }
}

TEST_CASE("embedding: groups that are given are used, those of other ids are not") {
  const auto ids = Tensor<std::int32_t>::from({3, 1, 3}, {3}), others = Tensor<std::int32_t>::from({2, 1, 2}, {3});
  const auto gradient = [&](const tl::RowGroups& groups) {
    const Variable<float> table(varied<float>({5, 2}, 3), true);
    const auto y = tl::ops::embedding(ids, table, groups);
    y.backward(varied<float>(y.shape(), 4));
    return table.grad();
  };
  const Tensor<float> expected = gradient({});
  CHECK(same_bits(gradient(tl::group_rows(ids)), expected));
  CHECK(same_bits(gradient(tl::group_rows(others)), expected));
}

TEST_CASE("embedding: the same bits for every thread count") {
  std::vector<std::int32_t> ids(300);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int32_t>(i * i % 50);
  const auto stored = Tensor<std::int32_t>::from(ids, {300});
  check_thread_counts({{50, 515}}, [&](const auto& in) { return tl::ops::embedding(stored, in[0]); });
}

TEST_CASE("embedding: error sentences") {
  const auto ids = Tensor<std::int32_t>::from({1, 7, -1}, {3});
  TL_REQUIRE_ERROR(tl::ops::embedding(ids, leaf({7, 2})), "embedding: expected ids in [0, 7), got 7 at row 1");
  TL_REQUIRE_ERROR(tl::ops::embedding(ids.rows(2, 3), leaf({7, 2})), "got -1 at row 0");
  TL_REQUIRE_ERROR(tl::ops::embedding(ids, leaf({7})),
                   "embedding: expected ids [N] and table [V, D], got i32[3]@cpu and f32[7]@cpu");
}
