// embedding_layer_norm_dropout: the embedding block of BERT-like encoders in one operation.
#pragma once

#include <tl/autograd/variable.hpp>
#include <tl/core/packed.hpp>
#include <tl/kernels/cpu/embedding_layer_norm_dropout.hpp>
#include <tl/kernels/embedding_layer_norm_dropout.hpp>
#include <tl/ops/embedding.hpp>
#include <tl/ops/operand.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

/// y = dropout(layer_norm(word[input_ids] + position[positions])) for N packed tokens: y [N, D].
/// word [V, D], position [P, D], gamma [D], beta [D]. The mask's coordinates are those of `batch`.
/// Throws Error(invalid_argument) if an id or a position is outside its table.
template <Real T>
Variable<T> embedding_layer_norm_dropout(const PackedSequences& batch, const Variable<T>& word,
                                         const Variable<T>& position, const Variable<T>& gamma, const Variable<T>& beta,
                                         double eps, kernels::DropoutMask dropout = {}) {
  check_same_device("embedding_layer_norm_dropout", {{"input_ids", batch.input_ids},
                                                     {"positions", batch.positions},
                                                     {"sequence_ids", batch.sequence_ids},
                                                     {"word", word},
                                                     {"position", position},
                                                     {"gamma", gamma},
                                                     {"beta", beta}});
  check(word.shape().rank() == 2 && position.shape().rank() == 2, ErrorCode::shape,
        "embedding_layer_norm_dropout: expected word [V, D] and position [P, D], got ", word.value(), " and ",
        position.value());
  check(batch.input_ids.rank() == 1 && batch.positions.shape() == batch.input_ids.shape() &&
            batch.sequence_ids.shape() == batch.input_ids.shape(),
        ErrorCode::shape, "embedding_layer_norm_dropout: expected input_ids, positions and sequence_ids [N], got ",
        batch.input_ids, ", ", batch.positions, " and ", batch.sequence_ids);
  check(dropout.p >= 0.0 && dropout.p <= 1.0, ErrorCode::invalid_argument,
        "embedding_layer_norm_dropout: expected a dropout p in [0, 1], got ", dropout.p);
  const std::int64_t n = batch.tokens(), d = word.size(1), v = word.size(0), p = position.size(0);
  check(position.size(1) == d && gamma.shape() == Shape{d} && beta.shape() == Shape{d}, ErrorCode::shape,
        "embedding_layer_norm_dropout: expected word [V, D], position [P, D], gamma [D] and beta [D], got ",
        word.value(), ", ", position.value(), ", ", gamma.value(), " and ", beta.value());
  check(batch.max_length <= p, ErrorCode::invalid_argument, "a text of ", batch.max_length,
        " tokens is longer than the ", p, " positions of this model; truncate it (max_length = ", p, ")");
  check_ids("embedding_layer_norm_dropout: input_ids", batch.input_ids, v);
  check_ids("embedding_layer_norm_dropout: positions", batch.positions, p);
  dropout.sequence = batch.sequence_ids.data();
  dropout.position = batch.positions.data();
  Tensor<T> y = Tensor<T>::empty({n, d}, word.device());       // [N, D]
  Tensor<T> xhat = for_backward<T>(y.shape(), word.device());  // [N, D]
  Tensor<T> rstd = for_backward<T>({n}, word.device());        // [N]
  kernels::run(word.device(),
               kernels::EmbeddingLayerNormDropoutForward<T>{.ids = batch.input_ids.data(),
                                                            .positions = batch.positions.data(),
                                                            .word = word.value().data(),
                                                            .position = position.value().data(),
                                                            .gamma = gamma.value().data(),
                                                            .beta = beta.value().data(),
                                                            .y = y.data(),
                                                            .xhat = xhat.data_or_null(),
                                                            .rstd = rstd.data_or_null(),
                                                            .n = n,
                                                            .d = d,
                                                            .eps = eps,
                                                            .dropout = dropout});
  const SavedValue<std::int32_t> ids(batch.input_ids), positions(batch.positions), sequences(batch.sequence_ids);
  return Variable<T>::record(
      y, {word, position, gamma, beta},
      [=, gammav = SavedValue(gamma.value()), gword = word.gradient(), gposition = position.gradient(),
       ggamma = gamma.gradient(), gbeta = beta.gradient()](const Tensor<T>& dy) {
        (void)sequences.data();  // the mask reads it
        kernels::run(dy.device(), kernels::EmbeddingLayerNormDropoutBackward<T>{
                                      .ids = ids.data(),
                                      .positions = positions.data(),
                                      .dy = dy.data(),
                                      .xhat = xhat.data(),
                                      .rstd = rstd.data(),
                                      .gamma = gammav.data(),
                                      .dword = gword.accumulator_data(ids.value()),
                                      .dposition = gposition.accumulator_data(positions.value()),
                                      .dgamma = ggamma.accumulator_data(),
                                      .dbeta = gbeta.accumulator_data(),
                                      .n = n,
                                      .d = d,
                                      .v = v,
                                      .p = p,
                                      .dropout = dropout});
      });
}

}  // namespace tl::ops
