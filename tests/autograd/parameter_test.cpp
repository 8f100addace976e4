#include <tl/autograd/parameter_space.hpp>

#include <tl/ops/multiply.hpp>
#include <tl/ops/sum.hpp>
#include "support/catch.hpp"

using tl::Initialization;
using tl::NamedParameter;
using tl::Parameter;
using tl::ParameterSpace;
using tl::Shape;
using tl::WeightDecay;

namespace {

template <class T> NamedParameter<T> whole(std::string name, const Parameter<T>& parameter) {
  return {std::move(name), parameter, 0, parameter.shape()[0]};
}

template <class T> std::int64_t offset(const ParameterSpace<T>& space, std::string_view name) {
  return space.at(name).value().data() - space.values().data();
}

}  // namespace

TEST_CASE("a parameter has no memory before a space gives it some") {
  Parameter<float> weight({2, 3}, Initialization::normal, WeightDecay::on);
  CHECK_FALSE(weight.placed());
  CHECK(weight.shape() == Shape{2, 3});
  TL_REQUIRE_ERROR(*weight, "a parameter of shape [2, 3] has no memory yet; make a tl::ParameterSpace");
  TL_REQUIRE_ERROR(weight.rows(0, 1), "has no memory yet");
  ParameterSpace<float> space({whole("weight", weight)});
  CHECK(weight.placed());
  CHECK(weight.value().to_vector() == std::vector<float>(6, 0.0f));
  CHECK((*weight).requires_grad());
  TL_REQUIRE_ERROR(weight.freeze(), "freeze() must be called before the parameter is part of a tl::ParameterSpace");
}

TEST_CASE("the space is in the order decayed, not decayed, frozen, each on a 64-byte boundary") {
  Parameter<float> bias({3}, Initialization::zeros, WeightDecay::off);
  Parameter<float> weight({3, 5}, Initialization::normal, WeightDecay::on);
  Parameter<float> frozen({2, 2}, Initialization::normal, WeightDecay::on);
  Parameter<float> norm({17}, Initialization::ones, WeightDecay::off);
  Parameter<float> last({16}, Initialization::normal, WeightDecay::on);
  frozen.freeze();
  ParameterSpace<float> space({whole("bias", bias), whole("weight", weight), whole("frozen", frozen),
                               whole("norm", norm), whole("last", last)});
  CHECK(offset(space, "weight") == 0);
  CHECK(offset(space, "last") == 16);
  CHECK(space.decayed_end() == 32);
  CHECK(offset(space, "bias") == 32);
  CHECK(offset(space, "norm") == 48);
  CHECK(space.trainable_end() == 80);
  CHECK(offset(space, "frozen") == 80);
  CHECK(space.size() == 96);
  CHECK(space.count() == 3 + 15 + 4 + 17 + 16);
  CHECK(space.gradients().elements() == 80);
  for (const auto& part : space.named()) CHECK(reinterpret_cast<std::uintptr_t>(part.value().data()) % 64 == 0);
  CHECK(space.named()[0].name == "bias");  // names keep the model's order

  SECTION("frozen parameters have no gradient") {
    CHECK_FALSE((*frozen).requires_grad());
    CHECK_FALSE(space.at("frozen").gradient().defined());
    CHECK_FALSE(space.at("frozen").parameter.trainable());
  }
  SECTION("gradients have the layout of the values") {
    tl::ops::sum(*norm * *norm).backward();
    CHECK(space.at("norm").gradient().data() - space.gradients().data() == 48);
    (void)norm.value();
    Parameter<float> handle = norm;  // a copy names the same parameter
    handle.grad().fill(2.0f);
    CHECK(space.gradients().at({48 + 16}) == 2.0f);
    CHECK(space.gradients().at({48 + 17}) == 0.0f);  // the gap
    space.zero_grad();
    CHECK(norm.grad().to_vector() == std::vector<float>(17, 0.0f));
  }
}

TEST_CASE("double parameters are aligned in their own size") {
  Parameter<double> a({1}, Initialization::zeros, WeightDecay::on), b({9}, Initialization::zeros, WeightDecay::on);
  ParameterSpace<double> space({whole("a", a), whole("b", b)});
  CHECK(offset(space, "b") == 8);
  CHECK(space.size() == 24);
}

TEST_CASE("several names may be parts of one parameter") {
  Parameter<float> fused({6, 2}, Initialization::normal, WeightDecay::on);
  ParameterSpace<float> space({{"q", fused, 0, 2}, {"k", fused, 2, 4}, {"v", fused, 4, 6}});
  CHECK(space.count() == 12);
  CHECK(space.size() == 16);
  CHECK(space.at("k").shape() == Shape{2, 2});
  CHECK(offset(space, "k") == 4);
  CHECK(offset(space, "v") == 8);
  space.at("v").value().fill(3.0f);
  CHECK(fused.value().at({5, 1}) == 3.0f);
  tl::ops::sum(fused.rows(2, 4)).backward();
  CHECK(space.at("k").gradient().to_vector() == std::vector<float>(4, 1.0f));
  CHECK(space.at("q").gradient().to_vector() == std::vector<float>(4, 0.0f));
}

TEST_CASE("names are unique and looked up exactly") {
  Parameter<float> a({1}, Initialization::zeros, WeightDecay::on), b({1}, Initialization::zeros, WeightDecay::on);
  TL_REQUIRE_ERROR(ParameterSpace<float>({whole("same", a), whole("same", b)}), "two parameters are named same");
  ParameterSpace<float> space({whole("a", a)});
  TL_REQUIRE_ERROR(space.at("A"), "no parameter is named A");
}

TEST_CASE("a second space over parameters that have their memory is refused, and changes nothing") {
  Parameter<float> a({2}, Initialization::zeros, WeightDecay::on), b({2}, Initialization::zeros, WeightDecay::on);
  ParameterSpace<float> space({whole("a", a)});
  space.at("a").value().fill(3.0f);
  TL_REQUIRE_ERROR(ParameterSpace<float>({whole("b", b), whole("layer.a", a)}),
                   "a parameter space: the parameter layer.a has its memory in another tl::ParameterSpace already");
  CHECK(a.value().to_vector() == std::vector<float>{3, 3});
  CHECK(!b.placed());
  ParameterSpace<float> other({whole("b", b)});
  CHECK(b.placed());
}

TEST_CASE("a space without decayed or trainable parameters, and an empty one") {
  Parameter<float> bias({3}, Initialization::zeros, WeightDecay::off),
      frozen({3}, Initialization::zeros, WeightDecay::off);
  frozen.freeze();
  ParameterSpace<float> biases({whole("bias", bias)});
  CHECK(biases.decayed_end() == 0);
  CHECK(biases.trainable_end() == 16);
  ParameterSpace<float> nothing({whole("frozen", frozen)});
  CHECK(nothing.trainable_end() == 0);
  CHECK(nothing.size() == 16);
  ParameterSpace<float> empty(std::vector<NamedParameter<float>>{});
  CHECK(empty.size() == 0);
  CHECK_NOTHROW(empty.zero_grad());
}

namespace {

/// A table, two weights stored as one, a bias, and a weight, filled with 1, 2, 3 ...
ParameterSpace<float> filled_space() {
  Parameter<float> table({5, 4}, Initialization::normal, WeightDecay::on);
  table.set_sparse();
  const Parameter<float> qk({6, 4}, Initialization::normal, WeightDecay::on),
      bias({4}, Initialization::zeros, WeightDecay::off), weight({3, 4}, Initialization::normal, WeightDecay::on);
  ParameterSpace<float> space({{"table", table, 0, 5},
                               {"layer.0.q", qk, 0, 3},
                               {"layer.0.k", qk, 3, 6},
                               {"layer.0.bias", bias, 0, 4},
                               {"head.weight", weight, 0, 3}});
  float next = 0.0F;
  for (const auto& part : space.named())
    for (float& value : part.value().span()) value = ++next;
  return space;
}

std::vector<float> all_values(const ParameterSpace<float>& space) {
  std::vector<float> values;
  for (const auto& part : space.named()) {
    const auto its = part.value().to_vector();
    values.insert(values.end(), its.begin(), its.end());
  }
  return values;
}

}  // namespace

TEST_CASE("parameters of a space are frozen by pattern: they keep their values and lose their gradients") {
  auto space = filled_space();
  const auto before = all_values(space);
  const auto count = space.count();
  space.freeze("table,layer.[0-3]");
  CHECK(all_values(space) == before);
  CHECK(space.count() == count);
  CHECK(space.trained_count() == 12);
  CHECK(space.trainable_end() == 16);
  CHECK(space.dense_end() == 16);
  CHECK(space.tables().empty());
  CHECK(space.gradients().elements() == 16);
  CHECK_FALSE(space.at("table").parameter.raw().requires_grad());
  CHECK_FALSE(space.at("layer.0.k").gradient().defined());
  CHECK(space.at("head.weight").gradient().defined());
  space.unfreeze("table");
  CHECK(all_values(space) == before);
  CHECK(space.tables().size() == 1);
  CHECK(space.trained_count() == 32);
  CHECK(space.at("table").gradient().to_vector() == std::vector<float>(20, 0.0F));
}

TEST_CASE("what cannot be frozen is said, and changes nothing") {
  auto space = filled_space();
  TL_REQUIRE_ERROR(space.freeze("tabel"),
                   "freeze: expected patterns that match parameters of the model, tabel matches none; there are table, "
                   "layer.0, head");
  TL_REQUIRE_ERROR(space.freeze("*"),
                   "freeze: expected some parameters to be trained, the patterns freeze all 5: table, layer.0, head");
  TL_REQUIRE_ERROR(space.freeze("layer.0.k"),
                   "freeze: expected layer.0.k and layer.0.q to be chosen together because they are stored as one "
                   "parameter, got layer.0.k alone");
  CHECK(space.layout() == 1);
  CHECK(space.trained_count() == space.count());
  space.freeze("head");
  TL_REQUIRE_ERROR(space.freeze("table,layer"), "the patterns freeze all 5");
}

TEST_CASE("gradients of weights are written after zero_grad, not added to zeros, unless another handle holds them") {
  Parameter<float> weight({6, 2}, Initialization::normal, WeightDecay::on);
  Parameter<float> bias({3}, Initialization::zeros, WeightDecay::off);
  ParameterSpace<float> space({whole("weight", weight), whole("bias", bias)});
  const auto adds = [](const tl::Variable<float>& variable) {
    auto target = variable.gradient().write_or_add();
    if (!target.add) target.grad.fill(1.0F);  // what the caller promises to do
    return target.add;
  };
  space.zero_grad();
  CHECK_FALSE(adds(weight.rows(0, 2)));  // q, then k and v, as in an encoder's last block
  CHECK_FALSE(adds(weight.rows(2, 6)));
  CHECK(adds(weight.rows(2, 6)));  // the second micro-batch
  CHECK(adds(*weight));
  CHECK(adds(*bias));  // small ones are filled
  space.zero_grad();
  CHECK_FALSE(adds(*weight));
  {
    const auto held = weight.grad();
    space.zero_grad();
    CHECK(held.to_vector() == std::vector<float>(12, 0.0F));
    CHECK(adds(*weight));
  }
  space.zero_grad();
  CHECK_FALSE(adds(*weight));
  const auto all = space.gradients();
  space.zero_grad();
  CHECK(all.to_vector() == std::vector<float>(32, 0.0F));
  CHECK(adds(*weight));
}

TEST_CASE("zero_grad fills small gradients as one range, and the others when they are read") {
  Parameter<float> weight({2, 3}, Initialization::normal, WeightDecay::on);
  Parameter<float> bias({3}, Initialization::zeros, WeightDecay::off),
      norm({5}, Initialization::ones, WeightDecay::off);
  ParameterSpace<float> space({whole("weight", weight), whole("bias", bias), whole("norm", norm)});
  const float* addresses[] = {weight.grad().data(), bias.grad().data(), norm.grad().data()};
  for (int round = 0; round < 2; ++round) {
    for (const auto* parameter : {&weight, &bias, &norm})
      (**parameter).gradient().add(tl::Tensor<float>::full(parameter->shape(), 3));
    for (const auto* parameter : {&weight, &bias, &norm})
      CHECK(parameter->grad().to_vector() ==
            std::vector<float>(static_cast<std::size_t>(parameter->shape().elements()), 3));
    space.zero_grad();
    CHECK(*addresses[0] == 3);  // the next product writes instead of adding
    CHECK(*addresses[1] == 0);
    CHECK(*addresses[2] == 0);
    CHECK((*bias).gradient().write_or_add().add);
    CHECK_FALSE((*weight).gradient().write_or_add().add);
    weight.grad().fill(0);
  }
}
