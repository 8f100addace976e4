#include <tl/kernels/cuda/embedding.cuh>
