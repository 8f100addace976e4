// CPU bodies of concat.
#pragma once

#include <algorithm>

#include <tl/kernels/concat.hpp>
#include <tl/kernels/cpu/vector_loops.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::ConcatForward<T>& args) {
  const std::int64_t width = args.a_width + args.b_width;
  parallel_for(args.rows, row_grain(width), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      T* const y = args.y + row * width;
      std::copy_n(args.a + row * args.a_width, args.a_width, y);
      std::copy_n(args.b + row * args.b_width, args.b_width, y + args.a_width);
    }
  });
}

template <class T> void run(Cpu, const kernels::ConcatBackward<T>& args) {
  const std::int64_t width = args.a_width + args.b_width;
  parallel_for(args.rows, row_grain(width), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* const dy = args.dy + row * width;
      if (args.da) std::copy_n(dy, args.a_width, args.da + row * args.a_width);
      if (args.db) std::copy_n(dy + args.a_width, args.b_width, args.db + row * args.b_width);
    }
  });
}

}  // namespace tl::cpu
