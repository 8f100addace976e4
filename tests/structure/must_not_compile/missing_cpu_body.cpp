// A contract is run without the header of its CPU body.
// expect: this contract has no CPU body here
#include <tl/kernels/add.hpp>
#if !TL_MISTAKE
#include <tl/kernels/cpu/add.hpp>
#endif

void twice(const float* x, float* y, std::int64_t n) {
  tl::kernels::run(tl::cpu_device, tl::kernels::Add<float>{.a = x, .b = x, .y = y, .n = n});
}
