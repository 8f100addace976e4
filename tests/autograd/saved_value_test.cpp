// SavedValue: what an operation keeps for its gradient must not change before backward(); reading it is no change, and
// neither is changing what no rule reads.
#include <functional>
#include <vector>

#include <tl/autograd/parameter_space.hpp>
#include <tl/autograd/saved_value.hpp>
#include <tl/ops/add.hpp>
#include <tl/ops/attention.hpp>
#include <tl/ops/bias_dropout_residual_layer_norm.hpp>
#include <tl/ops/cross_entropy.hpp>
#include <tl/ops/embedding.hpp>
#include <tl/ops/gather_rows.hpp>
#include <tl/ops/layer_norm.hpp>
#include <tl/ops/linear.hpp>
#include <tl/ops/matmul.hpp>
#include <tl/ops/multiply.hpp>
#include <tl/ops/segment_mean.hpp>
#include <tl/ops/sum.hpp>
#include <tl/optim/adamw.hpp>

#include "support/catch.hpp"

using tl::Tensor;
using tl::Variable;

namespace {

constexpr const char* changed = "was changed in place since it was computed with";

Variable<double> leaf(std::vector<double> values, const tl::Shape& shape) {
  return Variable<double>(Tensor<double>::from(values, shape), true);
}

/// Computes a loss, changes something and goes back.
void go_back(const std::function<Variable<double>()>& forward, const std::function<void()>& change) {
  const Variable<double> loss = tl::ops::sum(forward());
  change();
  loss.backward();
}

}  // namespace

TEST_CASE("a value that changes between forward and backward is found, however it is changed") {
  auto x = leaf({3, 4}, {2, 1});
  const auto square = [&] { return x * x; };
  TL_REQUIRE_ERROR(go_back(square, [&] { x.value().data()[0] = 100; }), changed);
  TL_REQUIRE_ERROR(go_back(square, [&] { x.value().span()[1] = 100; }), changed);
  TL_REQUIRE_ERROR(go_back(square, [&] { x.value().at({1, 0}) = 7; }), changed);
  TL_REQUIRE_ERROR(go_back(square, [&] { x.value().fill(2); }), changed);
  TL_REQUIRE_ERROR(go_back(square, [&] { x.value().copy_from(Tensor<double>::zeros({2, 1})); }), changed);
  TL_REQUIRE_ERROR(go_back(square, [&] { x.value()[0].fill(9); }), changed);
  TL_REQUIRE_ERROR(go_back(square, [&] { x.value().rows(1, 2).data()[0] = 5; }), changed);
  Tensor<double> handle = x.value();
  TL_REQUIRE_ERROR(go_back(square, [&] { handle.data()[0] = -1; }), changed);
  TL_REQUIRE_ERROR(go_back(square, [&] { x.leaf_rows(0, 1).value().data()[0] = -2; }), changed);
}

TEST_CASE("reading through an address that could write, and writing the same, are no changes") {
  auto x = leaf({3, 4}, {2, 1});
  x.zero_grad();
  go_back([&] { return x * x; },
          [&] {
            CHECK(x.value().data()[0] == 3);
            for (double& value : x.value().span()) value += 0;
            x.value().at({1, 0}) = 4;
          });
  CHECK(x.grad().to_vector() == std::vector<double>{6, 8});
}

TEST_CASE("what no rule reads may change, and everything after backward") {
  auto x = leaf({1, 2}, {1, 2}), bias = leaf({5, 6}, {2}), weight = leaf({1, 2, 3, 4}, {2, 2});
  go_back([&] { return x + x; }, [&] { x.value().fill(7); });
  go_back([&] { return tl::ops::linear(x, weight, bias); }, [&] { bias.value().fill(0); });
  // The other half of the memory that a kept value is in.
  auto table = leaf({1, 2, 3, 4}, {2, 2});
  const auto upper = table.leaf_rows(0, 1);
  go_back([&] { return upper * upper; }, [&] { table.value()[1].fill(0); });
  CHECK(table.grad().to_vector() == std::vector<double>{2, 4, 0, 0});
  for (int i = 0; i < 2; ++i) {
    x.zero_grad();
    go_back([&] { return x * x; }, [] {});
    CHECK(x.grad().to_vector() == (i ? std::vector<double>{10, 14} : std::vector<double>{14, 14}));
    x.value().at({0, 0}) = 5;
  }
  {
    const tl::NoGradGuard no_grad;  // nothing is kept
    const auto y = x * x;
    x.value().fill(1);
    CHECK(y.value().to_vector() == std::vector<double>{25, 49});
  }
}

TEST_CASE("a value may change if its graph is dropped") {
  auto x = leaf({3}, {1, 1});
  { const auto dropped = x * x; }
  x.value().fill(2);
  go_back([&] { return x * x; }, [] {});
  CHECK(x.grad().to_vector() == std::vector<double>{4});
}

TEST_CASE("every operation looks at what it keeps") {
  auto x = leaf({1, 2, 3, 5}, {2, 2}), w = leaf({1, -1, 2, 3}, {2, 2});
  auto gamma = leaf({1, 2}, {2}), beta = leaf({0, 1}, {2});
  const auto fill = [](auto& variable) { return [&variable] { variable.value().fill(0.5); }; };
  TL_REQUIRE_ERROR(go_back([&] { return tl::ops::linear(x, w); }, fill(x)), changed);
  TL_REQUIRE_ERROR(go_back([&] { return tl::ops::linear(x, w); }, fill(w)), changed);
  TL_REQUIRE_ERROR(go_back([&] { return tl::ops::matmul(x, w); }, fill(x)), changed);
  TL_REQUIRE_ERROR(go_back([&] { return tl::ops::matmul(x, w); }, fill(w)), changed);
  TL_REQUIRE_ERROR(go_back([&] { return tl::ops::layer_norm(x, gamma, beta); }, fill(x)), changed);
  TL_REQUIRE_ERROR(go_back([&] { return tl::ops::layer_norm(x, gamma, beta); }, fill(gamma)), changed);
  const auto half_block = [&] { return tl::ops::bias_dropout_residual_layer_norm(x, beta, x, gamma, beta, 1e-5); };
  TL_REQUIRE_ERROR(go_back(half_block, fill(gamma)), changed);
  go_back(half_block, fill(x));  // its own statistics are kept, not x

  auto qkv = leaf({1, 2, 3, 4, 5, 6}, {2, 3});
  auto offsets = Tensor<std::int32_t>::from({0, 2}, {2});
  Variable<double> attended;
  const auto attend = [&] { return attended = tl::ops::self_attention(qkv, offsets, {.heads = 1}); };
  TL_REQUIRE_ERROR(go_back(attend, fill(qkv)), changed);
  TL_REQUIRE_ERROR(go_back(attend, [&] { attended.value().fill(0); }), changed);
  TL_REQUIRE_ERROR(go_back(attend, [&] { offsets.data()[1] = 20000000; }), changed);
}

TEST_CASE("rows, offsets and labels that change are found before anything is written") {
  auto x = leaf({1, 2, 3, 5}, {2, 2});
  auto rows = Tensor<std::int32_t>::from({1, 0}, {2});
  TL_REQUIRE_ERROR(go_back([&] { return tl::ops::gather_rows(x, rows); }, [&] { rows.data()[0] = 900000000; }),
                   changed);
  auto ids = Tensor<std::int32_t>::from({1, 0}, {2});
  TL_REQUIRE_ERROR(go_back([&] { return tl::ops::embedding(ids, x); }, [&] { ids.data()[0] = 900000000; }), changed);
  auto offsets = Tensor<std::int32_t>::from({0, 2}, {2});
  TL_REQUIRE_ERROR(go_back([&] { return tl::ops::segment_mean(x, offsets); }, [&] { offsets.data()[1] = 900000000; }),
                   changed);
  auto labels = Tensor<std::int64_t>::from({0, 1}, {2});
  TL_REQUIRE_ERROR(go_back([&] { return tl::ops::cross_entropy(x, labels); }, [&] { labels.data()[1] = 5; }), changed);
}

TEST_CASE("an optimizer's step between forward and backward is a change, a step after it is none") {
  tl::Parameter<float> weight({2, 2}, tl::Initialization::normal, tl::WeightDecay::on);
  tl::ParameterSpace<float> space({{"weight", weight, 0, 2}});
  space.values().view(0, {2, 2}).fill(1);
  tl::AdamW<float> optimizer(space, {.learning_rate = 0.1});
  const auto loss = [&] { return tl::ops::sum(*weight * *weight); };
  for (int i = 0; i < 3; ++i) {
    loss().backward();
    optimizer.step();
    optimizer.zero_grad();
  }
  const auto late = loss();
  loss().backward();
  optimizer.step();
  TL_REQUIRE_ERROR(late.backward(), changed);
}

TEST_CASE("updates that are deferred until a row is read are no change of what was kept") {
  tl::Parameter<float> table({4, 2}, tl::Initialization::normal, tl::WeightDecay::on);
  table.set_sparse();
  tl::ParameterSpace<float> space({{"table", table, 0, 4}});
  space.values().view(0, {4, 2}).fill(1);
  tl::AdamW<float> optimizer(space, {.learning_rate = 0.1, .weight_decay = 0.1, .defer_rows = true});
  const auto loss = [&](std::int32_t row) {
    const auto ids = Tensor<std::int32_t>::from({row}, {1});
    const auto rows = tl::ops::embedding(ids, table.prepare_rows(ids));
    return tl::ops::sum(rows * rows);
  };
  loss(0).backward();
  optimizer.step();
  optimizer.zero_grad();
  const auto first = loss(1), second = loss(2);  // each makes the updates of its row
  first.backward();
  second.backward();
  CHECK(table.grad().to_vector()[2] != 0);
}

TEST_CASE("an operation of a user keeps values that are looked at, too") {
  auto x = leaf({3}, {1});
  const auto square = [&] {
    return Variable<double>::record(
        Tensor<double>::from({9}, {1}), {x},
        [xv = tl::SavedValue<double>(x.value()), g = x.gradient()](const Tensor<double>& dy) {
          g.add(Tensor<double>::from({2 * xv.data()[0] * dy.data()[0]}, {1}));
        });
  };
  go_back(square, [] {});
  CHECK(x.grad().item() == 6);
  TL_REQUIRE_ERROR(go_back(square, [&] { x.value().fill(4); }), changed);
  CHECK(tl::SavedValue<double>().data() == nullptr);
}

TEST_CASE("the sentence names the tensor and what to do") {
  auto x = leaf({3}, {1});
  const auto loss = x * x;
  x.value().fill(100);
  TL_REQUIRE_ERROR(
      loss.backward(),
      "backward(): a value that an operation keeps for its gradient, f64[1]@cpu, was changed in place since "
      "it was computed with; change it after backward(), or change a clone()");
}
