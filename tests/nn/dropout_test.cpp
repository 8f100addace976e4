// Dropout in a training loop written by hand: other masks in every pass and at every place, the same ones for the same
// seed, and those of the caller's step if there is one.
#include <set>
#include <thread>
#include <vector>

#include <tl/nn/dropout.hpp>
#include <tl/nn/encoder_block.hpp>
#include <tl/ops/sum.hpp>

#include "support/catch.hpp"

namespace nn = tl::nn;
using tl::Tensor;
using tl::Variable;
using Mask = std::vector<float>;

namespace {

Variable<float> ones() { return Variable<float>(Tensor<float>::full({8, 64}, 1.0F), true); }

Mask mask(const nn::Dropout& dropout, const nn::ForwardContext& context) {
  return dropout(ones(), context).value().to_vector();
}

struct Pair {
  nn::Dropout first{0.5}, second{0.5};
  template <class Visit> void members(Visit& visit) {
    visit("first", first);
    visit("second", second);
  }
};

struct Stack {
  std::vector<nn::EncoderBlock<float>> layer;
  template <class Visit> void members(Visit& visit) { visit("layer", layer); }
};

struct Tree {
  std::vector<Pair> pairs{2};
  nn::Dropout last{0.5};
  template <class Visit> void members(Visit& visit) {
    visit("pairs", pairs);
    visit("last", last);
  }
  std::vector<std::uint32_t> sites() const {
    return {pairs[0].first.site, pairs[0].second.site, pairs[1].first.site, pairs[1].second.site, last.site};
  }
};

}  // namespace

TEST_CASE("dropout: every pass in training mode draws anew, whoever keeps the context") {
  const nn::Dropout dropout{0.5};
  const nn::ForwardContext kept{.training = true};
  std::set<Mask> masks;
  for (int i = 0; i < 5; ++i) {
    masks.insert(mask(dropout, kept));
    masks.insert(mask(dropout, {.training = true}));
    masks.insert(mask(nn::Dropout{0.5, 1}, kept));
  }
  CHECK(masks.size() == 15);
}

TEST_CASE("dropout: the gradient passes where the value of its own pass did, also after later passes") {
  const nn::Dropout dropout{0.5};
  const nn::ForwardContext context{.training = true};
  const auto x = ones(), other = ones();
  const auto first = dropout(x, context), second = dropout(other, context);
  tl::ops::sum(first).backward();
  tl::ops::sum(second).backward();
  CHECK(x.grad().to_vector() == first.value().to_vector());
  CHECK(other.grad().to_vector() == second.value().to_vector());
}

TEST_CASE("dropout: set_seed starts over, and an evaluation in between draws nothing") {
  const nn::Dropout dropout{0.5, 4};
  nn::ForwardContext context{.training = true};
  const auto run = [&](std::uint64_t seed, bool evaluate) {
    tl::set_seed(seed);
    std::vector<Mask> masks;
    for (int i = 0; i < 3; ++i) {
      masks.push_back(mask(dropout, context));
      if (!evaluate) continue;
      context.training = false;
      CHECK(mask(dropout, context) == Mask(8 * 64, 1.0F));
      context.training = true;
    }
    return masks;
  };
  const auto alone = run(7, false);
  CHECK(run(7, true) == alone);
  CHECK(run(8, false) != alone);
  std::vector<Mask> elsewhere;  // another thread counts for itself
  std::thread([&] { elsewhere = run(7, false); }).join();
  CHECK(elsewhere == alone);
}

TEST_CASE("dropout: the caller's step stays until another one is set") {
  const nn::Dropout dropout{0.5, 4};
  nn::ForwardContext context{.training = true};
  CHECK(context.step.counts_itself());
  context.step = 3;
  const Mask third = mask(dropout, context);
  CHECK(mask(dropout, context) == third);
  ++context.step;
  const Mask fourth = mask(dropout, context);
  CHECK(fourth != third);
  context.step = 2;
  context.step += 1;
  CHECK(mask(dropout, context) == third);
  CHECK(mask(dropout, {.training = true, .step = 4}) == fourth);
  context.step = {};
  CHECK(mask(dropout, context) != mask(dropout, context));
}

TEST_CASE("dropout: two modules have different sites, listed in a model or not") {
  const nn::Dropout a{0.5}, b{0.5};
  CHECK(mask(a, {.training = true, .step = 1}) != mask(b, {.training = true, .step = 1}));
  Tree tree;
  CHECK(nn::named_parameters(tree).empty());
  const auto sites = tree.sites();
  CHECK(std::set<std::uint32_t>(sites.begin(), sites.end()).size() == 5);
  Tree again;  // a model that is made again, for a run that is resumed, has the same masks
  CHECK(nn::named_parameters(again).empty());
  CHECK(again.sites() == sites);
  CHECK(nn::named_parameters(again.pairs[1]).empty());  // a look at a part changes nothing
  CHECK(again.sites() == sites);
  Tree parts_first;
  for (auto& pair : parts_first.pairs) CHECK(nn::named_parameters(pair).empty());
  CHECK(nn::named_parameters(parts_first).empty());
  CHECK(parts_first.sites() == sites);
}

TEST_CASE("dropout: a site of the caller's stays, and blocks made of the same options differ") {
  nn::Dropout mine{0.5, 7};
  Pair pair{mine, {0.5}};
  CHECK(nn::named_parameters(pair).empty());
  CHECK(pair.first.site == 7);
  const nn::EncoderBlockOptions options{
      .width = 8, .heads = 2, .hidden = 8, .attention_dropout = {0.1}, .dropout = {0.1}};
  Stack stack;
  for (int i = 0; i < 2; ++i) stack.layer.emplace_back(options);
  CHECK(nn::named_parameters(stack).size() == 32);
  std::set<std::uint32_t> sites;
  for (const auto& block : stack.layer) sites.insert({block.attention.dropout.site, block.feed_forward.dropout.site});
  CHECK(sites.size() == 4);
}
