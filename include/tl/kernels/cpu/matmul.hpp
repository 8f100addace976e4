// CPU kernel of the contract in kernels/matmul.hpp.
#pragma once

#include <tl/kernels/cpu/gemm/gemm.hpp>
#include <tl/kernels/matmul.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::MatMul<T>& p) {
  gemm<T>({.a = p.a,
           .b = p.b,
           .c = p.c,
           .m = p.m,
           .n = p.n,
           .k = p.k,
           .lda = p.transpose_a ? p.m : p.k,
           .ldb = p.transpose_b ? p.k : p.n,
           .ldc = p.n,
           .transpose_a = p.transpose_a,
           .transpose_b = p.transpose_b,
           .accumulate = p.accumulate});
}

}  // namespace tl::cpu
