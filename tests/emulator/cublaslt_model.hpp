// A model of the functions of cuBLASLt that tl::cuda uses, written from the library's documentation: column-major
// matrices with a distance of columns, operands that are transposed if the descriptor says so, D = alpha op(A) op(B) +
// beta C, and a bias for each row of D. It refuses what the library refuses, and sums in double. So it proves which
// matrices the wrapper asks for; which algorithms the library has, and how fast, it does not know.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>

#include <tl/core/dtype.hpp>
#include <tl/kernels/cuda/cublaslt_library.cuh>

namespace tl::test {

/// What the model was asked, and how it reaches device memory.
struct CublasLtModel {
  std::int64_t proposals = 0;      // calls that choose an algorithm
  std::int64_t products = 0;       // calls that compute
  int last_compute_type = 0;       // of a product
  int fail_next_product_with = 0;  // a status, once
  std::size_t version = 130000;
  /// Runs a function while the host may touch device memory.
  std::function<void(const std::function<void()>&)> with_memory = [](const std::function<void()>& body) { body(); };
  /// Whether the bytes from an address on are in one allocation of the GPU.
  std::function<bool(const void* memory, std::size_t bytes)> is_allocated = [](const void*, std::size_t) {
    return true;
  };

  static CublasLtModel& instance() {
    static CublasLtModel model;
    return model;
  }
};

namespace cublaslt_model {

namespace lt = tl::cuda::lt;

inline constexpr int invalid_value = 7, execution_failed = 13, not_supported = 15;
inline constexpr std::uint64_t own_algorithm = 0x7E57;
inline constexpr std::size_t wanted_workspace = 4096;

struct Operation {
  int compute_type, scale_type;
  std::int32_t transpose_a = lt::as_it_is, transpose_b = lt::as_it_is;
  std::uint32_t epilogue = 1;  // none
  const void* bias = nullptr;
};

struct Matrix {
  int type;
  std::uint64_t rows, columns;
  std::int64_t ld;
};

struct Wishes {
  std::uint64_t workspace = 0;
  std::uint32_t alignment[4] = {256, 256, 256, 256};  // of A, B, C and D
};

inline Operation& operation(lt::Descriptor descriptor) { return *static_cast<Operation*>(descriptor); }
inline const Matrix& matrix(lt::Layout layout) { return *static_cast<Matrix*>(layout); }

/// Copies an attribute of exactly the documented size.
template <class To> int set(To& to, const void* value, std::size_t bytes) {
  if (bytes != sizeof(to)) return invalid_value;
  std::memcpy(&to, value, bytes);
  return lt::success;
}

inline int set_attribute(lt::Descriptor descriptor, int attribute, const void* value, std::size_t bytes) {
  Operation& to = operation(descriptor);
  switch (attribute) {
    case lt::transpose_a: return set(to.transpose_a, value, bytes);
    case lt::transpose_b: return set(to.transpose_b, value, bytes);
    case lt::epilogue: return set(to.epilogue, value, bytes);
    case lt::bias_pointer: return set(to.bias, value, bytes);
    default: return invalid_value;
  }
}

inline int set_preference(lt::Preference preference, int attribute, const void* value, std::size_t bytes) {
  Wishes& to = *static_cast<Wishes*>(preference);
  if (attribute == lt::most_workspace) return set(to.workspace, value, bytes);
  if (attribute < lt::alignment_a || attribute > lt::alignment_d) return invalid_value;
  return set(to.alignment[attribute - lt::alignment_a], value, bytes);
}

/// The extents of a product; rows of D, columns of D, terms.
struct Extents {
  std::uint64_t m, n, k;
};

/// Types of 16 bits, whose products are added in float.
inline bool is_low(int type) { return type == lt::real_16 || type == lt::brain_16; }

inline std::size_t size_of_type(int type) { return type == lt::real_64 ? 8 : is_low(type) ? 2 : 4; }

inline double read_as(int type, const void* memory, std::uint64_t i) {
  switch (type) {
    case lt::real_64: return static_cast<const double*>(memory)[i];
    case lt::real_16: return static_cast<double>(float(static_cast<const half*>(memory)[i]));
    case lt::brain_16: return static_cast<double>(float(static_cast<const bfloat16*>(memory)[i]));
    default: return static_cast<double>(static_cast<const float*>(memory)[i]);
  }
}

inline void write_as(int type, void* memory, std::uint64_t i, double value) {
  switch (type) {
    case lt::real_64: static_cast<double*>(memory)[i] = value; return;
    case lt::real_16: static_cast<half*>(memory)[i] = half(static_cast<float>(value)); return;
    case lt::brain_16: static_cast<bfloat16*>(memory)[i] = bfloat16(static_cast<float>(value)); return;
    default: static_cast<float*>(memory)[i] = static_cast<float>(value);
  }
}

/// What the library checks of descriptors that are to be used together.
inline int check(const Operation& op, const Matrix& a, const Matrix& b, const Matrix& c, const Matrix& d,
                 Extents& extents) {
  const bool a_turned = op.transpose_a == lt::transposed, b_turned = op.transpose_b == lt::transposed;
  extents = {d.rows, d.columns, a_turned ? a.rows : a.columns};
  const bool is_double = a.type == lt::real_64, low = is_low(a.type);
  const bool types = op.scale_type == (is_double ? lt::real_64 : lt::real_32) && b.type == a.type && c.type == d.type &&
                     (c.type == a.type || (low && c.type == lt::real_32)) &&
                     (op.compute_type == lt::compute_64) == is_double &&
                     (op.compute_type == lt::compute_tf32 ? a.type == lt::real_32 : true);
  const bool shapes = (a_turned ? a.columns : a.rows) == extents.m && (b_turned ? b.rows : b.columns) == extents.n &&
                      (b_turned ? b.columns : b.rows) == extents.k && c.rows == d.rows && c.columns == d.columns;
  if (!types || !shapes || extents.m == 0 || extents.n == 0 || extents.k == 0) return invalid_value;
  for (const Matrix* one : {&a, &b, &c, &d})
    if (one->ld < static_cast<std::int64_t>(one->rows)) return invalid_value;
  if (op.epilogue != 1 && (op.epilogue != lt::epilogue_bias || is_double)) return not_supported;
  return lt::success;
}

inline int propose(lt::Handle, lt::Descriptor descriptor, lt::Layout a, lt::Layout b, lt::Layout c, lt::Layout d,
                   lt::Preference preference, int wanted, lt::Proposal* proposals, int* found) {
  ++CublasLtModel::instance().proposals;
  const Wishes& wishes = *static_cast<Wishes*>(preference);
  Extents extents{};
  if (wanted < 1) return invalid_value;
  if (const int status = check(operation(descriptor), matrix(a), matrix(b), matrix(c), matrix(d), extents))
    return status;
  *found = wishes.workspace >= wanted_workspace ? 1 : 0;
  if (*found == 0) return not_supported;
  *proposals = {.algorithm = {{own_algorithm, wishes.alignment[0], wishes.alignment[1], wishes.alignment[2],
                               wishes.alignment[3], extents.m, extents.n, extents.k}},
                .workspace_bytes = wanted_workspace,
                .status = lt::success,
                .waves = 1.0F,
                .reserved = {}};
  return lt::success;
}

inline int check_algorithm(lt::Handle, lt::Descriptor descriptor, lt::Layout a, lt::Layout b, lt::Layout c,
                           lt::Layout d, const lt::Algorithm* algorithm, lt::Proposal* proposal) {
  Extents extents{};
  if (const int status = check(operation(descriptor), matrix(a), matrix(b), matrix(c), matrix(d), extents))
    return status;
  if (algorithm->words[0] != own_algorithm) return not_supported;
  proposal->workspace_bytes = wanted_workspace;
  proposal->status = lt::success;
  return lt::success;
}

/// The addresses of the matrices of a product.
struct Addresses {
  const void *a, *b, *c;
  void* d;
};

/// D(i, j) = alpha sum over t of op(A)(i, t) op(B)(t, j) + beta C(i, j) + bias(i).
inline void compute(const Operation& op, const Extents& extents, const Matrix& a, const Matrix& b, const Matrix& c,
                    const Matrix& d, double alpha, double beta, const Addresses& at) {
  const auto element = [](const void* memory, const Matrix& of, bool turned, std::uint64_t row, std::uint64_t column) {
    if (turned) std::swap(row, column);
    return read_as(of.type, memory, row + column * static_cast<std::uint64_t>(of.ld));
  };
  for (std::uint64_t j = 0; j < extents.n; ++j)
    for (std::uint64_t i = 0; i < extents.m; ++i) {
      double sum = 0.0;
      for (std::uint64_t t = 0; t < extents.k; ++t)
        sum += element(at.a, a, op.transpose_a == lt::transposed, i, t) *
               element(at.b, b, op.transpose_b == lt::transposed, t, j);
      sum *= alpha;
      if (beta != 0.0) sum += beta * element(at.c, c, false, i, j);
      if (op.epilogue == lt::epilogue_bias) sum += read_as(d.type, op.bias, i);
      write_as(d.type, at.d, i + j * static_cast<std::uint64_t>(d.ld), sum);
    }
}

/// Whether a product stays in the memory of its operands and of its workspace; without that the GPU's program fails.
inline bool in_bounds(const Operation& op, const void* const (&operands)[4], const Matrix* const (&matrices)[4],
                      const void* workspace) {
  const auto& is_allocated = CublasLtModel::instance().is_allocated;
  for (int i = 0; i < 4; ++i) {
    const Matrix& of = *matrices[i];
    const auto elements = (of.columns - 1) * static_cast<std::uint64_t>(of.ld) + of.rows;
    if (!is_allocated(operands[i], elements * size_of_type(of.type))) return false;
  }
  const std::uint64_t bias_elements = matrices[3]->rows;
  return is_allocated(workspace, wanted_workspace) &&
         (op.epilogue != lt::epilogue_bias || is_allocated(op.bias, bias_elements * size_of_type(matrices[3]->type)));
}

inline int multiply(lt::Handle, lt::Descriptor descriptor, const void* alpha, const void* a, lt::Layout a_layout,
                    const void* b, lt::Layout b_layout, const void* beta, const void* c, lt::Layout c_layout, void* d,
                    lt::Layout d_layout, const lt::Algorithm* algorithm, void* workspace, std::size_t workspace_bytes,
                    cudaStream_t) {
  CublasLtModel& model = CublasLtModel::instance();
  ++model.products;
  if (const int status = std::exchange(model.fail_next_product_with, lt::success)) return status;
  const Operation op = operation(descriptor);
  const Matrix am = matrix(a_layout), bm = matrix(b_layout), cm = matrix(c_layout), dm = matrix(d_layout);
  model.last_compute_type = op.compute_type;
  Extents extents{};
  if (const int status = check(op, am, bm, cm, dm, extents)) return status;
  const std::uint64_t expected[] = {own_algorithm, extents.m, extents.n, extents.k};
  const std::uint64_t* const words = algorithm->words;
  const std::uint64_t got[] = {words[0], words[5], words[6], words[7]};
  if (std::memcmp(expected, got, sizeof(got)) != 0) return not_supported;
  const void* const operands[] = {a, b, c, d};
  for (int i = 0; i < 4; ++i)
    if (operands[i] == nullptr || reinterpret_cast<std::uintptr_t>(operands[i]) % words[1 + i] != 0)
      return invalid_value;
  if (workspace == nullptr || reinterpret_cast<std::uintptr_t>(workspace) % 256 != 0 ||
      workspace_bytes < wanted_workspace || (op.epilogue == lt::epilogue_bias && op.bias == nullptr))
    return invalid_value;
  if (!in_bounds(op, operands, {&am, &bm, &cm, &dm}, workspace)) return execution_failed;
  model.with_memory([&] {
    compute(op, extents, am, bm, cm, dm, read_as(op.scale_type, alpha, 0), read_as(op.scale_type, beta, 0),
            {a, b, c, d});
  });
  return lt::success;
}

inline const char* status_string(int status) {
  switch (status) {
    case lt::success: return "success";
    case invalid_value: return "an unsupported value or parameter was passed to the function";
    case execution_failed: return "the GPU program failed to execute";
    case not_supported: return "the functionality requested is not supported";
    default: return "the library has an error";
  }
}

/// The model's functions, in the place of the library's.
inline lt::Functions functions() {
  return {.create =
              [](lt::Handle* handle) {
                *handle = &CublasLtModel::instance();
                return lt::success;
              },
          .get_version = [] { return CublasLtModel::instance().version; },
          .get_status_string = &status_string,
          .matmul_desc_create =
              [](lt::Descriptor* made, int compute_type, int scale_type) {
                *made = new Operation{.compute_type = compute_type, .scale_type = scale_type};
                return lt::success;
              },
          .matmul_desc_destroy =
              [](lt::Descriptor descriptor) {
                delete static_cast<Operation*>(descriptor);
                return lt::success;
              },
          .matmul_desc_set_attribute = &set_attribute,
          .matrix_layout_create =
              [](lt::Layout* made, int type, std::uint64_t rows, std::uint64_t columns, std::int64_t ld) {
                *made = new Matrix{type, rows, columns, ld};
                return lt::success;
              },
          .matrix_layout_destroy =
              [](lt::Layout layout) {
                delete static_cast<Matrix*>(layout);
                return lt::success;
              },
          .matmul_preference_create =
              [](lt::Preference* made) {
                *made = new Wishes;
                return lt::success;
              },
          .matmul_preference_destroy =
              [](lt::Preference preference) {
                delete static_cast<Wishes*>(preference);
                return lt::success;
              },
          .matmul_preference_set_attribute = &set_preference,
          .matmul_algo_get_heuristic = &propose,
          .matmul_algo_check = &check_algorithm,
          .matmul = &multiply};
}

}  // namespace cublaslt_model
}  // namespace tl::test
