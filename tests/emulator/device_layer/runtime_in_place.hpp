// Entries of the table of runtime calls that a test replaces.
#pragma once

#include <tl/kernels/cuda/runtime.cuh>

namespace tl::test {

/// Puts the table back when it goes.
class RuntimeInPlace {
 public:
  RuntimeInPlace() = default;
  ~RuntimeInPlace() { cuda::runtime = before_; }
  RuntimeInPlace(const RuntimeInPlace&) = delete;
  RuntimeInPlace& operator=(const RuntimeInPlace&) = delete;

 private:
  cuda::Runtime before_ = cuda::runtime;
};

}  // namespace tl::test
