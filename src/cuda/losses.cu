#include <tl/kernels/cuda/losses.cuh>
