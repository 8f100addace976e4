#include <tl/kernels/cuda/step_state.cuh>
