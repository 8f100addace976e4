// Memory of a GPU that is none: every byte of it is mapped twice, at an address without access and at one that
// kernels and copies of this device alone know. Host code that uses a device address, in any thread and at any time,
// is stopped by the processor, and the program ends with the place. Fresh memory is filled with 0xFF, which is
// NaN in every format. All that a program asks of the device is counted.
//
// Fault handlers of sanitizers and of the test framework stay in force for all other addresses: what is not this
// device's fault is handed on to the handler that was there before.
#pragma once

#include <execinfo.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tl/core/chunks.hpp>
#include <tl/core/device.hpp>

namespace tl::test {

/// What a program asked of the device.
struct DeviceCounts {
  std::int64_t waits = 0;                                  ///< copies to the host, events, synchronize()
  std::int64_t to_device = 0, to_host = 0, on_device = 0;  ///< copies
  std::int64_t fills = 0;
  std::int64_t requests = 0;     ///< of memory, pinned or not
  std::int64_t allocations = 0;  ///< requests that took a new chunk of memory
  std::int64_t launches = 0;

  std::int64_t copies() const { return to_device + to_host + on_device; }
  friend DeviceCounts operator-(DeviceCounts a, const DeviceCounts& b) {
    a.waits -= b.waits, a.to_device -= b.to_device, a.to_host -= b.to_host, a.on_device -= b.on_device;
    a.fills -= b.fills, a.requests -= b.requests, a.allocations -= b.allocations, a.launches -= b.launches;
    return a;
  }
  friend bool operator==(const DeviceCounts&, const DeviceCounts&) = default;
};

/// Blocks of a region of addresses, cut out of chunks as those of a GPU are. Of every 4 GiB one chunk is used, whose
/// addresses end in 0x50000000 to 0x6FFFFFFF: a whole number or a float of 4 bytes in a parameter struct, beside
/// padding with what is left of an address, does not look like one of these.
class LockedBlocks {
 public:
  static constexpr std::size_t alignment = 256, chunk_bytes = std::size_t{512} << 20;
  static constexpr std::size_t stride = std::size_t{1} << 32, chunk_begin = 0x50000000;

  /// Whether an address can be one of a block.
  static bool plausible(std::uintptr_t word) {
    const std::uintptr_t end = word % stride;
    return end >= chunk_begin && end < chunk_begin + chunk_bytes;
  }

  /// A block of at least `bytes`, as a distance from the beginning; true if a chunk had a place for it.
  std::pair<std::size_t, bool> take(std::size_t bytes, std::size_t limit) {
    const std::size_t size = rounded(bytes);
    void* block = chunks_.allocate(size);
    const bool had_place = block != nullptr;
    if (!had_place) {
      check(size <= chunk_bytes && end_ + stride <= limit, ErrorCode::device,
            "locked device: out of memory: cannot allocate ", bytes, " bytes");
      chunks_.add(address(std::exchange(end_, end_ + stride) + chunk_begin), chunk_bytes);
      block = chunks_.allocate(size);
    }
    const std::size_t begin = reinterpret_cast<std::uintptr_t>(block) - first;
    live_[begin] = bytes;
    return {begin, had_place};
  }

  /// False if no block begins there.
  bool give_back(std::size_t begin) {
    const auto block = live_.find(begin);
    if (block == live_.end()) return false;
    chunks_.deallocate(address(begin), rounded(block->second));
    live_.erase(block);
    return true;
  }

  /// Whether [at, at + bytes) is inside a block that is in use.
  bool holds(std::size_t at, std::size_t bytes) const {
    const auto block = before(at);
    return block != live_.end() && at + bytes <= block->first + block->second;
  }

  /// "byte 16 of a block of 64 bytes".
  void describe(std::size_t at, char* text, std::size_t size) const {
    const auto block = before(at);
    if (block != live_.end() && at < block->first + block->second)
      std::snprintf(text, size, "byte %zu of a block of %zu bytes", at - block->first, block->second);
    else std::snprintf(text, size, "memory that is not in use");
  }

 private:
  static constexpr std::uintptr_t first = alignment;  // chunks never look into their memory; 0 would be a null pointer
  static void* address(std::size_t distance) { return reinterpret_cast<void*>(first + distance); }

  /// With a gap behind it, so that no block touches another one.
  static std::size_t rounded(std::size_t bytes) { return (bytes / alignment + 2) * alignment; }

  /// The block that begins at or before a place.
  std::map<std::size_t, std::size_t>::const_iterator before(std::size_t at) const {
    const auto after = live_.upper_bound(at);
    return after == live_.begin() ? live_.end() : std::prev(after);
  }

  detail::Chunks chunks_;
  std::map<std::size_t, std::size_t> live_;  // bytes by begin
  std::size_t end_ = 0;
};

/// The memory, one for the process, and the hooks of core/device.hpp for it.
class LockedMemory {
 public:
  static LockedMemory& instance() {
    static LockedMemory* const memory = new LockedMemory;  // tensors of static duration may outlive everything
    return *memory;
  }

  DeviceCounts counts() const { return counts_; }
  /// What the device was asked for last, for reports.
  void now(const char* what) { now_ = what; }

  bool owns(const void* address) const {
    const auto* const at = static_cast<const char*>(address);
    return at >= locked_ && at < locked_ + size;
  }

  /// Where this device's kernels find what lies at a device address. Throws Error(device) if `bytes` from there on are
  /// not in one block that is in use.
  void* open(const void* address, std::size_t bytes, const char* what) {
    const std::scoped_lock lock(mutex_);
    const auto* const at = static_cast<const char*>(address);
    const auto distance = static_cast<std::size_t>(at - locked_);
    check(owns(address) && blocks_.holds(distance, bytes), ErrorCode::device, what, ": expected ", bytes,
          " bytes of device memory that is in use, got ", owns(address) ? place(distance) : "an address of the host");
    return open_ + distance;
  }

  /// A parameter struct for a CPU body: device addresses become those that may be used. Throws Error(device) naming the
  /// contract and the byte of an address of the host, or of device memory that is not in use.
  template <class Params> Params opened(const Params& params) {
    static_assert(std::is_trivially_copyable_v<Params>, "a contract's parameters must be plain");
    now(Params::name);
    ++counts_.launches;
    Params clean = params;
    clear_padding(clean);
    alignas(Params) unsigned char bytes[sizeof(Params)];
    std::memcpy(bytes, &clean, sizeof(Params));
    for (std::size_t at = 0; at + sizeof(std::uintptr_t) <= sizeof(Params); at += sizeof(std::uintptr_t)) {
      std::uintptr_t word;
      std::memcpy(&word, bytes + at, sizeof word);
      word = opened_word(word, Params::name, at);
      std::memcpy(bytes + at, &word, sizeof word);
    }
    Params result;
    std::memcpy(static_cast<void*>(&result), bytes, sizeof(Params));
    return result;
  }

  /// The hooks. While they are in use, faults in this memory are reported.
  DeviceBackend backend() const {
    return {.unavailable_reason = [] { return std::string(); },
            .allocate = [](std::size_t bytes) { return instance().allocate(bytes); },
            .release = [](void* memory) noexcept { instance().release(memory); },
            .allocate_pinned = [](std::size_t bytes) { return instance().allocate_pinned(bytes); },
            .release_pinned = [](void* memory) noexcept { instance().release_pinned(memory); },
            .fill_zero = [](void* memory, std::size_t bytes) { instance().fill_zero(memory, bytes); },
            .copy = [](void* to, const void* from, std::size_t bytes,
                       CopyKind kind) { instance().copy(to, from, bytes, kind); },
            .copy_async = [](void* to, const void* from, std::size_t bytes,
                             CopyKind kind) { instance().copy_async(to, from, bytes, kind); },
            .record_event = [] { return instance().record_event(); },
            .wait_event = [](void* event) { instance().wait_event(event); },
            .release_event = [](void*) noexcept {},
            .synchronize = [] { instance().synchronize(); },
            .multiplies_in = [](Precision precision) { return precision != Precision::f16; }};
  }

  void handle_faults() {
    struct sigaction action {};
    action.sa_sigaction = &on_fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    sigaction(SIGSEGV, &action, &previous_);
  }
  void leave_faults() { sigaction(SIGSEGV, &previous_, nullptr); }

 private:
  static constexpr std::size_t size = 16 * LockedBlocks::stride;  // of addresses; memory is there when it is used

  LockedMemory() {
    const int file = memfd_create("locked device", MFD_CLOEXEC);
    const bool sized = file >= 0 && ftruncate(file, static_cast<off_t>(size)) == 0;
    locked_ = sized ? map(file, PROT_NONE) : nullptr;
    open_ = sized ? map(file, PROT_READ | PROT_WRITE) : nullptr;
    if (file >= 0) close(file);
    check(locked_ != nullptr && open_ != nullptr, ErrorCode::device, "locked device: cannot map its memory");
  }

  /// The file at an address that is a multiple of the stride; null if there is no place.
  static char* map(int file, int access) {
    constexpr std::size_t stride = LockedBlocks::stride;
    void* const space = mmap(nullptr, size + stride, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (space == MAP_FAILED) return nullptr;
    const auto begin = (reinterpret_cast<std::uintptr_t>(space) + stride - 1) / stride * stride;
    void* const mapped =
        mmap(reinterpret_cast<void*>(begin), size, access, MAP_SHARED | MAP_NORESERVE | MAP_FIXED, file, 0);
    if (mapped == MAP_FAILED) return nullptr;
    // What is left of the space is given back: a number that looks like an address in it is none.
    const auto before = begin - reinterpret_cast<std::uintptr_t>(space);
    if (before > 0) munmap(space, before);
    if (before < stride) munmap(static_cast<char*>(mapped) + size, stride - before);
    return static_cast<char*>(mapped);
  }

  // What lies between the members of a struct can be what is left of an address. g++ 12 clears wrong bytes after a
  // member that is an array of structs; a compiler that cannot clear them at all does not look for addresses of the
  // host.
#if defined(__GNUC__) && !defined(__clang__)
  static constexpr bool clears_padding = true;
  template <class Params> static void clear_padding(Params& params) {
    if constexpr (!requires { params.tables; }) __builtin_clear_padding(&params);
  }
#else
  static constexpr bool clears_padding = false;
  template <class Params> static void clear_padding(Params&) {}
#endif

  std::string place(std::size_t distance) const {
    char text[128];
    blocks_.describe(distance, text, sizeof text);
    return text;
  }

  /// True for an address at which the host has memory. What fits into 4 bytes is taken for a number: programs and their
  /// memory lie higher, and AddressSanitizer has tables of its own there.
  static bool mapped(std::uintptr_t word) {
    if (word >> 32 == 0 || word >= std::uintptr_t{1} << 47) return false;
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    unsigned char resident = 0;
    return mincore(reinterpret_cast<void*>(word / page * page), 1, &resident) == 0;
  }

  std::uintptr_t opened_word(std::uintptr_t word, const char* name, std::size_t at) {
    const auto* const address = reinterpret_cast<const char*>(word);
    const bool ours = owns(address) || (address >= open_ && address < open_ + size);
    if ((ours && !LockedBlocks::plausible(word)) || word % LockedBlocks::stride < 16) return word;
    if (owns(address)) {
      const std::scoped_lock lock(mutex_);
      const auto distance = static_cast<std::size_t>(address - locked_);
      check(blocks_.holds(distance, 0), ErrorCode::device, name, ": expected device memory that is in use at byte ", at,
            " of its parameters, got ", place(distance));
      return reinterpret_cast<std::uintptr_t>(open_ + distance);
    }
    check(!clears_padding || !mapped(word), ErrorCode::device, name,
          ": expected device addresses alone, got one of the host at byte ", at, " of its parameters");
    return word;
  }

  void* allocate(std::size_t bytes) {
    now("allocate");
    const std::scoped_lock lock(mutex_);
    ++counts_.requests;
    const auto [begin, had_place] = blocks_.take(bytes, size);
    if (!had_place) ++counts_.allocations;
    std::memset(open_ + begin, 0xFF, bytes);
    return locked_ + begin;
  }

  void release(void* memory) noexcept {
    const std::scoped_lock lock(mutex_);
    if (!blocks_.give_back(static_cast<std::size_t>(static_cast<char*>(memory) - locked_)))
      die("locked device: memory is released that is not in use\n");
  }

  /// A block of the host's memory that is kept for requests of the same size.
  void* allocate_pinned(std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    ++counts_.requests;
    std::vector<void*>& kept = pinned_free_[std::bit_ceil(bytes + 1)];
    void* memory = nullptr;
    if (kept.empty()) {
      ++counts_.allocations;
      memory = std::aligned_alloc(64, std::bit_ceil(bytes + 64));
    } else {
      memory = kept.back();
      kept.pop_back();
    }
    pinned_[static_cast<char*>(memory)] = bytes;
    std::memset(memory, 0xFF, bytes);
    return memory;
  }

  void release_pinned(void* memory) noexcept {
    const std::scoped_lock lock(mutex_);
    const auto block = pinned_.find(static_cast<char*>(memory));
    if (block == pinned_.end()) die("locked device: pinned memory is released that is not in use\n");
    pinned_free_[std::bit_ceil(block->second + 1)].push_back(memory);
    pinned_.erase(block);
  }

  bool is_pinned(const void* address, std::size_t bytes) const {
    const auto* const at = static_cast<const char*>(address);
    auto block = pinned_.upper_bound(const_cast<char*>(at));
    return block != pinned_.begin() && at + bytes <= (--block)->first + block->second;
  }

  void fill_zero(void* memory, std::size_t bytes) {
    ++counts_.fills;
    std::memset(open(memory, bytes, "fill"), 0, bytes);
  }

  void copy(void* to, const void* from, std::size_t bytes, CopyKind kind) {
    const bool from_host = kind == CopyKind::host_to_device, to_host = kind == CopyKind::device_to_host;
    ++(from_host ? counts_.to_device : to_host ? counts_.to_host : counts_.on_device);
    if (to_host) finish();
    const void* const source = from_host ? from : open(from, bytes, "copy, source");
    void* const goal = to_host ? to : open(to, bytes, "copy, destination");
    check(!(from_host && owns(from)) && !(to_host && owns(to)), ErrorCode::device,
          "copy: expected an address of the host, got one of the device");
    std::memmove(goal, source, bytes);
  }

  // What is copied to the host arrives as late as it may: at the next wait. Until then the host finds 0xFF.
  void copy_async(void* to, const void* from, std::size_t bytes, CopyKind kind) {
    const bool to_host = kind == CopyKind::device_to_host;
    check(kind != CopyKind::device_to_device && is_pinned(to_host ? to : from, bytes), ErrorCode::device,
          "copy_async: expected pinned memory on the host's side");
    ++(to_host ? counts_.to_host : counts_.to_device);
    if (!to_host) {
      std::memcpy(open(to, bytes, "copy_async, destination"), from, bytes);
      return;
    }
    const char* const source = static_cast<const char*>(open(from, bytes, "copy_async, source"));
    std::memset(to, 0xFF, bytes);
    late_.push_back({static_cast<char*>(to), std::vector<char>(source, source + bytes), given_});
  }

  void* record_event() { return reinterpret_cast<void*>(++given_); }
  void wait_event(void* event) { finish(reinterpret_cast<std::uintptr_t>(event)); }
  void synchronize() { finish(); }

  /// Waits for what was given before event number `event`.
  void finish(std::uintptr_t event = UINTPTR_MAX) {
    ++counts_.waits;
    std::erase_if(late_, [&](const Late& copy) {
      if (copy.after >= event) return false;
      if (is_pinned(copy.to, copy.bytes.size())) std::memcpy(copy.to, copy.bytes.data(), copy.bytes.size());
      return true;
    });
  }

  [[noreturn]] static void die(const char* sentence) {
    (void)!write(STDERR_FILENO, sentence, std::strlen(sentence));
    _exit(99);
  }

  /// Says where, and ends the program; a fault elsewhere is handed on.
  static void on_fault(int, siginfo_t* info, void*) {
    LockedMemory& memory = instance();
    if (!memory.owns(info->si_addr)) {  // comes again, to the handler of before
      sigaction(SIGSEGV, &memory.previous_, nullptr);
      return;
    }
    char text[384], place[128];
    memory.blocks_.describe(static_cast<std::size_t>(static_cast<char*>(info->si_addr) - memory.locked_), place,
                            sizeof place);
    std::snprintf(text, sizeof text, "locked device: the host touches device memory, %s; the device's last work: %s\n",
                  place, memory.now_);
    (void)!write(STDERR_FILENO, text, std::strlen(text));
    void* frames[32];
    const int count = backtrace(frames, 32);
    if (count > 2) backtrace_symbols_fd(frames + 2, count - 2, STDERR_FILENO);
    _exit(99);
  }

  struct Late {
    char* to;
    std::vector<char> bytes;
    std::uintptr_t after;  // the number of events that were recorded before
  };

  char *locked_ = nullptr, *open_ = nullptr;
  mutable std::mutex mutex_;
  LockedBlocks blocks_;
  std::map<char*, std::size_t> pinned_;
  std::map<std::size_t, std::vector<void*>> pinned_free_;
  std::vector<Late> late_;
  std::uintptr_t given_ = 0;
  DeviceCounts counts_;
  const char* now_ = "none";
  struct sigaction previous_ {};
};

/// As long as it lives, cuda:0 is this memory. Kernels are those of LockedDevice.
class LockedMemoryScope {
 public:
  LockedMemoryScope() : previous_(std::exchange(cuda_backend, LockedMemory::instance().backend())) {
    LockedMemory::instance().handle_faults();
  }
  ~LockedMemoryScope() {
    LockedMemory::instance().leave_faults();
    cuda_backend = previous_;
  }
  LockedMemoryScope(const LockedMemoryScope&) = delete;
  LockedMemoryScope& operator=(const LockedMemoryScope&) = delete;

  DeviceCounts counts() const { return LockedMemory::instance().counts(); }

 private:
  DeviceBackend previous_;
};

}  // namespace tl::test
