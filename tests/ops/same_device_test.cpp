// Operations on tensors of different devices, which only a check can tell from a wrong result.
#include <tl/ops/same_device.hpp>

#include <functional>
#include <string>
#include <vector>

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
#include <tl/ops/row_broadcast.hpp>
#include <tl/ops/segment_mean.hpp>

#include "support/catch.hpp"
#include "support/locked_device.hpp"

namespace ops = tl::ops;
using tl::Shape;
using tl::Tensor;

namespace {

tl::Variable<float> here(const Shape& shape) { return tl::Variable<float>(Tensor<float>::zeros(shape), true); }
tl::Variable<float> there(const Shape& shape) {
  return tl::Variable<float>(Tensor<float>::zeros(shape, tl::cuda_device), true);
}
template <class T> Tensor<T> zeros(const Shape& shape, tl::Device device) { return Tensor<T>::zeros(shape, device); }

}  // namespace

TEST_CASE("every operation refuses tensors of different devices in one sentence") {
  const tl::test::LockedDevice device;
  const auto ids = zeros<std::int32_t>({2}, tl::cpu_device), ids_there = zeros<std::int32_t>({2}, tl::cuda_device);
  const auto cu = Tensor<std::int32_t>::from({0, 2}, {2}), cu_there = cu.to(tl::cuda_device);
  const auto labels_there = zeros<std::int64_t>({2}, tl::cuda_device);
  const tl::Batch batch = tl::pack(std::vector<std::vector<std::int32_t>>{{1, 2}});
  tl::Batch mixed = batch;
  mixed.sequence_ids = batch.sequence_ids.to(tl::cuda_device);
  const struct {
    std::string sentence;
    std::function<void()> run;
  } cases[] = {
      {"add: a cpu b cuda:0", [] { (void)ops::add(here({2}), there({2})); }},
      {"multiply: a cuda:0 b cpu", [] { (void)ops::multiply(there({2}), here({2})); }},
      {"matmul: a cpu b cuda:0",
       [] {
         (void)ops::matmul(here({2, 2}), there({2, 2}));
       }},
      {"linear: x cpu weight cuda:0",
       [] {
         (void)ops::linear(here({2, 3}), there({4, 3}));
       }},
      {"linear: x cpu bias cuda:0",
       [] {
         (void)ops::linear(here({2, 3}), here({4, 3}), there({4}));
       }},
      {"bias_activation: x cpu bias cuda:0",
       [] {
         (void)ops::bias_activation(here({2, 4}), there({4}), tl::Activation::gelu);
       }},
      {"layer_norm: x cpu beta cuda:0",
       [] {
         (void)ops::layer_norm(here({2, 4}), here({4}), there({4}));
       }},
      {"bias_dropout_residual_layer_norm: x cpu residual cuda:0",
       [] {
         (void)ops::bias_dropout_residual_layer_norm(here({2, 4}), here({4}), there({2, 4}), here({4}), here({4}),
                                                     1e-5);
       }},
      {"bias_dropout_residual_layer_norm: x cuda:0 rows cpu",
       [&] {
         (void)ops::bias_dropout_residual_layer_norm(there({2, 4}), there({4}), there({2, 4}), there({4}), there({4}),
                                                     1e-5, {}, tl::Precision::f32, &batch);
       }},
      {"concat: a cpu b cuda:0",
       [] {
         (void)ops::concat(here({2, 3}), there({2, 3}));
       }},
      {"divide: a cuda:0 b cpu", [] { (void)ops::divide(there({2}), here({2})); }},
      {"add_row: x cpu row cuda:0",
       [] {
         (void)ops::add_row(here({2, 3}), there({3}));
       }},
      {"multiply_row: x cuda:0 row cpu",
       [] {
         (void)ops::multiply_row(there({2, 3}), here({3}));
       }},
      {"mse_loss: x cpu target cuda:0", [] { (void)ops::mse_loss(here({2}), there({2})); }},
      {"bce_with_logits: logits cpu target cuda:0", [] { (void)ops::bce_with_logits(here({2}), there({2}).value()); }},
      {"dropout: x cuda:0 sequence_ids cpu",
       [&] {
         (void)ops::dropout(there({2, 4}), {.p = 0.5}, tl::Precision::f32, &batch);
       }},
      {"cross_entropy: logits cpu labels cuda:0",
       [&] {
         (void)ops::cross_entropy(here({2, 3}), labels_there);
       }},
      {"embedding: ids cpu table cuda:0",
       [&] {
         (void)ops::embedding(ids, there({5, 3}));
       }},
      {"gather_rows: x cpu rows cuda:0",
       [&] {
         (void)ops::gather_rows(here({5, 3}), ids_there);
       }},
      {"segment_mean: x cpu cu_seqlens cuda:0",
       [&] {
         (void)ops::segment_mean(here({2, 3}), cu_there);
       }},
      {"attention: qkv cpu cu_q cuda:0",
       [&] {
         (void)ops::self_attention(here({2, 12}), cu_there, {.heads = 2});
       }},
      {"attention: q cpu kv cuda:0",
       [&] {
         (void)ops::attention(here({2, 4}), there({2, 8}), cu, cu, {.heads = 2});
       }},
      {"embedding_layer_norm_dropout: gamma cpu table cuda:0",
       [&] {
         (void)ops::embedding_layer_norm_dropout(batch, there({5, 4}), here({3, 4}), here({4}), here({4}), 1e-5);
       }},
      {"embedding_layer_norm_dropout: input_ids cpu sequence_ids cuda:0",
       [&] {
         (void)ops::embedding_layer_norm_dropout(mixed, here({5, 4}), here({3, 4}), here({4}), here({4}), 1e-5);
       }},
  };
  for (const auto& [sentence, run] : cases) {
    const std::size_t colon = sentence.find(':');
    std::vector<std::string> words(4);
    std::istringstream(sentence.substr(colon + 1)) >> words[0] >> words[1] >> words[2] >> words[3];
    CHECK(tl::test::error_of(run) == sentence.substr(0, colon) + ": expected all tensors on one device, got " +
                                         words[0] + " on " + words[1] + " and " + words[2] + " on " + words[3] +
                                         "; move one of them with to(Device)");
  }
}

TEST_CASE("a gradient on another device than its value is refused") {
  const tl::test::LockedDevice device;
  const tl::Variable<float> x = there({2});
  TL_REQUIRE_ERROR(ops::add(x, x).backward(Tensor<float>::zeros({2})),
                   "backward: expected a gradient on cuda:0, got f32[2]@cpu; move it with to(Device)");
  TL_REQUIRE_ERROR(tl::Variable<float>(x.value(), Tensor<float>::zeros({2})),
                   "a gradient on cpu for f32[2]@cuda:0; expected both on one device");
}

TEST_CASE("inputs that are undefined are on no device") {
  CHECK_NOTHROW(
      ops::check_same_device("op", {{"x", here({2})}, {"bias", tl::Variable<float>{}}, {"rows", Tensor<float>{}}}));
  CHECK_NOTHROW(ops::check_same_device("op", {}));
}
