#include <tl/kernels/cuda/layer_norm.cuh>
