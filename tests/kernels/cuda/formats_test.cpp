// Contracts on the GPU with matrices in bfloat16 and half, against the CPU in double with the same rounded numbers.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <tl/kernels/cpu/add.hpp>
#include <tl/kernels/cpu/attention.hpp>
#include <tl/kernels/cpu/bias_activation.hpp>
#include <tl/kernels/cpu/bias_dropout_residual_layer_norm.hpp>
#include <tl/kernels/cpu/dropout.hpp>
#include <tl/kernels/cpu/embedding_layer_norm_dropout.hpp>
#include <tl/kernels/cpu/gather_rows.hpp>
#include <tl/kernels/cpu/linear.hpp>

#include "dropout_cases.hpp"

namespace {

using namespace tl::test;
namespace k = tl::kernels;

}  // namespace

TEST_CASE("cuda formats: products of a linear layer, with results in the format or in float") {
  TL_SKIP_WITHOUT_GPU();
  struct {
    std::int64_t n, in, out;
  } const shapes[] = {{7, 5, 3}, {65, 33, 2}, {6, 0, 5}};
  for (const auto [n, in, out] : shapes) {
    KernelCase c("linear", {n, in, out});
    const auto x = c.input({n, in}), weight = c.input({out, in}), bias = c.input({out}), dy = c.input({n, out});
    const auto y = c.result({n, out}), dx = c.result({n, in}), wide_dx = c.result({n, in});
    const auto dweight = c.result({out, in}), dbias = c.result({out});
    for (const bool biased : {true, false})
      c.check_formats([=, n = n, in = in, out = out]<class T>(CaseMemory<T>& at) {
        return k::LinearForward<T>{.x = at(x),
                                   .weight = at(weight),
                                   .bias = biased ? at[bias] : nullptr,
                                   .y = at(y),
                                   .n = n,
                                   .in = in,
                                   .out = out,
                                   .precision = at.asked()};
      });
    for (const bool low : {true, false})
      for (const bool accumulate : {true, false})
        c.check_formats([=, n = n, in = in, out = out]<class T>(CaseMemory<T>& at) {
          return k::LinearBackwardInput<T>{.dy = at(dy),
                                           .weight = at(weight),
                                           .dx = low ? at(dx) : tl::Stored<T>(at[wide_dx]),
                                           .n = n,
                                           .in = in,
                                           .out = out,
                                           .precision = at.asked(),
                                           .accumulate = accumulate};
        });
    c.check_formats([=, n = n, in = in, out = out]<class T>(CaseMemory<T>& at) {
      return k::LinearBackwardWeight<T>{.dy = at(dy),
                                        .x = at(x),
                                        .dweight = at[dweight],
                                        .dbias = at[dbias],
                                        .n = n,
                                        .in = in,
                                        .out = out,
                                        .precision = at.asked()};
    });
  }
}

TEST_CASE("cuda formats: operands of a product in two formats are a sentence") {
  TL_SKIP_WITHOUT_GPU();
  const auto x = tl::Tensor<float>::zeros({2, 3}, tl::cuda_device);
  auto low = tl::Tensor<float>::empty({2, 3}, tl::cuda_device, tl::DType::bf16);
  auto y = tl::Tensor<float>::zeros({2, 2}, tl::cuda_device);
  TL_REQUIRE_ERROR(
      k::run(tl::cuda_device,
             k::LinearForward<float>{
                 .x = x.stored(), .weight = low.stored(), .bias = nullptr, .y = y.stored(), .n = 2, .in = 3, .out = 2}),
      "linear_forward on cuda:0: expected both operands in one format and the result and its bias in it or in f32, got "
      "f32, bf16 and f32");
}

TEST_CASE("cuda formats: element-wise contracts and rows") {
  TL_SKIP_WITHOUT_GPU();
  for (const std::int64_t n : {1, 65}) {
    constexpr std::int64_t d = 37;
    KernelCase c("elements", {n, d});
    const auto x = c.input({n, d}), dy = c.input({n, d}), bias = c.input({d});
    const auto y = c.result({n, d}, {.largest = 1.0}), dx = c.result({n, d}, {.largest = 1.0});
    const auto dbias = c.result({d}, {.terms = n, .largest = static_cast<double>(n)});
    for (const bool biased : {true, false}) {
      c.check_formats([=]<class T>(CaseMemory<T>& at) {
        return k::BiasActivationForward<T>{.x = at(x),
                                           .bias = biased ? at[bias] : nullptr,
                                           .y = at(y),
                                           .n = n,
                                           .f = d,
                                           .activation = tl::Activation::gelu,
                                           .precision = at.asked()};
      });
      c.check_formats([=]<class T>(CaseMemory<T>& at) {
        return k::BiasActivationBackward<T>{.dy = at(dy),
                                            .x = at(x),
                                            .bias = biased ? at[bias] : nullptr,
                                            .dx = at(dx),
                                            .dbias = at[dbias],
                                            .n = n,
                                            .f = d,
                                            .activation = tl::Activation::gelu,
                                            .precision = at.asked()};
      });
    }
    c.check_formats([=]<class T>(CaseMemory<T>& at) {
      return k::Add<T>{.a = at(x), .b = at(dy), .y = at(y), .n = n * d, .alpha = T(0.5)};
    });
    for (const MaskCase& mask : two_masks(c, n, 0))
      c.check_formats([=]<class T>(CaseMemory<T>& at) {
        return k::Dropout<T>{.x = at(x), .y = at(y), .n = n, .d = d, .mask = mask.at(at), .precision = at.asked()};
      });
    const auto rows = c.fixed_input<std::int32_t>({3}, {0, static_cast<std::int32_t>(n - 1), 0});
    const auto gathered = c.result({3, d});
    const auto into = c.result({n, d}), from = c.input({3, d});
    c.check_formats([=]<class T>(CaseMemory<T>& at) {
      return k::GatherRowsForward<T>{.x = at(x), .rows = at[rows], .y = at(gathered), .n = n, .m = 3, .d = d};
    });
    c.check_formats([=]<class T>(CaseMemory<T>& at) {
      return k::GatherRowsBackward<T>{.dy = at(from), .rows = at[rows], .dx = at[into], .n = n, .m = 3, .d = d};
    });
  }
}

TEST_CASE("cuda formats: layer normalisation keeps a rounded copy of its result") {
  TL_SKIP_WITHOUT_GPU();
  for (const std::int64_t n : {1, 33}) {
    constexpr std::int64_t d = 65;
    const double largest_sum = 4.0 * static_cast<double>(n);
    KernelCase c("bias_dropout_residual_layer_norm", {n, d});
    const auto x = c.input({n, d}), bias = c.input({d}), residual = c.input({n, d}, 1.0), gamma = c.input({d}, 1.0);
    const auto beta = c.input({d}), dy = c.input({n, d}), given_xhat = c.input({n, d}), given_rstd = c.input({n}, 1.0);
    const auto y = c.result({n, d}, {.largest = 4.0}), y_rounded = c.result({n, d}, {.largest = 4.0});
    const auto xhat = c.result({n, d}, {.largest = 4.0}), rstd = c.result({n}), dx = c.result({n, d}, {.largest = 4.0});
    const auto dresidual = c.result({n, d}, {.largest = 4.0}), dbias = c.result({d}, {.largest = largest_sum});
    const auto dgamma = c.result({d}, {.largest = largest_sum}), dbeta = c.result({d}, {.largest = largest_sum});
    for (const MaskCase& mask : two_masks(c, n, 1)) {
      c.check_formats([=]<class T>(CaseMemory<T>& at) {
        return k::BiasDropoutResidualLayerNormForward<T>{.x = at(x),
                                                         .bias = at[bias],
                                                         .residual = at[residual],
                                                         .gamma = at[gamma],
                                                         .beta = at[beta],
                                                         .y = at[y],
                                                         .xhat = at[xhat],
                                                         .rstd = at[rstd],
                                                         .n = n,
                                                         .d = d,
                                                         .eps = 1e-12,
                                                         .dropout = mask.at(at),
                                                         .precision = at.asked(),
                                                         .y_rounded = at(y_rounded)};
      });
      c.check_formats([=]<class T>(CaseMemory<T>& at) {
        return k::BiasDropoutResidualLayerNormBackward<T>{.dy = at[dy],
                                                          .xhat = at[given_xhat],
                                                          .rstd = at[given_rstd],
                                                          .gamma = at[gamma],
                                                          .dx = at(dx),
                                                          .dresidual = at[dresidual],
                                                          .dbias = at[dbias],
                                                          .dgamma = at[dgamma],
                                                          .dbeta = at[dbeta],
                                                          .n = n,
                                                          .d = d,
                                                          .dropout = mask.at(at),
                                                          .precision = at.asked()};
      });
    }
    const auto ids = c.fixed_input<std::int32_t>({n}, std::vector<std::int32_t>(static_cast<std::size_t>(n), 1));
    const auto table = c.input({3, d});
    c.check_formats([=]<class T>(CaseMemory<T>& at) {
      return k::EmbeddingLayerNormDropoutForward<T>{.tables = {{{at[ids], at[table], 3}}},
                                                    .table_count = 1,
                                                    .gamma = at[gamma],
                                                    .beta = at[beta],
                                                    .y = at[y],
                                                    .xhat = nullptr,
                                                    .rstd = nullptr,
                                                    .n = n,
                                                    .d = d,
                                                    .eps = 1e-12,
                                                    .dropout = {},
                                                    .y_rounded = at(y_rounded)};
    });
  }
}

TEST_CASE("cuda formats: attention, forward and backward") {
  TL_SKIP_WITHOUT_GPU();
  struct {
    std::int64_t width;
    std::vector<std::int32_t> offsets;
  } const cases[] = {{8, {0, 1, 34, 54}}, {100, {0, 1, 34, 54}}, {64, {0, 1, 34, 54}}, {32, {0, 0, 65, 195}}};
  for (const auto& [width, offsets] : cases) {
    const std::int64_t heads = 2, n = offsets.back() + 2;  // two rows belong to no sequence
    const std::int64_t longest = std::max(offsets[2] - offsets[1], offsets[3] - offsets[2]);
    const std::int64_t row = heads * width, stride = 3 * row;
    KernelCase c("attention", {n, row});
    const auto qkv = c.input({n, stride}), dout = c.input({n, row});
    const auto out = c.result({n, row}, {.largest = 1.0}), lse = c.result({n, heads}, {.largest = 4.0});
    const auto dqkv = c.result({n, stride}, {.largest = 8.0}), given = c.input({n, row});
    const auto given_lse = c.input({n, heads}, 4.0, 0.1);
    const auto cu = c.fixed_input<std::int32_t>({4}, offsets);
    const double scale = 1.0 / std::sqrt(static_cast<double>(width));
    for (const MaskCase& mask : two_masks(c, 1, 0)) {
      INFO("p = " << mask.p);
      c.check_formats([=, width = width]<class T>(CaseMemory<T>& at) {
        return k::AttentionForward<T>{.q = at(qkv),
                                      .k = at(qkv) + row,
                                      .v = at(qkv) + 2 * row,
                                      .q_stride = stride,
                                      .k_stride = stride,
                                      .v_stride = stride,
                                      .cu_q = at[cu],
                                      .cu_k = at[cu],
                                      .n_q = n,
                                      .n_k = n,
                                      .max_q = longest,
                                      .max_k = longest,
                                      .out = at(out),
                                      .lse = at[lse],
                                      .b = 3,
                                      .heads = heads,
                                      .head_width = width,
                                      .scale = scale,
                                      .dropout = mask.at(at),
                                      .precision = at.asked()};
      });
      c.check_formats([=, width = width]<class T>(CaseMemory<T>& at) {
        return k::AttentionBackward<T>{.dout = at(dout),
                                       .out = at(given),
                                       .lse = at[given_lse],
                                       .q = at(qkv),
                                       .k = at(qkv) + row,
                                       .v = at(qkv) + 2 * row,
                                       .q_stride = stride,
                                       .k_stride = stride,
                                       .v_stride = stride,
                                       .cu_q = at[cu],
                                       .cu_k = at[cu],
                                       .n_q = n,
                                       .n_k = n,
                                       .max_q = longest,
                                       .max_k = longest,
                                       .dq = at(dqkv),
                                       .dk = at(dqkv) + row,
                                       .dv = at(dqkv) + 2 * row,
                                       .b = 3,
                                       .heads = heads,
                                       .head_width = width,
                                       .scale = scale,
                                       .dropout = mask.at(at),
                                       .precision = at.asked()};
      });
    }
  }
}
