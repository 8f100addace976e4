#include <tl/core/storage.hpp>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tl/core/tensor.hpp>
#include "support/catch.hpp"

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

TEST_CASE("freed memory is used again, in other sizes too") {
  if (sanitized) TL_SKIP("under sanitizers every block comes from the system");
  auto first = std::make_unique<Storage>(10000, tl::cpu_device, false);
  auto second = std::make_unique<Storage>(20000, tl::cpu_device, false);
  const Storage wall(5000, tl::cpu_device, false);
  char* const place = static_cast<char*>(first->data());
  CHECK(second->data() == place + 10048);
  first.reset();
  second.reset();
  Storage whole(30000, tl::cpu_device, false);  // both places, joined
  CHECK(whole.data() == place);
}

TEST_CASE("the allocator joins freed neighbours in any order") {
  if (sanitized) TL_SKIP("under sanitizers every block comes from the system");
  std::vector<int> order{0, 1, 2};
  do {
    tl::detail::CachingAllocator allocator;
    std::vector<void*> blocks;
    for (int i = 0; i < 3; ++i) blocks.push_back(allocator.allocate(8192));
    for (const int i : order) allocator.deallocate(blocks[static_cast<std::size_t>(i)], 8192);
    CHECK(allocator.allocate(tl::detail::CachingAllocator::chunk_bytes) == blocks[0]);
    allocator.deallocate(blocks[0], tl::detail::CachingAllocator::chunk_bytes);
    allocator.clear();
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("empty_cache gives what is not in use back to the system") {
  if (sanitized) TL_SKIP("under sanitizers every block comes from the system");
  constexpr std::size_t bytes = tl::detail::CachingAllocator::chunk_bytes;
  const auto& allocator = tl::detail::CachingAllocator::instance();
  const auto requests = [&] {
    const std::int64_t before = allocator.system_requests();
    const Storage block(bytes, tl::cpu_device, false);
    return allocator.system_requests() - before;
  };
  requests();
  CHECK(requests() == 0);  // the freed block is used again
  tl::empty_cache();
  CHECK(requests() == 1);
}

TEST_CASE("blocks in use never overlap") {
  tl::detail::CachingAllocator allocator;
  std::vector<std::pair<unsigned char*, std::size_t>> blocks;
  std::uint32_t random = 1;
  for (int i = 0; i < 3000; ++i) {
    random = random * 1664525U + 1013904223U;
    if (blocks.size() < 40 && (random >> 8) % 5 < 3) {
      const std::size_t bytes = 1 + (random >> 9) % 300000;
      auto* const block = static_cast<unsigned char*>(allocator.allocate(bytes));
      std::fill_n(block, bytes, static_cast<unsigned char>(bytes));
      blocks.emplace_back(block, bytes);
    } else if (!blocks.empty()) {
      const std::size_t which = (random >> 9) % blocks.size();
      const auto [block, bytes] = blocks[which];
      REQUIRE(std::all_of(block, block + bytes,
                          [value = bytes](unsigned char byte) { return byte == static_cast<unsigned char>(value); }));
      allocator.deallocate(block, bytes);
      blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(which));
    }
  }
  for (const auto& [block, bytes] : blocks) allocator.deallocate(block, bytes);
  allocator.clear();
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
