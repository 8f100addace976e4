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
#include <cpuid.h>
#endif

namespace tl {

/// Instruction sets with kernels of their own, in ascending order: each includes the ones before it.
/// avx2 means AVX2 + FMA; avx512 means AVX-512 F, BW, DQ and VL.
enum class CpuIsa { generic, avx2, avx512, avx512_bf16 };

/// All instruction sets that kernels are written for, in ascending order.
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

namespace detail {

/// Whether the processor is one of Intel's; docs/decisions/0009 says what depends on it.
inline bool is_intel_cpu() {
#ifdef TL_X86_64
  static const bool intel = (__builtin_cpu_init(), __builtin_cpu_is("intel"));
  return intel;
#else
  return false;
#endif
}

}  // namespace detail

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

/// The instruction set that the text asks for, on a CPU whose best one is `best`. Throws Error(invalid_argument) if the
/// name is unknown or the CPU lacks it.
inline CpuIsa parse_cpu_isa(std::string_view text, CpuIsa best) {
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

/// The instruction set that is fastest on this CPU. Intel's processors since Sapphire Rapids, those with AVX512-FP16,
/// take twice as long for a product in bfloat16 with AVX512-BF16 as for one of the same numbers in float (measured: 88
/// against 176 GFLOP/s for a core of an Emerald Rapids at 2.75 GHz), so there it is avx512.
inline CpuIsa preferred_cpu_isa() {
  const CpuIsa best = detected_cpu_isa();
#ifdef TL_X86_64
  unsigned a = 0, b = 0, c = 0, d = 0;  // __builtin_cpu_supports() of clang 14 does not know AVX512-FP16
  const bool has_fp16 = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 23 & 1) != 0;
  if (best == CpuIsa::avx512_bf16 && detail::is_intel_cpu() && has_fp16) return CpuIsa::avx512;
#endif
  return best;
}

/// The instruction set that kernels use: the one named by the environment variable TL_CPU_ISA, else the fastest of this
/// CPU. Read once. Throws Error(invalid_argument) if that name is unknown or the CPU lacks it.
inline CpuIsa cpu_isa() {
  static const CpuIsa isa = [] {
    const char* const name = std::getenv("TL_CPU_ISA");
    return name && *name ? detail::parse_cpu_isa(name, detected_cpu_isa()) : preferred_cpu_isa();
  }();
  return isa;
}

}  // namespace tl
