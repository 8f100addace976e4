#include <tl/nn/encoder_block.hpp>

#include <tl/autograd/gradient_check.hpp>
#include <tl/ops/multiply.hpp>
#include <tl/ops/sum.hpp>

#include <random>

#include "support/catch.hpp"
#include "support/compare.hpp"

using tl::Batch;
using tl::Tensor;
using tl::Variable;
using tl::nn::EncoderBlock;
using tl::nn::ForwardContext;

namespace {

constexpr std::int64_t width = 8, heads = 2, hidden = 12;

template <class T> Tensor<T> normal(const tl::Shape& shape, unsigned seed, double scale = 1.0) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> distribution(0.0, scale);
  auto tensor = Tensor<T>::empty(shape);
  for (T& value : tensor.span()) value = static_cast<T>(distribution(generator));
  return tensor;
}

Batch batch_of(const std::vector<int>& lengths) {
  std::vector<std::vector<std::int32_t>> sequences;
  for (const int length : lengths) sequences.emplace_back(static_cast<std::size_t>(length), 1);
  return tl::pack(sequences);
}

// A block with memory and random parameters.
template <class T> struct Fixture {
  EncoderBlock<T> block;
  tl::ParameterSpace<T> space;

  explicit Fixture(double dropout, tl::Activation activation = tl::Activation::gelu)
      : block({.width = width,
               .heads = heads,
               .hidden = hidden,
               .activation = activation,
               .attention_dropout = {dropout, 1},
               .dropout = {dropout, 2}}),
        space(tl::nn::named_parameters<T>(block)) {
    unsigned seed = 100;
    for (const auto& part : space.named()) {
      part.value().copy_from(normal<T>(part.shape(), ++seed, 0.4));
      if (part.name.ends_with("norm.weight"))
        for (T& value : part.value().span()) value += T(1);
    }
  }

  std::vector<Variable<T>> leaves(const Variable<T>& x) const {
    std::vector<Variable<T>> result{x};
    const void* last = nullptr;
    for (const auto& part : space.named())
      if (part.parameter.identity() != last) {
        result.push_back(*part.parameter);
        last = part.parameter.identity();
      }
    return result;
  }
};

ForwardContext training(std::uint64_t step = 0) { return {.training = true, .seed = 5, .step = step}; }

// Inputs of width x for the packed rows.
template <class T> Variable<T> inputs(const Batch& batch, unsigned seed = 1) {
  return Variable<T>(normal<T>({batch.tokens(), width}, seed), true);
}

// A scalar that depends on every element in another way.
template <class T> Variable<T> weighted(const Variable<T>& y) {
  return tl::ops::sum(y * Variable<T>(normal<T>(y.shape(), 77)));
}

template <class T> double worst_difference(const Tensor<T>& a, const Tensor<T>& b) {
  double worst = a.shape() == b.shape() ? 0.0 : INFINITY;
  for (std::int64_t i = 0; i < a.elements() && worst < INFINITY; ++i)
    worst = std::max(worst, std::abs(static_cast<double>(a.data()[i]) - static_cast<double>(b.data()[i])));
  return worst;
}

}  // namespace

TEST_CASE("the gradients of a whole block agree with central differences") {
  const auto batch = batch_of({3, 1, 4});
  for (const double dropout : {0.0, 0.3})
    for (const auto activation : {tl::Activation::gelu, tl::Activation::gelu_tanh})
      for (const bool first_only : {false, true}) {
        Fixture<double> fixture(dropout, activation);
        const auto result = tl::gradient_check(
            [&](const std::vector<Variable<double>>& in) {
              return weighted(first_only ? fixture.block.forward_cls(in[0], batch, training())
                                         : fixture.block(in[0], batch, training()));
            },
            fixture.leaves(inputs<double>(batch)), 1e-6, 1e-6);
        INFO("dropout " << dropout << ", first token only " << first_only << ": " << result.worst);
        CHECK(result.passed);
      }
}

TEST_CASE("a block keeps what its dropout needs of the batch, and looks whether it changes") {
  Fixture<double> dropping(0.3);
  const auto run = [&](bool temporary) {
    const auto kept = batch_of({3, 5});
    const auto x = inputs<double>(kept);
    const auto loss =
        weighted(temporary ? dropping.block(x, batch_of({3, 5}), training()) : dropping.block(x, kept, training()));
    const std::vector<tl::Tensor<std::int32_t>> others{tl::Tensor<std::int32_t>::full({8}, 77),
                                                       tl::Tensor<std::int32_t>::full({8}, 77)};
    loss.backward();
    return x.grad().to_vector();
  };
  CHECK(run(true) == run(false));
  auto batch = batch_of({3, 5});
  const auto loss = weighted(dropping.block(inputs<double>(batch), batch, training()));
  batch.positions.data()[4] = 7;
  TL_REQUIRE_ERROR(loss.backward(), "i32[8]@cpu, was changed in place");
  TL_REQUIRE_ERROR(dropping.block(Variable<double>(normal<double>({2, width}, 1)), batch, {}),
                   "attention: queries: expected ascending offsets of at most 2, the number of rows, got 3");
}

TEST_CASE("dropout really acts, follows seed and step, and is off outside training") {
  const auto batch = batch_of({3, 5});
  Fixture<double> dropping(0.3), plain(0.0);
  const auto x = inputs<double>(batch);
  const auto run = [&](Fixture<double>& f, ForwardContext context) { return f.block(x, batch, context).value(); };
  CHECK(tl::test::same_bits(run(dropping, training(1)), run(dropping, training(1))));
  CHECK_FALSE(tl::test::same_bits(run(dropping, training(1)), run(dropping, training(2))));
  auto other_seed = training(1);
  other_seed.seed = 6;
  CHECK_FALSE(tl::test::same_bits(run(dropping, training(1)), run(dropping, other_seed)));
  CHECK_FALSE(tl::test::same_bits(run(dropping, training(1)), run(plain, training(1))));
  CHECK(tl::test::same_bits(run(dropping, {}), run(plain, training(1))));
}

namespace {

// The last block of a classifier computes the [CLS] rows only; nothing else may differ.
template <class T> void check_forward_cls() {
  const double tolerance = std::is_same_v<T, float> ? 2e-6 : 1e-14;
  const auto batch = batch_of({4, 1, 7, 2});
  const auto rows = batch.cu_seqlens.rows(0, batch.sequences());
  for (const double dropout : {0.0, 0.3}) {
    INFO("dropout " << dropout);
    Fixture<T> full(dropout), first(dropout);
    const auto x_full = inputs<T>(batch), x_first = inputs<T>(batch);
    const auto y_full = tl::ops::gather_rows(full.block(x_full, batch, training(3)), rows);
    const auto y_first = first.block.forward_cls(x_first, batch, training(3));
    CHECK(y_first.shape() == tl::Shape{4, width});
    CHECK(worst_difference(y_full.value(), y_first.value()) <= tolerance);
    weighted(y_full).backward();
    weighted(y_first).backward();
    CHECK(worst_difference(x_full.grad(), x_first.grad()) <= 10 * tolerance);
    for (const auto& part : full.space.named()) {
      INFO(part.name);
      CHECK(worst_difference(part.gradient(), first.space.at(part.name).gradient()) <= 20 * tolerance);
    }
  }
}

}  // namespace

TEST_CASE("forward_cls is the rows cu_seqlens[b] of the full block, gradients and masks included, in float") {
  check_forward_cls<float>();
}

TEST_CASE("forward_cls is the rows cu_seqlens[b] of the full block, gradients and masks included, in double") {
  check_forward_cls<double>();
}

TEST_CASE("packing: a sequence's output and gradient do not depend on its neighbours") {
  Fixture<double> fixture(0.0);
  const auto together = batch_of({4, 2, 6}), alone = batch_of({2});
  const auto x = inputs<double>(together);
  const Variable<double> part(x.value().rows(4, 6).clone(), true);
  const auto y = fixture.block(x, together, {});
  const auto y_alone = fixture.block(part, alone, {});
  CHECK(worst_difference(y.value().rows(4, 6), y_alone.value()) <= 1e-14);
  // A loss on this sequence only reaches this sequence only.
  auto start = Tensor<double>::zeros(y.shape());
  start.rows(4, 6).copy_from(normal<double>({2, width}, 9));
  y.backward(start);
  y_alone.backward(start.rows(4, 6));
  CHECK(worst_difference(x.grad().rows(4, 6), part.grad()) <= 1e-13);
  CHECK(worst_difference(x.grad().rows(0, 4), Tensor<double>::zeros({4, width})) == 0.0);
  CHECK(worst_difference(x.grad().rows(6, 12), Tensor<double>::zeros({6, width})) == 0.0);
}

TEST_CASE("packing: dropout masks belong to (sequence, position), wherever the rows are") {
  Fixture<double> fixture(0.3);
  // The first sequence keeps its number and so its masks, whatever follows it.
  const auto small = batch_of({4}), large = batch_of({4, 9, 1});
  const auto x = inputs<double>(large);
  const auto y_large = fixture.block(x, large, training());
  const auto y_small = fixture.block(Variable<double>(x.value().rows(0, 4)), small, training());
  CHECK(worst_difference(y_large.value().rows(0, 4), y_small.value()) <= 1e-14);
}

TEST_CASE("the number of threads does not change a bit") {
  const auto batch = batch_of({40, 13, 64, 1, 30});
  const int before = tl::num_threads();
  const auto run = [&](int threads) {
    tl::set_num_threads(threads);
    Fixture<float> fixture(0.1);
    const auto x = inputs<float>(batch);
    const auto y = fixture.block(x, batch, training());
    weighted(y).backward();
    return std::tuple(y.value(), x.grad(), fixture.space.gradients().clone());
  };
  const auto [y, dx, gradients] = run(1);
  for (const int threads : {2, 3}) {
    const auto [y2, dx2, gradients2] = run(threads);
    CHECK(tl::test::same_bits(y, y2));
    CHECK(tl::test::same_bits(dx, dx2));
    CHECK(tl::test::same_bits(gradients, gradients2));
  }
  tl::set_num_threads(before);
}

TEST_CASE("a width that heads do not divide is refused") {
  TL_REQUIRE_ERROR(
      EncoderBlock<float>({.width = 10, .heads = 4}),
      "self-attention: expected a width that is a multiple of the number of heads, got width 10 and 4 heads");
  TL_REQUIRE_ERROR(EncoderBlock<float>({.width = 10, .heads = 0}), "got width 10 and 0 heads");
}
