// Embedding: a trainable table of vectors, looked up by id.
#pragma once

#include <optional>
#include <string>

#include <tl/nn/module.hpp>
#include <tl/ops/embedding.hpp>

namespace tl::nn {

/// A table of rows by id, [V, D].
template <Real T> struct Embedding {
  Parameter<T> weight;                      // [V, D]
  std::optional<std::int64_t> padding_idx;  // this row starts at zero

  Embedding(std::int64_t num_embeddings, std::int64_t embedding_dim, std::optional<std::int64_t> padding_idx_ = {})
      : weight({num_embeddings, embedding_dim}, Initialization::normal, WeightDecay::on), padding_idx(padding_idx_) {
    weight.set_sparse();
  }

  /// ids [N] -> [N, D]. `groups` are those of the ids, if they are made already, as in a Batch.
  Variable<T> operator()(const Tensor<std::int32_t>& ids, const RowGroups& groups = {}) const {
    return ops::embedding(ids, prepare_rows(ids, groups), groups);
  }

  /// The table for an operation that reads rows `ids` only.
  Variable<T> prepare_rows(const Tensor<std::int32_t>& ids, const RowGroups& groups = {}) const {
    return weight.prepare_rows(ids, groups);
  }

  std::string describe() const {
    const std::string padding = padding_idx ? str_cat(", padding_idx=", *padding_idx) : std::string{};
    return str_cat("Embedding(", weight.shape()[0], ", ", weight.shape()[1], padding, ")");
  }

  template <class Visit> void members(Visit& visit) { visit("weight", weight); }
};

}  // namespace tl::nn
