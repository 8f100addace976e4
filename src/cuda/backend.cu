// The sources of this folder become one object in a static library, see cmake/cuda.cmake. Nothing in a program calls
// into it, so a linker would leave it out; the target makes every program that links it ask for this symbol.
#include <tl/kernels/cuda/backend.cuh>

extern "C" void tl_link_cuda() {}
