#include <tl/kernels/cuda/elementwise.cuh>
