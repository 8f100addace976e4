// Finds cuBLASLt when it is first needed, and says what is missing where it cannot be found.
#pragma once

#include <dlfcn.h>

#include <cstdlib>
#include <string>

#include <tl/core/error.hpp>
#include <tl/kernels/cuda/cublaslt_api.cuh>

namespace tl::cuda {

/// The functions of this process. A test fills the table before the library is looked for.
[[gnu::visibility("default")]] inline constinit lt::Functions cublaslt{};

/// Where the library may be: TL_CUBLASLT_LIBRARY alone if the environment has it, else by the names that the toolkit
/// and the driver's packages give it, and in the toolkit's usual folder.
inline void* open_cublaslt(std::string& why_not) {
  const char* const chosen = std::getenv("TL_CUBLASLT_LIBRARY");
  const char* const usual[] = {"libcublasLt.so.13", "libcublasLt.so.12", "/usr/local/cuda/lib64/libcublasLt.so.13",
                               "/usr/local/cuda/lib64/libcublasLt.so.12"};
  const auto open = [&](const char* name) {
    void* const library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr && why_not.empty()) why_not = dlerror();
    return library;
  };
  if (chosen != nullptr) return open(chosen);
  for (const char* const name : usual)
    if (void* const library = open(name)) return library;
  return nullptr;
}

/// Fills the table; the name of a function that the library lacks, or null.
inline const char* look_up_cublaslt(void* library, lt::Functions& functions) {
  const char* missing = nullptr;
  const auto find = [&]<class F>(F& function, const char* name) {
    function = reinterpret_cast<F>(dlsym(library, name));
    if (function == nullptr && missing == nullptr) missing = name;
  };
  find(functions.create, "cublasLtCreate");
  find(functions.get_version, "cublasLtGetVersion");
  find(functions.get_status_string, "cublasLtGetStatusString");
  find(functions.matmul_desc_create, "cublasLtMatmulDescCreate");
  find(functions.matmul_desc_destroy, "cublasLtMatmulDescDestroy");
  find(functions.matmul_desc_set_attribute, "cublasLtMatmulDescSetAttribute");
  find(functions.matrix_layout_create, "cublasLtMatrixLayoutCreate");
  find(functions.matrix_layout_destroy, "cublasLtMatrixLayoutDestroy");
  find(functions.matmul_preference_create, "cublasLtMatmulPreferenceCreate");
  find(functions.matmul_preference_destroy, "cublasLtMatmulPreferenceDestroy");
  find(functions.matmul_preference_set_attribute, "cublasLtMatmulPreferenceSetAttribute");
  find(functions.matmul_algo_get_heuristic, "cublasLtMatmulAlgoGetHeuristic");
  find(functions.matmul_algo_check, "cublasLtMatmulAlgoCheck");
  find(functions.matmul, "cublasLtMatmul");
  return missing;
}

/// Why products cannot be computed on the GPU, or an empty text if they can; looks for the library at the first call.
[[gnu::visibility("default")]] inline const std::string& cublaslt_missing() {
  static const std::string reason = []() -> std::string {
    if (cublaslt.matmul != nullptr) return {};
    std::string why_not;
    void* const library = open_cublaslt(why_not);
    if (library == nullptr)
      return str_cat(
          "cuBLASLt of CUDA 13 or 12 (libcublasLt.so.13 or .12), which tl::cuda needs for its matrix "
          "products, was not found: ",
          why_not, "; install it, or name the file in TL_CUBLASLT_LIBRARY");
    lt::Functions found{};
    if (const char* const missing = look_up_cublaslt(library, found))
      return str_cat("the cuBLASLt of this machine has no function ", missing,
                     "; tl::cuda needs that of CUDA 13 or 12");
    cublaslt = found;
    return {};
  }();
  return reason;
}

}  // namespace tl::cuda
