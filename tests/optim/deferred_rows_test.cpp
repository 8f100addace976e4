// Updates that AdamW defers: the same bits as updates made at once, through whatever a table is read.
#include <tl/optim/deferred_rows.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <tl/nn/embedding.hpp>
#include <tl/nn/linear.hpp>
#include <tl/ops/add.hpp>
#include <tl/ops/sum.hpp>
#include <tl/optim/adamw.hpp>
#include <tl/optim/gradient_norm.hpp>

#include "support/catch.hpp"

using tl::AdamW;
using tl::ParameterSpace;
using tl::Tensor;
using tl::Variable;

namespace {

using Floats = std::vector<float>;

// A table of 40 rows of 20, trained by rows, before a linear layer; the same values each time.
struct TableModel {
  tl::nn::Embedding<float> table{40, 20};
  tl::nn::Linear<float> linear{20, 3};
  ParameterSpace<float> space;

  template <class Visit> void members(Visit& visit) {
    visit("table", table);
    visit("linear", linear);
  }

  TableModel() : space(tl::nn::named_parameters(*this)) {
    std::uint32_t random = 1;
    for (const auto& part : space.named()) {
      Tensor<float> value = part.value();
      for (float& x : value.span()) {
        random = random * 1664525U + 1013904223U;
        x = static_cast<float>(random >> 8) * 0x1p-23F - 1.0F;
      }
    }
  }

  Variable<float> operator()(const std::vector<std::int32_t>& ids) const {
    return linear(table(Tensor<std::int32_t>::from(ids, {static_cast<std::int64_t>(ids.size())})));
  }

  // Adds the gradients of a batch of ids.
  void backward(const std::vector<std::int32_t>& ids) const {
    const auto y = (*this)(ids);
    y.backward(Tensor<float>::full(y.shape(), 0.25F));
  }

  Floats values() const { return space.values().to_vector(); }
};

std::vector<std::int32_t> batch_of(int step) { return {step % 7, (5 * step) % 11, 3, step % 7, 20 + step % 2}; }

// The model whose updates are made at once, and the one whose updates are deferred.
struct Twins {
  TableModel at_once, deferred;
  std::optional<AdamW<float>> every, by_rows;
  int steps = 0;

  Twins() {
    every.emplace(at_once.space, tl::AdamWOptions{.learning_rate = 0.05, .weight_decay = 0.1});
    by_rows.emplace(deferred.space, tl::AdamWOptions{.learning_rate = 0.05, .weight_decay = 0.1, .defer_rows = true});
  }

  void step() {
    for (auto* model : {&at_once, &deferred}) model->backward(batch_of(steps));
    update();
  }

  void update() {
    REQUIRE(tl::gradient_norm(at_once.space) == tl::gradient_norm(deferred.space));
    every->step();
    by_rows->step();
    at_once.space.zero_grad();
    deferred.space.zero_grad();
    ++steps;
  }

  Floats expected() const { return at_once.table.weight.value().to_vector(); }

  // The memory of the table, without what is pending.
  Floats raw() const { return deferred.table.weight.raw().value().to_vector(); }
  bool stale() const { return raw() != expected(); }

  bool same() const { return deferred.values() == at_once.values(); }
};

}  // namespace

TEST_CASE("deferred rows: the bits of updates made at once") {
  TableModel at_once, deferred;
  AdamW<float> every(at_once.space, {.weight_decay = 0.1});
  AdamW<float> by_rows(deferred.space, {.weight_decay = 0.1, .defer_rows = true});
  for (int step = 0; step < 60; ++step) {
    for (auto* model : {&at_once, &deferred}) {
      model->backward(batch_of(step));
      if (step % 5 == 0) model->backward({step % 40});                                   // a second micro-batch
      if (step == 23) model->space.at("table.weight").gradient()[30].fill(0.5F);         // a gradient from elsewhere
      if (step == 31) CHECK(model->table.weight.value()[39].to_vector().size() == 20U);  // the whole table is read
    }
    const double norm = tl::gradient_norm(at_once.space);
    REQUIRE(tl::gradient_norm(deferred.space) == norm);
    const double rate = 1e-2 / (step + 1), scale = tl::clip_coefficient(norm, 1.0);
    every.step(rate, scale);
    by_rows.step(rate, scale);
    at_once.space.zero_grad();
    deferred.space.zero_grad();
    if (step % 20 == 19) {
      const bool same_values = deferred.values() == at_once.values();
      const bool same_moments = by_rows.exp_avg().to_vector() == every.exp_avg().to_vector() &&
                                by_rows.exp_avg_sq().to_vector() == every.exp_avg_sq().to_vector();
      REQUIRE(same_values);
      REQUIRE(same_moments);
    }
  }
}

TEST_CASE("deferred rows: every way to ask a parameter or a space for values makes the updates first") {
  Twins twins;
  const auto& weight = twins.deferred.table.weight;
  const std::vector<std::function<Floats()>> ways{
      [&] { return (*weight).value().to_vector(); },
      [&] { return weight.value().to_vector(); },
      [&] { return weight.rows(0, 40).value().to_vector(); },
      [&] { return (*weight).detach().value().to_vector(); },
      [&] { return twins.deferred.space.at("table.weight").value().to_vector(); },
      [&] { return twins.deferred.space.named()[0].value().to_vector(); },
      [&] {
        const Tensor<float> all = twins.deferred.space.values();
        const std::int64_t offset = twins.deferred.space.tables()[0].offset;
        return all.view(offset, {40, 20}).to_vector();
      },
      [&] {
        std::vector<std::int32_t> ids(40);
        for (int i = 0; i < 40; ++i) ids[static_cast<std::size_t>(i)] = i;
        const tl::NoGradGuard no_grad;  // as an evaluation reads
        return twins.deferred.table(Tensor<std::int32_t>::from(ids, {40})).value().to_vector();
      },
  };
  for (std::size_t way = 0; way < ways.size(); ++way) {
    INFO("way " << way);
    for (int i = 0; i < 3; ++i) twins.step();
    CHECK(twins.stale());  // so there was something to do
    const bool current = ways[way]() == twins.expected();
    CHECK(current);
  }
}

TEST_CASE("deferred rows: nothing is deferred while a tensor or a variable of the table is held") {
  Twins twins;
  const auto& weight = twins.deferred.table.weight;
  const auto held_over_steps = [&](const auto& take, const auto& read) {
    for (int i = 0; i < 3; ++i) twins.step();
    CHECK(twins.stale());
    {
      const auto held = take();
      for (int i = 0; i < 3; ++i) {
        twins.step();
        const bool current = read(held) == twins.expected();
        CHECK(current);
      }
    }
    twins.step();
    CHECK(twins.stale());  // and deferred again afterwards
    CHECK(twins.same());
  };
  const auto all = [](const auto& tensor) { return tensor.to_vector(); };
  held_over_steps([&] { return weight.value(); }, all);
  held_over_steps([&] { return *weight; }, [](const auto& variable) { return variable.value().to_vector(); });
  held_over_steps([&] { return (*weight).detach(); }, [](const auto& v) { return v.value().to_vector(); });
  held_over_steps([&] { return weight.rows(0, 40); }, [](const auto& v) { return v.value().to_vector(); });
  held_over_steps([&] { return weight.value().rows(0, 20); },
                  [&](const auto& half) {
                    Floats both = half.to_vector();
                    const Floats rest = weight.value().rows(20, 40).to_vector();
                    both.insert(both.end(), rest.begin(), rest.end());
                    return both;
                  });
  held_over_steps([&] { return twins.deferred.space.values(); },
                  [&](const auto& values) {
                    return values.view(twins.deferred.space.tables()[0].offset, {40, 20}).to_vector();
                  });
  held_over_steps([&] { return twins.deferred.space; }, [&](const auto&) { return twins.raw(); });
  // A variable that was prepared for some rows is no exception: from the next step on it is current.
  held_over_steps([&] { return weight.prepare_rows(Tensor<std::int32_t>::from({1}, {1})); },
                  [](const auto& v) { return v.value().to_vector(); });
  // References to what value() and operator* return hold it, too.
  for (int i = 0; i < 2; ++i) twins.step();
  const Variable<float>& variable = *weight;
  const Tensor<float>& tensor = variable.value();
  for (int i = 0; i < 2; ++i) twins.step();
  CHECK(tensor.to_vector() == twins.expected());
}

TEST_CASE("deferred rows: values that are written between two steps count, through a tensor that is held or not") {
  Twins twins;
  for (int i = 0; i < 3; ++i) twins.step();
  for (auto* model : {&twins.at_once, &twins.deferred}) model->space.at("table.weight").value()[37].fill(2.0F);
  for (int i = 0; i < 3; ++i) twins.step();
  CHECK(twins.same());
  Tensor<float> one = twins.at_once.table.weight.value(), other = twins.deferred.table.weight.value();
  for (int i = 0; i < 3; ++i) {
    one[33].fill(static_cast<float>(i));
    other[33].fill(static_cast<float>(i));
    twins.step();
  }
  CHECK(twins.same());
  CHECK(one.to_vector() == other.to_vector());
}

TEST_CASE("deferred rows: gradients that are written by hand count, through a tensor that is held or not") {
  Twins twins;
  for (int i = 0; i < 3; ++i) twins.step();
  for (auto* model : {&twins.at_once, &twins.deferred}) model->table.weight.grad()[37].fill(2.0F);
  twins.step();
  CHECK(twins.same());
  const auto write_over_steps = [&](Tensor<float> one, Tensor<float> other, std::int64_t row) {
    for (int i = 0; i < 3; ++i) {
      one[row].fill(static_cast<float>(i));
      other[row].fill(static_cast<float>(i));
      twins.step();
      CHECK(one.to_vector() == Floats(800, 0.0F));  // zero_grad() is seen at once
      CHECK(other.to_vector() == Floats(800, 0.0F));
    }
    CHECK(twins.same());
  };
  write_over_steps(twins.at_once.table.weight.grad(), twins.deferred.table.weight.grad(), 33);
  write_over_steps(twins.at_once.space.at("table.weight").gradient(),
                   twins.deferred.space.at("table.weight").gradient(), 34);
  for (int i = 0; i < 3; ++i) twins.step();
  CHECK(twins.stale());
  const std::int64_t offset = twins.at_once.space.tables()[0].offset;
  write_over_steps(twins.at_once.space.gradients().view(offset, {40, 20}),
                   twins.deferred.space.gradients().view(offset, {40, 20}), 35);
}

TEST_CASE("deferred rows: moments that are held, or written, are current") {
  Twins twins;
  for (int i = 0; i < 3; ++i) twins.step();
  {
    const Tensor<float> m = twins.by_rows->exp_avg(), v = twins.by_rows->exp_avg_sq();
    for (int i = 0; i < 3; ++i) {
      twins.step();
      CHECK(m.to_vector() == twins.every->exp_avg().to_vector());
      CHECK(v.to_vector() == twins.every->exp_avg_sq().to_vector());
    }
  }
  for (int i = 0; i < 3; ++i) twins.step();
  CHECK(twins.stale());
  for (auto* optimizer : {&*twins.every, &*twins.by_rows}) optimizer->exp_avg().view(0, {30}).fill(0.5F);
  for (int i = 0; i < 3; ++i) twins.step();
  CHECK(twins.same());
}

TEST_CASE("deferred rows: a table that is a weight as well, and a graph that outlives a step") {
  Twins twins;
  std::vector<Variable<float>> graphs;
  for (int i = 0; i < 4; ++i) {
    for (auto* model : {&twins.at_once, &twins.deferred}) {
      const auto rows = model->table(Tensor<std::int32_t>::from({1, 2}, {2}));
      const auto scores = tl::ops::linear(rows, *model->table.weight);  // [2, 40], tied
      scores.backward(Tensor<float>::full(scores.shape(), 0.01F));
      graphs.push_back((*model)({5, 6}));  // never used
    }
    twins.update();
    twins.step();
    CHECK(twins.same());
  }
}

TEST_CASE("deferred rows: prepare_rows makes the updates of these rows; the operation names ids that are none") {
  Twins twins;
  for (int i = 0; i < 5; ++i) twins.step();
  const auto& weight = twins.deferred.table.weight;
  const auto row = [](const Floats& all, std::size_t i) {
    return Floats(all.begin() + static_cast<std::ptrdiff_t>(20 * i),
                  all.begin() + static_cast<std::ptrdiff_t>(20 * (i + 1)));
  };
  (void)weight.prepare_rows(Tensor<std::int32_t>::from({39, -1, 40, 30}, {4}));
  CHECK(row(twins.raw(), 39) == row(twins.expected(), 39));
  CHECK(row(twins.raw(), 30) == row(twins.expected(), 30));
  CHECK(row(twins.raw(), 31) != row(twins.expected(), 31));
  TL_REQUIRE_ERROR(twins.deferred.table(Tensor<std::int32_t>::from({40}, {1})),
                   "embedding: expected ids in [0, 40), got 40 at row 0");
}

TEST_CASE("deferred rows: groups of other ids do not decide which rows are updated") {
  const auto ids = Tensor<std::int32_t>::from({39, 30, 39}, {3}), others = Tensor<std::int32_t>::from({1, 2, 1}, {3});
  for (const tl::RowGroups& groups : {tl::RowGroups{}, tl::group_rows(ids), tl::group_rows(others)}) {
    Twins twins;
    for (int i = 0; i < 5; ++i) twins.step();
    const auto& weight = twins.deferred.table.weight;
    (void)weight.prepare_rows(ids, groups);
    const Floats raw = twins.raw(), expected = twins.expected();
    for (std::size_t i = 0; i < raw.size(); ++i)
      if (i / 20 == 39 || i / 20 == 30) CHECK(raw[i] == expected[i]);
    CHECK(raw != expected);
    const auto y = twins.deferred.table(ids, groups);
    y.backward(Tensor<float>::full(y.shape(), 0.25F));
    CHECK(twins.deferred.space.tables()[0].gradient_rows().marked() == std::vector<std::int32_t>{30, 39});
  }
}

TEST_CASE("deferred rows: an optimizer makes its updates before it goes, and one at a time defers") {
  Twins twins;
  for (int i = 0; i < 3; ++i) twins.step();
  TL_REQUIRE_ERROR((AdamW<float>(twins.deferred.space, {.defer_rows = true})),
                   "AdamW: expected one optimizer at a time that defers the updates of rows, another one does so for a "
                   "table of shape [40, 20]");
  CHECK(twins.stale());
  twins.by_rows.reset();
  CHECK_FALSE(twins.stale());
  CHECK(twins.deferred.table.weight.pending() == nullptr);
  AdamW<float> next(twins.deferred.space, {.defer_rows = true});
  CHECK(twins.deferred.table.weight.pending() != nullptr);
}

TEST_CASE("deferred rows: an optimizer beside the one that defers steps from current values") {
  Twins twins;
  AdamW<float> one(twins.at_once.space, {.learning_rate = 0.1}), other(twins.deferred.space, {.learning_rate = 0.1});
  for (int i = 0; i < 3; ++i) {
    twins.step();
    one.step();
    other.step();
    twins.step();
    CHECK(twins.same());
  }
}

TEST_CASE("deferred rows: off unless they are asked for") {
  TableModel model;
  AdamW<float> optimizer(model.space, {.learning_rate = 0.05, .weight_decay = 0.1});
  const Floats before = model.table.weight.value().to_vector();
  model.backward({1});
  optimizer.step();
  CHECK(model.table.weight.pending() == nullptr);
  const Floats raw = model.table.weight.raw().value().to_vector();
  CHECK(raw == model.table.weight.value().to_vector());
  for (std::size_t i = 0; i < raw.size(); ++i) CHECK(raw[i] != before[i]);  // the decay reaches every row
}
