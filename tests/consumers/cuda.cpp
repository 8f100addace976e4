// A program that links tl::cuda and uses none of its kernels by name: they are there all the same.
#include <cstdio>

#include <tl/core/device.hpp>
#include <tl/kernels/run.hpp>

int main() {
  std::printf("device %s; cuda: %s\n", tl::to_string(tl::device()).c_str(), tl::cuda_unavailable_reason().c_str());
  return tl::cuda_backend.allocate != nullptr ? 0 : 1;
}
