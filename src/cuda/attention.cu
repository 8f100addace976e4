#include <tl/kernels/cuda/attention.cuh>
