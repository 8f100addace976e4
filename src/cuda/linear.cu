#include <tl/kernels/cuda/linear.cuh>
