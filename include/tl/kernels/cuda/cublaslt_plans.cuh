// Plans: which algorithm cuBLASLt uses for a product. They can be written to a file and given in TL_CUBLASLT_PLANS, one
// line each, so that a run has the plans of another one:
//   cublaslt 130000 f32 result f32 m 128 n 384 k 1536 transpose_a 0 transpose_b 1 accumulate 0 bias 1 tf32 0 aligned 1
//     algorithm 8 words in hexadecimal
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <ios>
#include <locale>
#include <map>
#include <sstream>
#include <string>

#include <tl/core/dtype.hpp>
#include <tl/core/error.hpp>
#include <tl/kernels/cuda/cublaslt_api.cuh>

namespace tl::cuda {

/// What the choice of an algorithm depends on.
struct PlanKey {
  DType operands, result;  // formats of A and B, and of C
  bool tf32, transpose_a, transpose_b, accumulate, bias;
  bool aligned;  // all operands to 16 bytes
  std::int64_t m, n, k;
  friend auto operator<=>(const PlanKey&, const PlanKey&) = default;
};

using GivenPlans = std::map<PlanKey, lt::Algorithm>;

/// A plan as a line of a file.
inline std::string plan_line(std::size_t version, const PlanKey& key, const lt::Algorithm& algorithm) {
  std::string line = str_cat("cublaslt ", version, ' ', to_string(key.operands), " result ", to_string(key.result),
                             " m ", key.m, " n ", key.n, " k ", key.k, " transpose_a ", key.transpose_a,
                             " transpose_b ", key.transpose_b, " accumulate ", key.accumulate, " bias ", key.bias,
                             " tf32 ", key.tf32, " aligned ", key.aligned, " algorithm");
  std::ostringstream words;
  words.imbue(std::locale::classic());
  words << std::hex;
  for (const std::uint64_t word : algorithm.words) words << ' ' << word;
  return line + words.str() + '\n';
}

/// Reads one line; false if it is not one of plan_line().
inline bool read_plan_line(const std::string& line, std::size_t& version, PlanKey& key, lt::Algorithm& algorithm) {
  std::istringstream in(line);
  in.imbue(std::locale::classic());
  std::string word, operands, result;
  const auto named = [&](const char* name, auto& value) { return in >> word && word == name && in >> value; };
  if (!named("cublaslt", version) || !(in >> operands) || !named("result", result)) return false;
  const auto is_format = [](const std::string& name, DType& format) {
    for (const DType known : {DType::f32, DType::f64, DType::bf16, DType::f16})
      if (name == to_string(known)) return format = known, true;
    return false;
  };
  if (!is_format(operands, key.operands) || !is_format(result, key.result)) return false;
  if (!(named("m", key.m) && named("n", key.n) && named("k", key.k) && named("transpose_a", key.transpose_a) &&
        named("transpose_b", key.transpose_b) && named("accumulate", key.accumulate) && named("bias", key.bias) &&
        named("tf32", key.tf32) && named("aligned", key.aligned) && in >> word && word == "algorithm"))
    return false;
  in >> std::hex;
  for (std::uint64_t& number : algorithm.words)
    if (!(in >> number)) return false;
  return !(in >> word);
}

/// The plans of a file; none if `path` is null. Throws Error(io) if it cannot be read, Error(format) for a line that is
/// no plan, or that another version of the library wrote: its words would mean another algorithm.
inline GivenPlans read_plans(const char* path, std::size_t version) {
  GivenPlans plans;
  if (path == nullptr) return plans;
  std::ifstream in(path);
  check(in.good(), ErrorCode::io, "TL_CUBLASLT_PLANS: cannot open ", path);
  std::string line;
  for (std::int64_t number = 1; std::getline(in, line); ++number) {
    PlanKey key{};
    lt::Algorithm algorithm{};
    std::size_t written_by = 0;
    check(read_plan_line(line, written_by, key, algorithm), ErrorCode::format, path, " line ", number,
          ": expected a plan, 'cublaslt VERSION f32 result f32 m M n N k K ...', got '", line, "'");
    check(written_by == version, ErrorCode::format, path, " line ", number, ": expected a plan of cuBLASLt ", version,
          ", which this process uses, got one of ", written_by);
    plans[key] = algorithm;
  }
  return plans;
}

}  // namespace tl::cuda
