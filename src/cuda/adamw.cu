#include <tl/kernels/cuda/adamw.cuh>
