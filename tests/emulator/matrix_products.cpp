// The emulated GPU's cuBLASLt: the model of it, with access to device memory.
#include "emulator/cublaslt_model.hpp"
#include "machine.hpp"

namespace tl::emulator {
namespace {

[[maybe_unused]] const bool installed = [] {
  cuda::cublaslt = test::cublaslt_model::functions();
  test::CublasLtModel::instance().with_memory = [](const std::function<void()>& body) {
    const UnlockedDevice unlocked;
    body();
  };
  return true;
}();

}  // namespace
}  // namespace tl::emulator
