// A GPU whose kernels are the CPU's bodies, on memory that the host must not touch (locked_memory.hpp): what runs on it
// gives the CPU's bits, and fails with the place where a GPU would fail, or worse, would not. A parameter struct with
// an address of the host is refused with the contract's name.
#pragma once

#include <functional>
#include <vector>

#include <tl/kernels/cpu/adamw.hpp>
#include <tl/kernels/cpu/add.hpp>
#include <tl/kernels/cpu/attention.hpp>
#include <tl/kernels/cpu/bce_with_logits.hpp>
#include <tl/kernels/cpu/bias_activation.hpp>
#include <tl/kernels/cpu/bias_dropout_residual_layer_norm.hpp>
#include <tl/kernels/cpu/concat.hpp>
#include <tl/kernels/cpu/convert.hpp>
#include <tl/kernels/cpu/cross_entropy.hpp>
#include <tl/kernels/cpu/divide.hpp>
#include <tl/kernels/cpu/dropout.hpp>
#include <tl/kernels/cpu/embedding.hpp>
#include <tl/kernels/cpu/embedding_layer_norm_dropout.hpp>
#include <tl/kernels/cpu/gather_rows.hpp>
#include <tl/kernels/cpu/layer_norm.hpp>
#include <tl/kernels/cpu/linear.hpp>
#include <tl/kernels/cpu/matmul.hpp>
#include <tl/kernels/cpu/mse_loss.hpp>
#include <tl/kernels/cpu/multiply.hpp>
#include <tl/kernels/cpu/pointwise.hpp>
#include <tl/kernels/cpu/row_broadcast.hpp>
#include <tl/kernels/cpu/segment_max.hpp>
#include <tl/kernels/cpu/segment_mean.hpp>
#include <tl/kernels/cpu/softmax.hpp>
#include <tl/kernels/cpu/squared_norm.hpp>
#include <tl/kernels/cpu/step_state.hpp>
#include <tl/kernels/cpu/sum.hpp>
#include <tl/kernels/run.hpp>
#include "support/locked_memory.hpp"

namespace tl::test {

/// As long as it lives, cuda:0 is there, with a kernel for every contract in float and double.
class LockedDevice : public LockedMemoryScope {
 public:
  LockedDevice() {
    using namespace kernels;  // NOLINT(google-build-using-namespace): a list of its names
    provide_all<kernels::AdamW, Add, AddLoss, ScaledSeed, AttentionForward, AttentionBackward, BceWithLogitsForward,
                BceWithLogitsBackward, BiasActivationForward, BiasActivationBackward,
                BiasDropoutResidualLayerNormForward, BiasDropoutResidualLayerNormBackward, ConcatForward,
                ConcatBackward, Convert, CrossEntropyForward, CrossEntropyBackward, DivideForward, DivideBackward,
                Dropout, EmbeddingForward, EmbeddingBackward, EmbeddingLayerNormDropoutForward,
                EmbeddingLayerNormDropoutBackward, GatherRowsForward, GatherRowsBackward, LayerNormForward,
                LayerNormBackward, LinearForward, LinearBackwardInput, LinearBackwardWeight, MatMul, MseLossForward,
                MseLossBackward, Multiply, PointwiseForward, PointwiseBackward, RowBroadcastForward,
                RowBroadcastBackward, SegmentMaxForward, SegmentMaxBackward, SegmentMeanForward, SegmentMeanBackward,
                SoftmaxForward, SoftmaxBackward, SquaredNorm, SumForward, SumBackward>();
    provide<PrepareUpdate>();
  }
  ~LockedDevice() {
    for (const auto& restore : former_) restore();
  }

 private:
  template <template <class> class... Contracts> void provide_all() {
    (provide<Contracts<float>>(), ...);
    (provide<Contracts<double>>(), ...);
  }

  template <class Params> void provide() {
    former_.push_back([former = kernels::cuda_kernel<Params>] { kernels::cuda_kernel<Params> = former; });
    kernels::cuda_kernel<Params> = [](const Params& params) {
      run(cpu::Cpu{}, LockedMemory::instance().opened(params));
    };
  }

  std::vector<std::function<void()>> former_;
};

}  // namespace tl::test
