// Devices: the CPU is always there; another kind is there when a program links its backend, which fills the hooks
// below before main(). Nothing else in the library asks what was compiled in.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <ostream>
#include <string>
#include <string_view>

#include <tl/core/error.hpp>
#include <tl/core/precision.hpp>

namespace tl {

/// Where memory lies and kernels run.
enum class DeviceType { cpu, cuda };

/// A place where tensors live, e.g. Device{DeviceType::cuda, 0}.
struct Device {
  DeviceType type = DeviceType::cpu;
  int index = 0;
  friend bool operator==(const Device&, const Device&) = default;
};

/// The processor.
inline constexpr Device cpu_device{};
/// The first GPU.
inline constexpr Device cuda_device{DeviceType::cuda, 0};

/// Prints "cpu" or "cuda:0".
inline std::ostream& operator<<(std::ostream& out, const Device& device) {
  if (device.type == DeviceType::cpu) return out << "cpu";
  return out << "cuda:" << device.index;
}

/// "cpu" or "cuda:0".
inline std::string to_string(const Device& device) { return str_cat(device); }

/// From where to where bytes are copied.
enum class CopyKind { host_to_device, device_to_host, device_to_device };

/// What a device other than the CPU must be able to do. All pointers are device memory unless a CopyKind, or "pinned",
/// says host. A device works off what it is given one after the other, as one stream; only what is said to wait waits
/// for it, and memory that is released may still be in use by what was given before.
struct DeviceBackend {
  std::string (*unavailable_reason)() = nullptr;  ///< empty when the device is usable
  void* (*allocate)(std::size_t bytes) = nullptr;
  void (*release)(void* memory) noexcept = nullptr;
  void* (*allocate_pinned)(std::size_t bytes) = nullptr;  ///< host memory that copy_async() reads and writes
  void (*release_pinned)(void* memory) noexcept = nullptr;
  void (*fill_zero)(void* memory, std::size_t bytes) = nullptr;
  /// Returns when the host's memory may be read, or written to, again: a copy to the host waits for it, of a copy from
  /// the host that memory alone.
  void (*copy)(void* to, const void* from, std::size_t bytes, CopyKind kind) = nullptr;
  /// The same without waiting; the host's memory is pinned and untouched until an event after the copy is over.
  void (*copy_async)(void* to, const void* from, std::size_t bytes, CopyKind kind) = nullptr;
  void* (*record_event)() = nullptr;          ///< a mark after all work that was given so far
  void (*wait_event)(void* event) = nullptr;  ///< waits until the work before the mark is done
  void (*release_event)(void* event) noexcept = nullptr;
  void (*synchronize)() = nullptr;                       ///< waits for all work
  bool (*multiplies_in)(Precision precision) = nullptr;  ///< null: in f32 alone
  /// Whether results of products in bf16 and f16 are stored in these formats; if not, rounded and in float, as on the
  /// CPU.
  bool stores_low_precision = false;
  void (*empty_cache)() noexcept = nullptr;  ///< gives memory that is kept for reuse back to the system; or null
};

/// The CUDA hooks; filled when the program links tl::cuda.
inline constinit DeviceBackend cuda_backend{};

/// Why CUDA cannot be used in this process, or an empty text if it can.
inline std::string cuda_unavailable_reason() {
  if (!cuda_backend.unavailable_reason) return "this program was built without CUDA; link tl::cuda";
  return cuda_backend.unavailable_reason();
}

/// Why tensors cannot be put on `device`, or an empty text if they can.
inline std::string unavailable_reason(const Device& device) {
  if (device.type == DeviceType::cpu) return {};
  // A backend does not choose among GPUs; another index would silently mean the same one.
  if (device.index != 0) return "expected index 0, tl uses one GPU, which CUDA_VISIBLE_DEVICES can choose";
  return cuda_unavailable_reason();
}

/// True if tensors can be put on `device`.
inline bool is_available(const Device& device) { return unavailable_reason(device).empty(); }

/// Throws Error(device) with the reason if `device` cannot be used.
inline void require(const Device& device) {
  if (device.type == DeviceType::cpu) return;
  const std::string reason = unavailable_reason(device);
  check(reason.empty(), ErrorCode::device, "device ", device, " is not available: ", reason);
}

/// Whether `device` computes matrix products in `precision`.
inline bool multiplies_in(const Device& device, Precision precision) {
  if (precision == Precision::f32) return true;
  if (device.type == DeviceType::cpu) return precision == Precision::bf16;
  return cuda_backend.multiplies_in != nullptr && cuda_backend.multiplies_in(precision);
}

/// Throws Error(device) if `device` does not compute matrix products in `precision`.
inline void require_precision(const Device& device, Precision precision) {
  if (multiplies_in(device, precision)) return;
  const bool bf16 = precision == Precision::bf16;
  const std::string advice = device.type == DeviceType::cpu
                                 ? std::string()
                                 : str_cat("; train there with ", bf16 ? "bf16" : "fp16", " = false, or on the CPU");
  fail(ErrorCode::device, precision, ": expected f32", multiplies_in(device, Precision::bf16) ? " or bf16" : "",
       multiplies_in(device, Precision::f16) ? " or f16" : "", " on ", device, ", which does not multiply in ",
       bf16 ? "bfloat16" : "half", ", got ", precision, advice);
}

/// The device that a text names: "cpu", "cuda" or "cuda:0". Throws Error(invalid_argument) for another one.
inline Device device_from(std::string_view text) {
  if (text == "cpu") return cpu_device;
  if (text == "cuda") return cuda_device;
  Device device = cuda_device;
  const bool cuda = text.starts_with("cuda:");
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data() + (cuda ? 5 : 0), end, device.index);
  check(cuda && error == std::errc() && last == end && device.index >= 0, ErrorCode::invalid_argument,
        "expected a device, cpu, cuda or cuda:0, got ", text.empty() ? "an empty text" : text);
  return device;
}

/// The device of this process: the one that TL_DEVICE in the environment names, else the best one, CUDA if it is linked
/// and a GPU answers, or the CPU. Throws Error(invalid_argument) if TL_DEVICE names none, Error(device) with the reason
/// if it names one that cannot be used.
inline Device device() {
  const char* const text = std::getenv("TL_DEVICE");
  if (text == nullptr) return is_available(cuda_device) ? cuda_device : cpu_device;
  try {
    const Device chosen = device_from(text);
    require(chosen);
    return chosen;
  } catch (const Error& error) {
    fail(error.code(), "TL_DEVICE: ", std::string(error.what()));
  }
}

}  // namespace tl
