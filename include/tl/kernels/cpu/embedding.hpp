// CPU bodies of embedding. The backward pass touches only the rows of the table that have a group.
#pragma once

#include <tl/kernels/cpu/row_copies.hpp>
#include <tl/kernels/embedding.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::EmbeddingForward<T>& a) { copy_rows(a.table, a.ids, a.y, a.n, a.d); }

template <class T> void run(Cpu, const kernels::EmbeddingBackward<T>& a) { add_groups(a.dy, a.groups, a.dtable, a.d); }

}  // namespace tl::cpu
