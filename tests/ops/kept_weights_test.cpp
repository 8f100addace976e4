// Kept weights: the same bits as without, made once, for parameters in bfloat16 only.
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/kept_weights.hpp>
#include <tl/ops/linear.hpp>

using tl::KeptWeights;
using tl::Precision;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

namespace {

struct Layer {
  Variable<float> weight, bias;

  Layer(std::int64_t out, std::int64_t in)
      : weight(varied<float>({out, in}, 1), true), bias(varied<float>({out}, 2), true) {}

  Variable<float> operator()(const Variable<float>& x, Precision precision = Precision::bf16) const {
    return tl::ops::linear(x, weight, bias, precision);
  }
};

Variable<float> input(std::int64_t rows, std::int64_t width, int seed = 3) {
  return Variable<float>(varied<float>({rows, width}, seed), true);
}

/// The result of the layer and the gradient of its input, one behind the other.
std::vector<float> pass(const Layer& layer, std::int64_t rows) {
  const Variable<float> x = input(rows, layer.weight.size(1));
  const Variable<float> y = layer(x);
  tl::ops::sum(tl::ops::multiply(y, Variable<float>(varied<float>({rows, y.size(1)}, 4)))).backward();
  std::vector<float> result = y.value().to_vector();
  for (const float value : x.grad().to_vector()) result.push_back(value);
  return result;
}

}  // namespace

TEST_CASE("kept weights: the same bits as without them, however often and for any number of rows") {
  // Widths with a panel, a pair of k and a block of k that are not full.
  for (const auto& [out, in] : {std::pair{40, 33}, std::pair{97, 130}, std::pair{33, 2051}}) {
    const Layer layer(out, in);
    KeptWeights weights;
    for (const std::int64_t rows : {1, 5, 30, 100}) {
      INFO("rows " << rows << ", " << in << " -> " << out);
      const std::vector<float> expected = pass(layer, rows);
      const KeptWeights::Scope keep(&weights);
      CHECK(pass(layer, rows) == expected);
      CHECK(pass(layer, rows) == expected);
    }
  }
}

TEST_CASE("kept weights: a change of the weight is seen outside of them and by new ones, as the class says") {
  Layer layer(8, 6);
  const tl::NoGradGuard no_grad;
  const Variable<float> x = input(4, 6);
  const auto run = [&](KeptWeights* weights) {
    const KeptWeights::Scope keep(weights);
    return layer(x).value().to_vector();
  };
  KeptWeights weights, later;
  const auto before = run(&weights);
  layer.weight.value().fill(1.0F);
  const auto after = run(nullptr);
  CHECK(after != before);
  CHECK(run(&weights) == before);  // so it really reads what it kept
  CHECK(run(&later) == after);
  const KeptWeights::Scope outer(&weights);
  CHECK(run(nullptr) == before);  // null leaves the outer ones in place
  CHECK(run(&later) == after);
  CHECK(run(nullptr) == before);
}

TEST_CASE("kept weights: nothing is kept in float, or of a weight that is no parameter") {
  Layer layer(8, 6);
  const tl::NoGradGuard no_grad;
  const Variable<float> x = input(4, 6);
  KeptWeights weights;
  const KeptWeights::Scope keep(&weights);
  const auto exact = layer(x, Precision::f32).value().to_vector();
  const auto constant = [&] {
    return tl::ops::linear(x, layer.weight.detach(), {}, Precision::bf16).value().to_vector();
  };
  const auto rounded = constant();
  layer.weight.value().fill(1.0F);
  CHECK(layer(x, Precision::f32).value().to_vector() != exact);
  CHECK(constant() != rounded);
}

TEST_CASE("kept weights: rows of a parameter are kept apart from the whole") {
  const Layer layer(12, 6);
  const Variable<float> x = input(4, 6);
  const auto run = [&](std::int64_t begin, std::int64_t end) {
    return tl::ops::linear(x, layer.weight.leaf_rows(begin, end), {}, Precision::bf16).value().to_vector();
  };
  const auto first = run(0, 4), all = run(0, 12), last = run(4, 12);
  KeptWeights weights;
  const KeptWeights::Scope keep(&weights);
  for (int round = 0; round < 2; ++round) {
    CHECK(run(0, 4) == first);
    CHECK(run(0, 12) == all);
    CHECK(run(4, 12) == last);
  }
}

TEST_CASE("kept weights: several threads may use the same ones at once") {
  const Layer layer(70, 90);
  const std::vector<float> expected = layer(input(5, 90)).value().to_vector();
  KeptWeights weights;
  std::vector<std::vector<float>> results(4);
  std::vector<std::thread> threads;
  for (auto& result : results)
    threads.emplace_back([&] {
      const tl::NoGradGuard no_grad;
      const KeptWeights::Scope keep(&weights);
      for (int round = 0; round < 3; ++round) result = layer(input(5, 90)).value().to_vector();
    });
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) CHECK(result == expected);
}
