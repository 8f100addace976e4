// What products keep of a weight that they meet again before it changes.
#pragma once

#include <mutex>

#include <tl/core/tensor.hpp>

namespace tl::kernels {

/// A weight in the form in which one kind of product reads it. The first product makes it, the kernel decides what it
/// is; later ones, on any thread, only read it.
struct KeptWeight {
  std::once_flag made;
  Tensor<float> packed;
};

}  // namespace tl::kernels
