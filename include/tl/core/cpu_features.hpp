// Which vector instructions this CPU has. Kernels for them are ordinary functions with target attributes, chosen at run
// time, so a program built without any -march runs at full speed here and still runs on an older machine.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <tl/core/error.hpp>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define TL_X86_64 1
#endif

namespace tl {

/// Instruction sets with kernels of their own, in ascending order: each includes the ones before it.
/// avx2 means AVX2 + FMA; avx512 means AVX-512 F, BW, DQ and VL.
enum class CpuIsa { generic, avx2, avx512, avx512_bf16 };

inline constexpr std::array<CpuIsa, 4> all_cpu_isas = {CpuIsa::generic, CpuIsa::avx2, CpuIsa::avx512,
                                                       CpuIsa::avx512_bf16};

/// The name used in TL_CPU_ISA: "generic", "avx2", "avx512" or "avx512_bf16".
constexpr std::string_view to_string(CpuIsa isa) {
  switch (isa) {
    case CpuIsa::generic: return "generic";
    case CpuIsa::avx2: return "avx2";
    case CpuIsa::avx512: return "avx512";
    case CpuIsa::avx512_bf16: return "avx512_bf16";
  }
  return "?";
}

/// The best instruction set of this CPU, as the processor and the operating system report it.
inline CpuIsa detected_cpu_isa() {
#ifdef TL_X86_64
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return CpuIsa::generic;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
    return CpuIsa::avx2;
  return __builtin_cpu_supports("avx512bf16") ? CpuIsa::avx512_bf16 : CpuIsa::avx512;
#else
  return CpuIsa::generic;
#endif
}

namespace detail {

/// The names of all instruction sets up to `best`, for messages.
inline std::string cpu_isa_names(CpuIsa best) {
  std::string names;
  for (const CpuIsa isa : all_cpu_isas)
    if (isa <= best) names += (names.empty() ? "" : ", ") + std::string(to_string(isa));
  return names;
}

/// The instruction set that the text asks for, on a CPU whose best one is `best`; null or empty text asks for the best.
/// Throws Error(invalid_argument) if the name is unknown or the CPU lacks it.
inline CpuIsa parse_cpu_isa(const char* text, CpuIsa best) {
  if (!text || !*text) return best;
  for (const CpuIsa isa : all_cpu_isas) {
    if (to_string(isa) != text) continue;
    check(isa <= best, ErrorCode::invalid_argument, "TL_CPU_ISA: this CPU does not support ", text, "; it supports ",
          cpu_isa_names(best));
    return isa;
  }
  fail(ErrorCode::invalid_argument, "TL_CPU_ISA: expected one of ", cpu_isa_names(CpuIsa::avx512_bf16), ", got \"",
       text, "\"; this CPU supports ", cpu_isa_names(best));
}

}  // namespace detail

/// The instruction set that kernels use: the best one of this CPU, or the one named by the environment variable
/// TL_CPU_ISA. Read once. Throws Error(invalid_argument) if that name is unknown or the CPU lacks it.
inline CpuIsa cpu_isa() {
  static const CpuIsa isa = detail::parse_cpu_isa(std::getenv("TL_CPU_ISA"), detected_cpu_isa());
  return isa;
}

}  // namespace tl
