#include <tl/kernels/cuda/matmul.cuh>
