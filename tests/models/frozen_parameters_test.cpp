// A model of which parameters are frozen: the gradients of the others keep their bits, whatever the frozen ones are.
#include <map>

#include "models/model_cases.hpp"

using namespace tl::test;

namespace {

/// The gradients of the tiny model's trained parameters with `frozen` ones, by name, with dropout.
std::map<std::string, std::vector<float>> gradients_with(const std::string& frozen, tl::Precision precision) {
  auto model = tiny_model("");
  if (!frozen.empty()) model.parameters().freeze(frozen);
  model.train();
  model.context().precision = precision;
  model.context().step = 3;
  const auto output = model(tl::pack(sequences()), labels());
  output.loss.backward();
  std::map<std::string, std::vector<float>> gradients;
  for (const auto& part : model.parameters().named())
    if (part.parameter.trainable()) gradients[part.name] = part.gradient().to_vector();
  return gradients;
}

void check_same_where_trained(const std::string& frozen, const std::map<std::string, std::vector<float>>& all,
                              tl::Precision precision) {
  INFO("frozen: " << frozen);
  const auto some = gradients_with(frozen, precision);
  CHECK(some.size() < all.size());
  for (const auto& [name, gradient] : some) {
    INFO(name);
    const bool same = gradient == all.at(name);  // not printed
    CHECK(same);
  }
}

}  // namespace

TEST_CASE("each parameter can be frozen alone, and the gradients of all others keep their bits") {
  for (const auto precision : {tl::Precision::f32, tl::Precision::bf16}) {
    const auto all = gradients_with("", precision);
    REQUIRE(all.size() == 56);
    for (const auto& [name, gradient] : all) {
      std::string pattern = name;  // q, k and v are one parameter
      for (const char* part : {"q_lin", "k_lin", "v_lin"})
        if (const auto at = name.find(part); at != name.npos) pattern.replace(at, 1, "[qkv]");
      check_same_where_trained(pattern, all, precision);
    }
  }
}

TEST_CASE("whole layers can be frozen, and all but the head") {
  const auto all = gradients_with("", tl::Precision::f32);
  for (const char* frozen :
       {"distilbert.embeddings", "distilbert.embeddings,distilbert.transformer.layer.[0-1]",
        "distilbert.transformer.layer.1", "distilbert", "pre_classifier,classifier", "*.weight", "*.bias"})
    check_same_where_trained(frozen, all, tl::Precision::f32);
}

TEST_CASE("a part of q, k and v cannot be frozen alone") {
  auto model = tiny_model();
  TL_REQUIRE_ERROR(model.parameters().freeze("distilbert.transformer.layer.0.attention.q_lin"),
                   "freeze: expected distilbert.transformer.layer.0.attention.q_lin.weight and "
                   "distilbert.transformer.layer.0.attention.k_lin.weight to be chosen together");
  TL_REQUIRE_ERROR(model.parameters().freeze("distilbert.encoder"),
                   "distilbert.encoder matches none; there are distilbert.embeddings, distilbert.transformer.layer.0, "
                   "distilbert.transformer.layer.1, ");
}
