#include <tl/kernels/cuda/embedding_layer_norm_dropout.cuh>
