// EncoderStack: encoder blocks one after the other, as BERT and its relatives have them.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/nn/encoder_block.hpp>

namespace tl::nn {

/// Blocks with the names of a family; `Names` has, beside what EncoderBlock reads, `stack_name`, the stack's type in
/// the printed tree.
template <Real T, class Names> struct EncoderStack {
  static constexpr std::string_view type_name = Names::stack_name;

  std::vector<EncoderBlock<T, Names>> layer;

  /// Block i of `layers` has the options that `options_of(i)` gives.
  template <class OptionsOf> EncoderStack(std::int64_t layers, const OptionsOf& options_of) {
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(layers); ++i) layer.emplace_back(options_of(i));
  }

  /// Hidden states of all tokens after the last block: x [N, D] -> [N, D].
  Variable<T> operator()(Variable<T> x, const Batch& batch, const ForwardContext& context) const {
    for (const auto& block : layer) x = block(x, batch, context);
    return x;
  }

  /// Hidden states of the first token, [CLS], of each sequence after the last block, which is computed for these rows
  /// only: x [N, D] -> [B, D].
  Variable<T> forward_cls(Variable<T> x, const Batch& batch, const ForwardContext& context) const {
    for (std::size_t i = 0; i + 1 < layer.size(); ++i) x = layer[i](x, batch, context);
    return layer.back().forward_cls(x, batch, context);
  }

  template <class Visit> void members(Visit& visit) { visit("layer", layer); }
};

}  // namespace tl::nn
