// The only source of tl::cuda. Nothing in a program calls into it, so a linker would leave it out of a static library;
// the target makes every program that links it ask for this symbol.
#include <tl/cuda.cuh>

extern "C" void tl_link_cuda() {}
