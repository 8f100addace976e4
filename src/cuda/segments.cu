#include <tl/kernels/cuda/segments.cuh>
