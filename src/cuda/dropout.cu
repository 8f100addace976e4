#include <tl/kernels/cuda/dropout.cuh>
