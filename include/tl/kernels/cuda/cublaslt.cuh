// Matrix products by cuBLASLt: C = op(A) op(B), with a bias for each column, or added to what C holds.
//
// cuBLASLt takes matrices to be column-major, ours are row-major. The memory of a row-major [R, C] matrix read
// column by column is its transpose, [C, R] with C as the distance of its columns. So instead of C = A B we ask for
// C^T = B^T A^T: the library's first operand is our b, its second our a, m and n change places, and no number
// is moved. If b is [K, N] its memory is the [N, K] matrix that the library wants; if our b is transposed, [N, K], the
// library transposes it. The same holds for a. A bias of N channels is one number for each row of C^T: the library's.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string_view>
#include <type_traits>

#include <tl/core/dtype.hpp>
#include <tl/core/error.hpp>
#include <tl/core/shape.hpp>
#include <tl/core/stored.hpp>
#include <tl/kernels/cuda/cublaslt_library.cuh>
#include <tl/kernels/cuda/cublaslt_plans.cuh>
#include <tl/kernels/cuda/memory.cuh>
#include <tl/kernels/cuda/runtime.cuh>
#include <tl/kernels/cuda/stream.cuh>

namespace tl::cuda {

/// A product of row-major matrices without gaps. m, n and k are not 0. Sums are in T whatever the formats are.
template <class T> struct Product {
  const char* operation;  // for errors
  Stored<const T> a;      // [M, K], or [K, M] if transpose_a
  Stored<const T> b;      // [K, N], or [N, K] if transpose_b; in the format of a
  Stored<T> c;            // [M, N], in the format of a or in T
  std::int64_t m, n, k;
  bool transpose_a = false, transpose_b = false;
  bool accumulate = false;
  Stored<const T> bias{};  // [N] in the format of c, or null; not for double, and not if the product accumulates
};

/// The library's handle, its workspace, and a plan for each kind of product that was asked for.
class Products {
 public:
  /// The same for all products and GPUs: the choice of an algorithm depends on it.
  static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;

  Products() = default;
  ~Products() {
    forget_plans();
    if (workspace_ != nullptr) DeviceMemory::instance().release(workspace_);
  }
  Products(const Products&) = delete;
  Products& operator=(const Products&) = delete;

  /// Computes a product on the stream. Throws Error(device), naming the operation, if the library cannot.
  template <class T> void run(const Product<T>& product) {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
    const DType format = product.a.format;
    check(product.b.format == format && (product.c.format == format || product.c.own()) &&
              (!product.bias || product.bias.format == product.c.format),
          ErrorCode::dtype, product.operation, " on ", cuda_device, ": expected both operands in one format and the ",
          "result and its bias in it or in ", to_string(dtype_of<T>), ", got ", to_string(format), ", ",
          to_string(product.b.format), " and ", to_string(product.c.format));
    const std::scoped_lock lock(mutex_);
    prepare();
    const PlanKey key = key_of(product);
    const Plan& plan = plan_for(key, product.operation);
    if (product.bias)
      expect(cublaslt.matmul_desc_set_attribute(plan.descriptor, lt::bias_pointer, &product.bias.memory,
                                                sizeof(product.bias.memory)),
             key, product.operation);
    // In the type of the sums: double only for operands of doubles.
    const double one = 1, add = product.accumulate ? 1 : 0;
    const float one_float = 1, add_float = product.accumulate ? 1 : 0;
    const bool is_double = format == DType::f64;
    const void *const alpha = is_double ? static_cast<const void*>(&one) : &one_float,
                      *const beta = is_double ? static_cast<const void*>(&add) : &add_float;
    expect(cublaslt.matmul(handle_, plan.descriptor, alpha, product.b.memory, plan.first, product.a.memory, plan.second,
                           beta, product.c.memory, plan.result, product.c.memory, plan.result, &plan.algorithm,
                           workspace_, workspace_bytes, stream()),
           key, product.operation);
    StartedKernels::instance().add(product.operation, Shape{product.m, product.n, product.k});
  }

  /// The plans that were used, as text that TL_CUBLASLT_PLANS reads.
  std::string plans() {
    const std::scoped_lock lock(mutex_);
    std::string text;
    for (const auto& [key, plan] : plans_) text += plan_line(cublaslt.get_version(), key, plan.algorithm);
    return text;
  }

  /// TF32 rounds the operands of products of floats to 11 bits, which tensor cores multiply faster. Default: only if
  /// the environment has TL_CUDA_TF32=1.
  void allow_tf32(bool allowed) {
    const std::scoped_lock lock(mutex_);
    tf32_ = allowed;
  }

  /// Those of the process; never destroyed.
  [[gnu::visibility("default")]] static Products& instance() {
    static Products& products = *new Products;
    return products;
  }

 private:
  struct Plan {
    lt::Descriptor descriptor = nullptr;
    lt::Layout first = nullptr, second = nullptr, result = nullptr;  // the library's A, B, and C and D
    lt::Algorithm algorithm{};
  };

  static constexpr std::size_t most_plans = 4096;  // batches of any number of tokens each have their own

  static bool tf32_by_default() {
    const char* const wish = std::getenv("TL_CUDA_TF32");
    return wish != nullptr && std::string_view(wish) == "1";
  }

  template <class T> PlanKey key_of(const Product<T>& product) const {
    const auto aligned = [](const void* address) { return reinterpret_cast<std::uintptr_t>(address) % 16 == 0; };
    return {.operands = product.a.format,
            .result = product.c.format,
            .tf32 = tf32_ && product.a.format == DType::f32,
            .transpose_a = product.transpose_a,
            .transpose_b = product.transpose_b,
            .accumulate = product.accumulate,
            .bias = static_cast<bool>(product.bias),
            .aligned = aligned(product.a.memory) && aligned(product.b.memory) && aligned(product.c.memory) &&
                       aligned(product.bias.memory),
            .m = product.m,
            .n = product.n,
            .k = product.k};
  }

  static void expect(int status, const PlanKey& key, const char* operation) {
    if (status == lt::success) return;
    const std::string after = status == lt::execution_failed ? StartedKernels::instance().sentence() : "";
    fail(ErrorCode::device, "cuBLASLt: ", operation, " of ", Shape{key.m, key.n, key.k}, ": ",
         cublaslt.get_status_string(status), " (", status, ")", after);
  }

  void prepare() {
    if (handle_ != nullptr) return;
    check(cublaslt_missing().empty(), ErrorCode::device, cublaslt_missing());
    given_ = read_plans(std::getenv("TL_CUBLASLT_PLANS"), cublaslt.get_version());
    workspace_ = DeviceMemory::instance().allocate(workspace_bytes);
    lt::Handle fresh = nullptr;
    const int status = cublaslt.create(&fresh);
    check(status == lt::success, ErrorCode::device, "cuBLASLt cannot be used: ", cublaslt.get_status_string(status),
          " (", status, ")");
    handle_ = fresh;
  }

  const Plan& plan_for(const PlanKey& key, const char* operation) {
    const auto known = plans_.find(key);
    if (known != plans_.end()) return known->second;
    if (plans_.size() >= most_plans) forget_plans();
    Plan& plan = plans_[key];
    try {
      describe(plan, key, operation);
      choose(plan, key, operation);
    } catch (...) {
      destroy(plan);
      plans_.erase(key);
      throw;
    }
    return plan;
  }

  static int type_of(DType format) {
    switch (format) {
      case DType::f64: return lt::real_64;
      case DType::bf16: return lt::brain_16;
      case DType::f16: return lt::real_16;
      default: return lt::real_32;
    }
  }

  static void describe(Plan& plan, const PlanKey& key, const char* operation) {
    const bool is_double = key.operands == DType::f64;
    const int compute = is_double ? lt::compute_64 : key.tf32 ? lt::compute_tf32 : lt::compute_32;
    expect(cublaslt.matmul_desc_create(&plan.descriptor, compute, is_double ? lt::real_64 : lt::real_32), key,
           operation);
    const auto set = [&](int attribute, const auto& value) {
      expect(cublaslt.matmul_desc_set_attribute(plan.descriptor, attribute, &value, sizeof(value)), key, operation);
    };
    set(lt::transpose_a, key.transpose_b ? lt::transposed : lt::as_it_is);
    set(lt::transpose_b, key.transpose_a ? lt::transposed : lt::as_it_is);
    if (key.bias) set(lt::epilogue, lt::epilogue_bias);
    const auto layout = [&](lt::Layout& made, DType format, std::int64_t rows, std::int64_t columns) {  // row-major
      expect(cublaslt.matrix_layout_create(&made, type_of(format), static_cast<std::uint64_t>(columns),
                                           static_cast<std::uint64_t>(rows), columns),
             key, operation);
    };
    layout(plan.first, key.operands, key.transpose_b ? key.n : key.k, key.transpose_b ? key.k : key.n);
    layout(plan.second, key.operands, key.transpose_a ? key.k : key.m, key.transpose_a ? key.m : key.k);
    layout(plan.result, key.result, key.m, key.n);
  }

  /// The plan of the file if it has one, else the first that the library proposes: measuring several would give other
  /// bits from run to run.
  void choose(Plan& plan, const PlanKey& key, const char* operation) {
    lt::Proposal proposal{};
    if (const auto given = given_.find(key); given != given_.end()) {
      expect(cublaslt.matmul_algo_check(handle_, plan.descriptor, plan.first, plan.second, plan.result, plan.result,
                                        &given->second, &proposal),
             key, operation);
      plan.algorithm = given->second;
    } else {
      lt::Preference preference = nullptr;
      expect(cublaslt.matmul_preference_create(&preference), key, operation);
      const auto set = [&](int attribute, const auto& value) {
        expect(cublaslt.matmul_preference_set_attribute(preference, attribute, &value, sizeof(value)), key, operation);
      };
      set(lt::most_workspace, std::uint64_t{workspace_bytes});
      const std::uint32_t alignment =
          key.aligned ? 16 : static_cast<std::uint32_t>(std::min(size_of(key.operands), size_of(key.result)));
      for (const int of : {lt::alignment_a, lt::alignment_b, lt::alignment_c, lt::alignment_d}) set(of, alignment);
      int found = 0;
      const int status = cublaslt.matmul_algo_get_heuristic(handle_, plan.descriptor, plan.first, plan.second,
                                                            plan.result, plan.result, preference, 1, &proposal, &found);
      (void)cublaslt.matmul_preference_destroy(preference);
      expect(status, key, operation);
      check(found > 0, ErrorCode::device, "cuBLASLt: ", operation, " of ", Shape{key.m, key.n, key.k},
            ": the library has no algorithm for this product");
      expect(proposal.status, key, operation);
      plan.algorithm = proposal.algorithm;
    }
    check(proposal.workspace_bytes <= workspace_bytes, ErrorCode::device, "cuBLASLt: ", operation, " of ",
          Shape{key.m, key.n, key.k}, ": the plan wants a workspace of ", proposal.workspace_bytes,
          " bytes, expected at most ", workspace_bytes);
  }

  static void destroy(Plan& plan) {
    for (const lt::Layout layout : {plan.first, plan.second, plan.result})
      if (layout) (void)cublaslt.matrix_layout_destroy(layout);
    if (plan.descriptor) (void)cublaslt.matmul_desc_destroy(plan.descriptor);
  }

  void forget_plans() {
    for (auto& [key, plan] : plans_) destroy(plan);
    plans_.clear();
  }

  std::mutex mutex_;
  lt::Handle handle_ = nullptr;
  void* workspace_ = nullptr;  // one is enough: products run one after another
  bool tf32_ = tf32_by_default();
  std::map<PlanKey, Plan> plans_;
  GivenPlans given_;
};

}  // namespace tl::cuda
