#include <tl/kernels/cuda/softmax.cuh>
