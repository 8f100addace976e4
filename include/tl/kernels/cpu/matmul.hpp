// CPU kernel of the contract in kernels/matmul.hpp.
#pragma once

#include <tl/kernels/cpu/gemm/gemm.hpp>
#include <tl/kernels/matmul.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::MatMul<T>& p) {
  gemm(p.transpose_a, p.transpose_b, p.m, p.n, p.k, p.a, p.transpose_a ? p.m : p.k, p.b, p.transpose_b ? p.k : p.n, p.c,
       p.n, p.accumulate);
}

}  // namespace tl::cpu
