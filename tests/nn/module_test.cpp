#include <tl/nn/module.hpp>

#include <tl/nn/dropout.hpp>
#include <tl/nn/embedding.hpp>
#include <tl/nn/encoder_block.hpp>
#include <tl/nn/layer_norm.hpp>
#include <tl/nn/linear.hpp>
#include "support/catch.hpp"

namespace nn = tl::nn;

namespace {

struct Mlp {
  nn::Linear<float> hidden{4, 8}, output{8, 2};
  template <class Visit> void members(Visit& visit) {
    visit("hidden", hidden);
    visit("output", output);
  }
};

struct Net {
  static constexpr std::string_view type_name = "Net";
  nn::Embedding<float> table{10, 4, 3};
  nn::LayerNorm<float> norm{4};
  std::vector<Mlp> towers{Mlp{}, Mlp{}};
  std::vector<Mlp> single{Mlp{}}, none;
  tl::Parameter<float> scale{{1}, tl::Initialization::ones, tl::WeightDecay::off};
  template <class Visit> void members(Visit& visit) {
    visit("table", table);
    visit("norm", norm);
    visit("towers", towers);
    visit("single", single);
    visit("none", none);
    visit("scale", scale);
  }
};

template <tl::Real T, class M> std::vector<std::string> names(M& module) {
  std::vector<std::string> result;
  for (const auto& part : nn::named_parameters<T>(module)) result.push_back(part.name);
  return result;
}

}  // namespace

TEST_CASE("parameters are named by their path, in the order of members()") {
  Net net;
  CHECK(names<float>(net) ==
        std::vector<std::string>{"table.weight", "norm.weight", "norm.bias", "towers.0.hidden.weight",
                                 "towers.0.hidden.bias", "towers.0.output.weight", "towers.0.output.bias",
                                 "towers.1.hidden.weight", "towers.1.hidden.bias", "towers.1.output.weight",
                                 "towers.1.output.bias", "single.0.hidden.weight", "single.0.hidden.bias",
                                 "single.0.output.weight", "single.0.output.bias", "scale"});
}

TEST_CASE("an encoder block has the reference's sixteen names") {
  nn::EncoderBlock<double> block({.width = 8, .heads = 2, .hidden = 12});
  CHECK(names<double>(block) ==
        std::vector<std::string>{
            "attention.query.weight", "attention.query.bias", "attention.key.weight", "attention.key.bias",
            "attention.value.weight", "attention.value.bias", "attention.output.weight", "attention.output.bias",
            "attention_norm.weight", "attention_norm.bias", "feed_forward.up.weight", "feed_forward.up.bias",
            "feed_forward.down.weight", "feed_forward.down.bias", "output_norm.weight", "output_norm.bias"});
  std::vector<std::string> shapes;
  for (const auto& part : nn::named_parameters<double>(block)) shapes.push_back(tl::to_string(part.shape()));
  CHECK(shapes == std::vector<std::string>{"[8, 8]", "[8]", "[8, 8]", "[8]", "[8, 8]", "[8]", "[8, 8]", "[8]", "[8]",
                                           "[8]", "[12, 8]", "[12]", "[8, 12]", "[8]", "[8]", "[8]"});
}

TEST_CASE("the tree prints one line per module and equal modules of a list once") {
  Net net;
  CHECK(nn::to_string(net) ==
        "Net(\n"
        "  (table): Embedding(10, 4, padding_idx=3)\n"
        "  (norm): LayerNorm((4,), eps=1e-05, elementwise_affine=True)\n"
        "  (towers): ModuleList(\n"
        "    (0-1): 2 x Module(\n"
        "      (hidden): Linear(in_features=4, out_features=8, bias=True)\n"
        "      (output): Linear(in_features=8, out_features=2, bias=True)\n"
        "    )\n"
        "  )\n"
        "  (single): ModuleList(\n"
        "    (0): Module(\n"
        "      (hidden): Linear(in_features=4, out_features=8, bias=True)\n"
        "      (output): Linear(in_features=8, out_features=2, bias=True)\n"
        "    )\n"
        "  )\n"
        "  (none): ModuleList(\n"
        "  )\n"
        ")");
  nn::Linear<float> alone{3, 1};
  CHECK(nn::to_string(alone) == "Linear(in_features=3, out_features=1, bias=True)");
}

TEST_CASE("activations print as the reference's classes") {
  using tl::Activation;
  CHECK(nn::ActivationLine{Activation::gelu}.describe() == "GELUActivation()");
  CHECK(nn::ActivationLine{Activation::gelu_tanh}.describe() == "NewGELUActivation()");
  CHECK(nn::ActivationLine{Activation::relu}.describe() == "ReLU()");
  CHECK(nn::ActivationLine{Activation::tanh}.describe() == "Tanh()");
  CHECK(nn::Dropout{0.1, 3}.describe() == "Dropout(p=0.1, inplace=False)");
}

TEST_CASE("a block in memory: q, k, v side by side, decay for matrices only") {
  nn::EncoderBlock<float> block({.width = 8, .heads = 2, .hidden = 12});
  tl::ParameterSpace<float> space(nn::named_parameters<float>(block));
  const auto at = [&](const char* name) { return space.at(name).value().data() - space.values().data(); };
  CHECK(at("attention.query.weight") == 0);
  CHECK(at("attention.key.weight") == 64);
  CHECK(at("attention.value.weight") == 128);
  CHECK(at("attention.output.weight") == 192);
  CHECK(at("feed_forward.up.weight") == 256);
  CHECK(at("feed_forward.down.weight") == 352);
  CHECK(space.decayed_end() == 448);
  CHECK(at("attention.query.bias") == 448);
  CHECK(at("attention.key.bias") == 456);
  CHECK(at("attention.value.bias") == 464);
  CHECK(space.trainable_end() == space.size());
  for (const auto& part : space.named()) {
    const bool decays = at(part.name.c_str()) < space.decayed_end();
    INFO(part.name);
    CHECK(decays == (part.name.find("bias") == std::string::npos && part.name.find("norm") == std::string::npos));
  }
  CHECK(space.count() == 4 * (64 + 8) + 2 * 16 + (96 + 12) + (96 + 8));
}
