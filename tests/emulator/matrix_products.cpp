// The emulated GPU's cuBLASLt: the model of it, with access to device memory and its bounds.
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
  test::CublasLtModel::instance().is_allocated = [](const void* memory, std::size_t bytes) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    return device_memory().contains(address) && device_memory().is_allocated(address, bytes);
  };
  return true;
}();

}  // namespace
}  // namespace tl::emulator
