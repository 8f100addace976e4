// Small kernels that the checker must report, and others with the same features that it must not.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace tl::emulator {

struct KernelCase {
  std::string name;
  /// What the report must contain; empty for a correct kernel.
  std::string expected;
  /// Runs the kernel and returns the report, or "".
  std::function<std::string()> run;
};

std::vector<KernelCase> broken_kernels();
std::vector<KernelCase> correct_kernels();

}  // namespace tl::emulator
