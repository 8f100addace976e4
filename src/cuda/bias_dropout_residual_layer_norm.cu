#include <tl/kernels/cuda/bias_dropout_residual_layer_norm.cuh>
