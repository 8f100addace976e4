#include <tl/kernels/cuda/convert.cuh>
