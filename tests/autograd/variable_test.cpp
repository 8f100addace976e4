#include <tl/autograd/variable.hpp>

#include <thread>

#include <tl/ops/add.hpp>
#include <tl/ops/bias_activation.hpp>
#include <tl/ops/matmul.hpp>
#include <tl/ops/multiply.hpp>
#include <tl/ops/sum.hpp>
#include "support/catch.hpp"

using tl::Shape;
using tl::Tensor;
using tl::Variable;

namespace {

Variable<double> leaf(std::vector<double> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  return Variable<double>(Tensor<double>::from(values, {count}), true);
}

std::vector<double> grad(const Variable<double>& variable) { return variable.grad().to_vector(); }

using Values = std::vector<double>;

// y = factor * x, with a rule that is given the right to hand its gradient on without a copy.
Variable<double> pass_through(const Variable<double>& x) {
  return Variable<double>::record(x.value(), {x}, [g = x.gradient()](const Tensor<double>& dy) { g.add(dy); });
}

// Counts how many tensors of one storage are alive through the rule that holds them.
struct Alive {
  std::shared_ptr<int> token = std::make_shared<int>(0);
  long count() const { return token.use_count() - 1; }
};

Variable<double> holding(const Variable<double>& x, const Alive& alive) {
  return Variable<double>::record(x.value(), {x},
                                  [g = x.gradient(), held = alive.token](const Tensor<double>& dy) { g.add(dy); });
}

}  // namespace

TEST_CASE("a scalar function gives its gradient") {
  auto x = leaf({2, 3}), y = leaf({5, 7});
  const auto loss = tl::ops::sum(x * y);
  CHECK(loss.value().item() == 31.0);
  loss.backward();
  CHECK(grad(x) == Values{5, 7});
  CHECK(grad(y) == Values{2, 3});
}

TEST_CASE("an input that is used twice gets both shares") {
  auto x = leaf({2, 3});
  SECTION("twice in one operation") {
    tl::ops::sum(x * x).backward();
    CHECK(grad(x) == Values{4, 6});
  }
  SECTION("twice in one addition") {
    tl::ops::sum(x + x).backward();
    CHECK(grad(x) == Values{2, 2});
  }
  SECTION("subtracted from itself") {
    tl::ops::sum(x - x).backward();
    CHECK(grad(x) == Values{0, 0});
  }
  SECTION("in several operations") {
    tl::ops::sum(x * x + x - x * x * x).backward();
    CHECK(grad(x) == Values{2 * 2 + 1 - 3 * 4, 2 * 3 + 1 - 3 * 9});
  }
}

TEST_CASE("diamonds: every path counts once") {
  auto x = leaf({2});
  const auto a = x * x;                   // 4
  const auto b = a + x, c = a * x;        // 6, 8
  const auto d = b * c + a;               // 52
  const auto loss = tl::ops::sum(d * b);  // 312
  loss.backward();
  // f = ((x^2 + x) x^3 + x^2) (x^2 + x) = x^7 + 2x^6 + x^5 + x^4 + x^3
  CHECK(loss.value().item() == 312.0);
  CHECK(grad(x) == Values{7 * 64 + 12 * 32 + 5 * 16 + 4 * 8 + 3 * 4});
}

TEST_CASE("gradients accumulate over backward calls until they are zeroed") {
  auto x = leaf({2, 3});
  tl::ops::sum(x * x).backward();
  tl::ops::sum(x).backward();
  CHECK(grad(x) == Values{5, 7});
  x.zero_grad();
  CHECK(grad(x) == Values{0, 0});
  tl::ops::sum(x).backward();
  CHECK(grad(x) == Values{1, 1});
}

TEST_CASE("a gradient that was read is not changed by zero_grad of another variable") {
  auto x = leaf({1, 2}), y = leaf({3, 4});
  tl::ops::sum(x + y).backward();  // both get the same gradient tensor from the rule
  x.zero_grad();
  CHECK(grad(y) == Values{1, 1});
  CHECK(x.grad().data() != y.grad().data());
}

TEST_CASE("the first gradient may be shared with another node; a second one must not write through it") {
  auto x = leaf({1, 1}), y = leaf({1, 1});
  // a and b receive the very same tensor dy. Then b receives a second gradient, which must not reach a.
  const auto a = pass_through(x), b = pass_through(y);
  const auto again = b * b;
  const auto loss = tl::ops::sum((a + b) + again);
  loss.backward();
  CHECK(grad(x) == Values{1, 1});
  CHECK(grad(y) == Values{3, 3});
}

TEST_CASE("the gradient that a caller starts with is not written to") {
  auto x = leaf({1, 2});
  const auto y = pass_through(x);
  const auto z = y + y;
  const auto start = Tensor<double>::from({10, 20}, {2});
  z.backward(start);
  CHECK(start.to_vector() == Values{10, 20});
  CHECK(grad(x) == Values{20, 40});
  x.grad().fill(0);
  CHECK(start.to_vector() == Values{10, 20});
}

TEST_CASE("a leaf as the start receives a copy") {
  auto x = leaf({4});
  const auto start = Tensor<double>::from({3}, {1});
  x.backward(start);
  x.backward(start);
  CHECK(grad(x) == Values{6});
  CHECK(start.to_vector() == Values{3});
}

TEST_CASE("Gradient::accumulator does not write through a shared gradient") {
  auto x = leaf({1, 1}), y = leaf({2, 2});
  const auto a = pass_through(x), b = pass_through(y);
  // multiply accumulates into its inputs' accumulators; a + b shared dy before.
  const auto loss = tl::ops::sum((a + b) + a * b);
  loss.backward();
  CHECK(grad(x) == Values{3, 3});
  CHECK(grad(y) == Values{2, 2});
}

TEST_CASE("a graph is used once") {
  auto x = leaf({2});
  const auto loss = tl::ops::sum(x * x);
  loss.backward();
  TL_REQUIRE_ERROR(loss.backward(), "was used already; compute the value again before the next backward()");
  CHECK(grad(x) == Values{4});
}

TEST_CASE("two results that share a part of the graph: the second backward is an error, not a wrong gradient") {
  auto x = leaf({2});
  const auto shared = x * x;
  const auto first = tl::ops::sum(shared), second = tl::ops::sum(shared * x);
  first.backward();
  TL_REQUIRE_ERROR(second.backward(), "was used already");
  CHECK(grad(x) == Values{4});  // and nothing was added before the error
}

TEST_CASE("without a graph backward says why") {
  const Variable<double> constant(Tensor<double>::from({2}, {1}));
  TL_REQUIRE_ERROR(tl::ops::sum(constant).backward(), "has no gradient graph; no input requires a gradient");
  auto x = leaf({2, 3});
  TL_REQUIRE_ERROR((x * x).backward(), "backward() starts at a scalar, got f64[2]@cpu");
  TL_REQUIRE_ERROR((x * x).backward(Tensor<double>::zeros({3})), "expected a gradient of shape [2], got f64[3]@cpu");
  TL_REQUIRE_ERROR((Variable<double>(Tensor<double>::zeros({2}), Tensor<double>::zeros({3}))),
                   "a gradient of shape [3] for f64[2]@cpu");
}

TEST_CASE("a rule that adds a gradient of the wrong shape is found") {
  auto x = leaf({2, 3});
  const auto y = Variable<double>::record(
      x.value(), {x}, [g = x.gradient()](const Tensor<double>&) { g.add(Tensor<double>::zeros({3})); });
  TL_REQUIRE_ERROR(tl::ops::sum(y).backward(), "the backward rule of this operation is wrong");
}

TEST_CASE("constants get no gradient and do not stop the others") {
  auto x = leaf({2, 3});
  const Variable<double> constant(Tensor<double>::from({10, 20}, {2}));
  tl::ops::sum(x * constant + constant).backward();
  CHECK(grad(x) == Values{10, 20});
  CHECK_FALSE(constant.grad().defined());
  CHECK_FALSE(constant.requires_grad());
}

TEST_CASE("the handle of an input without gradient takes nothing and has no memory") {
  const Variable<double> constant(Tensor<double>::from({1, 2}, {2}));
  const tl::Gradient<double> none = constant.gradient();
  CHECK(!none);
  none.add(Tensor<double>::from({3, 4, 5}, {3}));  // of any shape, because nothing is added
  CHECK(none.accumulator_data() == nullptr);
  CHECK(!none.new_tensor().defined());

  const auto x = leaf({1, 2});
  const tl::Gradient<double> some = x.gradient();
  CHECK(some.new_tensor().shape() == Shape{2});
  some.accumulator_data()[1] = 7;
  CHECK(grad(x) == Values{0, 7});
}

TEST_CASE("NoGradGuard records nothing, on its own thread, until it ends") {
  auto x = leaf({2});
  {
    tl::NoGradGuard no_grad;
    CHECK_FALSE(tl::grad_enabled());
    const auto y = tl::ops::sum(x * x);
    CHECK_FALSE(y.requires_grad());
    TL_REQUIRE_ERROR(y.backward(), "recording was switched off");
    { tl::NoGradGuard nested; }
    CHECK_FALSE(tl::grad_enabled());
    bool elsewhere = false;
    std::thread([&] { elsewhere = tl::grad_enabled(); }).join();
    CHECK(elsewhere);
  }
  CHECK(tl::grad_enabled());
  CHECK(tl::ops::sum(x * x).requires_grad());
}

TEST_CASE("detach cuts the history") {
  auto x = leaf({3});
  const auto y = x * x;
  tl::ops::sum(y.detach() * x).backward();
  CHECK(grad(x) == Values{9});
}

TEST_CASE("zero_grad zeroes the gradient that is held elsewhere") {
  auto x = leaf({3, 4});
  tl::ops::sum(x * x).backward();
  const auto held = x.grad();
  CHECK(held.to_vector() == Values{6, 8});
  x.zero_grad();
  CHECK(held.to_vector() == Values{0, 0});
  tl::ops::sum(x).backward();
  CHECK(held.to_vector() == Values{1, 1});
}

TEST_CASE("leaf_rows shares value and gradient with its leaf") {
  Variable<double> table(Tensor<double>::from({1, 2, 3, 4, 5, 6}, {3, 2}), true);
  auto middle = table.leaf_rows(1, 2);
  CHECK(middle.value().to_vector() == Values{3, 4});
  middle.value().data()[0] = 30;
  CHECK(table.value().at({1, 0}) == 30.0);
  tl::ops::sum(middle * middle).backward();
  CHECK(table.grad().to_vector() == Values{0, 0, 60, 8, 0, 0});
  tl::ops::sum(table).backward();
  CHECK(middle.grad().to_vector() == Values{61, 9});
  table.zero_grad();
  CHECK(middle.grad().to_vector() == Values{0, 0});
  middle.zero_grad();
  // The part and the whole in one graph.
  tl::ops::sum(tl::ops::matmul(table, Variable<double>(Tensor<double>::from({1, 1}, {2, 1})))).backward();
  tl::ops::sum(table.leaf_rows(0, 1)).backward();
  CHECK(table.grad().to_vector() == Values{2, 2, 1, 1, 1, 1});
}

TEST_CASE("leaf_rows without recording writes nothing to its leaf, and shares its gradient when that is wanted") {
  Variable<double> table(Tensor<double>::from({1, 2, 3, 4}, {2, 2}), true);
  const auto part = [&] {
    const tl::NoGradGuard no_grad;
    return table.leaf_rows(1, 2);
  }();
  CHECK(part.is_leaf());
  CHECK(!table.grad().defined());
  tl::ops::sum(part * part).backward();
  CHECK(table.grad().to_vector() == Values{0, 0, 6, 8});
  CHECK(part.grad().to_vector() == Values{6, 8});
  const auto asked = [&] {
    const tl::NoGradGuard no_grad;
    return table.leaf_rows(1, 2).leaf_rows(0, 1);
  }();
  CHECK(asked.grad().to_vector() == Values{6, 8});
  asked.zero_grad();
  CHECK(table.grad().to_vector() == Values{0, 0, 0, 0});
}

TEST_CASE("memory that is not there is a sentence, not a null pointer") {
  const auto x = leaf({3});
  TL_REQUIRE_ERROR(x.grad().data(), "data(): expected a tensor with memory, got f64[undefined]; a gradient");
  const auto y = x * x;
  tl::ops::sum(y).backward();
  CHECK(x.grad().data()[0] == 6);
  TL_REQUIRE_ERROR(y.grad().data(), "is there after backward() only, and only of a leaf");
  TL_REQUIRE_ERROR(tl::ops::sum(Variable<double>()), "data(): expected a tensor with memory, got f64[undefined]");
  TL_REQUIRE_ERROR(Variable<double>() + Variable<double>(), "got f64[undefined]");
  Tensor<double> nothing;
  CHECK(nothing.data_or_null() == nullptr);
  TL_REQUIRE_ERROR(nothing.data(), "got f64[undefined]");
}

TEST_CASE("leaf_rows of a constant is a constant, of a result an error") {
  const Variable<double> constant(Tensor<double>::from({1, 2}, {2, 1}));
  CHECK_FALSE(constant.leaf_rows(0, 1).requires_grad());
  Variable<double> x(Tensor<double>::from({1, 2}, {2, 1}), true);
  TL_REQUIRE_ERROR((x * x).leaf_rows(0, 1), "leaf_rows() needs a leaf, got the result of an operation: f64[2, 1]@cpu");
}

TEST_CASE("a variable with a gradient of the caller's accumulates into it") {
  const auto memory = Tensor<double>::from({100, 200}, {2});
  Variable<double> x(Tensor<double>::from({1, 2}, {2}), memory);
  tl::ops::sum(x * x).backward();
  CHECK(memory.to_vector() == Values{102, 204});
}

TEST_CASE("after backward the rules and what they held are gone, although results are alive") {
  auto x = leaf({1, 2});
  Alive alive;
  const auto a = holding(x, alive), b = holding(a, alive);
  const auto loss = tl::ops::sum(b * a);
  CHECK(alive.count() == 2);
  loss.backward();
  CHECK(alive.count() == 0);
  CHECK_FALSE(a.grad().defined());  // gradients of intermediate results are freed as well
  CHECK(x.grad().defined());
}

TEST_CASE("a graph that is dropped without backward frees what its rules held") {
  auto x = leaf({1, 2});
  Alive alive;
  {
    const auto y = holding(holding(x, alive), alive);
    CHECK(alive.count() == 2);
  }
  CHECK(alive.count() == 0);
}

TEST_CASE("very long graphs neither overflow the stack in backward nor when they are dropped") {
  auto x = leaf({1});
  const auto build = [&] {
    Variable<double> y = x;
    for (int i = 0; i < 200000; ++i) y = pass_through(y);
    return y;
  };
  { const auto dropped = build(); }
  tl::ops::sum(build()).backward();
  CHECK(grad(x) == Values{1});
}

TEST_CASE("a branch that no gradient reaches is skipped") {
  auto x = leaf({2}), y = leaf({3});
  const auto silent =
      Variable<double>::record(Tensor<double>::from({6}, {1}), {x, y},
                               [g = x.gradient()](const Tensor<double>& dy) { g.add(dy); });  // gives y nothing
  tl::ops::sum(silent).backward();
  CHECK(grad(x) == Values{1});
  CHECK_FALSE(y.grad().defined());
}
