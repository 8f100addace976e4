#include <tl/kernels/cuda/reductions.cuh>
