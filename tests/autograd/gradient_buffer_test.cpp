#include <tl/autograd/gradient_buffer.hpp>

#include <utility>
#include <vector>

#include <tl/autograd/variable.hpp>

#include "support/catch.hpp"

using tl::Gradient;
using tl::GradientBuffer;
using tl::Shape;
using tl::Tensor;

namespace {

using Values = std::vector<double>;

Tensor<double> tensor(const Values& values) {
  return Tensor<double>::from(values, {static_cast<std::int64_t>(values.size())});
}

GradientBuffer<double> of_result(const Shape& shape) { return {shape, tl::cpu_device, false}; }
GradientBuffer<double> of_leaf(const Shape& shape) { return {shape, tl::cpu_device, true}; }

}  // namespace

TEST_CASE("gradient buffer: that of a result takes the first gradient over and adds in place once it has it alone") {
  auto buffer = of_result({2});
  CHECK(!buffer.read().defined());
  const double* address = nullptr;
  {
    Tensor<double> first = tensor({1, 2});
    address = std::as_const(first).data();
    buffer.add(first);
    buffer.add(tensor({10, 20}));  // `first` is alive: the sum must be elsewhere
    CHECK(first.to_vector() == Values{1, 2});
    CHECK(std::as_const(buffer).shape() == Shape{2});
  }
  const Tensor<double> sum = buffer.take();
  CHECK(sum.to_vector() == Values{11, 22});
  CHECK(sum.data() != address);
  CHECK(!buffer.take().defined());

  Tensor<double> only = tensor({3, 4});
  address = std::as_const(only).data();
  buffer.add(only);
  only = {};
  buffer.add(tensor({1, 1}));           // no copy
  buffer.accumulator().data()[0] += 1;  // and no copy here
  const Tensor<double> result = buffer.take();
  CHECK(result.data() == address);
  CHECK(result.to_vector() == Values{5, 5});
}

TEST_CASE("gradient buffer: a tensor that two results hold, or of which one is a view, is not written to") {
  auto one = of_result({2}), other = of_result({2});
  one.add(tensor({1, 2}));
  const Tensor<double> shared = one.take();
  one.add(shared);
  other.add(shared.view(0, {2}));
  one.add(tensor({10, 10}));
  other.accumulator().fill(7);
  CHECK(shared.to_vector() == Values{1, 2});
  CHECK(one.take().to_vector() == Values{11, 12});
  CHECK(other.take().to_vector() == Values{7, 7});
}

TEST_CASE("gradient buffer: that of a leaf copies the first gradient and shows every later one to who holds it") {
  auto buffer = of_leaf({2});
  const Tensor<double> first = tensor({1, 2});
  buffer.add(first);
  const Tensor<double> held = buffer.read();
  buffer.add(first);
  CHECK(held.to_vector() == Values{2, 4});
  CHECK(first.to_vector() == Values{1, 2});
  buffer.zero();
  CHECK(held.to_vector() == Values{0, 0});
}

TEST_CASE("gradient buffer: zeros are written late if no other handle holds the memory, and a product writes instead") {
  auto buffer = of_leaf({2, 1});
  auto target = buffer.write_or_add();
  CHECK_FALSE(target.add);  // nothing yet
  target.grad.fill(5);
  target = buffer.write_or_add();
  CHECK(target.add);
  target = {};
  buffer.zero();
  target = buffer.write_or_add();
  CHECK_FALSE(target.add);
  CHECK(std::as_const(target.grad).data()[0] == 5);  // not written: the kernel overwrites it
  target.grad.fill(3);
  target = {};
  CHECK(buffer.read().to_vector() == Values{3, 3});
  buffer.zero();
  CHECK(buffer.read().to_vector() == Values{0, 0});
  buffer.zero();
  buffer.add(Tensor<double>::full({2, 1}, 4));
  CHECK(buffer.read().to_vector() == Values{4, 4});
  const Tensor<double> held = buffer.read();
  buffer.zero();
  CHECK(held.to_vector() == Values{0, 0});
  CHECK(buffer.write_or_add().add);  // they are written already
}

TEST_CASE("gradient buffer: parts of a leaf say for themselves that nothing was added yet") {
  const auto leaf = std::make_shared<GradientBuffer<double>>(of_leaf({6, 1}));
  GradientBuffer<double> first(leaf, 0, {2, 1}), middle(leaf, 2, {2, 1});
  const auto inner = std::make_shared<GradientBuffer<double>>(leaf, 2, Shape{4, 1});
  GradientBuffer<double> last(inner, 2, {2, 1});  // of a part: rows 4 and 5 of the leaf
  for (int round = 0; round < 3; ++round) {
    auto target = middle.write_or_add();
    CHECK_FALSE(target.add);
    target.grad.fill(20 + round);
    CHECK(middle.write_or_add().add);
    target = last.write_or_add();
    CHECK_FALSE(target.add);
    target.grad.fill(30);
    last.add(Tensor<double>::full({2, 1}, 1));
    target = {};
    if (round == 0) CHECK(leaf->write_or_add().add);  // the whole cannot be written any more
    CHECK(leaf->read().to_vector() == Values{0, 0, 20.0 + round, 20.0 + round, 31, 31});
    CHECK(first.read().to_vector() == Values{0, 0});
    leaf->zero();
  }
  auto target = leaf->write_or_add();
  CHECK_FALSE(target.add);
  target.grad.fill(1);
  middle.zero();
  CHECK(leaf->read().to_vector() == Values{1, 1, 0, 0, 1, 1});
}

TEST_CASE("gradient buffer: memory of the caller's, and a larger block of which it is a part") {
  const Tensor<double> block = Tensor<double>::zeros({6});
  GradientBuffer<double> part(block.view(2, {2}).counted_apart());
  part.add(tensor({1, 2}));
  part.zero();
  CHECK(block.to_vector() == Values{0, 0, 1, 2, 0, 0});  // not written yet
  part.materialize();
  CHECK(block.to_vector() == Values(6, 0));
  part.share();
  part.add(tensor({1, 2}));
  part.zero();
  CHECK(block.to_vector() == Values(6, 0));  // at once

  const Tensor<double> kept = tensor({100, 200});
  GradientBuffer<double> buffer(kept);
  buffer.zero();
  CHECK(kept.to_vector() == Values{0, 0});
}

TEST_CASE("gradient buffer: a table that is trained by rows knows which are other than zero") {
  GradientBuffer<double> table(Tensor<double>::zeros({4, 2}), true);
  const auto add_to = [&](std::vector<std::int32_t> ids) {
    const auto rows = Tensor<std::int32_t>::from(ids, {static_cast<std::int64_t>(ids.size())});
    Tensor<double> grad = table.accumulator(tl::group_rows(rows));
    for (const std::int32_t id : ids) grad[id].fill(id);
  };
  add_to({3, 1, 3});
  CHECK_FALSE(table.sparse()->all_marked());
  CHECK(table.sparse()->marked() == std::vector<std::int32_t>{1, 3});
  for (const std::vector<std::int32_t>& ids : {std::vector<std::int32_t>{1, 0}, {2, 2}}) {
    const auto wrong = Tensor<std::int32_t>::from(ids, {2});
    TL_REQUIRE_ERROR(
        table.accumulator(tl::RowGroups{.rows = wrong, .begin = wrong, .ids = wrong}),
        ids[1] == 0 ? "a gradient by rows: expected ascending ids, each once, got 0 after 1" : "got 2 after 2");
  }
  add_to({1, 0});  // of a second micro-batch
  CHECK(table.sparse()->marked() == std::vector<std::int32_t>{0, 1, 3});
  table.zero();
  CHECK(table.sparse()->marked().empty());
  CHECK(table.read().to_vector() == Values(8, 0));
  CHECK(table.sparse()->all_marked());  // who reads may write
  table.zero();
  CHECK_FALSE(table.sparse()->all_marked());
  const Tensor<double> held = table.read();
  add_to({2});
  table.zero();
  CHECK(held.to_vector() == Values(8, 0));
  CHECK(table.sparse()->all_marked());  // and so may who holds it
  table.zero();
  table.add(Tensor<double>::full({4, 2}, 1));
  CHECK(table.sparse()->all_marked());
  CHECK(of_leaf({2}).sparse() == nullptr);
}

TEST_CASE("gradient buffer: a gradient of another shape is a sentence") {
  auto buffer = of_result({2});
  TL_REQUIRE_ERROR(buffer.add(tensor({1})),
                   "backward: expected a gradient of shape [2], got f64[1]@cpu; the backward rule of this operation is "
                   "wrong");
}

TEST_CASE("gradients of a residual are summed without a copy") {
  // x -> (identity, rule that makes a new tensor): both reach x, the second is added to the first in place.
  const tl::Variable<double> leaf(tensor({1, 2}), true);
  const double* first = nullptr;
  const double* sum = nullptr;
  const auto record = [](const tl::Variable<double>& x, auto rule) {
    return tl::Variable<double>::record(x.value().clone(), {x}, rule);
  };
  const auto x = record(leaf, [&sum, g = leaf.gradient()](const Tensor<double>& dx) {
    sum = dx.data();
    g.add(dx);
  });
  const auto early = record(x, [g = x.gradient()](const Tensor<double>& dy) {
    Tensor<double> dx = dy.clone();
    g.add(dx);
  });
  const auto late = tl::Variable<double>::record(
      tensor({0, 0}), {x, early}, [&first, g = x.gradient(), ge = early.gradient()](const Tensor<double>& dy) {
        Tensor<double> dx = dy.clone();
        first = std::as_const(dx).data();
        g.add(dx);
        ge.add(dy);
      });
  late.backward(tensor({5, 6}));
  CHECK(leaf.grad().to_vector() == Values{10, 12});
  CHECK(first == sum);
}
