// The numbers and layouts of kernels/cuda/cublaslt_api.cuh are those of NVIDIA's header. Only compiled.
#include <cublasLt.h>

#include <tl/kernels/cuda/cublaslt_api.cuh>

namespace lt = tl::cuda::lt;

static_assert(lt::success == CUBLAS_STATUS_SUCCESS && lt::execution_failed == CUBLAS_STATUS_EXECUTION_FAILED);
static_assert(lt::real_32 == CUDA_R_32F && lt::real_64 == CUDA_R_64F);
static_assert(lt::real_16 == CUDA_R_16F && lt::brain_16 == CUDA_R_16BF);
static_assert(lt::compute_32 == CUBLAS_COMPUTE_32F && lt::compute_64 == CUBLAS_COMPUTE_64F);
static_assert(lt::compute_tf32 == CUBLAS_COMPUTE_32F_FAST_TF32);
static_assert(lt::as_it_is == CUBLAS_OP_N && lt::transposed == CUBLAS_OP_T);
static_assert(lt::epilogue_bias == CUBLASLT_EPILOGUE_BIAS);
static_assert(lt::transpose_a == CUBLASLT_MATMUL_DESC_TRANSA && lt::transpose_b == CUBLASLT_MATMUL_DESC_TRANSB);
static_assert(lt::epilogue == CUBLASLT_MATMUL_DESC_EPILOGUE);
static_assert(lt::bias_pointer == CUBLASLT_MATMUL_DESC_BIAS_POINTER);
static_assert(lt::most_workspace == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES);
static_assert(lt::alignment_a == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES);
static_assert(lt::alignment_b == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES);
static_assert(lt::alignment_c == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES);
static_assert(lt::alignment_d == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES);

static_assert(sizeof(lt::Algorithm) == sizeof(cublasLtMatmulAlgo_t));
static_assert(sizeof(lt::Proposal) == sizeof(cublasLtMatmulHeuristicResult_t));
static_assert(offsetof(lt::Proposal, workspace_bytes) == offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize));
static_assert(offsetof(lt::Proposal, status) == offsetof(cublasLtMatmulHeuristicResult_t, state));
static_assert(offsetof(lt::Proposal, waves) == offsetof(cublasLtMatmulHeuristicResult_t, wavesCount));
static_assert(sizeof(cublasStatus_t) == sizeof(int) && sizeof(cudaDataType) == sizeof(int));
static_assert(sizeof(cublasComputeType_t) == sizeof(int) && sizeof(cublasLtMatmulDescAttributes_t) == sizeof(int));
static_assert(sizeof(cublasLtMatmulPreferenceAttributes_t) == sizeof(int));
static_assert(sizeof(cublasLtMatmulDesc_t) == sizeof(lt::Descriptor) && sizeof(cublasLtHandle_t) == sizeof(lt::Handle));
