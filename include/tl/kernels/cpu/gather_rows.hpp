// CPU bodies of gather_rows.
#pragma once

#include <tl/kernels/cpu/row_copies.hpp>
#include <tl/kernels/gather_rows.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::GatherRowsForward<T>& a) {
  copy_rows(a.x.own(), a.rows, a.y.own(), a.m, a.d);
}

template <class T> void run(Cpu, const kernels::GatherRowsBackward<T>& a) {
  add_to_rows(a.dy.own(), a.rows, a.dx.own(), a.m, a.d);
}

}  // namespace tl::cpu
