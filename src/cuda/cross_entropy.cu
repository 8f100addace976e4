#include <tl/kernels/cuda/cross_entropy.cuh>
