#include <tl/kernels/cuda/bias_activation.cuh>
