// Which operations tl::cuda provides. Its registrar is in a static library that no code calls into, so this program
// also shows that the linker keeps it.
#include <tl/kernels/cpu/adamw.hpp>
#include <tl/kernels/cpu/squared_norm.hpp>
#include <tl/kernels/cpu/step_state.hpp>
#include <tl/kernels/run.hpp>
#include <tl/ops/add.hpp>
#include <tl/ops/attention.hpp>
#include <tl/ops/bce_with_logits.hpp>
#include <tl/ops/bias_activation.hpp>
#include <tl/ops/bias_dropout_residual_layer_norm.hpp>
#include <tl/ops/concat.hpp>
#include <tl/ops/cross_entropy.hpp>
#include <tl/ops/divide.hpp>
#include <tl/ops/dropout.hpp>
#include <tl/ops/embedding.hpp>
#include <tl/ops/embedding_layer_norm_dropout.hpp>
#include <tl/ops/gather_rows.hpp>
#include <tl/ops/layer_norm.hpp>
#include <tl/ops/linear.hpp>
#include <tl/ops/matmul.hpp>
#include <tl/ops/mse_loss.hpp>
#include <tl/ops/multiply.hpp>
#include <tl/ops/pointwise.hpp>
#include <tl/ops/row_broadcast.hpp>
#include <tl/ops/segment_max.hpp>
#include <tl/ops/segment_mean.hpp>
#include <tl/ops/softmax.hpp>
#include <tl/ops/sum.hpp>

#include "support/catch.hpp"

namespace {

template <class... Params> void check_provided() {
  const auto check = [](bool provided, const char* name) {
    INFO(name);
    CHECK(provided);
  };
  (check(tl::kernels::cuda_kernel<Params> != nullptr, Params::name), ...);
}

}  // namespace

namespace k = tl::kernels;

template <template <class> class... Contracts> void check_provided_in_both() {
  check_provided<Contracts<float>...>();
  check_provided<Contracts<double>...>();
}

TEST_CASE("cuda: the kernels that tl::cuda provides are registered") {
  check_provided<k::PrepareUpdate>();
  check_provided_in_both<k::AdamW, k::AdamWDeferred, k::Add, k::AddLoss, k::ScaledSeed, k::AttentionBackward,
                         k::AttentionForward, k::BceWithLogitsBackward, k::BceWithLogitsForward,
                         k::BiasActivationBackward, k::BiasActivationForward, k::BiasDropoutResidualLayerNormBackward,
                         k::BiasDropoutResidualLayerNormForward, k::ConcatBackward, k::ConcatForward,
                         k::CrossEntropyBackward, k::CrossEntropyForward, k::DivideBackward, k::DivideForward,
                         k::Dropout, k::EmbeddingBackward, k::EmbeddingForward, k::EmbeddingLayerNormDropoutBackward,
                         k::EmbeddingLayerNormDropoutForward, k::GatherRowsBackward, k::GatherRowsForward,
                         k::LayerNormBackward, k::LayerNormForward, k::LinearBackwardInput, k::LinearBackwardWeight,
                         k::LinearForward, k::MatMul, k::MseLossBackward, k::MseLossForward, k::Multiply,
                         k::PointwiseBackward, k::PointwiseForward, k::RowBroadcastBackward, k::RowBroadcastForward,
                         k::SegmentMaxBackward, k::SegmentMaxForward, k::SegmentMeanBackward, k::SegmentMeanForward,
                         k::SoftmaxBackward, k::SoftmaxForward, k::SquaredNorm, k::SumBackward, k::SumForward>();
}
