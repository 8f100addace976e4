// A kernel that keeps 64 numbers in registers; with few registers it has to spill them. See spills.sh.
__global__ void spilling_kernel(float* x) {
  float kept[64];
#pragma unroll
  for (int i = 0; i < 64; ++i) kept[i] = x[i * threadIdx.x];
  __syncthreads();
#pragma unroll
  for (int i = 0; i < 64; ++i) x[i * 7 + threadIdx.x] = kept[i] * kept[63 - i];
}
