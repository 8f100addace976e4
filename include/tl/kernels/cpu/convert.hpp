// CPU body of convert, for a device that stands for a GPU: on the CPU itself all tensors are in their own format.
#pragma once

#include <tl/core/parallel.hpp>
#include <tl/kernels/convert.hpp>
#include <tl/kernels/cpu/vector_loops.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::Convert<T>& p) {
  parallel_for(p.n, flat_grain, [p](std::int64_t begin, std::int64_t end) {
    convert_elements<T>(p.x + begin, p.y + begin, end - begin);
  });
}

}  // namespace tl::cpu
