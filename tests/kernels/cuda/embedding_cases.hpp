// Ids and their groups for the tests of embeddings on the GPU.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include <tl/core/row_groups.hpp>
#include <tl/kernels/embedding.hpp>

#include "compare_with_cpu.hpp"

namespace tl::test {

/// N ids in [0, rows) and their groups, in the arrays of a case.
struct IdsCase {
  Slot<std::int32_t> ids, rows, begin, of;
  std::int64_t groups = 0;

  IdsCase(KernelCase& c, std::int64_t n, std::int32_t table_rows, unsigned seed) {
    std::mt19937 generator(seed);
    std::vector<std::int32_t> values(static_cast<std::size_t>(n));
    for (std::int32_t& id : values) id = static_cast<std::int32_t>(generator() % static_cast<unsigned>(table_rows));
    const RowGroups made = group_rows(Tensor<std::int32_t>::from(values, {n}));
    groups = made.count();
    ids = c.fixed_input<std::int32_t>({n}, values);
    rows = c.fixed_input<std::int32_t>({n}, made.rows.to_vector());
    begin = c.fixed_input<std::int32_t>({groups + 1}, made.begin.to_vector());
    of = c.fixed_input<std::int32_t>({groups}, made.ids.to_vector());
  }

  template <class T> kernels::GroupedRows grouped(CaseMemory<T>& at) const {
    return {.rows = at[rows], .begin = at[begin], .ids = at[of], .count = groups};
  }
};

}  // namespace tl::test
