#include <tl/cuda.cuh>
