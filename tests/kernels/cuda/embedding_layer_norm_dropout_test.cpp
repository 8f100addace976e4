// The embedding block on the GPU against the CPU.
#include <array>
#include <cmath>

#include <tl/kernels/cpu/embedding_layer_norm_dropout.hpp>

#include "dropout_cases.hpp"
#include "embedding_cases.hpp"

namespace {

using namespace tl::test;
namespace k = tl::kernels;

constexpr std::array<std::int32_t, 3> table_rows{50, 12, 2};

}  // namespace

TEST_CASE("cuda embedding_layer_norm_dropout: forward equals the CPU for one to three tables") {
  TL_SKIP_WITHOUT_GPU();
  std::size_t turn = 0;
  for (const std::int64_t n : {0, 21})
    for (const std::int64_t d : {33, 300})
      for (const int tables : {1, 2, 3}) {
        KernelCase c("embedding_layer_norm_dropout_forward", {n, d});
        std::array<Slot<RealType>, 3> values;
        std::array<Slot<std::int32_t>, 3> rows;
        for (std::size_t i = 0; i < 3; ++i) {
          values[i] = c.input({table_rows[i], d});
          rows[i] = IdsCase(c, n, table_rows[i], static_cast<unsigned>(i)).ids;
        }
        const auto gamma = c.input({d}, 1.0), beta = c.input({d});
        const auto y = c.result({n, d}, CompareBy{.terms = d}), xhat = c.result({n, d}, CompareBy{.terms = d});
        const auto rstd = c.result({n}, CompareBy{.terms = d});
        for (const MaskCase& mask : two_masks(c, n, turn++)) {
          INFO("p = " << mask.p << ", tables " << tables);
          c.check([=]<class T>(CaseMemory<T>& at) {
            k::EmbeddingLayerNormDropoutForward<T> p{.tables = {},
                                                     .table_count = tables,
                                                     .gamma = at[gamma],
                                                     .beta = at[beta],
                                                     .y = at[y],
                                                     .xhat = tables == 2 ? nullptr : at[xhat],
                                                     .rstd = tables == 2 ? nullptr : at[rstd],
                                                     .n = n,
                                                     .d = d,
                                                     .eps = 1e-12,
                                                     .dropout = mask.at(at)};
            for (std::size_t i = 0; i < 3; ++i)
              p.tables[i] = {.rows = at[rows[i]], .values = at[values[i]], .v = table_rows[i]};
            return p;
          });
        }
      }
}

TEST_CASE("cuda embedding_layer_norm_dropout: backward equals the CPU, for any choice of the gradients") {
  TL_SKIP_WITHOUT_GPU();
  for (const std::int64_t n : {0, 70})
    for (const std::int64_t d : {16, 65}) {
      KernelCase c("embedding_layer_norm_dropout_backward", {n, d});
      const auto dy = c.input({n, d}), xhat = c.input({n, d}), rstd = c.input({n}, 1.0, 0.1);
      const auto gamma = c.input({d}, 1.0);
      const auto dgamma = c.result({d}, CompareBy{.terms = n}), dbeta = c.result({d}, CompareBy{.terms = n});
      std::vector<IdsCase> ids;
      std::array<Slot<RealType>, 3> gradients;
      for (std::size_t i = 0; i < 3; ++i) {
        ids.emplace_back(c, n, table_rows[i], static_cast<unsigned>(i));
        gradients[i] = c.result({table_rows[i], d}, CompareBy{.terms = (n + 1) * d});
      }
      const auto masks = mask_cases(c, n);
      for (int wanted = 0; wanted < 32; wanted += n == 0 ? 31 : 3) {
        const MaskCase& mask = masks[static_cast<std::size_t>(wanted) % masks.size()];
        INFO("p = " << mask.p << ", wanted " << wanted);
        c.check([=]<class T>(CaseMemory<T>& at) {
          k::EmbeddingLayerNormDropoutBackward<T> p{.tables = {},
                                                    .table_count = 3,
                                                    .dy = at[dy],
                                                    .xhat = at[xhat],
                                                    .rstd = at[rstd],
                                                    .gamma = at[gamma],
                                                    .dgamma = wanted & 1 ? at[dgamma] : nullptr,
                                                    .dbeta = wanted & 2 ? at[dbeta] : nullptr,
                                                    .n = n,
                                                    .d = d,
                                                    .dropout = mask.at(at)};
          for (std::size_t i = 0; i < 3; ++i)
            p.tables[i] = {.groups = ids[i].grouped(at),
                           .gradient = wanted & (4 << i) ? at[gradients[i]] : nullptr,
                           .v = table_rows[i]};
          return p;
        });
      }
    }
}

TEST_CASE("cuda embedding_layer_norm_dropout: an id outside its table gives a row of NaN") {
  TL_SKIP_WITHOUT_GPU();
  constexpr std::int64_t n = 3, d = 20, v = 4;
  KernelCase c("embedding_layer_norm_dropout_forward", {n, d});
  const auto table = c.input({v, d}), gamma = c.input({d}, 1.0), beta = c.input({d}), y = c.result({n, d});
  const auto rows = c.fixed_input<std::int32_t>({n}, {0, 4, 3});
  const auto memory = c.run<float>(
      [=]<class T>(CaseMemory<T>& at) {
        k::EmbeddingLayerNormDropoutForward<T> p{.tables = {},
                                                 .table_count = 1,
                                                 .gamma = at[gamma],
                                                 .beta = at[beta],
                                                 .y = at[y],
                                                 .xhat = nullptr,
                                                 .rstd = nullptr,
                                                 .n = n,
                                                 .d = d,
                                                 .eps = 1e-12,
                                                 .dropout = {}};
        p.tables[0] = {.rows = at[rows], .values = at[table], .v = v};
        return p;
      },
      tl::cuda_device);
  for (std::int64_t i = 0; i < n * d; ++i) CHECK(std::isnan(memory.reals[3].data()[i]) == (i / d == 1));
}
