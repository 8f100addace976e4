#include <tl/kernels/cuda/rows.cuh>
