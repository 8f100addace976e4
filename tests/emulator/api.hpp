// How the calls of the runtime end in an error.
#pragma once

#include <mutex>
#include <string>

#include "include/emulator/runtime_api.hpp"

namespace tl::emulator {

/// Held by each call of the runtime: they may come from several threads of the host.
std::recursive_mutex& api_mutex();

/// Makes `error` the last error, with a text that cudaGetErrorString returns for it from now on.
cudaError_t api_error(cudaError_t error, const std::string& text);

}  // namespace tl::emulator
