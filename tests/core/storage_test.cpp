#include <tl/core/storage.hpp>

#include <algorithm>
#include <fstream>
#include <string>
#include <thread>

#include "support/catch.hpp"
#include <tl/core/tensor.hpp>

using tl::Storage;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif
#else
constexpr bool sanitized = false;
#endif

// Resident memory of this process in bytes.
std::size_t resident() {
  std::ifstream in("/proc/self/statm");
  std::size_t total = 0, pages = 0;
  in >> total >> pages;
  return pages * 4096;
}

}  // namespace

TEST_CASE("memory is aligned to 64 bytes at every size") {
  for (const std::size_t bytes : {0, 1, 63, 64, 65, 4095, 4096, 100000, 1 << 20, (1 << 24) + 1}) {
    const Storage plain(bytes, tl::cpu_device, false), zeroed(bytes, tl::cpu_device, true);
    for (const auto* storage : {&plain, &zeroed}) {
      CHECK(storage->bytes() == bytes);
      CHECK(reinterpret_cast<std::uintptr_t>(const_cast<Storage*>(storage)->data()) % tl::storage_alignment == 0);
    }
  }
}

TEST_CASE("zeroed memory is zero, also when its block was used before") {
  for (const std::size_t bytes : {5000, 1 << 20}) {
    {
      Storage dirty(bytes, tl::cpu_device, false);
      std::fill_n(static_cast<unsigned char*>(dirty.data()), bytes, static_cast<unsigned char>(0xab));
    }
    Storage zeroed(bytes, tl::cpu_device, true);
    const auto* data = static_cast<unsigned char*>(zeroed.data());
    CHECK(std::all_of(data, data + bytes, [](unsigned char byte) { return byte == 0; }));
  }
}

TEST_CASE("block sizes are rounded up by at most an eighth") {
  using tl::detail::BlockCache;
  CHECK(BlockCache::rounded(1) == 64);
  CHECK(BlockCache::rounded(64) == 64);
  CHECK(BlockCache::rounded(4096) == 4096);
  CHECK(BlockCache::rounded(4097) == 4608);
  for (std::size_t bytes = 1; bytes < (std::size_t{1} << 30); bytes = bytes * 3 / 2 + 7) {
    const std::size_t rounded = BlockCache::rounded(bytes);
    CHECK(rounded >= bytes);
    CHECK(rounded <= std::max<std::size_t>(bytes + 63, bytes + bytes / 8 + 1));
    CHECK(rounded % 64 == 0);
    CHECK(BlockCache::rounded(rounded) == rounded);
  }
}

TEST_CASE("freed blocks are handed out again") {
  tl::empty_cache();
  void* first = nullptr;
  {
    Storage storage(10000, tl::cpu_device, false);
    first = storage.data();
  }
  Storage again(10100, tl::cpu_device, false);  // rounds to the same block size
  CHECK(again.data() == first);
  Storage other(10000, tl::cpu_device, false);
  CHECK(other.data() != first);
}

TEST_CASE("large zeroed memory costs nothing until it is written") {
  if (sanitized) TL_SKIP("sanitizers keep books about memory of their own");
  const std::size_t before = resident();
  Storage lazy(std::size_t{1} << 30, tl::cpu_device, true);
  CHECK(resident() < before + (std::size_t{1} << 26));
  static_cast<char*>(lazy.data())[123456789] = 1;
  CHECK(resident() < before + (std::size_t{1} << 26));
}

TEST_CASE("an impossible request is a sentence") {
  if (sanitized) TL_SKIP("sanitizers stop the program at an impossible request");
  TL_REQUIRE_ERROR(Storage(std::size_t{1} << 62, tl::cpu_device, false),
                   "out of memory: cannot allocate 4611686018427387904 bytes on cpu");
  TL_REQUIRE_ERROR(Storage(std::size_t{1} << 62, tl::cpu_device, true), "out of memory: cannot allocate");
}

TEST_CASE("several threads may allocate and free at once") {
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([t, &wrong] {
      for (int i = 0; i < 300; ++i) {
        auto tensor = tl::Tensor<std::int32_t>::full({2000 + 10 * (i % 7)}, t);
        for (const auto value : tensor.span()) wrong += value != t;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}
