// self_attention and attention.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/attention.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

namespace {

tl::ops::AttentionOptions options_of(const OpCase& c) {
  return {.heads = c.options().at("heads"), .dropout = c.dropout(), .precision = c.precision()};
}

}  // namespace

TEST_CASE("attention: values and gradients of PyTorch under the same masks") {
  check_op("attention", []<class T>(const OpCase& c, const std::vector<Variable<T>>& in) {
    if (in.size() == 1) return tl::ops::self_attention(in[0], c.integers("cu_k"), options_of(c));
    return tl::ops::attention(in[0], in[1], c.integers("cu_q"), c.integers("cu_k"), options_of(c));
  });
}

TEST_CASE("attention: the rows of a sequence do not depend on its neighbours") {
  const Tensor<float> qkv = varied<float>({30, 96}, 1);
  const tl::ops::AttentionOptions options{.heads = 2, .dropout = tl::kernels::DropoutMask{0.2, 1, 2, 3}};
  const auto both =
      tl::ops::self_attention(Variable<float>(qkv), Tensor<std::int32_t>::from({0, 11, 30}, {3}), options);
  const auto first =
      tl::ops::self_attention(Variable<float>(qkv.rows(0, 11)), Tensor<std::int32_t>::from({0, 11}, {2}), options);
  CHECK(same_bits(both.value().rows(0, 11), first.value()));
}

TEST_CASE("attention: the same bits for every thread count") {
  const auto offsets = Tensor<std::int32_t>::from({0, 70, 71, 150}, {4});
  for (const tl::Precision precision : {tl::Precision::f32, tl::Precision::bf16})
    check_thread_counts({{150, 3 * 64}}, [&](const auto& in) {
      return tl::ops::self_attention(
          in[0], offsets, {.heads = 4, .dropout = tl::kernels::DropoutMask{0.1, 1, 2, 3}, .precision = precision});
    });
}

TEST_CASE("attention: without offsets of queries each sequence has one") {
  const auto offsets = Tensor<std::int32_t>::from({0, 3, 4, 9}, {4}),
             ones = Tensor<std::int32_t>::from({0, 1, 2, 3}, {4});
  const auto run = [&](const Tensor<std::int32_t>& cu_q) {
    const Variable<float> q(varied<float>({3, 8}, 1), true), kv(varied<float>({9, 16}, 2), true);
    const auto out = tl::ops::attention(q, kv, cu_q, offsets, {.heads = 2, .max_length = 5});
    out.backward(varied<float>({3, 8}, 3));
    return std::vector{out.value(), q.grad(), kv.grad()};
  };
  const auto given = run(ones), not_given = run({});
  for (std::size_t i = 0; i < given.size(); ++i) CHECK(same_bits(given[i], not_given[i]));
}

TEST_CASE("attention: error sentences") {
  const auto offsets = Tensor<std::int32_t>::from({0, 2}, {2}), longer = Tensor<std::int32_t>::from({0, 1, 2}, {3});
  TL_REQUIRE_ERROR(tl::ops::self_attention(leaf({2, 10}), offsets, {.heads = 2}),
                   "self_attention: expected qkv [N, 3D] with D a multiple of 2 heads, got f32[2, 10]@cpu");
  TL_REQUIRE_ERROR(tl::ops::attention(leaf({2, 4}), leaf({2, 6}), offsets, offsets, {.heads = 2}),
                   "attention: expected q [NQ, D], kv [N, 2D], cu_q and cu_k [B + 1] with D a multiple of 2 heads");
  TL_REQUIRE_ERROR(tl::ops::attention(leaf({2, 4}), leaf({2, 8}), offsets, longer, {.heads = 2}), "got f32[2, 4]@cpu");
  TL_REQUIRE_ERROR(tl::ops::self_attention(leaf({2, 12}), offsets, {.heads = 0}),
                   "attention: expected at least 1 head, got 0");
  TL_REQUIRE_ERROR(tl::ops::self_attention(leaf({2, 12}), offsets, {.heads = 2, .dropout = {.p = 1.5}}),
                   "attention: expected a dropout p in [0, 1], got 1.5");
  const auto at = [](std::vector<std::int32_t> cu) {
    return Tensor<std::int32_t>::from(cu, {static_cast<std::int64_t>(cu.size())});
  };
  TL_REQUIRE_ERROR(tl::ops::self_attention(leaf({2, 12}), at({0, 100000000}), {.heads = 2}),
                   "attention: queries: expected ascending offsets of at most 2, the number of rows, got 100000000");
  TL_REQUIRE_ERROR(tl::ops::self_attention(leaf({2, 12}), at({0, 1}), {.heads = 2}),
                   "attention: queries: expected offsets that end at the 2 rows, got 1");
  TL_REQUIRE_ERROR(tl::ops::attention(leaf({2, 4}), leaf({3, 8}), at({0, 2}), at({0, 4}), {.heads = 2}),
                   "attention: keys: expected ascending offsets of at most 3, the number of rows, got 4 after 0");
  TL_REQUIRE_ERROR(tl::ops::attention(leaf({2, 4}), leaf({3, 8}), at({0, 1, 2}), at({0, 2, 1}), {.heads = 2}),
                   "got 1 after 2 at position 2");
  TL_REQUIRE_ERROR(
      tl::ops::attention(leaf({2, 4}), leaf({3, 8}), {}, at({0, 1, 2, 3}), {.heads = 2}),
      "cu_q and cu_k [B + 1] with D a multiple of 2 heads, got f32[2, 4]@cpu, f32[3, 8]@cpu, i32[undefined]");
  TL_REQUIRE_ERROR(tl::ops::self_attention(leaf({5, 12}), at({0, 2, 5}), {.heads = 2, .max_length = 2}),
                   "attention: expected sequences of at most 2 tokens, which is max_length, got one of 3");
}
