// Embedding on the GPU has the bits of the CPU: its gradients are added in the same order.
#include <cmath>

#include <tl/kernels/cpu/embedding.hpp>

#include "embedding_cases.hpp"

namespace {

using namespace tl::test;
namespace k = tl::kernels;

}  // namespace

TEST_CASE("cuda embedding: same bits as the CPU, also where all rows have one id") {
  TL_SKIP_WITHOUT_GPU();
  for (const std::int32_t v : {1, 2, 50})
    for (const std::int64_t n : {0, 70})
      for (const std::int64_t d : {1, 200}) {
        KernelCase c("embedding_forward", {n, d});
        const IdsCase ids(c, n, v, 3);
        const auto table = c.input({v, d}), y = c.result({n, d}, CompareBy{.same_bits = true});
        c.check([=]<class T>(CaseMemory<T>& at) {
          return k::EmbeddingForward<T>{.ids = at[ids.ids], .table = at[table], .y = at[y], .n = n, .d = d, .v = v};
        });
        KernelCase b("embedding_backward", {n, d});
        const IdsCase groups(b, n, v, 3);
        const auto dy = b.input({n, d}), dtable = b.result({v, d}, CompareBy{.same_bits = true});
        b.check([=]<class T>(CaseMemory<T>& at) {
          return k::EmbeddingBackward<T>{
              .groups = groups.grouped(at), .dy = at[dy], .dtable = at[dtable], .n = n, .d = d, .v = v};
        });
      }
}

TEST_CASE("cuda embedding: an id outside the table gives NaN and no gradient") {
  TL_SKIP_WITHOUT_GPU();
  constexpr std::int64_t n = 4, d = 40, v = 3;
  KernelCase c("embedding_forward", {n, d});
  const auto ids = c.fixed_input<std::int32_t>({n}, {1, -1, 3, 2});
  const auto table = c.input({v, d}), y = c.result({n, d});
  const auto forward = c.run<float>(
      [=]<class T>(CaseMemory<T>& at) {
        return k::EmbeddingForward<T>{.ids = at[ids], .table = at[table], .y = at[y], .n = n, .d = d, .v = v};
      },
      tl::cuda_device);
  for (std::int64_t i = 0; i < n * d; ++i) CHECK(std::isnan(forward.reals[1].data()[i]) == (i / d == 1 || i / d == 2));

  KernelCase b("embedding_backward", {n, d});
  const auto rows = b.fixed_input<std::int32_t>({n}, {1, 0, 3, 2}),
             begin = b.fixed_input<std::int32_t>({5}, {0, 1, 2, 3, 4});
  const auto of = b.fixed_input<std::int32_t>({n}, {-1, 1, 2, 3});
  const auto dy = b.input({n, d}), dtable = b.changed({v, d}, std::vector<double>(v * d, 0.0));
  const auto backward = b.run<float>(
      [=]<class T>(CaseMemory<T>& at) {
        return k::EmbeddingBackward<T>{.groups = {.rows = at[rows], .begin = at[begin], .ids = at[of], .count = n},
                                       .dy = at[dy],
                                       .dtable = at[dtable],
                                       .n = n,
                                       .d = d,
                                       .v = v};
      },
      tl::cuda_device);
  const auto expected = [&](std::int64_t i) {
    if (i / d == 1) return backward.reals[0].data()[i % d];
    return i / d == 2 ? backward.reals[0].data()[3 * d + i % d] : 0.0F;
  };
  for (std::int64_t i = 0; i < v * d; ++i) CHECK(backward.reals[1].data()[i] == expected(i));
}
