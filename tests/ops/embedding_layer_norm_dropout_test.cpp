// embedding_layer_norm_dropout.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/autograd/gradient_check.hpp>
#include <tl/ops/embedding_layer_norm_dropout.hpp>
#include <tl/ops/multiply.hpp>
#include <tl/ops/sum.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

namespace {

// The stored ids, cut into sequences of the stored lengths.
tl::Batch batch_of(const OpCase& c) {
  const auto ids = c.integers("input_ids").to_vector();
  std::vector<std::vector<std::int32_t>> sequences;
  auto next = ids.begin();
  for (const std::int64_t length : c.options().at("lengths")) {
    sequences.emplace_back(next, next + length);
    next += length;
  }
  return tl::pack(sequences);
}

tl::Batch batch_of_lengths(const std::vector<std::int64_t>& lengths, std::int64_t vocabulary) {
  std::vector<std::vector<std::int32_t>> sequences;
  for (const std::int64_t length : lengths) {
    sequences.emplace_back();
    for (std::int64_t t = 0; t < length; ++t)
      sequences.back().push_back(static_cast<std::int32_t>((t * t + length) % vocabulary));
  }
  return tl::pack(sequences);
}

}  // namespace

TEST_CASE("embedding_layer_norm_dropout: values and gradients of PyTorch under the same masks") {
  check_op("embedding_layer_norm_dropout", []<class T>(const OpCase& c, const std::vector<Variable<T>>& in) {
    return tl::ops::embedding_layer_norm_dropout(batch_of(c), in[0], in[1], in[2], in[3],
                                                 c.options().at("eps").get<double>(), c.dropout());
  });
}

TEST_CASE("embedding_layer_norm_dropout: the mask does not depend on how sequences are packed") {
  const Variable<float> word(varied<float>({30, 24}, 1)), position(varied<float>({9, 24}, 2)),
      gamma(Tensor<float>::full({24}, 1.0F)), beta(Tensor<float>::zeros({24}));
  const tl::kernels::DropoutMask mask{0.5, 1, 2, 3};
  const auto both =
      tl::ops::embedding_layer_norm_dropout(batch_of_lengths({4, 9}, 30), word, position, gamma, beta, 1e-12, mask);
  const auto first =
      tl::ops::embedding_layer_norm_dropout(batch_of_lengths({4}, 30), word, position, gamma, beta, 1e-12, mask);
  CHECK(same_bits(both.value().rows(0, 4), first.value()));
}

TEST_CASE("embedding_layer_norm_dropout: the same bits for every thread count") {
  const auto batch = batch_of_lengths({70, 3, 40, 90}, 50);
  check_thread_counts({{50, 150}, {100, 150}, {150}, {150}}, [&](const auto& in) {
    return tl::ops::embedding_layer_norm_dropout(batch, in[0], in[1], in[2], in[3], 1e-12,
                                                 tl::kernels::DropoutMask{0.1, 1, 2, 3});
  });
}

TEST_CASE("embedding_layer_norm_dropout: a third table is added in the order of the tables") {
  const auto batch = batch_of_lengths({4, 9}, 30);
  const auto types = tl::Tensor<std::int32_t>::from({0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1}, {13});
  const auto op = [&](const std::vector<Variable<double>>& in) {
    const std::array<tl::ops::EmbeddingInput<double>, 3> inputs{{{"input_ids", in[0], batch.input_ids},
                                                                 {"token_type_ids", in[1], types},
                                                                 {"positions", in[2], batch.positions}}};
    return tl::ops::embedding_layer_norm_dropout(batch, std::span<const tl::ops::EmbeddingInput<double>>(inputs), in[3],
                                                 in[4], 1e-12, tl::kernels::DropoutMask{0.1, 1, 2, 3});
  };
  const auto weights = varied<double>({13, 6}, 9);
  const auto variable = [](const Shape& shape, std::uint32_t seed) {
    return Variable<double>(varied<double>(shape, seed), true);
  };
  const auto result = tl::gradient_check(
      [&](const auto& in) { return tl::ops::sum(op(in) * Variable<double>(weights)); },
      {variable({30, 6}, 1), variable({2, 6}, 2), variable({9, 6}, 3), variable({6}, 4), variable({6}, 5)});
  INFO(result.worst);
  CHECK(result.passed);
}

TEST_CASE("embedding_layer_norm_dropout: the same gradients with groups of the batch, without, and after ids changed") {
  std::vector<std::vector<std::int32_t>> sequences, types;
  for (const std::size_t length : {40U, 3U, 90U}) {
    sequences.emplace_back();
    types.emplace_back();
    for (std::size_t t = 0; t < length; ++t) {
      sequences.back().push_back(static_cast<std::int32_t>((t * t + length) % 50));
      types.back().push_back(t > length / 2);
    }
  }
  const auto gradients = [&](const tl::Batch& batch) {
    const Variable<float> word(varied<float>({50, 24}, 1), true), type(varied<float>({2, 24}, 2), true),
        position(varied<float>({90, 24}, 3), true), gamma(varied<float>({24}, 4), true),
        beta(varied<float>({24}, 5), true);
    const std::array<tl::ops::EmbeddingInput<float>, 3> inputs{
        {{"input_ids", word, batch.input_ids, batch.id_groups},
         {"token_type_ids", type, batch.token_type_ids, batch.token_type_groups},
         {"positions", position, batch.positions, batch.position_groups}}};
    const auto y = tl::ops::embedding_layer_norm_dropout(batch, std::span<const tl::ops::EmbeddingInput<float>>(inputs),
                                                         gamma, beta, 1e-12, tl::kernels::DropoutMask{0.1, 1, 2, 3});
    y.backward(varied<float>(y.shape(), 6));
    return std::vector{word.grad(), type.grad(), position.grad()};
  };
  const auto check_same = [&](const tl::Batch& a, const tl::Batch& b) {
    const auto one = gradients(a), other = gradients(b);
    for (std::size_t k = 0; k < one.size(); ++k) CHECK(same_bits(one[k], other[k]));
  };
  const tl::Batch packed = tl::pack(sequences, types);
  tl::Batch bare = packed;
  bare.id_groups = bare.position_groups = bare.token_type_groups = {};
  check_same(packed, bare);
  tl::Batch masked = tl::pack(sequences, types), bare_masked = tl::pack(sequences, types);
  masked.input_ids.data()[5] = bare_masked.input_ids.data()[5] = 49;  // as a collator that masks tokens does
  bare_masked.id_groups = {};
  check_same(masked, bare_masked);
}

TEST_CASE("embedding_layer_norm_dropout: error sentences") {
  const auto call = [](std::int64_t vocabulary, std::int64_t positions, std::int64_t width, std::int64_t gamma) {
    return tl::ops::embedding_layer_norm_dropout(batch_of_lengths({4, 9}, 30), leaf({vocabulary, 8}),
                                                 leaf({positions, width}), leaf({gamma}), leaf({8}), 1e-12);
  };
  TL_REQUIRE_ERROR(call(30, 9, 7, 8),
                   "embedding_layer_norm_dropout: expected a table [V, D] for positions, gamma [D] and beta [D]");
  TL_REQUIRE_ERROR(call(30, 9, 8, 9),
                   "for input_ids, gamma [D] and beta [D], got f32[30, 8]@cpu, f32[9]@cpu and f32[8]@cpu");
  TL_REQUIRE_ERROR(call(30, 8, 8, 8), "a text of 9 tokens is longer than the 8 positions of this model");
  TL_REQUIRE_ERROR(call(9, 9, 8, 8), "embedding_layer_norm_dropout: input_ids: expected ids in [0, 9), got");
  const auto with = [](tl::Batch batch, double p) {
    return tl::ops::embedding_layer_norm_dropout(batch, leaf({30, 8}), leaf({9, 8}), leaf({8}), leaf({8}), 1e-12,
                                                 {.p = p});
  };
  auto batch = batch_of_lengths({4, 9}, 30);
  TL_REQUIRE_ERROR(with(batch, 2.0), "embedding_layer_norm_dropout: expected a dropout p in [0, 1], got 2");
  batch.positions.data()[3] = 9;
  TL_REQUIRE_ERROR(with(batch, 0.0), "embedding_layer_norm_dropout: positions: expected ids in [0, 9), got 9 at row 3");
  batch.positions = tl::Tensor<std::int32_t>::zeros({12});
  TL_REQUIRE_ERROR(with(batch, 0.0),
                   "expected input_ids, positions and sequence_ids [N], got i32[13]@cpu, i32[12]@cpu");
  TL_REQUIRE_ERROR(tl::ops::embedding_layer_norm_dropout(batch_of_lengths({4}, 30), leaf({30}), leaf({9, 8}), leaf({8}),
                                                         leaf({8}), 1e-12),
                   "expected a table [V, D] for input_ids, gamma [D] and beta [D], got f32[30]@cpu, ");
}
