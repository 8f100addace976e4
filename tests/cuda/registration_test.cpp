// Which operations tl::cuda provides. Its registrar is in a static library that no code calls into, so this program
// also shows that the linker keeps it.
#include <tl/kernels/slot.hpp>
#include <tl/ops/add.hpp>
#include <tl/ops/attention.hpp>
#include <tl/ops/bias_activation.hpp>
#include <tl/ops/bias_dropout_residual_layer_norm.hpp>
#include <tl/ops/cross_entropy.hpp>
#include <tl/ops/dropout.hpp>
#include <tl/ops/embedding.hpp>
#include <tl/ops/embedding_layer_norm_dropout.hpp>
#include <tl/ops/gather_rows.hpp>
#include <tl/ops/layer_norm.hpp>
#include <tl/ops/linear.hpp>
#include <tl/ops/matmul.hpp>
#include <tl/ops/multiply.hpp>
#include <tl/ops/segment_mean.hpp>
#include <tl/ops/sum.hpp>
#include <tl/cpu/adamw.hpp>
#include <tl/cpu/squared_norm.hpp>

#include "support/catch.hpp"

namespace {

template <class Params>
void check_missing(const tl::kernels::Slot<Params>& slot) {
  CHECK(slot.cpu != nullptr);
  CHECK(slot.cuda == nullptr);
  const std::string sentence = tl::test::error_of([&] { slot(tl::cuda_device, Params{}); });
  CHECK(sentence == std::string(slot.name) +
                        ": no CUDA kernel in this program; tl::cuda does not provide this operation yet");
}

template <class Params>
void check_provided(const tl::kernels::Slot<Params>& slot) {
  INFO(slot.name);
  CHECK(slot.cpu != nullptr);
  CHECK(slot.cuda != nullptr);
}

}  // namespace

TEST_CASE("cuda: the kernels that tl::cuda provides are registered") {
  namespace k = tl::kernels;
  check_provided(k::layer_norm_forward<float>);
  check_provided(k::layer_norm_backward<float>);
  check_provided(k::layer_norm_forward<double>);
  check_provided(k::layer_norm_backward<double>);
  check_provided(k::adamw<float>);
}

TEST_CASE("cuda: the slot of every other operation says that tl::cuda does not provide it") {
  namespace k = tl::kernels;
  check_missing(k::add<float>);
  check_missing(k::attention_forward<float>);
  check_missing(k::attention_backward<float>);
  check_missing(k::bias_activation_forward<float>);
  check_missing(k::bias_activation_backward<float>);
  check_missing(k::bias_dropout_residual_layer_norm_forward<float>);
  check_missing(k::bias_dropout_residual_layer_norm_backward<float>);
  check_missing(k::cross_entropy_forward<float>);
  check_missing(k::cross_entropy_backward<float>);
  check_missing(k::dropout<float>);
  check_missing(k::embedding_forward<float>);
  check_missing(k::embedding_backward<float>);
  check_missing(k::embedding_layer_norm_dropout_forward<float>);
  check_missing(k::embedding_layer_norm_dropout_backward<float>);
  check_missing(k::gather_rows_forward<float>);
  check_missing(k::gather_rows_backward<float>);
  check_missing(k::linear_forward<float>);
  check_missing(k::linear_backward_input<float>);
  check_missing(k::linear_backward_weight<float>);
  check_missing(k::matmul<float>);
  check_missing(k::multiply<float>);
  check_missing(k::segment_mean_forward<float>);
  check_missing(k::segment_mean_backward<float>);
  check_missing(k::squared_norm<float>);
  check_missing(k::sum_forward<float>);
  check_missing(k::sum_backward<float>);
  check_missing(k::adamw<double>);
}
