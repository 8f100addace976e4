// embedding: rows of a table by id.
#pragma once

#include <tl/autograd/saved_value.hpp>
#include <tl/kernels/cpu/embedding.hpp>
#include <tl/kernels/embedding.hpp>
#include <tl/ops/same_device.hpp>

namespace tl::ops {

/// Throws Error(invalid_argument) naming the first id outside [0, limit). Ids on another device are not looked at.
inline void check_ids(std::string_view what, const Tensor<std::int32_t>& ids, std::int64_t limit) {
  if (ids.device().type != DeviceType::cpu) return;
  for (std::int64_t i = 0; i < ids.elements(); ++i)
    check(ids.data()[i] >= 0 && ids.data()[i] < limit, ErrorCode::invalid_argument, what, ": expected ids in [0, ",
          limit, "), got ", ids.data()[i], " at row ", i);
}

namespace detail {

inline kernels::GroupedRows grouped(const RowGroups& groups) {
  return {.rows = groups.rows.data(), .begin = groups.begin.data(), .ids = groups.ids.data(), .count = groups.count()};
}

}  // namespace detail

/// y[i] = table[ids[i]] for ids [N] and table [V, D]: y [N, D]. `groups` are those of the ids, if they are made
/// already. Throws Error(invalid_argument) if an id is outside [0, V).
template <Real T>
Variable<T> embedding(const Tensor<std::int32_t>& ids, const Variable<T>& table, const RowGroups& groups = {}) {
  check_same_device("embedding", {{"ids", ids}, {"table", table}});
  check(table.shape().rank() == 2 && ids.rank() == 1, ErrorCode::shape,
        "embedding: expected ids [N] and table [V, D], got ", ids, " and ", table.value());
  check_ids("embedding", ids, table.size(0));
  const std::int64_t n = ids.size(0), d = table.size(1), v = table.size(0);
  Tensor<T> y = Tensor<T>::empty({n, d}, table.device());  // [N, D]
  kernels::run(table.device(),
               kernels::EmbeddingForward<T>{
                   .ids = ids.data(), .table = table.value().data(), .y = y.data(), .n = n, .d = d, .v = v});
  return Variable<T>::record(y, {table}, [=, rows = SavedValue(ids), gtable = table.gradient()](const Tensor<T>& dy) {
    const RowGroups current = groups_of(rows.value(), groups);
    kernels::run(dy.device(), kernels::EmbeddingBackward<T>{.groups = detail::grouped(current),
                                                            .dy = dy.data(),
                                                            .dtable = gtable.accumulator_data(current),
                                                            .n = n,
                                                            .d = d,
                                                            .v = v});
  });
}

}  // namespace tl::ops
