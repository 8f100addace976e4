// embedding_layer_norm_dropout: the embedding block of BERT-like encoders in one operation.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include <tl/autograd/variable.hpp>
#include <tl/core/batch.hpp>
#include <tl/kernels/cpu/embedding_layer_norm_dropout.hpp>
#include <tl/kernels/embedding_layer_norm_dropout.hpp>
#include <tl/ops/embedding.hpp>
#include <tl/ops/operand.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

/// A table of embeddings and the row of it that each token takes.
template <Real T> struct EmbeddingInput {
  std::string_view name;      ///< of the rows, in errors
  Variable<T> table;          ///< [V, D]
  Tensor<std::int32_t> rows;  ///< [N]
  RowGroups groups{};         ///< of the rows, if they are made already
};

namespace detail {

template <Real T>
void check_embedding_inputs(std::span<const EmbeddingInput<T>> inputs, const Batch& batch, const Variable<T>& gamma,
                            const Variable<T>& beta, const kernels::DropoutMask& dropout) {
  check_same_device("embedding_layer_norm_dropout", {{"input_ids", batch.input_ids},
                                                     {"positions", batch.positions},
                                                     {"sequence_ids", batch.sequence_ids},
                                                     {"gamma", gamma},
                                                     {"beta", beta}});
  for (const auto& [name, table, rows, groups] : inputs)
    check_same_device("embedding_layer_norm_dropout", {{"gamma", gamma}, {name, rows}, {"table", table}});
  check(!inputs.empty() && inputs.size() <= kernels::max_embedding_tables, ErrorCode::invalid_argument,
        "embedding_layer_norm_dropout: expected one to ", kernels::max_embedding_tables, " tables, got ",
        inputs.size());
  check(batch.input_ids.rank() == 1 && batch.positions.shape() == batch.input_ids.shape() &&
            batch.sequence_ids.shape() == batch.input_ids.shape(),
        ErrorCode::shape, "embedding_layer_norm_dropout: expected input_ids, positions and sequence_ids [N], got ",
        batch.input_ids, ", ", batch.positions, " and ", batch.sequence_ids);
  check(dropout.p >= 0.0 && dropout.p <= 1.0, ErrorCode::invalid_argument,
        "embedding_layer_norm_dropout: expected a dropout p in [0, 1], got ", dropout.p);
  for (const auto& [name, table, rows, groups] : inputs) {
    check(table.shape().rank() == 2 && gamma.shape() == Shape{table.size(1)} && beta.shape() == gamma.shape(),
          ErrorCode::shape, "embedding_layer_norm_dropout: expected a table [V, D] for ", name,
          ", gamma [D] and beta [D], got ", table.value(), ", ", gamma.value(), " and ", beta.value());
    check(rows.shape() == batch.input_ids.shape(), ErrorCode::shape, "embedding_layer_norm_dropout: expected ", name,
          " [N] like input_ids, got ", rows, " and ", batch.input_ids);
    check(name != "positions" || batch.max_length <= table.size(0), ErrorCode::invalid_argument, "a text of ",
          batch.max_length, " tokens is longer than the ", table.size(0),
          " positions of this model; truncate it (max_length = ", table.size(0), ")");
    check_ids(str_cat("embedding_layer_norm_dropout: ", name), rows, table.size(0));
  }
}

}  // namespace detail

/// y = dropout(layer_norm(sum of table[rows] over `inputs`)) for N packed tokens: y [N, D], summed in their order.
/// gamma [D], beta [D]. The mask's coordinates are those of `batch`; products in `precision` will read y, which is not
/// rounded itself. Throws Error(shape) on a mismatch,
/// Error(invalid_argument) if a row is outside its table.
template <Real T>
Variable<T> embedding_layer_norm_dropout(const Batch& batch, std::span<const EmbeddingInput<T>> inputs,
                                         const Variable<T>& gamma, const Variable<T>& beta, double eps,
                                         kernels::DropoutMask dropout = {}, Precision precision = Precision::f32) {
  detail::check_embedding_inputs(inputs, batch, gamma, beta, dropout);
  const std::int64_t n = batch.tokens(), d = gamma.size(0);
  const Device device = gamma.device();
  dropout.sequence = batch.sequence_ids.data();
  dropout.position = batch.positions.data();
  Tensor<T> y = Tensor<T>::empty({n, d}, device);       // [N, D]
  Tensor<T> y_rounded = rounded_result(y, precision);   // [N, D]
  Tensor<T> xhat = for_backward<T>(y.shape(), device);  // [N, D]
  Tensor<T> rstd = for_backward<T>({n}, device);        // [N]
  kernels::EmbeddingLayerNormDropoutForward<T> forward{.tables = {},
                                                       .table_count = static_cast<int>(inputs.size()),
                                                       .gamma = gamma.value().data(),
                                                       .beta = beta.value().data(),
                                                       .y = y.data(),
                                                       .xhat = xhat.data_or_null(),
                                                       .rstd = rstd.data_or_null(),
                                                       .n = n,
                                                       .d = d,
                                                       .eps = eps,
                                                       .dropout = dropout,
                                                       .y_rounded = y_rounded.stored()};
  struct Table {
    SavedValue<std::int32_t> rows;
    RowGroups groups;
    Gradient<T> gradient;
    std::int64_t v;
  };
  std::array<Table, kernels::max_embedding_tables> tables;
  std::array<Variable<T>, kernels::max_embedding_tables> variables;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    forward.tables[k] = {
        .rows = inputs[k].rows.data(), .values = inputs[k].table.value().data(), .v = inputs[k].table.size(0)};
    tables[k] = {SavedValue<std::int32_t>(inputs[k].rows), inputs[k].groups, inputs[k].table.gradient(),
                 inputs[k].table.size(0)};
    variables[k] = inputs[k].table;
  }
  kernels::run(device, forward);
  Variable<T> result = Variable<T>::record(
      y, {variables[0], variables[1], variables[2], gamma, beta},
      [=, count = inputs.size(), sequences = SavedValue<std::int32_t>(batch.sequence_ids),
       positions = SavedValue<std::int32_t>(batch.positions), gammav = SavedValue(gamma.value()),
       ggamma = gamma.gradient(), gbeta = beta.gradient()](const Tensor<T>& dy) {
        (void)sequences.data(), (void)positions.data();  // the mask reads them
        kernels::EmbeddingLayerNormDropoutBackward<T> backward{.tables = {},
                                                               .table_count = static_cast<int>(count),
                                                               .dy = dy.data(),
                                                               .xhat = xhat.data(),
                                                               .rstd = rstd.data(),
                                                               .gamma = gammav.data(),
                                                               .dgamma = ggamma.accumulator_data(),
                                                               .dbeta = gbeta.accumulator_data(),
                                                               .n = n,
                                                               .d = d,
                                                               .dropout = dropout};
        std::array<RowGroups, kernels::max_embedding_tables> groups;
        for (std::size_t k = 0; k < count; ++k) {
          const auto& [rows, made, gradient, v] = tables[k];
          if (!gradient) continue;
          groups[k] = groups_of(rows.value(), made);
          backward.tables[k] = {
              .groups = detail::grouped(groups[k]), .gradient = gradient.accumulator_data(groups[k]), .v = v};
        }
        kernels::run(dy.device(), backward);
      });
  if (y_rounded.defined()) result.keep_rounded(y_rounded);
  return result;
}

/// The same for two tables: y = dropout(layer_norm(word[input_ids] + position[positions])).
template <Real T>
Variable<T> embedding_layer_norm_dropout(const Batch& batch, const Variable<T>& word, const Variable<T>& position,
                                         const Variable<T>& gamma, const Variable<T>& beta, double eps,
                                         const kernels::DropoutMask& dropout = {},
                                         Precision precision = Precision::f32) {
  const std::array<EmbeddingInput<T>, 2> inputs{{{"input_ids", word, batch.input_ids, batch.id_groups},
                                                 {"positions", position, batch.positions, batch.position_groups}}};
  return embedding_layer_norm_dropout(batch, std::span<const EmbeddingInput<T>>(inputs), gamma, beta, eps, dropout,
                                      precision);
}

}  // namespace tl::ops
