// Memory of the GPU and pinned memory of the host, which the GPU can copy from and to while both work. Both are cut out
// of large chunks that are kept: after the largest batch a training step asks the driver for nothing. A freed block of
// the GPU may be used again at once, because all that still reads it comes before on the same stream; one of the host
// only when the copies that were asked for before are done.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include <tl/core/chunks.hpp>
#include <tl/core/device.hpp>
#include <tl/core/error.hpp>
#include <tl/kernels/cuda/runtime.cuh>
#include <tl/kernels/cuda/stream.cuh>

namespace tl::cuda {

/// Every block begins at a multiple of it and has a multiple of it as size: what a warp reads in one piece.
inline constexpr std::size_t block_alignment = 256;

inline std::size_t round_up(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

/// The size of the block that is cut for a request.
inline std::size_t block_bytes(std::size_t bytes) { return round_up(std::max<std::size_t>(bytes, 1), block_alignment); }

/// The GPU's memory. A request that is larger than a chunk has a chunk of several times the size.
class DeviceMemory {
 public:
  /// Two matrices of 128 x 128 tokens and 1536 channels of float, or one of 3072 channels, fit.
  static constexpr std::size_t chunk_bytes = std::size_t{256} << 20;

  /// A block of at least `bytes`. Throws Error(device) with what was asked for, what there is and what to do if there
  /// is not enough.
  void* allocate(std::size_t bytes) {
    const std::size_t wanted = block_bytes(bytes);
    const std::scoped_lock lock(mutex_);
    if (!keeps_) {
      void* const alone = request(std::max<std::size_t>(bytes, 1));  // exact, so that its end is where it seems
      if (alone == nullptr) fail_out_of_memory(bytes);
      return alone;
    }
    void* block = chunks_.allocate(wanted);
    if (block == nullptr) {
      if (!add_chunk(wanted)) fail_out_of_memory(bytes);
      block = chunks_.allocate(wanted);
    }
    sizes_[block] = wanted;
    return block;
  }

  /// Takes back a block of allocate().
  void release(void* block) noexcept {
    const std::scoped_lock lock(mutex_);
    const auto found = sizes_.find(block);
    // What the driver answers is of no use to anyone: it fails while it is shutting down.
    if (found == sizes_.end()) return (void)runtime.free(block);
    chunks_.deallocate(block, found->second);
    sizes_.erase(found);
  }

  /// Returns the chunks that hold no block to the driver.
  void clear() noexcept {
    const std::scoped_lock lock(mutex_);
    give_back();
  }

  /// Without keeping, each block is the driver's own: tools that watch accesses see where it ends. Default: true,
  /// unless the environment has TL_CUDA_KEEP_MEMORY=0.
  void keep(bool freed_memory) {
    const std::scoped_lock lock(mutex_);
    keeps_ = freed_memory;
  }

  /// How often the driver was asked for memory.
  std::int64_t driver_requests() const {
    const std::scoped_lock lock(mutex_);
    return driver_requests_;
  }

  /// The memory of the process; never destroyed, because tensors of static duration may outlive any order.
  [[gnu::visibility("default")]] static DeviceMemory& instance() {
    static DeviceMemory& memory = *new DeviceMemory;
    return memory;
  }

 private:
  static bool keeps_by_default() {
    const char* const wish = std::getenv("TL_CUDA_KEEP_MEMORY");
    return wish == nullptr || std::string_view(wish) != "0";
  }

  /// Memory from the driver; null if it has not enough.
  void* request(std::size_t bytes) {
    ++driver_requests_;
    void* memory = nullptr;
    const cudaError_t status = runtime.malloc(&memory, bytes);
    if (status == cudaErrorMemoryAllocation) {
      (void)cudaGetLastError();
      return nullptr;
    }
    cuda_check(status, "cannot allocate ", bytes, " bytes");
    return memory;
  }

  bool add_chunk(std::size_t wanted) {
    std::size_t bytes = round_up(wanted, chunk_bytes);
    void* base = request(bytes);
    if (base == nullptr) {
      give_back();
      base = request(bytes);
    }
    if (base == nullptr) base = request(bytes = round_up(wanted, std::size_t{2} << 20));
    if (base == nullptr) return false;
    chunks_.add(base, bytes);
    return true;
  }

  void give_back() noexcept {
    chunks_.clear([](void* base) { (void)runtime.free(base); });
  }

  [[noreturn]] void fail_out_of_memory(std::size_t bytes) const {
    std::size_t free = 0, total = 0;
    (void)runtime.mem_get_info(&free, &total);
    fail(ErrorCode::device, "out of memory: cannot allocate ", bytes, " bytes on ", cuda_device, ", where ", free,
         " of ", total, " bytes are free and ", chunks_.held(), " are held by this program, ", chunks_.used(),
         " of them in use; use smaller batches (with gradient_accumulation_steps for the same updates), shorter texts, "
         "or bf16 where it is supported");
  }

  mutable std::mutex mutex_;
  bool keeps_ = keeps_by_default();
  std::int64_t driver_requests_ = 0;
  detail::Chunks chunks_;
  std::unordered_map<void*, std::size_t> sizes_;  // of the blocks that were cut out of chunks
};

/// The host's pinned memory.
class PinnedMemory {
 public:
  static constexpr std::size_t chunk_bytes = std::size_t{16} << 20;

  /// A block of at least `bytes`. Throws Error(device) if there is none.
  void* allocate(std::size_t bytes) {
    const std::size_t wanted = block_bytes(bytes);
    const std::scoped_lock lock(mutex_);
    take_back_finished();
    void* block = chunks_.allocate(wanted);
    if (block == nullptr) {
      add_chunk(round_up(wanted, chunk_bytes));
      block = chunks_.allocate(wanted);
    }
    sizes_[block] = wanted;
    return block;
  }

  /// Takes back a block of allocate(); it is used again when all that was asked of the GPU before is done.
  void release(void* block) noexcept {
    const std::scoped_lock lock(mutex_);
    const auto found = sizes_.find(block);
    if (found == sizes_.end()) return;
    const std::size_t bytes = found->second;
    sizes_.erase(found);
    try {
      const cudaEvent_t done = Events::instance().take();
      cuda_check(runtime.event_record(done, stream()), "cannot record an event");
      released_.push_back({block, bytes, done});
    } catch (...) {  // as when the driver is shutting down: without an event the block is never used again
    }
  }

  /// The memory of the process; never destroyed.
  [[gnu::visibility("default")]] static PinnedMemory& instance() {
    static PinnedMemory& memory = *new PinnedMemory;
    return memory;
  }

 private:
  struct Released {
    void* block;
    std::size_t bytes;
    cudaEvent_t done;
  };

  void add_chunk(std::size_t bytes) {
    void* base = nullptr;
    cuda_check(runtime.host_alloc(&base, bytes, cudaHostAllocDefault), "cannot allocate ", bytes,
               " bytes of pinned memory on the host");
    chunks_.add(base, bytes);
  }

  void take_back_finished() {
    while (!released_.empty() && runtime.event_query(released_.front().done) == cudaSuccess) {
      chunks_.deallocate(released_.front().block, released_.front().bytes);
      Events::instance().give_back(released_.front().done);
      released_.pop_front();
    }
  }

  std::mutex mutex_;
  detail::Chunks chunks_;
  std::unordered_map<void*, std::size_t> sizes_;
  std::deque<Released> released_;  // in the order of the stream
};

/// Memory on the GPU for intermediate results of one operation. The kernels that were started in between may still be
/// running when the object goes.
template <class T> class Workspace {
 public:
  /// Throws Error(device) if there is no memory.
  explicit Workspace(std::int64_t count)
      : memory_(DeviceMemory::instance().allocate(static_cast<std::size_t>(count) * sizeof(T))) {}
  ~Workspace() { DeviceMemory::instance().release(memory_); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  T* data() const { return static_cast<T*>(memory_); }

 private:
  void* memory_;
};

}  // namespace tl::cuda
