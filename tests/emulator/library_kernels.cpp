// The kernels and launchers of src/cuda, as plain C++.
#include <tl/cuda.cuh>
