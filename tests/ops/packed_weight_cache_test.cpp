// Packed weights: the same bits as without, made once, for parameters in bfloat16 only.
#include <memory>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/nn/context.hpp>
#include <tl/ops/linear.hpp>

using tl::PackedWeightCache;
using tl::Precision;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

namespace {

using Cache = std::shared_ptr<PackedWeightCache>;

Cache new_cache() { return std::make_shared<PackedWeightCache>(); }

struct Layer {
  Variable<float> weight, bias;

  Layer(std::int64_t out, std::int64_t in)
      : weight(varied<float>({out, in}, 1), true), bias(varied<float>({out}, 2), true) {}

  Variable<float> operator()(const Variable<float>& x, const Cache& cache = nullptr,
                             Precision precision = Precision::bf16) const {
    return tl::ops::linear(x, weight, bias, {precision, cache});
  }
};

Variable<float> input(std::int64_t rows, std::int64_t width, int seed = 3) {
  return Variable<float>(varied<float>({rows, width}, seed), true);
}

/// The result of the layer and the gradient of its input, one after the other.
std::vector<float> pass(const Layer& layer, std::int64_t rows, const Cache& cache = nullptr) {
  const Variable<float> x = input(rows, layer.weight.size(1));
  const Variable<float> y = layer(x, cache);
  tl::ops::sum(tl::ops::multiply(y, Variable<float>(varied<float>({rows, y.size(1)}, 4)))).backward();
  std::vector<float> result = y.value().to_vector();
  for (const float value : x.grad().to_vector()) result.push_back(value);
  return result;
}

}  // namespace

TEST_CASE("packed weights: the same bits as without them, however often and for any number of rows") {
  // Widths with a panel, a pair of k and a block of k that are not full.
  for (const auto& [out, in] : {std::pair{40, 33}, std::pair{97, 130}, std::pair{33, 2051}}) {
    const Layer layer(out, in);
    const Cache cache = new_cache();
    for (const std::int64_t rows : {1, 5, 30, 100}) {
      INFO("rows " << rows << ", " << in << " -> " << out);
      const std::vector<float> expected = pass(layer, rows);
      CHECK(pass(layer, rows, cache) == expected);
      CHECK(pass(layer, rows, cache) == expected);
    }
  }
}

TEST_CASE("packed weights: a change of the weight is seen without a cache and by a new one, as the class says") {
  Layer layer(8, 6);
  const tl::NoGradGuard no_grad;
  const Variable<float> x = input(4, 6);
  const auto run = [&](const Cache& cache) { return layer(x, cache).value().to_vector(); };
  const Cache cache = new_cache();
  const auto before = run(cache);
  layer.weight.value().fill(1.0F);
  const auto after = run(nullptr);
  CHECK(after != before);
  CHECK(run(cache) == before);  // so it really reads what was packed
  CHECK(run(new_cache()) == after);
}

TEST_CASE("packed weights: nothing is stored in float, or of a weight that is no parameter") {
  Layer layer(8, 6);
  const tl::NoGradGuard no_grad;
  const Variable<float> x = input(4, 6);
  const Cache cache = new_cache();
  const auto exact = layer(x, cache, Precision::f32).value().to_vector();
  const auto constant = [&] {
    return tl::ops::linear(x, layer.weight.detach(), {}, {Precision::bf16, cache}).value().to_vector();
  };
  const auto rounded = constant();
  layer.weight.value().fill(1.0F);
  CHECK(layer(x, cache, Precision::f32).value().to_vector() != exact);
  CHECK(constant() != rounded);
}

TEST_CASE("packed weights: rows of a parameter are stored apart from the whole") {
  const Layer layer(12, 6);
  const Variable<float> x = input(4, 6);
  Cache cache;
  const auto run = [&](std::int64_t begin, std::int64_t end) {
    return tl::ops::linear(x, layer.weight.leaf_rows(begin, end), {}, {Precision::bf16, cache}).value().to_vector();
  };
  const auto first = run(0, 4), all = run(0, 12), last = run(4, 12);
  cache = new_cache();
  for (int round = 0; round < 2; ++round) {
    CHECK(run(0, 4) == first);
    CHECK(run(0, 12) == all);
    CHECK(run(4, 12) == last);
  }
}

TEST_CASE("packed weights: several threads may use the same ones at once") {
  const Layer layer(70, 90);
  const std::vector<float> expected = layer(input(5, 90)).value().to_vector();
  const Cache cache = new_cache();
  std::vector<std::vector<float>> results(4);
  std::vector<std::thread> threads;
  for (auto& result : results)
    threads.emplace_back([&] {
      const tl::NoGradGuard no_grad;
      for (int round = 0; round < 3; ++round) result = layer(input(5, 90), cache).value().to_vector();
    });
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) CHECK(result == expected);
}

TEST_CASE("packed weights: a graph may outlive the pass that stored them, and the last handle of the cache") {
  const Layer layer(20, 30);
  const std::vector<float> expected = pass(layer, 5);
  CHECK(pass(layer, 5, new_cache()) == expected);
}

TEST_CASE("packed weights: a scope sets those of a context, null leaves the outer ones in place") {
  tl::nn::ForwardContext context;
  const Cache outer = new_cache(), inner = new_cache();
  {
    const tl::nn::PackedWeightScope first(context, outer);
    CHECK(context.packed_weights == outer);
    {
      const tl::nn::PackedWeightScope second(context, inner);
      CHECK(context.packed_weights == inner);
      const tl::nn::PackedWeightScope third(context, nullptr);
      CHECK(context.packed_weights == inner);
    }
    CHECK(context.packed_weights == outer);
  }
  CHECK(context.packed_weights == nullptr);
}
