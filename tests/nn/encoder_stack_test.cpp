#include <tl/nn/encoder_stack.hpp>

#include <tl/nn/initialize.hpp>

#include "support/catch.hpp"
#include "support/compare.hpp"

using namespace tl;
using namespace tl::test;

namespace {

struct StackNames : nn::EncoderBlockNames {
  static constexpr std::string_view stack_name = "Stack";
};

}  // namespace

TEST_CASE("encoder stack: each block has its own options, and [CLS] alone the rows of the full pass") {
  std::vector<std::uint32_t> asked;
  nn::EncoderStack<float, StackNames> stack(3, [&](std::uint32_t block) {
    asked.push_back(block);
    return nn::EncoderBlockOptions{.width = 8,
                                   .heads = 2,
                                   .hidden = 12,
                                   .attention_dropout = {0.1, 2 * block + 1},
                                   .dropout = {0.1, 2 * block + 2}};
  });
  CHECK(asked == std::vector<std::uint32_t>{0, 1, 2});
  CHECK(stack.layer[2].feed_forward.dropout.site == 6);
  CHECK(nn::to_string(stack).starts_with("Stack(\n  (layer): ModuleList(\n    (0-2): 3 x EncoderBlock("));

  ParameterSpace<float> parameters(nn::named_parameters(stack));
  Mt19937 generator(3);
  nn::initialize(parameters, 0.5, generator);
  Tensor<float> values = Tensor<float>::empty({6, 8});
  for (std::int64_t i = 0; i < values.elements(); ++i) values.data()[i] = static_cast<float>(i % 11) / 7.0F - 0.6F;
  const Variable<float> x(values);
  const Batch batch = pack(std::vector<std::vector<std::int32_t>>{{1, 1, 1}, {1}, {1, 1}});
  for (const bool training : {false, true}) {
    nn::ForwardContext context;
    context.training = training;
    context.step = 5;
    const Variable<float> all = stack(x, batch, context);
    const Tensor<float> firsts = ops::gather_rows(all, batch.cu_seqlens.rows(0, batch.sequences())).value();
    CHECK(same_bits(stack.forward_cls(x, batch, context).value(), firsts));
  }
}
